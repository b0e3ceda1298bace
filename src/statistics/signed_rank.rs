//! Hodges-Lehmann's estimate of a shift from pairs, and its interval by Wilcoxon's signed-rank
//! test.
//!
//! Sources: Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1(6), 1945;
//! Hodges & Lehmann, "Estimates of Location Based on Rank Tests", Annals of Mathematical Statistics
//! 34(2), 1963; Hollander, Wolfe & Chicken, "Nonparametric Statistical Methods", 3rd edition 2014,
//! sections 3.1 to 3.3.

use super::estimate::Estimate;
use super::rank_test::{LowerTails, kth_smallest, middle, sorted};

/// Most pairs for which the exact distribution of the signed-rank statistic is counted. Its counts
/// fit a `u64`.
const LARGEST_EXACT_PAIRS: usize = 50;

/// Estimates the shift between the two sides of a set of pairs. `values` are their differences,
/// such as log ratios.
///
/// The estimate is the median of the Walsh averages, the means of every two values and of each with
/// itself. The interval is the set of shifts that a two-sided signed-rank test at `1 - confidence`
/// does not reject; its bounds are Walsh averages. It assumes differences that are independent and
/// symmetric about the shift; the differences within pairs of exchangeable timings are. Ties and
/// zeros need no special case: the closed interval then covers with at least its stated confidence
/// (Hollander et al., section 3.3, comment 44).
///
/// `None` if there are no values. There is no interval if so few values cannot reach `confidence`:
/// at 99 %, below 8.
pub fn hodges_lehmann_paired(values: &[f64], confidence: f64) -> Option<Estimate> {
    if values.is_empty() {
        return None;
    }
    let sorted = sorted(values);
    let kth = |k: usize| kth_walsh_average(&sorted, k);
    Some(lower_tails(sorted.len()).estimate(averages(sorted.len()), confidence, kth))
}

/// Returns the estimate of [`hodges_lehmann_paired`] alone. `None` if there are no values.
pub fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let sorted = sorted(values);
    let kth = |k: usize| kth_walsh_average(&sorted, k);
    Some(middle(averages(sorted.len()), kth))
}

/// Returns the two-sided p-value, 0 to 1, of Wilcoxon's signed-rank test that the shift of `values`
/// is 0.
///
/// It belongs to the interval of [`hodges_lehmann_paired`]: at confidence c, an interval that
/// exists excludes 0 exactly if p <= 1 - c. The statistic is the number of Walsh averages on the
/// rarer side of 0, where those that are 0 count on both sides (Hollander et al., section 3.1), so
/// ties and zeros can only make p larger.
///
/// `None` if there are no values.
pub fn signed_rank_p(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let sorted = sorted(values);
    let up_to = |limit: f64| walsh_averages_up_to(&sorted, limit);
    Some(lower_tails(sorted.len()).p(averages(sorted.len()), up_to))
}

