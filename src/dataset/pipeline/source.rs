//! Sources of row groups: what a dataset's files are written from.

use std::sync::Arc;

use arrow::array::ArrayRef;

use super::written::{DataFile, WrittenFile};
use crate::dataset::error::DatasetError;

/// The arrays of one column, in the order of the rows. Those of generated columns are made as they
/// are asked for.
pub(crate) type Arrays<'a> = Box<dyn Iterator<Item = ArrayRef> + 'a>;

/// The rows of one row group, of which several threads take a column each.
pub(crate) trait RowGroup: Send + Sync {
    /// The arrays of a column that files store, by its position in their schema.
    fn arrays(&self, column: usize) -> Arrays<'_>;
}

/// The next file of a source.
pub(crate) enum NextFile {
    /// An interrupted writing has left it complete.
    Kept(Box<WrittenFile>),
    ToWrite(DataFile),
}

/// The files of a dataset as a sequence of row groups. Files know their rows before any of them is
/// there, and all row groups but a file's last have equally many.
pub(crate) trait RowGroups: Send {
    /// The next file; none after the last one.
    fn next_file(&mut self) -> Result<Option<NextFile>, DatasetError>;

    /// The next row group of the last file that was to be written. May wait for it.
    fn next_row_group(&mut self) -> Result<Arc<dyn RowGroup>, DatasetError>;

    /// Row groups that may be under way at once on so many threads, which bounds memory whatever
    /// the size of a file.
    fn most_under_way(&self, threads: usize) -> usize;

    /// The error where encoding rows of a file panicked. `path` is below the dataset's folder, and
    /// `shown` is the whole of it.
    fn panicked(&self, path: &str, shown: &str) -> DatasetError;
}
