//! Finds the places where a series in the order of time changes its level.

use super::median::median;
use crate::random::SplitMix64;

/// Fewest values of a series with a change point.
const MINIMUM_VALUES: usize = 6;

/// Number of random orders that the order of time is compared with.
const MOST_PERMUTATIONS: usize = 9_999;

/// Fewest random orders, even for the longest series.
const FEWEST_PERMUTATIONS: usize = 999;

/// Number of permutations, relative to the fewest whose smallest p could reach a level.
const PERMUTATIONS_TO_LEVEL: f64 = 3.0;

/// Most permutations for a small level. If the level is below a third of one over them, no change
/// is found.
const MOST_PERMUTATIONS_TO_LEVEL: f64 = 300_000.0;

/// Number of values that a test shuffles in total. A longer series takes fewer permutations rather
/// than more time.
const MOST_MOVES: usize = 5_000_000;

/// Most passes in which all changes are tested again; two or three are enough.
const MOST_PASSES: usize = 10;

/// A change between two levels of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value of the new level, from 0.
    pub index: usize,
    /// Median since the previous change point, or the start of the series, in the unit of the
    /// values.
    pub before: f64,
    /// Median up to the next change point, or the end of the series, in the unit of the values.
    pub after: f64,
    /// Probability, above 0 and at most the given level, that the values between the neighbouring
    /// changes differ as clearly in a random order.
    pub p: f64,
}

/// Finds the change points of `values`, which are in the order of time. Returns them in that order,
/// and none if there are fewer than 6 values.
///
/// Pettitt's test finds the most likely place. If its p is at most `level` (0 to 1), the series is
/// split there, and both parts are tested in the same way. At the end every change is tested again
/// between its neighbours, which moves or removes those that come from a split in the middle of
/// several steps. So `level` is the probability of finding anything in a series that never changes;
/// each part between true changes has about that probability once more. Few values cannot show a
/// change at a small level: below 8 values, p is above 5 %, and below 10 above 1 %, however large
/// the change.
///
/// The p-value is the share of random orders with at least as large a statistic, this order
/// included. Their seed is fixed, so the p-value is reproducible. It counts up to 9999 orders, and
/// fewer, but at least 999, beyond 500 values. It counts more if these could not show a `level` so
/// small. The test assumes that the values between changes are independent, except for `widening`,
/// the factor by which the error of a mean is larger than that of independent values (1 if they
/// are): values that drift make p too small. Only the order of their sizes counts: ties need no
/// special case, and infinities and NaN are the extremes that [`f64::total_cmp`] makes of them.
///
/// Sources: Pettitt, "A Non-Parametric Approach to the Change-Point Problem", Applied Statistics
/// 28(2), 1979; Scott & Knott, "A Cluster Analysis Method for Grouping Means in the Analysis of
/// Variance", Biometrics 30(3), 1974 (splitting); Bai, "Estimating Multiple Breaks One at a Time",
/// Econometric Theory 13(3), 1997 (testing between neighbours); Phipson & Smyth, "Permutation
/// P-values Should Never Be Zero", Statistical Applications in Genetics and Molecular Biology 9(1),
/// 2010.
pub fn change_points(values: &[f64], level: f64, widening: f64) -> Vec<ChangePoint> {
    let test = |part: &[f64]| pettitt(part, level, widening);
    let mut splits = Vec::new();
    let mut untested = vec![(0, values)];
    while let Some((start, part)) = untested.pop() {
        if let Some((length, p)) = test(part) {
            let (before, after) = part.split_at(length);
            splits.push((start + length, p));
            untested.extend([(start, before), (start + length, after)]);
        }
    }
    splits.sort_by_key(|(index, _)| *index);
    for _ in 0..MOST_PASSES {
        let tested = tested_again(values, &splits, test);
        if tested == splits {
            break;
        }
        splits = tested;
    }
    with_medians(values, &splits)
}

/// Tests each of `splits`, indexes in ascending order with their p-values, between its neighbours.
/// Returns the splits that remain, some of them moved.
fn tested_again(
    values: &[f64],
    splits: &[(usize, f64)],
    test: impl Fn(&[f64]) -> Option<(usize, f64)>,
) -> Vec<(usize, f64)> {
    let next = splits.iter().map(|(index, _)| *index).skip(1);
    let mut start = 0;
    next.chain([values.len()])
        .filter_map(|end| {
            let (length, p) = test(values.get(start..end)?)?;
            start += length;
            Some((start, p))
        })
        .collect()
}

