//! Inputs that change while they are used, and outputs that would replace other files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rstest::rstest;
use serde_json::Value;

use crate::files::write_small;
use crate::harness::{Output, Place, Running};

const SELECT: [&str; 2] = ["--sql", "SELECT id, name FROM t"];

/// A run over the folder `t` that goes on until it is stopped, and has finished an iteration.
fn endless(place: &Place) -> Running {
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1000000"]);
    let mut running = bench.args(SELECT).start();
    running.wait_for(place, "iteration", 1);
    running
}

/// The iterations that a journal has kept.
fn iterations(journal: &Path) -> Vec<Value> {
    let journal = fs::read_to_string(journal).unwrap();
    let lines = journal
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let iterations = lines.filter(|line| line["event"] == "iteration");
    iterations.map(|line| line["iteration"].clone()).collect()
}

fn ends_by_a_change(place: &Place, output: Output) {
    assert_eq!(output.code, Some(2), "{output:?}");
    let output = output.says_one_error(&["t/a.parquet", "was changed while it was used"]);
    assert!(!output.stdout.contains("DISAGREE"), "{output:?}");
    let iterations = iterations(&place.journal());
    let last = iterations.last().unwrap();
    assert_eq!(last["status"], "void", "{last:#}");
    let reason = last["reason"].as_str().unwrap();
    assert!(
        reason.contains("t/a.parquet was changed while it was used"),
        "{reason}"
    );
    let others = &iterations[..iterations.len() - 1];
    assert!(others.iter().all(|it| it["status"] == "ok"));
    let report = place.bench().args(["report"]).args([place.journal()]).run();
    report.succeeds();
}

type Change = fn(&Place, &Path);

#[rstest]
#[case::replaced(|place: &Place, path: &Path| {
    let other = place.path("other.parquet");
    crate::files::write(&other, &[
        ("id", std::sync::Arc::new(arrow::array::Int64Array::from(vec![1; 30]))),
        ("name", std::sync::Arc::new(arrow::array::StringArray::from(vec!["x"; 30]))),
    ]);
    fs::rename(other, path).unwrap();
})]
#[case::appended_to(|_: &Place, path: &Path| {
    File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
})]
#[case::truncated(|_: &Place, path: &Path| {
    File::options().write(true).open(path).unwrap().set_len(100).unwrap();
})]
#[case::removed(|_: &Place, path: &Path| fs::remove_file(path).unwrap())]
fn a_table_that_changes_while_it_is_measured_ends_the_run_and_voids_what_it_touched(
    #[case] change: Change,
) {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    write_small(&path);
    write_small(&place.path("t/b.parquet"));
    let running = endless(&place);
    change(&place, &path);
    ends_by_a_change(&place, running.end());
}

#[test]
fn new_permissions_and_links_are_no_change_of_a_table() {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    write_small(&path);
    let mut running = endless(&place);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&path, mode).unwrap();
    fs::hard_link(&path, place.path("link")).unwrap();
    let done = iterations(&place.journal()).len();
    running.wait_for(&place, "iteration", done + 3);
    running.signal(Signal::SIGINT);
    assert_eq!(running.end().code, Some(130));
    assert!(
        iterations(&place.journal())
            .iter()
            .all(|it| it["status"] == "ok")
    );
}

#[test]
fn a_source_that_changes_between_two_variants_ends_the_run() {
    let place = Place::new();
    let mut text = "id,text\n".to_owned();
    (0..20_000).for_each(|row| text.push_str(&format!("{row},text {}\n", row * 7919 % 9973)));
    let source = place.write("mine.csv", &text);
    let sweep = "dataset.compression=none,brotli(9),brotli(10),brotli(11),gzip(9)";
    let bench = place
        .bench()
        .args(["run", "--source", "mine.csv", "--rounds", "1"]);
    let folder = ["--set", "dataset.data_folder=out", "--sweep", sweep];
    let mut running = bench.args(folder).start();
    let complete = |place: &Place| {
        let files = place.files().into_keys();
        files
            .filter(|name| name.ends_with("_bench_manifest.json"))
            .count()
    };
    running.wait_until(|| (complete(&place) > 0).then_some(()));
    File::options()
        .append(true)
        .open(&source)
        .unwrap()
        .write_all(b"1,more\n")
        .unwrap();
    let output = running.end();
    output.fails(2, &["mine.csv", "was changed while it was used"]);
    assert!(complete(&place) < 5);
    assert!(place.journals().is_empty());
}

