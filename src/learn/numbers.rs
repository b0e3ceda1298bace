//! How numbers, dates, times and bools may have been drawn.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Value as Json, json};

use super::LearnError;
use super::fit::{Fitting, Keys, keys_of, numbers_of, rounded, weights, with};
use super::series::{Counts, Series, pools};
use super::shape::Single;
use crate::config::{Dtype, TimeUnit};

/// Most different values that are listed one by one.
pub(super) const MOST_LISTED: usize = 64;

/// Stretches between quantiles.
const STRETCHES: usize = 40;

/// Runs shorter than this are left out.
pub(super) const SHORTEST_RUN: f64 = 1.1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Down,
    Nearest,
    Up,
}

/// Where numbers lie, and how finely they are told.
struct Grid {
    dtype: Dtype,
    /// What all values are multiples of, in the unit in which they are stored; 0 where there is no such number.
    multiple: f64,
    /// What told numbers are rounded to; 0 for not at all.
    unit: f64,
}

impl Grid {
    /// Told numbers have three digits of the range, so that they are nobody's.
    fn new(single: &Single, series: &Series, numbers: &[f64], keep_values: bool) -> Self {
        let dtype = single.dtype;
        let multiple = match dtype.integer_range() {
            Some(_) => whole_multiple(series).max(1.0),
            None => real_multiple(dtype, numbers),
        };
        let width = match (numbers.first(), numbers.last()) {
            (Some(low), Some(high)) => high - low,
            _ => 0.0,
        };
        let coarse = match width > 0.0 && !keep_values {
            true => 10_f64.powf((width.log10() - 2.0).floor()),
            false => 0.0,
        };
        let unit = match multiple > 0.0 {
            true => multiple * (coarse / multiple).round().max(1.0),
            false => coarse,
        };
        Grid {
            dtype,
            multiple,
            unit,
        }
    }

    /// A number as a config writes it.
    fn told(&self, number: f64, rounding: Rounding) -> Json {
        let places = match self.unit > 0.0 {
            true => number / self.unit,
            false => number,
        };
        let places = match (rounding, self.unit > 0.0) {
            (_, false) => places,
            // A number that stands on the grid already is not moved by an error in its last digit.
            _ if (places - places.round()).abs() < 1e-6 => places.round(),
            (Rounding::Down, _) => places.floor(),
            (Rounding::Up, _) => places.ceil(),
            (Rounding::Nearest, _) => places.round(),
        };
        match self.dtype.integer_range() {
            None => self.real(places),
            Some((low, high)) => {
                let unit = (self.unit as i128).max(1);
                let multiple = (self.multiple as i128).max(1);
                let whole = (places as i128).saturating_mul(unit);
                let (low, high) = (
                    low.div_euclid(multiple) * multiple
                        + if low.rem_euclid(multiple) > 0 {
                            multiple
                        } else {
                            0
                        },
                    high.div_euclid(multiple) * multiple,
                );
                self.whole(whole.clamp(low, high))
            }
        }
    }

    fn real(&self, places: f64) -> Json {
        let number = match self.unit > 0.0 {
            false => places,
            true => {
                let parts = (1.0 / self.unit).round();
                match self.unit < 1.0 && (1.0 / self.unit - parts).abs() < 1e-6 * parts {
                    true => places / parts,
                    false => places * self.unit,
                }
            }
        };
        let limit = match self.dtype {
            Dtype::Float16 => 65_504.0,
            Dtype::Float32 => f64::from(f32::MAX),
            _ => f64::MAX,
        };
        json!(number.clamp(-limit, limit))
    }

    /// A number as stored, in the words of its type.
    fn whole(&self, number: i128) -> Json {
        let small = i64::try_from(number).ok();
        let told = match self.dtype {
            Dtype::Date32 => small.and_then(date).map(|date| json!(date)),
            Dtype::Timestamp(unit) => small
                .and_then(|number| moment(number, unit))
                .map(|time| json!(time)),
            Dtype::Decimal128 { scale, .. } if scale > 0 => {
                Some(json!(number as f64 / 10_f64.powi(scale.into())))
            }
            _ => None,
        };
        told.or_else(|| small.map(|number| json!(number)))
            .or_else(|| u64::try_from(number).ok().map(|number| json!(number)))
            .unwrap_or_else(|| json!(number as f64))
    }

