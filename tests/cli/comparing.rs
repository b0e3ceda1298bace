//! Comparison of records with each other, over time, and as a gate; and a simulated slower storage.

use serde_json::{Value, json};

use crate::harness::{Place, cell};

/// A record of six scenarios on two codecs, and copies of it with modified times.
struct Records {
    place: Place,
    record: Value,
}

impl Records {
    fn new() -> Self {
        let place = Place::tiny();
        let sql = (0..6).flat_map(|limit| {
            [
                "--sql".to_owned(),
                format!("SELECT id + {limit} FROM train"),
            ]
        });
        let arguments: Vec<String> = [
            "--sweep",
            "dataset.compression=none,snappy",
            "--rounds",
            "1",
            "--set",
            "measure.peak_memory=false",
        ]
        .into_iter()
        .map(str::to_owned)
        .chain(sql)
        .collect();
        let mut record = place.record(&arguments);
        // Twenty rounds are made from one, as times of the clock would make the outcome a matter of
        // luck.
        let mut state = 7_u64;
        for cell in record["cells"].as_array_mut().unwrap() {
            let iterations = cell["iterations"].as_array_mut().unwrap();
            let measured = iterations
                .iter()
                .find(|it| it["kind"] == "measured")
                .unwrap()
                .clone();
            for round in 0..20 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let mut iteration = measured.clone();
                iteration["round"] = json!(round);
                iteration["elapsed_ns"] = json!(10_000_000 + (state >> 33) % 200_000);
                iterations.push(iteration);
            }
            let measured = |it: &Value| it["kind"] == "measured";
            let first = iterations.iter().position(measured).unwrap();
            iterations.remove(first);
        }
        Records { place, record }
    }

    /// Writes the record under a name, with the times of each cell multiplied by `factor` of its
    /// id.
    fn write(&self, name: &str, factor: impl Fn(&str) -> f64) {
        let mut record = self.record.clone();
        record["run_id"] = json!(name);
        let mut shift = 0;
        for cell in record["cells"].as_array_mut().unwrap() {
            let factor = factor(cell["id"].as_str().unwrap());
            for iteration in cell["iterations"].as_array_mut().unwrap() {
                shift = (shift + 7) % 13;
                let time = iteration["elapsed_ns"].as_u64().unwrap() + shift * 3_000;
                iteration["elapsed_ns"] = json!((time as f64 * factor) as u64);
            }
        }
        self.place
            .write(&format!("{name}.json"), record.to_string());
    }

    fn json(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.place.path(&format!("{name}.json")));
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    fn compare(&self, more: &[&str]) -> crate::harness::Output {
        self.place
            .bench()
            .args(["compare", "base.json"])
            .args(more)
            .run()
    }

    /// Returns the id of one cell that is no control.
    fn some_cell(&self) -> String {
        let cells = self.record["cells"].as_array().unwrap();
        let ids = cells.iter().map(|cell| cell["id"].as_str().unwrap());
        ids.filter(|id| id.ends_with("/snappy"))
            .nth(2)
            .unwrap()
            .to_owned()
    }
}

