//! Errors of generating columns.

use crate::config::{Number, Value};

/// Reason why a column cannot be generated. The caller adds the column's name. A validated config
/// can only cause a few of these errors: a value too long for an array, or a sequence in a vector
/// that leaves its type's range.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("its distribution does not fit its type")]
    Unfit,
    #[error("{} is not a value of its type", shown(.0))]
    Value(Value),
    #[error("an integer column takes whole numbers only")]
    Fraction,
    #[error(
        "{count} values from {} in steps of {} leave the range of its type",
        .start.as_f64(),
        .step.as_f64()
    )]
    Range {
        start: Number,
        step: Number,
        count: u64,
    },
    #[error("its bounds leave no value to choose from")]
    Empty,
    #[error("zipf takes an exponent above 0, not {0}")]
    Exponent(f64),
    #[error("a value of {0} bytes is too long: an array holds up to 2 147 483 647")]
    TooLong(u64),
    #[error("it follows the column `{0}`, which cannot be followed")]
    Followed(String),
    #[error("its specification cannot be written as JSON")]
    Specification(#[from] serde_json::Error),
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(Number::Integer(value)) => value.to_string(),
        Value::Number(Number::Float(value)) => value.to_string(),
        Value::Text(text) => format!("{text:?}"),
    }
}
