//! Rows of a generated table, given by their numbers.

use arrow::array::ArrayRef;

use crate::content::ColumnGenerator;

/// The rows of a table that are in a file, in the order in which they are written.
pub(crate) enum Rows {
    Range { first: u64, count: u64 },
    List(Vec<u64>),
}

impl Rows {
    pub(crate) fn count(&self) -> u64 {
        match self {
            Rows::Range { count, .. } => *count,
            Rows::List(rows) => rows.len() as u64,
        }
    }

    /// Returns the values of a column in `count` rows of the file, from its row `first` on.
    pub(crate) fn array(&self, generator: &ColumnGenerator, first: u64, count: u64) -> ArrayRef {
        match self {
            Rows::Range { first: start, .. } => generator.range(start + first, count as usize),
            Rows::List(rows) => generator.rows(&rows[first as usize..(first + count) as usize]),
        }
    }

    /// Returns the numbers, within the table, of `count` rows of the file, from its row `first` on.
    pub(crate) fn numbers(&self, first: u64, count: u64) -> Vec<u64> {
        match self {
            Rows::Range { first: start, .. } => (start + first..start + first + count).collect(),
            Rows::List(rows) => rows[first as usize..(first + count) as usize].to_vec(),
        }
    }
}
