//! Generated datasets: plan -> columns -> Parquet files -> proof -> manifest.
//!
//! A [`DatasetPlan`] is a plain value that says what will be written and where. [`ensure`] makes it true: it reuses what is
//! there when fingerprints match, continues what was interrupted, and otherwise writes, reads the footers back, and puts
//! the manifest in place last.

mod bound;
mod census;
pub mod checksum;
mod clean;
pub mod content;
mod control;
mod distinct;
mod encode;
mod footer;
mod keys;
mod manifest;
mod pages;
mod partition;
mod plain;
mod plan;
mod probe;
mod proof;
mod properties;
mod prover;
mod rewrite;
mod sample;
mod scheduler;
mod share;
mod shortfalls;
mod sink;
mod sort;
mod source;
mod threads;
mod write;

pub use bound::{Bound, bound};
pub use clean::{Removal, removal, remove};
pub use control::{CONTROL_FOLDER, OwnedFolder};
pub(crate) use encode::chunk_bytes;
pub use footer::{ColumnTotals, check_plausible, column_records, file_layout};
pub(crate) use footer::{
    StoreReader, fell_back, is_dictionary, key_value, leaves_by_root, read_footer, recounted,
    row_caution, row_difference, rows_of,
};
pub(crate) use keys::{wide_schema, with_wide_dictionaries, with_wide_keys};
pub use manifest::{MANIFEST_FILE, Manifest, ManifestFile, ManifestTable};
pub use pages::{PageFacts, pages_of};
pub(crate) use partition::is_whole_number;
pub use partition::{DEFAULT_PARTITION, decode_partition_value};
pub use plain::PlainFile;
pub(crate) use plan::fingerprint;
pub use plan::{DatasetPlan, TablePlan, place};
pub(crate) use plan::{grows_by, place_checked};
pub use probe::{Probe, probe};
pub(crate) use proof::IDENTITY_KEY;
pub use share::Share;
pub use shortfalls::{OffRowGroups, Shortfalls};
pub(crate) use sink::ObjectSink;
pub(crate) use source::SOURCE_TABLE;
pub use source::{KnownSource, PlainSource, SourceTable};
pub(crate) use threads::{THREAD_STACK, together};
pub use write::{Found, Generated, Progress, ensure, find};
pub(crate) use write::{cpu_ns, is_parquet};

use crate::engine::without_categories;
use crate::exit_class::ExitClass;
use crate::output::OutputError;
use crate::storage::{InputError, StorageError};

/// Why a dataset cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Output(#[from] OutputError),
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
        /// Absent where it is about the row group as a whole.
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
        source: content::ContentError,
    },
    #[error("source {location}: {reason}")]
    Source { location: String, reason: String },
    /// A source that cannot be read, in words that name the file and what of it.
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
    /// What is wrong, without the file that it is about.
    pub(crate) fn reason(&self) -> String {
        match self {
            DatasetError::Parquet { source, .. } => {
                without_categories(&source.to_string()).to_owned()
            }
            DatasetError::Store { source, .. } => {
                without_categories(&source.to_string()).to_owned()
            }
            other => other.to_string(),
        }
    }

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

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            DatasetError::OtherDataset { folder, .. } => {
                Some(format!("set dataset.data_folder to another folder, or remove {folder}"))
            }
            DatasetError::BadManifest { path, .. } => Some(manifest::way_out(std::path::Path::new(path))),
            DatasetError::Foreign { file } => Some(format!(
                "move {file} away, or set dataset.data_folder to another folder"
            )),
            DatasetError::Changed { file, .. } => Some(format!("remove {file} to have it written again")),
            DatasetError::ForeignSwept { .. } => Some("set dataset.data_folder to a folder of its own".to_owned()),
            DatasetError::Missing { .. } => {
                Some("generate it with --set workflow.generate_data=true, or correct dataset.data_folder".to_owned())
            }
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

    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        DatasetError::Io {
            path: path.display().to_string(),
            source,
        }
    }
}

fn of_column(column: &Option<String>) -> String {
    column
        .as_ref()
        .map_or_else(String::new, |column| format!(", column `{column}`"))
}
