//! Errors of listing the files of a location.

use std::path::PathBuf;

use super::paths::StorageError;

/// Reason why the files of a location cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("no such file or folder")]
    NotFound,
    #[error("not a valid pattern: {reason}")]
    BadPattern { reason: String },
    /// The store cannot list its objects.
    #[error("{location}: {reason}")]
    Unlisted { location: String, reason: String },
    #[error("{}: {reason}", path.display())]
    Bad { path: PathBuf, reason: String },
}
