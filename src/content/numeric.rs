//! Arithmetic of the number types of columns.

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::ArrowNativeType;

use super::error::ContentError;
use crate::config::{Number, Value};

/// A number type of columns.
pub(super) trait Numeric: ArrowPrimitiveType<Native = Self::Value> + Send + Sync {
    type Value: ArrowNativeType + PartialOrd;
    /// Values at equal distances, numbered from 0.
    type Line: Line<Self::Value> + 'static;

    /// Smallest and largest finite value.
    const LIMITS: (Self::Value, Self::Value);

    /// Returns a number of the config as a value. None if the type has no such value. Floats are
    /// rounded.
    fn value(number: Number) -> Option<Self::Value>;

    /// Returns a number, rounded and kept within `min..=max`.
    fn round(number: f64, min: Self::Value, max: Self::Value) -> Self::Value;

    /// Returns a line of `count` values from `start` on, each `step` from the one before.
    fn line(start: Number, step: Number, count: u64) -> Result<Self::Line, ContentError>;

    /// Returns a function that rounds a value to the nearest multiple, within the type, of a number
    /// above 0.
    fn to_multiple(
        multiple: Number,
    ) -> Result<impl Fn(Self::Value) -> Self::Value + Send + Sync + 'static, ContentError>;
}

pub(super) trait Line<T>: Copy + Send + Sync {
    fn at(&self, number: u64) -> T;
}

/// Returns a number of the config as a value of the type. Fails if the type has no such value.
pub(super) fn number<T: Numeric>(value: &Value) -> Result<T::Value, ContentError> {
    match value {
        Value::Number(number) => T::value(*number),
        Value::Bool(_) | Value::Text(_) => None,
    }
    .ok_or_else(|| ContentError::Value(value.clone()))
}

/// Returns `min` and `max` as values, with the type's limits as defaults.
pub(super) fn bounds<T: Numeric>(
    min: Option<Number>,
    max: Option<Number>,
) -> Result<(T::Value, T::Value), ContentError> {
    let bound = |number: Option<Number>, limit| match number {
        None => Ok(limit),
        Some(number) => T::value(number)
            .filter(|_| number.as_f64().is_finite())
            .ok_or(ContentError::Value(Value::Number(number))),
    };
    let (min, max) = (bound(min, T::LIMITS.0)?, bound(max, T::LIMITS.1)?);
    if min > max {
        Err(ContentError::Empty)
    } else {
        Ok((min, max))
    }
}
