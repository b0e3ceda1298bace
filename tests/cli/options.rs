//! Each option of `bench run` and each key of the config has an effect. These tests fail if one has
//! none.

use std::collections::BTreeSet;
use std::fs;

use rstest::rstest;
use serde_json::{Value, json};

use crate::files::footers;
use crate::harness::{Place, at, cell};

const NONE: [&str; 0] = [];

fn iterations(cell: &Value) -> &Vec<Value> {
    cell["iterations"].as_array().unwrap()
}

#[test]
fn a_sweep_over_codecs_compares_each_with_the_first() {
    let place = Place::tiny();
    let sweep = ["--sweep", "dataset.compression=none,snappy,lz4,gzip,zstd"];
    let output = place.run(&sweep).succeeds();
    for variant in ["none", "snappy", "lz4", "gzip", "zstd"] {
        let mut lines = output.stdout.lines();
        let row = lines.find(|line| line.trim_start().starts_with(&format!("{variant} ")));
        let verdict = if variant == "none" {
            "baseline"
        } else {
            "few rounds"
        };
        assert!(
            row.unwrap_or_default().contains(verdict),
            "{}",
            output.stdout
        );
    }
    assert!(
        output.stdout.contains("\nRECORD      results/"),
        "{}",
        output.stdout
    );
    // The page lies beside it.
    let (_, page) = output.stdout.split_once(", as a page ").unwrap();
    let page = place.path(page.lines().next().unwrap());
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");

    let record = place.record(&sweep);
    assert_eq!(record["datasets"].as_array().unwrap().len(), 5);
    let comparisons = record["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 4);
    assert!(comparisons.iter().all(|one| one["baseline"] == "scan/none"));
    let content: BTreeSet<String> = record["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dataset| dataset["content_fingerprint"].to_string())
        .collect();
    assert_eq!(content.len(), 1, "codecs do not change rows");
}

#[test]
fn the_quickstart_needs_no_config() {
    let place = Place::new();
    let small = [
        "--set",
        "dataset.num_samples_per_file=300",
        "--set",
        "dataset.num_files_train=2",
        "--set",
        "measure.warmup=0",
        "--rounds",
        "1",
        "--format",
        "json",
    ];
    let bench = place.bench().arg("run").args(small);
    let scenario = ["--query", "narrow_projection", "--query", "nested"];
    let record = bench.args(scenario).run().succeeds().json();
    // There are two controls per scenario.
    assert_eq!(record["cells"].as_array().unwrap().len(), 10 + 4);
    assert_eq!(cell(&record, "nested/zstd")["columns_read"], 2);
    assert_eq!(cell(&record, "narrow_projection/none")["columns_read"], 3);
    assert!(place.path("data/quickstart/variants").is_dir());
}

#[test]
fn set_changes_a_key_and_the_record_says_so() {
    let set = [
        "--set",
        "dataset.num_files_train=3",
        "--set",
        "dataset.seed=11",
    ];
    let place = Place::tiny();
    let record = place.record(&set);
    assert_eq!(record["datasets"][0]["files"], 3);
    assert_eq!(record["config"]["dataset"]["seed"], 11);
    let other = Place::tiny().record(&["--set", "dataset.num_files_train=3"]);
    let print = |record: &Value| record["datasets"][0]["content_fingerprint"].clone();
    assert_ne!(print(&record), print(&other), "the seed changes the rows");
}

#[rstest]
#[case("++workload.dataset.num_files_train=3")]
#[case("+dataset.num_files_train=3")]
#[case("workload.dataset.num_files_train=3")]
fn hydras_spellings_are_taken(#[case] set: &str) {
    assert_eq!(
        Place::tiny().record(&["--set", set])["datasets"][0]["files"],
        3
    );
}

#[test]
fn several_sweeps_multiply() {
    let arguments = [
        "--sweep",
        "dataset.compression=none,zstd",
        "--sweep",
        "dataset.parquet.row_group_size=10,50",
    ];
    let record = Place::tiny().record(&arguments);
    let variants: Vec<&Value> = record["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["control"].is_null())
        .map(|cell| &cell["variant"])
        .collect();
    let variant = |codec: &str, rows: u64| json!({"dataset.compression": codec, "dataset.parquet.row_group_size": rows});
    assert_eq!(
        variants,
        [
            &variant("none", 10),
            &variant("none", 50),
            &variant("zstd", 10),
            &variant("zstd", 50)
        ]
    );
    let row_groups: Vec<u64> = record["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dataset| dataset["row_groups"].as_u64().unwrap())
        .collect();
    assert_eq!(row_groups, [20, 4, 20, 4]);
}

#[test]
fn explicit_variants_are_measured_by_name() {
    let config = format!(
        "{}variants:\n  plain: {{}}\n  packed: {{ dataset.compression: zstd(9), reader.read_threads: 1 }}\n",
        crate::harness::TINY
    );
    let record = Place::with(&config).record(&NONE);
    assert_eq!(
        cell(&record, "scan/packed")["iterations"][0]["scan_partitions"],
        1
    );
    assert_eq!(
        record["datasets"][1]["columns"][0]["codecs"],
        json!(["ZSTD"])
    );
}

#[test]
fn queries_come_from_files_folders_names_and_the_command_line() {
    let place = Place::tiny();
    place.write("one.sql", "SELECT id FROM train");
    place.write("more/a.sql", "SELECT count(*) FROM train");
    place.write(
        "more/b.sql",
        "-- description: the b\nSELECT region FROM train",
    );
    let arguments = [
        "--query",
        "one.sql",
        "--query",
        "more",
        "--query",
        "full_scan",
        "--sql",
        "SELECT 1",
        "--sql",
        "SELECT 2",
    ];
    let record = place.record(&arguments);
    let cells = record["cells"].as_array().unwrap();
    let names: Vec<&str> = cells
        .iter()
        .map(|cell| cell["scenario"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one", "a", "b", "full_scan", "sql_1", "sql_2"]);
    assert_eq!(cell(&record, "b/base")["description"], "the b");
    assert_eq!(cell(&record, "full_scan/base")["columns_read"], 3);
    assert_eq!(cell(&record, "a/base")["iterations"][0]["rows"], 1);
}

#[test]
fn scenarios_of_the_config_start_from_its_folder() {
    let place = Place::new();
    let config = format!(
        "{}scenarios: [q.sql, {{name: inline, sql: SELECT 1}}]\n",
        crate::harness::TINY
    );
    place.write("configs/bench.yaml", config);
    place.write("configs/q.sql", "SELECT id FROM train");
    let bench = place
        .bench()
        .args(["run", "configs/bench.yaml", "--format", "json"]);
    let record = bench.run().succeeds().json();
    cell(&record, "q/base");
    cell(&record, "inline/base");
}

#[test]
fn rounds_and_warm_up_are_as_many_as_asked_for() {
    let record = Place::tiny().record(&["--rounds", "3", "--set", "measure.warmup=2"]);
    let kinds: Vec<&Value> = iterations(&record["cells"][0])
        .iter()
        .map(|iteration| &iteration["kind"])
        .collect();
    assert_eq!(
        kinds,
        ["warmup", "warmup", "measured", "measured", "measured"]
    );
    assert_eq!(at(&record, "cells.0.summary.end_to_end.iterations"), 3);
}

#[test]
fn the_baseline_is_the_variant_that_was_named() {
    let arguments = [
        "--sweep",
        "dataset.compression=none,snappy,zstd",
        "--baseline",
        "zstd",
    ];
    let record = Place::tiny().record(&arguments);
    let comparisons = record["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 2);
    assert!(
        comparisons.iter().all(|one| one["baseline"] == "scan/zstd"),
        "{comparisons:?}"
    );
}

#[test]
fn labels_and_a_second_record_are_kept() {
    let place = Place::tiny();
    let arguments = [
        "--label",
        "array=A",
        "--label",
        "raid=x=5",
        "--record",
        "mine.json",
    ];
    let record = place.record(&arguments);
    assert_eq!(record["labels"], json!({"array": "A", "raid": "x=5"}));
    let mine: Value = serde_json::from_slice(&fs::read(place.path("mine.json")).unwrap()).unwrap();
    assert_eq!(mine, record);
}

#[test]
fn a_dry_run_shows_what_would_happen_and_writes_nothing() {
    let place = Place::tiny();
    let before = place.files();
    let sweep = ["--sweep", "dataset.compression=none,zstd(7)"];
    let output = place.run(&[&sweep[..], &["--dry-run"]].concat()).succeeds();
    for word in ["zstd(7)", "200 rows", "to be written", "1 measured rounds"] {
        assert!(
            output.stdout.contains(word),
            "`{word}` is missing in:\n{}",
            output.stdout
        );
    }
    let generate = place
        .bench()
        .args(["generate", "bench.yaml", "--dry-run"])
        .args(sweep);
    assert!(generate.run().succeeds().stdout.contains("to be written"));
    assert_eq!(place.files(), before);
}

#[test]
fn threads_and_batches_reach_the_engine() {
    let threads = |count: &str| {
        let set = format!("reader.read_threads={count}");
        let record = Place::tiny().record(&["--set", &set, "--set", "dataset.num_files_train=5"]);
        at(&record, "cells.0.iterations.0.scan_partitions").clone()
    };
    assert_eq!(threads("1"), 1);
    assert_eq!(threads("3"), 3);
    let batches = |size: &str| {
        let set = format!("reader.batch_size={size}");
        let query = ["--sql", "SELECT id FROM train"];
        let record = Place::tiny().record(&[&["--set", &set][..], &query].concat());
        at(
            &record,
            "cells.0.iterations.0.scans.0.metrics.output_batches",
        )
        .as_u64()
        .unwrap()
    };
    assert!(batches("10") >= 20, "{}", batches("10"));
    assert!(batches("8192") <= 6, "{}", batches("8192"));
}

#[test]
fn engine_options_reach_the_engine_and_the_record() {
    let place = Place::tiny();
    let query = ["--sql", "SELECT region FROM train WHERE id = 7"];
    let matched = |pushdown: &str| {
        let set = format!("datafusion.execution.parquet.pushdown_filters={pushdown}");
        let record = place.record(&[&["--set", &set][..], &query].concat());
        assert_eq!(
            record["config"]["datafusion"]["execution.parquet.pushdown_filters"],
            pushdown == "true"
        );
        at(&record, "cells.0.plan")
            .as_str()
            .unwrap()
            .contains("FilterExec")
    };
    assert!(
        matched("false"),
        "without pushdown a filter stands above the scan"
    );
    assert!(!matched("true"), "with pushdown the scan filters");

    let sweep = ["--sweep", "datafusion.execution.parquet.pruning=true,false"];
    let record = place.record(&[&sweep[..], &query].concat());
    // If statistics of row groups may not be used, the page index takes their place, so the rows
    // that are read are the same.
    let metric = "scans.0.metrics.row_groups_pruned_statistics_pruned";
    let pruned =
        |index: usize| at(&record, &format!("cells.{index}.iterations.0.{metric}")).clone();
    assert_eq!([pruned(0), pruned(1)], [2, 0]);
}

#[test]
fn the_order_of_cells_is_a_permutation_in_every_round_and_follows_the_seed() {
    let sweep = "dataset.parquet.row_group_size=10,20,30";
    let order = |seed: &str| {
        let seed = format!("measure.seed={seed}");
        let arguments = ["--sweep", sweep, "--rounds", "3", "--set", &seed];
        let record = Place::tiny().record(&arguments);
        let cells = record["cells"].as_array().unwrap().clone();
        for round in 0..3 {
            let mut positions: Vec<u64> = cells
                .iter()
                .map(|cell| iterations(cell)[round]["position"].as_u64().unwrap())
                .collect();
            positions.sort_unstable();
            assert_eq!(positions, [0, 1, 2, 3, 4]);
        }
        let positions = cells.iter().flat_map(|cell| iterations(cell).clone());
        positions
            .map(|iteration| iteration["position"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(order("1"), order("1"));
    assert_ne!(order("1"), order("2"));
}

#[test]
fn counted_bytes_are_exactly_those_of_the_columns_chunks() {
    let place = Place::tiny();
    let record = place.record(&["--sql", "SELECT id FROM train", "--set", "measure.warmup=1"]);
    let chunks: i64 = footers(&place.path("data"))
        .iter()
        .flat_map(|(_, footer)| footer.row_groups())
        .map(|row_group| row_group.column(0).compressed_size())
        .sum();
    for iteration in iterations(&record["cells"][0]) {
        assert_eq!(iteration["engine_data_bytes"], chunks);
        assert!(iteration["requested_bytes"].as_i64().unwrap() >= chunks);
    }
    assert_eq!(
        record["datasets"][0]["columns"][0]["compressed_bytes"],
        chunks
    );
}

#[test]
fn existing_files_with_other_rows_are_compared_as_they_are() {
    let place = Place::new();
    for (folder, start) in [("a", 0), ("b", 1)] {
        let ids = arrow::array::Int64Array::from_iter_values(start..100 + start);
        crate::files::write(
            &place.path(&format!("{folder}/x.parquet")),
            &[("id", std::sync::Arc::new(ids))],
        );
    }
    place.write(
        "bench.yaml",
        "tables: {t: a}\nvariants: {a: {tables.t: a}, b: {tables.t: b}}\nmeasure: {warmup: 0, rounds: 1}\n\
         scenarios: [{name: q, sql: SELECT id FROM t}]\n",
    );
    place.run(&NONE).succeeds();
}

#[test]
fn results_that_differ_between_equal_rows_fail_the_run_unless_that_is_said() {
    let place = Place::tiny();
    let sweep = ["--sweep", "dataset.compression=none,zstd"];
    let output = place.run(&[&sweep[..], &["--sql", "SELECT random() FROM train"]].concat());
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&["different results", "sql", "zstd"]);
    place.write(
        "q.sql",
        "-- nondeterministic: dice\nSELECT random() FROM train",
    );
    place
        .run(&[&sweep[..], &["--query", "q.sql"]].concat())
        .succeeds();
}

#[test]
fn figures_of_an_iteration_fit_each_other() {
    let record = Place::tiny().record(&["--rounds", "3", "--set", "measure.warmup=1"]);
    for iteration in iterations(&record["cells"][0]) {
        let figure = |name: &str| iteration[name].as_u64().unwrap();
        assert!(
            figure("first_batch_ns") <= figure("elapsed_ns"),
            "{iteration}"
        );
        assert!(
            figure("engine_data_bytes") + figure("engine_metadata_bytes")
                <= figure("requested_bytes")
        );
        assert!(figure("engine_ranges") >= figure("requests"));
        assert_eq!(iteration["rows"], 200);
        assert_eq!(iteration["status"], "ok");
    }
    let measured = &iterations(&record["cells"][0])[1..];
    assert!(
        measured
            .iter()
            .all(|iteration| iteration["executions"].as_u64() > Some(1))
    );
}

#[test]
fn a_limit_on_the_engines_memory_is_kept() {
    let place = Place::tiny();
    let sql = ["--sql", "SELECT id FROM train ORDER BY region, id"];
    let limit = ["--set", "datafusion.runtime.memory_limit=1K"];
    let output = place.run(&[&sql[..], &limit].concat());
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&["scenario `sql`", "memory"]);
    place.run(&sql).succeeds();
}

#[rstest]
#[case::list("vector_layout=list", "List(")]
#[case::binary("vector_layout=binary", "Binary")]
#[case::fixed("vector_layout=fixed_size_list", "FixedSizeList(4 x")]
fn the_vector_layout_is_that_of_the_files(#[case] layout: &str, #[case] expected: &str) {
    let record = Place::tiny().record(&["--set", &format!("dataset.parquet.{layout}")]);
    let dtype = at(&record, "datasets.0.columns.2.dtype").as_str().unwrap();
    assert!(dtype.starts_with(expected), "{dtype}");
}

#[test]
fn keys_that_stand_in_for_others_take_effect() {
    let place = Place::with("dataset: {data_folder: data, num_files_train: 1, record_length: 300}");
    let record = place.record(&["--rounds", "1"]);
    assert_eq!(
        at(&record, "cells.0.iterations.0.arrow_bytes")
            .as_u64()
            .unwrap()
            / 300,
        1
    );

    let place = Place::tiny();
    let level = [
        "--set",
        "dataset.compression=zstd",
        "--set",
        "dataset.compression_level=7",
    ];
    let dry = place.run(&[&level[..], &["--dry-run"]].concat()).succeeds();
    assert!(dry.stdout.contains("zstd(7)"), "{}", dry.stdout);
}

#[test]
fn a_dry_run_refuses_what_the_run_would_refuse() {
    let place = Place::tiny();
    for (more, word) in [
        (["--baseline", "zst"], "`zst`"),
        (["--label", "array"], "--label array"),
        (["--query", "nowhere.sql"], "nowhere.sql"),
        (["--sql", "SELEC 1"], "SELEC"),
        (["--table", "t=nowhere"], "nowhere"),
    ] {
        place
            .run(&[&more[..], &["--dry-run"]].concat())
            .fails(2, &[word]);
    }
}
