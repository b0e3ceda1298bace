//! Records that are written and read, and files that are refused.

use std::fs::{self, File};
use std::path::Path;

use rstest::rstest;

use crate::record::files::LARGEST_FILE_BYTES;
use crate::record::fixture::{codecs, record, warmup};
use crate::record::{
    Journal, Lane, RecordError, RequestProfile, RunRecord, StoreCall, Summary, read_record,
    to_json, write_record,
};

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
        Lane::EndToEnd,
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
            elapsed_of_all_ns: Vec::new(),
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
