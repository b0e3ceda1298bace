//! Holm's correction of p-values for the number of tests.

/// Returns Holm's step-down adjusted p-values, 0 to 1, in the given order. If all tests with an
/// adjusted p-value up to a level are rejected, the probability of any false rejection stays below
/// that level, however the tests depend on each other.
///
/// The k-th smallest of m is multiplied by m + 1 - k, and is no smaller than those before it. A NaN
/// counts as 1. Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
/// Scandinavian Journal of Statistics 6(2), 1979.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut ascending: Vec<(usize, f64)> = p_values
        .iter()
        .map(|p| p.min(1.0)) // 1 where p is NaN
        .enumerate()
        .collect();
    ascending.sort_by(|(_, first), (_, second)| first.total_cmp(second));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (before, (index, p)) in ascending.into_iter().enumerate() {
        let remaining = p_values.len() - before;
        largest = largest.max((p * remaining as f64).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_is_multiplied_by_the_number_of_tests_and_the_others_by_what_remains() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (adjusted, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((adjusted - expected).abs() < 1e-12, "{adjusted} {expected}");
        }
        assert!(holm(&[]).is_empty());
        assert_eq!(holm(&[0.2]), [0.2]);
        assert_eq!(holm(&[0.9, 0.5]), [1.0, 1.0]);
    }

    #[test]
    fn a_p_value_that_is_not_a_number_is_never_significant() {
        assert_eq!(holm(&[f64::NAN, 0.25, -f64::NAN]), [1.0, 0.75, 1.0]);
    }

    proptest! {
        /// Holm's procedure in his own words: reject in ascending order, until the first p above
        /// level / (m + 1 - k).
        #[test]
        fn adjusted_values_reject_what_the_sequential_procedure_rejects(
            p_values in prop::collection::vec(0.0..0.2_f64, 0..12),
            level in 0.01..0.5_f64,
        ) {
            let mut ascending = p_values.clone();
            ascending.sort_by(f64::total_cmp);
            let rejected = ascending
                .iter()
                .enumerate()
                .take_while(|(before, p)| **p * (p_values.len() - before) as f64 <= level)
                .count();
            let adjusted = holm(&p_values);
            prop_assert_eq!(adjusted.iter().filter(|p| **p <= level).count(), rejected);
            for (first, p) in p_values.iter().enumerate() {
                prop_assert!(adjusted[first] >= *p && adjusted[first] <= 1.0);
                for (second, other) in p_values.iter().enumerate() {
                    prop_assert!(p > other || adjusted[first] <= adjusted[second]);
                }
            }
        }
    }
}
