//! Workload files of users of DLIO and MLPerf Storage, with their overrides and their launchers.

use std::fs;

use rstest::rstest;

use crate::harness::{Output, Place, at};

/// A recommender whose data is generated, as MLPerf Storage ships it, but with few columns.
const RECOMMENDER_DATAGEN: &str = "
model: {name: dlrm}
framework: pytorch
workflow: {generate_data: True, train: False, checkpoint: False}
dataset:
  data_folder: data/dlrm/
  format: parquet
  num_files_train: 1024
  num_samples_per_file: 1536000
  record_length_bytes: 761
  compression: none
  parquet:
    use_s3dlio_gen: true
    row_group_size: 6144
    read_mode: row_group
    generation_batch_size: 10000
    columns:
      - {name: feature_000, dtype: float16, read: false}
      - {name: feature_001, dtype: int8}
      - {name: feature_002, dtype: float64}
";

/// A workload that reads rows that are vectors; no data is generated.
const IMAGES: &str = "
model:
  name: flux
workflow:
  generate_data: False
  train: True
dataset:
  data_folder: data/flux/
  format: parquet
  num_files_train: 4296
  num_samples_per_file: 288
  record_length: 2164832
  skip_listing: true
  listing_validation_interval: 1000
  num_files_generated: 4296
  parquet:
    columns:
      - {name: encodings, dtype: float32, size: 4096}
      - {name: timestamp, dtype: float32, size: 7}
reader: {data_loader: pytorch, batch_size: 48, read_threads: 8, write_threads: 4, file_shuffle: seed}
train: {epochs: 1, computation_time: 1.35, seed: 5}
metric: {au: 0.90}
";

/// Very many files of one row without columns.
const SMALL_FILES: &str = "
model: {name: dlrm}
workflow: {generate_data: False, train: True, debug: False}
dataset: {data_folder: data/small/, format: parquet, num_files_train: 65536, num_samples_per_file: 1, record_length_bytes: 512, total_disk_bytes: 33554432, data_gen_method: dgen}
reader: {data_loader: pytorch, batch_size: 8192, read_threads: 8, file_shuffle: seed, sample_shuffle: seed}
train: {epochs: 1, computation_time: 0.005}
";

/// A parallel file system, options of another library, logging.
const PARALLEL: &str = "
workflow: {generate_data: false, train: true, evaluation: false}
storage:
  storage_type: parallel_fs
  storage_root: /mnt/test
  storage_options: {storage_library: direct, prefetch_workers: 64}
  post_generation_settle_seconds: 5
dataset: {format: parquet, data_folder: dlrm, num_files_train: 64, num_samples_per_file: 1000000, record_length_bytes: 1024, record_length_bytes_stdev: 0}
reader: {data_loader: pytorch, read_threads: 8, prefetch_size: 0, read_type: on_demand, batch_size: 2048}
train: {computation_time: 0.00077, epochs: 1, total_training_steps: -1, seed_change_epoch: false}
profiling: {profiler: none}
logging: {verbosity: INFO}
";

/// A config that DLIO writes beside its results.
const RESOLVED: &str = "
workload:
  model: {name: unet3d, type: cnn}
  framework: pytorch
  workflow: {generate_data: true, train: true, checkpoint: true}
  dataset:
    data_folder: data/unet3d/
    format: parquet
    num_files_train: 168
    num_samples_per_file: 1
    record_length_bytes: 146600628
    record_length_bytes_stdev: 68341808
    record_length_bytes_resize: 2097152
  reader: {data_loader: pytorch, batch_size: 4, read_threads: 4, file_shuffle: seed}
  checkpoint: {checkpoint_folder: checkpoints/unet3d, checkpoint_after_epoch: 5}
  output: {folder: 'hydra_log/unet3d/${now:%Y-%m-%d}', metric: {exclude_start_steps: 1}}
";

/// References, and a list of DLIO's kind.
const REFERRING: &str = "
workflow: {generate_data: true}
dataset:
  data_folder: ${oc.env:BENCH_NO_SUCH_FOLDER,data}/${model.name}
  num_files_train: 12
  num_files_eval: ${dataset.num_files_train}
  num_samples_per_file: 1000
  parquet: {columns: [{name: tokens, dtype: list, size: 16}, label]}
model: {name: lists}
";

/// Another format, and a length that is not a whole number.
const OTHER_FORMAT: &str = "
framework: tensorflow
workflow: {generate_data: True, train: True}
dataset: {data_folder: data/resnet50, format: tfrecord, num_files_train: 1024, num_samples_per_file: 1251, record_length_bytes: 114660.07, record_length_bytes_resize: 150528}
reader: {data_loader: tensorflow, read_threads: 8, computation_threads: 8, batch_size: 400}
train: {computation_time: 0.224, epochs: 5}
";

/// Arguments that make a run so small that it takes no time, in a folder of its own.
const SCALED_DOWN: [&str; 11] = [
    "--params",
    "dataset.num_files_train=2",
    "dataset.num_samples_per_file=5",
    "dataset.record_length_bytes=512",
    "dataset.data_folder=small",
    "storage.storage_root=.",
    "workflow.generate_data=true",
    "measure.warmup=0",
    "measure.rounds=1",
    "measure.peak_memory=false",
    "measure.break_even=false",
];

