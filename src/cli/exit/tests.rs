//! Exit codes by error.
#![allow(clippy::unwrap_used)]

use std::io;
use std::path::PathBuf;

use rstest::rstest;

use super::*;
use crate::cancel::Interrupted;
use crate::config::PageCache;
use crate::dataset::DatasetError;
use crate::engine::EngineError;
use crate::measure::{Cause, MeasureError};
use crate::scenario::ScenarioError;
use crate::session::{AtSite, Site};
use crate::storage::{InputError, StorageError};
use crate::table::TableError;

#[test]
fn only_what_the_engine_says_of_a_query_has_several_lines() {
    let reason = "no such function\n\tCandidates:\n\tabs(Int64)";
    let refused: Result<(), _> = Err(EngineError::Planning {
        reason: reason.to_owned(),
    });
    let query = refused.at(&Site::default().with("a\nb")).unwrap_err();
    let query = CommandError::from(query);
    let lines = query.lines(&query.to_string());
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("`a\\nb`") && lines[0].ends_with("no such function"));
    assert_eq!(lines[2], "abs(Int64)");
    let name = CommandError::Usage("a\nb: no such folder".to_owned());
    assert_eq!(name.lines(&name.to_string()), ["a\nb: no such folder"]);
}

#[test]
fn a_panic_that_came_of_a_limit_of_the_host_is_no_defect() {
    let said = "panicked at tokio/src/runtime/blocking/pool.rs:386:17:\nOS can't spawn worker thread: Resource \
                temporarily unavailable (os error 11)";
    let error = of_panic(said);
    assert_eq!(error.code(), FAILED);
    assert_eq!(
        error.to_string(),
        "the system refused what the program needs: Resource temporarily unavailable; the limits of this host (ulimit -u, \
         ulimit -v) are too low"
    );
    let files = "failed to create UnixStream: Os { code: 24, kind: Uncategorized, message: \"Too many open files\" }";
    assert!(of_panic(files).to_string().contains("ulimit -n"));
    let refused = hint_of_limit("x: Too many open files (os error 24)");
    assert_eq!(
        refused.as_deref(),
        Some("a limit of this host (ulimit -n) may be too low")
    );
    assert_eq!(hint_of_limit(&error.to_string()), None);
    let defect = of_panic("index out of bounds").to_string();
    assert!(defect.contains("defect of bench") && defect.contains("index out of bounds"));
}

fn text() -> String {
    "text".to_owned()
}

fn path() -> PathBuf {
    PathBuf::from("path")
}

fn of_system() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn of_store() -> object_store::Error {
    object_store::Error::NotImplemented {
        operation: text(),
        implementer: text(),
    }
}

fn code(error: impl Into<SessionError>) -> u8 {
    CommandError::from(Failure::from(error)).code()
}

fn refused() -> OutputError {
    OutputError::Refused {
        path: path(),
        reason: text(),
    }
}

fn failed() -> OutputError {
    OutputError::Failed {
        path: path(),
        source: of_system(),
    }
}

#[rstest]
#[case::storage(StorageError::NotLocal { location: text() }, USAGE)]
#[case::input(InputError::Changed { location: text(), what: text() }, USAGE)]
#[case::table(TableError::NotFound { table: text(), location: text() }, USAGE)]
#[case::scenario(ScenarioError::EmptyFolder { path: text() }, USAGE)]
#[case::engine(EngineError::BadQuery { reason: text() }, USAGE)]
#[case::output_refused(refused(), USAGE)]
#[case::output_failed(failed(), FAILED)]
#[case::record(RecordError::Write { path: path(), source: of_system() }, FAILED)]
#[case::record_id(RecordError::RunId { run_id: text() }, FAILED)]
#[case::consent(SessionError::Consent { reason: text() }, USAGE)]
#[case::full(SessionError::Full { reason: text() }, USAGE)]
#[case::results(SessionError::Results { path: text(), source: of_system() }, USAGE)]
#[case::memory(SessionError::Memory { reason: text() }, USAGE)]
#[case::baseline(SessionError::UnknownBaseline { name: text(), known: text() }, USAGE)]
#[case::io(SessionError::Io { path: text(), source: of_system() }, FAILED)]
#[case::direct(SessionError::Direct { path: text(), source: of_system() }, USAGE)]
#[case::in_memory(SessionError::InMemory { path: text() }, USAGE)]
#[case::no_pages(
    SessionError::NoPages { location: text(), cache: PageCache::Cold },
    USAGE
)]
#[case::same_cell(SessionError::SameCell { id: text(), first: text(), second: text() }, USAGE)]
#[case::missing(SessionError::Missing { path: text(), source: of_system() }, USAGE)]
#[case::replay(SessionError::Replay { source: of_store() }, USAGE)]
#[case::drop_caches(SessionError::DropCaches, USAGE)]
#[case::given_up(SessionError::GivenUp { first: text(), others: 1 }, FAILED)]
#[case::disagreement(SessionError::Disagreement { found: text(), hint: None }, FAILED)]
#[case::interrupted(Interrupted, INTERRUPTED)]
#[case::internal(SessionError::Internal(text()), FAILED)]
fn errors_of_a_session_have_their_codes(
    #[case] error: impl Into<SessionError>,
    #[case] expected: u8,
) {
    assert_eq!(code(error), expected);
}

