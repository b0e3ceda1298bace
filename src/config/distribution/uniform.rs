//! Values spread evenly over a range: `uniform` and `distinct`.

use super::draft::DistributionDraft;
use super::rules::{Draws, Rules};
use super::target::default_of;
use crate::config::model::{Distribution, Dtype};
use crate::config::number::Number;
use crate::config::raw::RawDistributionKeys;

pub(super) const UNIFORM: Rules = Rules {
    draws: Draws::All,
    keys: &["min", "max", "cardinality", "multiple_of"],
    ordered: true,
    repeats: true,
    has_length: true,
    check: uniform,
};

fn uniform(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let dtype = draft.target.dtype;
    if dtype == Dtype::Bool && keys.cardinality.is_some() {
        draft.refuse(
            "cardinality",
            "applies to numbers, string and binary, and the column is bool",
        );
    }
    let (min, max, cardinality) = range(draft, keys);
    Some(Distribution::Uniform {
        min,
        max,
        cardinality,
    })
}

pub(super) const DISTINCT: Rules = Rules {
    draws: Draws::AllButBool,
    keys: &["min", "max", "cardinality"],
    ordered: false,
    repeats: false,
    has_length: true,
    check: distinct,
};

fn distinct(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let (min, max, cardinality) = range(draft, keys);
    let rows = draft
        .target
        .rows
        .saturating_mul(if draft.target.is_vector() {
            draft.target.size
        } else {
            1
        });
    if let Some(cardinality) = cardinality.filter(|cardinality| *cardinality > rows) {
        draft.refuse(
            "cardinality",
            format!("{cardinality} distinct values do not fit into {rows} rows"),
        );
    }
    let wanted = cardinality.unwrap_or(rows);
    if cardinality.is_none() {
        check_room(draft, min, max, wanted);
        draft.check_made_up(Some(wanted));
    }
    Some(Distribution::Distinct {
        min,
        max,
        cardinality,
    })
}

/// Returns the bounds, both or none, and the number of values between them.
fn range(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> (Option<Number>, Option<Number>, Option<u64>) {
    let either = keys.min.is_some() || keys.max.is_some();
    let max_left_out = keys.max.is_none();
    let min = draft.number("min", keys.min);
    let max = draft.number("max", keys.max);
    let cardinality = draft.count("cardinality", keys.cardinality);
    let dtype = draft.target.dtype;
    let default = default_of(dtype);
    let (default_low, default_high) = match default {
        Distribution::Uniform {
            min: Some(low),
            max: Some(high),
            ..
        } => (low, high),
        _ => match dtype.integer_range() {
            Some((low, high)) => (Number::Integer(low), Number::Integer(high)),
            None => (Number::Float(0.0), Number::Float(1.0)),
        },
    };
    let (low, high) = (min.unwrap_or(default_low), max.unwrap_or(default_high));
    if either {
        draft.check_order(low, high, max_left_out);
    }
    if let Some(cardinality) = cardinality {
        check_room(draft, Some(low), Some(high), cardinality);
    }
    draft.check_made_up(cardinality);
    // If only one bound is given, the default of the other is added.
    let explicit = either || dtype.is_temporal() || matches!(dtype, Dtype::Decimal128 { .. });
    let bound = |bound| explicit.then_some(bound);
    (bound(low), bound(high), cardinality)
}

/// Checks that the given number of integers lies between the bounds.
fn check_room(
    draft: &mut DistributionDraft<'_, '_>,
    low: Option<Number>,
    high: Option<Number>,
    values: u64,
) {
    let range = draft.target.dtype.integer_range();
    let bound = |number: Option<Number>, limit: Option<i128>| match number {
        Some(Number::Integer(number)) => Some(number),
        _ => limit,
    };
    if let (Some(low), Some(high)) = (
        bound(low, range.map(|range| range.0)),
        bound(high, range.map(|range| range.1)),
    ) && draft.target.dtype.integer_range().is_some()
        && i128::from(values) > high - low + 1
    {
        let message = format!(
            "{values} is more than the {} values from {low} to {high}",
            high - low + 1
        );
        draft.refuse("cardinality", message);
    }
}
