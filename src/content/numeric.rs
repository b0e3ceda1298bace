//! Arithmetic of the number types that columns are made of.

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::ArrowNativeType;

use super::error::ContentError;
use crate::config::{Number, Value};

/// A type of numbers that columns are made of.
pub(super) trait Numeric: ArrowPrimitiveType<Native = Self::Value> + Send + Sync {
    type Value: ArrowNativeType + PartialOrd;
    /// Values at equal distances, numbered from 0.
    type Line: Line<Self::Value> + 'static;

    /// Smallest and largest finite value.
    const LIMITS: (Self::Value, Self::Value);

    /// `number` as the config wrote it; none where the type has no such value. Floats are rounded.
    fn value(number: Number) -> Option<Self::Value>;

    /// A number rounded, and held within `min..=max`.
    fn round(number: f64, min: Self::Value, max: Self::Value) -> Self::Value;

    /// `count` values from `start` on; `step` is that far from one to the next.
    fn line(start: Number, step: Number, count: u64) -> Result<Self::Line, ContentError>;

    /// Function that rounds a value to the nearest multiple of a number above 0 that the type has.
    fn to_multiple(
        multiple: Number,
    ) -> Result<impl Fn(Self::Value) -> Self::Value + Send + Sync + 'static, ContentError>;
}

pub(super) trait Line<T>: Copy + Send + Sync {
    fn at(&self, number: u64) -> T;
}

/// A number of the config as a value of the type.
pub(super) fn number<T: Numeric>(value: &Value) -> Result<T::Value, ContentError> {
    match value {
        Value::Number(number) => T::value(*number),
        Value::Bool(_) | Value::Text(_) => None,
    }
    .ok_or_else(|| ContentError::Value(value.clone()))
}

/// `min` and `max` as values, the type's limits where they are left out.
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
