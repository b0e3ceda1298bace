//! Files of records: where they lie, how they are written whole, and what is refused when they are read.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::journal::{fold_journal, is_journal};
use super::{ApplyError, CellRecord, RequestProfile, RunRecord, SCHEMA_VERSION};
use crate::exit_class::ExitClass;
use crate::output::{Output, OutputError};
use crate::text_file::read_bytes;

/// Larger files are refused rather than read into memory: a record of a million iterations has about this size.
const LARGEST_FILE_BYTES: u64 = 1 << 30;

#[derive(Debug, Error)]
pub enum RecordError {
    #[error("cannot create {}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{run_id:?} cannot be the name of a file, as a run's id must")]
    RunId { run_id: String },
    #[error("{} has more than the {LARGEST_FILE_BYTES} bytes that this program reads of a run record", path.display())]
    TooLarge { path: PathBuf },
    #[error("record {} has schema_version {found}; this program reads up to {SCHEMA_VERSION}", path.display())]
    NewerSchema { path: PathBuf, found: u32 },
    #[error("record {} has schema_version {found}, and no record has; this program reads 1 to {SCHEMA_VERSION}", path.display())]
    NoSuchSchema { path: PathBuf, found: u32 },
    #[error("{} is not a run record", path.display())]
    NotARecord {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{}: the profile of cell {cell:?} has {found} requests; this program reads profiles of up to {} requests", path.display(), RequestProfile::MOST_REQUESTS)]
    TooManyRequests {
        path: PathBuf,
        cell: String,
        found: usize,
    },
    #[error("record {} has the cell {cell:?} twice", path.display())]
    SameCell { path: PathBuf, cell: String },
    #[error("{} is empty, as a journal is to which no event was written: the disk may have been full", path.display())]
    Empty { path: PathBuf },
    #[error("{} ends before its first line does: the run was stopped, or the disk was full, before it started", path.display())]
    NeverStarted { path: PathBuf },
    #[error("line {line} of the journal {} is not an event", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        source: serde_json::Error,
    },
    #[error("line {line} of the journal {} does not follow from those before it", path.display())]
    Order {
        path: PathBuf,
        line: usize,
        source: ApplyError,
    },
}

impl RecordError {
    /// What is read came from the user; what is written did not.
    pub fn class(&self) -> ExitClass {
        match self {
            RecordError::Create { .. } | RecordError::Write { .. } | RecordError::RunId { .. } => {
                ExitClass::Failed
            }
            RecordError::Read { .. }
            | RecordError::TooLarge { .. }
            | RecordError::NewerSchema { .. }
            | RecordError::NoSuchSchema { .. }
            | RecordError::NotARecord { .. }
            | RecordError::TooManyRequests { .. }
            | RecordError::SameCell { .. }
            | RecordError::Empty { .. }
            | RecordError::NeverStarted { .. }
            | RecordError::Line { .. }
            | RecordError::Order { .. } => ExitClass::Usage,
        }
    }

    /// Whether it is about the journal of a run that ended before it wrote anything, so that
    /// nothing of a run is lost.
    pub fn holds_no_run(&self) -> bool {
        matches!(
            self,
            RecordError::Empty { .. } | RecordError::NeverStarted { .. }
        )
    }
}

/// Reads a run record, or a journal and what it adds up to; which of them is seen from the content. What `analysis` derives is
/// not in a journal, and a journal that ends within a line lost that line alone, which becomes a warning.
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
        // Comparisons, noise and findings name a cell by its id.
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

/// Writes `<dir>/<run_id>.json`, complete or not at all; replaces an earlier one.
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

/// The record as [`write_record`] writes it: indented JSON and a line end.
pub fn to_json(record: &RunRecord) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string_pretty(record)?;
    json.push('\n');
    Ok(json)
}

/// A run's id is also what its files are called, and may come from a file of someone else.
pub(super) fn path_of(dir: &Path, run_id: &str, extension: &str) -> Result<PathBuf, RecordError> {
    let mut components = Path::new(run_id).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(name)), None) if name == run_id => {
            Ok(dir.join(format!("{run_id}.{extension}")))
        }
        _ => Err(RecordError::RunId {
            run_id: run_id.to_owned(),
        }),
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, RecordError> {
    read_bytes(path, LARGEST_FILE_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::FileTooLarge => RecordError::TooLarge {
            path: path.to_owned(),
        },
        _ => RecordError::Read {
            path: path.to_owned(),
            source,
        },
    })
}

#[derive(Deserialize)]
pub(super) struct SchemaVersion {
    pub(super) schema_version: u32,
}

