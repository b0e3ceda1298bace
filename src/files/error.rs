//! Errors of reading files, and their messages.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;

use crate::engine::without_categories;

/// Error of reading a Parquet file. `path` is its name in messages.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{path}: {}", self.reason())]
    Store {
        path: String,
        source: object_store::Error,
    },
    #[error("{path}: {}", self.reason())]
    Parquet { path: String, source: ParquetError },
    /// The reason names the row group and the column, if it concerns one.
    #[error("{path}: {reason}")]
    Bad { path: String, reason: String },
}

impl FileError {
    /// Returns the reason, without the name of the file.
    pub fn reason(&self) -> String {
        match self {
            FileError::Store { source, .. } => without_categories(&source.to_string()).to_owned(),
            FileError::Parquet { source, .. } => without_categories(&source.to_string()).to_owned(),
            FileError::Bad { reason, .. } => reason.clone(),
        }
    }
}

/// Reason for not reading a file with an encrypted footer or with encrypted columns.
pub(super) const ENCRYPTED: &str = "it is encrypted, and encrypted files are not read";

/// Returns the reason why a file is not read, from the error of the footer's reader. The text
/// allows for other readers that can read the file.
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

/// Returns the message of the error inside a store's error, without the store's own words.
pub(super) fn innermost(error: &object_store::Error) -> String {
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Runs a read of a file that may be corrupt. If the decoder panics, fails with the message `what`.
pub(crate) fn without_panic<T>(
    what: &str,
    read: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(what.to_owned()))
}
