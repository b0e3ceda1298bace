//! Existing files: `--table`, `tables:`, and folders that DLIO wrote.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Int32Array, Int64Array, ListArray, StringArray,
};
use arrow::datatypes::Float32Type;
use rstest::rstest;
use serde_json::Value;

use crate::files::{write, write_small};
use crate::harness::{Place, at};

fn rows(place: &Place, table: &str, sql: &str) -> Value {
    let arguments = [
        "run", "--table", table, "--sql", sql, "--rounds", "1", "--format", "json",
    ];
    let record = place.bench().args(arguments).run().succeeds().json();
    at(&record, "cells.0.iterations.0.rows").clone()
}

#[rstest]
#[case::file("t=t/a.parquet", 100)]
#[case::folder("t=t", 300)]
#[case::glob("t=t/[ab].parquet", 200)]
#[case::deep_glob("t=t/**/[abc].parquet", 300)]
fn a_table_is_a_file_a_folder_or_a_glob(#[case] table: &str, #[case] expected: u64) {
    let place = Place::new();
    for name in ["a", "b", "deeper/c"] {
        write_small(&place.path(&format!("t/{name}.parquet")));
    }
    place.write("t/_hidden.parquet", "not Parquet");
    assert_eq!(rows(&place, table, "SELECT * FROM t"), expected);
}

#[test]
fn a_table_can_be_a_file_url() {
    let place = Place::new();
    write_small(&place.path("t/a b.parquet"));
    let url = url::Url::from_file_path(place.path("t/a b.parquet")).unwrap();
    assert_eq!(rows(&place, &format!("t={url}"), "SELECT * FROM t"), 100);
}

#[test]
fn only_what_was_named_is_read_without_a_config() {
    let place = Place::new();
    write_small(&place.path("a.parquet"));
    let arguments = [
        "run",
        "--table",
        "t=a.parquet",
        "--rounds",
        "1",
        "--format",
        "json",
    ];
    let record = place.bench().args(arguments).run().succeeds().json();
    assert_eq!(record["datasets"].as_array().unwrap().len(), 1);
    assert_eq!(at(&record, "datasets.0.origin"), "external");
    assert_eq!(at(&record, "cells.0.sql"), "SELECT * FROM \"t\"");
    assert!(!place.path("data").exists());
}

#[test]
fn tables_of_the_config_stand_beside_its_dataset() {
    let place = Place::with(&format!(
        "{}tables: {{names: n.parquet}}\n",
        crate::harness::TINY
    ));
    write_small(&place.path("n.parquet"));
    let sql = "SELECT t.id, n.name FROM train t JOIN names n ON t.id = n.id";
    let record = place.record(&["--sql", sql]);
    assert_eq!(at(&record, "cells.0.iterations.0.rows"), 100);
    assert_eq!(
        at(&record, "cells.0.iterations.0.scans")
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let replaced = place.record(&["--table", "names=n.parquet", "--sql", "SELECT * FROM names"]);
    assert_eq!(at(&replaced, "cells.0.iterations.0.rows"), 100);
}

#[test]
fn hive_folders_are_typed_columns() {
    let place = Place::new();
    for folder in [
        "year=2025/month=12",
        "year=2026/month=01",
        "year=2026/month=__HIVE_DEFAULT_PARTITION__",
    ] {
        write_small(&place.path(&format!("t/{folder}/a.parquet")));
    }
    let count = |condition: &str| {
        rows(
            &place,
            "t=t",
            &format!("SELECT id FROM t WHERE {condition}"),
        )
    };
    assert_eq!(count("month = 1"), 100);
    assert_eq!(count("year = 2026"), 200);
    assert_eq!(count("month IS NULL"), 100);
    assert_eq!(count("month < 12 AND id < 10"), 10);
}

#[test]
fn files_under_different_keys_are_no_table() {
    let place = Place::new();
    write_small(&place.path("t/year=2025/a.parquet"));
    write_small(&place.path("t/month=1/a.parquet"));
    let arguments = ["run", "--table", "t=t", "--sql", "SELECT * FROM t"];
    place
        .bench()
        .args(arguments)
        .run()
        .fails(2, &["year", "month", "a.parquet"]);
}

#[test]
fn files_of_one_table_have_one_type_per_column() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    write(&place.path("t/b.parquet"), &[("id", ids)]);
    let arguments = ["run", "--table", "t=t", "--sql", "SELECT * FROM t"];
    place
        .bench()
        .args(arguments)
        .run()
        .fails(2, &["t/b.parquet", "`id`", "Int64"]);
}

