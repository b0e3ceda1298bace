//! The folder of journals and records.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::{Failure, SessionError};
use crate::output::Output;
use crate::record::{RunRecord, to_json, write_record};

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

/// Writes a record, whose journal ended so, into the folder of results, and then its copy. Returns
/// the file in the folder, absent if it could not be written, and the first error.
pub(crate) fn keep_record(
    record: &RunRecord,
    journal: Result<(), Failure>,
    results: &Path,
    copy: Option<&Output>,
) -> (Option<PathBuf>, Result<(), Failure>) {
    let file = match journal.and_then(|()| Ok(write_record(results, record)?)) {
        Ok(file) => file,
        Err(failure) => return (None, Err(failure)),
    };
    let copied = copy.map_or(Ok(()), |copy| {
        copy.write(|copy| copy.write_all(to_json(record)?.as_bytes()))
    });
    (Some(file), copied.map_err(Failure::from))
}
