//! Queries on workers: the results and bytes of one host, and one error for whatever goes wrong.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;
use rstest::rstest;
use serde::Deserialize;
use serde_json::Value;

use crate::harness::{Bench, Output, Place, Running, TINY, at, cell};
use crate::s3::faults::{Fault, FaultProxy};
use crate::s3::{ACCESS_KEY, S3Server, SECRET_KEY};

/// Longest time until a worker that is gone has ended a run.
const A_WHILE: Duration = Duration::from_secs(10);

/// A worker of a test, which ends with this value.
struct Worker {
    child: Child,
    url: String,
    log: Arc<Mutex<String>>,
}

impl Worker {
    fn start(mut bench: Bench) -> Worker {
        let command = &mut bench.command;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let into = Arc::clone(&log);
        std::thread::spawn(move || {
            while let Some(Ok(line)) = lines.next() {
                into.lock().push_str(&format!("{line}\n"));
            }
        });
        let mut url = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut url).unwrap();
        assert!(url.ends_with('\n'), "no worker: {}", log.lock());
        std::thread::spawn(move || _ = stdout.read_to_end(&mut Vec::new()));
        Worker {
            child,
            url: url.trim().to_owned(),
            log,
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// CPU time so far, user and system, in the kernel's ticks.
    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |place: usize| fields[place].parse::<u64>().unwrap();
        number(11) + number(12)
    }

