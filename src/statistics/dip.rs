//! Hartigan's dip statistic: the distance of values from having one mode.

/// Returns the dip: the greatest distance between the sample's distribution function and that of
/// the closest distribution with one mode. It is between 1 / (2n), the dip of n equally spaced
/// values, and 1/4, that of two equal clusters far apart. Without values it is 0.
///
/// Equal values are one step of the distribution function, and a mode may be a step. Sources:
/// Hartigan & Hartigan, "The Dip Test of Unimodality", Annals of Statistics 13(1), 1985, whose
/// procedure is followed here rather than the code of P. M. Hartigan's Algorithm AS 217, Applied
/// Statistics 34(3), 1985, which as published has faults (Maechler, R package "diptest", which this
/// agrees with).
pub fn dip(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    dip_of_sorted(&sorted)
}

/// The distribution function of a sample, in counts of values rather than shares.
struct Steps {
    /// Distinct values, ascending.
    at: Vec<f64>,
    /// Number of smaller values.
    below: Vec<f64>,
    /// Number of smaller or equal values.
    up_to: Vec<f64>,
}

impl Steps {
    fn of(sorted: &[f64]) -> Self {
        let mut at = Vec::with_capacity(sorted.len());
        let mut below = Vec::with_capacity(sorted.len());
        let mut up_to = Vec::with_capacity(sorted.len());
        let mut counted = 0;
        for equal in sorted.chunk_by(|first, second| first == second) {
            at.push(equal[0]);
            below.push(counted as f64);
            counted += equal.len();
            up_to.push(counted as f64);
        }
        Self { at, below, up_to }
    }
}

/// Narrows the interval that contains the mode, from both ends. It stops when the distribution
/// function within is closer to one of constant slope than the parts outside are to the nearest
/// convex and concave functions.
pub(super) fn dip_of_sorted(sorted: &[f64]) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let steps = Steps::of(sorted);
    let (mut low, mut high) = (0, steps.at.len() - 1);
    // Twice the dip, in counts: no step is closer than half its height to a continuous function.
    let mut distance: f64 = 1.0;
    while low < high {
        let lower = Envelope::lower(&steps.at[low..=high], &steps.below[low..=high]);
        let upper = Envelope::upper(&steps.at[low..=high], &steps.up_to[low..=high]);
        let (gap, next_low, next_high) = widest_gap(&lower, &upper);
        if gap <= distance {
            break;
        }
        for index in 0..next_low {
            distance = distance.max(steps.up_to[low + index] - lower.heights[index]);
        }
        for index in next_high + 1..upper.heights.len() {
            distance = distance.max(upper.heights[index] - steps.below[low + index]);
        }
        if next_low == 0 && next_high == high - low {
            break;
        }
        (low, high) = (low + next_low, low + next_high);
    }
    distance / (2 * sorted.len()) as f64
}

/// Returns the widest gap between the envelopes at a corner of either, and the interval between
/// that corner and the nearest of the other: on its left the lower envelope's, on its right the
/// upper one's.
fn widest_gap(lower: &Envelope, upper: &Envelope) -> (f64, usize, usize) {
    let gap = |index: usize| upper.heights[index] - lower.heights[index];
    let (mut widest, mut low, mut high) = (0.0, 0, upper.heights.len() - 1);
    let mut next_upper = upper.corners.iter().copied().peekable();
    for &corner in &lower.corners {
        while next_upper.next_if(|index| *index < corner).is_some() {}
        if gap(corner) > widest {
            (widest, low) = (gap(corner), corner);
            high = next_upper.peek().copied().unwrap_or(corner);
        }
    }
    let mut last_lower = 0;
    let mut next_lower = lower.corners.iter().copied().peekable();
    for &corner in &upper.corners {
        while let Some(index) = next_lower.next_if(|index| *index <= corner) {
            last_lower = index;
        }
        if gap(corner) > widest {
            (widest, low, high) = (gap(corner), last_lower, corner);
        }
    }
    (widest, low, high)
}

/// The greatest convex function under, or the smallest concave function over, a row of points.
struct Envelope {
    /// Indexes of the points that it touches, ascending.
    corners: Vec<usize>,
    /// Height of the function at every point.
    heights: Vec<f64>,
}

impl Envelope {
    fn lower(at: &[f64], heights: &[f64]) -> Self {
        Self::without(at, heights, |before, after| before >= after)
    }

    fn upper(at: &[f64], heights: &[f64]) -> Self {
        Self::without(at, heights, |before, after| before <= after)
    }

