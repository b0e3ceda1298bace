//! Traces that are kept, and replayed.

use std::fs;

use rstest::rstest;
use serde_json::json;

use crate::harness::{Place, at};

const NONE: [&str; 0] = [];

/// A place with a trace of a scan.
fn traced() -> Place {
    let place = Place::tiny();
    place.run(&["--trace", "kept.trace"]).succeeds();
    place
}

#[test]
fn a_kept_trace_is_replayed() {
    let place = traced();
    let bench = place
        .bench()
        .args(["replay", "kept.trace", "--rounds", "8"]);
    let replayed = bench.args(["--format", "json"]).run().succeeds().json();
    let one = at(&replayed, "0");
    assert_eq!(
        (&one["cell"], &one["replays"], &one["void"]),
        (&json!("scan/base"), &json!(8), &json!(0))
    );
    let record = place.record(&NONE);
    let iteration = at(&record, "cells.0.iterations.0");
    assert_eq!(one["bytes"], iteration["requested_bytes"]);
    assert_eq!(one["ranges"], iteration["engine_ranges"]);
    assert!(one["ci_low_ns"].as_f64().unwrap() <= one["median_ns"].as_f64().unwrap());
    let shown = place
        .bench()
        .args(["replay", "kept.trace"])
        .run()
        .succeeds();
    assert!(shown.stdout.contains("scan/base"), "{}", shown.stdout);
}

#[rstest]
#[case::garbage("not json", &["kept.trace, line 1"])]
#[case::empty("", &["holds no trace"])]
#[case::other_version("\"trace_version\":1=\"trace_version\":7", &["line 1", "version is 7"])]
#[case::missing_field("\"copies\":1=\"cpies\":1", &["line 1", "missing field `copies`"])]
#[case::other_size("\"file_bytes\":[=\"file_bytes\":[7", &["_of_2.parquet", "when it was recorded"])]
#[case::no_such_file_listed("\"file\":0=\"file\":99", &["line 1", "file 99"])]
#[case::backwards("\"ranges\":[[=\"ranges\":[[9999999,1],[", &["line 1", "ends before it starts"])]
#[case::beyond_the_end("\"ranges\":[[=\"ranges\":[[1,18446744073709551615],[", &[".parquet"])]
#[case::file_is_gone("img_=gone_", &["gone_", "No such file"])]
#[case::upwards("\"files\":[\"=\"files\":[\"../", &["line 1"])]
fn a_bad_trace_is_refused(#[case] change: &str, #[case] words: &[&str]) {
    let place = traced();
    let text = fs::read_to_string(place.path("kept.trace")).unwrap();
    let text = match change.split_once('=') {
        Some((from, to)) => {
            assert!(text.contains(from), "{text}");
            text.replace(from, to)
        }
        None => change.to_owned(),
    };
    place.write("kept.trace", text);
    place
        .bench()
        .args(["replay", "kept.trace"])
        .run()
        .fails(2, words);
}