#[rstest]
#[case::datagen(RECOMMENDER_DATAGEN)]
#[case::vectors(IMAGES)]
#[case::small_files(SMALL_FILES)]
#[case::parallel(PARALLEL)]
#[case::resolved(RESOLVED)]
#[case::referring(REFERRING)]
fn a_workload_file_is_checked_as_it_is_and_runs_scaled_down(#[case] workload: &str) {
    let place = Place::with(workload);
    let check = place.bench().args(["check", "bench.yaml"]).run().succeeds();
    assert!(
        check.stdout.contains("MLPerf Storage asks for 5 times"),
        "{check:?}"
    );
    let mut scaled = SCALED_DOWN.to_vec();
    if workload.contains("record_length: ") {
        scaled.push("dataset.record_length=512");
    }
    let ran = place.run(&scaled).succeeds();
    assert_eq!(
        ran.stderr.matches("have no effect here").count(),
        1,
        "{ran:?}"
    );
    assert_eq!(place.parquet("small/train").len(), 2);
    // Ten rows, on the files that the run has written.
    let mut train = vec!["train", "bench.yaml", "--epochs", "1", "--format", "json"];
    train.extend(&scaled);
    train.extend([
        "reader.batch_size=2",
        "train.total_training_steps=0",
        "train.computation_time=1ms",
    ]);
    let trained = place.bench().args(train).run().succeeds().json();
    assert_eq!(at(&trained, "training.epochs.0.rows"), 10);
}

#[test]
fn the_shape_of_another_format_runs_as_parquet() {
    let place = Place::with(OTHER_FORMAT);
    let check = |more: &[&str]| {
        let bench = place.bench().args(["check", "bench.yaml"]);
        bench.args(more).run()
    };
    check(&[]).fails(2, &["`tfrecord`", "hint: ", "--set dataset.format=parquet"]);
    let note = "`dataset.record_length_bytes` is 114660.07, and counts as 114660";
    let checked = check(&["--set", "dataset.format=parquet"]).succeeds();
    assert_eq!(checked.stdout.matches(note).count(), 1, "{checked:?}");
    let mut scaled = SCALED_DOWN.to_vec();
    scaled.retain(|argument| !argument.contains("record_length_bytes"));
    scaled.extend([
        "dataset.format=parquet",
        "--sweep",
        "dataset.compression=none,snappy",
    ]);
    let ran = place.run(&scaled).succeeds();
    assert_eq!(ran.stderr.matches(note).count(), 1, "{ran:?}");
}

#[test]
fn a_file_of_checkpoints_alone_is_told_that_they_are_not_measured() {
    let place = Place::with(
        "model: {name: llama_8b, parallelism: {zero_stage: 3}}\nworkflow: {generate_data: False, train: False, checkpoint: True}\ncheckpoint: {checkpoint_folder: checkpoints/llama_8b, num_checkpoints_write: 10, fsync: True}\n",
    );
    for command in ["check", "run", "generate"] {
        let bench = place.bench().args([command, "bench.yaml"]);
        bench.run().fails(2, &["checkpoints are not measured here"]);
    }
}

#[rstest]
#[case("check", &[])]
#[case("generate", &["--dry-run"])]
#[case("run", &["--dry-run"])]
#[case("clean", &[])]
fn params_sets_several_keys(#[case] command: &str, #[case] more: &[&str]) {
    let place = Place::tiny();
    let bench = place.bench().args([command, "bench.yaml"]).args(more);
    let params = [
        "--params",
        "dataset.num_files_train=none",
        "++workload.reader.batch_size=no",
    ];
    bench.args(params).run().fails(
        2,
        &[
            "the command line: dataset.num_files_train: `none`",
            "the command line: reader.batch_size: `no`",
        ],
    );
}

#[test]
fn params_and_set_are_taken_together() {
    let place = Place::tiny();
    let arguments = [
        "explain",
        "bench.yaml",
        "--params",
        "dataset.num_files_train=3",
        "dataset.num_samples_per_file=7",
        "--set",
        "dataset.data_folder=other",
    ];
    place.bench().args(arguments).run().succeeds();
    assert_eq!(place.parquet("other").len(), 3);
}

#[test]
fn a_reference_that_leads_nowhere_writes_nothing() {
    let place = Place::with("dataset: {data_folder: '${oc.env:BENCH_NO_SUCH_FOLDER}/x'}\n");
    let bench = place.bench().args(["generate", "bench.yaml"]);
    bench.run().fails(
        2,
        &[
            "bench.yaml:1: dataset.data_folder: ",
            "the environment has no variable `BENCH_NO_SUCH_FOLDER`",
        ],
    );
    assert_eq!(place.files().len(), 1);
    let mut bench = place.bench().args([
        "generate",
        "bench.yaml",
        "--set",
        "dataset.num_files_train=1",
    ]);
    bench
        .command
        .env("BENCH_NO_SUCH_FOLDER", place.path("there"));
    bench.run().succeeds();
    assert_eq!(place.parquet("there/x/train").len(), 1);
}