    fn wait_for(&self, words: &str) {
        let started = Instant::now();
        while !self.log.lock().contains(words) {
            assert!(started.elapsed() < A_WHILE, "{}", self.log.lock());
            std::thread::yield_now();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn worker(place: &Place, more: &[&str]) -> Worker {
    let bench = place.bench().args(["worker", "--listen", "127.0.0.1:0"]);
    Worker::start(bench.args(more))
}

/// Workers of one place.
struct Team(Vec<Worker>);

impl Team {
    fn of(place: &Place, count: usize) -> Team {
        Team((0..count).map(|_| worker(place, &[])).collect())
    }

    fn urls(&self) -> String {
        let urls: Vec<&str> = self.0.iter().map(|it| it.url.as_str()).collect();
        urls.join(",")
    }
}

/// Options that plans on workers have, for the run that is compared with them.
const ALIKE: [&str; 4] = [
    "--set",
    "datafusion.optimizer.enable_dynamic_filter_pushdown=false",
    "--set",
    "datafusion.optimizer.enable_physical_uncorrelated_scalar_subquery=false",
];

/// Scenarios of the quickstart.
const QUICKSTART: [&str; 6] = [
    "full_scan",
    "narrow_projection",
    "selective_filter",
    "partition_filter",
    "string_filter",
    "aggregation",
];

/// Queries that move rows between workers.
const REPARTITIONED: [&str; 5] = [
    "SELECT event_id FROM train UNION ALL SELECT event_id + 1 FROM train WHERE quantity > 5",
    "SELECT a.device, count(*), sum(b.quantity) FROM train a JOIN train b ON a.event_id = b.event_id + 7 GROUP BY a.device",
    "SELECT user_id, count(*), max(duration_ms) FROM train GROUP BY user_id",
    "SELECT event_id FROM train WHERE amount > (SELECT avg(amount) FROM train)",
    "SELECT event_id, amount FROM train ORDER BY amount DESC, event_id LIMIT 20",
];

/// The quickstart, smaller, with one codec, one round, and a location of its data.
fn small_quickstart(location: &str) -> Vec<String> {
    let mut arguments = vec!["run".to_owned()];
    for set in [
        "sweep=null",
        "dataset.compression=snappy",
        "dataset.num_samples_per_file=1500",
        "dataset.parquet.row_group_size=500",
        "measure.warmup=0",
        "measure.peak_memory=false",
        &format!("dataset.data_folder={location}"),
    ] {
        arguments.extend(["--set".to_owned(), set.to_owned()]);
    }
    let queries = QUICKSTART.iter().flat_map(|it| ["--query", it]);
    let sql = REPARTITIONED.iter().flat_map(|it| ["--sql", it]);
    let more = queries.chain(sql).map(str::to_owned);
    arguments.extend(more);
    arguments.extend(["--rounds", "2", "--format", "json"].map(str::to_owned));
    arguments
}

fn ids() -> impl Iterator<Item = String> {
    let sql = (1..=REPARTITIONED.len()).map(|number| format!("sql_{number}"));
    let names = QUICKSTART.iter().map(|name| (*name).to_owned());
    names.chain(sql).map(|name| format!("{name}/base"))
}

/// Sum of a metric over the scans of an iteration.
fn metric(iteration: &Value, name: &str) -> u64 {
    let scans = iteration["scans"].as_array().unwrap();
    scans
        .iter()
        .filter_map(|scan| scan["metrics"][name].as_u64())
        .sum()
}

/// Figures that workers and one host have in common.
const SAME: [&str; 8] = [
    "rows",
    "engine_ranges",
    "engine_data_bytes",
    "engine_metadata_bytes",
    "requests",
    "requested_bytes",
    "chunk_encoded_bytes",
    "chunk_compressed_bytes",
];

const SAME_METRICS: [&str; 6] = [
    "bytes_scanned",
    "output_rows",
    "row_groups_pruned_statistics_pruned",
    "row_groups_pruned_statistics_matched",
    "page_index_rows_pruned_matched",
    "page_index_rows_pruned_pruned",
];

/// Holds each cell of a run on workers against that of one host.
fn holds_against(of_workers: &Value, of_one: &Value, workers: usize) {
    for id in ids() {
        let (ours, theirs) = (cell(of_workers, &id), cell(of_one, &id));
        let (ours, theirs) = (at(ours, "iterations"), at(theirs, "iterations"));
        assert_eq!(
            (
                ours.as_array().unwrap().len(),
                theirs.as_array().unwrap().len()
            ),
            (2, 2)
        );
        assert_eq!(
            ours[0]["checksum"]["exact"], theirs[0]["checksum"]["exact"],
            "{id}"
        );
        for (ours, theirs) in ours
            .as_array()
            .unwrap()
            .iter()
            .zip(theirs.as_array().unwrap())
        {
            for figure in SAME {
                assert_eq!(ours[figure], theirs[figure], "{id}: {figure}");
            }
            for name in SAME_METRICS {
                let known = at(theirs, "scans.0.metrics").get(name);
                assert!(known.is_some(), "{id}: no metric {name}");
                assert_eq!(metric(ours, name), metric(theirs, name), "{id}: {name}");
            }
            assert!(id != "full_scan/base" || metric(ours, "bytes_scanned") > 0);
            let row_groups = |it: &Value| it["scans"][0]["row_groups_read"].clone();
            assert_eq!(row_groups(ours), row_groups(theirs), "{id}");
            the_whole_is_the_sum(ours, workers);
        }
    }
}

/// The figures of all workers add up to those of an iteration.
fn the_whole_is_the_sum(iteration: &Value, workers: usize) {
    let shares = iteration["workers"].as_array().unwrap();
    assert_eq!(shares.len(), workers);
    for figure in SAME.iter().skip(1) {
        let sum: u64 = shares.iter().map(|it| it[*figure].as_u64().unwrap()).sum();
        assert_eq!(iteration[*figure], sum, "{figure}");
    }
    let scanned = shares
        .iter()
        .map(|it| it["bytes_scanned"].as_u64().unwrap());
    assert_eq!(metric(iteration, "bytes_scanned"), scanned.sum::<u64>());
    let of_workers = shares
        .iter()
        .map(|it| it["exchanged_bytes"].as_u64().unwrap());
    let exchanged = iteration["exchanged_bytes"].as_u64().unwrap();
    assert!(
        exchanged > of_workers.sum(),
        "results reach this process, too"
    );
}

#[rstest]
#[case::two(2)]
#[case::four(4)]
fn workers_give_the_results_and_bytes_of_one_host(#[case] count: usize) {
    let place = Place::new();
    let one = place.bench().args(small_quickstart("data")).args(ALIKE);
    let one = one.run().succeeds().json();
    let team = Team::of(&place, count);
    let bench = place.bench().args(small_quickstart("data"));
    let output = bench.args(["--workers", &team.urls()]).run().succeeds();
    holds_against(&output.json(), &one, count);
}

#[rstest]
#[case::two(2)]
#[case::four(4)]
fn workers_read_from_an_object_store_what_one_host_reads(#[case] count: usize) {
    let server = S3Server::start();
    let place = Place::new();
    let with_store = |mut bench: Bench| {
        bench
            .command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_ENDPOINT_URL", server.url());
        bench
    };
    let location = "s3://bucket/data";
    let run = || with_store(place.bench().args(small_quickstart(location)));
    let one = run().args(ALIKE).run().succeeds().json();
    let team = Team(
        (0..count)
            .map(|_| {
                let bench = place.bench().args(["worker", "--listen", "127.0.0.1:0"]);
                Worker::start(with_store(bench.args(["--allow", "s3://bucket/data"])))
            })
            .collect(),
    );
    let output = run().args(["--workers", &team.urls()]).run().succeeds();
    let record = output.json();
    holds_against(&record, &one, count);
    let iteration = at(cell(&record, "full_scan/base"), "iterations.1");
    assert_eq!(at(iteration, "cache.state"), "remote");
    let attempts = at(iteration, "wire.attempts").as_u64().unwrap();
    let shares = iteration["workers"].as_array().unwrap();
    let of_workers = shares
        .iter()
        .map(|it| at(it, "wire.attempts").as_u64().unwrap());
    assert_eq!(attempts, of_workers.sum::<u64>());
    let executions = iteration["executions"].as_u64().unwrap();
    assert_eq!(
        attempts,
        iteration["requests"].as_u64().unwrap() * executions
    );
}

/// A place with [`TINY`]'s dataset of eight files.
fn place() -> Place {
    let place = Place::with(&TINY.replace("num_files_train: 2", "num_files_train: 8"));
    place.generate();
    place
}

const SUM: &str = "SELECT region, sum(id) FROM train GROUP BY region";

fn run_on(place: &Place, urls: &str, more: &[&str]) -> Output {
    let arguments = ["--workers", urls, "--sql", SUM];
    place.run(&[&arguments[..], more].concat())
}

fn record_on(place: &Place, urls: &str, more: &[&str]) -> Value {
    run_on(place, urls, &[&["--format", "json"][..], more].concat())
        .succeeds()
        .json()
}

#[test]
fn numbers_of_workers_run_one_plan_and_each_file_has_its_place() {
    let place = place();
    let team = Team::of(&place, 4);
    let arguments = ["--sweep", "workers=1,2,4", "--rounds", "3"];
    let record = record_on(&place, &team.urls(), &arguments);
    let cells = ["1", "2", "4"].map(|it| cell(&record, &format!("sql/{it}")));
    for (found, count) in cells.iter().zip([1_usize, 2, 4]) {
        assert_eq!(found["plan"], cells[0]["plan"]);
        let iterations = found["iterations"].as_array().unwrap();
        let shares = |it: &Value| -> Vec<(String, u64)> {
            let shares = it["workers"].as_array().unwrap().iter();
            let share = |it: &Value| {
                let url = it["worker"].as_str().unwrap().to_owned();
                (url, it["bytes_scanned"].as_u64().unwrap())
            };
            shares.map(share).collect()
        };
        assert_eq!(shares(&iterations[0]).len(), count);
        for iteration in iterations {
            assert_eq!(shares(iteration), shares(&iterations[0]));
            the_whole_is_the_sum(iteration, count);
        }
    }
    assert!(at(cells[0], "plan").as_str().unwrap().contains("Stage 1"));
}

#[test]
fn options_of_the_session_and_streams_reach_the_workers() {
    let place = place();
    let team = Team::of(&place, 2);
    let set = [
        "--set",
        "reader.batch_size=10",
        "--set",
        "measure.streams=3",
    ];
    let record = record_on(&place, &team.urls(), &set);
    let iteration = at(cell(&record, "sql/base"), "iterations.0");
    // 800 rows in row groups of 40, 40 and 20.
    assert_eq!(metric(iteration, "output_batches"), 80);
    assert_eq!(iteration["streams"], 3);
    let alone = place.record(&[&ALIKE[..], &["--sql", SUM], &set[2..]].concat());
    let alone = at(cell(&alone, "sql/base"), "iterations.0");
    assert_eq!(iteration["requested_bytes"], alone["requested_bytes"]);
}

#[rstest]
#[case::cold("cold")]
#[case::direct("direct")]
fn each_worker_attests_the_state_of_its_caches(#[case] cache: &str) {
    let place = Place::within(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")));
    place.write("bench.yaml", TINY);
    place.generate();
    let team = Team::of(&place, 2);
    let record = record_on(&place, &team.urls(), &["--cache", cache]);
    let iteration = at(cell(&record, "sql/base"), "iterations.0");
    assert_eq!(at(iteration, "cache.state"), cache);
    for share in iteration["workers"].as_array().unwrap() {
        assert_eq!(at(share, "cache.state"), cache);
        assert_eq!(at(share, "cache.engine"), "fresh");
        // Footers are read anew.
        assert!(share["engine_metadata_bytes"].as_u64().unwrap() > 0);
    }
    let alone = [&ALIKE[..], &["--sql", SUM, "--cache", cache]].concat();
    let alone = place.record(&alone);
    let alone = at(cell(&alone, "sql/base"), "iterations.0");
    for figure in SAME {
        assert_eq!(iteration[figure], alone[figure], "{figure}");
    }
    the_whole_is_the_sum(iteration, 2);
}

#[test]
fn a_worker_that_is_not_there_is_named() {
    let place = place();
    let team = Team::of(&place, 1);
    let urls = format!("{},http://127.0.0.1:1", team.urls());
    run_on(&place, &urls, &[]).fails(2, &["http://127.0.0.1:1", "cannot be reached"]);
    // Under another name, it is the same one.
    let port = team.0[0].url.rsplit_once(':').unwrap().1;
    let twice = format!("{},http://localhost:{port}", team.urls());
    run_on(&place, &twice, &[]).fails(2, &["localhost", "named twice"]);
    // Something that is no worker.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            use std::io::Write;
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    run_on(&place, &other, &[]).fails(2, &[&other, "does not answer as a worker does"]);
    for (bad, words) in [
        ("127.0.0.1:7000", "no URL of a worker"),
        ("ftp://host:1", "no URL of a worker"),
        ("http://host:1/path", "something comes after host and port"),
        ("http://me:secret@host:1", "user or a password"),
        ("http://host:0", "its port is missing"),
        ("http://0.0.0.0:7000", "no host has that address"),
        ("", "no URL of a worker"),
        ("http://127.0.0.1:1,http://127.0.0.1:1/", "named twice"),
    ] {
        let output = run_on(&place, bad, &[]).fails(2, &[words]);
        assert!(!output.stderr.contains("secret@"), "{}", output.stderr);
    }
}

#[test]
fn more_workers_than_there_are_are_refused() {
    let place = place();
    let team = Team::of(&place, 2);
    let sweep = ["--sweep", "workers=1,3"];
    run_on(&place, &team.urls(), &sweep).fails(2, &["3 workers", "--workers names 2"]);
    let alone = ["--set", "measure.workers=2"];
    place
        .run(&alone)
        .fails(2, &["2 workers", "--workers names 0"]);
}

#[rstest]
#[case::lanes(&["--lane", "storage"], "lane `storage`")]
#[case::trace(&["--trace", "my.trace"], "--trace")]
#[case::break_even(&["--set", "measure.break_even=true"], "measure.break_even")]
#[case::whole_files(&["--set", "dataset.parquet.read_mode=default"], "read_mode")]
#[case::filters(
    &["--set", "datafusion.optimizer.enable_dynamic_filter_pushdown=true"],
    "enable_dynamic_filter_pushdown"
)]
#[case::temporary_files(
    &["--set", "datafusion.runtime.temp_directory=/tmp"],
    "for the worker to decide"
)]
#[case::from_footers(&["--sql", "SELECT count(*) FROM train"], "its plan reads no files")]
#[case::no_table(&["--sql", "SELECT 1"], "its plan reads no files")]
fn what_workers_cannot_do_is_refused_by_name(#[case] arguments: &[&str], #[case] words: &str) {
    let place = place();
    let team = Team::of(&place, 1);
    let output = run_on(&place, &team.urls(), arguments);
    output.fails(2, &["worker", words]);
}

