//! Datasets that `bench generate` writes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use parquet::basic::CompressionCodec;
use rstest::rstest;
use serde_json::Value;

use crate::files::footers;
use crate::harness::{Place, TINY, at};

const NONE: [&str; 0] = [];

fn generate(place: &Place, more: &[&str]) -> crate::harness::Output {
    place
        .bench()
        .args(["generate", "bench.yaml"])
        .args(more)
        .run()
}

/// Returns the number of rows of a query.
fn count(place: &Place, sql: &str) -> Value {
    let record = place.record(&["--sql", sql]);
    at(&record, "cells.0.iterations.0.rows").clone()
}

#[rstest]
#[case("none", CompressionCodec::UNCOMPRESSED)]
#[case("snappy", CompressionCodec::SNAPPY)]
#[case("gzip(9)", CompressionCodec::GZIP)]
#[case("brotli", CompressionCodec::BROTLI)]
#[case("lz4", CompressionCodec::LZ4_RAW)]
#[case("zstd(22)", CompressionCodec::ZSTD)]
fn footers_bear_the_codec_and_the_row_groups_asked_for(
    #[case] codec: &str,
    #[case] expected: CompressionCodec,
) {
    let place = Place::tiny();
    let codec = format!("dataset.compression={codec}");
    generate(&place, &["--set", &codec]).succeeds();
    let footers = footers(&place.path("data"));
    assert_eq!(footers.len(), 2);
    for (_, footer) in footers {
        let rows: Vec<i64> = footer
            .row_groups()
            .iter()
            .map(|group| group.num_rows())
            .collect();
        assert_eq!(rows, [40, 40, 20]);
        for chunk in footer.row_groups().iter().flat_map(|group| group.columns()) {
            assert_eq!(CompressionCodec::from(chunk.compression()), expected);
        }
    }
}

#[test]
fn a_level_changes_the_size() {
    let sizes = [
        "gzip(1)",
        "gzip(9)",
        "zstd(1)",
        "zstd(19)",
        "brotli(0)",
        "brotli(11)",
    ]
    .map(|codec| {
        let place = Place::tiny();
        let codec = format!("dataset.compression={codec}");
        let more = [
            "--set",
            &codec,
            "--set",
            "dataset.num_samples_per_file=3000",
        ];
        let record =
            place.record(&[&more[..], &["--set", "dataset.parquet.row_group_size=3000"]].concat());
        record["datasets"][0]["file_bytes"].as_u64().unwrap()
    });
    for pair in sizes.chunks(2) {
        assert!(pair[0] > pair[1], "{sizes:?}");
    }
}

#[test]
fn row_groups_can_be_cut_by_bytes() {
    let config = TINY
        .replace("row_group_size: 40", "row_group_bytes: 64KiB")
        .replace("num_samples_per_file: 100", "num_samples_per_file: 20000");
    let place = Place::with(&config);
    generate(&place, &[]).succeeds();
    for (_, footer) in footers(&place.path("data")) {
        let groups = footer.row_groups();
        assert!(groups.len() > 3, "{}", groups.len());
        for group in &groups[..groups.len() - 1] {
            let share = group.total_byte_size() as f64 / 65536.0;
            assert!((0.8..1.2).contains(&share), "{share}");
        }
    }
}

#[test]
fn files_are_named_as_dlio_names_them() {
    let place = Place::tiny();
    let more = [
        "--set",
        "dataset.num_files_train=11",
        "--set",
        "dataset.num_samples_per_file=1",
        "--set",
        "dataset.num_subfolders_train=3",
        "--set",
        "dataset.num_files_eval=2",
        "--set",
        "dataset.file_prefix=part",
        "--set",
        "storage.storage_root=root",
    ];
    generate(&place, &more).succeeds();
    let found: BTreeSet<String> = place.parquet("root/data").into_keys().collect();
    let mut expected: BTreeSet<String> = (0..11)
        .map(|file| format!("train/{}/part_{file:02}_of_11.parquet", file % 3))
        .collect();
    expected.extend((0..2).map(|file| format!("valid/part_{file}_of_2.parquet")));
    assert_eq!(found, expected);

    let place = Place::tiny();
    generate(&place, &[]).succeeds();
    let found: Vec<String> = place.parquet("data").into_keys().collect();
    assert_eq!(
        found,
        ["train/img_0_of_2.parquet", "train/img_1_of_2.parquet"]
    );
}

