//! Explains reads that go beyond the end of a file.

use std::ops::Range;
use std::sync::Arc;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};

/// Returns the error of a failed read. If a range ends beyond the file, because the file was cut
/// after the read was planned, the error names the file, the range and the file's size. Stores name
/// the file only in some of these cases. `name` is the file's name in messages.
pub async fn explained(
    error: Error,
    store: &Arc<dyn ObjectStore>,
    (file, name): (&Path, String),
    ranges: &[Range<u64>],
) -> Error {
    let Ok(found) = store.head(file).await else {
        return error;
    };
    let Some(range) = ranges.iter().find(|range| range.end > found.size) else {
        return error;
    };
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

/// Describes a range that ends beyond a file of this size.
pub(super) fn beyond(file_bytes: u64) -> String {
    format!(
        "the file ends after {file_bytes} bytes; it may have been cut since it was looked at first"
    )
}