#[test]
fn training_does_not_go_to_workers() {
    let place = place();
    let bench = place
        .bench()
        .args(["train", "bench.yaml", "--workers", "http://127.0.0.1:1"]);
    bench.run().fails(2, &["bench train", "workers"]);
}

#[test]
fn files_that_a_worker_does_not_see_or_may_not_read_are_named() {
    let place = place();
    let elsewhere = Place::new();
    let blind = worker(&place, &["--allow", elsewhere.root().to_str().unwrap()]);
    let output = run_on(&place, &blind.url, &[]);
    output.fails(
        2,
        &[
            &blind.url,
            "img_0_of_8.parquet",
            "outside of what it may read",
        ],
    );
    assert!(
        blind.log.lock().contains("refused to open"),
        "{}",
        blind.log.lock()
    );
    // A link does not lead out of the roots.
    let allowed = place.path("allowed");
    std::fs::create_dir(&allowed).unwrap();
    std::os::unix::fs::symlink(place.path("data"), allowed.join("data")).unwrap();
    let linked = worker(&place, &["--allow", allowed.to_str().unwrap()]);
    let table = format!("t={}/data/train/*.parquet", allowed.display());
    let arguments = ["run", "--table", &table, "--sql", "SELECT id FROM t"];
    let bench = place.bench().args(arguments);
    let output = bench.args(["--workers", &linked.url]).run();
    output.fails(2, &[&linked.url, "outside of what it may read"]);
}

