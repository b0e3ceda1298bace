//! `correlated_with`: values that follow those of another column.

use super::draft::{DEFAULT_CARDINALITY, DEFAULT_STD_DEV, DistributionDraft};
use super::rules::{Draws, Rules};
use super::target::default_of;
use crate::config::model::{Distribution, Dtype};
use crate::config::raw::RawDistributionKeys;

const DEFAULT_CORRELATION: f64 = 0.9;

pub(super) const CORRELATED_WITH: Rules = Rules {
    draws: Draws::All,
    keys: &[
        "column",
        "correlation",
        "mean",
        "std_dev",
        "min",
        "max",
        "cardinality",
    ],
    ordered: false,
    repeats: false,
    has_length: false,
    check: correlated_with,
};

fn correlated_with(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let numbers = draft.target.dtype.draws_numbers();
    if keys.column.is_none() {
        draft
            .findings
            .problem(draft.path, "`correlated_with` needs a `column`");
    }
    let with = draft
        .findings
        .take_text(&draft.path.key("column"), keys.column);
    let correlation = draft.float("correlation", keys.correlation, DEFAULT_CORRELATION);
    let lowest = if numbers { -1.0 } else { 0.0 };
    if !(lowest..=1.0).contains(&correlation) {
        draft.refuse(
            "correlation",
            format!("{correlation} does not lie between {lowest} and 1"),
        );
    }
    for (key, given) in [
        ("mean", keys.mean.is_some()),
        ("std_dev", keys.std_dev.is_some()),
    ] {
        if given && !numbers {
            draft.refuse(
                key,
                format!(
                    "applies to numbers, and the column is {}",
                    draft.target.dtype
                ),
            );
        }
    }
    if numbers && keys.cardinality.is_some() {
        draft.refuse(
            "cardinality",
            "does not apply to numbers, which have `mean` and `std_dev`",
        );
    }
    let min = draft.number("min", keys.min);
    let max = draft.number("max", keys.max);
    let mean = if numbers {
        draft.place("mean", keys.mean)
    } else {
        None
    };
    let std_dev = draft.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV) * draft.unit();
    if numbers {
        draft.check_bounds(min, max);
    }
    let cardinality = draft.count("cardinality", keys.cardinality);
    draft.check_made_up(cardinality);
    let most = match draft.target.dtype {
        Dtype::Bool => 2,
        _ => draft.made_up_values().unwrap_or(u64::MAX),
    };
    Some(Distribution::CorrelatedWith {
        with: with?,
        correlation,
        mean: mean.unwrap_or_else(|| match default_of(draft.target.dtype) {
            Distribution::Uniform {
                min: Some(min),
                max: Some(max),
                ..
            } => (min.as_f64() + max.as_f64()) / 2.0,
            _ => 0.0,
        }),
        std_dev,
        min,
        max,
        cardinality: cardinality.unwrap_or(DEFAULT_CARDINALITY.min(most)),
    })
}
