//! Ctrl-C, SIGTERM, SIGHUP and kill -9: measurements are kept, written files are complete, and
//! temporary files are removed.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::openpty;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rstest::rstest;
use serde_json::Value;

use crate::harness::{Bench, Place, Running};

/// Most time until an interrupted join has ended. It takes about 20 ms if it is stopped, and 17 s
/// and more if it is not.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Joins 60 000 rows with themselves by comparing each with each.
const JOIN: &str = "SELECT count(*) FROM train a, train b WHERE (a.id * b.id) % 1000003 = 17";

fn lines(journal: &Path) -> Vec<Value> {
    let text = fs::read_to_string(journal).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not whole: {line}")))
        .collect()
}

#[test]
fn ctrl_c_during_a_nested_loop_join_ends_the_run_and_keeps_the_journal() {
    let place = Place::tiny();
    let size = ["--set", "dataset.num_samples_per_file=30000"];
    let bench = place.bench().args(["run", "bench.yaml", "--sql", JOIN]);
    let mut running = bench.args(size).start();
    running.wait_for(&place, "cell", 1);
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
    running.wait_for(&place, "iteration", 3);
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
    running.wait_for(&place, "iteration", 3);
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

/// Makes a call start with a signal's handler as a parent process may leave it: ignored, or not.
fn finding(mut bench: Bench, found: Signal, handler: SigHandler) -> Bench {
    // SAFETY: sigaction(2) may be called between fork and exec, and nothing else is.
    unsafe {
        bench
            .command
            .pre_exec(move || signal(found, handler).map(drop).map_err(Into::into));
    }
    bench
}

/// A run of two variants, and thus with a control, that never ends by itself.
fn endless(place: &Place) -> Bench {
    let bench = place.bench().args(["run", "bench.yaml"]);
    bench.args([
        "--sweep",
        "dataset.compression=none,snappy",
        "--rounds",
        "1000000",
    ])
}

/// Returns the folders anywhere below another whose names begin with `start`.
fn folders(root: &Path, start: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
                if entry.file_name().to_string_lossy().starts_with(start) {
                    found.push(entry.path());
                }
            }
        }
    }
    found
}

/// Returns the record beside the only journal.
fn kept(place: &Place) -> Value {
    let record = place.journal().with_extension("json");
    serde_json::from_slice(&fs::read(record).unwrap()).unwrap()
}

#[rstest]
fn whatever_asks_a_run_to_stop_has_its_record_kept_and_its_copies_removed(
    #[values(Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP)] asked: Signal,
) {
    let place = Place::tiny();
    let mut running = finding(endless(&place), asked, SigHandler::SigDfl).start();
    running.wait_for(&place, "iteration", 3);
    assert_eq!(folders(place.root(), "_bench.control.").len(), 2);
    running.signal(asked);
    let output = running.end();
    assert_eq!(output.code, Some(130), "{output:?}");
    assert!(output.stderr.contains("interrupted"), "{output:?}");
    assert_eq!(kept(&place)["complete"], false);
    assert!(folders(place.root(), "_bench.control.").is_empty());
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let place = Place::tiny();
    let bench = place.bench().args(["run", "bench.yaml", "--rounds", "20"]);
    let mut running = finding(bench, Signal::SIGHUP, SigHandler::SigIgn).start();
    running.wait_for(&place, "iteration", 1);
    running.signal(Signal::SIGHUP);
    running.end().succeeds();
    let record = kept(&place);
    assert_eq!(record["complete"], true);
    let iterations = record["cells"][0]["iterations"].as_array().unwrap();
    assert_eq!(iterations.len(), 20);
}

#[test]
fn a_terminal_that_goes_away_takes_no_record_along() {
    let place = Place::tiny();
    let terminal = openpty(None, None).unwrap();
    let mut shown = File::from(terminal.master);
    fcntl(&shown, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let mut bench = finding(endless(&place), Signal::SIGHUP, SigHandler::SigDfl);
    bench
        .command
        .env("TERM", "xterm")
        .stdout(Stdio::from(terminal.slave.try_clone().unwrap()))
        .stderr(Stdio::from(terminal.slave));
    let mut child = bench.command.spawn().unwrap();
    // Only the program may still have the terminal open.
    drop(bench);
    let mut buffer = [0; 4096];
    while place.events("iteration") < 3 {
        // Unread output would keep the program waiting.
        _ = shown.read(&mut buffer);
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::yield_now();
    }
    drop(shown);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, Signal::SIGHUP).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(kept(&place)["complete"], false);
    assert!(folders(place.root(), "_bench.control.").is_empty());
}

/// Returns the writing end of a pipe, once the program has opened the other one.
fn wait_for_reader(running: &mut Running, pipe: &Path) -> File {
    let mut options = File::options();
    options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
    running.wait_until(|| options.open(pipe).ok())
}

#[rstest]
#[case(&["run", "pipe.sql"])]
#[case(&["generate", "pipe.sql"])]
#[case(&["explain", "pipe.sql"])]
#[case(&["run", "bench.yaml", "--query", "./pipe.sql"])]
#[case(&["explain", "bench.yaml", "--query", "./pipe.sql"])]
fn one_signal_ends_whoever_waits_for_a_pipe_that_nobody_writes_to(
    #[case] arguments: &[&str],
    #[values(Signal::SIGTERM, Signal::SIGHUP)] asked: Signal,
) {
    let place = Place::tiny();
    let pipe = place.path("pipe.sql");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let bench = place.bench().args(arguments);
    let mut running = finding(bench, asked, SigHandler::SigDfl).start();
    let _writer = wait_for_reader(&mut running, &pipe);
    running.signal(asked);
    running.end().fails(130, &["interrupted"]);
    assert!(place.parquet("data").is_empty());
}

/// Starts `doctor`, and waits until it measures. Returns its working folder, which is none of
/// `others`.
fn begun(place: &Place, others: &[&PathBuf]) -> (Running, PathBuf) {
    let mut running = place.bench().arg("doctor").start();
    let folder = running.wait_until(|| {
        let journals = |folder: &PathBuf| {
            let entries = fs::read_dir(folder.join("results"));
            entries.map_or(0, Iterator::count)
        };
        let mut folders = folders(place.root(), "_bench.doctor.").into_iter();
        folders.find(|folder| !others.contains(&folder) && journals(folder) > 0)
    });
    (running, folder)
}

#[test]
fn a_look_at_the_host_that_is_asked_to_stop_leaves_nothing() {
    let place = Place::new();
    let (running, _) = begun(&place, &[]);
    running.signal(Signal::SIGTERM);
    running.end().fails(130, &["interrupted"]);
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_look_at_the_host_left_is_removed_by_the_next_and_nothing_else_is() {
    let place = Place::new();
    let (running, killed) = begun(&place, &[]);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end().code, None);
    assert!(killed.join("lock").exists());
    fs::create_dir(place.path("_bench.doctor.just_made")).unwrap();
    place.write("_bench.doctors/file", "x");
    place.write("_bench.doctor.file", "x");

    let (one, first) = begun(&place, &[&killed]);
    let (two, second) = begun(&place, &[&killed, &first]);
    assert!(first.exists() && second.exists(), "they are in use");
    for running in [one, two] {
        running.signal(Signal::SIGTERM);
        running.end().fails(130, &["interrupted"]);
    }
    let left: Vec<String> = place.files().into_keys().collect();
    assert_eq!(left, ["_bench.doctor.file", "_bench.doctors/file"]);
    assert!(folders(place.root(), "_bench.doctor.").is_empty());
}
