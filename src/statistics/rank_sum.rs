//! Location shift between two independent samples.

use super::normal::normal_upper_tail;
use super::signed_rank::{from_order_key, order_key};
use super::{Estimate, Interval};

/// The exact distribution is counted for samples of up to this many values each; beyond, the normal approximation is used.
const LARGEST_EXACT_SAMPLE: usize = 50;

/// Hodges-Lehmann estimate of how much `second` lies above `first`: the median of all differences between a value of one and a
/// value of the other, with the interval of shifts that the two-sided Mann-Whitney test at `1 - confidence` does not reject.
///
/// It assumes that the values are independent, and that both samples have the same shape. Ties need no special case: the closed interval
/// then covers with at least its stated confidence.
///
/// `None` where a sample is empty. No interval where so few values cannot reach `confidence`: at 99 %, two samples of 4.
///
/// Sources: Mann & Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Annals of
/// Mathematical Statistics 18(1), 1947; Hodges & Lehmann 1963; Hollander, Wolfe & Chicken, "Nonparametric Statistical Methods", 3rd
/// edition 2014, sections 4.2 and 4.3.
pub fn hodges_lehmann_unpaired(first: &[f64], second: &[f64], confidence: f64) -> Option<Estimate> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (first, second) = (sorted(first), sorted(second));
    let differences = first.len() * second.len();
    let kth = |k: usize| kth_difference(&first, &second, k);
    let (lower, upper) = (kth(differences.div_ceil(2)), kth(differences / 2 + 1));
    let tails = LowerTails::of(first.len(), second.len());
    let interval = tails.rank(confidence).map(|(rank, confidence)| Interval {
        low: kth(rank),
        high: kth(differences + 1 - rank),
        confidence,
    });
    Some(Estimate {
        value: lower + (upper - lower) / 2.0,
        interval,
    })
}