/// Returns all entries of a folder, links by their targets.
fn everything(place: &Place) -> BTreeMap<String, String> {
    let entries = fs::read_dir(place.root()).unwrap().map(Result::unwrap);
    let shown = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let kind = entry.file_type().unwrap();
        let content = if kind.is_symlink() {
            format!("link to {}", fs::read_link(entry.path()).unwrap().display())
        } else if kind.is_file() {
            format!("{:?}", fs::read(entry.path()).unwrap())
        } else {
            format!("{kind:?}")
        };
        (name != "results").then_some((name, content))
    });
    shown.collect()
}

/// A folder with all kinds of entries that an output must not replace.
fn things() -> Place {
    let place = Place::new();
    write_small(&place.path("data.parquet"));
    place.write("mine.csv", "id,name\n1,x\n");
    place.write("config.yaml", "tables: { t: data.parquet }\n");
    place.write("query.sql", "SELECT id FROM t");
    place.write("precious.txt", "years of work");
    place.write("empty", "");
    place.write(
        "precious.json",
        "{\"schema_version\": 2, \"precious\": true}",
    );
    symlink("precious.txt", place.path("link")).unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    mkfifo(&place.path("fifo"), Mode::S_IRWXU).unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    place
}

const NO_OUTPUTS: [&str; 11] = [
    "data.parquet",
    "mine.csv",
    "config.yaml",
    "query.sql",
    "precious.txt",
    "precious.json",
    "link",
    "dangling",
    "fifo",
    "folder",
    "no/such/folder/file",
];

#[test]
fn no_flag_writes_over_anything() {
    let place = things();
    let record = place
        .bench()
        .args(["run", "config.yaml", "--query", "query.sql"]);
    let record = record.args(["--rounds", "1", "--record", "old.json"]).run();
    record.succeeds();
    let before = everything(&place);
    let names = NO_OUTPUTS.iter().chain(&["old.json", "empty", "/dev/null"]);
    for name in names {
        for flag in ["--record", "--trace"] {
            let bench = place
                .bench()
                .args(["run", "config.yaml", "--query", "query.sql"]);
            let bench = bench.args(["--rounds", "1", flag, name]);
            bench.run().fails(2, &[flag, name]);
        }
        let page = place
            .bench()
            .args(["report", "old.json", "--html", name])
            .run();
        page.fails(2, &["--html", name]);
        let learned = place
            .bench()
            .args(["learn", "data.parquet", "-o", name])
            .run();
        learned.fails(2, &["--output", name]);
        assert_eq!(everything(&place), before, "{name}");
    }
}

#[rstest]
#[case::a_table(&["--table", "t=t"], "t/new.parquet", "table `t`")]
#[case::a_link_to_a_table(&["--table", "t=link"], "t/k=1/new.parquet", "table `t`")]
#[case::a_pattern(&["--table", "t=t/*.p*"], "link/new.pages", "table `t`")]
#[case::a_source(&["--source", "text"], "text/new.csv", "dataset.source")]
#[case::a_compressed_source(&["--source", "text"], "text/new.jsonl.gz", "dataset.source")]
#[case::a_dataset(&["--set", "dataset.data_folder=t"], "t/new.PARQUET", "dataset.data_folder")]
#[case::queries(&["--query", "q"], "q/new.sql", "the queries in q")]
fn no_flag_writes_where_later_runs_would_read(
    #[case] reads: &[&str],
    #[case] name: &str,
    #[case] reader: &str,
) {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    fs::create_dir(place.path("t/k=1")).unwrap();
    symlink("t", place.path("link")).unwrap();
    place.write("text/a.csv", "id\n1\n");
    place.write("q/a.sql", "SELECT 1 FROM train");
    let before = place.files();
    for flag in ["--record", "--trace"] {
        let bench = place.bench().arg("run").args(reads).args([flag, name]);
        let output = bench.args(["--rounds", "1"]).run();
        output.fails(2, &[flag, name, reader, "from then on"]);
        assert_eq!(place.files(), before);
    }
}