/// Number of Walsh averages of `n` values.
fn averages(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Distribution of the signed-rank statistic of n values.
fn lower_tails(n: usize) -> LowerTails {
    if n <= LARGEST_EXACT_PAIRS {
        exact(n)
    } else {
        approximate(n)
    }
}

fn exact(n: usize) -> LowerTails {
    LowerTails::counted(signed_rank_counts(n), (n as f64).exp2(), |count| {
        count as f64
    })
}

fn approximate(n: usize) -> LowerTails {
    let n = n as f64;
    LowerTails::Approximate {
        mean: n * (n + 1.0) / 4.0,
        deviation: (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt(),
    }
}

/// Returns the number of assignments of signs to the ranks 1 to n, 2^n in total, that give each sum
/// of positive ranks, from 0 to n(n+1)/2.
fn signed_rank_counts(n: usize) -> Vec<u64> {
    let mut counts = vec![0; n * (n + 1) / 2 + 1];
    counts[0] = 1;
    let mut largest_sum = 0;
    for rank in 1..=n {
        largest_sum += rank;
        for sum in (rank..=largest_sum).rev() {
            counts[sum] += counts[sum - rank];
        }
    }
    counts
}

/// Returns the k-th smallest (from 1) of the Walsh averages of `sorted`, without a table of the
/// averages. These grow along rows and columns of their table, so those up to a limit are counted
/// in one pass, and the limit is bisected.
fn kth_walsh_average(sorted: &[f64], k: usize) -> f64 {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return f64::NAN;
    };
    kth_smallest(k, (first, last), |limit| {
        walsh_averages_up_to(sorted, limit)
    })
}

fn walsh_averages_up_to(sorted: &[f64], limit: f64) -> usize {
    let mut partners = sorted.len();
    let mut counted = 0;
    for (index, first) in sorted.iter().enumerate() {
        while partners > index && walsh_average(*first, sorted[partners - 1]) > limit {
            partners -= 1;
        }
        if partners <= index {
            break;
        }
        counted += partners - index;
    }
    counted
}

fn walsh_average(first: f64, second: f64) -> f64 {
    first / 2.0 + second / 2.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::simulated::Random;
    use super::*;

    fn walsh_averages(values: &[f64]) -> Vec<f64> {
        let mut averages = Vec::new();
        for (index, first) in values.iter().enumerate() {
            averages.extend(values[index..].iter().map(|second| (first + second) / 2.0));
        }
        averages.sort_by(f64::total_cmp);
        averages
    }

    /// Two-sided critical values of the signed-rank test, from textbooks (e.g. Siegel 1956, table
    /// G).
    #[rstest]
    #[case(8, 0.99, 0)]
    #[case(9, 0.99, 1)]
    #[case(10, 0.99, 3)]
    #[case(12, 0.99, 7)]
    #[case(15, 0.99, 15)]
    #[case(20, 0.99, 37)]
    #[case(25, 0.99, 68)]
    #[case(6, 0.95, 0)]
    #[case(10, 0.95, 8)]
    #[case(20, 0.95, 52)]
    #[case(25, 0.95, 89)]
    #[case(50, 0.99, 373)]
    fn critical_values_are_those_of_the_printed_tables(
        #[case] n: usize,
        #[case] confidence: f64,
        #[case] critical: usize,
    ) {
        let (rank, reached) = lower_tails(n)
            .interval_rank(averages(n), confidence)
            .unwrap();
        assert_eq!(rank - 1, critical);
        assert!(reached >= confidence);
    }

    /// By an exact count, 1779 is critical at 100 pairs.
    #[test]
    fn the_approximate_interval_is_never_narrower_than_the_exact_one() {
        let (rank, _) = lower_tails(100).interval_rank(averages(100), 0.99).unwrap();
        assert!((1774..=1779).contains(&(rank - 1)), "{rank}");
    }

    #[test]
    fn no_interval_is_given_where_too_few_pairs_cannot_reach_the_confidence() {
        let estimate = hodges_lehmann_paired(&[0.1; 7], 0.99).unwrap();
        assert_eq!(estimate.interval, None);
        assert_eq!(hodges_lehmann_paired(&[], 0.99), None);
        let eight = hodges_lehmann_paired(&[0.1; 8], 0.99).unwrap();
        assert_eq!(eight.interval.unwrap().confidence, 1.0 - 2.0 / 256.0);
    }

    #[test]
    fn the_exact_distribution_counts_every_assignment_of_signs() {
        assert_eq!(signed_rank_counts(3), [1, 1, 1, 2, 1, 1, 1]);
        for n in 0..=LARGEST_EXACT_PAIRS {
            let counts = signed_rank_counts(n);
            assert_eq!(counts.iter().sum::<u64>(), 1 << n);
            assert!(counts.iter().eq(counts.iter().rev()));
        }
    }

    #[test]
    fn the_normal_approximation_agrees_with_the_exact_distribution_where_they_meet() {
        let n = LARGEST_EXACT_PAIRS;
        let (exact, approximate) = (exact(n), approximate(n));
        for statistic in 0..=n * (n + 1) / 2 {
            let (exact, approximate) = (exact.up_to(statistic), approximate.up_to(statistic));
            assert!(
                (exact - approximate).abs() < 2e-3,
                "{statistic}: {exact} {approximate}"
            );
        }
    }

    /// Hollander, Wolfe & Chicken, example 3.1: depression scale factors of nine patients before
    /// and after therapy; estimate -0.46.
    #[test]
    #[allow(clippy::approx_constant)]
    fn the_estimate_of_a_textbook_example_is_reproduced() {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = before
            .iter()
            .zip(after)
            .map(|(before, after)| after - before)
            .collect();
        let estimate = hodges_lehmann_paired(&differences, 0.96).unwrap();
        assert!((estimate.value + 0.46).abs() < 1e-9, "{estimate:?}");
        let interval = estimate.interval.unwrap();
        assert!(
            (interval.low + 0.786).abs() < 1e-9 && (interval.high + 0.010).abs() < 1e-9,
            "{interval:?}"
        );
        assert!((interval.confidence - 0.961).abs() < 5e-4, "{interval:?}");
    }

    #[test]
    fn p_is_that_of_the_exact_distribution() {
        assert_eq!(signed_rank_p(&[]), None);
        assert_eq!(signed_rank_p(&[0.0; 9]), Some(1.0));
        assert_eq!(signed_rank_p(&[0.1; 8]), Some(2.0 / 256.0));
        assert_eq!(signed_rank_p(&[-0.1; 8]), Some(2.0 / 256.0));
        // T <= 1 in two of the 2^4 assignments of signs.
        assert_eq!(
            signed_rank_p(&[-1.0, 2.0, 3.0, 4.0]),
            Some(2.0 * 2.0 / 16.0)
        );
    }

    #[rstest]
    #[case(12)]
    #[case(60)]
    fn the_interval_covers_the_shift_as_often_as_it_says(#[case] n: usize) {
        let mut random = Random(11);
        let repetitions = 5_000;
        let mut covered = 0;
        for _ in 0..repetitions {
            // The difference of two exponential timings: symmetric about 0, with heavy tails.
            let values: Vec<f64> = (0..n)
                .map(|_| random.uniform().ln() - random.uniform().ln() + 0.3)
                .collect();
            let interval = hodges_lehmann_paired(&values, 0.95)
                .unwrap()
                .interval
                .unwrap();
            covered += u32::from(interval.low <= 0.3 && 0.3 <= interval.high);
        }
        let coverage = f64::from(covered) / f64::from(repetitions);
        // The standard error of this simulation is 0.003.
        assert!((0.94..0.965).contains(&coverage), "{coverage}");
    }

    #[test]
    fn a_hundred_thousand_pairs_take_no_table_of_their_averages() {
        let mut random = Random(3);
        let values: Vec<f64> = (0..100_000).map(|_| random.uniform() - 0.5).collect();
        let estimate = hodges_lehmann_paired(&values, 0.99).unwrap();
        assert!(estimate.value.abs() < 0.01);
    }

    proptest! {
        #[test]
        fn selected_averages_are_those_of_the_sorted_table(mut values in prop::collection::vec(-10.0..10.0, 1..40)) {
            values.push(values[0]);
            values.push(0.0);
            values.sort_by(f64::total_cmp);
            let expected = walsh_averages(&values);
            for (index, average) in expected.iter().enumerate() {
                prop_assert_eq!(kth_walsh_average(&values, index + 1), *average);
            }
        }

        #[test]
        fn the_interval_leaves_out_0_exactly_where_p_is_small_enough(
            coarse in prop::collection::vec(-6..10_i32, 1..70),
            noise in prop::sample::select(vec![0.0, 0.5]),
            confidence in prop::sample::select(vec![0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999]),
        ) {
            let mut random = Random(5);
            let values: Vec<f64> = coarse
                .iter()
                .map(|value| f64::from(*value) + noise * random.uniform())
                .collect();
            let p = signed_rank_p(&values).unwrap();
            prop_assert!((0.0..=1.0).contains(&p));
            if let Some(interval) = hodges_lehmann_paired(&values, confidence).unwrap().interval {
                let leaves_out_zero = interval.low > 0.0 || interval.high < 0.0;
                prop_assert_eq!(leaves_out_zero, p <= 1.0 - confidence, "{} {:?}", p, interval);
            }
        }

        #[test]
        fn a_shift_of_all_values_shifts_the_estimate(values in prop::collection::vec(-1.0..1.0, 8..40), shift in -1.0..1.0_f64) {
            let estimate = hodges_lehmann_paired(&values, 0.99).unwrap();
            let shifted: Vec<f64> = values.iter().map(|value| value + shift).collect();
            let shifted = hodges_lehmann_paired(&shifted, 0.99).unwrap();
            prop_assert!((shifted.value - estimate.value - shift).abs() < 1e-12);
            let (before, after) = (estimate.interval.unwrap(), shifted.interval.unwrap());
            prop_assert!((after.low - before.low - shift).abs() < 1e-12);
            prop_assert!((after.high - before.high - shift).abs() < 1e-12);
        }

        #[test]
        fn swapping_the_sides_of_all_pairs_mirrors_the_estimate(values in prop::collection::vec(-1.0..1.0, 8..70)) {
            let estimate = hodges_lehmann_paired(&values, 0.99).unwrap();
            let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
            let mirrored = hodges_lehmann_paired(&mirrored, 0.99).unwrap();
            prop_assert!((mirrored.value + estimate.value).abs() < 1e-12);
            let (before, after) = (estimate.interval.unwrap(), mirrored.interval.unwrap());
            prop_assert_eq!((after.low, after.high), (-before.high, -before.low));
            prop_assert!(before.low <= estimate.value && estimate.value <= before.high);
        }
    }
}
