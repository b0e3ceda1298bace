//! Sources of the row groups from which a dataset's files are written.

use std::sync::Arc;

use arrow::array::ArrayRef;

use super::written::{DataFile, WrittenFile};
use crate::dataset::error::DatasetError;

/// The arrays of one column, in the order of the rows. Arrays of generated columns are made on
/// demand.
pub(crate) type Arrays<'a> = Box<dyn Iterator<Item = ArrayRef> + 'a>;

/// The rows of one row group. Several threads encode a column each.
pub(crate) trait RowGroup: Send + Sync {
    /// Returns the arrays of a column, given by its position in the files' schema.
    fn arrays(&self, column: usize) -> Arrays<'_>;
}

/// The next file of a source.
pub(crate) enum NextFile {
    /// A complete file that is kept from an interrupted call.
    Kept(Box<WrittenFile>),
    ToWrite(DataFile),
}

/// The files of a dataset as a sequence of row groups. The number of rows of a file is known in
/// advance, and all row groups but its last have the same number.
pub(crate) trait RowGroups: Send {
    /// Returns the next file. None after the last one.
    fn next_file(&mut self) -> Result<Option<NextFile>, DatasetError>;

    /// Returns the next row group of the file that [`RowGroups::next_file`] last returned for
    /// writing. May wait for it.
    fn next_row_group(&mut self) -> Result<Arc<dyn RowGroup>, DatasetError>;

    /// Returns the largest number of row groups that may be encoded at the same time by `threads`
    /// threads. It limits memory for files of any size.
    fn most_under_way(&self, threads: usize) -> usize;

    /// Returns the error for a panic while a file's rows were encoded. `path` is relative to the
    /// dataset's folder; `shown` is the full path.
    fn panicked(&self, path: &str, shown: &str) -> DatasetError;
}
