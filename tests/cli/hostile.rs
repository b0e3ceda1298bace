//! Records by an attacker, in every format.

use std::fs::{self, File};
use std::io::Write;
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Output, Place, TINY};

const ATTACK: &str = "=1+1|\"'><script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>\
    \u{1b}[31m\u{9b}31m\u{202e}\u{200b}`*_[x](http://127.0.0.1:9/)\r\n# x";

/// A name that moves cursors, and looks like markup.
const FILE: &str = "\u{1b}[31m=evil\u{202e}|<script>.json";

/// Returns the value with the attack in front of every text and every key.
fn attacked(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{ATTACK}{text}")),
        Value::Array(list) => list.iter().map(attacked).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (format!("{ATTACK}{key}"), attacked(value)))
            .collect(),
        other => other.clone(),
    }
}

/// A record of a real run of two codecs, in which every free text is an attack, and many have 10
/// 000 characters.
fn attacker(run: &Value, number: u32) -> Value {
    let long = "x".repeat(10_000);
    let mut record = run.clone();
    record["run_id"] = json!(format!("{ATTACK}{number}"));
    record["started_at"] = json!(ATTACK);
    record["warnings"] = json!([format!("{ATTACK}{long}")]);
    record["labels"] = json!({ ATTACK: format!("{ATTACK}{number}{long}") });
    record["config"] = attacked(&record["config"]);
    for part in ["system", "versions"] {
        for value in record[part].as_object_mut().unwrap().values_mut() {
            if let Value::String(text) = value {
                *text = format!("{ATTACK}{number}{text}");
            }
        }
    }
    for dataset in record["datasets"].as_array_mut().unwrap() {
        for key in ["content_fingerprint", "layout_fingerprint"] {
            dataset[key] = json!(format!("{ATTACK}{number}"));
        }
        for column in dataset["columns"].as_array_mut().unwrap() {
            column["name"] = json!(format!("{ATTACK}{}{long}", column["name"]));
        }
    }
    for cell in record["cells"].as_array_mut().unwrap() {
        for key in ["scenario", "sql", "plan", "description", "variant_name"] {
            cell[key] = json!(format!("{ATTACK}{}{long}", cell[key]));
        }
        cell["id"] = json!(format!("{ATTACK}{}", cell["id"]));
        cell["variant"] = attacked(&cell["variant"]);
        cell["expectations"] = json!([{"name": ATTACK, "expected": format!("{ATTACK}{long}"), "found": ATTACK, "passed": false}]);
        let iterations = cell["iterations"].as_array_mut().unwrap();
        let mut failed = iterations[0].clone();
        failed["status"] = json!("failed");
        failed["reason"] = json!(format!("{ATTACK}{long}"));
        iterations.push(failed);
        for iteration in iterations {
            for scan in iteration["scans"].as_array_mut().unwrap() {
                scan["table"] = json!(ATTACK);
            }
        }
    }
    // These refer to cells whose names have changed.
    for derived in ["comparisons", "noise"] {
        record[derived] = json!([]);
    }
    record
}

fn attackers() -> Place {
    let place = Place::tiny();
    let run = place.record(&[
        "--sweep",
        "dataset.compression=none,zstd(3)",
        "--lane",
        "all",
        "--set",
        "measure.peak_memory=false",
        "--set",
        "measure.break_even=true",
        "--sql",
        "SELECT count(*) AS rows FROM train",
        "--label",
        "array=X",
    ]);
    place.write("a.json", attacker(&run, 1).to_string());
    place.write(FILE, attacker(&run, 2).to_string());
    place
}