#[test]
fn a_file_that_no_table_reads_may_lie_beside_its_files() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    let bench = place.bench().args(["run", "--table", "t=t"]).args(SELECT);
    let files = ["--record", "t/record.json", "--trace", "t/_new.parquet"];
    bench.args(["--rounds", "1"]).args(files).run().succeeds();
    let learn = |output: &str| place.bench().args(["learn", "t", "-o", output]).run();
    learn("t/new.parquet").fails(2, &["--output t/new.parquet", "from then on"]);
    learn("t/like.yaml").succeeds();
}

#[test]
fn two_flags_do_not_go_to_one_file_by_two_names() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    fs::create_dir_all(place.path("a/b")).unwrap();
    symlink("a", place.path("link")).unwrap();
    let before = place.files();
    for (record, trace) in [
        ("x.json", "a/../x.json"),
        ("a/x", "link/x"),
        ("./a/b/x", "a/b/x"),
    ] {
        let bench = place.bench().args(["run", "--table", "t=t"]).args(SELECT);
        let bench = bench.args(["--record", record, "--trace", trace]);
        bench.run().fails(2, &["--trace", trace, "the same file"]);
        assert_eq!(place.files(), before);
    }
}

#[test]
fn a_dash_is_no_file() {
    let place = Place::new();
    write_small(&place.path("t/a.parquet"));
    let run = ["run", "--table", "t=t", "--sql", "SELECT id FROM t"];
    for (arguments, flag, example) in [
        (&run[..], "--record", "record.json"),
        (&run[..], "--trace", "my.trace"),
        (&["report", "x.json"][..], "--html", "report.html"),
        (&["learn", "t"][..], "--output", "like.yaml"),
    ] {
        let bench = place.bench().args(arguments).args([flag, "-"]);
        let dash = format!("{flag} -: ");
        bench.run().fails(2, &[&dash, "not to stdout", example]);
    }
    assert!(!place.path("-").exists());
}

#[test]
fn a_copy_of_the_record_that_fails_leaves_the_record_and_names_it() {
    let place = things();
    let bench = place
        .bench()
        .args(["run", "config.yaml", "--query", "query.sql"]);
    let mut running = bench
        .args(["--rounds", "40", "--record", "copy.json"])
        .start();
    running.wait_until(|| place.journals().first().map(|_| ()));
    // Another file takes the name while the run goes on.
    place.write("copy.json", "theirs");
    let output = running.end();
    assert_eq!(output.code, Some(2), "{output:?}");
    let output = output.says_one_error(&["copy.json", "not overwritten"]);
    let mut lines = output.stdout.lines();
    let kept = lines.find_map(|line| line.strip_prefix("RECORD"));
    let report = place
        .bench()
        .args(["report", kept.unwrap().split(',').next().unwrap().trim()])
        .run();
    report.succeeds();
    assert_eq!(fs::read(place.path("copy.json")).unwrap(), b"theirs");
}

#[test]
fn a_lock_is_not_opened_through_a_link() {
    let place = Place::tiny();
    place.write("precious.txt", "years of work");
    fs::create_dir(place.path("data")).unwrap();
    symlink("../precious.txt", place.path("data/_bench.lock")).unwrap();
    let output = place.bench().args(["generate", "bench.yaml"]).run();
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&["_bench.lock"]);
    assert_eq!(
        fs::read(place.path("precious.txt")).unwrap(),
        b"years of work"
    );
}

#[rstest]
#[case::not_utf8(b"b\xff.parquet", true)]
#[case::odd_text(b"b\xff.txt", false)]
fn a_name_that_cannot_be_opened_is_an_error_where_it_is_wanted(
    #[case] name: &[u8],
    #[case] wanted: bool,
) {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    write_small(&place.path("mine/a.parquet"));
    let odd = place.path("mine").join(OsStr::from_bytes(name));
    fs::copy(place.path("mine/a.parquet"), odd).unwrap();
    for source in ["mine", "mine/*.parquet"] {
        let folder = ["--set", "dataset.data_folder=out"];
        let bench = place.bench().args(["generate", "--source", source]);
        let output = bench.args(folder).run();
        match wanted {
            true => _ = output.fails(2, &["mine/b", "its name is not UTF-8"]),
            false => _ = output.succeeds(),
        }
    }
}

