//! Drift of values over time.

use super::normal::normal_upper_tail;
use super::sampling::evenly_spread;

/// Fewest values of a trend. For fewer, the normal approximation would mislead.
const MINIMUM_VALUES: usize = 8;

/// Longer series are thinned to this many values, which make two million pairs.
const MOST_VALUES: usize = 2000;

/// A monotone trend of values in the order of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Two-sided p-value, 0 to 1, of the test that there is no trend.
    pub p: f64,
    /// Change from the first value to the last along the estimated slope, in the unit of the
    /// values.
    pub total: f64,
}

/// Estimates the trend of `values`, which are in the order of time and equally far apart. `None`
/// below 8 values.
///
/// The p-value is that of the Mann-Kendall test, by the normal approximation corrected for ties and
/// continuity. It assumes that the values are independent except for the trend: values that
/// resemble their predecessors make it too small. The change is the Theil-Sen slope, the median of
/// the slopes between every two values, times the number of steps. Of more than 2000 values, 2000
/// evenly spread ones are used.
///
/// Sources: Mann, "Nonparametric Tests Against Trend", Econometrica 13(3), 1945; Kendall, "Rank
/// Correlation Methods", 4th edition 1975 (ties, continuity); Sen, "Estimates of the Regression
/// Coefficient Based on Kendall's Tau", Journal of the American Statistical Association 63, 1968.
pub fn trend(values: &[f64]) -> Option<Trend> {
    if values.len() < MINIMUM_VALUES {
        return None;
    }
    let points: Vec<TrendPoint> = evenly_spread(values.len(), MOST_VALUES)
        .map(|index| TrendPoint {
            time: index as f64,
            value: values[index],
        })
        .collect();
    Some(Trend {
        p: mann_kendall_p(&points),
        total: theil_sen_slope(&points)? * (values.len() - 1) as f64,
    })
}

#[derive(Clone, Copy)]
struct TrendPoint {
    /// Number of steps since the first value.
    time: f64,
    value: f64,
}

/// Returns every two points, the earlier one first.
fn pairs(points: &[TrendPoint]) -> impl Iterator<Item = (TrendPoint, TrendPoint)> {
    points.iter().enumerate().flat_map(|(index, earlier)| {
        points[index + 1..]
            .iter()
            .map(move |later| (*earlier, *later))
    })
}

fn mann_kendall_p(points: &[TrendPoint]) -> f64 {
    // Rising pairs minus falling pairs.
    let score: i64 = pairs(points)
        .map(|(earlier, later)| {
            i64::from(later.value > earlier.value) - i64::from(later.value < earlier.value)
        })
        .sum();
    if score == 0 {
        return 1.0;
    }
    let z = (score.abs() - 1) as f64 / score_variance(points).sqrt();
    (2.0 * normal_upper_tail(z)).min(1.0)
}

/// Kendall's variance of the score if there is no trend, less the part that each set of equal
/// values takes from it.
fn score_variance(points: &[TrendPoint]) -> f64 {
    let term = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0) / 18.0
    };
    let mut sorted: Vec<f64> = points.iter().map(|point| point.value).collect();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted
        .chunk_by(|first, second| first == second)
        .map(|equal| term(equal.len()))
        .sum();
    term(points.len()) - ties
}

fn theil_sen_slope(points: &[TrendPoint]) -> Option<f64> {
    let mut slopes: Vec<f64> = pairs(points)
        .map(|(earlier, later)| (later.value - earlier.value) / (later.time - earlier.time))
        .collect();
    median_of_many(&mut slopes)
}

