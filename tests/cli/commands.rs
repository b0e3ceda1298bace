//! The commands besides `run` and `generate`.

use std::fs;

use rstest::rstest;
use serde_json::Value;

use crate::harness::{Place, at};

#[test]
fn a_report_of_the_journal_is_the_record() {
    let place = Place::tiny();
    let sweep = ["--sweep", "dataset.compression=none,zstd", "--rounds", "9"];
    let record = place.record(&sweep);
    let report = |format: &str, file: &std::path::Path| {
        let bench = place
            .bench()
            .args(["report", "--format", format])
            .args([file]);
        bench.run().succeeds()
    };
    let journal = place.journal();
    assert_eq!(report("json", &journal).json(), record);
    let stored = journal.with_extension("json");
    for format in ["table", "markdown", "csv", "json"] {
        assert_eq!(
            report(format, &journal).stdout,
            report(format, &stored).stdout,
            "{format}"
        );
    }
    assert!(report("table", &journal).stdout.contains("zstd"));
}

#[rstest]
#[case::missing("nowhere.json", None, "No such file")]
#[case::no_json("x.json", Some("not JSON"), "x.json")]
#[case::empty("x.jsonl", Some(""), "x.jsonl")]
#[case::newer("x.json", Some(r#"{"schema_version": 999}"#), "999")]
#[case::other_json("x.json", Some("{}"), "x.json")]
fn what_is_no_record_is_named(#[case] name: &str, #[case] text: Option<&str>, #[case] word: &str) {
    let place = Place::new();
    if let Some(text) = text {
        place.write(name, text);
    }
    place
        .bench()
        .args(["report", name])
        .run()
        .fails(2, &[name, word]);
}

