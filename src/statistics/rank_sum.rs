//! Hodges-Lehmann's estimate of a shift between two independent samples, and its interval by the
//! Mann-Whitney test.
//!
//! Sources: Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1(6), 1945;
//! Mann & Whitney, "On a Test of Whether One of Two Random Variables is Stochastically Larger than
//! the Other", Annals of Mathematical Statistics 18(1), 1947; Hodges & Lehmann, "Estimates of
//! Location Based on Rank Tests", Annals of Mathematical Statistics 34(2), 1963; Hollander, Wolfe &
//! Chicken, "Nonparametric Statistical Methods", 3rd edition 2014, sections 4.1 to 4.3.

use super::estimate::Estimate;
use super::rank_test::{LowerTails, kth_smallest, sorted};

/// Most values of a sample for which the exact distribution of the statistic is counted. Its counts
/// fit an `i128`.
const LARGEST_EXACT_SAMPLE: usize = 50;

/// Estimates how much higher `second` is than `first`, two samples of finite values in the same
/// unit and of any lengths, such as logarithms of timings.
///
/// The estimate is the median of all differences, a value of `second` minus a value of `first`. The
/// interval is the set of shifts that a two-sided Mann-Whitney test at `1 - confidence` does not
/// reject; its bounds are differences. It assumes values that are independent, within the samples
/// and between them, and distributions that differ by the shift alone. Ties need no special case:
/// the closed interval then covers with at least its stated confidence.
///
/// `None` if a sample has no values. There is no interval if so few values cannot reach
/// `confidence`: at 99 %, two samples of 4; and, by the normal approximation beyond 50 values, 2 of
/// them against any number.
pub fn hodges_lehmann_unpaired(first: &[f64], second: &[f64], confidence: f64) -> Option<Estimate> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (first, second) = (sorted(first), sorted(second));
    let kth = |k: usize| kth_difference(&first, &second, k);
    let tails = lower_tails(first.len(), second.len());
    Some(tails.estimate(first.len() * second.len(), confidence, kth))
}

/// Returns the two-sided p-value, 0 to 1, of the Mann-Whitney test that the shift between two
/// samples of finite values is 0.
///
/// It belongs to the interval of [`hodges_lehmann_unpaired`]: at confidence c, an interval that
/// exists excludes 0 exactly if p <= 1 - c. The statistic is the number of differences on the rarer
/// side of 0, where those that are 0 count on both sides, so ties can only make p larger.
///
/// `None` if a sample has no values.
pub fn rank_sum_p(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (first, second) = (sorted(first), sorted(second));
    let up_to = |limit: f64| differences_up_to(&first, &second, limit);
    let tails = lower_tails(first.len(), second.len());
    Some(tails.p(first.len() * second.len(), up_to))
}

/// Distribution of the Mann-Whitney statistic, the number of negative differences between samples
/// of m and n values.
fn lower_tails(m: usize, n: usize) -> LowerTails {
    if m.max(n) <= LARGEST_EXACT_SAMPLE {
        exact(m, n)
    } else {
        approximate(m, n)
    }
}

fn exact(m: usize, n: usize) -> LowerTails {
    let counts = rank_sum_counts(m, n);
    let total = counts.iter().sum::<i128>() as f64;
    LowerTails::counted(counts, total, |count| count as f64)
}

fn approximate(m: usize, n: usize) -> LowerTails {
    let (m, n) = (m as f64, n as f64);
    LowerTails::Approximate {
        mean: m * n / 2.0,
        deviation: (m * n * (m + n + 1.0) / 12.0).sqrt(),
    }
}

/// Returns the number of orders of `m` values among `n` others that give each Mann-Whitney
/// statistic, from 0 to m n.
///
/// They are the coefficients of the Gaussian polynomial, the product of (1 - x^(n + k)) / (1 - x^k)
/// over k from 1 to m. Source: Andrews, "The Theory of Partitions", 1976, chapter 3.
fn rank_sum_counts(m: usize, n: usize) -> Vec<i128> {
    let mut counts = vec![0; m * n + 1];
    counts[0] = 1;
    for k in 1..=m {
        for statistic in (n + k..counts.len()).rev() {
            counts[statistic] -= counts[statistic - n - k];
        }
        for statistic in k..counts.len() {
            counts[statistic] += counts[statistic - k];
        }
    }
    counts
}

