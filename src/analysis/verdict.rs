//! Verdicts on estimated ratios.

use super::series::exponential;
use super::uncertainty::{Errors, Uncertainty};
use crate::record::{Contrast, Doubt, Verdict};
use crate::statistics::{CONFIDENCE, Estimate, MINIMUM_PAIRS, holm};

/// A ratio candidate / baseline of times, estimated and not judged yet. A verdict needs the number
/// of comparisons and the effect of noise as well.
#[derive(Debug, Clone)]
pub(super) struct Ratio {
    pub(super) estimate: Option<Estimate>,
    /// Bounds by the rounds alone, for these files and no others.
    pub(super) of_rounds: Option<(f64, f64)>,
    /// Number of rounds that both have.
    pub(super) pairs: usize,
    /// Probability of such rounds if the two are equal.
    pub(super) p_of_rounds: Option<f64>,
    /// Errors of ln of the ratio, by rounds and by sets of files. Absent if no bias is counted.
    pub(super) errors: Option<Errors>,
}

impl Ratio {
    /// Estimates a ratio from differences of logarithms, candidate minus baseline, in the rounds
    /// that both have.
    pub(super) fn of_paired(log_ratios: &[f64], uncertainty: &Uncertainty) -> Self {
        let of_rounds = uncertainty.of_rounds(log_ratios);
        let of_files = of_rounds.map(|it| uncertainty.of_files(it));
        Ratio {
            estimate: of_files.map(exponential),
            of_rounds: of_rounds.map(exponential).and_then(bounds),
            pairs: log_ratios.len(),
            p_of_rounds: of_rounds.and_then(|it| uncertainty.p_of_rounds(log_ratios, it)),
            errors: of_rounds.and_then(|it| uncertainty.errors(it)),
        }
    }

    /// Bounds of the ratio, the lower one first.
    pub(super) fn bounds(&self) -> Option<(f64, f64)> {
        bounds(self.estimate?)
    }

    /// Probability that rounds and files of equals give such a ratio.
    pub(super) fn p(&self) -> Option<f64> {
        Some(self.p_of_rounds?.max(self.p_of_errors(1)))
    }

    /// Probability that errors alone give one of `family` comparisons such a ratio. 0 if no bias is
    /// counted.
    fn p_of_errors(&self, family: usize) -> f64 {
        let (Some(errors), Some(estimate)) = (&self.errors, self.estimate) else {
            return 0.0;
        };
        errors.p(estimate.value.ln(), family)
    }

    /// The ratio with its verdict, given its p among all comparisons, the largest ratio that equals
    /// may have (`noise`), and the smallest effect of interest.
    pub(super) fn judged(
        &self,
        p_adjusted: Option<f64>,
        noise: Option<f64>,
        effect: f64,
    ) -> Contrast {
        let bounds = self.bounds();
        let verdict = self.verdict(p_adjusted, noise, effect);
        Contrast {
            ratio: self.estimate.map(|estimate| estimate.value),
            ci_low: bounds.map(|(low, _)| low),
            ci_high: bounds.map(|(_, high)| high),
            pairs: self.pairs as u32,
            p: self.p(),
            p_adjusted,
            verdict,
            doubt: (verdict == Verdict::Inconclusive).then(|| self.doubt(p_adjusted)),
        }
    }

    /// Reason for an inconclusive verdict.
    fn doubt(&self, p_adjusted: Option<f64>) -> Doubt {
        match self.bounds() {
            Some((low, high)) if self.pairs >= MINIMUM_PAIRS => match low <= 1.0 && high >= 1.0 {
                true => Doubt::WideInterval,
                false if is_significant(p_adjusted) => Doubt::WithinNoise,
                false => Doubt::TooFewRounds,
            },
            _ => Doubt::TooFewRounds,
        }
    }

    /// Verdict on the ratio. It is a tie if the interval by the rounds lies within the smallest
    /// effect of interest of 1, even if it excludes 1: the two are equivalent (Altman & Bland,
    /// "Absence of evidence is not evidence of absence", BMJ 311, 1995, on why anything less is
    /// not). It is faster or slower if the interval excludes 1, the adjusted p is within 1 -
    /// [`CONFIDENCE`], and the estimate is farther from 1 than those of equals may be. Everything
    /// else is inconclusive, as is anything from fewer than [`MINIMUM_PAIRS`] pairs.
    fn verdict(&self, p_adjusted: Option<f64>, noise: Option<f64>, effect: f64) -> Verdict {
        let (Some(estimate), Some((least, most))) = (self.estimate, self.of_rounds) else {
            return Verdict::Inconclusive;
        };
        if self.pairs < MINIMUM_PAIRS {
            return Verdict::Inconclusive;
        }
        if least >= 1.0 - effect && most <= 1.0 + effect {
            return Verdict::Tie;
        }
        let is_noise = noise.is_some_and(|noise| estimate.value.ln().abs() <= noise.ln());
        match self.bounds() {
            Some((_, high)) if high < 1.0 && is_significant(p_adjusted) && !is_noise => {
                Verdict::Faster
            }
            Some((low, _)) if low > 1.0 && is_significant(p_adjusted) && !is_noise => {
                Verdict::Slower
            }
            _ => Verdict::Inconclusive,
        }
    }
}

