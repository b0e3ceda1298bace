//! The journal of a run, and the record that its lines add up to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::store::{SchemaVersion, check_schema, path_of};
use super::{CellRecord, Event, RecordError, RunRecord};

/// What every journal begins with, and no record does.
const JOURNAL_START: &[u8] = br#"{"event":"#;

/// Why an event cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    #[error("the run has already started")]
    StartedTwice,
    #[error("a journal begins with the event `started`")]
    NotStarted,
    #[error("there already is a cell {0:?}")]
    DuplicateCell(String),
    #[error("there is no cell {0:?}")]
    UnknownCell(String),
}

impl RunRecord {
    /// Adds what happened. The live run and the reader of its journal both build their record with this alone.
    pub fn apply(&mut self, event: Event) -> Result<(), ApplyError> {
        match event {
            Event::Started { .. } => return Err(ApplyError::StartedTwice),
            Event::Dataset { dataset } => self.datasets.push(*dataset),
            Event::Cell { cell } => {
                if self.cells.iter().any(|known| known.id == cell.id) {
                    return Err(ApplyError::DuplicateCell(cell.id));
                }
                self.cells.push(*cell);
            }
            Event::Iteration { cell, iteration } => {
                self.cell_mut(cell)?.iterations.push(*iteration)
            }
            Event::Expectations { cell, expectations } => {
                self.cell_mut(cell)?.expectations.extend(expectations)
            }
            Event::Warning { text } => self.warnings.push(text),
            Event::Memory {
                cell,
                peak_memory_bytes,
                base_memory_bytes,
            } => {
                let cell = self.cell_mut(cell)?;
                cell.peak_memory_bytes = Some(peak_memory_bytes);
                cell.base_memory_bytes = Some(base_memory_bytes);
            }
            Event::Profile { cell, profile } => self.cell_mut(cell)?.profile = Some(profile),
            Event::Stopped { stopped } => self.stopped = Some(stopped),
            Event::Finished => self.complete = true,
        }
        Ok(())
    }

    fn cell_mut(&mut self, id: String) -> Result<&mut CellRecord, ApplyError> {
        self.cells
            .iter_mut()
            .find(|cell| cell.id == id)
            .ok_or(ApplyError::UnknownCell(id))
    }
}

/// The journal of a run that is going on: a line of JSON per event.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Length of the whole lines.
    bytes: u64,
}

impl Journal {
    /// Starts `<dir>/<run_id>.jsonl`, which must not exist; the folder is created where it does not.
    pub fn create(dir: &Path, run_id: &str) -> Result<Self, RecordError> {
        let path = path_of(dir, run_id, "jsonl")?;
        fs::create_dir_all(dir).map_err(|source| RecordError::Create {
            path: dir.to_owned(),
            source,
        })?;
        // Appending, so that what follows a line that was taken back stands in its place.
        match File::options().append(true).create_new(true).open(&path) {
            Ok(file) => Ok(Self {
                file,
                path,
                bytes: 0,
            }),
            Err(source) => Err(RecordError::Create { path, source }),
        }
    }

    /// Adds one line in a single write, so that it outlives this process however that ends. The first and the last line
    /// are synced to the device as well; doing so for each iteration would disturb what is measured.
    ///
    /// A line that could not be written whole (a full disk) is taken back, so that later ones still can be read.
    pub fn append(&mut self, event: &Event) -> Result<(), RecordError> {
        let written = self.append_line(event);
        written.map_err(|source| RecordError::Write {
            path: self.path.clone(),
            source,
        })
    }