/// Checks that a text has no characters that a terminal or an editor would act on.
fn assert_harmless(text: &str) {
    let acts = |character: &char| {
        character.is_control() && *character != '\n'
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    assert_eq!(text.chars().find(acts), None);
}

#[test]
fn hostile_records_do_nothing_in_any_format() {
    let place = attackers();
    let said = |arguments: &[&str]| -> Output {
        let output = place.bench().args(arguments).run();
        assert_harmless(&output.stdout);
        assert_harmless(&output.stderr);
        output
    };
    for format in ["table", "markdown", "csv", "json"] {
        for what in [
            &["report", "a.json"][..],
            &["report", "a.json", "--details"],
            &["report", "a.json", FILE, "--history"],
            &["compare", "a.json", FILE, "--fail-if-slower", "5%"],
        ] {
            let output = said(&[what, &["--format", format]].concat());
            let details = what.contains(&"--details");
            if details && ["csv", "json"].contains(&format) {
                // They hold everything anyway.
                output.fails(2, &["--details"]);
                continue;
            }
            let output = output.succeeds();
            let text = &output.stdout;
            match format {
                "json" => drop(output.json()),
                "csv" => {
                    let fields = text.lines().flat_map(|line| line.split(','));
                    let mut fields = fields.map(|field| field.trim_start_matches('"'));
                    assert!(!fields.any(|field| field.starts_with("=1+1")));
                }
                "markdown" => assert!(!text.contains("<script") && !text.contains("<img")),
                _ => {}
            }
            if !details && ["table", "markdown"].contains(&format) {
                let longest = text.lines().map(|line| line.chars().count()).max();
                assert!(longest < Some(10_000), "{longest:?} {what:?} {format}");
            }
        }
    }
    for (arguments, file) in [
        (&["report", FILE, "--html", "one.html"][..], "one.html"),
        (
            &["report", "a.json", FILE, "--history", "--html", "over.html"],
            "over.html",
        ),
    ] {
        said(arguments).succeeds();
        let page = fs::read_to_string(place.path(file)).unwrap();
        assert_harmless(&page);
        assert!(!page.contains("<script") && !page.contains("<img"));
        assert!(page.contains("&lt;script&gt;"));
    }
    said(&["compare", "a.json", FILE, "--by", ATTACK]);
    said(&["compare", "a.json", FILE, "--by", "no\u{1b}[31m\u{202e}key"]).fails(2, &["no label"]);
    said(&["report", "no\u{1b}[31m\u{202e}.json"]).fails(2, &["no\\u{1b}[31m\\u{202e}.json"]);
    said(&["report", "a.json", "--html", "no\u{1b}/x.html"]).fails(2, &["no\\u{1b}/x.html"]);
}

#[rstest]
#[case::deep("{\"schema_version\":1,\"config\":[", "]}", "recursion limit exceeded")]
#[case::deep_journal(
    "{\"event\":\"started\",\"x\":[",
    "]}\n",
    "line 1 of the journal bad.json is not an event"
)]
#[case::no_record("[", "]", "not a run record")]
#[case::no_end("{\"schema_version\":1,\"config\":[", "", "not a run record")]
fn a_record_of_absurd_depth_is_refused_by_whoever_reads_it(
    #[case] start: &str,
    #[case] end: &str,
    #[case] words: &str,
    #[values(&["report"], &["report", "--history"], &["report", "--html", "x.html"], &["compare", "bad.json"])]
    what: &[&str],
) {
    let place = Place::new();
    let (deep, out) = ("[".repeat(200_000), "]".repeat(200_000));
    place.write("bad.json", format!("{start}{deep}{out}{end}"));
    let output = place.bench().args(what).arg("bad.json").run();
    output.fails(2, &["bad.json", words]);
    assert_eq!(place.files().len(), 1);
}

#[test]
fn a_journal_without_events_is_told_and_hides_no_other_run_of_a_history() {
    let place = Place::tiny();
    place.run(&[] as &[&str]).succeeds();
    let whole = place.journal();
    place.write("empty.jsonl", "");
    place.write("cut.jsonl", "{\"event\":\"started\",\"rec");
    for (file, words) in [
        (
            "empty.jsonl",
            "no event was written: the disk may have been full",
        ),
        ("cut.jsonl", "ends before its first line does"),
    ] {
        for what in [&["report"][..], &["report", "--history"], &["compare"]] {
            let bench = place.bench().args(what).arg(file);
            bench.run().fails(2, &[file, words]);
        }
    }
    let bench = place
        .bench()
        .args(["report", "--history", "--format", "json", "empty.jsonl"]);
    let output = bench.args([&whole]).arg("cut.jsonl").run().succeeds();
    assert_eq!(output.json()[0]["points"].as_array().unwrap().len(), 1);
    for file in ["empty.jsonl", "cut.jsonl"] {
        let warned = output
            .stderr
            .lines()
            .any(|line| line.starts_with(&format!("warning: {file}")));
        assert!(warned, "{}", output.stderr);
    }
}

