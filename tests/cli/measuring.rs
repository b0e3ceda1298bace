//! Lanes, read modes, resources, rounds and the control: timing, and the recorded figures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rstest::rstest;
use serde_json::{Value, json};

use crate::caches::larger;
use crate::harness::{Place, TINY, at, cell};

const NONE: [&str; 0] = [];

pub fn of_lane<'a>(cell: &'a Value, lane: &str) -> Vec<&'a Value> {
    let iterations = cell["iterations"].as_array().unwrap();
    iterations.iter().filter(|it| it["lane"] == lane).collect()
}

pub fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn three_lanes_time_the_same_work() {
    let place = Place::tiny();
    let output = place
        .run(&["--lane", "all", "--rounds", "8", "--format", "json"])
        .succeeds();
    let record = output.json();
    let cell = cell(&record, "scan/base");
    let whole = of_lane(cell, "end_to_end");
    for lane in ["storage", "compute"] {
        let iterations = of_lane(cell, lane);
        assert_eq!(iterations.len(), 8);
        for figure in ["requested_bytes", "engine_data_bytes", "engine_ranges"] {
            assert_eq!(iterations[3][figure], whole[3][figure], "{lane} {figure}");
        }
        assert!(
            iterations
                .iter()
                .all(|it| it["status"] == "ok" && number(&it["elapsed_ns"]) > 0)
        );
    }
    assert_eq!(of_lane(cell, "compute")[0]["cache"]["state"], "memory");
    assert_eq!(of_lane(cell, "compute")[0]["rows"], 200);
    assert_eq!(of_lane(cell, "storage")[0]["cache"]["state"], "warm");
    let ceilings = at(&record, "ceilings.0");
    assert_eq!(ceilings["cell"], "scan/base");
    let time = |lane: &str| ceilings[format!("{lane}_ns")].as_f64().unwrap();
    let larger = time("storage").max(time("compute"));
    let overlap = ceilings["overlap"].as_f64().unwrap();
    assert!(overlap > 0.2 * larger / time("end_to_end"), "{ceilings}");
    // A few bytes of pages take longer to decode than to read.
    assert_eq!(ceilings["binds"], "compute");

    let shown = place
        .run(&["--lane", "all", "--rounds", "1", "--details"])
        .succeeds();
    assert!(
        shown.stdout.contains("\nBOUND BY    `base`: "),
        "{}",
        shown.stdout
    );
    for word in ["binds", "overlap", "end_to_end", "storage"] {
        assert!(shown.stdout.contains(word), "{}", shown.stdout);
    }
}

/// A place with a query whose expectation fails.
fn place_with_expectation(config: &str) -> Place {
    let place = Place::with(config);
    place.write("q.sql", "-- expect_rows: 7\nSELECT id FROM train");
    place
}

#[test]
fn a_lane_can_be_measured_alone() {
    let config = TINY.replace("measure: { ", "measure: { lanes: storage, ");
    let record = Place::with(&config).record(&NONE);
    let cell = cell(&record, "scan/base");
    let iterations = cell["iterations"].as_array().unwrap();
    assert_eq!((iterations.len(), of_lane(cell, "storage").len()), (1, 1));
    assert!(number(&iterations[0]["requested_bytes"]) > 0);
    let expected = place_with_expectation(&config);
    let output = expected.run(&["--query", "q.sql"]);
    assert_eq!(
        output.code,
        Some(3),
        "expectations hold in any lane: {output:?}"
    );
    let lanes = ["--lane", "compute,end_to_end"];
    let record = Place::with(&config).record(&lanes);
    assert_eq!(
        at(&record, "cells.0.iterations").as_array().unwrap().len(),
        2
    );
}

#[test]
fn footers_are_in_every_lane_where_the_engines_caches_are_fresh_and_in_none_where_they_are_warm() {
    let sweep = [
        "--sweep",
        "measure.engine_cache=warm,fresh",
        "--lane",
        "all",
    ];
    let record = Place::tiny().record(&sweep);
    for (variant, state) in [("warm", "warm"), ("fresh", "fresh")] {
        for iteration in cell(&record, &format!("scan/{variant}"))["iterations"]
            .as_array()
            .unwrap()
        {
            assert_eq!(iteration["cache"]["engine"], state);
            let footers = number(&iteration["engine_metadata_bytes"]);
            assert_eq!(footers > 0, state == "fresh", "{iteration}");
        }
    }
}

