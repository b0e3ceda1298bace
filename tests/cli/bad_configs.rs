//! Configs and arguments that make no sense: exit code 2, one error, and nothing is written.

use rstest::rstest;

use crate::harness::{Output, Place, TINY};

/// Runs, and checks that the folder has not changed.
fn refused(place: &Place, arguments: &[&str], words: &[&str]) -> Output {
    let before = place.files();
    let output = place.bench().args(arguments).run().fails(2, words);
    assert!(
        place.files() == before,
        "something was written:\n{}",
        output.stderr
    );
    output
}

#[rstest]
#[case::unknown_key("fromat: parquet", &["dataset.fromat", "unknown key", "did you mean `format`?"])]
#[case::wrong_type("num_files_eval: [1]", &["dataset.num_files_eval"])]
#[case::text_for_a_count("num_files_eval: many", &["dataset.num_files_eval", "`many`"])]
#[case::negative_count("num_subfolders_train: -1", &["dataset.num_subfolders_train", "`-1`"])]
#[case::level_out_of_range("compression: zstd(23)", &["dataset.compression", "1", "22"])]
#[case::level_for_a_codec_without("compression: snappy(3)", &["dataset.compression", "snappy"])]
#[case::levels_that_disagree(
    "compression: zstd(3)\n  compression_level: 25",
    &["dataset.compression_level"]
)]
#[case::unknown_codec("compression: zst", &["dataset.compression", "none, snappy, gzip, brotli, lz4, zstd", "did you mean `zstd`?"])]
#[case::other_format("format: tfrecord", &["dataset.format", "parquet"])]
fn a_wrong_dataset_key_is_refused_with_its_place(#[case] line: &str, #[case] words: &[&str]) {
    let config = TINY.replace("  seed: 10\n", &format!("  seed: 10\n  {line}\n"));
    let output = refused(&Place::with(&config), &["run", "bench.yaml"], words);
    assert!(output.stderr.contains("bench.yaml:"), "{}", output.stderr);
}

#[rstest]
#[case::zero_files("dataset.num_files_train=0")]
#[case::negative_files("dataset.num_files_train=-3")]
#[case::half_a_file("dataset.num_files_train=1.5")]
#[case::zero_rows("dataset.num_samples_per_file=0")]
#[case::zero_row_group("dataset.parquet.row_group_size=0")]
#[case::zero_size("dataset.parquet.columns.vector.size=0")]
#[case::zero_batch("reader.batch_size=0")]
#[case::zero_rounds("measure.rounds=0")]
fn counts_below_one_are_refused(#[case] set: &str) {
    let (key, value) = set.split_once('=').unwrap();
    let key = key.replace(".columns.vector.", ".columns.");
    let words = [value, key.rsplit('.').next().unwrap(), "the command line"];
    refused(&Place::tiny(), &["run", "bench.yaml", "--set", set], &words);
}

fn with_columns(columns: &str, partition_by: &str) -> Place {
    Place::with(&format!(
        "dataset: {{data_folder: data, num_samples_per_file: 10, parquet: {{columns: [{columns}], partition_by: {partition_by}}}}}"
    ))
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let place = with_columns("{name: a, dtype: int8}, {name: a, dtype: int16}", "[]");
    refused(
        &place,
        &["run", "bench.yaml"],
        &["dataset.parquet.columns", "`a`"],
    );
}

#[test]
fn a_partition_column_must_be_a_column() {
    let place = with_columns("{name: day, dtype: int8}, b", "[dya]");
    let words = ["dataset.parquet.partition_by", "`dya` is not a column"];
    refused(&place, &["run", "bench.yaml"], &words);
}

#[test]
fn a_column_outside_of_the_partitions_must_be_left() {
    let place = with_columns("{name: a, dtype: int8}, {name: b, dtype: int8}", "[a, b]");
    refused(
        &place,
        &["run", "bench.yaml"],
        &["dataset.parquet.partition_by"],
    );
}

#[rstest]
#[case("a/b")]
#[case("a=b")]
fn a_partition_column_whose_name_breaks_its_folder_is_refused(#[case] name: &str) {
    let place = with_columns(
        &format!("{{name: '{name}', dtype: int8}}, b"),
        &format!("['{name}']"),
    );
    refused(
        &place,
        &["run", "bench.yaml"],
        &["dataset.parquet.partition_by", name],
    );
}