/// Returns the k-th smallest (from 1) of the differences between two sorted samples, without a
/// table of the differences. These grow with `second` and fall with `first`, so those up to a limit
/// are counted in one pass, and the limit is bisected.
fn kth_difference(first: &[f64], second: &[f64], k: usize) -> f64 {
    let (Some(first_low), Some(first_high)) = (first.first(), first.last()) else {
        return f64::NAN;
    };
    let (Some(second_low), Some(second_high)) = (second.first(), second.last()) else {
        return f64::NAN;
    };
    let ends = (second_low - first_high, second_high - first_low);
    let found = kth_smallest(k, ends, |limit| differences_up_to(first, second, limit));
    // The keys distinguish -0 from 0, and the lower of the two is found. The sum makes it 0, so
    // that no report shows -0.
    found + 0.0
}

fn differences_up_to(first: &[f64], second: &[f64], limit: f64) -> usize {
    let mut partners = 0;
    let mut counted = 0;
    for subtracted in first {
        while second
            .get(partners)
            .is_some_and(|value| value - subtracted <= limit)
        {
            partners += 1;
        }
        counted += partners;
    }
    counted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::estimate::Interval;
    use super::super::simulated::Random;
    use super::*;

    fn all_differences(first: &[f64], second: &[f64]) -> Vec<f64> {
        let mut differences = Vec::new();
        for subtracted in first {
            differences.extend(second.iter().map(|value| value - subtracted));
        }
        differences.sort_by(f64::total_cmp);
        differences
    }

    /// Two-sided critical values of U, from textbooks (e.g. Siegel 1956, table K).
    #[rstest]
    #[case(4, 4, 0.95, 0)]
    #[case(5, 5, 0.95, 2)]
    #[case(5, 10, 0.95, 8)]
    #[case(8, 8, 0.95, 13)]
    #[case(10, 10, 0.95, 23)]
    #[case(9, 20, 0.95, 48)]
    #[case(15, 15, 0.95, 64)]
    #[case(20, 20, 0.95, 127)]
    #[case(5, 5, 0.99, 0)]
    #[case(5, 10, 0.99, 4)]
    #[case(8, 8, 0.99, 7)]
    #[case(7, 12, 0.99, 12)]
    #[case(10, 10, 0.99, 16)]
    #[case(15, 15, 0.99, 51)]
    #[case(20, 20, 0.99, 105)]
    fn critical_values_are_those_of_the_printed_tables(
        #[case] m: usize,
        #[case] n: usize,
        #[case] confidence: f64,
        #[case] critical: usize,
    ) {
        for (m, n) in [(m, n), (n, m)] {
            let (rank, reached) = lower_tails(m, n).interval_rank(m * n, confidence).unwrap();
            assert_eq!(rank - 1, critical);
            assert!(reached >= confidence);
        }
    }

    /// Compares with a count over every choice of the places of the first sample, as bits.
    #[rstest]
    #[case(1, 1)]
    #[case(1, 6)]
    #[case(3, 2)]
    #[case(5, 7)]
    fn the_exact_distribution_counts_every_order(#[case] m: usize, #[case] n: usize) {
        let mut expected = vec![0; m * n + 1];
        for places in 0..1_u32 << (m + n) {
            if places.count_ones() as usize == m {
                let of_first = |place: &usize| places >> place & 1 == 1;
                let statistic: usize = (0..m + n)
                    .filter(of_first)
                    .map(|place| (0..place).filter(|below| !of_first(below)).count())
                    .sum();
                expected[statistic] += 1;
            }
        }
        assert_eq!(rank_sum_counts(m, n), expected);
    }

    #[test]
    fn the_largest_exact_distribution_is_counted_without_overflow() {
        let n = LARGEST_EXACT_SAMPLE;
        let counts = rank_sum_counts(n, n);
        // The binomial coefficient 100 over 50.
        let orders = 100_891_344_545_564_193_334_812_497_256;
        assert_eq!(counts.iter().sum::<i128>(), orders);
        assert!(counts.iter().eq(counts.iter().rev()));
        assert_eq!(rank_sum_counts(20, 50), rank_sum_counts(50, 20));
    }

    #[test]
    fn the_normal_approximation_agrees_with_the_exact_distribution_where_they_meet() {
        let n = LARGEST_EXACT_SAMPLE;
        let (exact, approximate) = (exact(n, n), approximate(n, n));
        for statistic in 0..=n * n {
            let (exact, approximate) = (exact.up_to(statistic), approximate.up_to(statistic));
            assert!(
                (exact - approximate).abs() < 1e-3,
                "{statistic}: {exact} {approximate}"
            );
        }
    }

    #[rstest]
    fn from_95_percent_the_approximate_interval_is_never_narrower_than_the_exact_one(
        #[values((51, 1), (51, 2), (3, 150), (60, 4), (8, 80), (100, 10), (20, 51), (30, 60), (51, 51), (60, 60))]
        sizes: (usize, usize),
        #[values(0.95, 0.98, 0.99, 0.999)] confidence: f64,
    ) {
        let (m, n) = sizes;
        let rank = lower_tails(m, n)
            .interval_rank(m * n, confidence)
            .map_or(0, |(rank, _)| rank);
        let exact = exact(m, n);
        let exact_rank = (0..m * n)
            .take_while(|statistic| exact.two_sided(*statistic) <= 1.0 - confidence)
            .count();
        assert!(rank <= exact_rank, "{rank} {exact_rank}");
    }

    /// Hollander, Wolfe & Chicken, examples 4.1, 4.3 and 4.4: permeability of membranes at term,
    /// and at 12 to 26 weeks.
    #[test]
    fn a_textbook_example_is_reproduced() {
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        let p = rank_sum_p(&term, &early).unwrap();
        assert!((p - 2.0 * 0.1272).abs() < 1e-4, "{p}");
        let estimate = hodges_lehmann_unpaired(&term, &early, 0.95).unwrap();
        assert!((estimate.value + 0.305).abs() < 1e-9, "{estimate:?}");
        let interval = estimate.interval.unwrap();
        assert!(
            (interval.low + 0.76).abs() < 1e-9 && (interval.high - 0.15).abs() < 1e-9,
            "{interval:?}"
        );
        assert!((interval.confidence - 0.96).abs() < 5e-4, "{interval:?}");
    }

    #[test]
    fn no_interval_is_given_where_too_few_values_cannot_reach_the_confidence() {
        let four = [1.0, 2.0, 3.0, 4.0];
        let estimate = hodges_lehmann_unpaired(&four, &four, 0.99).unwrap();
        assert_eq!((estimate.value, estimate.interval), (0.0, None));
        let many = [1.0; 1000];
        let estimate = hodges_lehmann_unpaired(&many, &[1.5, 2.5], 0.99).unwrap();
        assert_eq!((estimate.value, estimate.interval), (1.0, None));
        let five = [1.0, 2.0, 3.0, 4.0, 5.0];
        let interval = hodges_lehmann_unpaired(&five, &five, 0.99)
            .unwrap()
            .interval
            .unwrap();
        assert_eq!((interval.low, interval.high), (-4.0, 4.0));
        assert_eq!(interval.confidence, 1.0 - 2.0 / 252.0);
    }

    #[test]
    fn a_sample_without_values_has_neither_an_estimate_nor_a_p() {
        for (first, second) in [(&[][..], &[1.0][..]), (&[1.0], &[]), (&[], &[])] {
            assert_eq!(hodges_lehmann_unpaired(first, second, 0.5), None);
            assert_eq!(rank_sum_p(first, second), None);
        }
    }

    #[test]
    fn p_is_that_of_the_exact_distribution() {
        // U = 0 in one of the 20 orders of 3 and 3 values, U <= 1 in two.
        assert_eq!(
            rank_sum_p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]),
            Some(2.0 / 20.0)
        );
        assert_eq!(
            rank_sum_p(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0]),
            Some(4.0 / 20.0)
        );
        assert_eq!(rank_sum_p(&[1.0; 9], &[1.0; 12]), Some(1.0));
    }

    #[test]
    fn a_difference_of_zero_has_no_sign() {
        let values = [1.0, 2.0, 3.0];
        for k in 4..=6 {
            assert_eq!(
                kth_difference(&values, &values, k).to_bits(),
                0.0_f64.to_bits()
            );
        }
    }

    #[test]
    fn values_that_are_not_finite_do_not_panic() {
        let odd = [f64::NAN, f64::INFINITY, 1.0, f64::NEG_INFINITY, -f64::NAN];
        let many: Vec<f64> = odd.iter().copied().cycle().take(60).collect();
        for (first, second) in [(&odd[..], &many[..]), (&many, &odd), (&odd, &odd)] {
            assert!(hodges_lehmann_unpaired(first, second, 0.9).is_some());
            assert!((0.0..=1.0).contains(&rank_sum_p(first, second).unwrap()));
        }
    }

    #[rstest]
    #[case(12, 9)]
    #[case(60, 30)]
    fn the_interval_covers_the_shift_as_often_as_it_says(#[case] m: usize, #[case] n: usize) {
        let mut random = Random(17);
        let repetitions = 5_000;
        let mut covered = 0;
        let mut stated = 0.0;
        for _ in 0..repetitions {
            let first: Vec<f64> = (0..m).map(|_| -random.uniform().ln()).collect();
            let second: Vec<f64> = (0..n).map(|_| 0.3 - random.uniform().ln()).collect();
            let interval = hodges_lehmann_unpaired(&first, &second, 0.95)
                .unwrap()
                .interval
                .unwrap();
            covered += u32::from(interval.low <= 0.3 && 0.3 <= interval.high);
            stated = interval.confidence;
        }
        let coverage = f64::from(covered) / f64::from(repetitions);
        // The standard error of this simulation is 0.003.
        assert!((coverage - stated).abs() < 0.01, "{coverage} {stated}");
    }

    #[test]
    fn a_hundred_thousand_values_on_each_side_take_no_table_of_their_differences() {
        let mut random = Random(3);
        let mut sample = || -> Vec<f64> { (0..100_000).map(|_| random.uniform()).collect() };
        let (first, second) = (sample(), sample());
        let estimate = hodges_lehmann_unpaired(&first, &second, 0.99).unwrap();
        let interval = estimate.interval.unwrap();
        assert!(estimate.value.abs() < 0.01, "{estimate:?}");
        assert!(interval.high - interval.low < 0.01, "{estimate:?}");
    }

    /// Whole numbers with ties, or others without, on both sides of the largest exact sample.
    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop_oneof![
            prop::collection::vec((-6..10_i32).prop_map(f64::from), 1..60),
            prop::collection::vec(-6.0..10.0, 1..60),
        ]
    }

    proptest! {
        #[test]
        fn selected_differences_are_those_of_the_sorted_table(first in sample(), second in sample()) {
            let expected = all_differences(&first, &second);
            let (first, second) = (sorted(&first), sorted(&second));
            for (index, difference) in expected.iter().enumerate().step_by(7) {
                prop_assert_eq!(kth_difference(&first, &second, index + 1), *difference);
            }
        }

        #[test]
        fn the_interval_leaves_out_0_exactly_where_p_is_small_enough(
            first in sample(),
            second in sample(),
            shift in prop::sample::select(vec![0.0, 1.0, 3.0, -3.0]),
            confidence in prop::sample::select(vec![0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999]),
        ) {
            let second: Vec<f64> = second.iter().map(|value| value + shift).collect();
            let p = rank_sum_p(&first, &second).unwrap();
            prop_assert!((0.0..=1.0).contains(&p));
            if let Some(interval) = hodges_lehmann_unpaired(&first, &second, confidence).unwrap().interval {
                prop_assert!(interval.confidence >= confidence);
                let leaves_out_zero = interval.low > 0.0 || interval.high < 0.0;
                prop_assert_eq!(leaves_out_zero, p <= 1.0 - confidence, "{} {:?}", p, interval);
            }
        }

        #[test]
        fn a_shift_of_the_second_sample_shifts_the_estimate(
            first in prop::collection::vec(-1.0..1.0, 5..60),
            second in prop::collection::vec(-1.0..1.0, 5..60),
            shift in -1.0..1.0_f64,
        ) {
            let estimate = hodges_lehmann_unpaired(&first, &second, 0.95).unwrap();
            let shifted: Vec<f64> = second.iter().map(|value| value + shift).collect();
            let shifted = hodges_lehmann_unpaired(&first, &shifted, 0.95).unwrap();
            prop_assert!((shifted.value - estimate.value - shift).abs() < 1e-12);
            let (before, after) = (estimate.interval.unwrap(), shifted.interval.unwrap());
            prop_assert!((after.low - before.low - shift).abs() < 1e-12);
            prop_assert!((after.high - before.high - shift).abs() < 1e-12);
            prop_assert!(before.low <= estimate.value && estimate.value <= before.high);
        }

        #[test]
        fn swapping_the_samples_mirrors_the_estimate_and_keeps_p(first in sample(), second in sample()) {
            let estimate = hodges_lehmann_unpaired(&first, &second, 0.9).unwrap();
            let mirrored = hodges_lehmann_unpaired(&second, &first, 0.9).unwrap();
            prop_assert!((mirrored.value + estimate.value).abs() < 1e-12);
            prop_assert_eq!(
                mirrored.interval,
                estimate.interval.map(|interval| Interval { low: -interval.high, high: -interval.low, ..interval })
            );
            prop_assert_eq!(rank_sum_p(&first, &second), rank_sum_p(&second, &first));
        }
    }
}