#[test]
fn the_second_call_writes_nothing() {
    let place = Place::tiny();
    place.run(&NONE).succeeds();
    let times = || -> Vec<(i64, i64, u64)> {
        let names = place
            .files()
            .into_keys()
            .filter(|name| name.starts_with("data/"));
        let meta = names.map(|name| fs::metadata(place.path(&name)).unwrap());
        meta.map(|meta| (meta.mtime(), meta.mtime_nsec(), meta.ino()))
            .collect()
    };
    let before = times();
    let output = place.run(&NONE).succeeds();
    assert!(
        output.stderr.contains("reusing 2 files"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("wrote"), "{}", output.stderr);
    assert_eq!(times(), before);
    // Keys that concern only reading do not make another dataset.
    let read = [
        "--set",
        "dataset.parquet.columns.vector.read=true",
        "--set",
        "reader.read_threads=1",
    ];
    place.run(&read).succeeds();
    assert_eq!(times(), before);
}

#[rstest]
#[case("dataset.compression=zstd")]
#[case("dataset.seed=11")]
#[case("dataset.num_samples_per_file=99")]
#[case("dataset.parquet.row_group_size=39")]
#[case("dataset.parquet.vector_layout=list")]
#[case("dataset.file_prefix=part")]
fn a_folder_that_holds_another_dataset_is_not_overwritten(#[case] set: &str) {
    let place = Place::tiny();
    generate(&place, &[]).succeeds();
    let before = place.files();
    let output = generate(&place, &["--set", set]).fails(2, &["data", "another dataset", "hint: "]);
    drop(output);
    assert!(place.files() == before);
}

#[test]
fn a_file_that_was_removed_is_written_again_with_the_same_bytes() {
    let place = Place::tiny();
    generate(&place, &[]).succeeds();
    let before = place.parquet("data");
    fs::remove_file(place.path("data/train/img_1_of_2.parquet")).unwrap();
    generate(&place, &[]).succeeds();
    assert!(place.parquet("data") == before);
}

/// Files of different seeds have the same sizes, so only their footers distinguish them.
#[test]
fn a_file_of_another_dataset_is_not_taken_for_one_of_this() {
    let place = Place::with(
        "dataset: { num_files_train: 2, num_samples_per_file: 50, parquet: { columns: [{ name: x, dtype: int64 }] } }",
    );
    let seeded = |seed: &str, folder: &str| {
        let folder = format!("dataset.data_folder={folder}");
        generate(&place, &["--set", seed, "--set", &folder]).succeeds();
    };
    seeded("dataset.seed=1", "a");
    seeded("dataset.seed=2", "b");
    let before = place.parquet("a");
    fs::remove_file(place.path("a/train/img_0_of_2.parquet")).unwrap();
    let file = "train/img_1_of_2.parquet";
    let length = |folder: &str| fs::metadata(place.path(folder).join(file)).unwrap().len();
    assert_eq!(length("a"), length("b"));
    fs::copy(place.path("b").join(file), place.path("a").join(file)).unwrap();
    seeded("dataset.seed=1", "a");
    assert!(place.parquet("a") == before);
}

#[test]
fn a_file_that_was_changed_is_told_and_left() {
    let place = Place::tiny();
    generate(&place, &[]).succeeds();
    crate::files::edit(&place.path("data/train/img_1_of_2.parquet"), |bytes| {
        bytes.push(0)
    });
    generate(&place, &[]).fails(2, &["img_1_of_2.parquet", "changed", "hint: "]);
}

#[test]
fn a_damaged_manifest_is_told_and_left() {
    let place = Place::tiny();
    generate(&place, &[]).succeeds();
    crate::files::edit(&place.path("data/_bench_manifest.json"), |bytes| {
        bytes.truncate(100)
    });
    generate(&place, &[]).fails(2, &["_bench_manifest.json"]);
}

const PARTITIONED: &str = "\
dataset:
  data_folder: data
  num_files_train: 2
  num_samples_per_file: 200
  parquet:
    partition_by: [city, code]
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: city, dtype: string, distribution: { kind: categorical, values: ['São Paulo', 'a/b=c'], null_fraction: 0.3 } }
      - { name: code, dtype: int32, distribution: { kind: categorical, values: [1, 2], null_fraction: 0.2 } }
measure: { warmup: 0, rounds: 1 }
";

#[test]
fn partitions_are_found_by_their_values_and_by_their_nulls() {
    let place = Place::with(PARTITIONED);
    generate(&place, &[]).succeeds();
    let names: BTreeSet<String> = place.parquet("data").into_keys().collect();
    assert!(
        names
            .iter()
            .any(|name| name.contains("city=__HIVE_DEFAULT_PARTITION__/code=1/")),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .any(|name| name.contains("city=a%2Fb%3Dc/code=2/")),
        "{names:?}"
    );
    for (_, footer) in footers(&place.path("data")) {
        assert_eq!(
            footer.file_metadata().schema_descr().num_columns(),
            1,
            "partition columns are not repeated"
        );
    }
    let rows = |condition: &str| {
        count(&place, &format!("SELECT id FROM train WHERE {condition}"))
            .as_u64()
            .unwrap()
    };
    let parts = [
        rows("city = 'São Paulo'"),
        rows("city = 'a/b=c'"),
        rows("city IS NULL"),
    ];
    assert!(parts.iter().all(|rows| *rows > 50), "{parts:?}");
    assert_eq!(parts.iter().sum::<u64>(), 400);
    assert_eq!(
        rows("code = 1") + rows("code = 2") + rows("code IS NULL"),
        400
    );
    assert!(rows("code IS NULL") > 20);
    // A list with a null in it excludes every value: `x <> NULL` is never true.
    assert_eq!(rows("code NOT IN (1, NULL)"), 0);
    assert_eq!(rows("city NOT IN ('a/b=c', NULL)"), 0);
    assert!(rows("city NOT IN ('a/b=c')") > 50);
    assert_eq!(
        count(
            &place,
            "SELECT 1 FROM train WHERE city = '__HIVE_DEFAULT_PARTITION__'"
        ),
        0
    );
}

