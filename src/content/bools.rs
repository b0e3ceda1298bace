//! Columns of bools.

use std::sync::Arc;

use arrow::array::BooleanArray;

use super::error::ContentError;
use super::maker::{Maker, ValueSource};
use super::ranks::Ranks;
use super::recipe::Recipe;
use super::rows::{bits, fill};
use super::values::weighed;
use crate::config::{Distribution, Value};

/// Returns the maker of a column of bools.
pub(super) fn maker(recipe: Recipe<'_>) -> Result<Maker, ContentError> {
    let key = recipe.key;
    let source: ValueSource<bool> = match &recipe.column.distribution {
        Distribution::Uniform {
            min: None,
            max: None,
            cardinality: None,
        } => Box::new(move |rows, size| {
            fill(rows, size, |block| {
                key.word(block).to_le_bytes().map(|byte| byte % 2 == 1)
            })
        }),
        Distribution::Categorical {
            values: Some(values),
            weights,
            ..
        } => {
            let (values, weights): (Vec<bool>, Vec<f64>) = weighed(values, weights.as_deref())
                .map(|(value, weight)| Ok((bool_value(value)?, weight)))
                .collect::<Result<Vec<_>, ContentError>>()?
                .into_iter()
                .unzip();
            let ranks = Ranks::weighted(&weights)?;
            Box::new(move |rows, size| {
                ranks.fill(key, rows, size, |number| values[number as usize])
            })
        }
        Distribution::CorrelatedWith {
            correlation,
            cardinality,
            ..
        } => {
            let followed = recipe.followed.ok_or(ContentError::Unfit)?;
            let numbers = followed.numbers(key, *correlation, (*cardinality).min(2));
            Box::new(move |rows, _| {
                numbers(rows)
                    .into_iter()
                    .map(|number| number == 1)
                    .collect()
            })
        }
        Distribution::Constant { value } => {
            let value = bool_value(value)?;
            Box::new(move |rows, size| vec![value; rows.len() * size])
        }
        _ => return Err(ContentError::Unfit),
    };
    Ok(Box::new(move |rows, nulls| {
        Arc::new(BooleanArray::new(bits(&source(rows, 1)), nulls))
    }))
}

fn bool_value(value: &Value) -> Result<bool, ContentError> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Number(_) | Value::Text(_) => Err(ContentError::Value(value.clone())),
    }
}