#[test]
fn two_runs_of_one_config_have_no_winner_and_a_planted_slowdown_is_found_alone() {
    let records = Records::new();
    records.write("base", |_| 1.0);
    records.write("same", |_| 1.015);
    let slow = records.some_cell();
    records.write("slow", |id| if id == slow { 1.1 } else { 1.0 });

    let found = records
        .compare(&["same.json", "--format", "json"])
        .succeeds()
        .json();
    let verdicts = |found: &Value| -> Vec<(String, String)> {
        let cells = found["cells"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let told = cells.map(|it| {
            (
                format!("{}/{}", text(&it["scenario"]), text(&it["variant"])),
                text(&it["verdict"]),
            )
        });
        told.filter(|(_, verdict)| verdict == "faster" || verdict == "slower")
            .collect()
    };
    assert_eq!(found["cells"].as_array().unwrap().len(), 12);
    assert_eq!(verdicts(&found), []);
    let found = records
        .compare(&["slow.json", "--format", "json"])
        .succeeds()
        .json();
    assert_eq!(verdicts(&found), [(slow.clone(), "slower".to_owned())]);

    let passed = records
        .compare(&["same.json", "--fail-if-slower", "5%"])
        .succeeds();
    assert_eq!(
        passed.stdout.lines().last(),
        Some(
            "GATE PASSED: no cell is slower by more than 5.0 %; results are identical; exit code 0"
        )
    );
    let failed = records.compare(&["slow.json", "--fail-if-slower", "5%"]);
    assert_eq!(failed.code, Some(3));
    let first = failed.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("FAILED: slower by more than 5.0 %") && first.contains(&slow),
        "{first}"
    );
    assert_eq!(
        failed.stdout.lines().last(),
        Some(
            "GATE FAILED: 1 cell is slower by more than 5.0 %; results are identical; exit code 3"
        )
    );
    let unsure = records
        .compare(&["slow.json", "--fail-if-slower", "10%"])
        .succeeds();
    assert!(
        unsure.stdout.contains("Cannot exclude 10.0 %"),
        "{}",
        unsure.stdout
    );
    let last = unsure.stdout.lines().last().unwrap();
    assert!(
        last.starts_with("GATE UNDECIDED (could be up to ")
            && last.ends_with(" % slower); results are identical; exit code 0"),
        "{last}"
    );
    let unsure = records.compare(&[
        "slow.json",
        "--fail-if-slower",
        "10%",
        "--fail-if-inconclusive",
    ]);
    assert_eq!(unsure.code, Some(3));
    for format in ["markdown", "csv"] {
        let shown = records
            .compare(&["slow.json", "--format", format])
            .succeeds();
        assert!(shown.stdout.contains("slower"), "{}", shown.stdout);
    }
}

