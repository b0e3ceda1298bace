//! Sorts the rows of a file, or of each of its row groups, before they are written.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{SortColumn, SortOptions, concat, concat_batches, lexsort_to_indices, take};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::rows::Rows;
use crate::config::Layout;
use crate::content::ColumnGenerator;
use crate::dataset::error::DatasetError;

/// Largest number of rows that are sorted together, as their indices have 32 bits. Besides its
/// values, each row takes 12 bytes.
const MOST_ROWS: u64 = u32::MAX as u64;

/// A generated column to sort by, and the direction.
pub(crate) struct SortKey {
    pub(crate) generator: ColumnGenerator,
    pub(crate) descending: bool,
}

/// Returns the order of a column's values, with nulls first in both directions.
pub(crate) fn sort_options(descending: bool) -> SortOptions {
    SortOptions {
        descending,
        nulls_first: true,
    }
}

/// Sorts generated rows by the keys, in parts of `part` rows, each part by itself. Rows with equal
/// keys stay in the order of their numbers.
pub(crate) fn sorted_rows(keys: &[SortKey], rows: &Rows, part: u64) -> Result<Rows, DatasetError> {
    let count = rows.count();
    let mut order: Vec<u64> = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let mut first = 0;
    while first < count {
        let take = part.min(count - first);
        if take > MOST_ROWS {
            return Err(DatasetError::Internal(format!(
                "{take} rows are more than can be sorted together"
            )));
        }
        let numbers = rows.numbers(first, take);
        let indices = order_of(keys, &numbers)
            .map_err(|error| DatasetError::Internal(format!("rows cannot be sorted: {error}")))?;
        order.extend(
            indices
                .values()
                .iter()
                .map(|index| numbers[*index as usize]),
        );
        first += take;
    }
    Ok(Rows::List(order))
}

fn order_of(keys: &[SortKey], rows: &[u64]) -> Result<UInt32Array, ArrowError> {
    let mut columns: Vec<SortColumn> = keys
        .iter()
        .map(|key| {
            let parts: Vec<ArrayRef> = rows
                .chunks(key.generator.max_rows_per_array().max(1))
                .map(|rows| key.generator.rows(rows))
                .collect();
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            Ok(SortColumn {
                values: concat(&parts)?,
                options: Some(sort_options(key.descending)),
            })
        })
        .collect::<Result<_, ArrowError>>()?;
    // The row number makes the order unique, whatever the order of `rows`.
    columns.push(SortColumn {
        values: Arc::new(UInt64Array::from(rows.to_vec())),
        options: None,
    });
    lexsort_to_indices(&columns, None)
}

/// Returns the rows of a row group, sorted as a layout asks for.
pub(crate) fn sorted_batches(
    layout: &Layout,
    schema: &SchemaRef,
    group: &[RecordBatch],
) -> Result<RecordBatch, ArrowError> {
    let rows = concat_batches(schema, group)?;
    let keys: Vec<SortColumn> = layout
        .sort_by
        .iter()
        .filter_map(|sort| {
            Some(SortColumn {
                values: Arc::clone(rows.column_by_name(&sort.column)?),
                options: Some(sort_options(sort.descending)),
            })
        })
        .collect();
    let order = lexsort_to_indices(&keys, None)?;
    let columns = rows
        .columns()
        .iter()
        .map(|column| take(column, &order, None))
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}
