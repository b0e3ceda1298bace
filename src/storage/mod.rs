//! Where data lies: paths and URLs, the object store that every dataset byte goes through, and the page cache.

mod counting;
mod page_cache;

pub use counting::{Counters, CountingStore, FileLayout, Touched};
pub use page_cache::{Residency, make_resident, may_attest, residency};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::local::LocalFileSystem;

/// Why a location cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error(
        "`{location}` is not on a local file system; this version reads local paths and file:// URLs only"
    )]
    NotLocal { location: String },
    #[error("`{location}` is not a valid file:// URL")]
    BadUrl { location: String },
    #[error("`{location}` cannot be resolved: {source}")]
    Unresolvable {
        location: String,
        source: std::io::Error,
    },
    #[error("`{location}` is not valid as an object path: {reason}")]
    BadPath { location: String, reason: String },
}

/// The local file system as an object store, counted. Paths in it are absolute.
pub fn local_store() -> Arc<CountingStore> {
    Arc::new(CountingStore::new(Arc::new(LocalFileSystem::new())))
}

/// The URL under which `local_store` is registered with the engine.
pub fn local_store_url() -> ObjectStoreUrl {
    ObjectStoreUrl::local_filesystem()
}

/// The absolute path of a location as a user wrote it, symbolic links kept; it need not exist.
pub fn local_path(location: &str) -> Result<PathBuf, StorageError> {
    let named = || location.to_owned();
    let path = match location.split_once("://") {
        Some(("file", _)) => url::Url::parse(location)
            .ok()
            .and_then(|url| url.to_file_path().ok())
            .ok_or_else(|| StorageError::BadUrl { location: named() })?,
        Some(_) => return Err(StorageError::NotLocal { location: named() }),
        None => PathBuf::from(location),
    };
    std::path::absolute(&path).map_err(|source| StorageError::Unresolvable {
        location: named(),
        source,
    })
}

/// The object path of an absolute local path.
pub fn object_path(path: &Path) -> Result<object_store::path::Path, StorageError> {
    object_store::path::Path::from_absolute_path(path).map_err(|error| StorageError::BadPath {
        location: path.display().to_string(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_and_file_urls_become_absolute_paths() {
        assert_eq!(
            local_path("a/b").unwrap(),
            std::env::current_dir().unwrap().join("a/b")
        );
        assert_eq!(
            local_path("file:///tmp/x%20y").unwrap(),
            Path::new("/tmp/x y")
        );
    }

    #[test]
    fn object_store_urls_are_refused_by_name() {
        let error = local_path("s3://bucket/key").unwrap_err().to_string();
        assert!(
            error.contains("s3://bucket/key") && error.contains("local"),
            "{error}"
        );
    }
}
