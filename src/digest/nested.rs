//! Hashes of lists, maps, structs and unions.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, StructArray, UnionArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{ArrowNativeType, DataType};
use arrow::error::ArrowError;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

use super::hash::{START, combine, decoded, each, step, step_null, value_bytes};

/// Lists or maps of any layout: for each row, the range of its elements in `values`. The range of a
/// null row has no meaning.
pub(super) struct Lists {
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) values: ArrayRef,
}

/// Returns the lists of an array. None if it has another type.
pub(super) fn lists(array: &dyn Array) -> Option<Lists> {
    fn consecutive<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> Vec<Range<usize>> {
        offsets
            .windows(2)
            .map(|ends| ends[0].as_usize()..ends[1].as_usize())
            .collect()
    }
    fn views<O: OffsetSizeTrait>(array: &dyn Array) -> Lists {
        let array = array.as_list_view::<O>();
        let starts = array.offsets().iter().map(|offset| offset.as_usize());
        let sizes = array.sizes().iter().map(|size| size.as_usize());
        Lists {
            ranges: starts
                .zip(sizes)
                .map(|(start, size)| start..start + size)
                .collect(),
            values: array.values().clone(),
        }
    }
    Some(match array.data_type() {
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            Lists {
                ranges: consecutive(array.offsets()),
                values: array.values().clone(),
            }
        }
        DataType::LargeList(_) => {
            let array = array.as_list::<i64>();
            Lists {
                ranges: consecutive(array.offsets()),
                values: array.values().clone(),
            }
        }
        DataType::Map(..) => {
            let array = array.as_map();
            Lists {
                ranges: consecutive(array.offsets()),
                values: Arc::new(array.entries().clone()),
            }
        }
        DataType::ListView(_) => views::<i32>(array),
        DataType::LargeListView(_) => views::<i64>(array),
        DataType::FixedSizeList(..) => {
            let array = array.as_fixed_size_list();
            let size = array.value_length().as_usize();
            Lists {
                ranges: (0..array.len())
                    .map(|row| row * size..(row + 1) * size)
                    .collect(),
                values: array.values().clone(),
            }
        }
        _ => return None,
    })
}

/// Combines with the hash of each row's list. A list of values of fixed width without nulls is
/// hashed by its bytes, any other list element by element.
pub(super) fn combine_lists(
    lists: &Lists,
    nulls: Option<&NullBuffer>,
    hashes: &mut [u64],
) -> Result<(), ArrowError> {
    let valid = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
    let used = || {
        lists
            .ranges
            .iter()
            .enumerate()
            .filter(|(row, range)| valid(*row) && !range.is_empty())
    };
    let start = used().map(|(_, range)| range.start).min().unwrap_or(0);
    let end = used().map(|(_, range)| range.end).max().unwrap_or(start);
    let values = decoded(&lists.values.slice(start, end - start))?;
    let width = values.data_type().primitive_width();
    let bytes = width.map(|width| (width, value_bytes(&values, width)));
    let element_nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
    let mut elements = Vec::new();
    if bytes.is_none() || element_nulls.is_some() {
        elements.resize(values.len(), START);
        combine(&values, &mut elements)?;
    }
    each(hashes, nulls, |row| {
        let range = &lists.ranges[row];
        if range.is_empty() {
            return xxh3_64(&[]);
        }
        let range = range.start - start..range.end - start;
        match &bytes {
            Some((width, bytes))
                if element_nulls.is_none_or(|nulls| {
                    nulls.slice(range.start, range.len()).null_count() == 0
                }) =>
            {
                xxh3_64(&bytes[range.start * width..range.end * width])
            }
            _ => elements[range]
                .iter()
                .fold(START, |hash, element| step(hash, *element)),
        }
    });
    Ok(())
}

/// Combines with each field in turn.
pub(super) fn combine_struct(array: &StructArray, hashes: &mut [u64]) -> Result<(), ArrowError> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    let before = nulls.map(|_| hashes.to_vec()).unwrap_or_default();
    for column in array.columns() {
        combine(column, hashes)?;
    }
    if let Some(nulls) = nulls {
        for (row, before) in before.into_iter().enumerate() {
            if nulls.is_null(row) {
                // A null struct must differ from a struct with a single field that is null.
                hashes[row] = step_null(!before);
            }
        }
    }
    Ok(())
}

/// Combines with the type of the row's value and with the value.
pub(super) fn combine_union(array: &UnionArray, hashes: &mut [u64]) -> Result<(), ArrowError> {
    for (type_id, _) in array.fields().iter() {
        let child = array.child(type_id);
        let mut values = vec![START; child.len()];
        combine(child, &mut values)?;
        for (row, hash) in hashes.iter_mut().enumerate() {
            if array.type_id(row) == type_id {
                *hash = step(step(*hash, type_id as u64), values[array.value_offset(row)]);
            }
        }
    }
    Ok(())
}
