//! Even selections from long samples.

/// Returns at most `limit` of the indexes 0 to `count - 1`, evenly spread, in order and with both
/// ends (`limit` of 2 or more).
pub(super) fn evenly_spread(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    let kept = count.min(limit);
    (0..kept).map(move |index| index * (count - 1) / (kept - 1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_even_and_keeps_both_ends() {
        assert_eq!(evenly_spread(0, 5).count(), 0);
        assert!(evenly_spread(1, 5).eq([0]));
        assert!(evenly_spread(5, 5).eq(0..5));
        assert!(evenly_spread(9, 5).eq([0, 2, 4, 6, 8]));
        assert!(evenly_spread(6, 5).eq([0, 1, 2, 3, 5]));
    }
}