fn bounds(estimate: Estimate) -> Option<(f64, f64)> {
    let interval = estimate.interval?;
    Some((interval.low, interval.high))
}

/// Returns true if a p, adjusted for all comparisons made at once, is within 1 - [`CONFIDENCE`].
pub(super) fn is_significant(p_adjusted: Option<f64>) -> bool {
    p_adjusted.is_some_and(|p| p <= 1.0 - CONFIDENCE + 1e-12)
}

/// Largest ratio that intervals of equals hold, in whichever direction it is larger: 1.03 for 0.98
/// to 1.03, and for 0.971 to 1.02.
pub(super) fn largest(intervals: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let largest = intervals.map(|(low, high)| high.max(1.0 / low));
    largest.reduce(f64::max)
}

/// The p of each of several ratios, adjusted for all of them: those of rounds by Holm's method, and
/// those of errors by the scale of the bias that they share. A ratio without p is no comparison,
/// and makes no other one harder.
pub(super) fn adjusted(ratios: &[Option<&Ratio>]) -> Vec<Option<f64>> {
    let p_of_rounds = |ratio: &Option<&Ratio>| ratio.and_then(|it| it.p_of_rounds);
    let found: Vec<f64> = ratios.iter().filter_map(p_of_rounds).collect();
    let mut adjusted = holm(&found).into_iter();
    let of_one = |ratio: &Option<&Ratio>| {
        let ratio = ratio.filter(|it| it.p_of_rounds.is_some())?;
        Some(adjusted.next()?.max(ratio.p_of_errors(found.len())))
    };
    ratios.iter().map(of_one).collect()
}

/// Fewest rounds in which so many comparisons at once can have a verdict. The smallest p of the
/// signed-rank test of n pairs is 2 / 2^n, and Holm's method multiplies it by the number of
/// comparisons.
pub fn rounds_for(comparisons: usize) -> u32 {
    let least = (2.0 * comparisons.max(1) as f64 / (1.0 - CONFIDENCE)).log2();
    // 1 - 0.99 is not quite 0.01, so that a hair above a whole number counts as that number.
    ((least - 1e-9).ceil() as u32).max(MINIMUM_PAIRS as u32)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::statistics::Interval;

    fn ratio(low: f64, high: f64, pairs: usize) -> Ratio {
        let interval = Interval {
            low,
            high,
            confidence: 0.99,
        };
        Ratio {
            estimate: Some(Estimate {
                value: (low * high).sqrt(),
                interval: Some(interval),
            }),
            of_rounds: Some((low, high)),
            pairs,
            p_of_rounds: None,
            errors: None,
        }
    }

    #[test]
    fn equals_may_differ_in_either_direction() {
        let intervals = [(0.98, 1.01), (0.999, 1.015)];
        let found = largest(intervals.into_iter());
        assert!((found.unwrap_or_default() - 1.0 / 0.98).abs() < 1e-12);
        assert_eq!(largest(std::iter::empty()), None);
    }

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
        let ratio = ratio(low, high, pairs);
        assert_eq!(ratio.verdict(Some(0.001), None, 0.01), told);
        if matches!(told, Verdict::Faster | Verdict::Slower) {
            let tried_often = ratio.verdict(Some(0.011), None, 0.01);
            assert_eq!(tried_often, Verdict::Inconclusive);
            let noise = high.max(1.0 / low);
            let as_noise_does = ratio.verdict(Some(0.001), Some(noise), 0.01);
            assert_eq!(as_noise_does, Verdict::Inconclusive);
            assert_eq!(ratio.verdict(Some(0.001), Some(1.001), 0.01), told);
            assert_eq!(ratio.verdict(Some(0.001), None, 0.5), Verdict::Tie);
        }
    }

    #[test]
    fn without_an_interval_nothing_is_told() {
        let none = Ratio {
            estimate: None,
            of_rounds: None,
            pairs: 100,
            p_of_rounds: Some(0.0),
            errors: None,
        };
        assert_eq!(none.verdict(Some(0.0), None, 0.01), Verdict::Inconclusive);
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