#[rstest]
#[case::none(None, "got none")]
#[case::wrong(Some("a-wrong-token-of-24-bytes"), "got another")]
fn a_coordinator_without_the_token_is_refused(#[case] token: Option<&str>, #[case] words: &str) {
    let place = place();
    place.write("token", "the-right-token-of-27-bytes\n");
    let guarded = worker(&place, &["--token-file", "token"]);
    let mut bench = place.bench().args(["run", "bench.yaml", "--sql", SUM]);
    bench.command.env_remove("BENCH_TOKEN");
    if let Some(token) = token {
        bench.command.env("BENCH_TOKEN", token);
    }
    let output = bench.args(["--workers", &guarded.url]).run();
    let output = output.fails(2, &[&guarded.url, "token", words]);
    assert!(
        !output.stderr.contains("the-right-token"),
        "{}",
        output.stderr
    );
    assert!(guarded.log.lock().contains("wrong or no token"));
    let right = ["--token-file", "token"];
    run_on(&place, &guarded.url, &right).succeeds();
    let elsewhere = "http://192.0.2.1:7000";
    let refused = run_on(&place, elsewhere, &right);
    refused.fails(2, &[elsewhere, "without TLS", "--plaintext"]);
    place.write("short", "too-short");
    let short = ["--token-file", "short"];
    run_on(&place, &guarded.url, &short).fails(2, &["--token-file short", "at least 16"]);
}

#[test]
fn workers_with_a_token_reach_each_other_over_tls() {
    let place = place();
    place.write("token", "the-right-token-of-27-bytes");
    let secure = ["--token-file", "token", "--tls-generate", "tls"];
    let team = Team((0..2).map(|_| worker(&place, &secure)).collect());
    assert!(team.urls().starts_with("https://"), "{}", team.urls());
    let ours = ["--token-file", "token", "--tls-ca", "tls/ca.pem"];
    let record = record_on(&place, &team.urls(), &ours);
    let iteration = at(cell(&record, "sql/base"), "iterations.0");
    the_whole_is_the_sum(iteration, 2);
    // A shuffle goes from one worker to the other.
    for share in iteration["workers"].as_array().unwrap() {
        assert!(share["exchanged_bytes"].as_u64().unwrap() > 0);
    }
    let without = ["--token-file", "token"];
    run_on(&place, &team.urls(), &without).fails(2, &["https://", "certificate"]);
}

#[test]
fn a_worker_that_other_hosts_reach_needs_a_token_and_tls() {
    let place = place();
    place.write("token", "the-right-token-of-27-bytes");
    let listen = |more: &[&str]| {
        let mut bench = place.bench().args(["worker", "--listen", "0.0.0.0:0"]);
        bench.command.env_remove("BENCH_TOKEN");
        bench.args(more).run()
    };
    listen(&["--plaintext"]).fails(2, &["--listen 0.0.0.0:0", "token", "--token-file"]);
    listen(&["--token-file", "token"]).fails(2, &["--tls-generate", "--plaintext"]);
    listen(&["--plaintext", "--token-file", "gone"]).fails(2, &["--token-file gone"]);
    listen(&[
        "--plaintext",
        "--token-file",
        "token",
        "--allow",
        "/gone/folder",
    ])
    .fails(2, &["--allow /gone/folder"]);
}

/// A run that only ends if something ends it.
fn endless_run(place: &Place, team: &Team) -> Running {
    let bench = place
        .bench()
        .args(["run", "bench.yaml", "--rounds", "100000"]);
    bench
        .args(["--workers", &team.urls(), "--sql", SUM])
        .start()
}

#[test]
fn a_second_coordinator_is_told_who_has_the_worker() {
    let place = place();
    let team = Team::of(&place, 1);
    let mut first = endless_run(&place, &team);
    first.wait_for(&place, "iteration", 1);
    run_on(&place, &team.urls(), &[]).fails(2, &[&team.urls(), "it works for", "process"]);
    first.signal(Signal::SIGINT);
    assert_eq!(first.end().code, Some(130));
    team.0[0].wait_for("no longer works for");
    run_on(&place, &team.urls(), &[]).succeeds();
}

#[rstest]
#[case::killed(Signal::SIGKILL)]
#[case::stopped(Signal::SIGSTOP)]
fn a_worker_that_is_lost_ends_the_run_with_its_name(#[case] signal: Signal) {
    let place = place();
    let team = Team::of(&place, 3);
    let mut running = endless_run(&place, &team);
    running.wait_for(&place, "iteration", 2);
    let lost = &team.0[1];
    lost.signal(signal);
    let gone = Instant::now();
    let output = running.end();
    assert!(gone.elapsed() < A_WHILE, "{:?}", gone.elapsed());
    assert_eq!(output.code, Some(1), "{output:?}");
    let output = output.says_one_error(&["worker", lost.url.as_str()]);
    for other in [&team.0[0], &team.0[2]] {
        assert!(!output.error().contains(&other.url), "{}", output.stderr);
    }
    // What was finished is kept.
    assert!(place.events("iteration") >= 2);
    let report = place.bench().arg("report").args([place.journal()]).run();
    report.succeeds();
    lost.signal(Signal::SIGCONT);
    // The others are free.
    let free = [&team.0[0], &team.0[2]].map(|it| it.url.clone()).join(",");
    team.0[0].wait_for("no longer works for");
    team.0[2].wait_for("no longer works for");
    run_on(&place, &free, &[]).succeeds();
}

/// The same on the quickstart's columns.
const LONG_ON_QUICKSTART: &str =
    "SELECT count(*) FROM train a, train b WHERE (a.event_id * b.event_id) % 1000003 = 17";

