//! Errors of writing and using datasets.

use std::fmt;
use std::path::Path;

use super::names::way_out;
use crate::content::ContentError;
use crate::engine::without_categories;
use crate::exit_class::ExitClass;
use crate::files::FileError;
use crate::output::OutputError;
use crate::storage::{InputError, StorageError};

/// Errors of writing and using datasets.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{folder}: a server of HTTP is only read, and has no dataset there (no manifest)")]
    ReadOnly { folder: String },
    #[error("{path}: {source}")]
    Io {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: {}", without_categories(&source.to_string()))]
    Store {
        path: String,
        source: object_store::Error,
    },
    #[error("{path}: {}", without_categories(&source.to_string()))]
    Parquet {
        path: String,
        source: parquet::errors::ParquetError,
    },
    #[error("{path}: {reason}")]
    BadManifest { path: String, reason: String },
    #[error(
        "{folder} holds another dataset ({found}); this config describes {wanted}, and what is there is not overwritten"
    )]
    OtherDataset {
        folder: String,
        found: String,
        wanted: String,
    },
    #[error(
        "{file} has {found} bytes, its manifest says {expected}; it was changed after it was written"
    )]
    Changed {
        file: String,
        found: u64,
        expected: u64,
    },
    #[error(
        "{folder} holds Parquet files that this program did not write; dataset keys cannot be swept over existing files"
    )]
    ForeignSwept { folder: String },
    #[error("{file} is not this dataset's, and stands where a file of it would be written")]
    Foreign { file: String },
    #[error("{folder} holds no dataset, and `workflow.generate_data` is false")]
    Missing { folder: String },
    #[error(
        "{file}, row group {row_group}{}: {what} is {found}, {wanted} was asked for", of_column(.column)
    )]
    NotAsAsked {
        file: String,
        row_group: usize,
        /// Absent if the difference is about the row group as a whole.
        column: Option<String>,
        what: &'static str,
        found: String,
        wanted: String,
    },
    #[error("{file}: {what} is {found}, {wanted} was asked for")]
    FileNotAsAsked {
        file: String,
        what: &'static str,
        found: String,
        wanted: String,
    },
    #[error(
        "column `{column}` makes more than {limit} partitions of a file; each partition is a file of its own"
    )]
    TooManyPartitions { column: String, limit: usize },
    #[error(
        "partition column `{column}` has the value `{value}`, which a Hive path cannot tell from a null"
    )]
    UnnameablePartition { column: String, value: String },
    #[error(
        "partition column `{column}` has a value whose folder would have a name of {bytes} bytes; a name has {limit} at most"
    )]
    LongPartition {
        column: String,
        bytes: usize,
        limit: usize,
    },
    #[error("dataset.parquet.columns.{column}: {source}")]
    Content {
        column: String,
        source: ContentError,
    },
    #[error("source {location}: {reason}")]
    Source { location: String, reason: String },
    /// A source that cannot be read. The text names the damaged file and part.
    #[error("{what}")]
    Damaged { what: String },
    #[error("{folder} was written from {location} and does not hold the same rows: {reason}")]
    NotTheSource {
        folder: String,
        location: String,
        reason: String,
    },
    #[error("{folder} is being written by another process")]
    Busy { folder: String },
    #[error("{folder} is being measured by another process")]
    InUse { folder: String },
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Internal(String),
}

impl DatasetError {
    pub fn class(&self) -> ExitClass {
        match self {
            DatasetError::Interrupted => ExitClass::Interrupted,
            DatasetError::Output(error) => error.class(),
            DatasetError::Storage(_)
            | DatasetError::Input(_)
            | DatasetError::BadManifest { .. }
            | DatasetError::OtherDataset { .. }
            | DatasetError::Changed { .. }
            | DatasetError::ForeignSwept { .. }
            | DatasetError::Foreign { .. }
            | DatasetError::Missing { .. }
            | DatasetError::TooManyPartitions { .. }
            | DatasetError::UnnameablePartition { .. }
            | DatasetError::LongPartition { .. }
            | DatasetError::Content { .. }
            | DatasetError::Source { .. }
            | DatasetError::Damaged { .. }
            | DatasetError::Busy { .. }
            | DatasetError::ReadOnly { .. }
            | DatasetError::InUse { .. } => ExitClass::Usage,
            DatasetError::Io { .. }
            | DatasetError::Store { .. }
            | DatasetError::Parquet { .. }
            | DatasetError::NotAsAsked { .. }
            | DatasetError::FileNotAsAsked { .. }
            | DatasetError::NotTheSource { .. }
            | DatasetError::Internal(_) => ExitClass::Failed,
        }
    }

    /// Returns advice to the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            DatasetError::OtherDataset { folder, .. } => {
                Some(format!("set dataset.data_folder to another folder, or remove {folder}"))
            }
            DatasetError::BadManifest { path, .. } => Some(way_out(Path::new(path))),
            DatasetError::Foreign { file } => Some(format!(
                "move {file} away, or set dataset.data_folder to another folder"
            )),
            DatasetError::Changed { file, .. } => Some(format!("remove {file} to have it written again")),
            DatasetError::ForeignSwept { .. } => Some("set dataset.data_folder to a folder of its own".to_owned()),
            DatasetError::Missing { .. } => {
                Some("write it with `bench generate`, by this config with --set workflow.generate_data=true or by that of the data, or correct dataset.data_folder".to_owned())
            }
            DatasetError::ReadOnly { .. } => Some(
                "write it to a local folder or a bucket; files of others are named one by one, as in --table t=URL".to_owned(),
            ),
            DatasetError::Storage(_)
            | DatasetError::Input(_)
            | DatasetError::Output(_)
            | DatasetError::Io { .. }
            | DatasetError::Store { .. }
            | DatasetError::Parquet { .. }
            | DatasetError::NotAsAsked { .. }
            | DatasetError::FileNotAsAsked { .. }
            | DatasetError::TooManyPartitions { .. }
            | DatasetError::UnnameablePartition { .. }
            | DatasetError::LongPartition { .. }
            | DatasetError::Content { .. }
            | DatasetError::Source { .. }
            | DatasetError::Damaged { .. }
            | DatasetError::NotTheSource { .. }
            | DatasetError::Busy { .. }
            | DatasetError::InUse { .. }
            | DatasetError::Interrupted
            | DatasetError::Internal(_) => None,
        }
    }

    pub(crate) fn io(place: impl fmt::Display, source: std::io::Error) -> Self {
        DatasetError::Io {
            path: place.to_string(),
            source,
        }
    }
}

impl From<FileError> for DatasetError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Store { path, source } => DatasetError::Store { path, source },
            FileError::Parquet { path, source } => DatasetError::Parquet { path, source },
            FileError::Bad { path, reason } => DatasetError::Parquet {
                path,
                source: parquet::errors::ParquetError::General(reason),
            },
        }
    }
}

fn of_column(column: &Option<String>) -> String {
    column
        .as_ref()
        .map_or_else(String::new, |column| format!(", column `{column}`"))
}
