//! Errors of a scale that is itself estimated from few observations, and that several comparisons
//! share.

use std::f64::consts::FRAC_1_SQRT_2;
use std::sync::Arc;

/// Range and number of the standard deviations that are considered, in even steps of their
/// logarithm.
const LOWEST: f64 = 1e-5;
const HIGHEST: f64 = 1.0;
const POINTS: usize = 96;

/// Number of times that the interval of a bound is halved.
const HALVINGS: u32 = 22;

/// Standard deviations of an error, each with its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct EstimatedScale(Arc<[(f64, f64)]>);

impl EstimatedScale {
    /// Estimates the scale from an expectation that weighs as much as `degrees` observations (its
    /// degrees of freedom), and from groups of observations. Each observation has such an error and
    /// one of its own; it is given by its value and the standard error of the latter. The
    /// observations of a group may depend on each other, so a group counts as one observation, by
    /// the mean of its logarithmic likelihoods.
    ///
    /// The expectation is a scaled inverse chi squared distribution of the variance (Gelman et al.,
    /// "Bayesian Data Analysis", 3rd edition 2013, section 2.6); on likelihoods that count for less
    /// than their number: Varin, Reid & Firth, "An Overview of Composite Likelihood Methods",
    /// Statistica Sinica 21, 2011.
    pub fn of(expected: f64, degrees: f64, groups: &[Vec<(f64, f64)>]) -> Self {
        let step = (HIGHEST / LOWEST).ln() / (POINTS - 1) as f64;
        let scale = |point: usize| LOWEST * (step * point as f64).exp();
        let of_group = |scale: f64, group: &[(f64, f64)]| {
            let each = group.iter().map(|(value, error)| {
                let variance = scale * scale + error * error;
                -0.5 * (variance.ln() + value * value / variance)
            });
            each.sum::<f64>() / group.len().max(1) as f64
        };
        let log_weights: Vec<f64> = (0..POINTS)
            .map(|point| {
                let scale = scale(point);
                let prior = -degrees * (scale.ln() + 0.5 * (expected / scale).powi(2));
                let groups = groups.iter().map(|group| of_group(scale, group));
                prior + groups.sum::<f64>()
            })
            .collect();
        let largest = log_weights.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = log_weights.iter().map(|it| (it - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let weights = weights.iter().enumerate();
        EstimatedScale(
            weights
                .map(|(point, weight)| (scale(point), weight / sum))
                .collect(),
        )
    }

    /// Returns the standard deviation that is equally likely to be too small and too large.
    pub fn median(&self) -> f64 {
        let mut sum = 0.0;
        let reaches = |(_, weight): &&(f64, f64)| {
            sum += weight;
            sum >= 0.5
        };
        self.0.iter().find(reaches).map_or(0.0, |(scale, _)| *scale)
    }

    /// Returns P(the largest of `family` errors, in either direction, is `value` or more), 0 to 1.
    /// Each error is the sum of one of this scale and one of a known standard error.
    ///
    /// It is the integral, over the possible scales, of that probability for normal errors, which
    /// share the scale: the multivariate t of Dunnett ("A Multiple Comparison Procedure for
    /// Comparing Several Treatments with a Control", Journal of the American Statistical
    /// Association 50, 1955), with the known part added to the variance. Errors of comparisons with
    /// one baseline resemble each other, for which it is on the safe side (Šidák, "Rectangular
    /// Confidence Regions for the Means of Multivariate Normal Distributions", same journal 62,
    /// 1967).
    pub fn p(&self, value: f64, error: f64, family: usize) -> f64 {
        let family = family.max(1) as f64;
        let of_scale = |(scale, weight): &(f64, f64)| {
            let tail = libm::erfc(value.abs() / scale.hypot(error) * FRAC_1_SQRT_2);
            let of_any = match family > 1.0 {
                true => -(family * (-tail).ln_1p()).exp_m1(),
                false => tail,
            };
            weight * of_any
        };
        self.0.iter().map(of_scale).sum::<f64>().clamp(0.0, 1.0)
    }

    /// Returns the bound that contains all of `family` such errors at this confidence, which is
    /// from 0 to below 1.
    pub fn bound(&self, confidence: f64, error: f64, family: usize) -> f64 {
        let exceeds = |value: f64| self.p(value, error, family) > 1.0 - confidence;
        let (mut low, mut high) = (0.0, error.hypot(self.median()));
        while high > 0.0 && high.is_finite() && exceeds(high) {
            (low, high) = (high, high * 4.0);
        }
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            match exceeds(middle) {
                true => low = middle,
                false => high = middle,
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::statistics::{normal_quantile, student_quantile};

    #[rstest]
    #[case(3.0)]
    #[case(5.0)]
    #[case(30.0)]
    fn one_error_of_an_estimated_scale_is_students(#[case] degrees: f64) {
        let scale = EstimatedScale::of(0.002, degrees, &[]);
        for confidence in [0.5, 0.99, 0.9999] {
            let found = scale.bound(confidence, 0.0, 1);
            let expected = 0.002 * student_quantile(confidence, degrees);
            assert!((found / expected - 1.0).abs() < 5e-3, "{found} {expected}");
        }
    }

    #[test]
    fn an_error_that_is_known_to_be_larger_is_normal() {
        let scale = EstimatedScale::of(1e-5, 100.0, &[]);
        assert!((scale.bound(0.99, 0.3, 1) / 0.3 - 2.5758).abs() < 1e-3);
        // 1 - 0.99^(1/20), for each of 20.
        let each = normal_quantile(1.0 - 0.99_f64.powf(0.05));
        assert!((scale.bound(0.99, 0.3, 20) / 0.3 - each).abs() < 1e-3);
    }

    /// The 99 % points of four million draws of the largest of `family` normal numbers over the
    /// root of chi squared over its degrees of freedom.
    #[rstest]
    #[case(5, 5.632)]
    #[case(20, 7.052)]
    fn several_share_their_scale(#[case] family: usize, #[case] point: f64) {
        let found = EstimatedScale::of(0.002, 5.0, &[]).bound(0.99, 0.0, family);
        assert!((found / 0.002 - point).abs() < 0.03, "{found}");
    }

    /// The expected variance is the mean of squares.
    #[test]
    fn an_observation_without_an_error_is_a_degree_of_freedom() {
        let groups = [vec![(0.01, 0.0); 6], vec![(-0.03, 0.0)]];
        let found = EstimatedScale::of(0.006, 3.0, &groups);
        let deviation =
            ((3.0 * 0.006_f64.powi(2) + 0.01_f64.powi(2) + 0.03_f64.powi(2)) / 5.0).sqrt();
        let expected = EstimatedScale::of(deviation, 5.0, &[]);
        for confidence in [0.9, 0.999] {
            let (found, expected) = (
                found.bound(confidence, 0.0, 4),
                expected.bound(confidence, 0.0, 4),
            );
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn an_observation_that_is_noise_changes_nothing() {
        let without = EstimatedScale::of(0.006, 3.0, &[]);
        let with = EstimatedScale::of(0.006, 3.0, &[vec![(0.1, 0.5); 6]]);
        let [without, with] = [without, with].map(|it| it.bound(0.99, 0.0, 1));
        assert!((with / without - 1.0).abs() < 0.01, "{with} {without}");
    }

    #[test]
    fn both_errors_together_are_more_than_either() {
        let scale = EstimatedScale::of(0.01, 4.0, &[]);
        let both = scale.bound(0.99, 0.01, 3);
        assert!(both > scale.bound(0.99, 0.0, 3));
        assert!(both > EstimatedScale::of(1e-5, 100.0, &[]).bound(0.99, 0.01, 3));
        assert!((scale.p(both, 0.01, 3) - 0.01).abs() < 1e-5);
        assert!((scale.p(0.0, 0.01, 3) - 1.0).abs() < 1e-9);
    }
}
