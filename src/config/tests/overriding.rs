use rstest::rstest;

use super::*;

const BASE: &str = "dataset:\n  seed: 1\n  parquet:\n    columns:\n      - {name: id, dtype: int64}\n      - {name: label, dtype: int8}\n";

fn dataset_with(set: &str) -> Dataset {
    good_with(BASE, &[set], &[])
        .variants
        .remove(0)
        .dataset
        .unwrap()
}

#[rstest]
#[case("dataset.seed=2")]
#[case("+dataset.seed=2")]
#[case("++dataset.seed=2")]
#[case("workload.dataset.seed=2")]
#[case("++workload.dataset.seed=2")]
fn a_key_is_set_in_every_spelling_of_hydra(#[case] set: &str) {
    assert_eq!(dataset_with(set).seed, 2);
}

#[rstest]
#[case("dataset.parquet.columns.label.size=4")]
#[case("dataset.parquet.columns.1.size=4")]
#[case("dataset.parquet.columns[1].size=4")]
fn a_column_is_addressed_by_name_and_by_index(#[case] set: &str) {
    assert_eq!(dataset_with(set).columns[1].size, 4);
}

#[test]
fn values_are_yaml_flow_and_the_last_one_counts() {
    let dataset = good_with(
        BASE,
        &["dataset.seed=5", "dataset={seed: 3, compression: zstd(4)}"],
        &[],
    );
    let dataset = dataset.variants[0].dataset.as_ref().unwrap();
    assert_eq!(
        (dataset.seed, dataset.layout.chunk.codec),
        (3, Codec::Zstd(4))
    );
    assert_eq!(dataset_with("dataset.seed=null").seed, 123);
}

#[test]
fn a_missing_mapping_is_created() {
    let config = good_with(
        "dataset:\nreader: null\n",
        &["reader.batch_size=5", "dataset.parquet.row_group_size=7"],
        &[],
    );
    assert_eq!(config.variants[0].reader.batch_size, Some(5));
    assert_eq!(
        config.resolved,
        json!({"dataset": {"parquet": {"row_group_size": 7}}, "reader": {"batch_size": 5}})
    );
}

#[test]
fn an_engine_option_replaces_the_nested_one_of_the_file() {
    let config = good_with(
        "dataset: {}\ndatafusion: {execution: {batch_size: 1}}\n",
        &[
            "datafusion.datafusion.execution.batch_size=2",
            "datafusion.optimizer={max_passes: 3}",
        ],
        &[],
    );
    let options = &config.variants[0].engine;
    assert_eq!(
        options[0],
        ("execution.batch_size".to_owned(), "2".to_owned())
    );
    assert_eq!(
        options[1],
        ("optimizer.max_passes".to_owned(), "3".to_owned())
    );
}

#[rstest]
#[case(
    "dataset.compression",
    "the command line: `dataset.compression` sets nothing; write `key.path=value`"
)]
#[case(
    "dataset.compresion=zstd",
    "the command line: dataset.compresion: unknown key (did you mean `compression`?)"
)]
#[case(
    "datset.compression=zstd",
    "the command line: datset: unknown key (did you mean `dataset`?)"
)]
#[case(
    "dataset.row_group_size=5",
    "the command line: dataset.row_group_size: unknown key (did you mean `dataset.parquet.row_group_size`?)"
)]
#[case(
    "dataset.compression=zstdd",
    "the command line: dataset.compression: `zstdd` is not a codec"
)]
#[case(
    "dataset.parquet.columns.lable.size=4",
    "the command line: dataset.parquet.columns.lable.size: `dataset.parquet.columns` has 2 elements and none is called `lable` (did you mean `label`?)"
)]
#[case(
    "dataset.seed.x=4",
    "the command line: dataset.seed.x: `dataset.seed` is `1`, so it has no key `x`"
)]
#[case(
    "dataset.seed=[1",
    "the command line: dataset.seed: did not find expected"
)]
#[case(
    "dataset..seed=1",
    "the command line: dataset..seed: `dataset..seed` is not a key path"
)]
fn a_bad_setting_is_told_as_the_command_lines(#[case] set: &str, #[case] expected: &str) {
    let message = bad_with(BASE, &[set], &[]);
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn tables_of_the_command_line_are_added_and_replace() {
    let overrides = Overrides {
        tables: vec![
            ("t".to_owned(), "b.parquet".to_owned()),
            ("u".to_owned(), "c.parquet".to_owned()),
        ],
        ..Overrides::default()
    };
    let config = load(&source("tables: {t: {path: a.parquet}}"), &overrides).unwrap();
    let paths: Vec<_> = config.variants[0]
        .tables
        .values()
        .map(String::as_str)
        .collect();
    assert_eq!(paths, ["b.parquet", "c.parquet"]);
    let config = load(&source(""), &overrides).unwrap();
    assert_eq!(config.variants[0].tables.len(), 2);
    let bad_name = Overrides {
        tables: vec![("a.b".to_owned(), "x".to_owned())],
        ..Overrides::default()
    };
    let message = load(&source(""), &bad_name).unwrap_err().to_string();
    assert!(
        message.starts_with("the command line: tables.a.b: `a.b` is not a table name"),
        "{message}"
    );
}
