//! Sorting the rows of a file, or of its row groups, before they are written.

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{SortColumn as Keys, SortOptions, lexsort_to_indices};
use arrow::error::ArrowError;

use super::DatasetError;
use super::encode::Rows;
use crate::content::ColumnGenerator;

/// Most rows that are sorted together: what 32 bits number, and 12 bytes each besides their values.
const MOST_ROWS: u64 = u32::MAX as u64;

/// A column to sort by, and how.
pub(crate) struct SortKey {
    pub(crate) generator: ColumnGenerator,
    pub(crate) descending: bool,
}

/// The rows in the order of the keys, in parts of `part` rows, each sorted by itself. Rows with equal keys stay in the order
/// that they had.
pub(crate) fn sorted(keys: &[SortKey], rows: &Rows, part: u64) -> Result<Rows, DatasetError> {
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
        let numbers: Vec<u64> = match rows {
            Rows::Range { first: start, .. } => (start + first..start + first + take).collect(),
            Rows::List(rows) => rows[first as usize..(first + take) as usize].to_vec(),
        };
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
    let mut columns: Vec<Keys> = keys
        .iter()
        .map(|key| {
            let parts: Vec<ArrayRef> = rows
                .chunks(key.generator.max_rows_per_array().max(1))
                .map(|rows| key.generator.rows(rows))
                .collect();
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            Ok(Keys {
                values: arrow::compute::concat(&parts)?,
                options: Some(SortOptions {
                    descending: key.descending,
                    nulls_first: true,
                }),
            })
        })
        .collect::<Result<_, ArrowError>>()?;
    // Makes the order the same wherever the rows came from.
    columns.push(Keys {
        values: std::sync::Arc::new(arrow::array::UInt64Array::from(rows.to_vec())),
        options: None,
    });
    lexsort_to_indices(&columns, None)
}
