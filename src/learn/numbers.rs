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

/// Numbers this many times further from 0 than they are from each other lie far from 0.
const FAR: f64 = 10.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Down,
    Nearest,
    Up,
}

/// Where numbers lie, and how they are told so that they are nobody's.
struct Grid {
    dtype: Dtype,
    /// What all values are multiples of, in the unit in which they are stored; 0 where there is no such number.
    multiple: f64,
    /// What told numbers are rounded to; 0 for not at all.
    unit: f64,
    /// What the smallest and the largest one are rounded to, which are somebody's more than others.
    bound: f64,
    /// What is added to numbers before they are told.
    shift: f64,
}

impl Grid {
    /// Told numbers have three digits of the range that most of them lie in, and bounds have two; what lies far from 0,
    /// such as a year or an account, moves to where its own first two digits are. `numbers` ascend.
    fn new(single: &Single, series: &Series, numbers: &[f64], keep_values: bool) -> Self {
        let dtype = single.dtype;
        let multiple = match dtype.integer_range() {
            Some(_) => whole_multiple(series).max(1.0),
            None => real_multiple(dtype, numbers),
        };
        // A divisor that nobody would think of says something about the values.
        let multiple = match keep_values || is_usual(multiple, dtype) {
            true => multiple,
            false if dtype.is_float() => 0.0,
            false => 1.0,
        };
        let mut grid = Grid {
            dtype,
            multiple,
            unit: multiple,
            bound: multiple,
            shift: 0.0,
        };
        let (Some(low), Some(high)) = (numbers.first(), numbers.last()) else {
            return grid;
        };
        if keep_values {
            return grid;
        }
        let at = |share: f64| numbers[((numbers.len() - 1) as f64 * share) as usize];
        let width = match at(0.95) - at(0.05) {
            0.0 => high - low,
            width => width,
        };
        let digit = |number: f64, number_of: f64| {
            10_f64.powf((number.abs().log10() - number_of + 1.0).floor())
        };
        if width > 0.0 {
            let unit = digit(width, 3.0);
            grid.unit = match multiple > 0.0 {
                true => multiple * (unit / multiple).round().max(1.0),
                false => unit,
            };
            grid.bound = grid.unit * (digit(high - low, 2.0) / grid.unit).round().max(1.0);
        }
        let nearest = low.abs().min(high.abs());
        if low.signum() == high.signum() && nearest > FAR * (high - low) && nearest >= FAR {
            let unit = digit(*low, 2.0).max(grid.bound);
            let unit = match grid.bound > 0.0 {
                true => grid.bound * (unit / grid.bound).round(),
                false => unit,
            };
            grid.shift = (low / unit).floor() * unit - low;
        }
        grid
    }

    /// A number as a config writes it.
    fn told(&self, number: f64, rounding: Rounding) -> Json {
        let number = number + self.shift;
        let unit = match rounding {
            Rounding::Nearest => self.unit,
            Rounding::Down | Rounding::Up => self.bound,
        };
        let places = match unit > 0.0 {
            true => number / unit,
            false => number,
        };
        let places = match (rounding, unit > 0.0) {
            (_, false) => places,
            // A number that stands on the grid already is not moved by an error in its last digit.
            _ if (places - places.round()).abs() < 1e-6 => places.round(),
            (Rounding::Down, _) => places.floor(),
            (Rounding::Up, _) => places.ceil(),
            (Rounding::Nearest, _) => places.round(),
        };
        match self.dtype.integer_range() {
            None => self.real(places, unit),
            Some((low, high)) => {
                let unit = (unit as i128).max(1);
                let multiple = (self.multiple as i128).max(1);
                let whole = (places as i128).saturating_mul(unit);
                let up = if low.rem_euclid(multiple) > 0 {
                    multiple
                } else {
                    0
                };
                let low = low.div_euclid(multiple) * multiple + up;
                self.whole(whole.clamp(low, high.div_euclid(multiple) * multiple))
            }
        }
    }

