//! Outliers by distance from the median.

use super::median::median;

/// Fewest values with outliers. The median deviation of fewer says too little.
const MINIMUM_VALUES: usize = 8;

/// Iglewicz and Hoaglin's limit of the modified z-score.
const LIMIT: f64 = 3.5;

/// Factor from the median absolute deviation to the standard deviation of normal values: 0.6745 = 1
/// / 1.4826, Iglewicz and Hoaglin's rounding.
const MEDIAN_DEVIATION_SCALE: f64 = 1.0 / 0.6745;

/// Factor from the mean absolute deviation to the standard deviation of normal values: the square
/// root of pi / 2.
const MEAN_DEVIATION_SCALE: f64 = 1.253_314;

/// Returns the indexes, in ascending order, of the values whose modified z-score is above 3.5 in
/// absolute value: the distance from the median, times 0.6745, over the median absolute deviation
/// from the median (MAD). Scale and location of `values` do not matter.
///
/// If so many values are equal that the MAD is 0, the distance is taken over 1.253314 times the
/// mean absolute deviation from the median. There are no outliers below 8 values, or if all are
/// equal. Source: Iglewicz & Hoaglin, "How to Detect and Handle Outliers", ASQC Basic References in
/// Quality Control 16, 1993.
pub fn outliers(values: &[f64]) -> Vec<usize> {
    if values.len() < MINIMUM_VALUES {
        return Vec::new();
    }
    let Some((deviations, deviation)) = deviations(values) else {
        return Vec::new();
    };
    let far = |distance: f64| distance / deviation > LIMIT;
    (0..values.len())
        .filter(|index| far(deviations[*index]))
        .collect()
}

/// Returns the absolute deviations from the median, and the standard deviation that they suggest.
/// `None` if that is 0.
fn deviations(values: &[f64]) -> Option<(Vec<f64>, f64)> {
    let middle = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let median_deviation = median(&deviations)?;
    let mean_deviation = deviations.iter().sum::<f64>() / deviations.len() as f64;
    let deviation = if median_deviation > 0.0 {
        median_deviation * MEDIAN_DEVIATION_SCALE
    } else {
        mean_deviation * MEAN_DEVIATION_SCALE
    };
    (deviation > 0.0).then_some((deviations, deviation))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::simulated::Random;
    use super::*;

    #[test]
    fn values_far_from_the_median_are_found_on_both_sides() {
        let values = [2.1, 2.6, 2.4, 2.5, 9.9, 2.3, 2.1, 2.3, 2.6, -4.0];
        assert_eq!(outliers(&values), [4, 9]);
    }

    #[test]
    fn the_limit_is_a_modified_z_score_of_three_and_a_half() {
        // Median 0 and MAD 1: the score of x is 0.6745 x, so the limit is at 5.189.
        let values = |far: f64| [-1.0, -1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0, far];
        assert!(outliers(&values(5.188)).is_empty());
        assert_eq!(outliers(&values(5.190)), [8]);
    }

    #[test]
    fn where_most_values_are_equal_the_mean_deviation_decides() {
        let mut values = [1.0; 20];
        assert!(outliers(&values).is_empty());
        values[7] = 2.0;
        assert_eq!(outliers(&values), [7]);
        // Ten of 21 differ equally: none stands out.
        let values: Vec<f64> = (0..21).map(|index| f64::from(index % 2)).collect();
        assert!(outliers(&values).is_empty());
    }

    #[test]
    fn fewer_than_eight_values_have_no_outliers() {
        assert!(outliers(&[1.0, 1.1, 1.2, 1.0, 1.1, 1.2, 100.0]).is_empty());
        assert!(outliers(&[]).is_empty());
    }

    #[test]
    fn values_of_a_normal_distribution_are_rarely_called_outliers() {
        let mut random = Random(9);
        let values: Vec<f64> = (0..10_000)
            .map(|_| (0..12).map(|_| random.uniform()).sum())
            .collect();
        assert!(outliers(&values).len() < 20);
    }

    proptest! {
        #[test]
        fn scale_and_location_do_not_matter(mut values in prop::collection::vec(-8..8_i32, 8..40)) {
            values.push(50);
            let original: Vec<f64> = values.iter().copied().map(f64::from).collect();
            let moved: Vec<f64> = original.iter().map(|value| 1024.0 - 4.0 * value).collect();
            prop_assert_eq!(outliers(&original), outliers(&moved));
        }
    }
}
