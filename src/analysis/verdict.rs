//! From an estimated ratio to a verdict.

use super::series::ratio_of;
use crate::record::{Contrast, Verdict};
use crate::statistics::{CONFIDENCE, Estimate, Interval, MINIMUM_PAIRS, holm, signed_rank_p};

/// A ratio candidate / baseline of times, estimated and not judged yet: for that, the number of
/// comparisons and what noise does have to be known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    pub(super) estimate: Option<Estimate>,
    /// Rounds that both have.
    pub(super) pairs: usize,
    /// Probability of such rounds, were the two equal.
    pub(super) p: Option<f64>,
}

impl Ratio {
    /// From the differences of logarithms, candidate less baseline, of the rounds that both have.
    pub(super) fn of_paired(log_ratios: &[f64]) -> Self {
        Ratio {
            estimate: ratio_of(log_ratios),
            pairs: log_ratios.len(),
            p: signed_rank_p(log_ratios),
        }
    }

    /// Bounds of the ratio, the lower one first.
    pub(super) fn bounds(&self) -> Option<(f64, f64)> {
        let interval = self.estimate?.interval?;
        Some((interval.low, interval.high))
    }

    /// The ratio with its verdict, given its p among all comparisons, the interval of the control,
    /// and the smallest effect of interest.
    pub(super) fn judged(
        &self,
        p_adjusted: Option<f64>,
        noise: Option<(f64, f64)>,
        effect: f64,
    ) -> Contrast {
        let bounds = self.bounds();
        Contrast {
            ratio: self.estimate.map(|estimate| estimate.value),
            ci_low: bounds.map(|(low, _)| low),
            ci_high: bounds.map(|(_, high)| high),
            pairs: self.pairs as u32,
            p: self.p,
            p_adjusted,
            verdict: verdict(self.estimate, self.pairs, p_adjusted, noise, effect),
        }
    }
}

/// Verdict on a ratio candidate / baseline of times, given the p of their being equal, adjusted for
/// the number of comparisons, and the interval of the control.
///
/// A tie is an interval that lies within the smallest effect of interest of 1, also where it
/// excludes 1: the two are equivalent (Altman & Bland, "Absence of evidence is not evidence of
/// absence", BMJ 311, 1995, on why anything less is not). Faster and slower are intervals that
/// exclude 1 with an adjusted p within 1 - [`CONFIDENCE`], and an estimate outside the interval of
/// the control. All else is inconclusive, as is anything from fewer than [`MINIMUM_PAIRS`] pairs.
fn verdict(
    estimate: Option<Estimate>,
    pairs: usize,
    p_adjusted: Option<f64>,
    noise: Option<(f64, f64)>,
    effect: f64,
) -> Verdict {
    let Some(Estimate {
        value,
        interval: Some(Interval { low, high, .. }),
    }) = estimate
    else {
        return Verdict::Inconclusive;
    };
    if pairs < MINIMUM_PAIRS {
        return Verdict::Inconclusive;
    }
    if low >= 1.0 - effect && high <= 1.0 + effect {
        return Verdict::Tie;
    }
    let significant = p_adjusted.is_some_and(|p| p <= 1.0 - CONFIDENCE + 1e-12);
    let is_noise = noise.is_some_and(|(low, high)| (low..=high).contains(&value));
    match significant && !is_noise {
        true if high < 1.0 => Verdict::Faster,
        true if low > 1.0 => Verdict::Slower,
        _ => Verdict::Inconclusive,
    }
}

/// Each p adjusted by Holm's method. A comparison without p is none, and makes no other one harder.
pub(super) fn adjusted(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let found: Vec<f64> = p.iter().flatten().copied().collect();
    let mut adjusted = holm(&found).into_iter();
    p.iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}

/// Fewest rounds in which so many comparisons at once can have a verdict: the smallest p of the
/// signed-rank test of n pairs is 2 / 2^n, and Holm's method multiplies it by the number of
/// comparisons.
pub fn rounds_for(comparisons: usize) -> u32 {
    let least = (2.0 * comparisons.max(1) as f64 / (1.0 - CONFIDENCE)).log2();
    // 1 - 0.99 is not quite 0.01, so that a hair above a whole number is that number.
    ((least - 1e-9).ceil() as u32).max(MINIMUM_PAIRS as u32)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::below_one(0.90, 0.98, 10, Verdict::Faster)]
    #[case::touching_one(0.90, 1.0, 10, Verdict::Inconclusive)]
    #[case::below_one_and_partly_in_the_band(0.95, 0.995, 10, Verdict::Faster)]
    #[case::above_one(1.02, 1.10, 10, Verdict::Slower)]
    #[case::across_one(0.95, 1.05, 10, Verdict::Inconclusive)]
    #[case::within_the_band(0.99, 1.01, 10, Verdict::Tie)]
    #[case::below_one_within_the_band(0.991, 0.999, 10, Verdict::Tie)]
    #[case::above_one_within_the_band(1.001, 1.009, 10, Verdict::Tie)]
    #[case::across_one_beyond_the_band(0.989, 1.005, 10, Verdict::Inconclusive)]
    #[case::too_few_pairs(0.5, 0.6, 7, Verdict::Inconclusive)]
    fn verdicts_follow_the_interval(
        #[case] low: f64,
        #[case] high: f64,
        #[case] pairs: usize,
        #[case] told: Verdict,
    ) {
        let estimate = Some(Estimate {
            value: (low * high).sqrt(),
            interval: Some(Interval {
                low,
                high,
                confidence: 0.99,
            }),
        });
        assert_eq!(verdict(estimate, pairs, Some(0.001), None, 0.01), told);
        if matches!(told, Verdict::Faster | Verdict::Slower) {
            let tried_often = verdict(estimate, pairs, Some(0.011), None, 0.01);
            assert_eq!(tried_often, Verdict::Inconclusive);
            let noise = (low, high);
            let as_noise_does = verdict(estimate, pairs, Some(0.001), Some(noise), 0.01);
            assert_eq!(as_noise_does, Verdict::Inconclusive);
            let noise = (0.999, 1.001);
            assert_eq!(
                verdict(estimate, pairs, Some(0.001), Some(noise), 0.01),
                told
            );
            assert_eq!(
                verdict(estimate, pairs, Some(0.001), None, 0.5),
                Verdict::Tie
            );
        }
    }

    #[test]
    fn without_an_interval_nothing_is_told() {
        let told = verdict(None, 100, Some(0.0), None, 0.01);
        assert_eq!(told, Verdict::Inconclusive);
    }

    #[rstest]
    #[case(0, 8)]
    #[case(1, 8)]
    #[case(5, 10)]
    #[case(24, 13)]
    #[case(1000, 18)]
    fn rounds_needed_for_a_verdict(#[case] comparisons: usize, #[case] rounds: u32) {
        assert_eq!(rounds_for(comparisons), rounds);
        let p = 2.0 / f64::from(1 << rounds) * comparisons as f64;
        assert!(p <= 0.01, "{p}");
    }
}
