//! `bench train`: epochs of steps, utilization, results in DLIO's form, ranks.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use rstest::rstest;
use serde_json::Value;

use crate::harness::{Output, Place, at};

/// 1000 rows in 4 files, of which training reads two columns.
const LOOP: &str = "\
dataset:
  data_folder: data
  num_files_train: 4
  num_samples_per_file: 250
  parquet:
    row_group_size: 60
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: vector, dtype: float32, size: 4 }
      - { name: unread, dtype: float64, read: false }
reader: { batch_size: 30, read_threads: 2 }
train: { epochs: 2, computation_time: 0.001 }
";

impl Place {
    fn train(&self, more: &[&str]) -> Output {
        self.bench().args(["train", "bench.yaml"]).args(more).run()
    }

    /// The record of a training run that ends well.
    fn trained(&self, more: &[&str]) -> Value {
        self.train(&[&["--format", "json"], more].concat())
            .succeeds()
            .json()
    }
}

fn epochs<'a>(record: &'a Value, lane: &str) -> Vec<&'a Value> {
    let epochs = at(record, "training.epochs").as_array().unwrap();
    epochs
        .iter()
        .filter(|epoch| epoch["lane"] == lane)
        .collect()
}

/// Sum of a figure over the accelerators of an epoch.
fn sum(epoch: &Value, figure: &str) -> u64 {
    let accelerators = epoch["accelerators"].as_array().unwrap();
    accelerators
        .iter()
        .map(|it| it[figure].as_u64().unwrap())
        .sum()
}

fn utilization(epoch: &Value) -> f64 {
    at(epoch, "accelerators.0.utilization").as_f64().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The only folder with results in DLIO's form.
fn dlio(place: &Place) -> PathBuf {
    let entries = fs::read_dir(place.path("results")).unwrap();
    let mut folders = entries
        .map(|it| it.unwrap().path())
        .filter(|it| it.is_dir());
    let folder = folders.next().unwrap();
    assert!(folders.next().is_none());
    folder
}

#[test]
fn every_epoch_reads_the_read_columns_of_every_row_and_the_rest_is_dropped_and_said() {
    let place = Place::with(LOOP);
    let record = place.trained(&["--set", "measure.engine_cache=warm"]);
    let epochs_of = epochs(&record, "end_to_end");
    assert_eq!(epochs_of.len(), 2);
    for epoch in epochs_of {
        // 33 batches of 30 rows; 10 rows are left.
        assert_eq!((sum(epoch, "steps"), sum(epoch, "samples")), (33, 990));
        assert_eq!(epoch["dropped_rows"], 10);
        assert_eq!(
            (&epoch["status"], &epoch["phase"]),
            (&"ok".into(), &"train".into())
        );
        // 8 and 16 bytes of 1000 rows, uncompressed, and what pages take besides.
        let bytes = epoch["engine_data_bytes"].as_u64().unwrap();
        assert!((24_000..40_000).contains(&bytes), "{bytes}");
    }
    let training = at(&record, "training");
    assert_eq!(
        (&training["columns_read"], &training["columns"]),
        (&2.into(), &3.into())
    );
    // An integer of 64 bits beside floats of 32 makes floats of 64.
    assert_eq!(training["row_bytes"], 40);
    assert_eq!(epochs(&record, "compute").len(), 1);
    let shown = place.train(&["--details"]).succeeds().stdout;
    assert!(shown.contains("drop_last: 10 row(s)"), "{shown}");
    let all = place.trained(&["--set", "reader.drop_last=false", "--lane", "end_to_end"]);
    for epoch in epochs(&all, "end_to_end") {
        assert_eq!((sum(epoch, "steps"), sum(epoch, "samples")), (34, 1000));
    }
}

#[test]
fn steps_whose_computation_dominates_keep_the_accelerator_busy() {
    let place = Place::with(LOOP);
    let record = place.trained(&["--set", "train.computation_time=20ms", "--epochs", "1"]);
    let found = utilization(epochs(&record, "end_to_end")[0]);
    assert!(found > 0.9 && found <= 1.0, "{found}");
    let shown = reported(&place);
    assert!(shown.contains("meets the target of 90 %"), "{shown}");
    assert!(!shown.to_lowercase().contains("passes"), "{shown}");
}

#[test]
fn a_storage_of_half_the_demand_halves_the_utilization() {
    let place = Place::with(LOOP);
    let bytes = epochs(&place.trained(&["--epochs", "1"]), "end_to_end")[0]["requested_bytes"]
        .as_f64()
        .unwrap();
    // All steps of an epoch compute for 0.66 s; its bytes take twice as long.
    let bandwidth = format!("storage.throttle.bandwidth={}", (bytes / 1.32) as u64);
    let record = place.trained(&[
        "--set",
        "train.computation_time=20ms",
        "--set",
        &bandwidth,
        "--epochs",
        "1",
    ]);
    let found = utilization(epochs(&record, "end_to_end")[0]);
    assert!((0.35..0.6).contains(&found), "{found}");
    let ceiling = utilization(epochs(&record, "compute")[0]);
    assert!(ceiling > 0.85, "{ceiling}");
    let shown = place
        .bench()
        .arg("report")
        .args(&records(&place)[1..])
        .run()
        .succeeds()
        .stdout;
    assert!(shown.contains("BOUND BY    the storage"), "{shown}");
}

/// Records in the order of their runs.
fn records(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path("results")).unwrap();
    let files = entries.map(|it| it.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|it| it.extension().is_some_and(|it| it == "json"))
        .collect();
    files.sort_by_key(|file| fs::metadata(file).unwrap().modified().unwrap());
    files
}

