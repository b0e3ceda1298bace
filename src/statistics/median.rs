//! The median and its interval from order statistics.

use super::estimate::Interval;

/// Returns the middle value, or the mean of the two middle ones. `None` if there are no values.
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(lower + (upper - lower) / 2.0)
}

/// Returns the narrowest symmetric pair of order statistics that contains the population's median
/// with at least `confidence` (0 to 1), whatever the distribution. `None` if even the whole range
/// of the sample does not: at 99 %, below 8 values.
///
/// The number of values below the median is binomial with p = 1/2, so the k-th smallest and the
/// k-th largest of n enclose it with probability 1 - 2 P(B <= k - 1). Source: Hahn & Meeker,
/// "Statistical Intervals", 1991, section 5.2; recommended for timings by Hoefler & Belli, SC 2015,
/// section 3.1.3.
pub fn median_interval(values: &[f64], confidence: f64) -> Option<Interval> {
    let sorted = sorted(values);
    let weights = binomial_weights(sorted.len());
    let total: f64 = weights.iter().sum();
    let mut outside = 0.0;
    let mut found = None;
    for (index, weight) in weights.iter().take(sorted.len() / 2).enumerate() {
        outside += 2.0 * weight / total;
        if outside > 1.0 - confidence {
            break;
        }
        found = Some((index, 1.0 - outside));
    }
    let (index, confidence) = found?;
    Some(Interval {
        low: *sorted.get(index)?,
        high: *sorted.get(sorted.len() - 1 - index)?,
        confidence,
    })
}

/// Returns weights proportional to the binomial coefficients of `n`, with 1 at the centre. This way
/// the far tails of a large `n` become 0, and the centre does not become infinite.
fn binomial_weights(n: usize) -> Vec<f64> {
    let mut weights = vec![1.0; n + 1];
    for index in (0..n / 2).rev() {
        let weight = weights[index + 1] * (index + 1) as f64 / (n - index) as f64;
        weights[index] = weight;
        weights[n - index] = weight;
    }
    weights
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::simulated::Random;
    use super::*;

    #[test]
    fn the_median_is_the_middle_value_or_between_the_two_middle_ones() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&[9.0, 1.0, 5.0, 6.0]), Some(5.5));
    }

    /// Ranks and confidences from tables of the sign test, e.g. Conover, "Practical Nonparametric
    /// Statistics", table A3.
    #[rstest]
    #[case(8, 0.99, 1, 0.9922)]
    #[case(10, 0.99, 1, 0.9980)]
    #[case(10, 0.95, 2, 0.9785)]
    #[case(15, 0.95, 4, 0.9648)]
    #[case(20, 0.95, 6, 0.9586)]
    #[case(20, 0.99, 4, 0.9974)]
    #[case(30, 0.99, 8, 0.9948)]
    fn the_interval_has_the_tabulated_ranks(
        #[case] n: usize,
        #[case] asked: f64,
        #[case] rank: usize,
        #[case] reached: f64,
    ) {
        let values: Vec<f64> = (1..=n).map(|value| value as f64).collect();
        let interval = median_interval(&values, asked).unwrap();
        assert_eq!(
            (interval.low, interval.high),
            (rank as f64, (n + 1 - rank) as f64)
        );
        assert!(
            (interval.confidence - reached).abs() < 5e-5,
            "{}",
            interval.confidence
        );
    }

    #[test]
    fn too_few_values_for_the_confidence_have_no_interval() {
        let values = [1.0; 7];
        assert_eq!(median_interval(&values, 0.99), None);
        assert_eq!(median_interval(&[], 0.99), None);
        assert!(median_interval(&values, 0.98).is_some());
    }

    #[test]
    fn the_interval_of_thousands_of_values_is_as_the_normal_approximation_has_it() {
        let n = 10_000;
        let values: Vec<f64> = (1..=n).map(f64::from).collect();
        let interval = median_interval(&values, 0.99).unwrap();
        let expected = f64::from(n) / 2.0 - 2.5758 * f64::from(n).sqrt() / 2.0;
        assert!((interval.low - expected).abs() < 2.0, "{interval:?}");
    }

    #[test]
    fn the_interval_covers_the_median_of_a_skewed_distribution_as_often_as_it_says() {
        let mut random = Random(7);
        let median_of_exponential = std::f64::consts::LN_2;
        let repetitions = 20_000;
        let mut covered = 0;
        for _ in 0..repetitions {
            let values: Vec<f64> = (0..15).map(|_| -random.uniform().ln()).collect();
            let interval = median_interval(&values, 0.95).unwrap();
            covered += u32::from(
                interval.low <= median_of_exponential && median_of_exponential <= interval.high,
            );
        }
        let coverage = f64::from(covered) / f64::from(repetitions);
        // Exactly 0.9648; the standard error of this simulation is 0.0013.
        assert!((coverage - 0.9648).abs() < 0.005, "{coverage}");
    }

    proptest! {
        #[test]
        fn the_interval_encloses_the_sample_median(values in prop::collection::vec(-1e9..1e9, 8..60)) {
            let interval = median_interval(&values, 0.99).unwrap();
            let middle = median(&values).unwrap();
            prop_assert!(interval.low <= middle && middle <= interval.high);
            prop_assert!(interval.confidence >= 0.99 && interval.confidence <= 1.0);
        }
    }
}
