//! The journal of a run, and the record that its lines add up to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::event::{ApplyError, Event};
use super::files::{RecordError, SchemaVersion, check_schema, path_of};
use super::run::RunRecord;

/// First bytes of every journal, which no record has.
const JOURNAL_START: &[u8] = br#"{"event":"#;

/// The journal of a run that is going on: a line of JSON per event.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Length of the complete lines.
    bytes: u64,
}

impl Journal {
    /// Creates `<dir>/<run_id>.jsonl`, which must not exist, and the folder if it does not exist.
    pub fn create(dir: &Path, run_id: &str) -> Result<Self, RecordError> {
        let path = path_of(dir, run_id, "jsonl")?;
        fs::create_dir_all(dir).map_err(|source| RecordError::Create {
            path: dir.to_owned(),
            source,
        })?;
        // In append mode, a line after one that was undone takes its place.
        match File::options().append(true).create_new(true).open(&path) {
            Ok(file) => Ok(Self {
                file,
                path,
                bytes: 0,
            }),
            Err(source) => Err(RecordError::Create { path, source }),
        }
    }

    /// Adds one line in a single write, so that it outlives this process however that ends. The
    /// first and the last line are also synced to the device; doing so for each iteration would
    /// disturb the measurement.
    ///
    /// A line that could not be written as a whole (on a full disk) is undone, so that later lines
    /// can still be read.
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
            // The first error is the one to report.
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

/// True if a file's content is a journal, of which possibly only a part of the first bytes was
/// written.
pub(super) fn is_journal(content: &[u8]) -> bool {
    content.starts_with(JOURNAL_START) || JOURNAL_START.starts_with(content)
}

/// Builds the record that the lines of a journal add up to. `path` is for errors.
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
    use std::error::Error;

    use super::*;

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
        assert!(
            error
                .source()
                .is_some_and(|source| source.to_string().contains("No space left")),
            "{error}"
        );
        assert_eq!(journal.bytes, 0);
    }
}