#[test]
fn links_to_nothing_and_pipes_by_the_name_of_parquet_are_errors() {
    for (name, words) in [("link", "link to nothing"), ("pipe", "a FIFO")] {
        let place = Place::new();
        write_small(&place.path("t/a.parquet"));
        let path = place.path(&format!("t/{name}.parquet"));
        match name {
            "link" => symlink("/no/such/file", path).unwrap(),
            _ => mkfifo(&path, Mode::S_IRWXU).unwrap(),
        }
        for table in ["t=t", "t=t/*.parquet"] {
            let bench = place.bench().args(["run", "--table", table]);
            bench.args(SELECT).run().fails(2, &["`t`", name, words]);
        }
        for command in ["inspect", "learn"] {
            let bench = place.bench().args([command, "t"]);
            let more: &[&str] = if command == "learn" {
                &["-o", "c.yaml"]
            } else {
                &[]
            };
            bench.args(more).run().fails(2, &[name, words]);
        }
    }
}

#[test]
fn a_dataset_is_not_written_into_a_folder_that_is_a_table() {
    let place = Place::tiny();
    write_small(&place.path("mine/a.parquet"));
    let set = ["--set", "dataset.data_folder=mine/new", "--table", "t=mine"];
    let bench = place.bench().args(["run", "bench.yaml"]).args(set);
    let words = [
        "`t`",
        "mine/new would be written to",
        "set dataset.data_folder",
    ];
    bench
        .args(["--sql", "SELECT id FROM t"])
        .run()
        .fails(2, &words);
    assert!(!place.path("mine/new").exists());
}

#[test]
fn a_file_that_changes_while_its_trace_is_replayed_ends_the_replay() {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    write_small(&path);
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    bench
        .args(SELECT)
        .args(["--trace", "trace.jsonl"])
        .run()
        .succeeds();
    let mut running = place
        .bench()
        .args(["replay", "trace.jsonl", "--rounds", "1000000"])
        .start();
    // More than the program reads before it replays.
    let io = running.path_of("io");
    running.wait_until(|| {
        let io = fs::read_to_string(&io).ok()?;
        let read = io.lines().find_map(|line| line.strip_prefix("rchar: "))?;
        (read.parse::<u64>().ok()? > 8_000_000).then_some(())
    });
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"more")
        .unwrap();
    running
        .end()
        .fails(2, &["t/a.parquet was changed while it was used"]);
}

#[test]
fn a_source_that_is_replaced_by_one_of_the_same_size_and_time_is_another_source() {
    let place = Place::new();
    let source = place.write("mine.csv", "id,text\n1,aaaa\n");
    let generate = |place: &Place| {
        let folder = ["--set", "dataset.data_folder=out"];
        place
            .bench()
            .args(["generate", "--source", "mine.csv"])
            .args(folder)
            .run()
    };
    generate(&place).succeeds();
    let was = fs::metadata(&source).unwrap();
    fs::write(&source, "id,text\n1,bbbb\n").unwrap();
    let times = fs::FileTimes::new().set_modified(was.modified().unwrap());
    File::options()
        .write(true)
        .open(&source)
        .unwrap()
        .set_times(times)
        .unwrap();
    generate(&place).fails(2, &["out", "holds another dataset"]);
}

#[test]
fn a_foreign_file_where_a_dataset_would_be_written_stays() {
    let place = Place::tiny();
    place.generate();
    // The state after an interruption, in which another file replaces one of the dataset.
    let manifest = place.path("data/_bench_manifest.json");
    let text: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let unfinished = serde_json::json!({
        "content_fingerprint": text["content_fingerprint"],
        "layout_fingerprint": text["layout_fingerprint"],
    });
    fs::remove_file(manifest).unwrap();
    place.write("data/_bench_unfinished.json", unfinished.to_string());
    let file = place.parquet_paths("data").remove(0);
    write_small(&file);
    let theirs = fs::read(&file).unwrap();
    let output = place.bench().args(["generate", "bench.yaml"]).run();
    output.fails(2, &["is not this dataset's", "hint: move"]);
    assert_eq!(fs::read(&file).unwrap(), theirs);
}