/// Screen that `bench report` shows for all records.
fn reported(place: &Place) -> String {
    let bench = place.bench().arg("report").args(records(place));
    bench.run().succeeds().stdout
}

#[rstest]
#[case::no_step(&["reader.batch_size=1001"], &["has 1,000 rows in batches of 1,001, and so no step", "reader.batch_size"])]
#[case::too_many_steps(
    &["train.total_training_steps=50"],
    &["33 steps, and train.total_training_steps is 50"]
)]
#[case::an_unknown_distribution(
    &["train.computation_time={type: lognormal, mean: 1}"],
    &["train.computation_time.type: `lognormal` is not a distribution of times; known: normal, uniform"]
)]
#[case::a_distribution_without_its_number(
    &["train.computation_time={type: gamma, shape: 2}"],
    &["train.computation_time: needs `scale` for `gamma`"]
)]
#[case::a_negative_time(&["train.computation_time=-1"], &["`-1` is not a time of up to an hour"])]
#[case::an_order_that_nobody_knows(
    &["reader.file_shuffle=random_order"],
    &["reader.file_shuffle", "known: off, seed, random"]
)]
#[case::an_evaluation_without_a_table(
    &["workflow.evaluation=true"],
    &["there is none; set dataset.num_files_eval"]
)]
#[case::too_many_accelerators(
    &["train.accelerators=500"],
    &["row groups for 500 accelerators, and each needs at least one; set fewer train.accelerators"]
)]
#[case::more_accelerators_than_whole_files(
    &["train.accelerators=5", "dataset.parquet.read_mode=default"],
    &["files for 5 accelerators, and each needs at least one"]
)]
#[case::too_many_readers(
    &["reader.read_threads=18446744073709551615"],
    &["reader.read_threads: 18446744073709551615 is more than 65536"]
)]
#[case::results_in_a_file(
    &["output.folder=bench.yaml/results"],
    &["bench.yaml/results: this folder cannot be made", "set output.folder to another one"]
)]
fn a_loop_that_cannot_be_is_one_error_before_the_run(#[case] set: &[&str], #[case] words: &[&str]) {
    let place = Place::with(LOOP);
    place.generate();
    let set: Vec<&str> = set.iter().flat_map(|it| ["--set", it]).collect();
    place.train(&set).fails(2, words);
    assert_eq!(place.journals().len(), 0);
}

#[test]
fn a_key_that_cannot_be_read_is_not_called_missing() {
    let place = Place::with(LOOP);
    let time = "train.computation_time={type: normal, mean: x}";
    let refused = place
        .train(&["--set", time])
        .fails(2, &["`x` is not a number"]);
    assert!(!refused.stderr.contains("needs"), "{}", refused.stderr);
}

