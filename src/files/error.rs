//! Why a file cannot be read, and in what words.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;

use crate::engine::without_categories;

/// Why a Parquet file cannot be read. `path` is what messages call it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{path}: {}", self.reason())]
    Store {
        path: String,
        source: object_store::Error,
    },
    #[error("{path}: {}", self.reason())]
    Parquet { path: String, source: ParquetError },
    /// The reason names the row group and the column where there is one.
    #[error("{path}: {reason}")]
    Bad { path: String, reason: String },
}

impl FileError {
    /// The reason, without the file that it is about.
    pub fn reason(&self) -> String {
        match self {
            FileError::Store { source, .. } => without_categories(&source.to_string()).to_owned(),
            FileError::Parquet { source, .. } => without_categories(&source.to_string()).to_owned(),
            FileError::Bad { reason, .. } => reason.clone(),
        }
    }
}

/// The reason why a file with an encrypted footer, or with encrypted columns, is not read.
pub(super) const ENCRYPTED: &str = "it is encrypted, and encrypted files are not read";

/// The reason why a file is not read, by what the reader of its footer says. That another reader
/// reads what this one does not is possible.
pub(crate) fn unreadable(reason: &str) -> String {
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

/// The message of an error that a store passes on, without the words of the store around it.
pub(super) fn innermost(error: &object_store::Error) -> String {
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Runs a read of a corrupt file, over which the decoder may panic: that is an error in the words
/// of `what`.
pub(crate) fn without_panic<T>(
    what: &str,
    read: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(what.to_owned()))
}
