//! Writes records as a whole, and checks them when they are read.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::cell::CellRecord;
use super::files::{RecordError, SchemaVersion, check_schema, path_of, read_file};
use super::journal::{fold_journal, is_journal};
use super::profile::RequestProfile;
use super::run::RunRecord;
use crate::output::{Output, OutputError};

/// Reads a run record, or the record that a journal adds up to. The content decides which of the
/// two it is. A journal does not contain the results of `analysis`. If it ends within a line, only
/// that line is lost, which becomes a warning.
pub fn read_record(path: &Path) -> Result<RunRecord, RecordError> {
    let content = read_file(path)?;
    if content.is_empty() {
        return Err(RecordError::Empty {
            path: path.to_owned(),
        });
    }
    let record = match is_journal(&content) {
        true => fold_journal(path, &content)?,
        false => parse_record(path, &content)?,
    };
    check_cells(path, &record.cells)?;
    Ok(record)
}

fn check_cells(path: &Path, cells: &[CellRecord]) -> Result<(), RecordError> {
    let named = |cell: &CellRecord| cell.id.chars().take(60).collect::<String>();
    let mut ids = HashSet::new();
    for cell in cells {
        // Comparisons, noise and findings refer to a cell by its id.
        if !ids.insert(cell.id.as_str()) {
            return Err(RecordError::SameCell {
                path: path.to_owned(),
                cell: named(cell),
            });
        }
        let found = cell.profile.as_ref().map_or(0, RequestProfile::requests);
        if found > RequestProfile::MOST_REQUESTS {
            return Err(RecordError::TooManyRequests {
                path: path.to_owned(),
                cell: named(cell),
                found,
            });
        }
    }
    Ok(())
}

/// Writes `<dir>/<run_id>.json`, complete or not at all. Replaces an earlier one.
pub fn write_record(dir: &Path, record: &RunRecord) -> Result<PathBuf, RecordError> {
    let path = path_of(dir, &record.run_id, "json")?;
    fs::create_dir_all(dir).map_err(|source| RecordError::Create {
        path: dir.to_owned(),
        source,
    })?;
    let written =
        Output::own(path.clone()).write(|file| file.write_all(to_json(record)?.as_bytes()));
    match written {
        Ok(()) => Ok(path),
        Err(OutputError::Failed { source, .. }) => Err(RecordError::Write { path, source }),
        Err(OutputError::Refused { reason, .. }) => Err(RecordError::Write {
            path,
            source: io::Error::other(reason),
        }),
    }
}

/// Returns the record as [`write_record`] writes it: indented JSON and a line end.
pub fn to_json(record: &RunRecord) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string_pretty(record)?;
    json.push('\n');
    Ok(json)
}

fn parse_record(path: &Path, content: &[u8]) -> Result<RunRecord, RecordError> {
    let failed = |source| RecordError::NotARecord {
        path: path.to_owned(),
        source,
    };
    let SchemaVersion { schema_version } = serde_json::from_slice(content).map_err(failed)?;
    check_schema(path, schema_version)?;
    serde_json::from_slice(content).map_err(failed)
}
