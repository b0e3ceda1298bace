//! `quantiles`: numbers between each two of which the same number of rows lies.

use super::draft::DistributionDraft;
use super::rules::{Draws, Rules};
use crate::config::fit::fitting_value;
use crate::config::model::Distribution;
use crate::config::number::{Number, Value};
use crate::config::raw::RawDistributionKeys;

pub(super) const QUANTILES: Rules = Rules {
    draws: Draws::Numbers,
    keys: &["values", "multiple_of"],
    ordered: true,
    repeats: true,
    has_length: false,
    check: quantiles,
};

fn quantiles(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let place = draft.path.key("values");
    let mut values: Vec<Number> = Vec::new();
    let leaves = keys.values.unwrap_or_default();
    let count = leaves.len();
    for (index, leaf) in leaves.into_iter().enumerate() {
        let path = place.item(index, None);
        let Some(value) = draft.findings.take(&path, Some(leaf)) else {
            continue;
        };
        match fitting_value(value, draft.target.dtype) {
            Ok(Value::Number(number)) => {
                if values.last().is_some_and(|last| below(number, *last)) {
                    draft
                        .findings
                        .problem(&path, "is below the one before; quantiles ascend");
                }
                values.push(number);
            }
            Ok(_) => draft.findings.problem(&path, "is not a number"),
            Err(message) => draft.findings.problem(&path, message),
        }
    }
    if count < 2 {
        draft.refuse("values", "lists fewer than two quantiles; give two or more");
    }
    (count > 1 && values.len() == count).then_some(Distribution::Quantiles { values })
}

fn below(left: Number, right: Number) -> bool {
    match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => left < right,
        (left, right) => left.as_f64() < right.as_f64(),
    }
}
