//! Finds ways in which numbers, dates, times and booleans may have been drawn.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::fitter::FitSettings;
use super::grid::{Grid, Rounding, made_up_constant};
use super::keys::{Keys, keys_of, rounded, weights, with};
use super::order::{correlation, cycle_of, deviation, drift_of, line, sortedness, step_of};
use super::series::{Counts, Series, numbers_of, pools, runs};
use super::shape::Single;
use crate::config::Dtype;

/// Most different values that are listed one by one.
pub(super) const MOST_LISTED: usize = 64;

/// Number of stretches between quantiles.
const STRETCHES: usize = 40;

/// Ways to draw a column, and the number by which their values were moved on purpose.
pub(super) struct Candidates {
    pub(super) keys: Vec<Keys>,
    pub(super) shift: f64,
}

impl Candidates {
    fn unmoved(keys: Vec<Keys>) -> Self {
        Candidates { keys, shift: 0.0 }
    }
}

/// Numbers whose correlation with their rows is at most this, in absolute value, are in no order.
const LEAST_CORRELATION: f64 = 0.8;

/// Returns the candidates for a column of numbers, the simple ones first. Not all of them fit.
pub(super) fn candidates(
    series: &Series,
    single: &Single,
    counts: &Counts,
    fitting: &FitSettings,
) -> Result<Candidates, LearnError> {
    if single.dtype == Dtype::Bool {
        return Ok(Candidates::unmoved(bools(series, counts)));
    }
    let by_row = numbers_by_row(series);
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
        // The distance is infinite, so nothing can be computed with it.
        let bounds = json!({ "kind": "uniform", "min": -1e308, "max": 1e308 });
        return Ok(Candidates::unmoved(vec![keys_of(bounds)]));
    }
    let column = NumberColumn {
        bounds: json!({ "min": grid.told(low, Rounding::Down), "max": grid.told(high, Rounding::Up) }),
        multiple: match grid.multiple > 0.0 && (grid.multiple != 1.0 || grid.dtype.is_float()) {
            true => json!({ "multiple_of": grid.exactly(grid.multiple) }),
            false => json!({}),
        },
        runs: runs(counts),
        by_row: &by_row,
        numbers: &numbers,
        grid: &grid,
        series,
        single,
        counts,
        keep_values: fitting.keep_values,
    };
    let plain = column.plain();
    let mut keys = column.in_order(&plain);
    for each in &plain {
        keys.push(each.clone());
        if let Some(runs) = &column.runs {
            keys.push(with(each, runs.clone()));
        }
    }
    keys.extend(column.moving(&plain));
    keys.extend(column.pooled());
    Ok(Candidates {
        keys,
        shift: grid.shift,
    })
}

/// Returns the row numbers and values of all finite numbers.
fn numbers_by_row(series: &Series) -> Vec<(f64, f64)> {
    let of_piece = series.pieces.iter().flat_map(|piece| {
        let numbers = numbers_of(&piece.array).into_iter().enumerate();
        let first = piece.first;
        numbers.filter_map(move |(row, number)| Some(((first + row as u64) as f64, number?)))
    });
    of_piece.filter(|(_, number)| number.is_finite()).collect()
}

/// A column that has different numbers, and the parts that its candidates share.
struct NumberColumn<'a> {
    /// In ascending order.
    numbers: &'a [f64],
    by_row: &'a [(f64, f64)],
    grid: &'a Grid,
    /// Keys with the smallest and the largest number.
    bounds: Json,
    /// Key with the number that all values are multiples of; no key if there is none.
    multiple: Json,
    /// Keys of runs of equal numbers, if there are such runs.
    runs: Option<Json>,
    series: &'a Series,
    single: &'a Single,
    counts: &'a Counts,
    keep_values: bool,
}

