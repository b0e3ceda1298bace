//! Parquet files that are missing, foreign or damaged.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use rstest::rstest;

use crate::files::{edit, footer, replace_footer, write, write_small};
use crate::harness::{Output, Place};

const SELECT: [&str; 2] = ["--sql", "SELECT * FROM t"];

/// Reads `t/` as a table, which fails before anything is measured.
fn unreadable(place: &Place, words: &[&str]) -> Output {
    let output = place.bench().args(["run", "--table", "t=t"]).args(SELECT);
    let output = output.run().fails(2, words);
    assert!(place.journals().is_empty(), "a journal was begun");
    output
}

/// A good file and one that will be damaged, which comes second.
fn two_files() -> (Place, std::path::PathBuf) {
    let place = Place::new();
    write_small(&place.path("t/good.parquet"));
    let path = place.path("t/worse.parquet");
    write_small(&path);
    (place, path)
}

#[test]
fn missing_data_that_must_not_be_generated_is_an_error() {
    let place = Place::tiny();
    let before = place.files();
    let arguments = ["--set", "workflow.generate_data=false"];
    place
        .run(&arguments)
        .fails(2, &["data", "generate_data", "hint: "]);
    fs::create_dir_all(place.path("data/train")).unwrap();
    place.run(&arguments).fails(2, &["data", "generate_data"]);
    assert_eq!(place.files(), before);
}

#[test]
fn a_table_without_files_is_an_error() {
    let place = Place::new();
    unreadable(&place, &["`t`", "t: no such file or folder"]);
    fs::create_dir_all(place.path("t")).unwrap();
    place.write("t/readme.txt", "");
    unreadable(&place, &["`t`", "no Parquet files", "*.parquet"]);
    let glob = place
        .bench()
        .args(["run", "--table", "t=t/*.pq"])
        .args(SELECT);
    glob.run().fails(2, &["`t`", "t/*.pq"]);
}

#[rstest]
#[case::no_parquet(b"a,b\n1,2\n".as_slice(), "not a readable Parquet file")]
#[case::no_parquet_but_long([b'x'; 100].as_slice(), "not a readable Parquet file")]
#[case::empty(b"".as_slice(), "empty (0 bytes)")]
#[case::magic_only(b"PAR1".as_slice(), "not a readable Parquet file")]
#[case::footer_of_nothing(b"PAR1\0\0\0\0PAR1".as_slice(), "parquet-rs, which this program reads with, cannot read it")]
fn a_file_that_is_no_parquet_is_named(#[case] content: &[u8], #[case] words: &str) {
    let (place, path) = two_files();
    fs::write(path, content).unwrap();
    unreadable(&place, &["t/worse.parquet", words]);
}

#[test]
fn a_truncated_file_is_named() {
    for keep in [0.2, 0.9, 0.999] {
        let (place, path) = two_files();
        edit(&path, |bytes| {
            bytes.truncate((bytes.len() as f64 * keep) as usize)
        });
        unreadable(&place, &["t/worse.parquet", "not a readable Parquet file"]);
    }
}

#[test]
fn a_file_that_lost_its_middle_is_named() {
    let (place, path) = two_files();
    edit(&path, |bytes| _ = bytes.drain(100..300));
    unreadable(&place, &["t/worse.parquet"]);
}

#[test]
fn a_corrupt_footer_is_named() {
    let (place, path) = two_files();
    edit(&path, |bytes| {
        let end = bytes.len() - 8;
        bytes[end - 200..end].fill(0xee);
    });
    unreadable(&place, &["t/worse.parquet", "parquet-rs", "cannot read it"]);
}

#[rstest]
#[case(0x7fff_ffff_u32)]
#[case(0xffff_ffff)]
#[case(100_000)]
fn a_footer_longer_than_its_file_is_named(#[case] length: u32) {
    let (place, path) = two_files();
    edit(&path, |bytes| {
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    });
    unreadable(&place, &["t/worse.parquet", "its footer is corrupt"]);
}