#[test]
fn a_rank_is_refused_if_another_would_have_no_row() {
    let place = Place::with(LOOP);
    place.generate();
    let ranks = ["--rank", "0", "--world-size", "99999"];
    place
        .train(&ranks)
        .fails(2, &["row groups for 99,999 accelerators"]);
}

#[rstest]
#[case::a_section_that_is_off(
    &["--set", "evaluation.eval_time=1ms"],
    "`evaluation` has no effect without `workflow.evaluation: true`"
)]
#[case::an_evaluation_after_the_last_epoch(
    &["--set", "workflow.evaluation=true", "--set", "dataset.num_files_eval=1", "--set", "evaluation.eval_after_epoch=9"],
    "nothing is evaluated: `evaluation.eval_after_epoch` is 9"
)]
#[case::a_search(
    &["--set", "workflow.evaluation=true", "--find-accelerators", "--set", "train.computation_time=5ms"],
    "`--find-accelerators` does not evaluate"
)]
fn keys_of_an_evaluation_that_is_not_made_are_named(
    #[case] arguments: &[&str],
    #[case] note: &str,
) {
    let place = Place::with(LOOP);
    let run = place.train(arguments).succeeds();
    assert!(run.stderr.contains(note), "{}", run.stderr);
}

#[test]
fn batches_that_are_never_made_need_no_memory() {
    let place = Place::with(LOOP);
    let set = ["reader.prefetch_size=1048576", "reader.batch_size=100"];
    let set: Vec<&str> = set.iter().flat_map(|it| ["--set", it]).collect();
    place.train(&set).succeeds();
}

#[test]
fn the_steps_of_each_epoch_are_capped() {
    let place = Place::with(LOOP);
    let record = place.trained(&[
        "--set",
        "train.total_training_steps=5",
        "--lane",
        "end_to_end",
    ]);
    for epoch in epochs(&record, "end_to_end") {
        assert_eq!(sum(epoch, "steps"), 5);
    }
}

