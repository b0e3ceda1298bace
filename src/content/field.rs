//! Arrow's fields and types of columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use crate::config::{Column, Dtype, TimeUnit, VectorLayout};

/// The field of a column: its name, its type and whether it is nullable.
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
                // No generator takes a longer one.
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

/// The elements of a list.
pub(super) fn element_of_list(column: &Column, vector_layout: VectorLayout) -> Field {
    column.children.first().map_or_else(
        || Field::new(ELEMENT, DataType::Null, true),
        |item| field_of(item, vector_layout).with_name(ELEMENT),
    )
}

/// Name of a list's elements in a file, as the Parquet specification has it.
const ELEMENT: &str = "element";

/// The elements of a vector. They are named as the Parquet specification and PyArrow name them, so
/// that files have the column paths that DLIO's have. No element is null, and a field that says so
/// saves every reader its definition level; PyArrow, DuckDB and arrow-rs read it alike.
pub(super) fn element_field(column: &Column) -> Field {
    Field::new(ELEMENT, scalar_type(column), false)
}

/// The Arrow type of one value. Nested types have none by themselves; see [`field_of`].
pub fn scalar_type(column: &Column) -> DataType {
    scalar_type_of(column.dtype, column.time_zone.as_deref())
}

/// The same, of a type and a timestamp's time zone.
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