/// A query that takes minutes: each row with each of two others.
const LONG: &str =
    "SELECT count(*) FROM train a, train b, train c WHERE (a.id * b.id * c.id) % 1000003 = 17";

/// Starts a run of [`LONG`], and waits until a worker computes.
fn long_query(place: &Place, urls: &str, busy: &[&Worker]) -> Running {
    let bench = place.bench().args(["run", "bench.yaml", "--workers", urls]);
    let mut running = bench.args(["--sql", LONG]).start();
    running.wait_for(place, "cell", 1);
    let before: Vec<u64> = busy.iter().map(|it| it.cpu_ticks()).collect();
    // A second of all of them together.
    running.wait_until(|| {
        let now = busy.iter().map(|it| it.cpu_ticks());
        let grown: u64 = now.zip(&before).map(|(now, before)| now - before).sum();
        (grown > 100).then_some(())
    });
    running
}

#[rstest]
#[case::killed(Signal::SIGKILL)]
#[case::stopped(Signal::SIGSTOP)]
#[case::terminated(Signal::SIGTERM)]
fn a_worker_that_is_lost_in_the_middle_of_a_query_is_named(#[case] signal: Signal) {
    let place = place();
    let team = Team::of(&place, 2);
    let running = long_query(&place, &team.urls(), &[&team.0[0], &team.0[1]]);
    team.0[0].signal(signal);
    let gone = Instant::now();
    let output = running.end();
    assert!(gone.elapsed() < A_WHILE, "{:?}", gone.elapsed());
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&[&team.0[0].url, "is lost"]);
}

#[rstest]
#[case::interrupted(Signal::SIGINT)]
#[case::killed(Signal::SIGKILL)]
fn workers_stop_a_query_whose_coordinator_is_gone(#[case] signal: Signal) {
    let place = place();
    let team = Team::of(&place, 2);
    let running = long_query(&place, &team.urls(), &[&team.0[0], &team.0[1]]);
    running.signal(signal);
    let gone = Instant::now();
    assert_ne!(running.end().code, Some(0));
    for worker in &team.0 {
        worker.wait_for("no longer works for");
        // Two looks that are equal, with work for others in between.
        loop {
            let before = worker.cpu_ticks();
            let doctor = place.bench().args(["schema"]).run();
            doctor.succeeds();
            if worker.cpu_ticks() == before {
                break;
            }
            assert!(gone.elapsed() < A_WHILE, "{:?}", gone.elapsed());
        }
    }
}

#[test]
fn a_worker_that_still_computes_for_somebody_who_is_gone_says_so() {
    let large = TINY.replace("num_files_train: 2", "num_files_train: 8");
    let large = large.replace("num_samples_per_file: 100", "num_samples_per_file: 20000");
    let place = Place::with(&large.replace("row_group_size: 40", "row_group_size: 20000"));
    place.generate();
    let worker = worker(&place, &[]);
    // Its condition is no equality, so that each batch is held against all rows at once.
    let pairs = "SELECT count(*) FROM train a, train b WHERE (a.id * b.id) % 1000003 = 17";
    let bench = place
        .bench()
        .args(["run", "bench.yaml", "--workers", &worker.url]);
    let mut running = bench.args(["--sql", pairs]).start();
    running.wait_for(&place, "cell", 1);
    let before = worker.cpu_ticks();
    running.wait_until(|| (worker.cpu_ticks() - before > 100).then_some(()));
    running.signal(Signal::SIGKILL);
    running.end();
    worker.wait_for("no longer works for");
    let output = run_on(&place, &worker.url, &[]);
    assert_eq!(output.code, Some(2), "{output:?}");
    output.says_one_error(&[
        &worker.url,
        "still computes a query of",
        "start the worker anew",
    ]);
}

#[test]
fn a_message_that_is_too_large_is_an_error_at_once() {
    let place = place();
    let small = worker(&place, &["--max-message", "2000B"]);
    let began = Instant::now();
    let output = run_on(&place, &small.url, &[]);
    assert!(began.elapsed() < A_WHILE, "{:?}", began.elapsed());
    let output = output.says_one_error(&[&small.url, "too large", "2000"]);
    assert_eq!(output.code, Some(1), "{output:?}");
}

#[test]
fn more_memory_than_a_worker_has_is_an_error_with_its_name() {
    let place = place();
    let small = worker(&place, &["--memory-limit", "1000B"]);
    let output = run_on(&place, &small.url, &[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&[&small.url, "Resources exhausted"]);
}

#[test]
fn an_explained_plan_shows_its_stages() {
    let place = place();
    let team = Team::of(&place, 2);
    let bench = place.bench().args(["explain", "bench.yaml", "--sql", SUM]);
    let output = bench.args(["--workers", &team.urls()]).run().succeeds();
    for words in [
        "Stage 1",
        "Stage 2",
        "NetworkShuffleExec",
        "tasks=2",
        "rows: 2",
    ] {
        assert!(output.stdout.contains(words), "{}", output.stdout);
    }
}

#[test]
fn a_run_that_tolerates_losses_goes_on_with_the_rest_and_says_so() {
    let place = place();
    let team = Team::of(&place, 3);
    let arguments = ["run", "bench.yaml", "--sql", SUM, "--rounds", "400"];
    let more = ["--tolerate-lost-workers", "--format", "json"];
    let bench = place.bench().args(arguments).args(more);
    let mut running = bench.args(["--workers", &team.urls()]).start();
    running.wait_for(&place, "iteration", 20);
    let lost = &team.0[2];
    lost.signal(Signal::SIGKILL);
    let output = running.end();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stderr.contains("is lost"), "{}", output.stderr);
    let record = output.json();
    let workers = record["workers"].as_array().unwrap();
    let known: Vec<bool> = workers.iter().map(|it| it.get("lost").is_some()).collect();
    assert_eq!(known, [false, false, true]);
    let iterations = at(cell(&record, "sql/base"), "iterations")
        .as_array()
        .unwrap();
    let of = |workers: usize| {
        let found = iterations.iter().filter(|it| it["status"] == "ok");
        let shares = |it: &&Value| it["workers"].as_array().map_or(0, Vec::len) == workers;
        found.filter(shares).count()
    };
    assert_eq!(of(3) + of(2), 399, "one round failed");
    // All rows are there, whoever reads them.
    for iteration in iterations.iter().filter(|it| it["status"] == "ok") {
        assert_eq!(iteration["rows"], 2);
        assert_eq!(metric(iteration, "output_rows"), 800);
    }
    // Rounds with another number of workers do not count.
    let counted = at(cell(&record, "sql/base"), "summary.end_to_end.iterations");
    assert_eq!(counted.as_u64().unwrap() as usize, of(3).max(of(2)));
}

