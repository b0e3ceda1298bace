use std::time::{Duration, Instant};

use proptest::prelude::*;
use rstest::rstest;

use super::*;

#[rstest]
#[case("- a\n- b\n", "x.yaml: a config is a mapping of keys, found a list")]
#[case(
    "just text",
    "x.yaml: a config is a mapping of keys, found `just text`"
)]
#[case(
    "dataset: {}\n---\ndataset: {}\n",
    "x.yaml: holds several YAML documents; a config is one"
)]
#[case(
    "dataset:\n  seed: 1\n  seed: 2\n",
    "x.yaml:3: dataset.seed: the key `seed` is given twice"
)]
#[case(
    "dataset: {seed: 1\n",
    "x.yaml:2: dataset: did not find expected ',' or '}'"
)]
#[case(
    "dataset:\n  seed: *nobody\n",
    "x.yaml:2: dataset.seed: unknown anchor"
)]
#[case("dataset:\n  seed: !secret 1\n", "x.yaml:2: dataset.seed: ")]
#[case(
    "dataset:\n  seed: .inf\n",
    "x.yaml:2: dataset.seed: inf is not a finite number"
)]
#[case(
    "dataset:\n  seed: .nan\n",
    "x.yaml:2: dataset.seed: NaN is not a finite number"
)]
#[case("dataset:\n  <<: 5\n", "x.yaml:2: dataset: `<<` merges mappings only")]
#[case("? [a]\n: b\n", "x.yaml:1: ")]
#[case("a: \"\\xZZ\"\n", "x.yaml:1: ")]
#[case("a: \u{0}\n", "x.yaml:1: ")]
fn texts_that_are_no_config_are_refused_at_their_line(#[case] text: &str, #[case] expected: &str) {
    let message = bad(text);
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn tabs_are_explained_by_a_hint() {
    let error = read("dataset:\n\tseed: 1\n").unwrap_err();
    assert!(error.to_string().starts_with("x.yaml:2: "), "{error}");
    assert_eq!(error.hints(), ["YAML indents with spaces, never with tabs"]);
    assert_eq!(
        read("dataset: {seed: -1}").unwrap_err().hints(),
        Vec::<String>::new()
    );
}

#[test]
fn every_problem_is_reported_in_one_go_in_the_order_of_lines() {
    let message = bad("
dataset:
  num_files_train: 0
  fromat: parquet
  compression: zstdd
  parquet:
    partition_by: [day]
    columns:
      - {name: label, dtype: int8, distribution: {kind: uniform, min: 300}}
      - {dtype: int9}
reader: [1]
measure:
  rounds: none
bananas: 1
");
    let expected = [
        "x.yaml:3: dataset.num_files_train: `0` is not a whole number of 1 or more",
        "x.yaml:4: dataset.fromat: unknown key (did you mean `format`?)",
        "x.yaml:5: dataset.compression: `zstdd` is not a codec; known: none, snappy, gzip, brotli, lz4, zstd (did you mean `zstd`?)",
        "x.yaml:7: dataset.parquet.partition_by: `day` is not a column",
        "x.yaml:9: dataset.parquet.columns.label.distribution.min: 300 does not fit int8, which holds -128 to 127",
        "x.yaml:10: dataset.parquet.columns[1]: needs a `name`",
        "x.yaml:10: dataset.parquet.columns[1].dtype: `int9` is not a column type; known: int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64, bool, string, large_string, binary, date32, timestamp(s), timestamp(ms), timestamp(us), timestamp(ns), list, struct, decimal128(18, 2) (did you mean `int8`?)",
        "x.yaml:11: reader: expected a mapping, found a list",
        "x.yaml:13: measure.rounds: `none` is not a whole number of 1 or more",
        "x.yaml:14: bananas: unknown key; known here: dataset, reader, storage, workflow, tables, scenarios, datafusion, sweep, variants, measure, train, evaluation, output, metric",
    ];
    assert_eq!(message, expected.join("\n"));
}

#[rstest]
#[case("datset: {}", "datset", "dataset")]
#[case(
    "dataset: {num_file_train: 1}",
    "dataset.num_file_train",
    "num_files_train"
)]
#[case(
    "dataset: {parquet: {row_group: 1}}",
    "dataset.parquet.row_group",
    "row_group_size"
)]
#[case(
    "dataset: {parquet: {columns: [{name: a, dtyp: int8}]}}",
    "dataset.parquet.columns.a.dtyp",
    "dtype"
)]
#[case(
    "dataset: {}\nreader: {batchsize: 1}",
    "reader.batchsize",
    "batch_size"
)]
#[case(
    "dataset: {}\nscenarios: [{name: a, sqll: SELECT 1}]",
    "scenarios[0].sqll",
    "sql"
)]
#[case(
    "dataset: {}\nstorage: {storage_rot: a}",
    "storage.storage_rot",
    "storage_root"
)]
#[case(
    "dataset: {}\nworkflow: {generate: true}",
    "workflow.generate",
    "generate_data"
)]
#[case("dataset: {}\nmeasure: {round: 1}", "measure.round", "rounds")]
#[case(
    "dataset: {}\ncheckpoint: {ksm: {await_tme: 1}}",
    "checkpoint.ksm.await_tme",
    "await_time"
)]
#[case(
    "dataset: {}\nrow_group_size: 1",
    "row_group_size",
    "dataset.parquet.row_group_size"
)]
fn an_unknown_key_at_any_level_names_the_nearest(
    #[case] text: &str,
    #[case] path: &str,
    #[case] near: &str,
) {
    let message = bad(text);
    assert!(
        message.contains(&format!("{path}: unknown key (did you mean `{near}`?)")),
        "{message}"
    );
}

