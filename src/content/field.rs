//! Arrow's fields and types of columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use crate::config::{Column, Dtype, TimeUnit, VectorLayout};

/// Returns the field of a column: name, type and nullability.
pub fn field_of(column: &Column, vector_layout: VectorLayout) -> Field {
    let data_type = match column.dtype {
        Dtype::List => DataType::List(Arc::new(element_of_list(column, vector_layout))),
        Dtype::Struct => DataType::Struct(
            column
                .children
                .iter()
                .map(|child| field_of(child, vector_layout))
                .collect(),
        ),
        _ if column.is_vector() => {
            let element = Arc::new(element_field(column));
            match vector_layout {
                // Generators refuse longer vectors.
                VectorLayout::FixedSizeList => {
                    DataType::FixedSizeList(element, i32::try_from(column.size).unwrap_or(i32::MAX))
                }
                VectorLayout::List => DataType::List(element),
                VectorLayout::Binary => DataType::Binary,
            }
        }
        _ => scalar_type(column),
    };
    Field::new(&column.name, data_type, column.null_fraction > 0.0)
}

/// Returns the field of a list's elements.
pub(super) fn element_of_list(column: &Column, vector_layout: VectorLayout) -> Field {
    column.children.first().map_or_else(
        || Field::new(ELEMENT, DataType::Null, true),
        |item| field_of(item, vector_layout).with_name(ELEMENT),
    )
}

/// Name of a list's elements in a file, from the Parquet specification.
const ELEMENT: &str = "element";

/// Returns the field of a vector's elements. The name is that of the Parquet specification and
/// PyArrow, which gives files the same column paths as DLIO's. No element is null, and a field that
/// is not nullable saves every reader the definition level; PyArrow, DuckDB and arrow-rs read it
/// alike.
pub(super) fn element_field(column: &Column) -> Field {
    Field::new(ELEMENT, scalar_type(column), false)
}

/// Returns the Arrow type of one value. Nested types have no type of their own; see [`field_of`].
pub fn scalar_type(column: &Column) -> DataType {
    scalar_type_of(column.dtype, column.time_zone.as_deref())
}

/// Does the same as [`scalar_type`], given a type and a timestamp's time zone.
pub(crate) fn scalar_type_of(dtype: Dtype, time_zone: Option<&str>) -> DataType {
    use arrow::datatypes::TimeUnit as Unit;
    match dtype {
        Dtype::Int8 => DataType::Int8,
        Dtype::Int16 => DataType::Int16,
        Dtype::Int32 => DataType::Int32,
        Dtype::Int64 => DataType::Int64,
        Dtype::Uint8 => DataType::UInt8,
        Dtype::Uint16 => DataType::UInt16,
        Dtype::Uint32 => DataType::UInt32,
        Dtype::Uint64 => DataType::UInt64,
        Dtype::Float16 => DataType::Float16,
        Dtype::Float32 => DataType::Float32,
        Dtype::Float64 => DataType::Float64,
        Dtype::Bool => DataType::Boolean,
        Dtype::String => DataType::Utf8,
        Dtype::LargeString => DataType::LargeUtf8,
        Dtype::Binary => DataType::Binary,
        Dtype::Date32 => DataType::Date32,
        Dtype::Timestamp(unit) => {
            let unit = match unit {
                TimeUnit::S => Unit::Second,
                TimeUnit::Ms => Unit::Millisecond,
                TimeUnit::Us => Unit::Microsecond,
                TimeUnit::Ns => Unit::Nanosecond,
            };
            DataType::Timestamp(unit, time_zone.map(Arc::from))
        }
        Dtype::Decimal128 { precision, scale } => {
            DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        }
        Dtype::List | Dtype::Struct => DataType::Null,
    }
}
