//! The journal, and the record that its lines add up to.

use std::fs::{self, File};
use std::io::Write;

use rstest::rstest;

use crate::record::fixture::{cell, codecs, dataset, iteration, record, warmup};
use crate::record::{
    ApplyError, Event, ExpectationResult, Iteration, Journal, RecordError, read_record,
};

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

/// Keep the folder as long as the journal is read.
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

/// Simulates a write that ended half way.
#[test]
fn what_follows_a_line_that_was_taken_back_stands_in_its_place() {
    let events = events();
    let (_dir, mut journal) = journal_of(&events[..3]);
    let mut file = File::options().append(true).open(journal.path()).unwrap();
    let whole_lines = file.metadata().unwrap().len();
    file.write_all(b"{\"event\":\"iterat").unwrap();
    file.set_len(whole_lines).unwrap();
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
    let sums = |iteration: &Iteration| iteration.figures.checksum.clone().unwrap().approximate;
    assert!(sums(&record.cells[0].iterations[0])[0].is_nan());
}