/// Changes the first row group of a footer, and nothing else.
fn with_first_row_group(
    metadata: ParquetMetaData,
    change: impl FnOnce(RowGroupMetaData) -> RowGroupMetaData,
) -> ParquetMetaData {
    let mut row_groups = metadata.row_groups().to_vec();
    row_groups[0] = change(row_groups[0].clone());
    metadata.into_builder().set_row_groups(row_groups).build()
}

#[test]
fn a_footer_that_claims_absurd_rows_is_named() {
    for rows in [i64::MAX - 60, 41, -1] {
        let (place, path) = two_files();
        replace_footer(&path, |metadata| {
            with_first_row_group(metadata, |row_group| {
                row_group.into_builder().set_num_rows(rows).build().unwrap()
            })
        });
        unreadable(
            &place,
            &["t/worse.parquet", "its footer is corrupt", "rows"],
        );
    }
}

#[test]
fn a_footer_that_claims_absurd_sizes_is_named() {
    for bytes in [1_i64 << 60, -1, 1 << 62] {
        let (place, path) = two_files();
        replace_footer(&path, |metadata| {
            with_first_row_group(metadata, |row_group| {
                let mut columns = row_group.columns().to_vec();
                let first = columns[0].clone().into_builder();
                columns[0] = first.set_total_compressed_size(bytes).build().unwrap();
                let builder = row_group.into_builder();
                builder.set_column_metadata(columns).build().unwrap()
            })
        });
        let words = [
            "t/worse.parquet",
            "its footer is corrupt",
            "row group 0",
            "`id`",
        ];
        unreadable(&place, &words);
    }
}

#[test]
fn a_corrupt_page_is_named_with_its_file_and_row_group() {
    let (place, path) = two_files();
    let chunk = footer(&path).row_group(1).column(1).byte_range();
    edit(&path, |bytes| {
        let (start, end) = (chunk.0 as usize, (chunk.0 + chunk.1) as usize);
        bytes[start + 20..end].fill(0xff);
    });
    let output = place
        .bench()
        .args(["run", "--table", "t=t"])
        .args(SELECT)
        .run();
    assert_eq!(output.code, Some(2), "{output:?}");
    output.says_one_error(&["t/worse.parquet, row group 1"]);
    assert!(
        place
            .bench()
            .args(["report"])
            .args([place.journal()])
            .run()
            .code
            == Some(0)
    );
}

/// Returns the range of the second column's offset index, in the first row group of a file.
fn offset_index(path: &Path) -> Range<usize> {
    let footer = footer(path);
    let chunk = footer.row_group(0).column(1);
    let start = chunk.offset_index_offset().unwrap() as usize;
    start..start + chunk.offset_index_length().unwrap() as usize
}

/// Returns the range in which the header of the second column's first page begins, in the first row
/// group.
fn page_header(path: &Path) -> Range<usize> {
    let start = footer(path).row_group(0).column(1).byte_range().0 as usize;
    start..start + 16
}

