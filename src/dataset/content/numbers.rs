//! Columns of numbers and of bools.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, ListArray, PrimitiveArray,
};
use arrow::buffer::{Buffer, NullBuffer};

use super::index::{Index, Zipf};
use super::normal::Ziggurat;
use super::numeric::{Line, Numeric};
use super::random::Key;
use super::rows::{Rows, bits, even_offsets, fill};
use super::{ContentError, Maker, Source, element_field};
use crate::config::{Column, Distribution, Number, Value, VectorLayout};

#[cfg(target_endian = "big")]
compile_error!("vectors in the binary layout are copied from memory, and are little-endian");

/// Arrays of a column of numbers.
pub(super) fn maker<T: Numeric>(
    column: &Column,
    key: Key,
    total_rows: u64,
    layout: VectorLayout,
) -> Result<Maker, ContentError> {
    let source = source::<T>(column, key, total_rows)?;
    if !column.is_vector() {
        return Ok(Box::new(move |rows, nulls| {
            Arc::new(PrimitiveArray::<T>::new(source(rows, 1).into(), nulls))
        }));
    }
    // At most `i32::MAX`, as `ColumnGenerator::new` made sure.
    let size = column.size as usize;
    let element = Arc::new(element_field(column.dtype));
    Ok(match layout {
        VectorLayout::FixedSizeList => Box::new(move |rows, nulls| {
            let values = PrimitiveArray::<T>::new(source(rows, size).into(), None);
            Arc::new(FixedSizeListArray::new(
                element.clone(),
                size as i32,
                Arc::new(values),
                nulls,
            ))
        }),
        VectorLayout::List => Box::new(move |rows, nulls| {
            let values = PrimitiveArray::<T>::new(
                valid_values(&source, rows, size, nulls.as_ref()).into(),
                None,
            );
            let offsets = even_offsets(rows.len(), size, nulls.as_ref());
            Arc::new(ListArray::new(
                element.clone(),
                offsets,
                Arc::new(values),
                nulls,
            )) as ArrayRef
        }),
        VectorLayout::Binary => Box::new(move |rows, nulls| {
            let values = Buffer::from_vec(valid_values(&source, rows, size, nulls.as_ref()));
            let offsets = even_offsets(rows.len(), size * size_of::<T::Native>(), nulls.as_ref());
            Arc::new(BinaryArray::new(offsets, values, nulls))
        }),
    })
}

/// The values of the rows that are not null.
fn valid_values<T>(
    source: &Source<T>,
    rows: Rows<'_>,
    size: usize,
    nulls: Option<&NullBuffer>,
) -> Vec<T> {
    match nulls {
        None => source(rows, size),
        Some(nulls) => source(Rows::Listed(&rows.valid(nulls)), size),
    }
}

fn source<T: Numeric>(
    column: &Column,
    key: Key,
    total_rows: u64,
) -> Result<Source<T::Value>, ContentError> {
    let whole = |min: &Option<Number>| min.unwrap_or(Number::Integer(0));
    match &column.distribution {
        Distribution::Uniform {
            min,
            max,
            cardinality,
        } => T::uniform(key, *min, *max, *cardinality),
        Distribution::Normal {
            mean,
            std_dev,
            min,
            max,
        } => {
            let (mean, std_dev) = (*mean, *std_dev);
            let (min, max) = bounds::<T>(*min, *max)?;
            let ziggurat = Ziggurat::shared();
            Ok(T::rounded(
                move |position| mean + std_dev * ziggurat.draw(key.word(position)),
                min,
                max,
            ))
        }
        Distribution::Zipf {
            exponent,
            cardinality,
            min,
        } => {
            let line = T::line(whole(min), Number::Integer(1), *cardinality)?;
            Ok(indexed(
                key,
                Index::Zipf(Zipf::new(*exponent, *cardinality)?),
                line,
            ))
        }
        Distribution::Categorical {
            values: Some(values),
            ..
        } => one_of(
            key,
            values.iter().map(number::<T>).collect::<Result<_, _>>()?,
        ),
        Distribution::Categorical {
            values: None,
            cardinality,
            min,
        } => {
            let line = T::line(whole(min), Number::Integer(1), *cardinality)?;
            Ok(indexed(
                key,
                Index::Uniform {
                    count: *cardinality,
                },
                line,
            ))
        }
        Distribution::Sequence {
            start,
            step,
            cardinality,
        } => {
            // The numbers of a vector follow one another too.
            let width = if column.is_vector() { column.size } else { 1 };
            let period = cardinality.map(|rows| rows.max(1).saturating_mul(width));
            let count = total_rows.saturating_mul(width);
            let line = T::line(
                *start,
                *step,
                period.map_or(count, |period| period.min(count)),
            )?;
            Ok(indexed(key, Index::Position { period }, line))
        }
        Distribution::Constant { value } => {
            let value = number::<T>(value)?;
            Ok(Box::new(move |rows, size| vec![value; rows.len() * size]))
        }
        Distribution::Words { .. } => Err(ContentError::Unfit),
    }
}

fn number<T: Numeric>(value: &Value) -> Result<T::Value, ContentError> {
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

pub(super) fn indexed<T: Copy + Default + 'static>(
    key: Key,
    index: Index,
    line: impl Line<T> + 'static,
) -> Source<T> {
    Box::new(move |rows, size| index.fill(key, rows, size, |number| line.at(number)))
}

/// Each of `values` alike.
fn one_of<T: Copy + Default + Send + Sync + 'static>(
    key: Key,
    values: Vec<T>,
) -> Result<Source<T>, ContentError> {
    if values.is_empty() {
        return Err(ContentError::Empty);
    }
    let index = Index::Uniform {
        count: values.len() as u64,
    };
    Ok(Box::new(move |rows, size| {
        index.fill(key, rows, size, |number| values[number as usize])
    }))
}

/// Arrays of a column of bools.
pub(super) fn bool_maker(column: &Column, key: Key) -> Result<Maker, ContentError> {
    let source: Source<bool> = match &column.distribution {
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
            ..
        } => one_of(
            key,
            values.iter().map(bool_value).collect::<Result<_, _>>()?,
        )?,
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
