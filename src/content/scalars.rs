//! Columns that contain no other columns, by their types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, LargeStringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    ArrowTimestampType, BinaryType, Date32Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    Utf8Type,
};

use super::error::ContentError;
use super::field::scalar_type;
use super::lengths::Lengths;
use super::maker::{Maker, after};
use super::recipe::Recipe;
use super::{bools, numbers, text};
use crate::config::{Dtype, TimeUnit};

/// Returns the maker of a column, and the lengths of its values.
pub(super) fn maker(recipe: Recipe<'_>) -> Result<(Maker, Lengths), ContentError> {
    let column = recipe.column;
    match column.dtype {
        Dtype::String => text::maker::<Utf8Type>(recipe),
        Dtype::LargeString => {
            let (maker, lengths) = text::maker::<Utf8Type>(recipe)?;
            Ok((after(maker, large_strings), lengths))
        }
        Dtype::Binary => text::maker::<BinaryType>(recipe),
        dtype => {
            let row_bytes = dtype.value_bytes().saturating_mul(column.size);
            let is_bool = dtype == Dtype::Bool;
            let lengths = Lengths {
                longest: if is_bool { 1 } else { row_bytes },
                mean: row_bytes as f64,
            };
            let maker = match is_bool {
                true => bools::maker(recipe)?,
                false => number_maker(recipe)?,
            };
            Ok((maker, lengths))
        }
    }
}

/// Returns the maker of numbers. Dates, timestamps and decimals are integers in other arrays.
fn number_maker(recipe: Recipe<'_>) -> Result<Maker, ContentError> {
    match recipe.column.dtype {
        Dtype::Int8 => numbers::maker::<Int8Type>(recipe),
        Dtype::Int16 => numbers::maker::<Int16Type>(recipe),
        Dtype::Int32 => numbers::maker::<Int32Type>(recipe),
        Dtype::Int64 => numbers::maker::<Int64Type>(recipe),
        Dtype::Uint8 => numbers::maker::<UInt8Type>(recipe),
        Dtype::Uint16 => numbers::maker::<UInt16Type>(recipe),
        Dtype::Uint32 => numbers::maker::<UInt32Type>(recipe),
        Dtype::Uint64 => numbers::maker::<UInt64Type>(recipe),
        Dtype::Float16 => numbers::maker::<Float16Type>(recipe),
        Dtype::Float32 => numbers::maker::<Float32Type>(recipe),
        Dtype::Float64 => numbers::maker::<Float64Type>(recipe),
        Dtype::Date32 => Ok(after(numbers::maker::<Int32Type>(recipe)?, dates)),
        Dtype::Timestamp(TimeUnit::S) => timestamps::<TimestampSecondType>(recipe),
        Dtype::Timestamp(TimeUnit::Ms) => timestamps::<TimestampMillisecondType>(recipe),
        Dtype::Timestamp(TimeUnit::Us) => timestamps::<TimestampMicrosecondType>(recipe),
        Dtype::Timestamp(TimeUnit::Ns) => timestamps::<TimestampNanosecondType>(recipe),
        Dtype::Decimal128 { .. } => decimals(recipe),
        Dtype::Bool
        | Dtype::String
        | Dtype::LargeString
        | Dtype::Binary
        | Dtype::List
        | Dtype::Struct => Err(ContentError::Unfit),
    }
}

fn dates(array: ArrayRef) -> ArrayRef {
    let days = array.as_primitive::<Int32Type>();
    Arc::new(days.reinterpret_cast::<Date32Type>())
}

fn timestamps<T: ArrowTimestampType>(recipe: Recipe<'_>) -> Result<Maker, ContentError> {
    let zone: Option<Arc<str>> = recipe.column.time_zone.as_deref().map(Arc::from);
    let maker = numbers::maker::<Int64Type>(recipe)?;
    Ok(after(maker, move |array| {
        let numbers = array.as_primitive::<Int64Type>();
        Arc::new(
            numbers
                .reinterpret_cast::<T>()
                .with_timezone_opt(zone.clone()),
        )
    }))
}

fn decimals(recipe: Recipe<'_>) -> Result<Maker, ContentError> {
    let data_type = scalar_type(recipe.column);
    let maker = numbers::maker::<Int64Type>(recipe)?;
    Ok(after(maker, move |array| {
        let array = array.as_primitive::<Int64Type>();
        let values: Vec<i128> = array.values().iter().map(|value| (*value).into()).collect();
        Arc::new(
            Decimal128Array::new(values.into(), array.nulls().cloned())
                .with_data_type(data_type.clone()),
        )
    }))
}

fn large_strings(array: ArrayRef) -> ArrayRef {
    let array = array.as_string::<i32>();
    let offsets: Vec<i64> = array.offsets().iter().map(|end| i64::from(*end)).collect();
    Arc::new(LargeStringArray::new(
        OffsetBuffer::new(offsets.into()),
        array.values().clone(),
        array.nulls().cloned(),
    ))
}