/// A cluster of a place, which ends with this value.
struct Cluster<'a>(&'a Place);

impl Cluster<'_> {
    fn up<'a>(place: &'a Place, arguments: &[&str]) -> (Cluster<'a>, Output) {
        let bench = place.bench().args(["cluster", "up"]);
        (Cluster(place), bench.args(arguments).run())
    }

    fn down(&self) -> Output {
        self.0.bench().args(["cluster", "down"]).run()
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        let _ = self.down();
    }
}

#[test]
fn a_cluster_starts_works_and_leaves_nothing_behind() {
    let place = place();
    run_on(&place, "cluster", &[]).fails(2, &["cluster.json", "bench cluster up 2"]);
    let before: Vec<String> = place.files().into_keys().collect();
    let (cluster, output) = Cluster::up(&place, &["2"]);
    let output = output.succeeds();
    let urls = output.stdout.trim().strip_prefix("--workers ").unwrap();
    assert_eq!(urls.split(',').count(), 2, "{urls}");
    let again = place.bench().args(["cluster", "up", "1"]).run();
    again.fails(2, &["is there already", "bench cluster down"]);
    let record = record_on(&place, "cluster", &["--record", "record.json"]);
    let known: Vec<&str> = urls.split(',').collect();
    for (worker, url) in record["workers"].as_array().unwrap().iter().zip(known) {
        assert_eq!(worker["url"], format!("{url}/"));
    }
    cluster.down().succeeds();
    let mut after: Vec<String> = place.files().into_keys().collect();
    after.retain(|name| !name.starts_with("results") && name != "record.json");
    assert_eq!(after, before);
    run_on(&place, urls, &[]).fails(2, &["cannot be reached"]);
    for bad in ["0", "65"] {
        let refused = place.bench().args(["cluster", "up", bad]).run();
        refused.fails(2, &["1 to 64 workers"]);
    }
    // A state that somebody has changed ends nobody else's process.
    let mut foreign = std::process::Command::new("sleep")
        .arg("100")
        .spawn()
        .unwrap();
    for (pid, started) in [
        (i64::from(foreign.id()), 1),
        (-1, 0),
        (0, 0),
        (99_999_999, 0),
    ] {
        let state = format!(
            r#"{{"workers": [{{"url": "x", "pid": {pid}, "started": {started}}}], "token_file": null}}"#
        );
        place.write(".bench-cluster/cluster.json", state);
        place.bench().args(["cluster", "down"]).run().succeeds();
    }
    assert!(foreign.try_wait().unwrap().is_none());
    foreign.kill().unwrap();
    foreign.wait().unwrap();
    place.write(".bench-cluster/cluster.json", "{garbage");
    let damaged = place.bench().args(["cluster", "down"]).run();
    damaged.fails(2, &["cluster.json", "remove .bench-cluster"]);
    std::fs::remove_dir_all(place.path(".bench-cluster")).unwrap();
    // Half a cluster is none.
    let refused = place
        .bench()
        .args(["cluster", "up", "2", "--allow", "/gone"]);
    refused
        .run()
        .fails(2, &["worker 1 did not start", "--allow /gone"]);
    assert!(!place.path(".bench-cluster").exists());
}

/// Each worker has a network of its own.
#[test]
#[ignore = "needs root and iproute2, to make network namespaces"]
fn workers_in_network_namespaces_give_the_results_of_one_host() {
    let place = Place::new();
    let one = place.bench().args(small_quickstart("data")).args(ALIKE);
    let one = one.run().succeeds().json();
    let (_cluster, output) = Cluster::up(&place, &["2", "--namespaces"]);
    let output = output.succeeds();
    assert!(
        output.stdout.contains("http://198.18.231.11:7000"),
        "{output:?}"
    );
    let bench = place.bench().args(small_quickstart("data"));
    let output = bench.args(["--workers", "cluster"]).run().succeeds();
    holds_against(&output.json(), &one, 2);
    // A host whose network goes away in the middle of a query.
    let bench = place.bench().args(small_quickstart("data"));
    let lost = "http://198.18.231.12:7000/";
    let mut running = bench
        .args(["--workers", "cluster", "--sql", LONG_ON_QUICKSTART])
        .start();
    running.wait_until(|| {
        let journals = place.journals();
        let has_cells = |journal: &std::path::PathBuf| {
            let text = std::fs::read_to_string(journal).unwrap_or_default();
            text.contains(r#""event":"cell""#)
        };
        (journals.len() == 3 && journals.iter().all(has_cells)).then_some(())
    });
    let down = ["link", "set", "bench-w2", "down"];
    assert!(
        std::process::Command::new("ip")
            .args(down)
            .status()
            .unwrap()
            .success()
    );
    let gone = Instant::now();
    let output = running.end();
    assert!(gone.elapsed() < A_WHILE, "{:?}", gone.elapsed());
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&[lost, "is lost"]);
    // The token is in the state of the cluster alone.
    let token = std::fs::read_to_string(place.path(".bench-cluster/token")).unwrap();
    for (name, content) in place.files() {
        let text = String::from_utf8_lossy(&content);
        assert!(
            name == ".bench-cluster/token" || !text.contains(token.trim()),
            "{name}"
        );
    }
}

