//! The generator of a column.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use arrow::datatypes::Field;

use super::maker::Maker;
use super::repeat::Repeat;
use super::rows::{RowNumbers, bits, fill};
use crate::random::Key;

/// Makes the values of one column. Cheap to clone.
#[derive(Clone)]
pub struct ColumnGenerator {
    pub(super) key: Key,
    pub(super) field: Field,
    pub(super) nulls: Option<Nulls>,
    pub(super) repeat: Repeat,
    pub(super) maker: Arc<Maker>,
    pub(super) bytes_per_row: f64,
    pub(super) max_rows: usize,
    pub(super) most: Vec<Most>,
}

/// Largest content of a row in one leaf of a column. A leaf is a column of its own in Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) values: u64,
    /// Bytes of these values together.
    pub(crate) bytes: u64,
}

/// Choice of the rows that are null, independent of their values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nulls {
    key: Key,
    /// Threshold out of 2^53.
    threshold: u64,
}

impl Nulls {
    /// Makes the choice. None if no row is null.
    pub(super) fn new(key: Key, fraction: f64) -> Option<Self> {
        const NULL: u64 = u64::from_le_bytes(*b"null row");
        (fraction > 0.0).then(|| Nulls {
            key: key.derive(NULL),
            threshold: (fraction * (1_u64 << 53) as f64) as u64,
        })
    }
}

impl ColumnGenerator {
    /// Returns name and type. The field is nullable if rows can be null.
    pub fn field(&self) -> Field {
        self.field.clone()
    }

    /// Returns the values of rows `first..first + count`, up to
    /// [`max_rows_per_array`](Self::max_rows_per_array) of them.
    ///
    /// # Panics
    /// If far more rows are asked for, whose offsets do not fit in 32 bits.
    pub fn range(&self, first: u64, count: usize) -> ArrayRef {
        self.array(RowNumbers::Range { first, count })
    }

    /// Returns the values of these rows, equal to those of [`range`](Self::range). Ascending rows
    /// are fastest.
    ///
    /// # Panics
    /// If far more rows than [`max_rows_per_array`](Self::max_rows_per_array) are asked for.
    pub fn rows(&self, rows: &[u64]) -> ArrayRef {
        self.array(RowNumbers::Listed(rows))
    }

    /// Returns the number of rows for one array: at least one, and at most 16 MiB of values.
    pub fn max_rows_per_array(&self) -> usize {
        self.max_rows
    }

    /// Estimates the mean logical bytes of a row, by the rules of `digest::logical_bytes`.
    pub fn arrow_bytes_per_row(&self) -> f64 {
        self.bytes_per_row
    }

    /// Returns the largest content of a row for each leaf, in the order of the file's columns.
    pub(crate) fn most_per_row(&self) -> &[Most] {
        &self.most
    }

    /// Returns a generator with values in place of nulls.
    pub(super) fn without_nulls(self) -> Self {
        ColumnGenerator {
            nulls: None,
            ..self
        }
    }

    /// Returns the values of these rows.
    pub(super) fn array(&self, rows: RowNumbers<'_>) -> ArrayRef {
        let starts = self.repeat.starts(rows);
        let rows = starts.as_deref().map_or(rows, RowNumbers::Listed);
        let nulls = self.nulls.map(|nulls| {
            let valid = fill(
                rows,
                1,
                |row| [nulls.key.word(row) >> 11 >= nulls.threshold],
            );
            NullBuffer::new(bits(&valid))
        });
        let chosen = self.repeat.chosen(rows);
        (self.maker)(chosen.as_deref().map_or(rows, RowNumbers::Listed), nulls)
    }
}