impl NumberColumn<'_> {
    fn on_grid(&self, keys: Json) -> Keys {
        let bounded = with(&keys_of(keys), self.bounds.clone());
        with(&bounded, self.multiple.clone())
    }

    fn by_quantiles(&self, numbers: &[f64]) -> Keys {
        let values = quantiles(self.grid, numbers);
        with(
            &keys_of(json!({ "kind": "quantiles", "values": values })),
            self.multiple.clone(),
        )
    }

    fn with_runs(&self, keys: &Keys) -> Keys {
        with(keys, self.runs.clone().unwrap_or_else(|| json!({})))
    }

    /// Candidates in which each row is drawn by itself.
    fn plain(&self) -> Vec<Keys> {
        let (grid, counts, numbers) = (self.grid, self.counts, self.numbers);
        let mut plain = Vec::new();
        if counts.distinct() <= MOST_LISTED {
            plain.push(listed(grid, numbers, self.keep_values));
        }
        let valid = counts.valid() as f64;
        let mean = numbers.iter().sum::<f64>() / valid.max(1.0);
        let std_dev = deviation(numbers, mean);
        if counts.distinct() == counts.valid() && grid.multiple <= 1.0 {
            plain.push(with(
                &keys_of(json!({ "kind": "distinct" })),
                self.bounds.clone(),
            ));
        }
        plain.push(self.on_grid(json!({ "kind": "uniform" })));
        plain.push(self.on_grid(json!({
            "kind": "normal",
            "mean": grid.told(mean, Rounding::Nearest),
            "std_dev": grid.distance(std_dev),
        })));
        if numbers.first().is_some_and(|low| *low > 0.0) && !self.single.dtype.is_temporal() {
            let scale = match self.single.dtype {
                Dtype::Decimal128 { scale, .. } => 10_f64.powi(scale.into()),
                _ => 1.0,
            };
            let logarithms: Vec<f64> = numbers.iter().map(|number| (number / scale).ln()).collect();
            let mean = logarithms.iter().sum::<f64>() / valid.max(1.0);
            plain.push(self.on_grid(json!({
                "kind": "lognormal",
                "mean": rounded(mean),
                "std_dev": rounded(deviation(&logarithms, mean)),
            })));
        }
        plain.push(self.by_quantiles(numbers));
        plain
    }

    /// Candidates for numbers that rise or fall with their rows: sequences, and sorted numbers.
    fn in_order(&self, plain: &[Keys]) -> Vec<Keys> {
        let mut keys = Vec::new();
        let correlation = correlation(self.by_row);
        if correlation.abs() > LEAST_CORRELATION {
            keys.extend(sequences(
                self.grid,
                self.series,
                self.by_row,
                self.keep_values,
            ));
        }
        if correlation > LEAST_CORRELATION {
            let sorted = sortedness(self.by_row);
            let plain = plain.iter();
            for each in plain.filter(|keys| keys.get("kind") != Some(&json!("distinct"))) {
                for share in [1.0, sorted] {
                    keys.push(with(each, json!({ "sortedness": share })));
                }
            }
        }
        keys
    }

    /// Candidates for numbers that come in cycles, drift, or take steps from the previous one.
    fn moving(&self, plain: &[Keys]) -> Vec<Keys> {
        let mut keys = Vec::new();
        let cycles = cycle_of(self.by_row, self.series.rows);
        let drift = drift_of(self.by_row, self.numbers);
        let by_rank = plain.iter().filter(|keys| {
            let kind = keys.get("kind").and_then(Json::as_str);
            matches!(kind, Some("categorical" | "quantiles" | "uniform"))
        });
        for each in by_rank {
            for (cycle, sorted) in &cycles {
                keys.push(with(each, json!({ "sortedness": sorted, "cycle": cycle })));
            }
            if let Some(drift) = drift {
                for part in [0.5, 1.0, 1.5] {
                    let drift = rounded((drift * part).min(1.0));
                    keys.push(with(each, json!({ "drift": drift })));
                }
            }
        }
        if let Some(step) = step_of(self.by_row) {
            let step = self.grid.distance(step);
            let walk = self.on_grid(json!({ "kind": "random_walk", "step": step }));
            keys.push(self.with_runs(&walk));
        }
        keys
    }

    /// Candidates for numbers drawn from a smaller pool, some of them more often than others.
    fn pooled(&self) -> Vec<Keys> {
        let mut keys = Vec::new();
        let (counts, choices) = (self.counts, pools(self.counts));
        if counts.distinct() <= MOST_LISTED || choices.is_empty() {
            return keys;
        }
        let mut different = self.numbers.to_vec();
        different.dedup();
        let shapes = [different.as_slice(), self.numbers].map(|numbers| self.by_quantiles(numbers));
        for (size, exponent) in choices {
            let pool = json!({ "pool": { "size": size, "exponent": exponent } });
            for shape in &shapes {
                keys.push(self.with_runs(&with(shape, pool.clone())));
            }
            if exponent > 0.0 && self.grid.multiple <= 1.0 && self.single.dtype.is_integer() {
                let low = self.numbers.first().copied().unwrap_or_default();
                let zipf = json!({
                    "kind": "zipf", "exponent": exponent, "cardinality": size,
                    "min": self.grid.told(low, Rounding::Down),
                });
                keys.push(self.with_runs(&keys_of(zipf)));
            }
        }
        keys
    }
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
    let in_runs = runs(counts).map(|runs| with(&keys, runs));
    [keys].into_iter().chain(in_runs).collect()
}

/// Returns each value with its weight, in ascending order. Unless values are kept, each is moved by
/// up to a third of the way to its nearest neighbour, and rounded to the multiple that all values
/// share.
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
        // Multiples of the golden ratio have fractions that are spread evenly, and never give 0.
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

/// Returns a sequence with a step per row, and with jitter if the numbers are off its line. Empty
/// if no sequence fits.
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
        // Two digits more than other numbers in the config have, since errors of steps add up.
        false => rounded(step),
    };
    // If the slope is not a whole step, numbers drift away from the sequence.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::learn::grid::tests::grid;

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
}
