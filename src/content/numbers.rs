//! Columns of numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeListArray, ListArray, PrimitiveArray};
use arrow::buffer::{Buffer, NullBuffer};

use super::distributions::drawn;
use super::error::ContentError;
use super::field::element_field;
use super::maker::{Maker, ValueSource};
use super::recipe::Recipe;
use super::rows::{RowNumbers, even_offsets};
use super::sources::Sources;
use crate::config::VectorLayout;

#[cfg(target_endian = "big")]
compile_error!("vectors in the binary layout are copied from memory, and are little-endian");

/// Returns the maker of a column of numbers.
pub(super) fn maker<T: Sources>(recipe: Recipe<'_>) -> Result<Maker, ContentError> {
    let (column, layout) = (recipe.column, recipe.vector_layout);
    let source = source::<T>(recipe)?;
    if !column.is_vector() {
        return Ok(Box::new(move |rows, nulls| {
            Arc::new(PrimitiveArray::<T>::new(source(rows, 1).into(), nulls))
        }));
    }
    // At most `i32::MAX`, which the column's generator has checked.
    let size = column.size as usize;
    let element = Arc::new(element_field(column));
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

/// Returns the values of the rows that are not null.
fn valid_values<T>(
    source: &ValueSource<T>,
    rows: RowNumbers<'_>,
    size: usize,
    nulls: Option<&NullBuffer>,
) -> Vec<T> {
    match nulls {
        None => source(rows, size),
        Some(nulls) => source(RowNumbers::Listed(&rows.valid(nulls)), size),
    }
}

/// Returns values, rounded if the column asks for it.
fn source<T: Sources>(recipe: Recipe<'_>) -> Result<ValueSource<T::Value>, ContentError> {
    let multiple = recipe.column.multiple_of;
    let source = drawn::<T>(recipe)?;
    let Some(multiple) = multiple else {
        return Ok(source);
    };
    let round = T::to_multiple(multiple)?;
    Ok(Box::new(move |rows, size| {
        let mut values = source(rows, size);
        values.iter_mut().for_each(|value| *value = round(*value));
        values
    }))
}