#[rstest]
#[case::nothing("dataset.compression=", &["dataset.compression"])]
#[case::unknown_key("dataset.compresion=none,zstd", &["dataset.compresion", "did you mean `compression`?"])]
#[case::bad_value("dataset.compression=none,zst", &["dataset.compression", "`zst`"])]
#[case::no_key("none,zstd", &["none,zstd"])]
fn a_sweep_that_cannot_be_meant_is_refused(#[case] sweep: &str, #[case] words: &[&str]) {
    refused(
        &Place::tiny(),
        &["run", "bench.yaml", "--sweep", sweep],
        words,
    );
}

#[test]
fn an_empty_sweep_in_the_file_is_refused() {
    let place = Place::with(&format!("{TINY}sweep: {{dataset.compression: []}}\n"));
    refused(
        &place,
        &["run", "bench.yaml"],
        &["bench.yaml:", "sweep.dataset.compression"],
    );
}

#[test]
fn a_missing_config_is_named() {
    let place = Place::new();
    refused(
        &place,
        &["run", "nowhere.yaml"],
        &["nowhere.yaml", "No such file"],
    );
    refused(&place, &["check", "nowhere.yaml"], &["nowhere.yaml"]);
}

#[test]
fn a_config_that_is_a_folder_or_no_text_is_named() {
    let place = Place::new();
    place.write("folder/x", "");
    place.write("bytes.yaml", [0xff, 0xfe, 0x00]);
    refused(&place, &["run", "folder"], &["folder"]);
    refused(&place, &["run", "bytes.yaml"], &["bytes.yaml", "UTF-8"]);
}

#[test]
fn aliases_that_multiply_are_refused_at_once() {
    let mut config = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        config.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    refused(
        &Place::with(&config),
        &["run", "bench.yaml"],
        &["bench.yaml"],
    );
}

#[test]
fn all_problems_of_a_file_are_told_in_one_go() {
    let config = TINY.replace("num_files_train: 2", "num_files_train: 0");
    let config = config.replace("warmup: 0", "warmpu: 0");
    let words = [
        "dataset.num_files_train",
        "measure.warmpu",
        "did you mean `warmup`?",
    ];
    refused(&Place::with(&config), &["run", "bench.yaml"], &words);
}

#[rstest]
#[case::baseline(&["--baseline", "zst"], &["`zst`", "none", "snappy"])]
#[case::label(&["--label", "array"], &["--label array", "KEY=VALUE"])]
#[case::table(&["--table", "x"], &["--table x", "NAME=URL"])]
#[case::set(&["--set", "dataset.seed"], &["dataset.seed"])]
#[case::rounds(&["--rounds", "0"], &["rounds", "`0`"])]
#[case::cache(&["--set", "measure.cache=lukewarm"], &["measure.cache", "warm, cold, direct"])]
#[case::direct_io(&["--set", "reader.odirect=true", "--cache=warm"], &["reader.odirect", "measure.cache"])]
#[case::engine_option(
    &["--set", "datafusion.execution.batchsize=3"],
    &["datafusion.execution.batchsize", "did you mean `execution.batch_size`?"]
)]
#[case::engine_value(
    &["--set", "datafusion.execution.batch_size=many"],
    &["datafusion.execution.batch_size", "many"]
)]
#[case::object_store(&["--set", "dataset.data_folder=s3:/bucket/x"], &["begins with `s3:`"])]
fn an_argument_that_cannot_be_meant_is_refused(#[case] more: &[&str], #[case] words: &[&str]) {
    let place = Place::tiny();
    let arguments = [
        "run",
        "bench.yaml",
        "--sweep",
        "dataset.compression=none,snappy",
    ];
    refused(&place, &[&arguments, more].concat(), words);
}

#[test]
fn an_option_that_does_not_exist_is_refused_by_the_parser() {
    for (option, words) in [
        (
            "--lane=cpu",
            "possible values: end_to_end, storage, compute, all",
        ),
        ("--cache=hot", "possible values: warm, cold, direct"),
        ("--html=x", "unexpected argument"),
    ] {
        let output = Place::tiny().run(&[option]);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(words), "{output:?}");
    }
}