#[test]
fn workers_write_one_dataset_together_and_nothing_else() {
    let alone = place();
    let config = TINY.replace("num_files_train: 2", "num_files_train: 8");
    let place = Place::with(&config);
    let writers = Team((0..3).map(|_| worker(&place, &["--generate"])).collect());
    let generate = |urls: &str, more: &[&str]| {
        let bench = place
            .bench()
            .args(["generate", "bench.yaml", "--workers", urls]);
        bench.args(more).run()
    };
    let output = generate(&writers.urls(), &[]).succeeds();
    for number in 1..=3 {
        let words = format!("worker {number}: wrote");
        assert!(output.stderr.contains(&words), "{}", output.stderr);
    }
    assert!(output.stdout.contains("800"), "{}", output.stdout);
    assert_eq!(place.parquet("data"), alone.parquet("data"));
    // One manifest, which a run takes for complete.
    let record = record_on(&place, &writers.urls(), &[]);
    assert_eq!(at(&record, "datasets.0.rows"), 800);
    assert_eq!(at(&record, "datasets.0.origin"), "generated");
    // Where it is complete, nothing is written.
    let again = generate(&writers.urls(), &[]).succeeds();
    assert!(again.stderr.contains("reusing 8 files"), "{}", again.stderr);
    let reader = worker(&place, &[]);
    let elsewhere = Place::new();
    let folder = format!("dataset.data_folder={}", elsewhere.path("data").display());
    let outside = generate(&writers.urls(), &["--set", &folder]);
    outside.fails(2, &["worker http://", "lies outside of what it may read"]);
    let new = ["--set", "dataset.data_folder=new"];
    generate(&reader.url, &new).fails(2, &[&reader.url, "it writes nothing", "--generate"]);
    assert_eq!(elsewhere.files().len() + place.parquet("new").len(), 0);
    generate(&writers.urls(), &["--rank", "0", "--world-size", "2"]).fails(2, &["--rank"]);
    // Existing rows could be anybody's.
    let source = [
        "generate",
        "--source",
        "data/train/img_0_of_8.parquet",
        "--set",
    ];
    let bench = place.bench().args(source).arg("dataset.data_folder=copy");
    let output = bench.args(["--workers", &writers.urls()]).run();
    output.fails(2, &["dataset.source", "without --workers"]);
}

#[test]
fn a_cell_without_workers_is_given_up_and_the_others_go_on() {
    let place = place();
    let team = Team::of(&place, 3);
    let arguments = ["run", "bench.yaml", "--sql", SUM, "--rounds", "200"];
    let more = ["--tolerate-lost-workers", "--sweep", "workers=1,3"];
    let bench = place.bench().args(arguments).args(more);
    let mut running = bench
        .args(["--workers", &team.urls(), "--format", "json"])
        .start();
    running.wait_for(&place, "iteration", 20);
    // The only worker of the first cell, and one that is lost while the others take over.
    team.0[0].signal(Signal::SIGKILL);
    team.0[1].signal(Signal::SIGKILL);
    let output = running.end();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stderr.contains("no other worker is left"),
        "{}",
        output.stderr
    );
    let record = output.json();
    let lost = record["workers"].as_array().unwrap().iter();
    let lost: Vec<bool> = lost.map(|it| it.get("lost").is_some()).collect();
    assert_eq!(lost, [true, true, false]);
    let last = at(cell(&record, "sql/3"), "iterations")
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(
        (&last["status"], last["workers"].as_array().unwrap().len()),
        (&Value::from("ok"), 1)
    );
    assert_eq!(last["round"], 199);
}

#[test]
fn credentials_of_a_config_do_not_go_to_workers() {
    let place = place();
    let team = Team::of(&place, 1);
    let secret = [
        "--set",
        "storage.storage_options.secret_access_key=planted-secret-of-a-test",
    ];
    let output = run_on(&place, &team.urls(), &secret);
    let address = ["--set", "storage.options.endpoint_url=http://127.0.0.1:1"];
    let refused = run_on(&place, &team.urls(), &address);
    refused.fails(2, &["storage.options.endpoint_url", "AWS_ENDPOINT_URL"]);
    let output = output.fails(2, &["storage.options.secret_access_key", "environment"]);
    assert!(
        !output.stderr.contains("planted-secret"),
        "{}",
        output.stderr
    );
    assert!(!team.0[0].log.lock().contains("planted-secret"));
}

#[test]
fn data_that_one_host_cannot_read_is_held_against_its_footers() {
    let place = place();
    let team = Team::of(&place, 2);
    let filtered = "SELECT id FROM train WHERE id > 700 AND region = 'north'";
    let arguments = ["--sql", filtered, "--set", "measure.held_against=footers"];
    let output = run_on(&place, &team.urls(), &arguments).succeeds();
    assert!(!output.stderr.contains("`sql_1`"), "{}", output.stderr);
    for words in ["`sql_2`", "measure.held_against: one_host"] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    let bad = ["--set", "measure.held_against=nothing"];
    run_on(&place, &team.urls(), &bad).fails(2, &["measure.held_against", "one_host, footers"]);
}

#[test]
fn a_result_that_one_host_does_not_give_ends_the_run() {
    let place = place();
    let team = Team::of(&place, 2);
    // Equal content gives other values each time, which the query does not say of itself.
    let random = "SELECT id, random() FROM train";
    let bench = place.bench().args(["run", "bench.yaml", "--sql", random]);
    let output = bench.args(["--workers", &team.urls()]).run();
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&["workers gave another result than this process"]);
}