    /// A distance between numbers, as `step` and `std_dev` take it.
    fn distance(&self, distance: f64) -> Json {
        match self.dtype {
            Dtype::Decimal128 { scale, .. } => json!(rounded(distance / 10_f64.powi(scale.into()))),
            _ => json!(rounded(distance)),
        }
    }

    /// The same, exactly: of whole numbers a whole one.
    fn exactly(&self, distance: f64) -> Json {
        match self.dtype {
            Dtype::Decimal128 { scale, .. } => json!(distance / 10_f64.powi(scale.into())),
            dtype if dtype.is_float() => json!(distance),
            _ => json!(distance as i64),
        }
    }
}

fn date(days: i64) -> Option<String> {
    let epoch = NaiveDate::default();
    let date = match u64::try_from(days) {
        Ok(days) => epoch.checked_add_days(Days::new(days)),
        Err(_) => epoch.checked_sub_days(Days::new(days.unsigned_abs())),
    }?;
    let text = date.format("%Y-%m-%d").to_string();
    // Years of five digits are not read back.
    (text.len() == 10).then_some(text)
}

fn moment(number: i64, unit: TimeUnit) -> Option<String> {
    let per_second = unit.per_second();
    let nanoseconds = number.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let time = DateTime::from_timestamp(
        number.div_euclid(per_second),
        u32::try_from(nanoseconds).ok()?,
    )?;
    let text = time.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
    (text.len() < 30 && text.as_bytes().get(4) == Some(&b'-')).then_some(text)
}

/// The greatest common divisor of whole numbers.
fn whole_multiple(series: &Series) -> f64 {
    let mut divisor = 0_u128;
    for piece in &series.pieces {
        for number in whole_of(&piece.array).into_iter().flatten() {
            divisor = gcd(number.unsigned_abs(), divisor);
            if divisor == 1 {
                return 1.0;
            }
        }
    }
    divisor as f64
}

fn gcd(left: u128, right: u128) -> u128 {
    let (mut left, mut right) = (left, right);
    while right > 0 {
        (left, right) = (right, left % right);
    }
    left
}

fn whole_of(array: &ArrayRef) -> Vec<Option<i128>> {
    let wide = match array.data_type() {
        DataType::Decimal128(..) => {
            return array.as_primitive::<Decimal128Type>().iter().collect();
        }
        DataType::UInt64 => {
            return array
                .as_primitive::<arrow::datatypes::UInt64Type>()
                .iter()
                .map(|number| number.map(i128::from))
                .collect();
        }
        DataType::Date32 => {
            cast(array, &DataType::Int32).and_then(|days| cast(&days, &DataType::Int64))
        }
        _ => cast(array, &DataType::Int64),
    };
    wide.map_or_else(
        |_| Vec::new(),
        |wide| {
            wide.as_primitive::<Int64Type>()
                .iter()
                .map(|number| number.map(i128::from))
                .collect()
        },
    )
}

/// A power of ten, or a whole number of them, that all floats are multiples of; 0 where there is none.
fn real_multiple(dtype: Dtype, numbers: &[f64]) -> f64 {
    const MOST_DECIMALS: i32 = 8;
    // Relative distance of neighbouring floats.
    let (step, most) = match dtype {
        Dtype::Float64 => (f64::EPSILON, 1e15),
        Dtype::Float32 => (f64::from(f32::EPSILON), 1e6),
        _ => return 0.0,
    };
    'decimals: for decimals in 0..=MOST_DECIMALS {
        let factor = 10_f64.powi(decimals);
        let mut divisor = 0_u128;
        for number in numbers {
            let scaled = number * factor;
            let allowed = (scaled.abs() * step * 2.0).max(1e-9);
            if scaled.abs() > most || allowed > 0.05 || (scaled - scaled.round()).abs() > allowed {
                continue 'decimals;
            }
            divisor = gcd(scaled.round().abs() as u128, divisor);
        }
        return divisor.max(1) as f64 / factor;
    }
    0.0
}

