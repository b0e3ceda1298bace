//! Partition values in the names of folders.

use rstest::rstest;

use crate::files::write_small;
use crate::harness::{Place, at};

fn place_of(folders: &[&str]) -> Place {
    let place = Place::new();
    for folder in folders {
        write_small(&place.path(&format!("t/k={folder}/a.parquet")));
    }
    place
}

/// Rows that a query returns.
fn rows(place: &Place, sql: &str) -> u64 {
    let bench = place.bench().args(["run", "--table", "t=t", "--sql", sql]);
    let bench = bench.args(["--rounds", "1", "--set", "measure.peak_memory=false"]);
    let record = bench.args(["--format", "json"]).run().succeeds().json();
    at(&record, "cells.0.iterations.0.rows").as_u64().unwrap()
}

#[test]
fn texts_that_are_not_written_as_numbers_are_stay_what_they_are() {
    let folders = ["01", "1", "007", "+5", "5"];
    let place = place_of(&folders);
    assert_eq!(rows(&place, "SELECT DISTINCT k FROM t"), 5);
    assert_eq!(rows(&place, "SELECT id FROM t WHERE k = '01'"), 100);
    // If they are written anew, the folders are the same.
    let bench = place.bench().args(["generate", "--source", "t"]);
    let set = ["dataset.data_folder=out", "dataset.parquet.partition_by=k"];
    let bench = bench.args(set.map(|set| format!("--set={set}")));
    bench.run().succeeds();
    for folder in folders {
        let path = place.path(&format!("out/train/k={folder}"));
        assert!(path.is_dir(), "{path:?}");
    }
}

#[rstest]
#[case::texts(&["01", "1"], "string")]
#[case::numbers(&["-1", "1"], "int64")]
fn what_folders_tell_is_learned_as_what_they_are_read_as(
    #[case] folders: &[&str],
    #[case] dtype: &str,
) {
    let place = place_of(folders);
    let learn = place.bench().args(["learn", "t", "-o", "like.yaml"]);
    learn.run().succeeds();
    let learned = std::fs::read_to_string(place.path("like.yaml")).unwrap();
    let column = format!("{{ name: k, dtype: {dtype},");
    assert!(learned.contains(&column), "{learned}");
}

#[rstest]
#[case::numbers(&["-1", "0", "12"], "SELECT id FROM t WHERE k = 12 AND k + 1 = 13")]
#[case::texts(&["a", "12"], "SELECT id FROM t WHERE k = '12' AND k || '!' = '12!'")]
fn whole_numbers_are_numbers_where_all_values_are(#[case] folders: &[&str], #[case] sql: &str) {
    assert_eq!(rows(&place_of(folders), sql), 100);
}

#[rstest]
#[case::long("x".repeat(300), "a name has 255 at most")]
#[case::empty(String::new(), "cannot tell from a null")]
#[case::null("__HIVE_DEFAULT_PARTITION__".to_owned(), "cannot tell from a null")]
fn a_value_of_a_source_without_a_name_is_one_error_and_writes_no_file(
    #[case] value: String,
    #[case] words: &str,
) {
    let place = Place::new();
    let lines = ["north", "south", &value].map(|g| format!("{{\"id\": 1, \"g\": \"{g}\"}}\n"));
    place.write("mine.jsonl", lines.concat());
    let generate = |by: &str| {
        let by = format!("dataset.parquet.partition_by={by}");
        let bench = place.bench().args(["generate", "--source", "mine.jsonl"]);
        let folder = ["--set", "dataset.data_folder=out"];
        bench.args(folder).args(["--set", &by]).run()
    };
    generate("g").fails(2, &["`g`", words]);
    assert!(place.parquet("out").is_empty());
    // A dataset that could not be written does not occupy the folder.
    generate("id").succeeds();
}