#[rstest]
#[case::bad_input(Cause::BadInput, USAGE)]
#[case::reading(Cause::Reading, FAILED)]
#[case::decoding(Cause::Decoding, FAILED)]
#[case::memory(Cause::Memory, FAILED)]
#[case::other(Cause::Other, FAILED)]
fn an_execution_fails_by_its_cause(#[case] cause: Cause, #[case] expected: u8) {
    let message = text();
    assert_eq!(code(MeasureError::Execution { message, cause }), expected);
}

#[test]
fn a_measurement_that_fails_otherwise_failed_while_running() {
    let refused = EngineError::BadQuery { reason: text() };
    assert_eq!(code(MeasureError::Engine(refused)), FAILED);
    let (bytes, available) = (2, 1);
    assert_eq!(code(MeasureError::TooLarge { bytes, available }), FAILED);
}

#[rstest]
#[case::storage(StorageError::BadUrl { location: text() }.into(), USAGE)]
#[case::input(InputError::Unreadable { location: text(), source: of_system() }.into(), USAGE)]
#[case::output_refused(refused().into(), USAGE)]
#[case::output_failed(failed().into(), FAILED)]
#[case::read_only(DatasetError::ReadOnly { folder: text() }, USAGE)]
#[case::io(DatasetError::Io { path: text(), source: of_system() }, FAILED)]
#[case::store(DatasetError::Store { path: text(), source: of_store() }, FAILED)]
#[case::manifest(DatasetError::BadManifest { path: text(), reason: text() }, USAGE)]
#[case::other(DatasetError::OtherDataset { folder: text(), found: text(), wanted: text() }, USAGE)]
#[case::changed(DatasetError::Changed { file: text(), found: 1, expected: 2 }, USAGE)]
#[case::swept(DatasetError::ForeignSwept { folder: text() }, USAGE)]
#[case::foreign(DatasetError::Foreign { file: text() }, USAGE)]
#[case::missing(DatasetError::Missing { folder: text() }, USAGE)]
#[case::file(
    DatasetError::FileNotAsAsked { file: text(), what: "x", found: text(), wanted: text() },
    FAILED
)]
#[case::partitions(DatasetError::TooManyPartitions { column: text(), limit: 1 }, USAGE)]
#[case::unnameable(DatasetError::UnnameablePartition { column: text(), value: text() }, USAGE)]
#[case::long(DatasetError::LongPartition { column: text(), bytes: 2, limit: 1 }, USAGE)]
#[case::source(DatasetError::Source { location: text(), reason: text() }, USAGE)]
#[case::damaged(DatasetError::Damaged { what: text() }, USAGE)]
#[case::not_the_source(
    DatasetError::NotTheSource { folder: text(), location: text(), reason: text() },
    FAILED
)]
#[case::busy(DatasetError::Busy { folder: text() }, USAGE)]
#[case::in_use(DatasetError::InUse { folder: text() }, USAGE)]
#[case::interrupted(DatasetError::Interrupted, INTERRUPTED)]
#[case::internal(DatasetError::Internal(text()), FAILED)]
fn errors_of_a_dataset_have_their_codes(#[case] error: DatasetError, #[case] expected: u8) {
    assert_eq!(code(error), expected);
}

#[rstest]
#[case::record(RecordError::Empty { path: path() }.into(), USAGE)]
#[case::unreadable_record(RecordError::Read { path: path(), source: of_system() }.into(), USAGE)]
#[case::across(AcrossError::OneRecord.into(), USAGE)]
#[case::trace(TraceError::Empty { path: text() }.into(), USAGE)]
#[case::output_refused(refused().into(), USAGE)]
#[case::output_failed(failed().into(), FAILED)]
#[case::usage(CommandError::Usage(text()), USAGE)]
#[case::failed(CommandError::Failed(text()), FAILED)]
#[case::learn_interrupted(LearnError::from(Interrupted).into(), INTERRUPTED)]
#[case::learn_from_nothing(
    LearnError::Unlearnable { location: text(), reason: text() }.into(),
    USAGE
)]
#[case::learn_dataset(
    LearnError::from(DatasetError::Io { path: text(), source: of_system() }).into(),
    USAGE
)]
#[case::learn_yaml(LearnError::Yaml(text()).into(), FAILED)]
fn errors_of_commands_have_their_codes(#[case] error: CommandError, #[case] expected: u8) {
    assert_eq!(error.code(), expected);
}