    fn append_line(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // What went wrong first is what is told.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += line.len() as u64;
        if matches!(event, Event::Started { .. } | Event::Finished) {
            self.file.sync_data()?;
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[derive(Deserialize)]
struct StartedSchemaVersion {
    record: SchemaVersion,
}

/// Whether what is in a file is a journal, of which no more than its first bytes may have been
/// written.
pub(super) fn is_journal(content: &[u8]) -> bool {
    content.starts_with(JOURNAL_START) || JOURNAL_START.starts_with(content)
}

/// What the lines of a journal add up to. `path` is for errors.
pub(super) fn fold_journal(path: &Path, content: &[u8]) -> Result<RunRecord, RecordError> {
    let mut lines = content.split_inclusive(|byte| *byte == b'\n').enumerate();
    let mut record = match lines.next() {
        Some((_, line)) if line.ends_with(b"\n") => parse_first_line(path, line)?,
        _ => {
            return Err(RecordError::NeverStarted {
                path: path.to_owned(),
            });
        }
    };
    for (index, line) in lines {
        let event = match serde_json::from_slice::<Event>(line) {
            Ok(event) => event,
            Err(_) if !line.ends_with(b"\n") => {
                record.warnings.push(format!(
                    "the journal ends within line {}, which is lost: the run was stopped while writing it, and what it had finished before is here",
                    index + 1
                ));
                break;
            }
            Err(source) => {
                return Err(RecordError::Line {
                    path: path.to_owned(),
                    line: index + 1,
                    source,
                });
            }
        };
        record.apply(event).map_err(|source| RecordError::Order {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
    }
    Ok(record)
}

fn parse_first_line(path: &Path, line: &[u8]) -> Result<RunRecord, RecordError> {
    let failed = |source| RecordError::Line {
        path: path.to_owned(),
        line: 1,
        source,
    };
    let schema: StartedSchemaVersion = serde_json::from_slice(line).map_err(failed)?;
    check_schema(path, schema.record.schema_version)?;
    match serde_json::from_slice(line).map_err(failed)? {
        Event::Started { record } => Ok(*record),
        _ => Err(RecordError::Order {
            path: path.to_owned(),
            line: 1,
            source: ApplyError::NotStarted,
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::record::fixture::{cell, codecs, dataset, iteration, record, warmup};
    use crate::record::{ExpectationResult, Iteration, read_record};

    fn events() -> Vec<Event> {
        let mut started = record();
        started.complete = false;
        let expectation = ExpectationResult {
            name: "expect_rows".to_owned(),
            expected: "1000".to_owned(),
            found: "1000".to_owned(),
            passed: true,
        };
        vec![
            Event::Started {
                record: Box::new(started),
            },
            Event::Dataset {
                dataset: Box::new(dataset("none", "rows", 10)),
            },
            Event::Cell {
                cell: Box::new(cell("scan", "none", Vec::new())),
            },
            Event::Iteration {
                cell: "scan/none".to_owned(),
                iteration: Box::new(warmup("ab", &[0.1])),
            },
            Event::Iteration {
                cell: "scan/none".to_owned(),
                iteration: Box::new(iteration(0, 7)),
            },
            Event::Expectations {
                cell: "scan/none".to_owned(),
                expectations: vec![expectation],
            },
            Event::Warning {
                text: "Zürich is throttled".to_owned(),
            },
            Event::Finished,
        ]
    }

    /// The folder must be kept for as long as the journal is read.
    fn journal_of(events: &[Event]) -> (tempfile::TempDir, Journal) {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path(), "run").unwrap();
        for event in events {
            journal.append(event).unwrap();
        }
        (dir, journal)
    }

    fn messages(error: &dyn std::error::Error) -> String {
        let source = error.source().map(messages).unwrap_or_default();
        format!("{error}: {source}")
    }

    #[test]
    fn a_journal_adds_up_to_the_record_that_the_live_run_has() {
        let (_dir, journal) = journal_of(&events());
        let mut events = events().into_iter();
        let Some(Event::Started { record: live }) = events.next() else {
            unreachable!()
        };
        let mut live = *live;
        for event in events {
            live.apply(event).unwrap();
        }
        assert_eq!(read_record(journal.path()).unwrap(), live);
        assert!(live.complete);
        assert_eq!(live.cells[0].iterations.len(), 2);
        assert_eq!(live.cells[0].expectations.len(), 1);
        assert_eq!(live.warnings, ["Zürich is throttled"]);
    }

    #[test]
    fn every_appended_line_is_on_disk_at_once() {
        let events = events();
        let (_dir, mut journal) = journal_of(&[]);
        for (index, event) in events.iter().enumerate() {
            journal.append(event).unwrap();
            let content = fs::read_to_string(journal.path()).unwrap();
            assert_eq!(content.lines().count(), index + 1);
            assert!(content.ends_with('\n'));
        }
    }

    #[test]
    fn a_journal_cut_at_any_byte_keeps_every_whole_line() {
        let events = events();
        let (_dir, journal) = journal_of(&events);
        let content = fs::read(journal.path()).unwrap();
        let first_line = content.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in first_line..content.len() {
            fs::write(journal.path(), &content[..length]).unwrap();
            let record = read_record(journal.path()).unwrap();
            let whole_lines = content[..length]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            let iterations = record.cells.first().map_or(0, |cell| cell.iterations.len());
            assert!(
                iterations >= whole_lines.saturating_sub(3).min(2),
                "{length}"
            );
            let torn = content[length - 1] != b'\n' && content[length] != b'\n';
            assert_eq!(
                record
                    .warnings
                    .iter()
                    .any(|warning| warning.contains("ends within line")),
                torn,
                "{length}"
            );
        }
        for length in 1..first_line {
            fs::write(journal.path(), &content[..length]).unwrap();
            let error = read_record(journal.path()).unwrap_err();
            assert!(
                matches!(error, RecordError::NeverStarted { .. }) && error.holds_no_run(),
                "{length}: {error}"
            );
        }
    }

    #[test]
    fn a_journal_that_begins_with_another_event_is_refused_with_the_line() {
        let (_dir, journal) = journal_of(&[]);
        let line = r#"{"event":"warning","text":"x","record":{"schema_version":1}}"#;
        fs::write(journal.path(), format!("{line}\n")).unwrap();
        let error = read_record(journal.path()).unwrap_err();
        assert!(!error.holds_no_run());
        let error = messages(&error);
        assert!(
            error.contains("line 1 of the journal") && error.contains("begins with the event"),
            "{error}"
        );
    }

    #[rstest]
    #[case::garbage("{\"event\":\"iter", "line 3 of the journal")]
    #[case::unknown_event("{\"event\":\"party\"}", "unknown variant `party`")]
    #[case::started_twice("", "has already started")]
    #[case::unknown_cell(
        "{\"event\":\"expectations\",\"cell\":\"x\",\"expectations\":[]}",
        "there is no cell \"x\""
    )]
    fn a_bad_line_in_the_middle_is_named(#[case] bad: &str, #[case] message: &str) {
        let (_dir, journal) = journal_of(&events());
        let content = fs::read_to_string(journal.path()).unwrap();
        let mut lines: Vec<&str> = content.lines().collect();
        let bad = if bad.is_empty() { lines[0] } else { bad };
        lines.insert(2, bad);
        fs::write(journal.path(), lines.join("\n")).unwrap();
        let error = messages(&read_record(journal.path()).unwrap_err());
        assert!(
            error.contains(message) && error.contains("line 3 of the journal"),
            "{error}"
        );
    }

    #[test]
    fn a_cell_is_announced_once() {
        let mut record = codecs();
        let again = record.cells[0].clone();
        let error = record
            .apply(Event::Cell {
                cell: Box::new(again),
            })
            .unwrap_err();
        assert_eq!(
            error,
            ApplyError::DuplicateCell("full_scan/none".to_owned())
        );
    }

    #[test]
    fn a_journal_never_replaces_another() {
        let (dir, _journal) = journal_of(&events());
        let error = Journal::create(dir.path(), "run").unwrap_err();
        assert!(messages(&error).contains("run.jsonl"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_that_does_not_fit_the_device_is_an_error_and_no_part_of_the_journal() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let mut journal = Journal {
            file,
            path: "full.jsonl".into(),
            bytes: 0,
        };
        let error = journal.append(&Event::Finished).unwrap_err();
        assert!(messages(&error).contains("No space left"), "{error}");
        assert_eq!(journal.bytes, 0);
    }

    /// As if a write had ended half way.
    #[test]
    fn what_follows_a_line_that_was_taken_back_stands_in_its_place() {
        let events = events();
        let (_dir, mut journal) = journal_of(&events[..3]);
        journal.file.write_all(b"{\"event\":\"iterat").unwrap();
        journal.file.set_len(journal.bytes).unwrap();
        journal.append(&events[3]).unwrap();
        assert_eq!(
            read_record(journal.path()).unwrap().cells[0]
                .iterations
                .len(),
            1
        );
    }

    #[test]
    fn a_sum_that_is_not_a_number_survives_the_journal() {
        let mut events = events();
        events[3] = Event::Iteration {
            cell: "scan/none".to_owned(),
            iteration: Box::new(warmup("ab", &[f64::NAN])),
        };
        let (_dir, journal) = journal_of(&events);
        let record = read_record(journal.path()).unwrap();
        let sums = |iteration: &Iteration| iteration.checksum.clone().unwrap().approximate;
        assert!(sums(&record.cells[0].iterations[0])[0].is_nan());
    }
}
