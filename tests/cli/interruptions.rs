//! Ctrl-C and kill -9: what was measured stays, what was written is whole.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Place, Running};

/// What an interrupted join may take. It takes about 20 ms where it is stopped, and 17 s and more where it is not.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Joins 60 000 rows with themselves by comparing each with each.
const JOIN: &str = "SELECT count(*) FROM train a, train b WHERE (a.id * b.id) % 1000003 = 17";

fn lines(journal: &Path) -> Vec<Value> {
    let text = fs::read_to_string(journal).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not whole: {line}")))
        .collect()
}

/// Waits until the journal holds so many events of a kind.
fn wait_for(running: &mut Running, place: &Place, event: &str, count: usize) {
    let event = format!(r#""event":"{event}""#);
    running.wait_until(|| {
        let journal = fs::read_to_string(place.journals().first()?).ok()?;
        (journal.matches(&event).count() >= count).then_some(())
    });
}

#[test]
fn ctrl_c_during_a_nested_loop_join_ends_the_run_and_keeps_the_journal() {
    let place = Place::tiny();
    let size = ["--set", "dataset.num_samples_per_file=30000"];
    let bench = place.bench().args(["run", "bench.yaml", "--sql", JOIN]);
    let mut running = bench.args(size).start();
    wait_for(&mut running, &place, "cell", 1);
    let asked = Instant::now();
    running.signal(Signal::SIGINT);
    let output = running.end();
    assert!(asked.elapsed() < A_MOMENT, "{:?}", asked.elapsed());
    assert_eq!(output.code, Some(130), "{output:?}");
    assert!(output.stderr.contains("interrupted"), "{output:?}");
    assert!(lines(&place.journal()).len() >= 3);
    let report = place.bench().args(["report"]).args([place.journal()]).run();
    report.succeeds();
}

#[test]
fn ctrl_c_between_rounds_shows_what_there_is() {
    let place = Place::tiny();
    let bench = place.bench().args([
        "run",
        "bench.yaml",
        "--rounds",
        "1000000",
        "--format",
        "json",
    ]);
    let mut running = bench.start();
    wait_for(&mut running, &place, "iteration", 3);
    running.signal(Signal::SIGINT);
    let output = running.end();
    assert_eq!(output.code, Some(130), "{output:?}");
    let record = output.json();
    assert_eq!(record["complete"], false);
    assert!(record["cells"][0]["iterations"].as_array().unwrap().len() >= 3);
    let kept = lines(&place.journal());
    let kept = kept
        .iter()
        .filter(|line| line["event"] == "iteration")
        .count();
    assert_eq!(
        record["cells"][0]["iterations"].as_array().unwrap().len(),
        kept
    );
}

#[test]
fn ctrl_c_while_generating_is_continued_by_the_next_call() {
    let place = Place::tiny();
    interrupt_generation(&place, Signal::SIGINT);
}

#[test]
fn kill_9_while_generating_is_continued_by_the_next_call() {
    let place = Place::tiny();
    interrupt_generation(&place, Signal::SIGKILL);
}

fn interrupt_generation(place: &Place, signal: Signal) {
    let arguments = [
        "generate",
        "bench.yaml",
        "--set",
        "dataset.num_files_train=20",
        "--set",
        "dataset.num_samples_per_file=8000",
        "--set",
        "dataset.compression=gzip",
    ];
    let mut running = place.bench().args(arguments).start();
    running.wait_until(|| (!place.parquet("data").is_empty()).then_some(()));
    running.signal(signal);
    let output = running.end();
    let code = (signal == Signal::SIGINT).then_some(130);
    assert_eq!(output.code, code, "{output:?}");
    assert!(!place.path("data/_bench_manifest.json").exists());
    for (name, _) in place.parquet("data") {
        crate::files::footer(&place.path("data").join(name));
    }

    place.bench().args(arguments).run().succeeds();
    let undisturbed = Place::tiny();
    undisturbed.bench().args(arguments).run().succeeds();
    assert!(place.parquet("data") == undisturbed.parquet("data"));
    let names = |place: &Place| place.files().into_keys().collect::<Vec<_>>();
    assert_eq!(names(place), names(&undisturbed));
}

#[test]
fn kill_9_during_a_run_loses_no_finished_iteration() {
    let place = Place::tiny();
    let mut running = place
        .bench()
        .args(["run", "bench.yaml", "--rounds", "1000000"])
        .start();
    wait_for(&mut running, &place, "iteration", 3);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end().code, None);
    let report = place
        .bench()
        .args(["report", "--format", "json"])
        .args([place.journal()]);
    let record = report.run().succeeds().json();
    assert_eq!(record["complete"], false);
    let iterations = record["cells"][0]["iterations"].as_array().unwrap();
    assert!(iterations.len() >= 3, "{}", iterations.len());
    assert!(
        iterations
            .iter()
            .all(|iteration| iteration["status"] == "ok")
    );
}

#[test]
fn a_journal_whose_last_line_is_half_there_is_still_a_report() {
    let place = Place::tiny();
    place.run(&["--rounds", "2"]).succeeds();
    let mut text = fs::read_to_string(place.journal()).unwrap();
    let last_iteration = text.rfind(r#"{"event":"iteration""#).unwrap();
    text.truncate(last_iteration + 100);
    fs::write(place.journal(), text).unwrap();
    let report = place
        .bench()
        .args(["report", "--format", "json"])
        .args([place.journal()]);
    let record = report.run().succeeds().json();
    assert_eq!(
        record["cells"][0]["iterations"].as_array().unwrap().len(),
        1
    );
}
