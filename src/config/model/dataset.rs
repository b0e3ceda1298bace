//! A generated dataset.

use serde::Serialize;

use super::column::Column;
use super::layout::Layout;

/// A generated dataset: its content (columns, rows, seed) and its layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dataset {
    /// `storage.storage_root` joined with `dataset.data_folder`; a path, or a URL.
    pub data_folder: String,
    /// Size of the parts of uploads in bytes. Absent: the default.
    pub part_bytes: Option<u64>,
    pub file_prefix: String,
    pub train: Split,
    /// True if the config gives the number of files of `train`. A run that reads an existing folder
    /// as it is then reads only that many of the folder's files.
    pub names_files: bool,
    /// Files of the table `valid`. Present if `num_files_eval` is above 0.
    pub valid: Option<Split>,
    /// 0 if there is a `source`, whose rows are shared out among the files.
    pub rows_per_file: u64,
    pub seed: u64,
    /// Path, glob or file:// URL of existing rows, which are rewritten in place of generated ones.
    pub source: Option<String>,
    /// Name in SQL of the table `train`.
    pub table: String,
    /// Columns with unique names. Empty only if there is a `source`; the dataset then has the
    /// source's columns.
    pub columns: Vec<Column>,
    pub layout: Layout,
    /// False if `workflow.generate_data: false` says that the data must exist already.
    pub generate: bool,
}

/// The files of one table of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Split {
    /// Logical files. With Hive partitions, each becomes one file per partition of which it has
    /// rows.
    pub files: u64,
    /// Number of subfolders. 0 and 1 both mean that files are directly in the split's folder.
    pub subfolders: u64,
}