/// A newer record is refused before anything in it that this program does not know can fail.
pub(super) fn check_schema(path: &Path, found: u32) -> Result<(), RecordError> {
    let path = || path.to_owned();
    match found {
        0 => Err(RecordError::NoSuchSchema {
            path: path(),
            found,
        }),
        1..=SCHEMA_VERSION => Ok(()),
        _ => Err(RecordError::NewerSchema {
            path: path(),
            found,
        }),
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;

    use rstest::rstest;

    use super::*;
    use crate::record::fixture::{codecs, record, warmup};
    use crate::record::{Journal, StoreCall, Summary};

    #[rstest]
    #[case("../run")]
    #[case("a/b")]
    #[case("/run")]
    #[case("..")]
    #[case("")]
    #[case("run/")]
    fn an_id_that_is_no_file_name_is_refused(#[case] run_id: &str) {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            Journal::create(dir.path(), run_id),
            Err(RecordError::RunId { .. })
        ));
        let record = RunRecord {
            run_id: run_id.to_owned(),
            ..record()
        };
        assert!(matches!(
            write_record(dir.path(), &record),
            Err(RecordError::RunId { .. })
        ));
    }

    #[test]
    fn a_written_record_is_read_back_to_the_bit() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = codecs();
        record.cells[0].iterations[0] = warmup(
            "ab",
            &[
                0.1 + 0.2,
                1e-308,
                -0.0,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MAX,
            ],
        );
        record.cells[0].summary.insert(
            "end_to_end".to_owned(),
            Summary {
                median_ns: 7.038_531e-26,
                ci_low_ns: None,
                ci_high_ns: Some(31.245_270_191_439_438),
                confidence: Some(0.992_187_5),
                iterations: 10,
                rows_per_s: 2.0 / 3.0,
                arrow_bytes_per_s: 121.489_915_990_638_16,
                requested_bytes_per_s: 5e-324,
                ledger: None,
                stream_ns: None,
            },
        );
        let path = write_record(dir.path(), &record).unwrap();
        assert_eq!(path, dir.path().join("20260101T120000Z-ab12.json"));
        assert_eq!(read_record(&path).unwrap(), record);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            to_json(&record).unwrap()
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        record.cells.clear();
        write_record(dir.path(), &record).unwrap();
        assert_eq!(read_record(&path).unwrap(), record);
    }

    #[test]
    fn a_compact_record_on_one_line_is_no_journal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("compact.jsonl");
        fs::write(&path, serde_json::to_vec(&codecs()).unwrap()).unwrap();
        assert_eq!(read_record(&path).unwrap(), codecs());
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_record_where_the_umask_lets_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("plain");
        fs::write(&plain, "").unwrap();
        let path = write_record(dir.path(), &record()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn a_newer_schema_is_refused_by_name_whatever_else_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new.json");
        for content in [
            "{\"schema_version\": 7, \"cells\": 3}",
            "{\"event\":\"started\",\"record\":{\"schema_version\":7}}\n",
        ] {
            fs::write(&path, content).unwrap();
            let error = read_record(&path).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "record {} has schema_version 7; this program reads up to 2",
                    path.display()
                )
            );
        }
    }

    #[test]
    fn a_file_that_is_no_record_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        let deep = "[".repeat(100_000);
        for content in ["hello", "{}", "[1]", "{\"schema_version\": 1}", &deep] {
            fs::write(&path, content).unwrap();
            let error = read_record(&path).unwrap_err();
            assert!(
                error.to_string().ends_with("x.json is not a run record"),
                "{error}"
            );
        }
        assert!(matches!(
            read_record(&dir.path().join("absent")),
            Err(RecordError::Read { .. })
        ));
        assert!(matches!(
            read_record(dir.path()),
            Err(RecordError::Read { .. })
        ));
    }

    #[test]
    fn an_empty_file_is_told_to_be_a_journal_without_events() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.jsonl");
        fs::write(&path, "").unwrap();
        let error = read_record(&path).unwrap_err();
        assert!(error.holds_no_run());
        let words = error.to_string();
        for word in ["run.jsonl", "is empty", "no event", "full"] {
            assert!(words.contains(word), "{words}");
        }
    }

    #[test]
    fn version_0_is_no_version_of_a_record() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = codecs();
        record.schema_version = 0;
        let path = write_record(dir.path(), &record).unwrap();
        let error = read_record(&path).unwrap_err().to_string();
        assert!(error.contains("schema_version 0, and no record"), "{error}");
        fs::write(
            &path,
            "{\"event\":\"started\",\"record\":{\"schema_version\":0}}\n",
        )
        .unwrap();
        assert!(matches!(
            read_record(&path),
            Err(RecordError::NoSuchSchema { found: 0, .. })
        ));
    }

    #[test]
    fn a_record_that_has_a_cell_twice_is_refused_with_the_cell() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = codecs();
        record.cells.push(record.cells[1].clone());
        let path = write_record(dir.path(), &record).unwrap();
        let error = read_record(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("has the cell \"full_scan/zstd\" twice"),
            "{error}"
        );
    }

    #[test]
    fn a_device_is_no_record() {
        let error = read_record(Path::new("/dev/zero")).unwrap_err();
        assert!(matches!(error, RecordError::Read { .. }), "{error}");
    }

    #[test]
    fn an_absurdly_large_file_is_refused_unread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.json");
        File::create(&path)
            .unwrap()
            .set_len(LARGEST_FILE_BYTES + 1)
            .unwrap();
        assert!(matches!(
            read_record(&path),
            Err(RecordError::TooLarge { .. })
        ));
    }

    #[test]
    fn a_profile_that_would_take_long_to_simulate_is_refused_with_its_cell() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = codecs();
        let call = |requests: usize| StoreCall(0, 0, vec![1; requests], 0);
        let mut written = |calls: Vec<StoreCall>| {
            record.cells[1].profile = Some(RequestProfile {
                elapsed_ns: 1,
                streams: vec![calls],
            });
            read_record(&write_record(dir.path(), &record).unwrap())
        };
        let most = RequestProfile::MOST_REQUESTS;
        written(vec![call(most - 1), call(0)]).unwrap();
        let error = written(vec![call(most), call(0)]).unwrap_err().to_string();
        assert!(
            error.contains("zstd") && error.contains(&(most + 1).to_string()),
            "{error}"
        );
    }
}
