//! A generated dataset.

use serde::Serialize;

use super::column::Column;
use super::layout::Layout;

/// A generated dataset: its content (columns, rows, seed) and its layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dataset {
    /// `storage.storage_root` joined with `dataset.data_folder`; a path, or a URL.
    pub data_folder: String,
    pub file_prefix: String,
    pub train: Split,
    /// Whether the config says how many files `train` has. Then so many of those that are there
    /// already are read, where none are to be generated.
    pub names_files: bool,
    /// Present where `num_files_eval` is above 0.
    pub valid: Option<Split>,
    /// 0 beside a `source`, whose rows are shared out among the files.
    pub rows_per_file: u64,
    pub seed: u64,
    /// Existing rows that are written anew instead of generated ones: a path, a glob or a file://
    /// URL.
    pub source: Option<String>,
    /// Names are unique. Empty only beside a `source`, whose columns they are then.
    pub columns: Vec<Column>,
    pub layout: Layout,
    /// False where `workflow.generate_data: false` says that the data must be there already.
    pub generate: bool,
}

/// The files of one table of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Split {
    /// Logical files; with Hive partitions each becomes one file per partition that it has rows of.
    pub files: u64,
    /// 0 and 1 both mean that files lie directly in the split's folder.
    pub subfolders: u64,
}