#[test]
fn a_partition_that_is_not_asked_for_is_not_opened() {
    let place = Place::with(PARTITIONED);
    place.write(
        "q.sql",
        "-- expect_row_groups_pruned: >= 0.5\nSELECT id FROM train WHERE city = 'a/b=c'",
    );
    let record = place.record(&["--query", "q.sql"]);
    let scan = at(&record, "cells.0.iterations.0.scans.0");
    assert!(
        scan["files_read"].as_u64().unwrap() * 2 <= scan["files"].as_u64().unwrap(),
        "{scan}"
    );
}

#[test]
fn too_many_partitions_are_refused() {
    let config = PARTITIONED
        .replace("num_samples_per_file: 200", "num_samples_per_file: 20000")
        .replace("partition_by: [city, code]", "partition_by: [id]");
    let place = Place::with(&config);
    generate(&place, &[]).fails(2, &["`id`", "10000 partitions"]);
    assert!(place.parquet("data").is_empty());
}

#[test]
fn the_table_valid_has_the_files_for_evaluation() {
    let place = Place::tiny();
    let eval = ["--set", "dataset.num_files_eval=1"];
    let query = [
        "--sql",
        "SELECT id FROM valid",
        "--sql",
        "SELECT id FROM train",
    ];
    let record = place.record(&[&eval[..], &query].concat());
    assert_eq!(at(&record, "cells.0.iterations.0.rows"), 100);
    assert_eq!(at(&record, "cells.1.iterations.0.rows"), 200);
    place
        .run(&[
            "--sql",
            "SELECT id FROM valid",
            "--set",
            "dataset.data_folder=x",
        ])
        .fails(2, &["valid", "tables: train"]);
}

#[test]
fn the_default_scenario_reads_only_what_is_marked_to_be_read() {
    let record = Place::tiny().record(&NONE);
    let cell = &record["cells"][0];
    assert_eq!(
        (&cell["columns_read"], &cell["columns_stored"]),
        (&2.into(), &3.into())
    );
    let sql = cell["sql"].as_str().unwrap();
    assert!(
        sql.contains("\"id\"") && sql.contains("\"region\"") && !sql.contains("vector"),
        "{sql}"
    );
}

#[test]
fn without_columns_there_is_one_of_bytes() {
    let place = Place::with(
        "dataset: {data_folder: data, num_files_train: 1, num_samples_per_file: 4, record_length_bytes: 500}",
    );
    let record = place.record(&["--rounds", "1"]);
    assert_eq!(at(&record, "datasets.0.columns.0.name"), "data");
    assert!(at(&record, "datasets.0.file_bytes").as_u64().unwrap() >= 2000);
    assert!(
        at(&record, "cells.0.iterations.0.arrow_bytes")
            .as_u64()
            .unwrap()
            >= 2000
    );
}

#[test]
fn keys_of_dlio_without_a_meaning_here_are_named_once() {
    let config = format!("{TINY}framework: pytorch\nmodel: {{name: dlrm}}\n");
    let output = Place::with(&config).run(&NONE).succeeds();
    let notes: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.starts_with("note: "))
        .collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("framework") && notes[0].contains("model"),
        "{notes:?}"
    );
}

/// A plan that has run keeps the filter that its top-k tightened, and would find fewer rows if it
/// were run again.
#[test]
fn every_execution_of_a_fast_query_reads_and_finds_the_same() {
    let config = TINY
        .replace("num_samples_per_file: 100", "num_samples_per_file: 400")
        .replace("row_group_size: 40", "row_group_size: 50")
        .replace("warmup: 0, rounds: 1", "warmup: 1, rounds: 3");
    let place = Place::with(&config);
    let record = place.record(&[
        "--sql",
        "SELECT id FROM train ORDER BY id DESC LIMIT 5",
        "--set",
        "reader.read_threads=1",
    ]);
    let iterations = at(&record, "cells.0.iterations").as_array().unwrap();
    assert_eq!(iterations.len(), 4);
    let bytes = |iteration: &Value| iteration["engine_data_bytes"].as_u64().unwrap();
    for iteration in iterations {
        assert_eq!(iteration["rows"], 5, "{iteration}");
        assert_eq!(bytes(iteration), bytes(&iterations[0]), "{iteration}");
    }
    assert!(iterations[1]["executions"].as_u64().unwrap() > 1);
}
