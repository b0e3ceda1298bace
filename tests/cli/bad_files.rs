//! Parquet files that are missing, foreign or damaged.

use std::fs;

use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use rstest::rstest;

use crate::files::{edit, footer, replace_footer, write_small};
use crate::harness::{Output, Place};

const SELECT: [&str; 2] = ["--sql", "SELECT * FROM t"];

/// Reads `t/` as a table, which fails before anything is measured.
fn unreadable(place: &Place, words: &[&str]) -> Output {
    let output = place.bench().args(["run", "--table", "t=t"]).args(SELECT);
    let output = output.run().fails(2, words);
    assert!(place.journals().is_empty(), "a journal was begun");
    output
}

/// A good file and one that is about to be damaged, which comes second.
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
    let before = place.parquet("data");
    // The config's columns are not those of the files.
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
    place
        .bench()
        .args(["generate", "bench.yaml"])
        .run()
        .succeeds();
    assert_eq!(place.files(), before_all, "something was written");
    assert_eq!(place.parquet("data"), before);
}

#[test]
fn a_folder_with_foreign_parquet_of_the_same_columns_is_measured_as_external() {
    let place = Place::tiny();
    place
        .bench()
        .args(["generate", "bench.yaml"])
        .run()
        .succeeds();
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
