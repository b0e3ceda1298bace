//! Values that follow the row before: `sequence` and `random_walk`.

use super::draft::DistributionDraft;
use super::rules::{Draws, Rules};
use super::target::default_of;
use crate::config::fit::fitted;
use crate::config::model::{Distribution, Dtype};
use crate::config::number::Number;
use crate::config::raw::RawDistributionKeys;

pub(super) const SEQUENCE: Rules = Rules {
    draws: Draws::Numbers,
    keys: &["start", "step", "jitter", "cardinality", "min"],
    ordered: false,
    repeats: true,
    has_length: false,
    check: sequence,
};

fn sequence(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    if keys.start.is_some() && keys.min.is_some() {
        draft.refuse(
            "min",
            "stands beside `start`, which means the same; give one of them",
        );
    }
    let key = if keys.start.is_some() { "start" } else { "min" };
    let start = draft.number(key, keys.start.or(keys.min));
    let step = match keys.step {
        Some(step) => draft.distance("step", step)?,
        None => one(draft),
    };
    let jitter = match keys.jitter {
        Some(jitter) => Some(draft.distance("jitter", jitter)?),
        None => None,
    };
    let cardinality = draft.count("cardinality", keys.cardinality);
    let start = start.or_else(|| draft.zero())?;
    if step.as_f64() == 0.0 {
        draft.refuse("step", "0 repeats one value; write `kind: constant`");
    }
    if jitter.is_some_and(|jitter| jitter.as_f64() < 0.0) {
        draft.refuse("jitter", "must not be below 0");
    }
    // The elements of a vector continue the count: row r has the numbers r * size to r * size +
    // size - 1.
    let steps = draft
        .target
        .rows
        .min(cardinality.unwrap_or(u64::MAX))
        .saturating_mul(draft.target.size)
        .saturating_sub(1);
    let fits = |number: Option<Number>| {
        number.is_some_and(|number| fitted(number, draft.target.dtype).is_ok())
    };
    let jitter_or_none = jitter.unwrap_or(Number::Integer(0));
    let first = after(start, 0, step, jitter_or_none);
    let last = after(start, steps, step, Number::Integer(0));
    let beyond = after(start, steps, step, jitter_or_none);
    if !(fits(first) && fits(last) && fits(beyond)) {
        let (dtype, rows) = (draft.target.dtype, draft.target.rows);
        let message = format!(
            "{rows} rows of it leave the range of {dtype}; give a smaller `step`, or a `cardinality` after which it starts again"
        );
        draft.findings.problem(draft.path, message);
    }
    Some(Distribution::Sequence {
        start,
        step,
        jitter,
        cardinality,
    })
}

pub(super) const RANDOM_WALK: Rules = Rules {
    draws: Draws::Numbers,
    keys: &["start", "step", "min", "max", "multiple_of"],
    ordered: false,
    repeats: true,
    has_length: false,
    check: random_walk,
};

fn random_walk(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let start = draft.place("start", keys.start);
    let min = draft.number("min", keys.min);
    let max = draft.number("max", keys.max);
    draft.check_bounds(min, max);
    if min.is_some() != max.is_some() {
        let (given, missing) = if min.is_some() {
            ("min", "max")
        } else {
            ("max", "min")
        };
        draft.refuse(
            given,
            format!("stands without `{missing}`; give both or none"),
        );
    }
    let step = match keys.step {
        Some(step) => draft.place("step", Some(step))?,
        None => draft.unit(),
    };
    if step <= 0.0 {
        draft.refuse("step", format!("{step} is not above 0"));
    }
    let middle = match (min, max) {
        (Some(min), Some(max)) => (min.as_f64() + max.as_f64()) / 2.0,
        _ => match default_of(draft.target.dtype) {
            Distribution::Uniform { min: Some(min), .. } if draft.target.dtype.is_temporal() => {
                min.as_f64()
            }
            _ => 0.0,
        },
    };
    Some(Distribution::RandomWalk {
        start: start.unwrap_or(middle),
        step,
        min,
        max,
    })
}

/// Returns the default step of a sequence: 1 in the unit of the column.
fn one(draft: &DistributionDraft<'_, '_>) -> Number {
    match draft.target.dtype {
        Dtype::Decimal128 { scale, .. } => Number::Integer(10_i128.pow(scale.into())),
        _ => Number::Integer(1),
    }
}

/// Returns `start` + `steps` * `step` + `more`. None if integers exceed 128 bits.
fn after(start: Number, steps: u64, step: Number, more: Number) -> Option<Number> {
    match (start, step, more) {
        (Number::Integer(start), Number::Integer(step), Number::Integer(more)) => i128::from(steps)
            .checked_mul(step)
            .and_then(|way| start.checked_add(way))
            .and_then(|there| there.checked_add(more))
            .map(Number::Integer),
        (start, step, more) => Some(Number::Float(
            start.as_f64() + steps as f64 * step.as_f64() + more.as_f64(),
        )),
    }
}