/// A folder as DLIO makes it, with vectors in the given form.
fn dlio(vectors: impl Fn() -> ArrayRef) -> Place {
    let place = Place::with(
        "dataset:\n  data_folder: data\n  num_files_train: 2\n  num_samples_per_file: 3\n  parquet:\n    columns:\n      \
         - {name: label, dtype: int32}\n      - {name: embedding, dtype: float32, size: 2}\nmeasure: {warmup: 0, rounds: 1}\n\
         workflow: {generate_data: false}\n",
    );
    for file in 0..2 {
        let labels: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let path = format!("data/train/img_{file}_of_2.parquet");
        write(
            &place.path(&path),
            &[("label", labels), ("embedding", vectors())],
        );
    }
    std::fs::create_dir_all(place.path("data/valid")).unwrap();
    place
}

fn fixed_size(size: i32) -> ArrayRef {
    let values = Arc::new(Float32Array::from_iter_values(
        (0..3 * size).map(|value| value as f32),
    ));
    let field = arrow::datatypes::Field::new("element", arrow::datatypes::DataType::Float32, false);
    Arc::new(FixedSizeListArray::try_new(Arc::new(field), size, values, None).unwrap())
}

#[test]
fn folders_that_dlio_wrote_are_read_with_lists_of_either_layout() {
    let list = || -> ArrayRef {
        let rows = (0..3).map(|row| Some(vec![Some(row as f32), Some(0.5)]));
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
    };
    for place in [dlio(list), dlio(|| fixed_size(2))] {
        let record = place.record(&[] as &[&str]);
        assert_eq!(at(&record, "cells.0.iterations.0.rows"), 6);
        assert_eq!(at(&record, "cells.0.columns_read"), 2);
        assert_eq!(at(&record, "datasets.0.origin"), "external");
    }
}

#[test]
fn vectors_of_another_length_are_another_type() {
    let place = dlio(|| fixed_size(3));
    let words = ["img_0_of_2.parquet", "`embedding`", "a vector of 2 float32"];
    place.run(&[] as &[&str]).fails(2, &words);
}

#[test]
fn a_missing_or_differently_typed_column_is_one_error_with_the_first_file() {
    let place = dlio(|| fixed_size(2));
    let labels: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    write(
        &place.path("data/train/img_1_of_2.parquet"),
        &[("label", labels), ("embedding", fixed_size(2))],
    );
    let words = ["img_1_of_2.parquet", "`label`", "Int64", "int32"];
    place.run(&[] as &[&str]).fails(2, &words);

    let labels: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    write(
        &place.path("data/train/img_1_of_2.parquet"),
        &[("label", labels)],
    );
    let words = ["img_1_of_2.parquet", "`embedding`", "a vector of 2 float32"];
    place.run(&[] as &[&str]).fails(2, &words);
}

/// The file system's order of paths is not the object store's: `a!x` comes before `a/`.
#[test]
fn the_scans_of_a_table_are_found_whatever_its_files_are_called() {
    let place = Place::new();
    for name in ["a/x", "a/sub/x", "a!x/x", "a-b/x"] {
        write_small(&place.path(&format!("t/{name}.parquet")));
    }
    place.write(
        "q.sql",
        "-- expect_row_groups_pruned: <= 0\nSELECT id FROM t",
    );
    let arguments = ["run", "--table", "t=t", "--query", "q.sql", "--rounds", "1"];
    place.bench().args(arguments).run().succeeds();
}

#[test]
fn a_table_joined_with_itself_counts_twice() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    place.write(
        "q.sql",
        "-- expect_row_groups_pruned: <= 0\n-- expect_rows: 100\nSELECT l.name FROM t l JOIN t r ON l.id = r.id",
    );
    let arguments = ["run", "--table", "t=t", "--query", "q.sql", "--rounds", "1"];
    place.bench().args(arguments).run().succeeds();
}

#[test]
fn a_scenario_that_says_so_may_give_other_rows_each_time() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    place.write(
        "q.sql",
        "-- nondeterministic: it draws lots\nSELECT id FROM t WHERE random() < 0.5",
    );
    let arguments = ["run", "--table", "t=t", "--query", "q.sql", "--rounds", "2"];
    place.bench().args(arguments).run().succeeds();
}

#[test]
fn two_tables_of_one_name_on_the_command_line_are_refused() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    let arguments = ["run", "--table", "t=t", "--table", "t=t/a.parquet"];
    place
        .bench()
        .args(arguments)
        .run()
        .fails(2, &["--table", "already", "`t`"]);
}
