//! Messages before anything is written: room, time, differences from the config, and impossible
//! requests.

use rstest::rstest;

use crate::files::write_small;
use crate::harness::{Output, Place, TINY, at, files_below};

const READ_ONLY: [&str; 2] = ["--set", "workflow.generate_data=false"];

fn bench(place: &Place, command: &str, more: &[&str]) -> Output {
    let bench = place.bench().args([command, "bench.yaml"]);
    bench.args(more).run()
}

/// Runs `TINY` with another number of rows per file, on data of the original config.
fn with_rows(place: &Place, rows: u64, more: &[&str]) -> Output {
    let rows = format!("dataset.num_samples_per_file={rows}");
    let arguments = [&["--set", rows.as_str()][..], &READ_ONLY[..], more].concat();
    bench(place, "run", &arguments)
}

/// Parses bytes as this program writes them.
fn bytes(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').unwrap();
    let units = ["B", "kB", "MB", "GB", "TB"];
    let power = units.iter().position(|known| *known == unit).unwrap();
    number.parse::<f64>().unwrap() * 1000_f64.powi(i32::try_from(power).unwrap())
}

/// Returns the words between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no `{before}` in {text}"));
    let (found, _) = rest
        .split_once(after)
        .unwrap_or_else(|| panic!("no `{after}` in {rest}"));
    found
}

#[test]
fn data_with_other_rows_per_file_is_read_where_none_is_generated() {
    let place = Place::tiny();
    bench(&place, "generate", &[]).succeeds();
    let before = place.parquet("data");
    let output = with_rows(&place, 90, &["--format", "json"]).succeeds();
    let record = output.json();
    assert_eq!(at(&record, "cells.0.iterations.0.rows"), 200);
    assert_eq!(at(&record, "datasets.0.rows"), 200);
    assert_eq!(at(&record, "datasets.0.origin"), "external");
    let said: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.contains("differs from the config"))
        .collect();
    assert!(
        said.len() == 1 && said[0].contains("100 rows per file, not 90"),
        "{}",
        output.stderr
    );
    assert!(place.parquet("data") == before);
}

#[test]
fn data_of_another_layout_is_read_and_its_codec_named() {
    let place = Place::tiny();
    bench(&place, "generate", &["--set", "dataset.compression=zstd"]).succeeds();
    let output = bench(&place, "run", &READ_ONLY).succeeds();
    assert!(
        output.stderr.contains("codec ZSTD, not UNCOMPRESSED"),
        "{}",
        output.stderr
    );
}

#[test]
fn data_that_is_what_the_config_describes_is_not_said_to_differ() {
    let place = Place::tiny();
    bench(&place, "generate", &[]).succeeds();
    let output = bench(&place, "run", &READ_ONLY).succeeds();
    assert!(!output.stderr.contains("differs"), "{}", output.stderr);
}

#[test]
fn data_with_other_columns_is_refused_though_none_is_generated() {
    let place = Place::tiny();
    bench(&place, "generate", &[]).succeeds();
    let dtype = ["--set", "dataset.parquet.columns.id.dtype=int32"];
    with_rows(&place, 90, &dtype).fails(2, &["`id`", "Int64", "int32"]);
}

#[test]
fn another_dataset_is_not_overwritten() {
    let place = Place::tiny();
    bench(&place, "generate", &[]).succeeds();
    let before = place.parquet("data");
    let rows = ["--set", "dataset.num_samples_per_file=90"];
    bench(&place, "run", &rows).fails(2, &["data", "another dataset"]);
    assert!(place.parquet("data") == before);
}

#[test]
fn the_first_files_are_read_where_fewer_are_wanted() {
    let place = Place::tiny();
    bench(&place, "generate", &["--set", "dataset.num_files_train=4"]).succeeds();
    let output = with_rows(&place, 100, &["--format", "json"]).succeeds();
    assert_eq!(at(&output.json(), "datasets.0.files"), 2);
    assert_eq!(at(&output.json(), "cells.0.iterations.0.rows"), 200);
    assert!(
        output
            .stderr
            .contains("has 4 Parquet files, of which the first 2, sorted by path, are read"),
        "{}",
        output.stderr
    );
}

#[test]
fn more_files_than_there_are_is_an_error_with_both_numbers() {
    let place = Place::tiny();
    bench(&place, "generate", &[]).succeeds();
    let files = ["--set", "dataset.num_files_train=5"];
    with_rows(&place, 100, &files).fails(2, &["2 Parquet files", "num_files_train", "wants 5"]);
    let files = ["--set", "dataset.num_files_eval=3"];
    with_rows(&place, 100, &files).fails(2, &["0 Parquet files", "num_files_eval", "wants 3"]);
}

/// Files of another program, whose order only their names show.
fn foreign(files: usize) -> Place {
    let place = Place::with(
        "dataset: {data_folder: data, parquet: {columns: [{name: id, dtype: int64}]}}\n\
         workflow: {generate_data: false}\nmeasure: {warmup: 0, rounds: 1}\n",
    );
    for file in 0..files {
        write_small(&place.path(&format!("data/train/{file}.parquet")));
    }
    place
}

