//! Lists and structs.

use std::sync::Arc;

use arrow::array::{ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Fields};

use super::generator::ColumnGenerator;
use super::lengths::DrawnLengths;
use super::maker::Maker;
use super::rows::RowNumbers;

/// Returns a maker of lists of drawn lengths. Element j of row r is row r * `longest` + j of the
/// item.
pub(super) fn list_maker(field: Arc<Field>, item: ColumnGenerator, lengths: DrawnLengths) -> Maker {
    Box::new(move |rows, nulls| {
        let mut elements = Vec::new();
        let mut each = Vec::with_capacity(rows.len());
        rows.each(|row| {
            let valid = nulls
                .as_ref()
                .is_none_or(|nulls: &NullBuffer| nulls.is_valid(each.len()));
            let length = if valid { lengths.at(row) } else { 0 };
            let first = row.wrapping_mul(lengths.longest());
            elements.extend((0..length).map(|element| first.wrapping_add(element)));
            each.push(length as usize);
        });
        Arc::new(ListArray::new(
            Arc::clone(&field),
            OffsetBuffer::from_lengths(each),
            item.array(RowNumbers::Listed(&elements)),
            nulls,
        ))
    })
}

/// Returns a maker of structs.
pub(super) fn struct_maker(fields: Fields, children: Vec<ColumnGenerator>) -> Maker {
    Box::new(move |rows, nulls| {
        let values = children.iter().map(|child| child.array(rows)).collect();
        Arc::new(StructArray::new(fields.clone(), values, nulls))
    })
}