#[test]
fn results_have_the_keys_and_the_forms_of_dlio() {
    let place = Place::with(LOOP);
    let evaluation = [
        "--set",
        "workflow.evaluation=true",
        "--set",
        "dataset.num_files_eval=1",
        "--set",
        "reader.batch_size_eval=50",
        "--set",
        "evaluation.eval_time=1ms",
    ];
    place
        .train(&[&evaluation[..], &["--accelerators", "2"]].concat())
        .succeeds();
    let folder = dlio(&place);
    let summary = json(&folder.join("summary.json"));
    assert_eq!(
        (&summary["num_accelerators"], &summary["num_hosts"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (
            &summary["num_files_train"],
            &summary["num_samples_per_file"]
        ),
        (&4.into(), &250.into())
    );
    for prefix in ["train", "eval"] {
        let of = |key: &str| at(&summary, &format!("metric.{prefix}_{key}")).clone();
        assert_eq!(of("au_percentage").as_array().unwrap().len(), 2);
        let mean = of("au_mean_percentage").as_f64().unwrap();
        assert!(mean > 0.0 && mean <= 100.0, "{mean}");
        assert!(of("au_meet_expectation") == "success" || of("au_meet_expectation") == "fail");
        let rate = of("throughput_mean_samples_per_second").as_f64().unwrap();
        // 8 bytes, 4 of 4 bytes, 8 bytes: of all columns, in MiB.
        let mib = of("io_mean_MB_per_second").as_f64().unwrap();
        assert!(
            (mib / (rate * 32.0 / 1_048_576.0) - 1.0).abs() < 1e-9,
            "{mib} {rate}"
        );
        of("au_stdev_percentage");
        of("throughput_stdev_samples_per_second");
        of("io_stdev_MB_per_second");
        of("throughput_samples_per_second");
    }
    for key in ["start", "end"] {
        let text = summary[key].as_str().unwrap();
        assert_eq!((text.len(), &text[10..11]), (26, "T"), "{text}");
    }
    for key in ["host_memory_GB", "host_cpu_count", "potential_caching"] {
        assert_eq!(summary[key].as_array().unwrap().len(), 1, "{key}");
    }
    for rank in 0..2 {
        let output = json(&folder.join(format!("{rank}_output.json")));
        let stats = json(&folder.join(format!("{rank}_per_epoch_stats.json")));
        for epoch in ["1", "2"] {
            let steps =
                |key: &str, block: &str| output[epoch][key][block].as_array().unwrap().len();
            for key in ["load", "proc", "compute"] {
                assert!((16..=17).contains(&steps(key, "block1")) && steps(key, "eval") > 0);
            }
            assert!(output[epoch]["au"]["block1"].is_f64());
            let duration = stats[epoch]["block1"]["duration"].as_str().unwrap();
            assert!(
                duration
                    .split_once('.')
                    .is_some_and(|(_, digits)| digits.len() == 2)
            );
            assert!(stats[epoch]["eval"]["duration"].is_string());
            assert!(stats[epoch]["end"].is_string());
        }
    }
}

#[test]
fn results_of_dlio_go_to_the_folder_that_is_named_and_over_nothing() {
    let place = Place::with(&format!("{LOOP}output: {{ folder: out/x }}\n"));
    place.train(&["--lane", "end_to_end"]).succeeds();
    assert!(place.path("out/x/summary.json").exists());
    let before = place.files();
    place
        .train(&["--lane", "end_to_end"])
        .fails(2, &["out/x/0_output.json"]);
    assert_eq!(place.files(), before);
    let left_to_hydra = format!("{LOOP}output: {{ folder: '${{hydra:runtime.output_dir}}' }}\n");
    place.write("bench.yaml", left_to_hydra);
    place.train(&["--lane", "end_to_end"]).succeeds();
    assert!(dlio(&place).join("summary.json").exists());
}

#[test]
fn ranks_share_the_rows_and_their_records_become_one_report() {
    let place = Place::with(LOOP);
    place.generate();
    let rank = |rank: &str, more: &[&str]| {
        let ranks = [
            "--rank",
            rank,
            "--world-size",
            "2",
            "--set",
            "reader.file_shuffle=seed",
        ];
        place.train(&[&ranks[..], more].concat()).succeeds()
    };
    rank("0", &[]);
    assert!(!dlio(&place).join("summary.json").exists());
    rank("1", &[]);
    let found = records(&place);
    let samples: Vec<u64> = found
        .iter()
        .map(|file| sum(epochs(&json(file), "end_to_end")[0], "samples"))
        .collect();
    let dropped: u64 = found
        .iter()
        .map(|file| {
            epochs(&json(file), "end_to_end")[0]["dropped_rows"]
                .as_u64()
                .unwrap()
        })
        .sum();
    assert_eq!(samples.iter().sum::<u64>() + dropped, 1000);
    let report = |files: &[&PathBuf], more: &[&str]| {
        place.bench().arg("report").args(files).args(more).run()
    };
    let both = report(&[&found[1], &found[0]], &["--dlio", "all"]).succeeds();
    assert!(
        both.stdout.contains("The worst accelerator is"),
        "{}",
        both.stdout
    );
    assert!(both.stdout.contains("AU is optimistic"), "{}", both.stdout);
    let summary = json(&place.path("all/summary.json"));
    assert_eq!(
        (&summary["num_accelerators"], &summary["num_hosts"]),
        (&2.into(), &1.into())
    );
    report(&[&found[0], &found[0]], &[]).fails(2, &["are both rank 0"]);
    rank("1", &["--set", "reader.batch_size=20"]);
    let found = records(&place);
    report(&[&found[0], &found[2]], &[]).fails(2, &["reader.batch_size: 30, 20"]);
    let three = ["--rank", "2", "--world-size", "3"];
    place.train(&three).succeeds();
    let found = records(&place);
    report(&[&found[0], &found[3]], &[]).fails(2, &["the number of ranks: 2, 3"]);
}

#[rstest]
#[case::open_mpi(&[("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")], &[])]
#[case::slurm(&[("SLURM_PROCID", "1"), ("SLURM_NTASKS", "2")], &[])]
#[case::torchrun(&[("RANK", "1"), ("WORLD_SIZE", "2")], &[])]
#[case::an_indexed_job(&[("JOB_COMPLETION_INDEX", "1")], &["--world-size", "2"])]
fn launchers_give_ranks(#[case] variables: &[(&str, &str)], #[case] flags: &[&str]) {
    let place = Place::with(LOOP);
    place.generate();
    let mut bench = place
        .bench()
        .args(["train", "bench.yaml", "--format", "json"]);
    bench.command.envs(variables.iter().copied());
    let record = bench.args(flags).run().succeeds().json();
    let training = at(&record, "training");
    assert_eq!(
        (&training["rank"], &training["world_size"]),
        (&1.into(), &2.into())
    );
    assert_eq!(
        at(&record, "training.epochs.0.accelerators.0.accelerator"),
        1
    );
}

#[rstest]
#[case::no_time("soon", "write a time as")]
#[case::the_past("2020-01-01T00:00:00Z", "it is over")]
#[case::too_far("2099-01-01T00:00:00Z", "more than a day away")]
fn a_start_that_cannot_be_is_refused(#[case] time: &str, #[case] words: &str) {
    let place = Place::with(LOOP);
    place
        .train(&["--start-at", time])
        .fails(2, &["--start-at", words]);
    assert!(place.files().len() == 1);
}

#[test]
fn processes_start_at_the_time_that_they_are_given() {
    let place = Place::with(LOOP);
    let second = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
        + 3.0;
    let record = place.trained(&["--start-at", &second.to_string(), "--lane", "end_to_end"]);
    let started = at(&record, "training.epochs.0.started_at")
        .as_str()
        .unwrap();
    let started: chrono::DateTime<chrono::Utc> = started.parse().unwrap();
    let late = started.timestamp_micros() as f64 / 1e6 - second;
    assert!((-0.01..2.0).contains(&late), "{late}");
}

#[test]
fn a_folder_of_other_rows_than_the_config_says_is_trained_on_as_it_is() {
    let place = Place::with(LOOP);
    place
        .bench()
        .args([
            "generate",
            "bench.yaml",
            "--set",
            "dataset.num_samples_per_file=500",
        ])
        .run()
        .succeeds();
    let before = place.parquet("data");
    let record = place.trained(&["--lane", "end_to_end", "--set", "dataset.num_files_train=2"]);
    // The first two of the four files.
    assert_eq!(
        (at(&record, "training.files"), at(&record, "training.rows")),
        (&2.into(), &1000.into())
    );
    assert_eq!(place.parquet("data"), before);
    place
        .train(&["--set", "dataset.num_files_train=5"])
        .fails(2, &["num_files_train", "4", "5"]);
}

#[test]
fn the_raw_lane_reads_whole_row_groups_if_asked() {
    let place = Place::with(LOOP);
    let bytes = |set: &str| {
        let record = place.trained(&["--lane", "storage", "--epochs", "1", "--set", set]);
        epochs(&record, "storage")[0]["requested_bytes"]
            .as_u64()
            .unwrap()
    };
    let columns = bytes("storage.row_group_reads=false");
    let whole = bytes("storage.row_group_reads=true");
    // Three columns of 8, 16 and 8 bytes, in place of the first two.
    assert!(whole as f64 > 1.2 * columns as f64, "{columns} {whole}");
}

#[test]
fn samples_by_index_say_how_often_their_row_group_was_there() {
    let place = Place::with(LOOP);
    let set = [
        "--set",
        "dataset.parquet.read_mode=on_demand",
        "--set",
        "reader.sample_shuffle=seed",
    ];
    let record = place.trained(&[&set[..], &["--set", "reader.cached_row_groups=2"]].concat());
    for epoch in epochs(&record, "end_to_end") {
        let (hits, misses) = (
            at(epoch, "row_group_cache.hits"),
            at(epoch, "row_group_cache.misses"),
        );
        assert_eq!(hits.as_u64().unwrap() + misses.as_u64().unwrap(), 990);
        assert!(misses.as_u64().unwrap() > 300, "{misses}");
    }
    place
        .run(&set[..2])
        .fails(2, &["on_demand", "`bench train`"]);
}

#[test]
fn ctrl_c_keeps_the_epochs_that_were_finished() {
    let place = Place::with(LOOP);
    let bench = place
        .bench()
        .args(["train", "bench.yaml", "--epochs", "100"]);
    let mut running = bench.args(["--set", "train.computation_time=5ms"]).start();
    running.wait_for(&place, "epoch", 2);
    running.signal(Signal::SIGINT);
    let output = running.end();
    assert_eq!(output.code, Some(130), "{output:?}");
    assert!(output.stdout.contains("INCOMPLETE"), "{}", output.stdout);
    let report = place
        .bench()
        .arg("report")
        .args([place.journal()])
        .run()
        .succeeds();
    assert!(
        report.stdout.contains("RESULT      AU"),
        "{}",
        report.stdout
    );
}

#[test]
fn a_training_run_is_shown_as_a_page_and_as_rows() {
    let place = Place::with(LOOP);
    place.train(&["--accelerators", "2"]).succeeds();
    let file = records(&place).remove(0);
    let report = |more: &[&str]| place.bench().arg("report").args([&file]).args(more).run();
    report(&["--html", "r.html"]).succeeds();
    let page = fs::read_to_string(place.path("r.html")).unwrap();
    for words in [
        "Utilization of the accelerators",
        "Mean time of a step in the loop",
        "Waiting for a batch",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(page.matches("<svg").count(), 4);
    let rows = report(&["--format", "csv"]).succeeds().stdout;
    // Two epochs and the ceiling of two accelerators, below the heads.
    assert_eq!(rows.lines().count(), 7);
    assert!(rows.starts_with("run_id,rank,hostname,phase,lane,epoch,status,accelerator,steps,"));
    report(&["--format", "markdown"]).succeeds();
    report(&["--history"]).fails(2, &["--history", "training run"]);
    place
        .bench()
        .arg("recipe")
        .args([&file])
        .run()
        .fails(2, &["a training run has no variants"]);
}

#[test]
fn a_sweep_is_for_queries_and_keys_of_training_for_training() {
    let place = Place::with(LOOP);
    place
        .train(&["--sweep", "dataset.compression=none,zstd"])
        .fails(
            2,
            &["training runs one variant, and there are 2: none, zstd"],
        );
    let said = place
        .run(&["--set", "measure.rounds=1", "--set", "measure.warmup=0"])
        .succeeds()
        .stderr;
    assert!(
        said.contains("these keys take effect in `bench train` alone: train"),
        "{said}"
    );
    let said = place
        .train(&["--set", "measure.rounds=1"])
        .succeeds()
        .stderr;
    assert!(
        said.contains("these keys take no effect in `bench train`: measure.rounds"),
        "{said}"
    );
}

#[test]
fn a_host_feeds_the_accelerators_that_hardly_ask() {
    let place = Place::with(LOOP);
    let slow = [
        "--find-accelerators",
        "--set",
        "train.computation_time=0.05",
        "--set",
        "reader.batch_size=5",
        "--set",
        "dataset.num_samples_per_file=500",
        "--set",
        "metric.au=0.5",
    ];
    let record = place.trained(&slow);
    let search = at(&record, "training.search");
    assert!(search["most"].as_u64().unwrap() >= 1, "{search:#}");
    assert!(
        search["trials"][0]["utilizations"]
            .as_array()
            .unwrap()
            .len()
            >= 4
    );
    let shown = reported(&place);
    assert!(shown.contains("This host feeds"), "{shown}");
    place
        .train(&["--find-accelerators", "--set", "train.computation_time=0"])
        .fails(2, &["set train.computation_time"]);
}

#[test]
fn a_storage_system_is_sized_for_accelerators() {
    let place = Place::with(LOOP);
    let check = |more: &[&str]| place.bench().args(["check", "bench.yaml"]).args(more).run();
    let shown = check(&[
        "--accelerators",
        "64",
        "--hosts",
        "8",
        "--host-memory",
        "512GiB",
    ]);
    let shown = shown.succeeds().stdout;
    // 64 accelerators with 30 rows of 32 bytes each millisecond.
    for words in [
        "1,920,000",
        "61.4 MB/s",
        "46.1 MB/s",
        "32 B a row",
        "24 B a row",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // 5 times 8 times 512 GiB, in files of 250 rows of 32 bytes.
    assert!(shown.contains("at least 2,748,779,070"), "{shown}");
    assert!(shown.contains("3,840 for 500 steps"), "{shown}");
    check(&["--accelerators", "0"]).fails(2, &["--accelerators"]);
    check(&["--accelerators", "1", "--host-memory", "many"]).fails(2, &["512GiB"]);
    let untimed = ["--accelerators", "1", "--set", "train.computation_time=0"];
    check(&untimed).fails(2, &["set train.computation_time"]);
}