#[test]
fn files_of_others_are_chosen_in_the_same_way() {
    let place = foreign(3);
    let wanted = |files: &str| format!("dataset.num_files_train={files}");
    let record = place.record(&["--set", &wanted("2")]);
    assert_eq!(at(&record, "datasets.0.files"), 2);
    let words = ["3 Parquet files", "wants 4"];
    place.run(&["--set", &wanted("4")]).fails(2, &words);
    // The files exist, so they are read even if others should be generated.
    let generating = ["--set", "workflow.generate_data=true", "--set"];
    let record = place.record(&[&generating[..], &[&wanted("2")]].concat());
    assert_eq!(at(&record, "datasets.0.files"), 2);
    // If the config states no number, all of them are read.
    let record = place.record(&[] as &[&str]);
    assert_eq!(at(&record, "datasets.0.files"), 3);
}

#[test]
fn check_shows_rows_and_sizes_of_files_that_are_there() {
    let place = foreign(3);
    let output = bench(&place, "check", &[]).succeeds();
    assert!(output.stdout.contains("existing files, read as they are, "));
    assert!(output.stdout.contains("300 rows"), "{}", output.stdout);
    assert!(output.stdout.contains("3 files"), "{}", output.stdout);
}

#[test]
fn check_shows_rows_and_sizes_of_data_that_is_missing() {
    let place = Place::tiny();
    let output = bench(&place, "check", &READ_ONLY).succeeds();
    assert!(output.stdout.contains("missing, and"), "{}", output.stdout);
    assert!(output.stdout.contains("200 rows"), "{}", output.stdout);
    assert!(output.stdout.contains("  at most "), "{}", output.stdout);
    assert!(!output.stdout.contains("to write: "), "{}", output.stdout);
    bench(&place, "run", &READ_ONLY).fails(2, &["generate_data"]);
}

/// Small files, in which the bytes besides the values matter.
pub const SMALL: &str = "\
dataset:
  data_folder: data
  num_files_train: 200
  parquet:
    columns:
      - { name: id, dtype: int64 }
      - { name: text, dtype: string, size: 20 }
      - { name: vector, dtype: float32, size: 8 }
      - { name: part, dtype: int8 }
";

#[rstest]
#[case::files_of_one_row(&[])]
#[case::partitions(&["--set", "dataset.num_samples_per_file=20", "--set", "dataset.parquet.partition_by=part"])]
#[case::row_groups_of_one_row(&["--set", "dataset.num_samples_per_file=50", "--set", "dataset.parquet.row_group_size=1"])]
#[case::filters(&["--set", "dataset.parquet.bloom_filter=true"])]
fn small_files_take_what_was_said(#[case] more: &[&str]) {
    let place = Place::with(SMALL);
    let said = bench(&place, "check", more).succeeds().stdout;
    bench(&place, "generate", more).succeeds();
    let written = files_below(&place.path("data"));
    let real: usize = written.values().map(Vec::len).sum();
    let most = bytes(between(&said, "  at most ", " in "));
    // Three digits are shown.
    let (least, most) = (most / 2.0 * 0.99, most * 1.01);
    let real = real as f64;
    assert!(
        least <= real && real <= most,
        "{real} for {least} to {most}"
    );
    let files: usize = between(between(&said, "  at most ", "row groups"), " in ", " files")
        .replace(',', "")
        .parse()
        .unwrap();
    assert_eq!(place.parquet("data").len(), files);
}

#[test]
fn a_dry_run_tells_time_with_the_disk() {
    let place = Place::with(TINY);
    let output = bench(&place, "generate", &["--dry-run"]).succeeds();
    assert!(
        output.stdout.contains("to generate and encode"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("write, sync and prove"),
        "{}",
        output.stdout
    );
    let left: Vec<String> = place.files().into_keys().collect();
    assert_eq!(left, ["bench.yaml"]);
}

#[rstest]
#[case("reader.odirect=true", "O_DIRECT")]
#[case("measure.cache=cold", "lies in memory")]
fn what_memory_cannot_do_is_told_before_anything_is_written(#[case] set: &str, #[case] word: &str) {
    let there = Place::in_memory();
    let place = Place::tiny();
    let folder = format!("dataset.data_folder={}", there.path("data").display());
    let output = bench(&place, "run", &["--set", &folder, "--set", set]).fails(2, &[word]);
    assert!(!output.stderr.contains("writing"), "{}", output.stderr);
    assert!(there.files().is_empty());
}

#[rstest]
#[case::empty("''".to_owned(), "cannot tell from a null")]
#[case::null("__HIVE_DEFAULT_PARTITION__".to_owned(), "cannot tell from a null")]
#[case::long("x".repeat(300), "a name has 255 at most")]
fn partitions_without_a_name_are_refused_before_writing(
    #[case] value: String,
    #[case] words: &str,
) {
    let place = Place::with(&format!(
        "dataset:\n  data_folder: data\n  num_files_train: 2\n  num_samples_per_file: 100\n  parquet:\n    partition_by: p\n    \
         columns:\n      - {{ name: id, dtype: int64 }}\n      - {{ name: p, dtype: string, distribution: {{ kind: \
         categorical, values: [north, {value}] }} }}\n"
    ));
    let output = bench(&place, "generate", &[]).fails(2, &["`p`", words]);
    assert!(!output.stderr.contains("writing"), "{}", output.stderr);
    assert!(!place.path("data").exists());
}
