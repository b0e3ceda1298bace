//! How numbers, dates, times and bools may have been drawn.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use serde_json::{Value as Json, json};

use super::error::LearnError;
use super::fitter::Fitting;
use super::grid::{Grid, Rounding, made_up_constant};
use super::keys::{Keys, keys_of, rounded, weights, with};
use super::order::{correlation, cycle_of, deviation, drift_of, line, sortedness, step_of};
use super::series::{Counts, Series, numbers_of, pools, runs};
use super::shape::Single;
use crate::config::Dtype;

/// Most different values that are listed one by one.
pub(super) const MOST_LISTED: usize = 64;

/// Stretches between quantiles.
const STRETCHES: usize = 40;

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
    let runs = runs(counts);

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
    let runs = runs.unwrap_or_else(|| json!({}));
    let cycles = cycle_of(&by_row, series.rows);
    let drift = drift_of(&by_row, &numbers);
    let by_rank = plain.iter().filter(|keys| {
        let kind = keys.get("kind").and_then(Json::as_str);
        matches!(kind, Some("categorical" | "quantiles" | "uniform"))
    });
    for keys in by_rank {
        for (cycle, sorted) in &cycles {
            candidates.push(with(keys, json!({ "sortedness": sorted, "cycle": cycle })));
        }
        if let Some(drift) = drift {
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
    let in_runs = runs(counts).map(|runs| with(&keys, runs));
    [keys].into_iter().chain(in_runs).collect()
}

/// Each value with its weight, in ascending order. Values are moved by up to a third of the way to
/// their neighbours, as far as what all are multiples of leaves room.
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
