//! Estimates the smallest shift that a number of pairs can distinguish from none.

use super::median::median;
use super::signed_rank::hodges_lehmann_paired;
use crate::random::SplitMix64;

/// Fewest values for an estimate. Fewer say too little about their spread.
const MINIMUM_VALUES: usize = 8;

/// Number of bootstrap resamples. The standard error of their median is a tenth of the spread of
/// the half-widths.
const RESAMPLES: usize = 200;

/// Estimates the smallest shift that `pairs` pairs would distinguish from 0 in about half of the
/// cases, in the unit of `values`, which are paired differences such as log ratios.
///
/// It is the median, over 200 resamples of `pairs` of the values, of half the width of the interval
/// of [`hodges_lehmann_paired`] at `confidence` (0 to 1): a shift that large puts the end of the
/// interval at 0, give or take the estimate's own error. The width does not depend on the shift of
/// `values` themselves. The estimate is as good as `values` represent future differences: a few
/// values rather underestimate the spread. The same arguments give the same result.
///
/// `None` if `pairs` are too few for an interval at `confidence`, or if there are fewer than 8
/// values. Takes time in proportion to `pairs`, about 0.1 s for a thousand. Source: Efron &
/// Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 25.
pub fn detectable(values: &[f64], pairs: usize, confidence: f64) -> Option<f64> {
    if values.len() < MINIMUM_VALUES {
        return None;
    }
    let mut random = SplitMix64::new(0);
    let half_widths: Option<Vec<f64>> = (0..RESAMPLES)
        .map(|_| {
            let resample: Vec<f64> = (0..pairs)
                .map(|_| values[random.index(values.len())])
                .collect();
            let interval = hodges_lehmann_paired(&resample, confidence)?.interval?;
            Some((interval.high - interval.low) / 2.0)
        })
        .collect();
    median(&half_widths?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::simulated::Random;
    use super::*;

    /// Differences of exponential timings about `shift`: symmetric, with heavy tails.
    fn differences(random: &mut Random, count: usize, shift: f64) -> Vec<f64> {
        (0..count)
            .map(|_| random.uniform().ln() - random.uniform().ln() + shift)
            .collect()
    }

    #[test]
    fn too_few_values_or_pairs_have_no_detectable_shift() {
        let values = differences(&mut Random(1), 20, 0.0);
        assert_eq!(detectable(&values[..7], 20, 0.99), None);
        assert_eq!(detectable(&values, 7, 0.99), None);
        assert_eq!(detectable(&values, 0, 0.99), None);
        assert!(detectable(&values, 8, 0.99).is_some());
        assert!(detectable(&values[..8], 20, 0.99).is_some());
    }

    #[test]
    fn the_result_scales_with_the_values_and_does_not_depend_on_their_shift() {
        let values = differences(&mut Random(2), 30, 0.0);
        let shift = detectable(&values, 20, 0.99).unwrap();
        let moved: Vec<f64> = values.iter().map(|value| 3.0 * value + 7.0).collect();
        assert!((detectable(&moved, 20, 0.99).unwrap() - 3.0 * shift).abs() < 1e-9);
        assert_eq!(detectable(&[0.25; 10], 20, 0.99), Some(0.0));
    }

    #[test]
    fn four_times_the_pairs_tell_half_the_shift() {
        let values = differences(&mut Random(3), 400, 0.0);
        let few = detectable(&values, 50, 0.99).unwrap();
        let many = detectable(&values, 200, 0.99).unwrap();
        assert!((1.8..2.4).contains(&(few / many)), "{few} {many}");
        assert!(detectable(&values, 50, 0.95).unwrap() < few);
    }

    #[test]
    fn a_shift_of_that_size_is_told_from_0_in_about_half_of_the_cases() {
        let mut random = Random(4);
        let shift = detectable(&differences(&mut random, 500, 0.0), 30, 0.99).unwrap();
        let repetitions = 1000;
        let mut told = 0;
        for _ in 0..repetitions {
            let values = differences(&mut random, 30, shift);
            let interval = hodges_lehmann_paired(&values, 0.99)
                .unwrap()
                .interval
                .unwrap();
            told += u32::from(interval.low > 0.0);
        }
        assert!((400..600).contains(&told), "{told}");
    }
}