/// Returns the byte ranges of a trace by the name of their file, sorted.
fn ranges(trace: &Value) -> BTreeMap<String, Vec<(u64, u64)>> {
    let mut ranges: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for call in trace["streams"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it.as_array().unwrap())
    {
        let file = trace["files"][number(&call["file"]) as usize]
            .as_str()
            .unwrap();
        let name = file.rsplit('/').next().unwrap().to_owned();
        for range in call["ranges"].as_array().unwrap() {
            let found = ranges.entry(name.clone()).or_default();
            found.push((number(&range[0]), number(&range[1])));
        }
    }
    ranges
        .values_mut()
        .for_each(|ranges| ranges.sort_unstable());
    ranges
}

#[rstest]
fn in_either_read_mode_every_row_group_is_read_exactly_once(
    #[values("default", "row_group")] mode: &str,
    #[values("1", "3")] readers: &str,
) {
    let place = Place::tiny();
    let record = place.record(&[
        "--set",
        &format!("dataset.parquet.read_mode={mode}"),
        "--set",
        &format!("reader.read_threads={readers}"),
        "--trace",
        "kept.trace",
        "--sql",
        "SELECT id, vector FROM train",
    ]);
    let plan = at(&record, "cells.0.plan").as_str().unwrap();
    assert_eq!(plan.contains("WholeFilesExec"), mode == "default", "{plan}");
    let text = fs::read_to_string(place.path("kept.trace")).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&kept["cell"], &kept["engine_cache"]),
        (&json!("sql/base"), &json!("warm"))
    );
    let mut expected = BTreeMap::new();
    for (name, footer) in crate::files::footers(&place.path("data/train")) {
        let columns = footer.row_groups().iter().flat_map(|group| group.columns());
        let wanted = columns.filter(|chunk| !chunk.column_path().string().starts_with("region"));
        let mut chunks: Vec<(u64, u64)> = wanted
            .map(|chunk| {
                let (start, length) = chunk.byte_range();
                (start, start + length)
            })
            .collect();
        chunks.sort_unstable();
        let name = name.file_name().unwrap().to_str().unwrap().to_owned();
        expected.insert(name, chunks);
    }
    assert_eq!(expected.len(), 2);
    assert_eq!(ranges(&kept["trace"]), expected);
}

