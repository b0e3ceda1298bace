//! Files of records and journals: their names, the versions that can be read, and their errors.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::event::ApplyError;
use super::profile::RequestProfile;
use super::run::SCHEMA_VERSION;
use crate::exit_class::ExitClass;
use crate::text_file::read_bytes;

/// Size of the largest file that is read into memory; a record of a million iterations has about
/// this size.
pub(super) const LARGEST_FILE_BYTES: u64 = 1 << 30;

/// Reason why a record or a journal cannot be written or read.
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
    /// Files that are read came from the user; files that are written did not.
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

    /// True if the journal is of a run that ended before it wrote anything. No data of a run is
    /// lost then.
    pub fn holds_no_run(&self) -> bool {
        matches!(
            self,
            RecordError::Empty { .. } | RecordError::NeverStarted { .. }
        )
    }
}

/// Returns the path of a run's file. The run's id is its name, and may come from somebody else's
/// file.
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

/// Reads the bytes of a record or a journal.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, RecordError> {
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

/// Version of a record whose other fields are not known yet.
#[derive(Deserialize)]
pub(super) struct SchemaVersion {
    pub(super) schema_version: u32,
}

/// Refuses a newer record, before unknown parts of it can fail.
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