/// Makes change points of `splits`, which are indexes in ascending order with their p-values.
fn with_medians(values: &[f64], splits: &[(usize, f64)]) -> Vec<ChangePoint> {
    let mut bounds = vec![0];
    bounds.extend(splits.iter().map(|(index, _)| index));
    bounds.push(values.len());
    let medians: Vec<f64> = bounds
        .array_windows()
        .filter_map(|[start, end]| median(values.get(*start..*end)?))
        .collect();
    splits
        .iter()
        .zip(medians.array_windows())
        .map(|((index, p), [before, after])| ChangePoint {
            index: *index,
            before: *before,
            after: *after,
            p: *p,
        })
        .collect()
}

/// Returns the number of values before the most likely change, and the p-value of Pettitt's test.
/// `None` if it is above `level`.
fn pettitt(values: &[f64], level: f64, widening: f64) -> Option<(usize, f64)> {
    if values.len() < MINIMUM_VALUES || level.is_nan() || level <= 0.0 {
        return None;
    }
    let mut scores = scores(values);
    let (index, largest) = statistics(&scores)
        .enumerate()
        .max_by_key(|(_, statistic)| *statistic)?;
    if largest == 0 {
        return None;
    }
    // By chance, sums of dependent values are larger by that factor.
    let clear = (largest as f64 / widening.max(1.0)).floor() as i64;
    let permutations = (MOST_MOVES / values.len()).clamp(FEWEST_PERMUTATIONS, MOST_PERMUTATIONS);
    // Fewer permutations cannot show so small a p.
    let to_level = (PERMUTATIONS_TO_LEVEL / level).min(MOST_PERMUTATIONS_TO_LEVEL);
    let permutations = permutations.max(to_level as usize);
    let p = |as_large: usize| (as_large + 1) as f64 / (permutations + 1) as f64;
    let mut as_large = 0;
    let mut random = SplitMix64::new(0);
    for _ in 0..permutations {
        // p only grows: most series without a change are done after a few permutations.
        if p(as_large) > level {
            return None;
        }
        shuffle(&mut scores, &mut random);
        as_large += usize::from(statistics(&scores).any(|statistic| statistic >= clear));
    }
    (p(as_large) <= level).then(|| (index + 1, p(as_large)))
}

/// Returns Pettitt's |U| of the first value, the first two and so on to all, where it is 0. It
/// counts the pairs of a value up to there and a value after it that fall, minus those that rise,
/// as an absolute value.
fn statistics(scores: &[i64]) -> impl Iterator<Item = i64> {
    scores.iter().scan(0_i64, |sum, score| {
        *sum += score;
        Some(sum.abs())
    })
}

/// Returns, for each value, the number of smaller values minus that of larger ones: 2 r - (n + 1)
/// for the r-th smallest of n, whose whole numbers have exact sums; ties have the mean of their
/// ranks.
fn scores(values: &[f64]) -> Vec<i64> {
    let mut ascending: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    ascending.sort_by(|(_, first), (_, second)| first.total_cmp(second));
    let mut scores = vec![0; values.len()];
    let mut smaller = 0;
    for ties in ascending.chunk_by(|(_, first), (_, second)| first.total_cmp(second).is_eq()) {
        let larger = values.len() - smaller - ties.len();
        for (index, _) in ties {
            scores[*index] = smaller as i64 - larger as i64;
        }
        smaller += ties.len();
    }
    scores
}

