//! The folder of journals and records.

use std::path::Path;

use super::error::SessionError;

/// Refuses a results folder that cannot be written to, before hours are spent on getting results.
pub(crate) fn check_results(results: &Path) -> Result<(), SessionError> {
    std::fs::create_dir_all(results)
        .and_then(|()| tempfile::tempfile_in(results))
        .map(|_| ())
        .map_err(|source| SessionError::Results {
            path: results.display().to_string(),
            source,
        })
}
