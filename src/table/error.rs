//! Errors that prevent reading files as a table.

use crate::exit_class::ExitClass;
use crate::files::FileError;
use crate::storage::{InputError, ListingError, StorageError};

/// Reason why files cannot be read as a table. `table` is the name that the user gave it. It is
/// empty if files were named without one.
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
        /// Other files in that place, as a part of the sentence.
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
        /// Identity that the file's footer states, if it states one.
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
        /// True if one type holds the values of both.
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

/// Returns the beginning of a message about a table. Empty if the user gave it no name.
pub(super) fn of(table: &str) -> String {
    match table {
        "" => String::new(),
        table => format!("table `{table}`: "),
    }
}

/// Describes the identity in a footer, as a part of the sentence.
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

    /// Advice for the user.
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

/// An error about a file that was named without a table.
impl From<FileError> for TableError {
    fn from(error: FileError) -> Self {
        let reason = error.reason();
        let (FileError::Store { path, .. }
        | FileError::Parquet { path, .. }
        | FileError::Bad { path, .. }) = error;
        TableError::BadFile {
            table: String::new(),
            file: path,
            reason,
        }
    }
}
