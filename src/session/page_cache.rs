//! Refuses states of the page cache that cannot be established for files, before anything is
//! measured.

use std::io::Write;
use std::path::Path;

use super::error::SessionError;
use super::estimate::existing_part;
use crate::config::PageCache;
use crate::storage::{Location, check_direct, lies_in_memory};

/// Refuses a state of the page cache that cannot be established for the files of a dataset, before
/// they are written. It tries the file system with a temporary file.
pub(super) fn check_target_cache(cache: PageCache, root: &Location) -> Result<(), SessionError> {
    if cache == PageCache::Warm {
        return Ok(());
    }
    let Some(root) = root.local() else {
        return check_place_cache(cache, root);
    };
    let tried = existing_part(root).and_then(|beside| {
        let mut file = tempfile::NamedTempFile::new_in(beside).ok()?;
        file.write_all(&[0; 4096]).ok()?;
        Some(file)
    });
    // If nothing can be written, writing the dataset will report it.
    tried.map_or(Ok(()), |file| check_file_cache(cache, file.path(), root))
}

/// Refuses a state of the page cache that cannot be established for a file. Files in a store have
/// no pages on this host.
pub(super) fn check_place_cache(cache: PageCache, place: &Location) -> Result<(), SessionError> {
    match place.local() {
        Some(path) => check_file_cache(cache, path, path),
        None if cache == PageCache::Warm || place.store().is_remote() => Ok(()),
        None => Err(SessionError::NoPages {
            location: place.to_string(),
            cache,
        }),
    }
}

/// Refuses a state of the page cache that cannot be established for a file. The error names the
/// path `named`.
fn check_file_cache(cache: PageCache, file: &Path, named: &Path) -> Result<(), SessionError> {
    let path = || named.display().to_string();
    match cache {
        PageCache::Warm => Ok(()),
        PageCache::Cold if lies_in_memory(file) => Err(SessionError::InMemory { path: path() }),
        PageCache::Cold => Ok(()),
        PageCache::Direct => check_direct(file).map_err(|source| SessionError::Direct {
            path: path(),
            source,
        }),
    }
}
