//! Estimates the scatter of values in a way that a minority of them cannot disturb.

/// Factor that makes the estimate the standard deviation if values are normal.
const CONSISTENCY: f64 = 2.2219;

/// Factors that correct the estimate for few values, 2 to 9.
const FEW: [f64; 8] = [0.399, 0.994, 0.512, 0.844, 0.611, 0.857, 0.669, 0.872];

/// Share of the information about the scatter of normal values that the estimate uses.
const EFFICIENCY: f64 = 0.82;

/// Estimates the standard deviation of values. Returns it with its degrees of freedom. `None` if
/// there are fewer than two values.
///
/// It is the estimate Qn, about the lower quartile of the distances between every two values. Half
/// of the values may be anything, and no centre is needed (Rousseeuw & Croux, "Alternatives to the
/// Median Absolute Deviation", Journal of the American Statistical Association 88, 1993; factors
/// for few values from Croux & Rousseeuw, "Time-Efficient Algorithms for Two Highly Robust
/// Estimators of Scale", COMPSTAT 1992). Takes time and memory in proportion to the square of their
/// number.
pub fn scale(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len();
    if count < 2 {
        return None;
    }
    let mut distances: Vec<f64> = Vec::with_capacity(count * (count - 1) / 2);
    for (index, one) in values.iter().enumerate() {
        distances.extend(values[index + 1..].iter().map(|other| (one - other).abs()));
    }
    let half = count / 2 + 1;
    let rank = half * (half - 1) / 2;
    let (_, distance, _) = distances.select_nth_unstable_by(rank - 1, f64::total_cmp);
    let size = count as f64;
    let factor = match FEW.get(count - 2) {
        Some(factor) => *factor,
        None if count % 2 == 1 => size / (size + 1.4),
        None => size / (size + 3.8),
    };
    let degrees = (size - 1.0) * EFFICIENCY;
    Some((*distance * CONSISTENCY * factor, degrees))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::super::simulated::Random;
    use super::*;

    /// About normal values with a standard deviation of 1.
    fn normal(random: &mut Random, count: usize) -> Vec<f64> {
        let of_twelve = |random: &mut Random| (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0;
        (0..count).map(|_| of_twelve(random)).collect()
    }

    #[rstest]
    #[case(5)]
    #[case(9)]
    #[case(12)]
    #[case(31)]
    fn it_is_the_standard_deviation_of_normal_values(#[case] count: usize) {
        let mut random = Random(3);
        let all = 4_000;
        let sum: f64 = (0..all)
            .map(|_| scale(&normal(&mut random, count)).unwrap().0)
            .sum();
        let mean = sum / f64::from(all);
        assert!((mean - 1.0).abs() < 0.04, "{mean}");
    }

    #[test]
    fn a_third_that_is_far_off_moves_it_little() {
        let mut random = Random(5);
        let mut values = normal(&mut random, 300);
        values.iter_mut().take(100).for_each(|value| *value += 1e6);
        let (found, degrees) = scale(&values).unwrap();
        assert!(found < 2.0, "{found}");
        assert!((degrees - 245.0).abs() < 1.0);
    }

    #[test]
    fn one_value_has_no_scatter_and_equals_have_none() {
        assert_eq!(scale(&[1.0]), None);
        assert_eq!(scale(&[2.0; 7]).unwrap().0, 0.0);
    }
}