#[test]
fn devices_are_neither_configs_nor_queries_nor_records_nor_manifests() {
    let place = Place::tiny();
    let device = ["/dev/zero", "it is a device"];
    for arguments in [
        &["check", "/dev/zero"][..],
        &["run", "bench.yaml", "--query", "/dev/zero"],
        &["report", "/dev/zero"],
        &["replay", "/dev/zero"],
    ] {
        place.bench().args(arguments).run().fails(2, &device);
    }
    fs::create_dir(place.path("data")).unwrap();
    let manifest = place.path("data/_bench_manifest.json");
    std::os::unix::fs::symlink("/dev/zero", manifest).unwrap();
    place
        .run(&[] as &[&str])
        .fails(2, &["_bench_manifest.json", "it is a device"]);
}

/// A named pipe.
fn pipe(place: &Place, name: &str) -> std::path::PathBuf {
    let path = place.path(name);
    mkfifo(path.as_path(), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    path
}

#[test]
fn a_config_comes_out_of_a_pipe_and_out_of_stdin() {
    let place = Place::new();
    let named = pipe(&place, "config");
    let writer = thread::spawn(move || fs::write(named, TINY));
    let check = |config: &str| place.bench().args(["check", config]);
    let resolved = |output: Output| {
        let shown = output.succeeds().stdout;
        shown.split("# variants").next().unwrap().to_owned()
    };
    let piped = resolved(check("config").run());
    writer.join().unwrap().unwrap();
    assert!(piped.contains("region"), "{piped}");
    let file = place.write("bench.yaml", TINY);
    let mut bench = check("/dev/stdin");
    bench.command.stdin(File::open(file).unwrap());
    assert_eq!(resolved(bench.run()), piped);
}

#[test]
fn a_config_without_end_is_given_up() {
    let place = Place::new();
    let endless = pipe(&place, "config");
    thread::spawn(move || {
        let mut pipe = File::options().write(true).open(endless).unwrap();
        while pipe.write_all(&[b'#'; 1 << 16]).is_ok() {}
    });
    let bench = place.bench().args(["check", "config"]);
    bench
        .run()
        .fails(2, &["config", "more than 67108864 bytes"]);
}

/// Names of files and folders that would show as lines of their own, and look like errors and
/// hints.
#[rstest]
#[case::a_location(&["inspect", "a\nerror: b"])]
#[case::a_table(&["run", "--table", "t=a\nerror: b", "--sql", "SELECT 1"])]
#[case::a_file_of_a_table(&["run", "--table", "t=t", "--sql", "SELECT 1"])]
#[case::a_config(&["run", "a\nerror: b.yaml"])]
#[case::a_config_with_a_problem(&["check", "bad\nerror: b.yaml"])]
#[case::queries(&["run", "--query", "t/a\nerror: b"])]
#[case::a_record(&["report", "a\nerror: b.json"])]
#[case::an_output(&["run", "--record", "a\nerror: b/c.json"])]
#[case::a_folder(&["doctor", "a\nerror: b"])]
#[case::a_trace(&["replay", "a\nerror: b"])]
fn a_name_of_several_lines_is_one_line_of_an_error(#[case] arguments: &[&str]) {
    let place = Place::new();
    place.write("t/a\nerror: b/c.parquet", "x");
    place.write("bad\nerror: b.yaml", "dataset: { nothing: 1 }\n");
    let output = place.bench().args(arguments).run();
    let output = output.fails(2, &["\\nerror: b"]);
    let lines = output.error().lines();
    let errors = lines.filter(|line| !line.starts_with("hint: "));
    assert_eq!(errors.count(), 1, "{}", output.stderr);
}