#[rstest]
#[case::page_index(offset_index)]
#[case::page_header(page_header)]
fn whatever_bit_is_wrong_the_file_is_named_in_one_line(#[case] part: fn(&Path) -> Range<usize>) {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    write_small(&path);
    let (good, mut refused) = (fs::read(&path).unwrap(), 0);
    for position in part(&path) {
        for bit in [2, 64] {
            fs::write(&path, &good).unwrap();
            edit(&path, |bytes| bytes[position] ^= bit);
            let bench = place
                .bench()
                .args(["run", "--table", "t=t", "--rounds", "1"]);
            let output = bench.args(SELECT).run();
            for words in ["panicked", "Internal error", "bug in DataFusion"] {
                let shown = format!("{}{}", output.stdout, output.stderr);
                assert!(!shown.contains(words), "byte {position}: {output:#?}");
            }
            if output.code != Some(0) {
                assert_eq!(output.code, Some(2), "byte {position}: {output:#?}");
                assert_eq!(output.error().trim_end().lines().count(), 1, "{output:#?}");
                output.says_one_error(&["t/a.parquet"]);
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "nothing was found wrong");
}

/// Columns of 64-bit integers, in the order of their names.
fn numbers(columns: &[(&'static str, i64)]) -> Vec<(&'static str, ArrayRef)> {
    let of = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    columns
        .iter()
        .map(|(name, value)| (*name, of(*value)))
        .collect()
}

/// Rewrites `t/` as a source, which fails before anything is written.
fn unreadable_source(place: &Place, words: &[&str]) {
    let folder = ["--set", "dataset.data_folder=out"];
    let bench = place.bench().args(["generate", "--source", "t"]);
    bench.args(folder).run().fails(2, words);
    assert!(!place.path("out").exists(), "something was written");
}

#[test]
fn a_column_that_some_files_have_as_a_partition_alone_is_refused() {
    let place = Place::new();
    write(
        &place.path("t/x=1/a.parquet"),
        &numbers(&[("x", 9), ("v", 1)]),
    );
    write(&place.path("t/x=2/b.parquet"), &numbers(&[("v", 2)]));
    let words = [
        "t/x=1/a.parquet stores the column `x`",
        "t/x=2/b.parquet",
        "hint: ",
    ];
    unreadable(&place, &words);
    unreadable_source(&place, &words);
    // A column that all files store is read from the files.
    write(
        &place.path("t/x=2/b.parquet"),
        &numbers(&[("v", 2), ("x", 8)]),
    );
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1", "--format", "json"]);
    let output = bench.args(["--sql", "SELECT v FROM t WHERE x = 9"]).run();
    let record = output.succeeds().json();
    let cell = crate::harness::cell(&record, "sql/base");
    assert_eq!(crate::harness::at(cell, "iterations.0.rows"), 1);
}

#[test]
fn a_partition_that_lies_twice_on_the_way_to_a_file_is_refused() {
    let place = Place::new();
    write(&place.path("t/x=1/x=2/f.parquet"), &numbers(&[("v", 1)]));
    let words = ["t/x=1/x=2/f.parquet", "two of the folders", "`x=...`"];
    unreadable(&place, &words);
    unreadable_source(&place, &words);
}

#[test]
fn a_file_that_vanishes_while_it_is_measured_is_named() {
    let (place, path) = two_files();
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1000000"]);
    let mut running = bench.args(SELECT).start();
    running.wait_for(&place, "iteration", 1);
    fs::remove_file(&path).unwrap();
    let output = running.end();
    assert_eq!(output.code, Some(2), "{output:?}");
    output.says_one_error(&["t/worse.parquet"]);
}

#[test]
fn a_folder_with_foreign_parquet_is_read_and_never_written_into() {
    let place = Place::tiny();
    write_small(&place.path("data/train/other.parquet"));
    write_small(&place.path("data/train/second.parquet"));
    let before = place.parquet("data");
    // The config's columns differ from those of the files.
    place
        .run(&[] as &[&str])
        .fails(2, &["other.parquet", "`region`", "string"]);
    for command in ["generate", "run"] {
        let sweep = [
            command,
            "bench.yaml",
            "--sweep",
            "dataset.compression=none,zstd",
        ];
        let output = place.bench().args(sweep).run();
        output.fails(2, &["data", "did not write", "swept"]);
    }
    let before_all = place.files();
    place.generate();
    assert_eq!(place.files(), before_all, "something was written");
    assert_eq!(place.parquet("data"), before);
}

#[test]
fn a_folder_with_foreign_parquet_of_the_same_columns_is_measured_as_external() {
    let place = Place::tiny();
    place.generate();
    for name in ["_bench_manifest.json", "_bench.lock"] {
        fs::remove_file(place.path("data").join(name)).unwrap();
    }
    let before = place.parquet("data");
    let record = place.record(&[] as &[&str]);
    assert_eq!(record["datasets"][0]["origin"], "external");
    assert_eq!(record["datasets"][0]["rows"], 200);
    assert!(record["datasets"][0]["write"].is_null());
    assert_eq!(place.parquet("data"), before);
    assert!(!place.path("data/_bench_manifest.json").exists());
}
