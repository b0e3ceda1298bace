//! Expectations of scenarios, and the observed values.

use serde_json::json;

use crate::harness::{Place, cell};

#[test]
fn expectations_that_fail_are_shown_with_what_was_found() {
    let place = Place::tiny();
    place.write(
        "q.sql",
        "-- expect_columns: region\n-- expect_row_groups_pruned: >= 0.9\n-- expect_rows: 201\n\
         -- expect_plan: HashJoinExec\nSELECT id FROM train",
    );
    let output = place.run(&["--query", "q.sql"]);
    assert_eq!(output.code, Some(3), "{output:?}");
    for word in [
        "expect_columns",
        "region",
        "id",
        "expect_row_groups_pruned",
        "0.0000",
        "201",
        "200",
        "HashJoinExec",
        "absent",
    ] {
        assert!(
            output.stdout.contains(word),
            "`{word}` is missing in:\n{}",
            output.stdout
        );
    }
    let record = place
        .bench()
        .args(["run", "bench.yaml", "--query", "q.sql", "--format", "json"])
        .run();
    assert_eq!(record.code, Some(3));
    let record = record.json();
    let expectations = record["cells"][0]["expectations"].as_array().unwrap();
    assert_eq!(expectations.len(), 4);
    assert!(
        expectations.iter().all(|one| one["passed"] == false),
        "{expectations:?}"
    );
}

#[test]
fn expectations_that_hold_pass() {
    let place = Place::tiny();
    place.write(
        "q.sql",
        "-- expect_columns: id, region\n-- expect_row_groups_pruned: >= 0.8\n-- expect_rows: 1\n\
         -- expect_plan: DataSourceExec\nSELECT region FROM train WHERE id = 7",
    );
    let record = place.record(&["--query", "q.sql"]);
    let expectations = record["cells"][0]["expectations"].as_array().unwrap();
    assert_eq!(expectations.len(), 4);
    assert!(
        expectations.iter().all(|one| one["passed"] == true),
        "{expectations:?}"
    );
}

#[test]
fn a_column_that_is_expected_and_not_read_fails_the_expectation() {
    let place = Place::tiny();
    place.write(
        "q.sql",
        "-- expect_columns: id, region\nSELECT id FROM train",
    );
    let output = place.run(&["--query", "q.sql"]);
    assert_eq!(output.code, Some(3), "{output:?}");
    assert!(
        output.stdout.contains("found id (not read: region)"),
        "{}",
        output.stdout
    );
}

#[test]
fn an_expectation_can_be_limited_to_a_variant() {
    let place = Place::tiny();
    place.write(
        "q.sql",
        "-- expect_rows[dataset.compression=zstd]: 5\nSELECT id FROM train",
    );
    let sweep = [
        "--query",
        "q.sql",
        "--sweep",
        "dataset.compression=none,zstd",
        "--format",
        "json",
    ];
    let output = place.run(&sweep);
    assert_eq!(output.code, Some(3), "{output:?}");
    let record = output.json();
    assert_eq!(cell(&record, "q/none")["expectations"], json!([]));
    assert_eq!(cell(&record, "q/zstd")["expectations"][0]["found"], "200");
    place
        .run(&["--query", "q.sql", "--set", "dataset.data_folder=other"])
        .succeeds();
}
