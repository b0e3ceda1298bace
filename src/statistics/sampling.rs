//! Repeatable random numbers, and even selections of long samples.

/// SplitMix64: the same seed gives the same numbers on every machine. Source: Steele, Lea & Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014.
pub(super) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform over the open interval from 0 to 1.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Uniform over 0 to `count - 1`, for a `count` far below 2^52; 0 where `count` is 0.
    pub(super) fn index(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }
}

/// At most `limit` of the indexes 0 to `count - 1`, evenly spread, in order and with both ends (`limit` of 2 or more).
pub(super) fn evenly_spread(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    let kept = count.min(limit);
    (0..kept).map(move |index| index * (count - 1) / (kept - 1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for seed 1234567, as published with the reference implementation's ports (e.g. Rosetta Code).
    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn indexes_are_in_range_and_equally_frequent() {
        let mut random = SplitMix64::new(1);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.index(7)] += 1;
        }
        assert!(
            counts.iter().all(|count| (9_500..10_500).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_selection_is_even_and_keeps_both_ends() {
        assert_eq!(evenly_spread(0, 5).count(), 0);
        assert!(evenly_spread(1, 5).eq([0]));
        assert!(evenly_spread(5, 5).eq(0..5));
        assert!(evenly_spread(9, 5).eq([0, 2, 4, 6, 8]));
        assert!(evenly_spread(6, 5).eq([0, 1, 2, 3, 5]));
    }
}