#[rstest]
fn both_read_modes_give_equal_results_to_any_query(#[values("1", "7")] readers: &str) {
    let place = Place::tiny();
    let readers = format!("reader.read_threads={readers}");
    let mut arguments = vec!["--sweep", "dataset.parquet.read_mode=row_group,default"];
    arguments.extend(["--set", &readers]);
    for sql in [
        "SELECT * FROM train",
        "SELECT region, count(*), sum(id) FROM train GROUP BY region",
        "SELECT id FROM train WHERE id > 150 ORDER BY id DESC LIMIT 7",
        "SELECT a.id FROM train a JOIN train b ON a.id = b.id + 1 WHERE b.region = 'north'",
        "SELECT count(*) FROM (SELECT id FROM train LIMIT 130)",
        "SELECT id FROM train WHERE id < 0",
        "SELECT id, row_number() OVER (ORDER BY id) FROM train",
    ] {
        arguments.extend(["--sql", sql]);
    }
    for rows in [3, 150] {
        let query = format!(
            "-- nondeterministic: any rows\n-- expect_rows: {rows}\nSELECT id FROM train LIMIT {rows}"
        );
        place.write(&format!("limit_{rows}.sql"), query);
    }
    arguments.extend(["--query", "limit_3.sql", "--query", "limit_150.sql"]);
    // Different results would fail the run, and so would a failed expectation.
    let record = place.record(&arguments);
    let scans = at(cell(&record, "sql_1/default"), "iterations.0.scans.0").clone();
    assert_eq!(scans["row_groups_read"], 6);
    let rows: u64 = scans["partition_rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(number)
        .sum();
    assert_eq!(rows, 200);
    let dataset = record["datasets"].as_array().unwrap();
    assert_eq!(dataset.len(), 1, "how files are read does not change them");
}

#[test]
fn several_streams_run_at_once_and_each_gives_the_result() {
    let sweep = ["--sweep", "measure.streams=1,3", "--lane", "all"];
    let record = Place::tiny().record(&sweep);
    let one = of_lane(cell(&record, "scan/1"), "end_to_end")[0];
    let three = of_lane(cell(&record, "scan/3"), "end_to_end")[0];
    assert_eq!((&one["streams"], &three["streams"]), (&json!(1), &json!(3)));
    assert_eq!(one["rows"], three["rows"]);
    assert_eq!(
        3 * number(&one["requested_bytes"]),
        number(&three["requested_bytes"])
    );
    let times = three["stream_elapsed_ns"].as_array().unwrap();
    assert_eq!(times.len() as u64, 3 * number(&three["executions"]));
    assert_eq!(one["stream_elapsed_ns"], json!([]));
    let replayed = of_lane(cell(&record, "scan/3"), "storage")[0];
    assert_eq!(replayed["requested_bytes"], three["requested_bytes"]);
    let summary = &cell(&record, "scan/3")["summary"]["end_to_end"];
    let rate = 3.0 * 200.0 / (number(&three["elapsed_ns"]) as f64 / 1e9);
    assert!((summary["rows_per_s"].as_f64().unwrap() / rate - 1.0).abs() < 1e-6);
    assert!(number(&summary["stream_ns"]["max"]) >= number(&summary["stream_ns"]["p50"]));
}

#[test]
fn a_query_that_needs_more_memory_than_the_limit_fails_and_the_others_go_on() {
    let place = Place::tiny();
    let output = place.run(&[
        "--sweep",
        "measure.memory_limit=1GiB,1kB",
        "--sql",
        "SELECT id FROM train ORDER BY region, id",
        "--rounds",
        "3",
        "--record",
        "out.json",
        "--trace",
        "kept.trace",
    ]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let output = output.says_one_error(&["scenario `sql` on variant `1kB`", "emory"]);
    assert!(output.stdout.contains("1GiB"), "{}", output.stdout);
    let record: Value = serde_json::from_slice(&fs::read(place.path("out.json")).unwrap()).unwrap();
    assert_eq!(record["complete"], true);
    let traces = fs::read_to_string(place.path("kept.trace")).unwrap();
    assert!(traces.lines().count() == 1 && traces.contains("sql/1GiB"));
    assert_eq!(of_lane(cell(&record, "sql/1GiB"), "end_to_end").len(), 3);
    let failed = of_lane(cell(&record, "sql/1kB"), "end_to_end");
    assert_eq!((failed.len(), &failed[0]["status"]), (1, &json!("failed")));
    let peak =
        number(&of_lane(cell(&record, "sql/1GiB"), "end_to_end")[0]["memory_pool_peak_bytes"]);
    assert!((1..1 << 30).contains(&peak), "{peak}");
}

#[test]
fn a_process_of_its_own_tells_what_memory_a_cell_takes() {
    let place = Place::tiny();
    let sweep = ["--sweep", "dataset.compression=none,zstd"];
    let asked = ["--set", "measure.peak_memory=true"];
    let record = place.record(&[sweep, asked].concat());
    for variant in ["none", "zstd"] {
        let cell = cell(&record, &format!("scan/{variant}"));
        let (base, peak) = (
            number(&cell["base_memory_bytes"]),
            number(&cell["peak_memory_bytes"]),
        );
        assert!(base > 1 << 20 && peak >= base, "{base} {peak}");
    }
    assert_eq!(
        cell(&record, "scan/(control)")["peak_memory_bytes"],
        Value::Null
    );
    let record = place.record(&["--set", "measure.peak_memory=false"]);
    assert_eq!(at(&record, "cells.0.peak_memory_bytes"), &Value::Null);
}

#[test]
fn resources_of_each_iteration_are_counted() {
    let record = Place::with(&larger()).record(&["--sql", "SELECT * FROM train"]);
    let iteration = at(&record, "cells.0.iterations.0");
    for figure in ["cpu_user_ns", "voluntary_switches", "first_batch_ns"] {
        assert!(number(&iteration[figure]) > 0, "{figure}: {iteration}");
    }
    // Memory that is mapped already causes no more faults.
    for figure in [
        "cpu_system_ns",
        "minor_faults",
        "major_faults",
        "involuntary_switches",
    ] {
        assert!(iteration[figure].is_u64(), "{figure}: {iteration}");
    }
    let calls = &iteration["store_calls"];
    let executions = number(&iteration["executions"]);
    // One call per row group.
    assert_eq!(number(&calls["calls"]), 8 * executions);
    for of in ["latency_ns", "range_bytes"] {
        let at = |name: &str| number(&calls[of][name]);
        assert!(0 < at("p50") && at("p50") <= at("p90"), "{calls}");
        assert!(at("p90") <= at("p99") && at("p99") <= at("max"), "{calls}");
    }
    let rows = iteration["scans"][0]["partition_rows"].as_array().unwrap();
    assert_eq!(rows.len() as u64, number(&iteration["scan_partitions"]));
    assert_eq!(rows.iter().map(number).sum::<u64>(), 200_000);
    let ledger = at(&record, "cells.0.summary.end_to_end.ledger");
    assert_eq!(
        ledger["chunk_compressed_bytes"],
        ledger["engine_data_bytes"]
    );
    assert_eq!(ledger["over_read_ratio"], 1.0);
    let columns = at(&record, "datasets.0.columns").as_array().unwrap();
    let encoded: u64 = columns
        .iter()
        .map(|column| number(&column["encoded_bytes"]))
        .sum();
    assert_eq!(number(&ledger["chunk_encoded_bytes"]), encoded);
}

#[test]
fn the_control_is_a_copy_of_the_baselines_files_and_shows_what_noise_does() {
    let place = Place::tiny();
    let sweep = ["--sweep", "dataset.compression=none,zstd", "--rounds", "8"];
    let record = place.record(&sweep);
    let control = cell(&record, "scan/(control)");
    assert_eq!(control["control"], "copy");
    assert_eq!(control["dataset"], cell(&record, "scan/none")["dataset"]);
    assert_eq!(of_lane(control, "end_to_end").len(), 8);
    let noise = at(&record, "noise.0");
    assert_eq!(
        (&noise["scenario"], &noise["kind"]),
        (&json!("scan"), &json!("copy"))
    );
    assert!(noise["ci_low"].as_f64().unwrap() <= noise["ci_high"].as_f64().unwrap());
    assert_eq!(record["comparisons"].as_array().unwrap().len(), 1);
    let left = place.files();
    let left: Vec<_> = left
        .keys()
        .filter(|name| name.contains("_bench.control"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let without = place.record(&[&sweep[..], &["--set", "measure.control=false"]].concat());
    assert_eq!(without["noise"], json!([]));
    let lone = place.record(&["--set", "measure.control=true", "--rounds", "8"]);
    assert_eq!(lone["noise"].as_array().unwrap().len(), 1);
}

#[test]
fn no_variant_is_called_as_the_control_is() {
    let variants = "variants: { \"(control)\": {}, b: {} }\n";
    let place = Place::with(&format!("{TINY}{variants}"));
    place.run(&NONE).fails(2, &["variants", "`(control)`"]);
    assert!(!place.path("data").exists());
}

#[test]
fn the_control_of_other_peoples_files_is_these_files_and_nothing_is_written_beside_them() {
    let place = Place::tiny();
    place.generate();
    fs::rename(place.path("data/train"), place.path("theirs")).unwrap();
    let before = place.parquet("theirs");
    let output = place
        .bench()
        .args([
            "run",
            "--table",
            "t=theirs",
            "--set",
            "measure.control=true",
            "--rounds",
            "1",
        ])
        .args(["--format", "json"])
        .run()
        .succeeds();
    assert_eq!(
        cell(&output.json(), "scan_t/(control)")["control"],
        "same_files"
    );
    assert!(
        output.stderr.contains("no copy of them"),
        "{}",
        output.stderr
    );
    assert_eq!(place.parquet("theirs"), before);
}

#[rstest]
#[case::as_asked(&["--rounds", "3"], "rounds", 3)]
#[case::narrow_enough(&["--set", "measure.precision=100%"], "precision", 10)]
#[case::time_is_up(&["--set", "measure.time_budget=1ms", "--set", "measure.precision=0.000001"], "time_budget", 10)]
fn a_run_says_why_it_ended(#[case] arguments: &[&str], #[case] by: &str, #[case] rounds: u64) {
    let config = TINY.replace("rounds: 1", "seed: 1");
    let record = Place::with(&config).record(arguments);
    let stopped = &record["stopped"];
    assert_eq!(stopped["by"], by, "{stopped}");
    let done = number(&stopped["rounds"]);
    assert!(
        done == rounds || by == "precision" && done > rounds,
        "{stopped}"
    );
    assert_eq!(
        of_lane(cell(&record, "scan/base"), "end_to_end").len() as u64,
        done
    );
}

#[test]
fn as_many_rounds_are_made_as_a_verdict_on_all_comparisons_takes() {
    let config = TINY.replace("rounds: 1", "time_budget: 1ms");
    let place = Place::with(&config);
    let codecs = "dataset.compression=none,snappy,lz4,zstd(1)";
    let record = place.record(&["--sweep", codecs]);
    // 4 variants in pairs, by three costs: 2 / 2^12 x 18 is the first that is below 0.01.
    assert_eq!(record["stopped"]["rounds"], 12);
    assert_eq!(at(&record, "comparisons.0.family"), &json!(3));
    let few = place.run(&["--sweep", codecs, "--rounds", "2"]).succeeds();
    assert!(
        few.stderr
            .contains("too few for a verdict on 18 comparison"),
        "{}",
        few.stderr
    );
}

#[test]
fn the_record_tells_of_the_host_and_of_nothing_secret() {
    let place = Place::tiny();
    let mut bench = place
        .bench()
        .args(["run", "bench.yaml", "--format", "json"]);
    bench.command.env("AWS_SECRET_ACCESS_KEY", "hush-hush");
    let output = bench.run().succeeds();
    let record = output.json();
    let system = &record["system"];
    for figure in [
        "cores",
        "cores_online",
        "cpu_affinity_cores",
        "memory_total_bytes",
        "page_size_bytes",
    ] {
        assert!(number(&system[figure]) > 0, "{figure}: {system}");
    }
    assert!(
        !at(system, "file_systems.0.fs_type")
            .as_str()
            .unwrap()
            .is_empty()
    );
    assert!(
        !at(system, "file_systems.0.options")
            .as_array()
            .unwrap()
            .is_empty()
    );
    for field in [
        "target",
        "profile",
        "rustc",
        "allocator",
        "target_features",
        "opt_level",
    ] {
        assert!(
            !system["build"][field].as_str().unwrap().is_empty(),
            "{field}: {system}"
        );
    }
    let engine = at(&record, "cells.0.engine");
    assert_eq!(number(&engine["metadata_cache_limit_bytes"]), 1 << 30);
    assert!(number(&engine["batch_size"]) > 0 && number(&engine["target_partitions"]) > 0);
    assert_eq!(at(&record, "effect"), &json!(0.01));
    assert!(!output.stdout.contains("hush-hush"));
    let record = place.record(&["--set", "measure.effect=5%"]);
    assert_eq!(at(&record, "effect"), &json!(0.05));
}

/// Cells that are compared have the same number of executions, with and without a warm-up, as a
/// mean of many executions differs from a mean of few.
#[rstest]
fn cells_of_a_scenario_have_the_same_number_of_executions(#[values("0", "1")] warmup: &str) {
    let warmup = format!("measure.warmup={warmup}");
    let record = Place::tiny().record(&[
        "--sweep",
        "dataset.parquet.row_group_size=5,40,200",
        "--lane",
        "all",
        "--rounds",
        "3",
        "--set",
        &warmup,
    ]);
    for lane in ["end_to_end", "storage", "compute"] {
        let of_cells = record["cells"].as_array().unwrap().iter();
        let executions: BTreeSet<u64> = of_cells
            .flat_map(|cell| of_lane(cell, lane))
            .filter(|iteration| iteration["kind"] == "measured")
            .map(|iteration| number(&iteration["executions"]))
            .collect();
        assert_eq!(executions.len(), 1, "{lane}: {executions:?}");
        assert!(executions.first().unwrap() > &1);
    }
}

/// The order of lanes follows the seed. Whichever comes first, results are compared.
#[rstest]
fn results_are_compared_whichever_lane_comes_first(#[values("1", "2", "3", "4")] seed: &str) {
    let place = Place::tiny();
    let seed = format!("measure.seed={seed}");
    let arguments = ["--lane", "all", "--set", "measure.warmup=0", "--set", &seed];
    let record = place.record(&arguments);
    for cell in record["cells"].as_array().unwrap() {
        let iterations = cell["iterations"].as_array().unwrap();
        let with: Vec<&Value> = iterations
            .iter()
            .filter(|it| it["checksum"].is_object())
            .collect();
        assert_eq!(with.len(), 1, "{cell}");
        assert_ne!(with[0]["lane"], "storage");
    }
    let random = [
        "--sql",
        "SELECT random() AS r",
        "--sweep",
        "reader.batch_size=8,9",
    ];
    let differ = place.run(&[&arguments[..], &random].concat());
    assert_eq!(differ.code, Some(1), "{}", differ.stderr);
    assert!(
        differ.stdout.contains("RESULTS DISAGREE"),
        "{}",
        differ.stdout
    );
}