    /// The same grid, without rounding beyond what all values are multiples of.
    fn fine(&self) -> Grid {
        Grid {
            unit: self.multiple,
            bound: self.multiple,
            ..*self
        }
    }

    fn real(&self, places: f64, unit: f64) -> Json {
        let number = match unit > 0.0 {
            false => places,
            true => {
                let parts = (1.0 / unit).round();
                match unit < 1.0 && (1.0 / unit - parts).abs() < 1e-6 * parts {
                    true => places / parts,
                    false => places * unit,
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

/// Whether a divisor is one that many things have: a power of ten, its half or its quarter, or so many seconds, minutes,
/// hours or days.
fn is_usual(multiple: f64, dtype: Dtype) -> bool {
    let per_second = match dtype {
        Dtype::Timestamp(unit) => unit.per_second() as f64,
        _ => 1.0,
    };
    let is_power = |number: f64| {
        let power = number.log10().round();
        (number / 10_f64.powf(power) - 1.0).abs() < 1e-9
    };
    let tens = [1.0, 2.0, 4.0].iter().any(|part| is_power(multiple * part));
    let times = [60.0, 300.0, 900.0, 1_800.0, 3_600.0, 86_400.0, 604_800.0];
    multiple == 0.0 || tens || times.iter().any(|time| multiple == time * per_second)
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

/// Ways to draw a column, and how far the numbers that they draw were moved on purpose.
pub(super) struct Candidates {
    pub(super) keys: Vec<Keys>,
    pub(super) shift: f64,
}

impl Candidates {
    fn unmoved(keys: Vec<Keys>) -> Self {
        Candidates { keys, shift: 0.0 }
    }
}

/// Numbers that rise, or fall, less closely with their rows than this are in no order.
const LEAST_CORRELATION: f64 = 0.8;

/// What a column of numbers may be drawn by, the simple things first. Not all of them fit.
pub(super) fn candidates(
    series: &Series,
    single: &Single,
    counts: &Counts,
    fitting: &Fitting,
) -> Result<Candidates, LearnError> {
    if single.dtype == Dtype::Bool {
        return Ok(Candidates::unmoved(bools(series, counts)));
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
        return Ok(Candidates::unmoved(Vec::new()));
    };
    if low == high {
        let value = match fitting.keep_values {
            true => grid.told(low, Rounding::Nearest),
            false => made_up_constant(single.dtype, low),
        };
        let constant = keys_of(json!({ "kind": "constant", "value": value }));
        return Ok(Candidates::unmoved(vec![constant]));
    }
    if !(high - low).is_finite() {
        // Nothing can be reckoned with such a distance.
        let bounds = json!({ "kind": "uniform", "min": -1e308, "max": 1e308 });
        return Ok(Candidates::unmoved(vec![keys_of(bounds)]));
    }
    let bounds =
        json!({ "min": grid.told(low, Rounding::Down), "max": grid.told(high, Rounding::Up) });
    let multiple = match grid.multiple > 0.0 && (grid.multiple != 1.0 || grid.dtype.is_float()) {
        true => json!({ "multiple_of": grid.exactly(grid.multiple) }),
        false => json!({}),
    };
    let on_grid = |keys: Json| with(&with(&keys_of(keys), bounds.clone()), multiple.clone());
    let correlation = correlation(&by_row);
    let sorted = (correlation > LEAST_CORRELATION).then(|| sortedness(&by_row));
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
    if correlation.abs() > LEAST_CORRELATION {
        candidates.extend(sequences(&grid, series, &by_row, fitting.keep_values));
    }
    if let Some(sorted) = sorted {
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
    Ok(Candidates {
        keys: candidates,
        shift: grid.shift,
    })
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

/// Another number of as many digits before the point; 0 is itself, and a time is the first moment of 2000.
fn made_up_constant(dtype: Dtype, number: f64) -> Json {
    if dtype.is_temporal() {
        return json!("2000-01-01");
    }
    if number == 0.0 {
        return json!(0);
    }
    let digits = 10_f64.powf(number.abs().log10().floor());
    let first = (number.abs() / digits).floor();
    let other = if first > 1.0 { first - 1.0 } else { 2.0 };
    let unit = match dtype.is_float() {
        true => digits,
        false => digits.max(1.0),
    };
    let grid = Grid {
        dtype,
        multiple: 0.0,
        unit,
        bound: unit,
        shift: 0.0,
    };
    // Where the type has no number so large, its largest.
    grid.told(other * digits * number.signum(), Rounding::Nearest)
}

/// Each value with its weight, in ascending order. Values are moved by up to a third of the way to their neighbours, as far
/// as what all are multiples of leaves room.
fn listed(grid: &Grid, numbers: &[f64], keep_values: bool) -> Keys {
    let mut counted: Vec<(f64, usize)> = Vec::new();
    for number in numbers {
        match counted.last_mut() {
            Some((last, count)) if last == number => *count += 1,
            _ => counted.push((*number, 1)),
        }
    }
    let fine = grid.fine();
    let moved = |index: usize| {
        let (number, _) = counted[index];
        let gap = |other: Option<&(f64, usize)>| other.map(|(other, _)| (other - number).abs());
        let before = index
            .checked_sub(1)
            .and_then(|before| gap(counted.get(before)));
        let gaps = [before, gap(counted.get(index + 1))];
        let least = gaps.into_iter().flatten().fold(f64::MAX, f64::min);
        // The shares of the golden ratio are spread evenly, and never 0.
        let share = ((index + 1) as f64 * 0.618_034).fract() - 0.5;
        number + least * share * 2.0 / 3.0
    };
    let values: Vec<Json> = (0..counted.len())
        .map(|index| match keep_values {
            true => fine.told(counted[index].0, Rounding::Nearest),
            false => fine.told(moved(index), Rounding::Nearest),
        })
        .collect();
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

/// How far the numbers are sorted: of unequal neighbours, the share that rises beyond a half, doubled.
fn sortedness(by_row: &[(f64, f64)]) -> f64 {
    let pairs = || by_row.windows(2);
    let rising = pairs().filter(|pair| pair[0].1 < pair[1].1).count() as f64;
    let falling = pairs().filter(|pair| pair[0].1 > pair[1].1).count() as f64;
    rounded((2.0 * rising / (rising + falling).max(1.0) - 1.0).clamp(0.0, 1.0))
}

/// Pearson's correlation of numbers with their rows.
fn correlation(by_row: &[(f64, f64)]) -> f64 {
    let Some((slope, _)) = line(by_row) else {
        return 0.0;
    };
    let rows: Vec<f64> = by_row.iter().map(|(row, _)| *row).collect();
    let numbers: Vec<f64> = by_row.iter().map(|(_, number)| *number).collect();
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
    slope * deviation(&rows, mean(&rows)) / deviation(&numbers, mean(&numbers))
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
fn sequences(grid: &Grid, series: &Series, by_row: &[(f64, f64)], keep_values: bool) -> Vec<Keys> {
    let Some((slope, _)) = line(by_row) else {
        return Vec::new();
    };
    let step = match grid.dtype.is_float() {
        true => slope,
        false => slope.round(),
    };
    let step = match keep_values {
        true => step,
        // Two digits more than numbers have that are told, since steps add up.
        false => rounded(step),
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
        let jitter = (high - low).round();
        keys["jitter"] = grid.exactly(if keep_values { jitter } else { rounded(jitter) });
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
            nulls: None,
        };
        let mut numbers: Vec<f64> = numbers.iter().map(|number| *number as f64).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        Grid::new(&single, &series, &numbers, keep_values)
    }

    #[test]
    fn told_numbers_have_three_digits_of_the_range_and_bounds_two() {
        let numbers: Vec<i64> = (0..1_000).map(|number| number * number + 7).collect();
        let wide = grid(Dtype::Int64, &numbers, false);
        assert_eq!(wide.told(98_765.0, Rounding::Down), json!(90_000));
        assert_eq!(wide.told(98_765.0, Rounding::Nearest), json!(99_000));
        assert_eq!(wide.told(998_008.0, Rounding::Up), json!(1_000_000));
        let exact = grid(Dtype::Int64, &numbers, true);
        assert_eq!(exact.told(98_765.0, Rounding::Down), json!(98_765));
        let narrow = grid(Dtype::Int64, &[1, 12, 5], false);
        assert_eq!(narrow.told(12.0, Rounding::Up), json!(12));
        let tens = grid(Dtype::Int64, &[10, 120, 50], false);
        assert_eq!(tens.told(115.0, Rounding::Nearest), json!(120));
        let fives = grid(Dtype::Int64, &[5, 55, 500], true);
        assert_eq!(fives.told(-1e30, Rounding::Down), json!(i64::MIN + 3));
    }

    #[test]
    fn what_lies_far_from_zero_moves_to_a_round_number() {
        let accounts = grid(
            Dtype::Int64,
            &[982_451_653, 982_451_700, 982_451_999],
            false,
        );
        assert_eq!(
            accounts.told(982_451_653.0, Rounding::Down),
            json!(980_000_000)
        );
        assert_eq!(
            accounts.told(982_451_999.0, Rounding::Up),
            json!(980_000_350)
        );
        let years = grid(Dtype::Int32, &[1987, 2016, 2001], false);
        assert_eq!(years.told(1987.0, Rounding::Down), json!(1900));
        let days = grid(Dtype::Date32, &[6_364, 6_763], false);
        assert_eq!(days.told(6_364.0, Rounding::Down), json!("1987-04-02"));
    }

    #[test]
    fn divisors_that_tell_something_are_left_out() {
        assert_eq!(grid(Dtype::Int64, &[12_347, 24_694], false).multiple, 1.0);
        assert_eq!(
            grid(Dtype::Int64, &[12_347, 24_694], true).multiple,
            12_347.0
        );
        assert_eq!(grid(Dtype::Int64, &[250, 500], false).multiple, 250.0);
        let minutes = grid(Dtype::Timestamp(TimeUnit::Ms), &[60_000, 180_000], false);
        assert_eq!(minutes.multiple, 60_000.0);
    }

    #[test]
    fn listed_numbers_are_moved_between_their_neighbours() {
        let numbers = [1_999_i64, 2_437, 2_437, 4_096];
        let prices = grid(
            Dtype::Decimal128 {
                precision: 9,
                scale: 2,
            },
            &numbers,
            false,
        );
        let numbers: Vec<f64> = numbers.iter().map(|number| *number as f64).collect();
        let keys = listed(&prices, &numbers, false);
        let values: Vec<f64> = keys["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert!(
            values.windows(2).all(|pair| pair[0] < pair[1]),
            "{values:?}"
        );
        assert!(
            values
                .iter()
                .all(|value| ![19.99, 24.37, 40.96].contains(value))
        );
        assert_eq!(keys["weights"], json!([0.25, 0.5, 0.25]));
    }

    #[rstest]
    #[case(Dtype::Int64, 5.0, json!(4))]
    #[case(Dtype::Int64, 2_013.0, json!(1_000))]
    #[case(Dtype::Int64, 1_000.0, json!(2_000))]
    #[case(Dtype::Int8, 100.0, json!(127))]
    #[case(Dtype::Int8, 1.0, json!(2))]
    #[case(Dtype::Float64, 19.99, json!(20.0))]
    #[case(Dtype::Int64, -77.0, json!(-60))]
    #[case(Dtype::Date32, 20_000.0, json!("2000-01-01"))]
    fn constants_are_others_of_as_many_digits(
        #[case] dtype: Dtype,
        #[case] number: f64,
        #[case] expected: Json,
    ) {
        assert_eq!(made_up_constant(dtype, number), expected);
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
