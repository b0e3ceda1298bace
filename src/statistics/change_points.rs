//! Where a series in the order of time changes its level.

use super::median::median;
use super::sampling::SplitMix64;

/// Shorter parts of a series have no change point.
const LEAST_VALUES: usize = 6;

/// Orders of the values that a statistic is held against.
const PERMUTATIONS: u32 = 9_999;

/// Most values that are moved about in all of these, so that a long series takes no longer.
const MOST_MOVES: usize = 20_000_000;

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Of the first value of the new level.
    pub index: usize,
    /// Medians of the levels before and after, up to the neighbouring change points.
    pub before: f64,
    pub after: f64,
    /// Probability of a statistic as large as this one in values without order, 0 to 1.
    pub p: f64,
}

/// Change points of `values`, from the first to the last: where Pettitt's statistic is the largest, if so large a one has at most the
/// probability `level` in values without any order; then in the same way of the two parts that it makes. Values that resemble their
/// predecessors make it too small. Series of fewer than 6 values have none.
///
/// Source: Pettitt, "A Non-Parametric Approach to the Change-Point Problem", Applied Statistics 28(2), 1979. The p-value is found by
/// permutation, with a fixed seed.
pub fn change_points(values: &[f64], level: f64) -> Vec<ChangePoint> {
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut left = vec![(0, values.len())];
    while let Some((start, end)) = left.pop() {
        if let Some((at, p)) = change_point(&values[start..end]).filter(|(_, p)| *p <= level) {
            found.push((start + at, p));
            left.extend([(start, start + at), (start + at, end)]);
        }
    }
    found.sort_by_key(|(index, _)| *index);
    let middle = |start: usize, end: usize| median(&values[start..end]).unwrap_or(f64::NAN);
    let ends = |place: usize| found.get(place).map_or(values.len(), |(index, _)| *index);
    let change = |(place, (index, p)): (usize, &(usize, f64))| ChangePoint {
        index: *index,
        before: middle(place.checked_sub(1).map_or(0, ends), *index),
        after: middle(*index, ends(place + 1)),
        p: *p,
    };
    found.iter().enumerate().map(change).collect()
}

/// Where the statistic is the largest, and its p.
fn change_point(values: &[f64]) -> Option<(usize, f64)> {
    if values.len() < LEAST_VALUES {
        return None;
    }
    let mut ranks = ranks(values);
    let (at, largest) = statistic(&ranks)?;
    let permutations = PERMUTATIONS.min((MOST_MOVES / values.len()).max(999) as u32);
    let mut random = SplitMix64::new(0);
    let mut as_large = 0;
    for _ in 0..permutations {
        for last in (1..ranks.len()).rev() {
            ranks.swap(last, random.index(last + 1));
        }
        let of_order = statistic(&ranks).map_or(0.0, |(_, largest)| largest);
        as_large += u32::from(of_order >= largest);
    }
    Some((at, f64::from(as_large + 1) / f64::from(permutations + 1)))
}

/// Pettitt's K, the largest |2 R - t (n + 1)| over the sums R of the first t ranks, and the t at which it is reached.
fn statistic(ranks: &[f64]) -> Option<(usize, f64)> {
    let per_value = (ranks.len() + 1) as f64;
    let mut sum = 0.0;
    let along = ranks.iter().enumerate().map(|(index, rank)| {
        sum += 2.0 * rank - per_value;
        (index + 1, f64::abs(sum))
    });
    let before_the_end = along.take(ranks.len().saturating_sub(1));
    before_the_end.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

/// Ranks from 1; those of equal values are their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let equal = order[from..]
            .iter()
            .take_while(|index| values[**index].total_cmp(&values[order[from]]).is_eq());
        let to = from + equal.count();
        for index in &order[from..to] {
            ranks[*index] = (from + to + 1) as f64 / 2.0;
        }
        from = to;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::super::simulated::Random;
    use super::*;

    fn levels(random: &mut Random, levels: &[(usize, f64)]) -> Vec<f64> {
        let mut values = Vec::new();
        for (length, level) in levels {
            values.extend((0..*length).map(|_| level + random.uniform()));
        }
        values
    }

    #[test]
    fn a_step_is_found_at_its_place() {
        let values = levels(&mut Random(1), &[(12, 10.0), (9, 12.0)]);
        let found = change_points(&values, 0.01);
        assert_eq!(found.iter().map(|it| it.index).collect::<Vec<_>>(), [12]);
        assert!((found[0].before - 10.5).abs() < 0.3 && (found[0].after - 12.5).abs() < 0.3);
        assert!(found[0].p < 0.001);
    }

    #[test]
    fn two_steps_are_both_found_and_their_levels_are_those_between_them() {
        let values = levels(&mut Random(2), &[(15, 10.0), (15, 14.0), (15, 8.0)]);
        let found = change_points(&values, 0.01);
        assert_eq!(
            found.iter().map(|it| it.index).collect::<Vec<_>>(),
            [15, 30]
        );
        assert!((found[0].after - 14.5).abs() < 0.4 && (found[1].before - 14.5).abs() < 0.4);
    }

    #[test]
    fn noise_alone_has_a_change_point_as_rarely_as_the_level_says() {
        let mut random = Random(3);
        let with_change = (0..300)
            .filter(|_| !change_points(&levels(&mut random, &[(14, 0.0)]), 0.05).is_empty())
            .count();
        // 15 are expected, with a standard deviation of 3.8.
        assert!(with_change <= 27, "{with_change}");
    }

    #[test]
    fn what_never_changes_is_short_or_is_not_a_number_has_none() {
        assert!(change_points(&[], 0.05).is_empty());
        assert!(change_points(&[1.0, 1.0, 9.0, 9.0, 9.0], 0.5).is_empty());
        assert!(change_points(&[1.0; 40], 0.05).is_empty());
        assert!(change_points(&[f64::NAN; 40], 0.05).is_empty());
    }

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }
}