/// What a column of numbers may be drawn by, the simple things first. Not all of them fit.
pub(super) fn candidates(
    series: &Series,
    single: &Single,
    counts: &Counts,
    fitting: &Fitting,
) -> Result<Vec<Keys>, LearnError> {
    if single.dtype == Dtype::Bool {
        return Ok(bools(series, counts));
    }
    let by_row: Vec<(f64, f64)> = series
        .pieces
        .iter()
        .flat_map(|piece| {
            let numbers = numbers_of(&piece.array).into_iter().enumerate();
            let first = piece.first;
            numbers.filter_map(move |(row, number)| Some(((first + row as u64) as f64, number?)))
        })
        .filter(|(_, number)| number.is_finite())
        .collect();
    let mut numbers: Vec<f64> = by_row.iter().map(|(_, number)| *number).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let grid = Grid::new(single, series, &numbers, fitting.keep_values);
    let (Some(low), Some(high)) = (numbers.first().copied(), numbers.last().copied()) else {
        return Ok(Vec::new());
    };
    if counts.distinct() == 1 {
        let value = match fitting.keep_values {
            true => grid.told(low, Rounding::Nearest),
            false => made_up_constant(&grid, low),
        };
        return Ok(vec![keys_of(json!({ "kind": "constant", "value": value }))]);
    }
    let bounds =
        json!({ "min": grid.told(low, Rounding::Down), "max": grid.told(high, Rounding::Up) });
    let multiple = match grid.multiple > 0.0 && (grid.multiple != 1.0 || grid.dtype.is_float()) {
        true => json!({ "multiple_of": grid.exactly(grid.multiple) }),
        false => json!({}),
    };
    let on_grid = |keys: Json| with(&with(&keys_of(keys), bounds.clone()), multiple.clone());
    let sorted = sortedness(&by_row);
    let runs = (counts.run_length > SHORTEST_RUN)
        .then(|| json!({ "run_length": rounded(counts.run_length.min(65_536.0)) }));

    let mut plain = Vec::new();
    if counts.distinct() <= MOST_LISTED {
        plain.push(listed(&grid, &numbers, fitting.keep_values));
    }
    let valid = counts.valid() as f64;
    let mean = numbers.iter().sum::<f64>() / valid.max(1.0);
    let std_dev = deviation(&numbers, mean);
    if counts.distinct() == counts.valid() && grid.multiple <= 1.0 {
        plain.push(with(
            &keys_of(json!({ "kind": "distinct" })),
            bounds.clone(),
        ));
    }
    plain.push(on_grid(json!({ "kind": "uniform" })));
    plain.push(on_grid(json!({
        "kind": "normal",
        "mean": grid.told(mean, Rounding::Nearest),
        "std_dev": grid.distance(std_dev),
    })));
    if low > 0.0 && !single.dtype.is_temporal() {
        let scale = match single.dtype {
            Dtype::Decimal128 { scale, .. } => 10_f64.powi(scale.into()),
            _ => 1.0,
        };
        let logarithms: Vec<f64> = numbers.iter().map(|number| (number / scale).ln()).collect();
        let mean = logarithms.iter().sum::<f64>() / valid.max(1.0);
        plain.push(on_grid(json!({
            "kind": "lognormal",
            "mean": rounded(mean),
            "std_dev": rounded(deviation(&logarithms, mean)),
        })));
    }
    let by_quantiles = |numbers: &[f64]| {
        let values = quantiles(&grid, numbers);
        with(
            &keys_of(json!({ "kind": "quantiles", "values": values })),
            multiple.clone(),
        )
    };
    let shaped = by_quantiles(&numbers);
    plain.push(shaped.clone());

    let mut candidates = Vec::new();
    if let Some(sorted) = sorted {
        candidates.extend(sequences(&grid, series, &by_row));
        for keys in plain
            .iter()
            .filter(|keys| keys.get("kind") != Some(&json!("distinct")))
        {
            for share in [1.0, sorted] {
                candidates.push(with(keys, json!({ "sortedness": share })));
            }
        }
    }
    for keys in &plain {
        candidates.push(keys.clone());
        if let Some(runs) = &runs {
            candidates.push(with(keys, runs.clone()));
        }
    }
    let none = json!({});
    let runs = runs.unwrap_or(none);
    let by_rank = plain.iter().filter(|keys| {
        let kind = keys.get("kind").and_then(Json::as_str);
        matches!(kind, Some("categorical" | "quantiles" | "uniform"))
    });
    for keys in by_rank {
        for (cycle, sorted) in cycle_of(&by_row, series.rows) {
            candidates.push(with(keys, json!({ "sortedness": sorted, "cycle": cycle })));
        }
        if let Some(drift) = drift_of(&by_row, &numbers) {
            for part in [0.5, 1.0, 1.5] {
                let drift = rounded((drift * part).min(1.0));
                candidates.push(with(keys, json!({ "drift": drift })));
            }
        }
    }
    if let Some(step) = step_of(&by_row) {
        let walk = on_grid(json!({ "kind": "random_walk", "step": grid.distance(step) }));
        candidates.push(with(&walk, runs.clone()));
    }
    let choices = pools(counts);
    if counts.distinct() > MOST_LISTED && !choices.is_empty() {
        let mut different = numbers.clone();
        different.dedup();
        let different = by_quantiles(&different);
        for (size, exponent) in choices {
            let pool = json!({ "pool": { "size": size, "exponent": exponent } });
            for keys in [&different, &shaped] {
                candidates.push(with(&with(keys, pool.clone()), runs.clone()));
            }
            if exponent > 0.0 && grid.multiple <= 1.0 && single.dtype.is_integer() {
                let zipf = json!({
                    "kind": "zipf", "exponent": exponent, "cardinality": size,
                    "min": grid.told(low, Rounding::Down),
                });
                candidates.push(with(&keys_of(zipf), runs.clone()));
            }
        }
    }
    Ok(candidates)
}