#[test]
fn check_shows_the_config_the_variants_and_their_sizes_and_writes_nothing() {
    let place = Place::tiny();
    let before = place.files();
    let sweep = ["--sweep", "dataset.compression=none,zstd"];
    let output = place
        .bench()
        .args(["check", "bench.yaml", "--set", "dataset.seed=77"])
        .args(sweep)
        .run();
    let text = output.succeeds().stdout;
    for word in [
        "seed: 77",
        "none: dataset",
        "zstd: dataset",
        "200 rows",
        "memory",
        "free there",
        "times this host's memory",
    ] {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
    assert_eq!(place.files(), before);
    let quickstart = place.bench().args(["check"]).run().succeeds().stdout;
    assert!(!text.contains("MLPerf") && !quickstart.contains("MLPerf"));
}

#[test]
fn check_finds_what_run_would_refuse() {
    let place = Place::with(&format!(
        "{}scenarios: [nowhere.sql]\n",
        crate::harness::TINY
    ));
    place
        .bench()
        .args(["check", "bench.yaml"])
        .run()
        .fails(2, &["nowhere.sql"]);
    let place = Place::tiny();
    let set = ["--set", "datafusion.execution.batchsize=1"];
    place
        .bench()
        .args(["check", "bench.yaml"])
        .args(set)
        .run()
        .fails(2, &["batchsize"]);
}

#[test]
fn explain_shows_plans_columns_and_pruning_and_times_nothing() {
    let place = Place::tiny();
    place.write(
        "q.sql",
        "-- expect_rows: 2\nSELECT region FROM train WHERE id = 7",
    );
    let output = place
        .bench()
        .args(["explain", "bench.yaml", "--query", "q.sql"])
        .run();
    let text = output.succeeds().stdout;
    for word in [
        "DataSourceExec",
        "columns read: 2 of 3: id, region",
        "row groups kept: 1 of 6",
        "rows: 1",
        "expect_rows = 2: FAILS, found 1",
    ] {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
    assert!(place.journals().is_empty());
}

#[test]
fn the_schema_is_a_json_schema_that_knows_the_keys() {
    let schema = Place::new()
        .bench()
        .args(["schema"])
        .run()
        .succeeds()
        .json();
    assert!(schema["$schema"].is_string());
    at(&schema, "properties.dataset");
    at(&schema, "properties.measure");
}

#[rstest]
#[case("bash", "complete")]
#[case("zsh", "#compdef bench")]
#[case("fish", "complete -c bench")]
fn completions_are_scripts(#[case] shell: &str, #[case] word: &str) {
    let output = Place::new()
        .bench()
        .args(["completions", shell])
        .run()
        .succeeds();
    assert!(output.stdout.contains(word) && output.stdout.contains("generate"));
}

#[test]
fn help_tells_commands_examples_and_exit_codes() {
    let text = Place::new()
        .bench()
        .args(["--help"])
        .run()
        .succeeds()
        .stdout;
    for word in [
        "run",
        "generate",
        "explain",
        "check",
        "report",
        "schema",
        "completions",
        "Examples:",
        "130 interrupted",
    ] {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
    let text = Place::new()
        .bench()
        .args(["run", "--help"])
        .run()
        .succeeds()
        .stdout;
    for option in [
        "--set",
        "--sweep",
        "--query",
        "--sql",
        "--table",
        "--rounds",
        "--baseline",
        "--label",
        "--record",
        "--format",
        "--dry-run",
        "--yes",
    ] {
        assert!(text.contains(option), "{option}");
    }
    assert_eq!(
        Place::new().bench().args([] as [&str; 0]).run().code,
        Some(2)
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::tiny();
    let script = format!(
        "'{}' check bench.yaml | head -n 1; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_bench")
    );
    let status = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.root())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_shipped_config_is_valid_and_writes_nothing_when_checked() {
    // The others are checked and run as the pages say (documented.rs).
    let path = format!("{}/configs/quickstart.yaml", env!("CARGO_MANIFEST_DIR"));
    let place = Place::new();
    let output = place.bench().args(["check", &path]).run();
    assert!(output.succeeds().stdout.contains("# variants"));
    assert!(place.files().is_empty());
}

#[test]
fn the_recommender_reads_forty_columns_of_two_hundred() {
    let path = format!("{}/configs/dlrm.yaml", env!("CARGO_MANIFEST_DIR"));
    let place = Place::new();
    let small = [
        "run",
        &path,
        "--set",
        "dataset.num_files_train=1",
        "--set",
        "dataset.num_samples_per_file=64",
        "--set",
        "measure.warmup=0",
        "--rounds",
        "1",
        "--format",
        "json",
    ];
    let record = place.bench().args(small).run().succeeds().json();
    assert_eq!(at(&record, "cells.0.columns_read"), 40);
    assert_eq!(at(&record, "cells.0.columns_stored"), 200);
}

#[test]
fn secrets_stay_out_of_the_record() {
    let place = Place::with(&format!(
        "{}storage: {{storage_options: {{secret_access_key: hushhush}}}}\n",
        crate::harness::TINY
    ));
    let set = ["--set", "storage.options.session_token=hushhush"];
    let output = place.run(&[&set[..], &["--format", "json"]].concat());
    assert!(output.stdout.contains("<removed>"), "{output:?}");
    assert!(
        !output.stdout.contains("hush") && !output.stderr.contains("hush"),
        "{output:?}"
    );
    for journal in place.journals() {
        assert!(!fs::read_to_string(journal).unwrap().contains("hush"));
    }
}

#[test]
fn the_journal_begins_with_the_run_and_ends_with_its_end() {
    let place = Place::tiny();
    place.run(&["--rounds", "2"]).succeeds();
    let text = fs::read_to_string(place.journal()).unwrap();
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names.first(), Some(&"started"));
    assert_eq!(names.last(), Some(&"finished"));
    assert_eq!(names.iter().filter(|name| **name == "iteration").count(), 2);
}

#[test]
fn several_records_are_reported_one_after_the_other() {
    let place = Place::tiny();
    place
        .run(&["--sql", "SELECT id FROM train", "--rounds", "2"])
        .succeeds();
    place
        .run(&["--sql", "SELECT region FROM train", "--rounds", "2"])
        .succeeds();
    let journals = place.journals();
    assert_eq!(journals.len(), 2);
    let output = place
        .bench()
        .args(["report"])
        .args(journals)
        .run()
        .succeeds();
    let rows = output.stdout.lines();
    let rows = rows.filter(|line| line.starts_with("RESULT      One layout, one query"));
    assert_eq!(rows.count(), 2, "{}", output.stdout);
}

#[test]
fn a_stored_record_is_compared_with_any_of_its_variants() {
    let place = Place::tiny();
    let sweep = [
        "--sweep",
        "dataset.compression=none,zstd,lz4",
        "--record",
        "r.json",
    ];
    place.run(&sweep).succeeds();
    let report = |baseline: &str| {
        let bench = place
            .bench()
            .args(["report", "r.json", "--baseline", baseline]);
        bench.run()
    };
    let shown = report("zstd").succeeds().stdout;
    let row = shown
        .lines()
        .find(|line| line.starts_with("zstd "))
        .unwrap();
    assert!(row.contains("baseline"), "{shown}");
    let row = shown
        .lines()
        .find(|line| line.starts_with("none "))
        .unwrap();
    assert!(row.contains('%') && !row.contains("baseline"), "{shown}");
    report("zst").fails(
        2,
        &["no variant `zst`; did you mean `zstd`?", "none, zstd, lz4"],
    );
}

#[test]
fn a_query_of_another_table_is_found_before_a_run() {
    let place = Place::tiny();
    place.generate();
    let dry = ["--dry-run", "--sql", "SELECT id FROM t"];
    let on = |arguments: &[&str]| place.bench().arg("run").args(arguments).args(dry).run();
    on(&["bench.yaml"]).fails(2, &["public.t' not found"]);
    on(&["--table", "u=data/train"]).fails(2, &["public.t' not found"]);
    on(&["--table", "t=data/train"]).succeeds();
    let check = |arguments: &[&str]| place.bench().arg("check").args(arguments).run();
    let file = place.parquet_paths("data").remove(0);
    let source = ["--source", file.to_str().unwrap(), "--with-original"];
    let checked = check(&source).succeeds();
    assert!(
        checked.stdout.contains("original: existing files"),
        "{}",
        checked.stdout
    );
    check(&["bench.yaml", "--with-original"]).fails(2, &["dataset.source"]);
}

#[test]
fn details_of_a_form_without_tables_are_refused() {
    let place = Place::tiny();
    place
        .run(&["--rounds", "1", "--record", "r.json"])
        .succeeds();
    for format in ["csv", "json"] {
        let form = ["--format", format, "--details"];
        let reported = place.bench().args(["report", "r.json"]).args(form).run();
        reported.fails(2, &["--details", "tables"]);
        place.run(&form).fails(2, &["--details", "tables"]);
    }
}