    /// Leaves out the points at which the slopes before and after bend the wrong way.
    fn without(at: &[f64], heights: &[f64], bends_wrongly: fn(f64, f64) -> bool) -> Self {
        let slope = |from: usize, to: usize| (heights[to] - heights[from]) / (at[to] - at[from]);
        let mut corners: Vec<usize> = Vec::with_capacity(at.len());
        for index in 0..at.len() {
            while let [.., before, last] = corners[..]
                && bends_wrongly(slope(before, last), slope(last, index))
            {
                corners.pop();
            }
            corners.push(index);
        }
        let mut envelope = heights.to_vec();
        for corner in corners.windows(2) {
            let (from, to) = (corner[0], corner[1]);
            let slope = slope(from, to);
            for index in from + 1..to {
                envelope[index] = heights[from] + slope * (at[index] - at[from]);
            }
        }
        Self {
            corners,
            heights: envelope,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn equally_spaced_values_have_the_smallest_dip() {
        assert_eq!(dip(&[]), 0.0);
        for n in 1..60_u32 {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(dip(&values), 1.0 / f64::from(2 * n));
        }
    }

    #[test]
    fn two_equal_clusters_far_apart_have_a_dip_of_a_quarter() {
        for n in [10, 50, 200] {
            let values: Vec<f64> = (0..n)
                .map(|index| f64::from(index % 2) * 1e6 + f64::from(index) / f64::from(n))
                .collect();
            assert!((dip(&values) - 0.25).abs() < 1e-5, "{}", dip(&values));
        }
        assert_eq!(dip(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), 0.25);
    }

    /// Values computed by the C code of R's package "diptest" (its Python port, 0.12), the last of
    /// them with ties.
    #[rstest]
    #[case(&[1, 2, 3, 5, 8, 13, 21, 34, 55, 89], 0.05)]
    #[case(&[0, 1, 2, 4, 5, 6, 20, 21, 23, 24, 26, 29, 30, 33, 60, 61, 62, 64], 0.115_226_337_448_559_66)]
    #[case(&[3, 3, 3, 4, 4, 7, 7, 9, 9, 9, 9, 12, 15, 15, 16, 16, 16, 17], 0.118_055_555_555_555_55)]
    fn the_dip_is_that_of_other_programs(#[case] values: &[i32], #[case] expected: f64) {
        let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
        assert!((dip(&values) - expected).abs() < 1e-12, "{}", dip(&values));
    }

    /// A place, and the lowest and highest allowed heights there.
    type Bounds = (f64, f64, f64);

    /// Computes the dip by its definition, without any step of Hartigan's. It bisects the distance
    /// at which a function that is convex up to a mode and concave from there fits, where the mode
    /// may be at any of the values or between them.
    fn dip_by_definition(values: &[f64]) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let steps = Steps::of(&sorted);
        let (mut misses, mut fits) = (0.0, sorted.len() as f64);
        for _ in 0..40 {
            let middle = (misses + fits) / 2.0;
            if (0..steps.at.len()).any(|mode| fits_one_mode(&steps, middle, mode)) {
                fits = middle;
            } else {
                misses = middle;
            }
        }
        fits / sorted.len() as f64
    }

    fn fits_one_mode(steps: &Steps, distance: f64, mode: usize) -> bool {
        let count = steps.at.len();
        let total = steps.up_to[count - 1];
        // Bounds of the function outside of the mode. Mirrored in both axes, the right side is a
        // left side.
        let left: Vec<Bounds> = (0..count)
            .map(|index| {
                (
                    steps.at[index],
                    steps.up_to[index] - distance,
                    steps.below[index] + distance,
                )
            })
            .collect();
        let right: Vec<Bounds> = left
            .iter()
            .rev()
            .map(|(at, low, high)| (-at, total - high, total - low))
            .collect();
        // A jump at the mode must be near the step's foot on its left and near its head on its
        // right.
        let at_mode = |side: &[Bounds], at: f64, foot: f64| {
            least_height(side, at)
                .map(|least| least.max(foot - distance))
                .filter(|least| *least <= foot + distance)
        };
        let from_left = at_mode(&left[..mode], steps.at[mode], steps.below[mode]);
        let from_right = at_mode(
            &right[..count - 1 - mode],
            -steps.at[mode],
            total - steps.up_to[mode],
        );
        if let (Some(from_left), Some(from_right)) = (from_left, from_right)
            && from_left <= total - from_right
        {
            return true;
        }
        if mode + 1 == count {
            return false;
        }
        // The least possible jump at a mode in the gap after this value is a convex function of the
        // mode's position.
        let excess = |at: f64| {
            Some(
                least_height(&left[..=mode], at)? + least_height(&right[..count - 1 - mode], -at)?
                    - total,
            )
        };
        let (mut low, mut high) = (steps.at[mode], steps.at[mode + 1]);
        for _ in 0..60 {
            let third = (high - low) / 3.0;
            let (Some(first), Some(second)) = (excess(low + third), excess(high - third)) else {
                return false;
            };
            if first.min(second) <= 0.0 {
                return true;
            }
            if first < second {
                high -= third;
            } else {
                low += third;
            }
        }
        false
    }

    /// Returns the least height at `mode` of a convex, rising function within the bounds on its
    /// left. `None` if none fits.
    fn least_height(bounds: &[Bounds], mode: f64) -> Option<f64> {
        let mut least: f64 = 0.0;
        for (index, (at, low, _)) in bounds.iter().enumerate() {
            least = least.max(*low);
            for (before, _, high_before) in &bounds[..index] {
                let slope = (low - high_before) / (at - before);
                least = least.max(low + slope * (mode - at));
                for (after, _, high_after) in &bounds[index + 1..] {
                    let chord =
                        high_before + (high_after - high_before) * (at - before) / (after - before);
                    if *low > chord {
                        return None;
                    }
                }
            }
            if bounds[index..]
                .iter()
                .any(|(_, _, high_after)| low > high_after)
            {
                return None;
            }
        }
        Some(least)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn the_dip_is_that_of_its_definition(values in prop::collection::vec(0.0..1.0_f64, 2..9)) {
            let (dip, expected) = (dip(&values), dip_by_definition(&values));
            prop_assert!((dip - expected).abs() < 1e-6, "{} {}", dip, expected);
        }

        #[test]
        fn the_dip_of_equal_values_is_that_of_its_definition(values in prop::collection::vec(0..5_u32, 2..12)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            prop_assume!(values.iter().any(|value| *value != values[0]));
            let (dip, expected) = (dip(&values), dip_by_definition(&values));
            prop_assert!((dip - expected).abs() < 1e-6, "{} {}", dip, expected);
        }
    }
}