#[test]
fn another_seed_of_training_reads_the_data_that_is_there() {
    let place = Place::with(&crate::harness::TINY.replace("  seed: 10\n", ""));
    let generate = |seed: &str| {
        let bench = place.bench().args(["generate", "bench.yaml", "--set"]);
        bench.arg(seed).run().succeeds()
    };
    generate("train.seed=1");
    let again = generate("train.seed=2");
    assert!(again.stderr.contains("reusing 2 files"), "{again:?}");
    assert!(
        again
            .stderr
            .contains("take effect in `bench train` alone: train")
    );
}

/// Data as DLIO writes it without columns: rows of a square number of bytes, each value as an
/// INT32, and no manifest.
fn dlio_records() -> Place {
    let place = Place::new();
    place.write(
        "made.yaml",
        "dataset: {data_folder: data, num_files_train: 2, num_samples_per_file: 6, parquet: {row_group_size: 4, columns: [{name: data, dtype: uint8, size: 484}]}}",
    );
    let bench = place.bench().args(["generate", "made.yaml"]);
    bench.run().succeeds();
    fs::remove_file(place.path("data/_bench_manifest.json")).unwrap();
    place
}

#[test]
fn data_that_dlio_wrote_without_columns_is_read_by_the_file_that_wrote_it() {
    let place = dlio_records();
    let workload = |bytes: &str| {
        format!(
            "dataset: {{data_folder: data, format: parquet, num_files_train: 2, num_samples_per_file: 6, record_length_bytes: {bytes}}}\nworkflow: {{generate_data: false}}\nmeasure: {{warmup: 0, rounds: 1, break_even: false}}\n"
        )
    };
    for bytes in ["512", "512.3", "484"] {
        place.write("bench.yaml", workload(bytes));
        let record = place.record::<&str>(&[]);
        assert_eq!(at(&record, "datasets.0.origin"), "external");
        assert_eq!(at(&record, "cells.0.iterations.0.rows"), 12);
        assert_eq!(at(&record, "cells.0.columns_read"), 1);
    }
    place.write("bench.yaml", workload("1000"));
    place.run::<&str>(&[]).fails(2, &["data", "961 uint8"]);
}

fn foreign_warnings(output: &Output) -> usize {
    output.stderr.matches("were there before").count()
}

#[test]
fn files_that_were_there_before_are_warned_of_once() {
    let place = Place::tiny();
    let bench = place.bench().args(["generate", "bench.yaml"]);
    assert_eq!(foreign_warnings(&bench.run().succeeds()), 0);
    fs::remove_file(place.path("data/_bench_manifest.json")).unwrap();
    for command in ["run", "generate", "explain"] {
        let ran = place.bench().args([command, "bench.yaml"]).run().succeeds();
        assert_eq!(foreign_warnings(&ran), 1, "{command}: {ran:?}");
    }
    let record = place.record::<&str>(&[]);
    let warnings = record["warnings"].as_array().unwrap();
    let foreign = warnings.iter().filter(|text| {
        let text = text.as_str().unwrap_or_default();
        text.contains("were there before")
    });
    assert_eq!(foreign.count(), 1);
}

#[rstest]
#[case("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")]
#[case("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE")]
#[case("PMIX_RANK", "PMIX_SIZE")]
#[case("PMIX_RANK", "SLURM_NTASKS")]
#[case("PMI_RANK", "PMI_SIZE")]
#[case("SLURM_PROCID", "SLURM_NTASKS")]
#[case("RANK", "WORLD_SIZE")]
fn each_launcher_shares_out_files_and_a_run_of_several_ranks_is_refused(
    #[case] rank: &str,
    #[case] size: &str,
) {
    let place = Place::tiny();
    let launch = |command: &str, own: &str, all: &str| {
        let mut bench = place.bench().args([command, "bench.yaml"]);
        bench.command.env(rank, own).env(size, all);
        bench.run()
    };
    for own in ["0", "1"] {
        launch("run", own, "2").fails(2, &[rank, size, &format!("rank {own} of 2"), "once"]);
    }
    assert!(place.journals().is_empty() && !place.path("data").exists());
    let first = launch("generate", "1", "2").succeeds();
    assert!(
        first.stderr.contains("missing are those of rank 0"),
        "{first:?}"
    );
    launch("generate", "0", "2").succeeds();
    assert_eq!(place.parquet("data").len(), 2);
    launch("run", "0", "1").succeeds();
}

#[test]
fn a_batch_script_of_slurm_is_one_process() {
    let place = Place::tiny();
    let run = |step: Option<&str>| {
        let mut bench = place.bench().args(["run", "bench.yaml", "--dry-run"]);
        let variables = [
            ("SLURM_JOB_ID", "7"),
            ("SLURM_PROCID", "0"),
            ("SLURM_NTASKS", "4"),
        ];
        bench.command.envs(variables);
        bench.command.envs(step.map(|step| ("SLURM_STEP_ID", step)));
        bench.run()
    };
    run(None).succeeds();
    run(Some("0")).fails(2, &["SLURM_PROCID", "rank 0 of 4"]);
}