fn bools(series: &Series, counts: &Counts) -> Vec<Keys> {
    let (mut yes, mut no) = (0_usize, 0_usize);
    for piece in &series.pieces {
        let flags = piece.array.as_boolean();
        yes += flags.true_count();
        no += flags.len() - flags.null_count() - flags.true_count();
    }
    if yes == 0 || no == 0 {
        return vec![keys_of(json!({ "kind": "constant", "value": yes > 0 }))];
    }
    let counted = BTreeMap::from([(false, no), (true, yes)]);
    let keys = keys_of(json!({
        "kind": "categorical", "values": [false, true], "weights": weights(&counted),
    }));
    let mut candidates = vec![keys.clone()];
    if counts.run_length > SHORTEST_RUN {
        candidates.push(with(
            &keys,
            json!({ "run_length": rounded(counts.run_length.min(65_536.0)) }),
        ));
    }
    candidates
}

/// A number of as many digits, with 0 as itself.
fn made_up_constant(grid: &Grid, number: f64) -> Json {
    if number == 0.0 {
        return grid.told(0.0, Rounding::Nearest);
    }
    let digits = 10_f64.powf(number.abs().log10().floor());
    let grid = Grid {
        dtype: grid.dtype,
        multiple: 0.0,
        unit: digits.max(if grid.dtype.is_float() { 0.0 } else { 1.0 }),
    };
    // Of a time, the month or so.
    grid.told(number, Rounding::Down)
}

