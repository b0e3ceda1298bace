//! Values that the config lists: `categorical` and `constant`.

use std::collections::HashSet;

use super::draft::DistributionDraft;
use super::ranks::check_run;
use super::rules::{Draws, Rules};
use crate::config::fit::fitting_value;
use crate::config::leaf::Leaf;
use crate::config::model::{Distribution, Dtype};
use crate::config::number::Value;
use crate::config::raw::RawDistributionKeys;

pub(super) const CATEGORICAL: Rules = Rules {
    draws: Draws::All,
    keys: &["values", "weights", "cardinality", "min"],
    ordered: true,
    repeats: true,
    has_length: false,
    check: categorical,
};

fn categorical(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let cardinality = draft.count("cardinality", keys.cardinality);
    let has_min = keys.min.is_some();
    let min = draft.number("min", keys.min);
    if keys.weights.is_some() && keys.values.is_none() {
        draft.refuse("weights", "stands without `values`, which it weighs");
        return None;
    }
    match (keys.values, cardinality) {
        (Some(_), Some(_)) => {
            draft.refuse("cardinality", "stands beside `values`; give one of them");
            None
        }
        (Some(_), None) if has_min => {
            draft.refuse("min", "stands beside `values`; give one of them");
            None
        }
        (Some(values), None) => {
            let weights = match keys.weights {
                Some(weights) => Some(weights_of(draft, weights, values.len())?),
                None => None,
            };
            values_of(draft, values, weights)
        }
        (None, Some(_)) if draft.target.dtype == Dtype::Bool => {
            draft.refuse(
                "cardinality",
                "applies to numbers, string and binary; for bool, write `values: [true]`",
            );
            None
        }
        (None, Some(cardinality)) => {
            let min = min.or_else(|| draft.zero());
            check_run(draft, min, Some(cardinality));
            Some(Distribution::Categorical {
                values: None,
                weights: None,
                cardinality,
                min,
            })
        }
        (None, None) => {
            draft.findings.problem(
                draft.path,
                "`categorical` needs `values` or a `cardinality`",
            );
            None
        }
    }
}

fn weights_of(
    draft: &mut DistributionDraft<'_, '_>,
    leaves: Vec<Leaf<f64>>,
    values: usize,
) -> Option<Vec<f64>> {
    let place = draft.path.key("weights");
    let given = leaves.len();
    let weights: Vec<f64> = leaves
        .into_iter()
        .enumerate()
        .filter_map(|(index, leaf)| draft.findings.take(&place.item(index, None), Some(leaf)))
        .collect();
    let wrong = if given != values {
        format!("lists {given} weights for {values} values")
    } else if weights.len() < given {
        return None;
    } else if weights.iter().any(|weight| *weight < 0.0) {
        "lists a weight below 0".to_owned()
    } else if weights.iter().all(|weight| *weight == 0.0) {
        "leaves no value that could be drawn; give a weight above 0".to_owned()
    } else {
        return Some(weights);
    };
    draft.refuse("weights", wrong);
    None
}

fn values_of(
    draft: &mut DistributionDraft<'_, '_>,
    leaves: Vec<Leaf<Value>>,
    weights: Option<Vec<f64>>,
) -> Option<Distribution> {
    let place = draft.path.key("values");
    if leaves.is_empty() {
        draft.refuse("values", "lists no value; give at least one");
    }
    let mut values: Vec<Value> = Vec::new();
    let mut known = HashSet::new();
    for (index, leaf) in leaves.into_iter().enumerate() {
        let path = place.item(index, None);
        let Some(value) = draft.findings.take(&path, Some(leaf)) else {
            continue;
        };
        match fitting_value(value, draft.target.dtype) {
            Err(message) => draft.findings.problem(&path, message),
            Ok(value) if known.insert(format!("{value:?}")) => values.push(value),
            Ok(_) => draft
                .findings
                .problem(&path, "is listed twice; each value is drawn alike"),
        }
    }
    let cardinality = u64::try_from(values.len()).ok()?;
    Some(Distribution::Categorical {
        values: Some(values),
        weights,
        cardinality,
        min: None,
    })
}

pub(super) const CONSTANT: Rules = Rules {
    draws: Draws::All,
    keys: &["value"],
    ordered: false,
    repeats: true,
    has_length: false,
    check: constant,
};

fn constant(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    if keys.value.is_none() {
        draft
            .findings
            .problem(draft.path, "`constant` needs a `value`");
    }
    let value = draft.findings.take(&draft.path.key("value"), keys.value)?;
    match fitting_value(value, draft.target.dtype) {
        Ok(value) => Some(Distribution::Constant { value }),
        Err(message) => {
            draft.refuse("value", message);
            None
        }
    }
}
