//! The types that can be generated, and the nearest of them for any other type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, TimeUnit as Unit};
use arrow::error::ArrowError;

use crate::config::{Dtype, TimeUnit};
use crate::content::scalar_type_of;

/// The type of a column, of a list's elements or of a struct's field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Single(Single),
    /// Numbers in a row, and how many of them.
    Vector(Single, u64),
    List(Box<Shape>),
    Struct(Vec<(String, Shape)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Single {
    pub(super) dtype: Dtype,
    pub(super) time_zone: Option<String>,
}

impl Shape {
    /// Returns the shape of a type.
    ///
    /// # Errors
    ///
    /// Names the type if nothing like it can be generated.
    pub(super) fn of(data_type: &DataType) -> Result<Shape, String> {
        let single = |dtype| {
            Ok(Shape::Single(Single {
                dtype,
                time_zone: None,
            }))
        };
        match data_type {
            DataType::Boolean => single(Dtype::Bool),
            DataType::Int8 => single(Dtype::Int8),
            DataType::Int16 => single(Dtype::Int16),
            DataType::Int32 | DataType::Time32(_) => single(Dtype::Int32),
            DataType::Int64 | DataType::Time64(_) | DataType::Duration(_) => single(Dtype::Int64),
            DataType::UInt8 => single(Dtype::Uint8),
            DataType::UInt16 => single(Dtype::Uint16),
            DataType::UInt32 => single(Dtype::Uint32),
            DataType::UInt64 => single(Dtype::Uint64),
            DataType::Float16 => single(Dtype::Float16),
            DataType::Float32 => single(Dtype::Float32),
            DataType::Float64 => single(Dtype::Float64),
            DataType::Date32 | DataType::Date64 => single(Dtype::Date32),
            DataType::Timestamp(unit, zone) => Ok(Shape::Single(Single {
                dtype: Dtype::Timestamp(match unit {
                    Unit::Second => TimeUnit::S,
                    Unit::Millisecond => TimeUnit::Ms,
                    Unit::Microsecond => TimeUnit::Us,
                    Unit::Nanosecond => TimeUnit::Ns,
                }),
                time_zone: zone.as_deref().map(str::to_owned),
            })),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => match u8::try_from(*scale) {
                Ok(scale) if scale <= *precision && *precision <= 38 => single(Dtype::Decimal128 {
                    precision: *precision,
                    scale,
                }),
                _ => Err(data_type.to_string()),
            },
            DataType::Utf8 | DataType::Utf8View | DataType::Null => single(Dtype::String),
            DataType::LargeUtf8 => single(Dtype::LargeString),
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => single(Dtype::Binary),
            DataType::Dictionary(_, values) => Shape::of(values),
            DataType::RunEndEncoded(_, values) => Shape::of(values.data_type()),
            DataType::FixedSizeList(item, size) if *size > 1 => {
                match Shape::of(item.data_type())? {
                    Shape::Single(item) if item.dtype.is_numeric() => {
                        Ok(Shape::Vector(item, u64::try_from(*size).unwrap_or(1)))
                    }
                    item => Ok(Shape::List(Box::new(item))),
                }
            }
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => {
                Ok(Shape::List(Box::new(Shape::of(item.data_type())?)))
            }
            DataType::Map(entries, _) => Ok(Shape::List(Box::new(Shape::of(entries.data_type())?))),
            DataType::Struct(fields) if !fields.is_empty() => fields
                .iter()
                .map(|field| Ok((field.name().clone(), Shape::of(field.data_type())?)))
                .collect::<Result<_, _>>()
                .map(Shape::Struct),
            other => Err(other.to_string()),
        }
    }

    pub(super) fn data_type(&self) -> DataType {
        match self {
            Shape::Single(single) => single.data_type(),
            Shape::Vector(single, size) => DataType::FixedSizeList(
                Arc::new(Field::new("element", single.data_type(), true)),
                i32::try_from(*size).unwrap_or(i32::MAX),
            ),
            Shape::List(item) => {
                DataType::List(Arc::new(Field::new("element", item.data_type(), true)))
            }
            Shape::Struct(fields) => DataType::Struct(
                fields
                    .iter()
                    .map(|(name, shape)| Field::new(name, shape.data_type(), true))
                    .collect(),
            ),
        }
    }

    /// Converts an array to this shape.
    pub(super) fn take(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let lists = |list: &ListArray, item: &Shape| -> Result<ArrayRef, ArrowError> {
            let DataType::List(field) = self.data_type() else {
                return Ok(Arc::new(list.clone()));
            };
            let values = item.take(list.values())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls)?))
        };
        match (self, array.data_type()) {
            (Shape::List(item), DataType::Map(_, _)) => {
                let map: &MapArray = array.as_map();
                let entries: ArrayRef = Arc::new(map.entries().clone());
                let field = Arc::new(Field::new("element", entries.data_type().clone(), true));
                let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
                lists(&ListArray::try_new(field, offsets, entries, nulls)?, item)
            }
            (Shape::List(item), DataType::List(_)) => lists(array.as_list::<i32>(), item),
            (
                Shape::List(item),
                DataType::LargeList(inner)
                | DataType::ListView(inner)
                | DataType::LargeListView(inner)
                | DataType::FixedSizeList(inner, _),
            ) => {
                let list = cast(array, &DataType::List(Arc::clone(inner)))?;
                lists(list.as_list::<i32>(), item)
            }
            (Shape::Struct(shapes), DataType::Struct(_)) => {
                let array: &StructArray = array.as_struct();
                let DataType::Struct(fields) = self.data_type() else {
                    return Ok(Arc::new(array.clone()));
                };
                let values = shapes
                    .iter()
                    .zip(array.columns())
                    .map(|((_, shape), values)| shape.take(values))
                    .collect::<Result<Vec<_>, _>>()?;
                let fields: Fields = fields;
                Ok(Arc::new(StructArray::try_new(
                    fields,
                    values,
                    array.nulls().cloned(),
                )?))
            }
            (_, DataType::Dictionary(_, values)) => self.take(&cast(array, values)?),
            (_, DataType::RunEndEncoded(_, values)) => self.take(&cast(array, values.data_type())?),
            // A time of day or a duration becomes a number.
            (_, DataType::Time32(_)) => cast(array, &DataType::Int32),
            (_, DataType::Time64(_) | DataType::Duration(_)) => cast(array, &DataType::Int64),
            _ => cast(array, &self.data_type()),
        }
    }
}

impl Single {
    pub(super) fn data_type(&self) -> DataType {
        scalar_type_of(self.dtype, self.time_zone.as_deref())
    }
}

/// True if the nearest generated type differs from the column's type not only in memory, but in a
/// Parquet file, too.
pub(super) fn is_changed(data_type: &DataType, shape: &Shape) -> bool {
    if let (DataType::FixedSizeList(..), Shape::List(_)) = (data_type, shape) {
        return true;
    }
    let same = data_type.equals_datatype(&shape.data_type());
    !same
        && !matches!(
            data_type,
            DataType::Utf8View
                | DataType::BinaryView
                | DataType::LargeBinary
                | DataType::Dictionary(..)
                | DataType::RunEndEncoded(..)
                | DataType::List(_)
                | DataType::LargeList(_)
                | DataType::ListView(_)
                | DataType::LargeListView(_)
                | DataType::Struct(_)
                | DataType::FixedSizeList(..)
        )
}
