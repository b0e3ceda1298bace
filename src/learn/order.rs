//! The order of numbers along their rows.

use super::keys::rounded;

pub(super) fn deviation(numbers: &[f64], mean: f64) -> f64 {
    let squares: f64 = numbers
        .iter()
        .map(|number| (number - mean) * (number - mean))
        .sum();
    let deviation = (squares / numbers.len().max(1) as f64).sqrt();
    // A distribution needs a deviation above 0.
    if deviation > 0.0 { deviation } else { 1.0 }
}

/// Degree to which the numbers are sorted, from 0 to 1: the share of unequal neighbours that rise,
/// doubled, minus 1.
pub(super) fn sortedness(by_row: &[(f64, f64)]) -> f64 {
    let pairs = || by_row.windows(2);
    let rising = pairs().filter(|pair| pair[0].1 < pair[1].1).count() as f64;
    let falling = pairs().filter(|pair| pair[0].1 > pair[1].1).count() as f64;
    rounded((2.0 * rising / (rising + falling).max(1.0) - 1.0).clamp(0.0, 1.0))
}

/// Pearson's correlation of numbers with their rows.
pub(super) fn correlation(by_row: &[(f64, f64)]) -> f64 {
    let Some((slope, _)) = line(by_row) else {
        return 0.0;
    };
    let rows: Vec<f64> = by_row.iter().map(|(row, _)| *row).collect();
    let numbers: Vec<f64> = by_row.iter().map(|(_, number)| *number).collect();
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
    slope * deviation(&rows, mean(&rows)) / deviation(&numbers, mean(&numbers))
}

/// Slope and height of the line through the numbers, by least squares. `None` if there are fewer
/// than two rows.
pub(super) fn line(by_row: &[(f64, f64)]) -> Option<(f64, f64)> {
    let count = by_row.len() as f64;
    let mean_row = by_row.iter().map(|(row, _)| row).sum::<f64>() / count;
    let mean = by_row.iter().map(|(_, number)| number).sum::<f64>() / count;
    let (mut product, mut square) = (0.0, 0.0);
    for (row, number) in by_row {
        product += (row - mean_row) * (number - mean);
        square += (row - mean_row) * (row - mean_row);
    }
    (square > 0.0).then(|| (product / square, mean - product / square * mean_row))
}

/// Standard deviation of the steps of a walk. `None` unless neighbours are closer than rows that
/// lie apart.
pub(super) fn step_of(by_row: &[(f64, f64)]) -> Option<f64> {
    let neighbours = by_row
        .windows(2)
        .filter(|pair| pair[1].0 - pair[0].0 == 1.0);
    let steps: Vec<f64> = neighbours.map(|pair| pair[1].1 - pair[0].1).collect();
    let numbers: Vec<f64> = by_row.iter().map(|(_, number)| *number).collect();
    let mean = numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
    let step =
        (steps.iter().map(|step| step * step).sum::<f64>() / steps.len().max(1) as f64).sqrt();
    (step > 0.0 && step < deviation(&numbers, mean)).then_some(step)
}

/// Length of a cycle in rows, with degrees to which numbers are sorted within it. Empty unless the
/// numbers rise, and now and then fall by more than half of their range.
pub(super) fn cycle_of(by_row: &[(f64, f64)], rows: u64) -> Vec<(u64, f64)> {
    let (mut rising, mut falling) = (0_usize, 0_usize);
    let numbers = || by_row.iter().map(|(_, number)| *number);
    let half = (numbers().fold(f64::MIN, f64::max) - numbers().fold(f64::MAX, f64::min)) / 2.0;
    let mut falls = Vec::new();
    for pair in by_row.windows(2) {
        let step = pair[1].1 - pair[0].1;
        if step < -half {
            falls.push(pair[1].0);
        } else if step > 0.0 {
            rising += 1;
        } else if step < 0.0 {
            falling += 1;
        }
    }
    // Only sampled falls are seen; there are others between the samples.
    let mut distances: Vec<f64> = falls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let distance = match (distances.get(distances.len() / 2), falls.len()) {
        (Some(distance), _) => *distance,
        (None, 1) => rows as f64 / 2.0,
        (None, _) => return Vec::new(),
    };
    let sorted = 2.0 * rising as f64 / (rising + falling).max(1) as f64 - 1.0;
    if distance < 2.0 || sorted < 0.3 {
        return Vec::new();
    }
    [1.0, rounded(sorted)]
        .into_iter()
        .map(|sorted| (distance.round() as u64, sorted))
        .collect()
}

/// Distance that ranks move from row to row, as a share of all ranks. `None` if it is as large as
/// chance makes it.
pub(super) fn drift_of(by_row: &[(f64, f64)], numbers: &[f64]) -> Option<f64> {
    /// Two random ranks are apart by 0.41 of all ranks (root of the mean square).
    const MOST: f64 = 0.33;
    let rank = |number: f64| {
        let below = numbers.partition_point(|other| *other < number);
        let up_to = numbers.partition_point(|other| *other <= number);
        (below + up_to) as f64 / 2.0 / numbers.len() as f64
    };
    let (mut squares, mut pairs) = (0.0, 0_usize);
    for pair in by_row
        .windows(2)
        .filter(|pair| pair[1].0 - pair[0].0 == 1.0)
    {
        let step = rank(pair[1].1) - rank(pair[0].1);
        squares += step * step;
        pairs += 1;
    }
    let drift = (squares / pairs.max(1) as f64).sqrt();
    (drift > 0.0 && drift < MOST).then_some(drift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_as_long_as_from_fall_to_fall() {
        let hours: Vec<(f64, f64)> = (0..240)
            .map(|row| (f64::from(row), f64::from(row % 24)))
            .collect();
        assert_eq!(cycle_of(&hours, 240).first(), Some(&(24, 1.0)));
        let random: Vec<(f64, f64)> = (0..240)
            .map(|row| (f64::from(row), f64::from(row * 7919 % 241)))
            .collect();
        assert!(cycle_of(&random, 240).is_empty());
    }
}
