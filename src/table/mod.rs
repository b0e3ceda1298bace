//! Datasets and existing files as DataFusion tables.
//!
//! A [`TableFiles`] says which files a table has, from a manifest or from a listing. [`open`] reads every footer, checks
//! it, and gives an [`OpenTable`]: the provider that the engine scans, and what is known about the files.

mod check;
mod damage;
mod discover;
mod inspect;
mod open;
mod page_header;
mod provider;
mod sample;
mod source;

pub(crate) use check::same_values;
pub(crate) use damage::first_damage;
pub use discover::{discover, external_tables, from_manifest};
pub use inspect::{ColumnFacts, Depth, FileFacts, Inspection, PageRow, RowGroupFacts, inspect};
pub use open::{OpenTable, open};
pub(crate) use sample::{SampleFile, Stretch, Then};
pub use source::open_source;

use std::path::PathBuf;

use arrow::datatypes::DataType;
use object_store::ObjectMeta;

use crate::record::Origin;
use crate::storage::StorageError;

/// The files of a table, before anything of them is read.
#[derive(Debug, Clone)]
pub struct TableFiles {
    pub name: String,
    /// As the user wrote it, or the dataset's folder.
    pub location: String,
    pub origin: Origin,
    /// Partition columns, outermost folder first.
    pub partition_by: Vec<String>,
    /// Their types, where these are known.
    pub partition_types: Vec<DataType>,
    /// In the order of their paths; never empty.
    pub files: Vec<TableFile>,
}

#[derive(Debug, Clone)]
pub struct TableFile {
    pub path: PathBuf,
    pub object: ObjectMeta,
    /// Values of the partition columns as text; none for a null.
    pub partition: Vec<Option<String>>,
}

/// Why files cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("table `{table}`: {location}: no such file or folder")]
    NotFound { table: String, location: String },
    #[error("table `{table}`: {location} holds no Parquet files (*.parquet)")]
    Empty { table: String, location: String },
    #[error("table `{table}`: `{location}` is not a valid pattern: {reason}")]
    BadPattern {
        table: String,
        location: String,
        reason: String,
    },
    #[error("table `{table}`: {location}: {source}")]
    Listing {
        table: String,
        location: String,
        source: object_store::Error,
    },
    #[error("table `{table}`: {file}: {reason}")]
    BadFile {
        table: String,
        file: String,
        reason: String,
    },
    #[error("table `{table}`: {file} lies in partitions ({found}), {first} in ({expected})")]
    MixedPartitions {
        table: String,
        file: String,
        found: String,
        first: String,
        expected: String,
    },
    #[error("table `{table}`: {file} has no column `{column}`; the config wants it as {wanted}")]
    MissingColumn {
        table: String,
        file: String,
        column: String,
        wanted: String,
    },
    #[error("table `{table}`: {file}: column `{column}` is {found}; wanted is {wanted}")]
    OtherType {
        table: String,
        file: String,
        column: String,
        found: String,
        wanted: String,
    },
    #[error("table `{table}`: {file}: partition `{column}={value}` is not {wanted}")]
    BadPartitionValue {
        table: String,
        file: String,
        column: String,
        value: String,
        wanted: String,
    },
    #[error("table `{table}`: {source}")]
    Engine {
        table: String,
        source: datafusion::error::DataFusionError,
    },
}
