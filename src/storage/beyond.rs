//! The words for reads that go beyond the end of a file.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, Result};

/// The file that a path of the local store is.
pub fn local_file(path: &Path) -> Result<PathBuf> {
    LocalFileSystem::new().path_to_filesystem(path)
}

/// The error of a read that failed. Where one of its ranges ends beyond the file, which a file does
/// that was cut after it was planned to be read, the error has the file, the range and the file's
/// size: stores name the file in some of these cases only.
pub async fn explained(
    error: Error,
    store: &Arc<dyn ObjectStore>,
    file: &Path,
    ranges: &[Range<u64>],
) -> Error {
    let Ok(found) = store.head(file).await else {
        return error;
    };
    let Some(range) = ranges.iter().find(|range| range.end > found.size) else {
        return error;
    };
    let name =
        local_file(file).map_or_else(|_| file.to_string(), |local| local.display().to_string());
    Error::Generic {
        store: "LocalFileSystem",
        source: format!(
            "{name}: bytes {} to {}: {}",
            range.start,
            range.end,
            beyond(found.size)
        )
        .into(),
    }
}

/// Words for a range that ends beyond a file of this size.
pub(super) fn beyond(file_bytes: u64) -> String {
    format!(
        "the file ends after {file_bytes} bytes; it may have been cut since it was looked at first"
    )
}