/// Each value with its weight, in ascending order: rounded, where that leaves them different, else at equal distances.
fn listed(grid: &Grid, numbers: &[f64], keep_values: bool) -> Keys {
    let mut counted: Vec<(f64, usize)> = Vec::new();
    for number in numbers {
        match counted.last_mut() {
            Some((last, count)) if last == number => *count += 1,
            _ => counted.push((*number, 1)),
        }
    }
    let mut values: Vec<Json> = counted
        .iter()
        .map(|(number, _)| grid.told(*number, Rounding::Nearest))
        .collect();
    let different = values.windows(2).all(|pair| pair[0] != pair[1]);
    if !different && !keep_values {
        let low = numbers.first().copied().unwrap_or_default();
        // From a round number on, as no value is told.
        let low = match grid.unit > 0.0 {
            true => (low / grid.unit).floor() * grid.unit,
            false => low,
        };
        let high = numbers.last().copied().unwrap_or_default();
        let smallest = if grid.multiple > 0.0 {
            grid.multiple
        } else if grid.dtype.is_float() {
            0.0
        } else {
            1.0
        };
        let step = ((high - low) / counted.len().max(2) as f64).max(smallest);
        let fine = Grid {
            dtype: grid.dtype,
            multiple: grid.multiple,
            unit: smallest,
        };
        values = (0..counted.len())
            .map(|index| fine.told(low + index as f64 * step, Rounding::Nearest))
            .collect();
    }
    let counted: BTreeMap<usize, usize> = counted
        .into_iter()
        .map(|(_, count)| count)
        .enumerate()
        .collect();
    keys_of(json!({ "kind": "categorical", "values": values, "weights": weights(&counted) }))
}

fn quantiles(grid: &Grid, numbers: &[f64]) -> Vec<Json> {
    let last = numbers.len() - 1;
    (0..=STRETCHES)
        .map(|stretch| {
            let rounding = match stretch {
                0 => Rounding::Down,
                STRETCHES => Rounding::Up,
                _ => Rounding::Nearest,
            };
            grid.told(numbers[stretch * last / STRETCHES], rounding)
        })
        .collect()
}

fn deviation(numbers: &[f64], mean: f64) -> f64 {
    let squares: f64 = numbers
        .iter()
        .map(|number| (number - mean) * (number - mean))
        .sum();
    let deviation = (squares / numbers.len().max(1) as f64).sqrt();
    // Something to draw by, at least.
    if deviation > 0.0 { deviation } else { 1.0 }
}

/// How far the numbers are sorted by their rows, where they rise with the rows at all: of unequal neighbours, the share
/// that rises beyond a half, doubled.
fn sortedness(by_row: &[(f64, f64)]) -> Option<f64> {
    const LEAST_CORRELATION: f64 = 0.8;
    let rising = by_row
        .windows(2)
        .filter(|pair| pair[0].1 < pair[1].1)
        .count() as f64;
    let falling = by_row
        .windows(2)
        .filter(|pair| pair[0].1 > pair[1].1)
        .count() as f64;
    let unequal = rising + falling;
    let (slope, _) = line(by_row)?;
    let rows: Vec<f64> = by_row.iter().map(|(row, _)| *row).collect();
    let numbers: Vec<f64> = by_row.iter().map(|(_, number)| *number).collect();
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
    let correlation = slope * deviation(&rows, mean(&rows)) / deviation(&numbers, mean(&numbers));
    (unequal > 0.0 && correlation > LEAST_CORRELATION)
        .then(|| rounded((2.0 * rising / unequal - 1.0).clamp(0.0, 1.0)))
}