/// A slow cell among copies of one run, whose only difference is the change.
#[test]
fn a_slowdown_in_a_copy_of_a_record_is_found_alone() {
    let records = Records::new();
    records.write("base", |_| 1.0);
    let slow = records.some_cell();
    let mut copy = records.json("base");
    for cell in copy["cells"].as_array_mut().unwrap() {
        if cell["id"] == *slow {
            for iteration in cell["iterations"].as_array_mut().unwrap() {
                let time = iteration["elapsed_ns"].as_u64().unwrap();
                iteration["elapsed_ns"] = json!(time * 11 / 10);
            }
        }
    }
    records.place.write("copy.json", copy.to_string());
    let failed = records.compare(&["copy.json", "--fail-if-slower", "5%"]);
    assert_eq!(failed.code, Some(3));
    assert!(
        failed
            .stdout
            .contains("copy.json is the same run as base.json"),
        "{}",
        failed.stdout
    );
    assert!(
        failed.stdout.contains(&format!("slower: {slow};")),
        "{}",
        failed.stdout
    );
    // Programs read the format, and people the reason.
    let failed = records.compare(&["copy.json", "--fail-if-slower", "5%", "--format", "csv"]);
    assert_eq!(failed.code, Some(3));
    assert!(
        failed
            .stderr
            .starts_with("FAILED: slower by more than 5.0 %")
            && failed.stderr.contains(&slow),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_cell_that_was_not_measured_passes_no_gate() {
    let records = Records::new();
    records.write("base", |_| 1.0);
    let gone = records.some_cell();
    records.write("other", |_| 1.0);
    let mut other = records.json("other");
    for cell in other["cells"].as_array_mut().unwrap() {
        if cell["id"] == *gone {
            for iteration in cell["iterations"].as_array_mut().unwrap() {
                iteration["status"] = json!("failed");
                iteration["reason"] = json!("it crashed");
            }
        }
    }
    records.place.write("failed.json", other.to_string());
    let cells = other["cells"].as_array_mut().unwrap();
    cells.retain(|cell| cell["id"] != *gone);
    records.place.write("absent.json", other.to_string());
    for file in ["failed.json", "absent.json"] {
        let limit = [file, "--fail-if-slower", "10%"];
        let open = records.compare(&limit).succeeds();
        let told = format!("Not measured, so that nothing is excluded: {gone} in {file}.");
        assert!(
            open.stdout.starts_with(&told) && !open.stdout.contains("PASSED"),
            "{}",
            open.stdout
        );
        let last = open.stdout.lines().last().unwrap();
        assert!(
            last.starts_with("GATE UNDECIDED (1 cell was not measured); results "),
            "{last}"
        );
        let strict = records.compare(&[&limit[..], &["--fail-if-inconclusive"]].concat());
        assert_eq!(strict.code, Some(3));
    }
}

#[test]
fn other_results_of_equal_rows_pass_no_gate() {
    let records = Records::new();
    records.write("base", |_| 1.0);
    records.write("wrong", |_| 0.5);
    let mut wrong = records.json("wrong");
    for iteration in wrong["cells"][0]["iterations"].as_array_mut().unwrap() {
        iteration["rows"] = json!(7);
    }
    wrong["complete"] = json!(false);
    records.place.write("wrong.json", wrong.to_string());
    let failed = records.compare(&["wrong.json", "--fail-if-slower", "5%"]);
    assert_eq!(failed.code, Some(3));
    for word in [
        "FAILED: results differ",
        "RESULTS DISAGREE, on equal rows",
        "and the second 7",
        "wrong.json did not come to its end",
        "\nGATE FAILED; results differ; exit code 3\n",
    ] {
        assert!(failed.stdout.contains(word), "{word}: {}", failed.stdout);
    }
}

#[test]
fn several_records_are_one_list_for_programs_and_have_their_names_for_people() {
    let records = Records::new();
    records.write("one", |_| 1.0);
    records.write("two", |_| 1.0);
    let report = |format: &str| {
        let bench = records
            .place
            .bench()
            .args(["report", "one.json", "two.json"]);
        bench.args(["--format", format]).run().succeeds()
    };
    let list = report("json").json();
    let ids = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["run_id"].clone());
    assert_eq!(ids.collect::<Vec<_>>(), ["one", "two"]);
    let csv = report("csv").stdout;
    assert_eq!(csv.matches("run_id").count(), 1);
    let table = report("table").stdout;
    assert!(
        table.contains("run one\n") && table.contains("run two\n"),
        "{table}"
    );
}

#[test]
fn a_key_that_variants_differ_in_is_an_axis() {
    let records = Records::new();
    records.write("base", |id| if id.ends_with("snappy") { 1.5 } else { 1.0 });
    let found = records
        .compare(&["--by", "dataset.compression", "--format", "json"])
        .succeeds()
        .json();
    assert_eq!(found["sides"], json!(["none", "snappy"]));
    let cells = found["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 6);
    assert!(
        cells
            .iter()
            .all(|cell| cell["paired"] == true && cell["verdict"] == "slower")
    );
    records
        .compare(&[])
        .fails(2, &["nothing to be compared with"]);
    records
        .compare(&["--by", "nope"])
        .fails(2, &["`nope` is no label", "dataset.compression"]);
    records
        .compare(&["base.json", "--fail-if-slower", "fast"])
        .fails(2, &["5%"]);
    for limit in ["5", "0", "-1%", "0.00001%", "nan"] {
        let limit = format!("--fail-if-slower={limit}");
        records.compare(&["other.json", &limit]).fails(2, &["5%"]);
    }
    records.compare(&["base.json"]).fails(2, &["named twice"]);
    // A record that lacks the label is not silently left out.
    let mut labelled = records.json("base");
    for name in ["x", "y"] {
        labelled["labels"] = json!({"array": name});
        labelled["run_id"] = json!(name);
        records
            .place
            .write(&format!("{name}.json"), labelled.to_string());
    }
    let shown = records
        .compare(&["x.json", "y.json", "--by", "array"])
        .succeeds();
    assert!(
        shown
            .stdout
            .contains("cell(s) of base.json have no `array`"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_change_over_many_runs_is_marked_where_it_came() {
    let records = Records::new();
    let names: Vec<String> = (0..16).map(|index| format!("run{index:02}")).collect();
    for (index, name) in names.iter().enumerate() {
        let level = if index < 9 { 1.0 } else { 1.3 };
        records.write(name, |_| level * (1.0 + 0.002 * (index % 3) as f64));
    }
    // The order of the arguments does not matter. Runs that started at the same time are ordered by
    // their ids.
    let files = names.iter().rev().map(|name| format!("{name}.json"));
    let found = records
        .place
        .bench()
        .args(["report", "--history", "--format", "json"])
        .args(files.clone())
        .run()
        .succeeds()
        .json();
    let changes = found[0]["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["at"]), (1, &json!(9)));
    let shown = records
        .place
        .bench()
        .args(["report", "--history"])
        .args(files)
        .run()
        .succeeds();
    assert!(
        shown.stdout.contains("slower since run09"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_throttled_storage_takes_its_time_and_is_held_against_a_prediction() {
    let place = Place::tiny();
    let record = place.record(&[
        "--sweep",
        "storage.throttle.bandwidth=none,40kB/s",
        "--rounds",
        "2",
        "--set",
        "measure.control=false",
        "--set",
        "measure.break_even=true",
    ]);
    let slow = cell(&record, "scan/40kB/s");
    assert_eq!(slow["engine"]["throttle"]["bytes_per_s"], 40_000);
    let iterations = slow["iterations"].as_array().unwrap();
    let measured = iterations.iter().filter(|it| it["kind"] == "measured");
    for iteration in measured {
        let requested = iteration["requested_bytes"].as_f64().unwrap();
        let seconds = iteration["elapsed_ns"].as_f64().unwrap() / 1e9;
        assert!(
            requested > 0.0 && seconds >= requested / 40_000.0,
            "{iteration}"
        );
        assert!(iteration["requests"].as_u64() <= iteration["engine_ranges"].as_u64());
    }
    let check = &record["prediction_checks"][0];
    assert_eq!(
        (&check["cell"], &check["from"]),
        (&json!("scan/40kB/s"), &json!("scan/none"))
    );
    let requested = iterations[0]["requested_bytes"].as_f64().unwrap();
    assert!(
        check["predicted_ns"].as_f64().unwrap() >= requested / 40_000.0 * 1e9,
        "{check}"
    );
    let alone = |set: &str| {
        let alone = place.run(&["--set", "measure.control=false", "--set", set]);
        alone.succeeds().stdout
    };
    let told = "Reads were SLOWED DOWN to 1.00 GB/s by storage.throttle";
    assert!(alone("storage.throttle.bandwidth=1GB/s").contains(told));
    assert!(!alone("storage.throttle.latency=0ms").contains("SLOWED"));
    place
        .run(&["--set", "storage.throttle.latency=soon"])
        .fails(2, &["storage.throttle.latency", "0.2ms"]);
    place
        .run(&["--set", "storage.throttle.bandwidth=0"])
        .fails(2, &["storage.throttle.bandwidth", "200MB/s"]);
}

#[test]
fn the_manual_page_has_every_command() {
    let shown = Place::new().bench().arg("man").run().succeeds();
    for word in [".TH bench", "compare", "replay", "fail\\-if\\-slower"] {
        assert!(shown.stdout.contains(word), "{word}");
    }
}

/// Two folders with equal rows, whose lists of files differ.
#[test]
fn equal_results_of_two_folders_are_identical_and_their_lists_of_files_are_no_difference() {
    let place = Place::tiny();
    place.generate();
    let copy = |name: &str| {
        for (index, path) in place.parquet_paths("data").iter().enumerate() {
            let file = format!("{name}/{name}_{index}.parquet");
            place.write(&file, std::fs::read(path).unwrap());
        }
        let record = format!("{name}.json");
        let table = format!("t={name}");
        let arguments = ["--table", &table, "--sql", "SELECT id, region FROM t"];
        let bench = place.bench().arg("run").args(arguments);
        let bench = bench.args(["--rounds", "8", "--record", &record]);
        bench.run().succeeds();
    };
    copy("one");
    copy("two");
    let gate = [
        "compare",
        "one.json",
        "two.json",
        "--fail-if-slower",
        "900%",
    ];
    let output = place.bench().args(gate).run().succeeds();
    let last = output.stdout.lines().last().unwrap();
    assert!(
        last.contains("; results are identical; "),
        "{}",
        output.stdout
    );
    assert!(
        !output.stdout.contains("by their fingerprint"),
        "{}",
        output.stdout
    );
}
