//! Converts paths and URLs as users write them to absolute paths of this host and to object paths.

use std::path::{Component, Path, PathBuf};

use object_store::local::LocalFileSystem;

use crate::exit_class::ExitClass;

/// Reason why a location cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("`{location}` is not a place on this host")]
    NotLocal { location: String },
    #[error("`{location}` cannot be reached: {reason}")]
    Unreachable { location: String, reason: String },
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

impl StorageError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }
}

/// Returns the absolute path of a location as a user wrote it, without `..`, which object paths
/// cannot have. Symbolic links are kept, except before a `..`. The path need not exist.
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
    let path = std::path::absolute(&path).map_err(|source| StorageError::Unresolvable {
        location: named(),
        source,
    })?;
    Ok(without_parents(&path))
}

/// Removes `..` from an absolute path as the file system would: behind a symbolic link it is the
/// parent of the link's target.
fn without_parents(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            if let Ok(real) = std::fs::canonicalize(&resolved) {
                resolved = real;
            }
            resolved.pop();
        } else {
            resolved.push(part);
        }
    }
    resolved
}

/// Returns the file of this host that an object of the local store is.
///
/// # Errors
///
/// No file can have such a path.
pub fn local_file(path: &object_store::path::Path) -> object_store::Result<PathBuf> {
    LocalFileSystem::new().path_to_filesystem(path)
}

/// Returns the object path of an absolute local path.
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
    fn parent_folders_are_those_of_the_file_system() {
        let working = std::env::current_dir().unwrap();
        assert_eq!(local_path("a/../b").unwrap(), working.join("b"));
        assert_eq!(local_path("/../no/such/../b").unwrap(), Path::new("/no/b"));

        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("far/folder")).unwrap();
        std::os::unix::fs::symlink(root.join("far/folder"), root.join("link")).unwrap();
        let through = root.join("link/../x").display().to_string();
        assert_eq!(local_path(&through).unwrap(), root.join("far/x"));
        let kept = root.join("link/x");
        assert_eq!(local_path(&kept.display().to_string()).unwrap(), kept);
    }
}