/// Slope and height of the line through the numbers, by least squares.
fn line(by_row: &[(f64, f64)]) -> Option<(f64, f64)> {
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

/// A step from row to row, and what is added to it.
fn sequences(grid: &Grid, series: &Series, by_row: &[(f64, f64)]) -> Vec<Keys> {
    let Some((slope, _)) = line(by_row) else {
        return Vec::new();
    };
    let step = match grid.dtype.is_float() {
        true => slope,
        false => slope.round(),
    };
    // The rest drifts away from a step that is not whole.
    if step == 0.0 || (slope - step).abs() > 0.02 * slope.abs() {
        return Vec::new();
    }
    let rest = by_row.iter().map(|(row, number)| number - step * row);
    let (low, high) = rest.fold((f64::MAX, f64::MIN), |(low, high), number| {
        (low.min(number), high.max(number))
    });
    if high - low > 0.2 * step.abs() * series.rows as f64 {
        return Vec::new();
    }
    let mut keys = json!({
        "kind": "sequence",
        "start": grid.told(low, Rounding::Down),
        "step": grid.exactly(step),
    });
    if high - low > step.abs() * 1e-3 {
        keys["jitter"] = grid.exactly((high - low).round());
    }
    vec![keys_of(keys)]
}

/// Standard deviation of the steps of a walk, where neighbours are closer than rows that lie apart.
fn step_of(by_row: &[(f64, f64)]) -> Option<f64> {
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

/// Rows after which numbers start to rise again, and how far they are sorted in between: where they fall by more than half
/// of their range every so often.
fn cycle_of(by_row: &[(f64, f64)], rows: u64) -> Vec<(u64, f64)> {
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
    // Falls lie in what was sampled; between the samples are others.
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

/// How far ranks move from row to row, as a share of all ranks, where that is less than by chance.
fn drift_of(by_row: &[(f64, f64)], numbers: &[f64]) -> Option<f64> {
    /// Root of the mean square of the distance of two ranks at random is 0.41.
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
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use rstest::rstest;

    use super::*;
    use crate::learn::series::Piece;

    #[rstest]
    #[case(Dtype::Float64, &[0.25, 12.5, -3.0], 0.25)]
    #[case(Dtype::Float64, &[19.99, 0.01, 5.0], 0.01)]
    #[case(Dtype::Float64, &[100.0, 250.0, 0.0], 50.0)]
    #[case(Dtype::Float64, &[std::f64::consts::PI, 1.0], 0.0)]
    #[case(Dtype::Float32, &[0.1_f32 as f64, 12.3_f32 as f64], 0.1)]
    #[case(Dtype::Float32, &[0.123_456_79_f32 as f64, 7_654_321.0], 0.0)]
    fn decimals_are_found_where_all_numbers_have_them(
        #[case] dtype: Dtype,
        #[case] numbers: &[f64],
        #[case] expected: f64,
    ) {
        assert_eq!(real_multiple(dtype, numbers), expected);
    }

    fn grid(dtype: Dtype, numbers: &[i64], keep_values: bool) -> Grid {
        let single = Single {
            dtype,
            time_zone: None,
        };
        let series = Series {
            pieces: vec![Piece {
                first: 0,
                array: Arc::new(Int64Array::from(numbers.to_vec())),
            }],
            rows: 3,
        };
        let mut numbers: Vec<f64> = numbers.iter().map(|number| *number as f64).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        Grid::new(&single, &series, &numbers, keep_values)
    }

    #[test]
    fn told_numbers_have_three_digits_of_the_range() {
        let wide = grid(Dtype::Int64, &[1_234_567, 98_765, 7], false);
        assert_eq!(wide.told(98_765.0, Rounding::Down), json!(90_000));
        assert_eq!(wide.told(1_234_567.0, Rounding::Up), json!(1_240_000));
        let exact = grid(Dtype::Int64, &[1_234_567, 98_765, 7], true);
        assert_eq!(exact.told(98_765.0, Rounding::Down), json!(98_765));
        let narrow = grid(Dtype::Int64, &[1, 12, 5], false);
        assert_eq!(narrow.told(12.0, Rounding::Up), json!(12));
        let tens = grid(Dtype::Int64, &[10, 120, 50], false);
        assert_eq!(tens.told(115.0, Rounding::Nearest), json!(120));
        assert_eq!(tens.told(-1e30, Rounding::Down), json!(i64::MIN + 8));
    }

    #[test]
    fn dates_times_and_decimals_are_told_in_their_own_words() {
        let days = grid(Dtype::Date32, &[0, 20_454], true);
        assert_eq!(days.told(20_454.0, Rounding::Nearest), json!("2026-01-01"));
        let times = grid(
            Dtype::Timestamp(TimeUnit::Ms),
            &[0, 1_700_000_000_123],
            true,
        );
        assert_eq!(
            times.told(1_700_000_000_123.0, Rounding::Nearest),
            json!("2023-11-14T22:13:20.123")
        );
        let prices = grid(
            Dtype::Decimal128 {
                precision: 9,
                scale: 2,
            },
            &[1, 1_999],
            true,
        );
        assert_eq!(prices.told(1_999.0, Rounding::Nearest), json!(19.99));
    }

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