/// Fails if loading takes a minute or more, as a hang or a quadratic pass would.
fn refused_quickly(text: &str) -> String {
    let start = Instant::now();
    let message = bad(text);
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "took {:?}",
        start.elapsed()
    );
    message
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let before = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let message = refused_quickly(&text);
    assert!(
        message.contains("it stands for too many values"),
        "{message}"
    );
}

#[test]
fn one_large_anchor_used_often_is_refused() {
    let text = format!(
        "a: &a '{}'\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(1 << 10)
    );
    let message = refused_quickly(&text);
    assert!(
        message.contains("it stands for too many values"),
        "{message}"
    );
}

#[rstest]
#[case("[".repeat(1 << 20), "brackets nest deeper")]
#[case("{a: ".repeat(1 << 20), "brackets nest deeper")]
#[case("- ".repeat(1 << 16), "nests too deep")]
#[case(format!("dataset: {{}}\n# {}", "x".repeat(16 << 20)), "are more than a config may have")]
fn depth_and_length_have_limits(#[case] text: String, #[case] expected: &str) {
    let message = refused_quickly(&text);
    assert!(message.contains(expected), "{message}");
}

#[test]
fn only_the_first_hundred_problems_are_shown() {
    let keys: String = (0..1000).map(|it| format!("bananas{it}: 1\n")).collect();
    let message = refused_quickly(&format!("dataset: {{}}\n{keys}"));
    assert_eq!(message.lines().count(), 101);
    assert!(message.ends_with("... and 900 more problems"), "{message}");
}

#[test]
fn a_text_of_any_length_is_quoted_in_part() {
    let message = bad(&"word\n".repeat(100_000));
    assert!(message.len() < 2000);
    assert_eq!(message.lines().count(), 1);
    let message = refused_quickly(
        &(0..20_000)
            .map(|it| format!("k{it}: 1\n"))
            .collect::<String>(),
    );
    assert!(
        message.starts_with("x.yaml:1: k0: unknown key"),
        "{message}"
    );
}

#[test]
fn twenty_thousand_columns_are_read_in_time() {
    let columns: String = (0..20_000)
        .map(|it| format!("    - {{name: c{it}, dtype: int8}}\n"))
        .collect();
    let start = Instant::now();
    let dataset = dataset_of(&format!("dataset:\n  parquet:\n    columns:\n{columns}"));
    assert_eq!(dataset.columns.len(), 20_000);
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "took {:?}",
        start.elapsed()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}", key in "[a-z._\\[\\]0-9+]{0,20}", value in "\\PC{0,20}") {
        let set = format!("{key}={value}");
        let _ = load(&source(&text), &overrides(&[&set], &[&set]));
        let _ = load(&source("dataset: {parquet: {columns: [a]}}"), &overrides(&[&set], &[]));
        let _ = load(&source("dataset: {parquet: {columns: [a]}}"), &overrides(&[], &[&set]));
    }

    #[test]
    fn no_value_of_a_known_key_makes_it_panic(
        key in prop::sample::select(vec![
            "dataset", "dataset.parquet", "dataset.parquet.columns", "dataset.parquet.columns.a.distribution",
            "dataset.parquet.columns.a.size", "dataset.parquet.partition_by", "dataset.num_files_train",
            "dataset.compression", "reader", "sweep", "variants", "scenarios", "tables", "tables.t", "datafusion",
            "dataset.parquet.columns.a.distribution.cardinality", "dataset.parquet.columns.a.distribution.min",
        ]),
        value in prop::sample::select(vec![
            "null", "1", "-1", "1.5", "1e308", "18446744073709551615", "-9223372036854775808", "text", "[]", "{}",
            "[null]", "[[1]]", "{a: {b: [c]}}", "[{name: a}]", "{kind: zipf}", "true", "''", "{kind: sequence, step: 1e300}",
        ]),
        dtype in prop::sample::select(vec!["int8", "uint64", "float16", "float64", "bool", "string", "binary"]),
    ) {
        let text = format!("dataset: {{parquet: {{columns: [{{name: a, dtype: {dtype}, distribution: {{kind: zipf}}}}]}}}}");
        let _ = load(&source(&text), &overrides(&[&format!("{key}={value}")], &[]));
    }
}