/// Does the same as [`super::median`], by selection instead of sorting.
fn median_of_many(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(values.len() / 2, f64::total_cmp);
    if !even {
        return Some(*upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some(lower + (*upper - lower) / 2.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::{median::median, simulated::Random};
    use super::*;

    /// Score, variance and slope counted by hand: S = 28 of 28 pairs, 8 * 7 * 21 / 18 = 65.33, z =
    /// 27 / 8.083 = 3.340.
    #[test]
    fn a_steady_rise_is_a_trend() {
        let values: Vec<f64> = (0..8).map(|step| 10.0 + 0.5 * f64::from(step)).collect();
        let found = trend(&values).unwrap();
        assert!((found.p - 0.000_836).abs() < 2e-6, "{found:?}");
        assert_eq!(found.total, 3.5);
    }

    /// Less 2 * 1 * 9 / 18 for the two and 3 * 2 * 11 / 18 for the three equal values.
    #[test]
    fn ties_reduce_the_variance() {
        let values = [1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 5.0, 8.0, 9.0, 7.0];
        let points: Vec<TrendPoint> = (0..)
            .zip(values)
            .map(|(time, value)| TrendPoint {
                time: f64::from(time),
                value,
            })
            .collect();
        let variance = 10.0 * 9.0 * 25.0 / 18.0 - 1.0 - 66.0 / 18.0;
        assert!((score_variance(&points) - variance).abs() < 1e-9);
    }

    /// As computed by the Python package pymannkendall, 1.4.
    #[test]
    fn the_trend_is_that_of_another_program() {
        let rising = trend(&[1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 5.0, 8.0, 9.0, 7.0]).unwrap();
        assert!((rising.p - 0.001_031_534).abs() < 5e-7, "{rising:?}");
        assert!((rising.total - 9.0).abs() < 1e-9, "{rising:?}");
        let flat = trend(&[3.0, 1.0, 2.0, 2.0, 5.0, 1.0, 4.0, 2.5, 6.0, 3.0, 2.0]).unwrap();
        assert!((flat.p - 0.475_846_104).abs() < 5e-7, "{flat:?}");
        assert!((flat.total - 1.25).abs() < 1e-9, "{flat:?}");
    }

    #[test]
    fn fewer_than_eight_values_have_no_trend_and_equal_ones_have_none_either() {
        assert_eq!(trend(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), None);
        assert_eq!(trend(&[]), None);
        assert_eq!(trend(&[4.0; 9]), Some(Trend { p: 1.0, total: 0.0 }));
    }

    #[test]
    fn one_wild_value_neither_makes_nor_hides_a_trend() {
        let mut values: Vec<f64> = (0..40).map(f64::from).collect();
        values[20] = -1e9;
        let found = trend(&values).unwrap();
        assert!(
            found.p < 1e-9 && (found.total - 39.0).abs() < 1e-9,
            "{found:?}"
        );
    }

    #[test]
    fn a_long_series_is_thinned_but_its_total_is_from_end_to_end() {
        let values: Vec<f64> = (0..12_345).map(|step| f64::from(step) * 0.25).collect();
        let found = trend(&values).unwrap();
        assert!((found.total - 3086.0).abs() < 1e-6, "{found:?}");
        assert!(found.p < 1e-9, "{found:?}");
    }

    #[test]
    fn values_without_a_trend_are_significant_as_seldom_as_p_says() {
        let mut random = Random(21);
        let repetitions = 4000;
        let mut found = 0;
        for _ in 0..repetitions {
            // Rounded, so a third of the neighbours are ties.
            let values: Vec<f64> = (0..20).map(|_| (3.0 * random.uniform()).floor()).collect();
            found += u32::from(trend(&values).unwrap().p <= 0.05);
        }
        let share = f64::from(found) / f64::from(repetitions);
        // The standard error of this simulation is 0.0034.
        assert!((0.03..0.06).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn reversing_time_mirrors_the_trend(values in prop::collection::vec(-5..5_i32, 8..40)) {
            let forward: Vec<f64> = values.iter().copied().map(f64::from).collect();
            let backward: Vec<f64> = forward.iter().rev().copied().collect();
            let (forward, backward) = (trend(&forward).unwrap(), trend(&backward).unwrap());
            prop_assert_eq!(forward.p, backward.p);
            prop_assert!((forward.total + backward.total).abs() < 1e-9);
        }

        #[test]
        fn the_selected_median_is_the_sorted_one(mut values in prop::collection::vec(-1.0..1.0, 0..30)) {
            let expected = median(&values);
            prop_assert_eq!(median_of_many(&mut values), expected);
        }
    }
}
