//! Datasets and existing files as DataFusion tables.
//!
//! A [`TableFiles`] says which files a table has, from a manifest or from a listing. [`open`] reads every footer, checks
//! it, and gives an [`OpenTable`]: the provider that the engine scans, and what is known about the files.

mod check;
mod damage;
mod discover;
mod doubts;
mod formats;
mod inspect;
mod losses;
mod open;
mod page_header;
mod provider;
mod recount;
mod sample;
mod source;
mod unify;

pub(crate) use check::{doubled, same_values};
pub(crate) use damage::first_damage;
pub use discover::{
    discover, existing_tables, from_manifest, would_be_of_source, would_be_of_table,
};
pub(crate) use doubts::hides_nan;
pub use inspect::{ColumnFacts, Depth, FileFacts, Inspection, PageRow, RowGroupFacts, inspect};
pub use open::{OpenTable, open};
pub(crate) use sample::{SampleFile, Stretch, Then};
pub use source::open_source;

use std::path::PathBuf;

use arrow::datatypes::DataType;
use object_store::ObjectMeta;

use crate::engine::without_categories;
use crate::exit_class::ExitClass;
use crate::record::Origin;
use crate::storage::{InputError, Inputs, ListingError, StorageError};

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
    /// Why the files may not be the table that the user means, one sentence each.
    pub cautions: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct TableFile {
    pub path: PathBuf,
    pub object: ObjectMeta,
    /// Values of the partition columns as text; none for a null.
    pub partition: Vec<Option<String>>,
    /// What its footer must say that it is, where a manifest names it.
    pub identity: Option<String>,
}

/// Why files cannot be read as a table. `table` is the name that the user gave it; empty where
/// files were named without one.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{}{location}: no such file or folder", of(.table))]
    NotFound { table: String, location: String },
    #[error("{}{location} holds no Parquet files (*.parquet){others}", of(.table))]
    Empty {
        table: String,
        location: String,
        /// The files that it holds instead, as a part of the sentence.
        others: String,
    },
    #[error("{}{location} has {found} Parquet files, and `dataset.{key}` wants {wanted}", of(.table))]
    TooFewFiles {
        table: String,
        location: String,
        found: u64,
        wanted: u64,
        key: &'static str,
    },
    #[error("{}`{location}`: {source}", of(.table))]
    Listing {
        table: String,
        location: String,
        source: ListingError,
    },
    #[error("{}{file}: {reason}", of(.table))]
    BadFile {
        table: String,
        file: String,
        reason: String,
    },
    #[error("{}{file} is not the file that was written there: {}", of(.table), in_footer(.found))]
    Replaced {
        table: String,
        file: String,
        /// What its footer says that it is, if it says so.
        found: Option<String>,
    },
    #[error("{}{file} lies in partitions ({found}), {first} in ({expected})", of(.table))]
    MixedPartitions {
        table: String,
        file: String,
        found: String,
        first: String,
        expected: String,
    },
    #[error("{}{file} stores the column `{column}`, which {other} has in the names of its folders alone", of(.table))]
    PartlyStored {
        table: String,
        column: String,
        file: String,
        other: String,
    },
    #[error("{}{file} has no column `{column}`; the config wants it as {wanted}", of(.table))]
    MissingColumn {
        table: String,
        file: String,
        column: String,
        wanted: String,
    },
    #[error("{}{file}: column `{column}` is {found}; wanted is {wanted}", of(.table))]
    OtherType {
        table: String,
        file: String,
        column: String,
        found: String,
        wanted: String,
        /// Whether one type holds the values of both.
        widens: bool,
    },
    #[error("{}{file}: partition `{column}={value}` is not {wanted}", of(.table))]
    BadPartitionValue {
        table: String,
        file: String,
        column: String,
        value: String,
        wanted: String,
    },
    #[error("{}{source}", of(.table))]
    Engine {
        table: String,
        source: datafusion::error::DataFusionError,
    },
}

/// The beginning of a message about a table that the user has named.
fn of(table: &str) -> String {
    match table {
        "" => String::new(),
        table => format!("table `{table}`: "),
    }
}

/// What a footer says of the file that it is of, as a part of the sentence.
fn in_footer(found: &Option<String>) -> String {
    match found {
        Some(found) => format!("its footer says that it is {found}"),
        None => "its footer does not say that it is of a dataset".to_owned(),
    }
}

impl TableError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            TableError::Empty {
                location, others, ..
            } if !others.is_empty() => Some(format!(
                "a pattern reads files of any name: '{}/*'",
                location.trim_end_matches('/')
            )),
            TableError::Replaced { .. } => Some(
                "put the file back that was written there, or write the dataset anew: \
                 `bench clean`, then `bench generate`"
                    .to_owned(),
            ),
            TableError::PartlyStored { .. } => Some(
                "a pattern names the files of one kind alone, as in 'folder/x=1/*.parquet'"
                    .to_owned(),
            ),
            TableError::TooFewFiles { found, key, .. } if *found > 0 => Some(format!(
                "read what is there with --set dataset.{key}={found}"
            )),
            TableError::OtherType { widens: true, .. } => {
                Some("--unify-schemas reads such columns as the wider type".to_owned())
            }
            TableError::Storage(_)
            | TableError::Input(_)
            | TableError::NotFound { .. }
            | TableError::Empty { .. }
            | TableError::TooFewFiles { .. }
            | TableError::Listing { .. }
            | TableError::BadFile { .. }
            | TableError::MixedPartitions { .. }
            | TableError::MissingColumn { .. }
            | TableError::OtherType { .. }
            | TableError::BadPartitionValue { .. }
            | TableError::Engine { .. } => None,
        }
    }
}

/// Looks at the files of a table for the first time, on a thread where that may take its time.
pub(crate) async fn look(table: &str, files: &TableFiles) -> Result<Inputs, TableError> {
    let paths: Vec<PathBuf> = files.files.iter().map(|file| file.path.clone()).collect();
    let of = move || Inputs::of(paths.iter().map(PathBuf::as_path));
    looked(table, &files.location, of).await
}

/// Looks at the files of a table for the last time, likewise.
pub(crate) async fn look_again(
    table: &str,
    location: &str,
    inputs: Inputs,
) -> Result<(), TableError> {
    looked(table, location, move || inputs.check()).await
}

async fn looked<T: Send + 'static>(
    table: &str,
    location: &str,
    look: impl FnOnce() -> Result<T, InputError> + Send + 'static,
) -> Result<T, TableError> {
    let looked = tokio::task::spawn_blocking(look).await;
    let looked = looked.map_err(|error| TableError::BadFile {
        table: table.to_owned(),
        file: location.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(looked?)
}

/// Why a file with an encrypted footer, or with encrypted columns, is not read.
const ENCRYPTED: &str = "it is encrypted, and encrypted files are not read";

/// Why a file is not read, by what the reader of its footer says. That another reader reads what
/// this one does not is possible.
fn unreadable(reason: &str) -> String {
    let reason = without_categories(reason);
    let is_none = [
        "Invalid Parquet file",
        "at least 8 bytes",
        "does not end in PAR1",
    ];
    if reason.contains("encrypted") || reason.contains("PARE") {
        ENCRYPTED.to_owned()
    } else if is_none.iter().any(|words| reason.contains(words)) {
        format!("not a readable Parquet file: {reason}")
    } else {
        format!("parquet-rs, which this program reads with, cannot read it: {reason}")
    }
}
