//! Whether a value fits a column's type.

use super::leaf::{flag_of, whole_float};
use super::model::{Dtype, Number, Value};

const LARGEST_FLOAT16: f64 = 65_504.0;

pub(super) fn shown(number: Number) -> String {
    match number {
        Number::Integer(number) => number.to_string(),
        Number::Float(number) => number.to_string(),
    }
}

/// Smallest and largest finite value of a numeric type.
pub(super) fn limits(dtype: Dtype) -> (f64, f64) {
    match (dtype.integer_range(), dtype) {
        (Some((low, high)), _) => (low as f64, high as f64),
        (None, Dtype::Float16) => (-LARGEST_FLOAT16, LARGEST_FLOAT16),
        (None, Dtype::Float32) => (f32::MIN.into(), f32::MAX.into()),
        (None, _) => (f64::MIN, f64::MAX),
    }
}

/// The number as the type holds it: integers as integers, floats as floats.
pub(super) fn fitted(number: Number, dtype: Dtype) -> Result<Number, String> {
    let outside = |low: String, high: String| {
        format!(
            "{} does not fit {dtype}, which holds {low} to {high}",
            shown(number)
        )
    };
    let Some((low, high)) = dtype.integer_range() else {
        let (low, high) = limits(dtype);
        let value = number.as_f64();
        return if (low..=high).contains(&value) {
            Ok(Number::Float(value))
        } else {
            Err(outside(low.to_string(), high.to_string()))
        };
    };
    let whole = match number {
        Number::Integer(number) => number,
        Number::Float(float) if float.fract() != 0.0 => {
            return Err(format!("{float} has a fraction, and the column is {dtype}"));
        }
        Number::Float(float) => {
            whole_float(float).ok_or_else(|| outside(low.to_string(), high.to_string()))?
        }
    };
    if (low..=high).contains(&whole) {
        Ok(Number::Integer(whole))
    } else {
        Err(outside(low.to_string(), high.to_string()))
    }
}

/// A value that a column of this type can hold.
pub(super) fn fitting_value(value: Value, dtype: Dtype) -> Result<Value, String> {
    match (value, dtype) {
        (Value::Number(number), dtype) if dtype.is_numeric() => {
            fitted(number, dtype).map(Value::Number)
        }
        (Value::Bool(flag), Dtype::Bool) => Ok(Value::Bool(flag)),
        (Value::Text(text), Dtype::Bool) => flag_of(&text)
            .map(Value::Bool)
            .ok_or_else(|| format!("`{text}` is not a boolean; write `true` or `false`")),
        (Value::Text(text), Dtype::String | Dtype::Binary) => Ok(Value::Text(text)),
        (Value::Text(text), dtype) => Err(format!(
            "`{text}` is not a number, and the column is {dtype}"
        )),
        (Value::Bool(flag), Dtype::String | Dtype::Binary) => Err(format!(
            "`{flag}` is not text; put it in quotes: `\"{flag}\"`"
        )),
        (Value::Bool(flag), dtype) => {
            Err(format!("`{flag}` is a boolean, and the column is {dtype}"))
        }
        (Value::Number(number), Dtype::Bool) => Err(format!(
            "{} is not a boolean; write `true` or `false`",
            shown(number)
        )),
        (Value::Number(number), _) => {
            let number = shown(number);
            Err(format!(
                "`{number}` is not text; put it in quotes: `\"{number}\"`"
            ))
        }
    }
}