#[rstest]
#[case::limited("SELECT id FROM train LIMIT 7", 7)]
#[case::limited_after_a_join("SELECT a.id FROM train a JOIN train b ON a.id = b.id LIMIT 9", 9)]
#[case::first_of_distinct("SELECT DISTINCT region FROM train LIMIT 1", 1)]
#[case::joined_with_nothing(
    "SELECT a.id FROM train a JOIN train b ON a.id = b.id WHERE b.id < 0",
    0
)]
fn queries_that_stop_early_give_their_rows(
    #[case] sql: &str,
    #[case] rows: u64,
    #[values("one_host", "footers")] held: &str,
) {
    let place = place();
    let team = Team::of(&place, 2);
    let held = format!("measure.held_against={held}");
    let arguments = [
        "--sql",
        sql,
        "--set",
        &held,
        "--format",
        "json",
        "--workers",
    ];
    let output = place
        .run(&[&arguments[..], &[&team.urls()]].concat())
        .succeeds();
    let record = output.json();
    assert_eq!(at(&record, "cells.0.iterations.0.rows"), rows);
}

/// Plans of one partition have no place of their own where an engine could divide them.
#[rstest]
#[case::one_small_file("SELECT id, region FROM train")]
#[case::limited("SELECT id FROM train LIMIT 7")]
#[case::limited_after_a_filter("SELECT id FROM train WHERE id > 20 LIMIT 7")]
#[case::added_up("SELECT region, count(*), sum(id) FROM train GROUP BY region")]
#[case::sorted("SELECT id FROM train ORDER BY region, id DESC LIMIT 9")]
#[case::joined("SELECT a.id FROM train a JOIN train b ON a.id = b.id + 1 WHERE b.id < 30")]
fn tables_of_one_partition_go_to_workers_too(#[case] sql: &str, #[values("1", "2")] threads: &str) {
    let place = Place::with(&TINY.replace("num_files_train: 2", "num_files_train: 1"));
    place.generate();
    let team = Team::of(&place, 2);
    let threads = format!("reader.read_threads={threads}");
    let common = ["--sql", sql, "--set", &threads, "--format", "json"];
    let run = |more: &[&str]| place.run(&[&common[..], more].concat()).succeeds().json();
    let one = run(&ALIKE);
    let two = run(&["--workers", &team.urls()]);
    let (one, two) = (
        at(&one, "cells.0.iterations.0"),
        at(&two, "cells.0.iterations.0"),
    );
    assert_eq!(one["rows"], two["rows"]);
    // Which rows a limit leaves, and how far a scan has read by then, is open.
    if !sql.contains("LIMIT 7") {
        assert_eq!(one["checksum"]["exact"], two["checksum"]["exact"]);
        assert_eq!(one["requested_bytes"], two["requested_bytes"]);
    }
    the_whole_is_the_sum(two, 2);
}

/// A worker's answers are checked as those of one host are.
#[test]
fn bodies_that_are_too_short_cost_retries_of_their_worker_and_no_rows() {
    let server = S3Server::start();
    let proxy = FaultProxy::before(&server);
    let place = Place::with(&TINY.replace("data_folder: data", "data_folder: s3://bucket/data"));
    let through = |mut bench: Bench, url: &str| {
        bench
            .command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env_remove("AWS_MAX_ATTEMPTS")
            .env("AWS_ENDPOINT_URL", url);
        bench
    };
    let healthy = server.url();
    let generate = place.bench().args(["generate", "bench.yaml"]);
    through(generate, &healthy).run().succeeds();
    let team = Team(
        [healthy.clone(), proxy.url()]
            .iter()
            .map(|url| {
                let bench = place.bench().args(["worker", "--listen", "127.0.0.1:0"]);
                Worker::start(through(bench.args(["--allow", "s3://bucket"]), url))
            })
            .collect(),
    );
    proxy
        .plan
        .set(2, 7, &[Fault::ShortBody, Fault::ShortChunked]);
    let arguments = ["run", "bench.yaml", "--sql", SUM, "--format", "json"];
    let bench = place.bench().args(arguments);
    let bench = bench.args(["--workers", &team.urls(), "--rounds", "3"]);
    let record = through(bench, &healthy).run().succeeds().json();
    assert!(!proxy.plan.injected.lock().is_empty());
    let mut retries = 0;
    for iteration in at(cell(&record, "sql/base"), "iterations")
        .as_array()
        .unwrap()
    {
        assert_eq!(metric(iteration, "output_rows"), 200);
        let of = |worker: &str| {
            let wire = at(iteration, worker);
            let counts = at(wire, "wire.retries").as_object().unwrap();
            counts.values().map(|it| it.as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(of("workers.0"), 0, "its store is healthy");
        retries += of("workers.1");
    }
    assert!(retries > 0);
}

/// Arguments of the program in a file of packaging/cluster, which this program takes. `--help`
/// comes last, and what comes before it must be right.
#[rstest]
#[case::compose("compose.yaml", 2)]
#[case::kubernetes("kubernetes.yaml", 2)]
fn files_for_clusters_have_arguments_that_the_program_takes(
    #[case] file: &str,
    #[case] commands: usize,
) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path.join("packaging/cluster").join(file)).unwrap();
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let document = serde_yaml::Value::deserialize(document).unwrap();
        let mut rest = vec![&document];
        while let Some(value) = rest.pop() {
            match value {
                serde_yaml::Value::Mapping(mapping) => rest.extend(mapping.values()),
                serde_yaml::Value::Sequence(items) => {
                    let words = items.iter().map(|it| it.as_str().map(str::to_owned));
                    let words: Option<Vec<String>> = words.collect();
                    let is_ours = |it: &Vec<String>| it[0] == "worker" || it[0] == "run";
                    match words.filter(|it| !it.is_empty()).filter(is_ours) {
                        Some(words) if !found.contains(&words) => found.push(words),
                        Some(_) => {}
                        None => rest.extend(items),
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!(found.len(), commands, "{found:?}");
    let place = Place::new();
    for words in found {
        let shown = place.bench().args(words).arg("--help").run().succeeds();
        assert!(shown.stdout.contains("Usage: bench"), "{shown:?}");
    }
}