/// Two-sided p-value, 0 to 1, of the Mann-Whitney test that the shift between two samples is 0.
///
/// It belongs to the interval of [`hodges_lehmann_unpaired`]: at confidence c, an interval that exists leaves out 0 exactly where
/// p <= 1 - c. Differences that are 0 count on both sides, so that ties can only make p larger.
///
/// `None` where a sample is empty.
pub fn rank_sum_p(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (first, second) = (sorted(first), sorted(second));
    let differences = first.len() * second.len();
    let at_most_zero = differences_up_to(&first, &second, 0.0);
    let at_least_zero = differences - differences_up_to(&first, &second, 0.0_f64.next_down());
    let tails = LowerTails::of(first.len(), second.len());
    Some(tails.two_sided(at_most_zero.min(at_least_zero)))
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Distribution of the number of differences that are negative, of samples of m and n values without a shift.
enum LowerTails {
    /// P(U <= u) at index u.
    Exact(Vec<f64>),
    /// Normal, with continuity correction.
    Approximate {
        mean: f64,
        deviation: f64,
        largest: usize,
    },
}

impl LowerTails {
    fn of(m: usize, n: usize) -> Self {
        if m.max(n) > LARGEST_EXACT_SAMPLE {
            let (m_values, n_values) = (m as f64, n as f64);
            return LowerTails::Approximate {
                mean: m_values * n_values / 2.0,
                deviation: (m_values * n_values * (m_values + n_values + 1.0) / 12.0).sqrt(),
                largest: m * n,
            };
        }
        let chances = chances(m, n);
        let tails = chances.into_iter().scan(0.0, |below, chance| {
            *below += chance;
            Some(*below)
        });
        LowerTails::Exact(tails.collect())
    }

    /// P(U <= u).
    fn up_to(&self, u: usize) -> f64 {
        match self {
            LowerTails::Exact(tails) => tails.get(u).copied().unwrap_or(1.0),
            LowerTails::Approximate {
                mean, deviation, ..
            } => normal_upper_tail((mean - u as f64 - 0.5) / deviation),
        }
    }

    fn two_sided(&self, u: usize) -> f64 {
        (2.0 * self.up_to(u)).min(1.0)
    }

    /// The largest k for which the k-th smallest and the k-th largest difference bound an interval of at least `confidence`, and
    /// the confidence that they reach.
    fn rank(&self, confidence: f64) -> Option<(usize, f64)> {
        let largest = match self {
            LowerTails::Exact(tails) => tails.len().saturating_sub(1),
            LowerTails::Approximate { largest, .. } => *largest,
        };
        // The confidence falls with the rank: bisect between the last rank that reaches it and the first that does not.
        let (mut reaches, mut misses) = (0, largest / 2 + 2);
        while misses - reaches > 1 {
            let middle = reaches + (misses - reaches) / 2;
            if self.two_sided(middle - 1) <= 1.0 - confidence {
                reaches = middle;
            } else {
                misses = middle;
            }
        }
        (reaches > 0).then(|| (reaches, 1.0 - self.two_sided(reaches - 1)))
    }
}

/// P(U = u), u from 0 to m n: the largest of all values is one of the n with chance n / (m + n), and then lies above all m.
fn chances(m: usize, n: usize) -> Vec<f64> {
    // By the number of values of the second sample, for the current number of the first.
    let mut rows: Vec<Vec<f64>> = vec![vec![1.0]; n + 1];
    for first in 1..=m {
        let mut next: Vec<Vec<f64>> = Vec::with_capacity(n + 1);
        next.push(vec![1.0]);
        for second in 1..=n {
            let of_second = second as f64 / (first + second) as f64;
            let mut row = vec![0.0; first * second + 1];
            for (u, chance) in next[second - 1].iter().enumerate() {
                row[u + first] += of_second * chance;
            }
            for (u, chance) in rows[second].iter().enumerate() {
                row[u] += (1.0 - of_second) * chance;
            }
            next.push(row);
        }
        rows = next;
    }
    rows.pop().unwrap_or_default()
}

/// The k-th smallest (from 1) of the differences, second less first, without a table of them: those up to a limit are counted in one
/// pass, and the limit is bisected.
fn kth_difference(first: &[f64], second: &[f64], k: usize) -> f64 {
    let ends = first
        .first()
        .zip(first.last())
        .zip(second.first().zip(second.last()));
    let Some(((first_low, first_high), (second_low, second_high))) = ends else {
        return f64::NAN;
    };
    let mut low = order_key(second_low - first_high);
    let mut high = order_key(second_high - first_low);
    while low < high {
        let middle = low + (high - low) / 2;
        if differences_up_to(first, second, from_order_key(middle)) >= k {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    from_order_key(low)
}

/// How many differences are at most the limit. A larger value of the first sample leaves no fewer.
fn differences_up_to(first: &[f64], second: &[f64], limit: f64) -> usize {
    let (mut counted, mut partners) = (0, 0);
    for value in first {
        while partners < second.len() && second[partners] - value <= limit {
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

    use super::super::simulated::Random;
    use super::*;

    /// Two-sided critical values of U, as printed in every textbook (e.g. Siegel 1956, table K).
    #[rstest]
    #[case(8, 8, 0.95, 13)]
    #[case(8, 8, 0.99, 7)]
    #[case(10, 10, 0.95, 23)]
    #[case(10, 10, 0.99, 16)]
    #[case(9, 20, 0.95, 48)]
    #[case(20, 20, 0.95, 127)]
    #[case(20, 20, 0.99, 105)]
    fn critical_values_are_those_of_the_printed_tables(
        #[case] m: usize,
        #[case] n: usize,
        #[case] confidence: f64,
        #[case] critical: usize,
    ) {
        let (rank, reached) = LowerTails::of(m, n).rank(confidence).unwrap();
        assert_eq!(rank - 1, critical);
        assert!(reached >= confidence);
    }

    /// Hollander, Wolfe & Chicken, example 4.1: permeability of membranes at term, and at 12 to 26 weeks; the shift is -0.305, p 0.254.
    #[test]
    fn a_textbook_example_is_reproduced() {
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        let estimate = hodges_lehmann_unpaired(&term, &early, 0.95).unwrap();
        assert!((estimate.value + 0.305).abs() < 1e-9, "{estimate:?}");
        let p = rank_sum_p(&term, &early).unwrap();
        assert!((p - 0.2544).abs() < 1e-3, "{p}");
    }

    #[test]
    fn no_interval_is_given_where_too_few_values_cannot_reach_the_confidence() {
        let four = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(
            hodges_lehmann_unpaired(&four, &four, 0.99)
                .unwrap()
                .interval,
            None
        );
        assert_eq!(hodges_lehmann_unpaired(&four, &[], 0.99), None);
        let five = [1.0, 2.0, 3.0, 4.0, 5.0];
        let interval = hodges_lehmann_unpaired(&five, &five, 0.99)
            .unwrap()
            .interval
            .unwrap();
        assert!((interval.confidence - (1.0 - 2.0 / 252.0)).abs() < 1e-12);
        assert_eq!((interval.low, interval.high), (-4.0, 4.0));
    }

    #[test]
    fn the_normal_approximation_agrees_with_the_exact_distribution_where_they_meet() {
        let n = LARGEST_EXACT_SAMPLE;
        let exact = LowerTails::of(n, n);
        let approximate = LowerTails::Approximate {
            mean: (n * n) as f64 / 2.0,
            deviation: ((n * n * (2 * n + 1)) as f64 / 12.0).sqrt(),
            largest: n * n,
        };
        for u in 0..=n * n {
            let (exact, approximate) = (exact.up_to(u), approximate.up_to(u));
            assert!(
                (exact - approximate).abs() < 2e-3,
                "{u}: {exact} {approximate}"
            );
        }
        let ((exact, _), (approximate, _)) =
            (exact.rank(0.99).unwrap(), approximate.rank(0.99).unwrap());
        assert!(exact.abs_diff(approximate) <= 5, "{exact} {approximate}");
    }

    #[rstest]
    #[case(12, 9)]
    #[case(60, 30)]
    fn the_interval_covers_the_shift_as_often_as_it_says(#[case] m: usize, #[case] n: usize) {
        let mut random = Random(17);
        let repetitions = 3_000;
        let mut covered = 0;
        for _ in 0..repetitions {
            let first: Vec<f64> = (0..m).map(|_| -random.uniform().ln()).collect();
            let second: Vec<f64> = (0..n).map(|_| 0.3 - random.uniform().ln()).collect();
            let interval = hodges_lehmann_unpaired(&first, &second, 0.95)
                .unwrap()
                .interval
                .unwrap();
            covered += u32::from(interval.low <= 0.3 && 0.3 <= interval.high);
        }
        let coverage = f64::from(covered) / f64::from(repetitions);
        // The standard error of this simulation is 0.004.
        assert!((0.935..0.975).contains(&coverage), "{coverage}");
    }

    #[test]
    fn a_hundred_thousand_values_take_no_table_of_their_differences() {
        let mut random = Random(3);
        let mut sample = || -> Vec<f64> { (0..100_000).map(|_| random.uniform()).collect() };
        let (first, second) = (sample(), sample());
        let estimate = hodges_lehmann_unpaired(&first, &second, 0.99).unwrap();
        assert!(estimate.value.abs() < 0.01);
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-6..10_i32).prop_map(f64::from), 1..60)
    }

    proptest! {
        #[test]
        fn selected_differences_are_those_of_the_sorted_table(first in sample(), second in sample()) {
            let mut all: Vec<f64> =
                first.iter().flat_map(|first| second.iter().map(move |second| second - first)).collect();
            all.sort_by(f64::total_cmp);
            let (first, second) = (sorted(&first), sorted(&second));
            for (index, difference) in all.iter().enumerate().step_by(7) {
                prop_assert_eq!(kth_difference(&first, &second, index + 1), *difference);
            }
        }

        #[test]
        fn the_interval_leaves_out_0_exactly_where_p_is_small_enough(
            first in sample(),
            second in sample(),
            confidence in prop::sample::select(vec![0.3, 0.5, 0.8, 0.9, 0.95, 0.99]),
        ) {
            let p = rank_sum_p(&first, &second).unwrap();
            prop_assert!((0.0..=1.0).contains(&p));
            if let Some(interval) = hodges_lehmann_unpaired(&first, &second, confidence).unwrap().interval {
                let leaves_out_zero = interval.low > 0.0 || interval.high < 0.0;
                prop_assert_eq!(leaves_out_zero, p <= 1.0 - confidence, "{} {:?}", p, interval);
            }
        }

        #[test]
        fn swapping_the_samples_mirrors_the_estimate(first in sample(), second in sample()) {
            let one = hodges_lehmann_unpaired(&first, &second, 0.9).unwrap();
            let other = hodges_lehmann_unpaired(&second, &first, 0.9).unwrap();
            prop_assert_eq!(one.value, -other.value);
            prop_assert_eq!(one.interval.map(|it| (it.low, it.high)), other.interval.map(|it| (-it.high, -it.low)));
            let (one, other) = (rank_sum_p(&first, &second).unwrap(), rank_sum_p(&second, &first).unwrap());
            prop_assert!((one - other).abs() < 1e-12);
        }
    }
}