/// Shuffles `values`; all orders are equally likely. Source: Durstenfeld, "Algorithm 235: Random
/// Permutation", Communications of the ACM 7(7), 1964.
fn shuffle(values: &mut [i64], random: &mut SplitMix64) {
    for last in (1..values.len()).rev() {
        values.swap(last, random.index(last + 1));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::simulated::Random;
    use super::*;

    /// Noise between 0 and 1 above levels of the given lengths.
    fn series(random: &mut Random, levels: &[(usize, f64)]) -> Vec<f64> {
        let mut values = Vec::new();
        for (length, level) in levels {
            values.extend((0..*length).map(|_| level + random.uniform()));
        }
        values
    }

    fn indexes(found: &[ChangePoint]) -> Vec<usize> {
        found.iter().map(|change| change.index).collect()
    }

    /// Page's series as Pettitt tests it in his table 1: K = 232 after 17 values. His approximation
    /// makes p 0.0146; one of 200 000 permutations by another program is 0.0059.
    #[test]
    fn the_example_of_the_source_is_reproduced() {
        let values = [
            -1.05, 0.96, 1.22, 0.58, -0.98, -0.03, -1.54, -0.71, -0.35, 0.66, 0.44, 0.91, -0.02,
            -1.42, 1.26, -1.02, -0.81, 1.66, 1.05, 0.97, 2.14, 1.22, -0.24, 1.60, 0.72, -0.12,
            0.44, 0.03, 0.66, 0.56, 1.37, 1.66, 0.10, 0.80, 1.29, 0.49, -0.07, 1.18, 3.29, 1.84,
        ];
        assert_eq!(statistics(&scores(&values)).max(), Some(232));
        let found = change_points(&values, 0.05, 1.0);
        assert_eq!(indexes(&found), [17]);
        assert_eq!((found[0].before, found[0].after), (-0.03, 0.97));
        // The standard error of the permutations is 0.0008.
        assert!((found[0].p - 0.0059).abs() < 0.0025, "{found:?}");
    }

    /// Only a split into halves of which one is all lower has so large a statistic. There are 2
    /// such among all ways to choose a half.
    #[rstest]
    #[case(6, 20.0)]
    #[case(8, 70.0)]
    #[case(10, 252.0)]
    fn p_of_the_clearest_change_is_that_of_counting_all_orders(
        #[case] n: usize,
        #[case] halves: f64,
    ) {
        let values: Vec<f64> = (0..n).map(|value| value as f64).collect();
        let found = change_points(&values, 0.2, 1.0);
        let expected = 2.0 / halves;
        let standard_error = (expected * (1.0 - expected) / MOST_PERMUTATIONS as f64).sqrt();
        assert_eq!(indexes(&found), [n / 2]);
        assert!(
            (found[0].p - expected).abs() < 3.0 * standard_error,
            "{found:?}"
        );
    }

    #[test]
    fn too_few_values_cannot_reach_a_small_level() {
        let jump = |n: usize| -> Vec<f64> {
            (0..n)
                .map(|index| (index + 10 * usize::from(index >= n / 2)) as f64)
                .collect()
        };
        assert!(change_points(&jump(7), 0.05, 1.0).is_empty());
        assert_eq!(indexes(&change_points(&jump(8), 0.05, 1.0)), [4]);
        assert!(change_points(&jump(9), 0.01, 1.0).is_empty());
        assert_eq!(indexes(&change_points(&jump(10), 0.01, 1.0)), [5]);
    }

    #[test]
    fn a_step_is_found_at_its_place() {
        let values = series(&mut Random(1), &[(12, 10.0), (9, 12.0)]);
        let found = change_points(&values, 0.01, 1.0);
        assert_eq!(indexes(&found), [12]);
        assert_eq!(Some(found[0].before), median(&values[..12]));
        assert_eq!(Some(found[0].after), median(&values[12..]));
        assert!(found[0].p < 0.001, "{found:?}");
    }

    #[test]
    fn a_step_of_the_size_of_the_noise_is_found_near_its_place() {
        let mut random = Random(7);
        let near = (0..20)
            .filter(|_| {
                let values = series(&mut random, &[(30, 0.0), (30, 0.5)]);
                change_points(&values, 0.01, 1.0)
                    .iter()
                    .any(|change| change.index.abs_diff(30) <= 5)
            })
            .count();
        assert!(near >= 17, "{near}");
    }

    #[rstest]
    #[case([10.0, 14.0, 18.0])]
    #[case([10.0, 14.0, 8.0])]
    #[case([10.0, 12.0, 10.0])]
    fn two_steps_are_both_found_and_the_level_between_them_is_that_of_both(
        #[case] levels: [f64; 3],
    ) {
        let values = series(&mut Random(8), &levels.map(|level| (20, level)));
        let found = change_points(&values, 0.01, 1.0);
        assert_eq!(indexes(&found), [20, 40]);
        assert_eq!(found[0].after, found[1].before);
        assert_eq!(Some(found[0].after), median(&values[20..40]));
    }

    /// The statistic of two equal upward steps is equally large at both, and a little larger
    /// somewhere between them.
    #[test]
    fn a_first_split_between_two_steps_does_not_stay() {
        let values: Vec<f64> = (0..60)
            .map(|index| f64::from(index / 20 * 4 + index % 2))
            .collect();
        let (first_split, _) = pettitt(&values, 0.01, 1.0).unwrap();
        assert!((21..40).contains(&first_split), "{first_split}");
        assert_eq!(indexes(&change_points(&values, 0.01, 1.0)), [20, 40]);
    }

    #[rstest]
    #[case(14, 0.05, 1.0)]
    #[case(30, 0.05, 1.0)]
    #[case(20, 0.05, 4.0)] // rounded to four values, so that most are ties
    fn noise_alone_has_a_change_point_as_seldom_as_the_level_says(
        #[case] n: usize,
        #[case] level: f64,
        #[case] steps: f64,
    ) {
        let mut random = Random(3);
        let repetitions = 400;
        let found = (0..repetitions)
            .filter(|_| {
                let values: Vec<f64> = (0..n)
                    .map(|_| {
                        let value = random.uniform();
                        if steps > 1.0 {
                            (steps * value).floor()
                        } else {
                            value
                        }
                    })
                    .collect();
                !change_points(&values, level, 1.0).is_empty()
            })
            .count();
        let expected = level * f64::from(repetitions);
        let deviation = (expected * (1.0 - level)).sqrt();
        assert!((found as f64) < expected + 3.0 * deviation, "{found}");
        assert!(found as f64 > expected / 3.0, "{found}");
    }

    #[test]
    fn what_is_short_or_never_changes_has_none() {
        assert!(change_points(&[], 0.5, 1.0).is_empty());
        assert!(change_points(&[1.0, 1.0, 9.0, 9.0, 9.0], 0.5, 1.0).is_empty());
        assert!(change_points(&[1.0; 40], 0.5, 1.0).is_empty());
        assert!(change_points(&[f64::NAN; 40], 0.5, 1.0).is_empty());
        assert!(change_points(&[1.0; 40], 1.0, 1.0).is_empty());
    }

    #[test]
    fn values_that_are_not_finite_hide_no_step() {
        let mut values = series(&mut Random(4), &[(15, 1.0), (15, 3.0)]);
        values[3] = f64::NAN;
        values[5] = f64::NEG_INFINITY;
        values[20] = f64::INFINITY;
        values[25] = -f64::NAN;
        assert_eq!(indexes(&change_points(&values, 0.01, 1.0)), [15]);
    }

    #[rstest]
    #[case(f64::NAN)]
    #[case(0.0)]
    #[case(-1.0)]
    fn a_level_that_no_p_reaches_finds_nothing(#[case] level: f64) {
        let values = series(&mut Random(5), &[(30, 0.0), (30, 9.0)]);
        assert!(change_points(&values, level, 1.0).is_empty());
    }

    #[test]
    fn a_long_series_takes_fewer_permutations() {
        let values = series(&mut Random(6), &[(3_500, 0.0), (2_500, 2.0)]);
        let found = change_points(&values, 0.001, 1.0);
        assert_eq!(indexes(&found), [3_500]);
        assert_eq!(found[0].p, 1.0 / 3_001.0);
    }

    #[test]
    fn equal_values_have_equal_scores() {
        assert_eq!(scores(&[3.0, 1.0, 3.0, 2.0]), [2, -3, 2, -1]);
        assert_eq!(scores(&[7.0; 3]), [0; 3]);
    }

    #[test]
    fn shuffled_values_are_in_every_order_equally_often() {
        let mut random = SplitMix64::new(1);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            let mut values = [1, 2, 3, 4];
            shuffle(&mut values, &mut random);
            *counts.entry(values).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        assert!(
            counts.values().all(|count| (870..1130).contains(count)),
            "{counts:?}"
        );
    }

    /// Whole numbers, with ties.
    fn any_series() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-6..10_i32).prop_map(f64::from), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Pettitt's definition: the signs of the differences between every value up to a place and
        /// every value after it.
        #[test]
        fn the_statistic_is_that_of_all_pairs(values in any_series()) {
            for (index, statistic) in statistics(&scores(&values)).enumerate() {
                let (before, after) = values.split_at(index + 1);
                let mut sum = 0_i64;
                for first in before {
                    for second in after {
                        sum += i64::from(first > second) - i64::from(first < second);
                    }
                }
                prop_assert_eq!(statistic, sum.abs());
            }
        }

        #[test]
        fn change_points_are_in_order_with_the_medians_of_what_is_between_them(
            values in any_series(),
            level in 0.01..0.3_f64,
        ) {
            let found = change_points(&values, level, 1.0);
            let mut bounds = vec![0];
            bounds.extend(indexes(&found));
            bounds.push(values.len());
            for (change, bounds) in found.iter().zip(bounds.windows(3)) {
                prop_assert!(bounds[0] < bounds[1] && bounds[1] < bounds[2]);
                prop_assert_eq!(Some(change.before), median(&values[bounds[0]..bounds[1]]));
                prop_assert_eq!(Some(change.after), median(&values[bounds[1]..bounds[2]]));
                prop_assert!(change.p > 0.0 && change.p <= level);
            }
        }

        #[test]
        fn the_unit_and_the_direction_of_the_values_do_not_matter(values in any_series()) {
            let found = change_points(&values, 0.2, 1.0);
            let converted: Vec<f64> = values.iter().map(|value| 7.0 - 2.0 * value).collect();
            let expected: Vec<ChangePoint> = found
                .iter()
                .map(|change| ChangePoint {
                    before: 7.0 - 2.0 * change.before,
                    after: 7.0 - 2.0 * change.after,
                    ..*change
                })
                .collect();
            prop_assert_eq!(change_points(&converted, 0.2, 1.0), expected);
        }
    }
}
