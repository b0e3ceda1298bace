//! Datasets in object stores: every verb on them, through the binary, against a server of our own.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Bench, Output, Place, TINY, at, cell};
use crate::s3::faults::{Fault, FaultProxy, RETRIED};
use crate::s3::{ACCESS_KEY, S3Server, SECRET_KEY};

/// A working folder whose config has its data in a bucket of a server.
struct Remote {
    place: Place,
    server: S3Server,
    url: String,
}

impl Remote {
    fn with(config: &str) -> Remote {
        let server = S3Server::start();
        Remote {
            place: Place::with(
                &config.replace("data_folder: data", "data_folder: s3://bucket/data"),
            ),
            url: server.url(),
            server,
        }
    }

    fn tiny() -> Remote {
        Remote::with(TINY)
    }

    /// Sends requests through a proxy from now on.
    fn through(&mut self) -> FaultProxy {
        let proxy = FaultProxy::before(&self.server);
        self.url = proxy.url();
        proxy
    }

    fn bench<const N: usize>(&self, arguments: [&str; N]) -> Bench {
        let mut bench = self.place.bench().args(arguments);
        bench
            .command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env_remove("AWS_MAX_ATTEMPTS")
            .env("AWS_ENDPOINT_URL", &self.url);
        bench
    }

    fn run(&self, more: &[&str]) -> Output {
        self.bench(["run", "bench.yaml", "--format", "json"])
            .args(more)
            .run()
    }

    fn record(&self, more: &[&str]) -> Value {
        self.run(more).succeeds().json()
    }

    /// The Parquet files of the bucket's folder `data`, by their names below it.
    fn parquet(&self) -> BTreeMap<String, Vec<u8>> {
        let objects = self.server.memory.objects.lock();
        let below = objects.iter().filter_map(|(key, object)| {
            let name = key.strip_prefix("bucket/data/")?;
            Some((name.to_owned(), object.bytes.to_vec()))
        });
        below
            .filter(|(name, _)| name.ends_with(".parquet"))
            .collect()
    }
}

fn measured<'a>(record: &'a Value, id: &str) -> &'a Value {
    at(cell(record, id), "iterations.0")
}

/// The ledger of the store and that of the network, without faults, agree.
fn all_is_counted(found: &Value) {
    let executions = found["executions"].as_u64().unwrap();
    let all = |figure: &str| found[figure].as_u64().unwrap() * executions;
    assert_eq!(at(found, "wire.attempts"), all("requests"));
    assert_eq!(at(found, "wire.received_bytes"), all("requested_bytes"));
}

#[test]
fn a_dataset_in_a_bucket_is_that_of_a_local_folder() {
    let (remote, local) = (Remote::tiny(), Place::tiny());
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    local.generate();
    assert_eq!(remote.parquet(), local.parquet("data"));
    let query = ["--sql", "SELECT region, sum(id) FROM train GROUP BY region"];
    let of_local = local.record(&query);
    let of_remote = remote.record(&query);
    let (of_local, of_remote) = (
        measured(&of_local, "sql/base"),
        measured(&of_remote, "sql/base"),
    );
    for figure in ["rows", "checksum", "engine_data_bytes", "engine_ranges"] {
        assert_eq!(of_remote[figure], of_local[figure], "{figure}");
    }
    assert_eq!(at(of_remote, "cache.state"), "remote");
    all_is_counted(of_remote);
    assert_eq!(remote.server.memory.uploads.lock().len(), 0);
}

#[test]
fn training_in_a_bucket_reads_what_it_reads_of_a_local_folder() {
    let (remote, local) = (Remote::tiny(), Place::tiny());
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    local.generate();
    let arguments = [
        "train",
        "bench.yaml",
        "--lane",
        "all",
        "--set",
        "reader.batch_size=30",
        "--set",
        "measure.engine_cache=warm",
        "--format",
        "json",
    ];
    let of_remote = remote.bench(arguments).run().succeeds().json();
    let of_local = local.bench().args(arguments).run().succeeds().json();
    for epoch in 0..3 {
        let of = |record| at(record, &format!("training.epochs.{epoch}"));
        for figure in [
            "lane",
            "rows",
            "dropped_rows",
            "engine_ranges",
            "engine_data_bytes",
        ] {
            assert_eq!(
                of(&of_remote)[figure],
                of(&of_local)[figure],
                "{epoch} {figure}"
            );
        }
    }
    let first = at(&of_remote, "training.epochs.0");
    assert_eq!(
        (&first["rows"], at(first, "cache.state")),
        (&180.into(), &"remote".into())
    );
    all_is_counted(first);
    let ahead = ["--set", "storage.prefetch_row_groups=2"];
    let ahead = remote.bench(arguments).args(ahead).run().succeeds().json();
    assert_eq!(at(&ahead, "training.epochs.0.rows"), 180);
}

#[test]
fn every_verb_takes_a_bucket() {
    let remote = Remote::tiny();
    remote.bench(["check", "bench.yaml"]).run().succeeds();
    remote.bench(["explain", "bench.yaml"]).run().succeeds();
    let shown = remote
        .bench(["inspect", "s3://bucket/data"])
        .run()
        .succeeds();
    assert!(
        shown
            .stdout
            .contains("s3://bucket/data/train/img_0_of_2.parquet"),
        "{}",
        shown.stdout
    );
    let learned = remote
        .bench(["learn", "s3://bucket/data", "--output", "my.yaml"])
        .run()
        .succeeds();
    let written = std::fs::read_to_string(remote.place.path("my.yaml")).unwrap();
    assert!(written.contains("region"), "{learned:?} {written}");
    remote
        .bench([
            "run",
            "--table",
            "t=s3://bucket/data/train",
            "--sql",
            "SELECT count(region) FROM t",
            "--rounds",
            "1",
        ])
        .run()
        .succeeds();
    remote
        .bench([
            "run",
            "--source",
            "t=s3://bucket/data/train/*.parquet",
            "--set",
            "dataset.data_folder=s3://bucket/copy",
            "--set",
            "dataset.compression=zstd",
            "--rounds",
            "1",
        ])
        .run()
        .succeeds();
    assert!(
        remote
            .server
            .keys()
            .iter()
            .any(|key| key.starts_with("bucket/copy/"))
    );
    let clean = remote
        .bench(["clean", "bench.yaml", "--yes"])
        .run()
        .succeeds();
    assert!(
        clean.stdout.contains("s3://bucket/data: "),
        "{}",
        clean.stdout
    );
    assert_eq!(remote.parquet(), BTreeMap::new());
    let left = remote.server.keys();
    assert!(
        !left.iter().any(|key| key.starts_with("bucket/data/")),
        "{left:?}"
    );
}

#[test]
fn a_folder_and_a_bucket_are_compared_in_one_run() {
    let remote = Remote::tiny();
    let record = remote.record(&["--sweep", "dataset.data_folder=here,s3://bucket/there"]);
    let states: Vec<&Value> = record["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["control"].is_null())
        .map(|cell| at(cell, "iterations.0.cache.state"))
        .collect();
    assert_eq!(states, ["warm", "remote"]);
}

/// Returns the figures of one query.
fn asked(remote: &Remote, more: &[&str]) -> Value {
    let mut all = vec!["--sql", "SELECT sum(id) FROM train"];
    all.extend(more);
    let record = remote.record(&all);
    measured(&record, "sql/base").clone()
}

/// Columns that lie apart: two of ten.
const WIDE: &str = "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 4000
  parquet:
    row_group_size: 1000
    columns:
      - { name: id, dtype: int64 }
      - { name: between, dtype: int64, size: 100 }
      - { name: late, dtype: int64 }
measure: { warmup: 0, rounds: 1, break_even: false, peak_memory: false }
scenarios: [{ name: narrow, sql: 'SELECT sum(id), sum(late) FROM train' }]
";

#[test]
fn requests_are_as_the_config_wants_them_and_every_byte_that_moves_is_counted() {
    let remote = Remote::with(WIDE);
    let narrow = |settings: &[&str]| {
        let settings = settings.iter().flat_map(|it| ["--set", it]);
        let record = remote.record(&settings.collect::<Vec<_>>());
        let found = measured(&record, "narrow/base").clone();
        let count = |name: &str| found[name].as_u64().unwrap();
        all_is_counted(&found);
        let asked = count("engine_data_bytes");
        (
            count("requests"),
            asked,
            count("requested_bytes"),
            found["checksum"].clone(),
        )
    };
    // The gap of 800 kB travels with the two columns, or does not.
    let (requests, asked, moved, result) = narrow(&[]);
    assert_eq!(requests, 4);
    assert!(moved > 20 * asked, "{moved} {asked}");
    let (requests, same, moved, other) = narrow(&["storage.coalesce_gap=0"]);
    assert_eq!((requests, same, moved), (8, asked, asked));
    assert_eq!(other, result);
    let (requests, _, whole, other) =
        narrow(&["storage.coalesce_gap=0", "storage.row_group_reads=true"]);
    assert_eq!((requests, &other), (4, &result));
    assert!(whole > 20 * asked);
    let split = ["storage.split_size=100kB", "storage.row_group_reads=true"];
    let (requests, _, split, other) = narrow(&split);
    let pieces = (whole / 4).div_ceil(100_000);
    assert_eq!((requests, split, &other), (4 * pieces, whole, &result));
    let ahead = [
        "storage.prefetch_row_groups=2",
        "storage.coalesce_gap=0",
        "reader.read_threads=1",
    ];
    let (requests, _, moved, other) = narrow(&ahead);
    assert_eq!((requests, moved, other), (8, asked, result.clone()));
    let (_, _, _, other) = narrow(&["storage.concurrency=1"]);
    assert_eq!(other, result);
}

#[test]
fn footers_are_asked_for_apart() {
    let remote = Remote::tiny();
    let fresh = ["--set", "measure.engine_cache=fresh", "--set"];
    let two = asked(
        &remote,
        &[fresh[0], fresh[1], fresh[2], "storage.footer_prefetch=0"],
    );
    let one = asked(
        &remote,
        &[
            fresh[0],
            fresh[1],
            fresh[2],
            "storage.footer_prefetch=64KiB",
        ],
    );
    let metadata = |found: &Value| found["metadata_requests"].as_u64().unwrap();
    // A file of 4 kB is in its prefetch whole: such a request touches column chunks, too.
    assert!(metadata(&two) >= 4, "{two}");
    assert!(metadata(&one) < metadata(&two), "{one} {two}");
    let warm = asked(&remote, &[]);
    assert_eq!(metadata(&warm), 0);
}

/// Right rows or one error that names the object, the range and the cause.
#[test]
fn a_faulty_network_gives_the_right_rows_or_a_clear_error() {
    let mut remote = Remote::with(WIDE);
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let right = remote.record(&[]);
    let right = &measured(&right, "narrow/base")["checksum"];
    let proxy = remote.through();
    let quick = [
        "--set",
        "storage.options.timeout=0.3s",
        "--set",
        "storage.split_size=20kB",
    ];
    for fault in RETRIED {
        proxy.plan.set(4, 7, &[fault]);
        let run = remote.run(&quick);
        let injected = proxy.plan.injected.lock().len() as u64;
        assert!(injected > 0, "{fault:?}: {}", run.stderr);
        let record = run.succeeds().json();
        let found = measured(&record, "narrow/base");
        assert_eq!(found["status"], "ok", "{fault:?}: {found}");
        assert_eq!(&found["checksum"], right, "{fault:?}");
        let retries = at(found, "wire.retries").as_object().unwrap();
        let counted: u64 = retries.values().map(|it| it.as_u64().unwrap()).sum();
        match fault {
            // A slow body is no fault.
            Fault::Slow => assert_eq!(counted, 0),
            _ => assert!(counted > 0, "{fault:?}: {found}"),
        }
    }
}

#[test]
fn a_storm_of_connections_passes() {
    let mut remote = Remote::with(WIDE);
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let right = remote.record(&[]);
    let proxy = remote.through();
    proxy.plan.storm.store(8, Ordering::SeqCst);
    let record = remote.record(&["--set", "storage.split_size=2kB"]);
    assert_eq!(proxy.plan.storm.load(Ordering::SeqCst), 0);
    let checksum = |record: &Value| measured(record, "narrow/base")["checksum"].clone();
    assert_eq!(checksum(&record), checksum(&right));
}

#[test]
fn a_store_that_always_fails_is_one_error_that_names_object_range_and_cause() {
    let mut remote = Remote::with(WIDE);
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let proxy = remote.through();
    let few = [
        "--set",
        "storage.options.timeout=0.2s",
        "--set",
        "storage.options.retries=1",
    ];
    for (fault, cause) in [
        (
            Fault::SlowDown,
            "503 (Service Unavailable): SlowDown: Please reduce your request rate.",
        ),
        (Fault::Stall, "no answer within 200ms"),
        (Fault::ShortChunked, "bytes early"),
        (Fault::ShortBody, "got an answer with a length of"),
        (Fault::WrongRange, "asked for the bytes"),
        (Fault::OtherTag, "it was replaced while it was read"),
    ] {
        *proxy.plan.only.lock() = ".parquet".to_owned();
        proxy.plan.set(1, 1, &[fault]);
        let failed = remote.run(&few);
        let error = failed.error();
        for words in ["s3://bucket/data/train/img_0_of_1.parquet", "bytes ", cause] {
            assert!(error.contains(words), "{fault:?}: {}", failed.stderr);
        }
        assert!(!error.contains("http://"), "{error}");
    }
}

#[test]
fn a_write_that_was_answered_and_not_kept_is_an_error() {
    let remote = Remote::tiny();
    remote.server.memory.lost_every.store(3, Ordering::Relaxed);
    let lost = remote.bench(["generate", "bench.yaml"]).run();
    lost.fails(
        1,
        &[
            "s3://bucket/data/",
            "answered that it kept the object",
            "it was not written",
        ],
    );
    remote.server.memory.lost_every.store(0, Ordering::Relaxed);
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let local = Place::tiny();
    local.generate();
    assert_eq!(remote.parquet(), local.parquet("data"));
}

#[test]
fn without_credentials_the_error_names_the_variables_at_once() {
    let place = Place::with(&TINY.replace("data_folder: data", "data_folder: s3://bucket/data"));
    let without = |names: [&str; 2], url: &str, words: &[&str]| {
        let mut bench = place.bench().args(["generate", "bench.yaml", "--set"]);
        bench = bench.arg(&format!("dataset.data_folder={url}"));
        for name in names.into_iter().chain(["STORAGE_EMULATOR_HOST"]) {
            bench.command.env_remove(name);
        }
        bench.run().fails(2, words);
    };
    without(
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        "s3://bucket/data",
        &["there are no credentials", "AWS_ACCESS_KEY_ID", "anonymous"],
    );
    without(
        ["AWS_SECRET_ACCESS_KEY", "X"],
        "s3://bucket/data",
        &["`AWS_ACCESS_KEY_ID` is given without `AWS_SECRET_ACCESS_KEY`"],
    );
    without(
        ["X", "Y"],
        "gs://bucket/data",
        &["GOOGLE_APPLICATION_CREDENTIALS"],
    );
    without(["X", "Y"], "az://box/data", &["AZURE_STORAGE_ACCOUNT"]);
}

/// A secret in every place that can have one is in no byte that the program leaves or prints.
#[test]
fn a_secret_is_found_in_no_byte() {
    let planted = "pl4nted-s3cret";
    let mut remote = Remote::tiny();
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let secrets = [
        SECRET_KEY.to_owned(),
        format!("{planted}-yaml"),
        format!("{planted}-set"),
        format!("{planted}-token"),
        format!("{planted}-url"),
        format!("{planted}-signature"),
        format!("{planted}-profile"),
    ];
    let place = &remote.place;
    place.write(
        "credentials",
        format!(
            "[lab]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {planted}-profile\n"
        ),
    );
    let config = TINY.replace("data_folder: data", "data_folder: s3://bucket/data");
    place.write(
        "secret.yaml",
        format!(
            "{config}storage:\n  options: {{access_key_id: {ACCESS_KEY}, secret_access_key: '{SECRET_KEY}'}}\n  \
             storage_options: {{session_token: '{planted}-yaml'}}\n"
        ),
    );
    let mut said = Vec::new();
    let mut run = |remote: &Remote, more: &[&str]| {
        let mut bench = remote.bench([]).args(more);
        bench
            .command
            .env("AWS_SESSION_TOKEN", format!("{planted}-token"))
            .env("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let output = bench.run();
        said.push(output.stdout.clone());
        said.push(output.stderr.clone());
        output
    };
    let set = format!("storage.options.sas_token={planted}-set");
    let with_all = ["run", "secret.yaml", "--set", &set, "--trace", "my.trace"];
    assert_eq!(run(&remote, &with_all).code, Some(0));
    assert_eq!(
        run(&remote, &["check", "secret.yaml", "--set", &set]).code,
        Some(0)
    );
    assert_eq!(
        run(&remote, &["run", "secret.yaml", "--format", "json"]).code,
        Some(0)
    );
    assert_eq!(run(&remote, &["explain", "secret.yaml"]).code, Some(0));
    assert_eq!(run(&remote, &["replay", "my.trace"]).code, Some(0));
    // A server of HTTP takes a user and a signature, and does not look at them.
    let plain = remote.server.plain();
    let with_user = plain.replace("http://", &format!("http://me:{planted}-url@"));
    let file = format!(
        "{with_user}/bucket/data/train/img_0_of_2.parquet?X-Amz-Signature={planted}-signature"
    );
    let table = format!("t={file}");
    let count = ["--sql", "SELECT count(id) FROM t", "--rounds", "1"];
    let read = [
        &["run", "--table", &table, "--trace", "of_http.trace"],
        &count[..],
    ]
    .concat();
    assert_eq!(run(&remote, &read).code, Some(0));
    let joined = format!("--source=t={file}");
    let rewritten = [
        &["run", &joined, "--set", "dataset.data_folder=copy"],
        &count[..],
    ]
    .concat();
    assert_eq!(run(&remote, &rewritten).code, Some(0));
    let swept = format!("tables.t={plain}/bucket/data/train/img_0_of_2.parquet,{file}");
    let first = format!("t={plain}/bucket/data/train/img_0_of_2.parquet");
    let swept = [&["run", "--sweep", &swept, "--table", &first], &count[..]].concat();
    run(&remote, &swept);
    // A wrong key is an error of the server, which says what was signed.
    let wrong = ["run", "bench.yaml", "--set", "storage.options.profile=lab"];
    assert_ne!(run(&remote, &wrong).code, Some(0));
    // The store of HTTP has user and password in its errors.
    let http = remote
        .url
        .replace("http://", &format!("http://me:{planted}-url@"));
    let at_http = format!("{http}/bucket/data/train/img_0_of_2.parquet");
    let signed = format!(
        "{}/bucket/none.parquet?X-Amz-Signature={planted}-signature",
        remote.url
    );
    let mistyped = format!("storage.options.secret_acess_key={planted}-set");
    let proxy = remote.through();
    proxy.plan.all_requests.store(true, Ordering::SeqCst);
    proxy.plan.set(1, 1, &[Fault::ServerError]);
    let faulty = at_http.replace(
        &remote.server.url()["http://".len()..],
        &proxy.url()["http://".len()..],
    );
    for table in [&at_http, &signed, &faulty] {
        let table = format!("t={table}");
        let few = "storage.options.retries=1";
        let failed = run(
            &remote,
            &[
                "run",
                "--table",
                &table,
                "--sql",
                "SELECT count(*) FROM t",
                "--set",
                few,
            ],
        );
        assert_ne!(failed.code, Some(0), "{failed:?}");
    }
    assert_eq!(
        run(&remote, &["run", "bench.yaml", "--set", &mistyped]).code,
        Some(2)
    );
    let failed = run(
        &remote,
        &["run", "secret.yaml", "--set", "storage.options.retries=1"],
    );
    assert_ne!(failed.code, Some(0));
    let mut files = remote.place.files();
    for own in ["secret.yaml", "credentials"] {
        assert!(files.remove(own).is_some());
    }
    assert!(
        files.keys().any(|name| name.ends_with(".html")),
        "{:?}",
        files.keys()
    );
    assert!(files.contains_key("my.trace"));
    let written = files
        .iter()
        .map(|(name, bytes)| (name.clone(), bytes.clone()));
    let said = said
        .iter()
        .map(|text| ("the output".to_owned(), text.clone().into_bytes()));
    for (name, bytes) in written.chain(said) {
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .position(|it| it == secret.as_bytes());
            let around = found.map(|at| {
                String::from_utf8_lossy(&bytes[at.saturating_sub(200)..at + 40]).into_owned()
            });
            assert_eq!(around, None, "{secret} in {name}");
        }
    }
}

#[test]
fn an_interrupted_upload_is_given_up() {
    let large = "
dataset:
  data_folder: data
  num_files_train: 3
  num_samples_per_file: 200
  parquet:
    row_group_size: 40
    encoding: plain
    columns: [{ name: a, dtype: binary, size: 65536, distribution: { pool: { size: 4 } } }]
measure: { warmup: 0, rounds: 1, break_even: false, peak_memory: false }
storage: { part_size: 5MiB }
";
    let remote = Remote::with(large);
    let mut running = remote.bench(["generate", "bench.yaml"]).start();
    let begun = || {
        let uploads = remote.server.memory.uploads.lock();
        uploads
            .values()
            .any(|parts| !parts.is_empty())
            .then_some(())
    };
    running.wait_until(begun);
    running.signal(Signal::SIGINT);
    assert_eq!(running.end().code, Some(130));
    assert_eq!(
        remote.server.memory.uploads.lock().len(),
        0,
        "parts are left"
    );
    let keys = remote.server.keys();
    assert!(
        !keys.iter().any(|key| key.ends_with("_bench_manifest.json")),
        "{keys:?}"
    );
    assert!(!keys.iter().any(|key| key.contains("lock")), "{keys:?}");
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    // All parts but the last have the size of the config.
    let parts = remote.server.memory.parts.lock().clone();
    assert_eq!(parts.len(), 3, "{parts:?}");
    for sizes in parts.values() {
        let whole = &sizes[..sizes.len() - 1];
        assert!(whole.iter().all(|size| *size == 5 << 20), "{sizes:?}");
    }
    let record = remote.record(&["--sql", "SELECT count(a) FROM train"]);
    assert_eq!(at(&record, "datasets.0.store.part_bytes"), 5 << 20);
    let whole = [
        "--set",
        "dataset.data_folder=s3://bucket/whole",
        "--sql",
        "SELECT count(a) FROM train",
    ];
    let record = remote.record(&whole);
    let attempts = at(&record, "datasets.0.write.wire.attempts");
    assert!(attempts.as_u64().unwrap() > 15, "{attempts}");
}

#[test]
fn a_part_size_of_its_own_makes_another_dataset() {
    let remote = Remote::tiny();
    let first = remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let other = ["generate", "bench.yaml", "--set", "storage.part_size=16MiB"];
    remote
        .bench(other)
        .run()
        .fails(2, &["s3://bucket/data", "another"]);
    let local = Place::tiny();
    local.generate();
    let same = local.bench().args(other).run().succeeds();
    assert!(
        !first.stderr.is_empty() && same.stderr.contains("reusing"),
        "{same:?}"
    );
}

#[test]
fn endpoints_share_the_requests_and_have_figures_of_their_own() {
    let remote = Remote::with(WIDE);
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let other = FaultProxy::before(&remote.server);
    let both = format!("storage.endpoints=[{}, {}]", remote.url, other.url());
    let record = remote.record(&["--set", &both, "--set", "storage.split_size=20kB"]);
    let found = measured(&record, "narrow/base");
    let endpoints = at(found, "wire.endpoints").as_array().unwrap();
    let attempts: Vec<u64> = endpoints
        .iter()
        .map(|it| it["attempts"].as_u64().unwrap())
        .collect();
    assert_eq!(
        attempts.iter().sum::<u64>(),
        at(found, "wire.attempts").as_u64().unwrap()
    );
    assert!(attempts[0].abs_diff(attempts[1]) <= 1, "{attempts:?}");
    let urls: Vec<&Value> = endpoints.iter().map(|it| &it["url"]).collect();
    assert_eq!(
        urls,
        [&Value::from(remote.url.clone()), &Value::from(other.url())]
    );
    let record = remote.record(&["--set", &both, "--set", "storage.endpoint_spread=rank"]);
    let found = measured(&record, "narrow/base");
    assert!(found["wire"].get("endpoints").is_none(), "{found}");
}

#[test]
fn the_lanes_and_kept_traces_read_the_bucket_by_the_same_client() {
    let remote = Remote::with(WIDE);
    let lanes = ["--lane", "all", "--trace", "my.trace"];
    let record = remote.record(&lanes);
    let iterations = at(cell(&record, "narrow/base"), "iterations")
        .as_array()
        .unwrap();
    let of = |lane: &str| iterations.iter().find(|it| it["lane"] == lane).unwrap();
    let (whole, storage) = (of("end_to_end"), of("storage"));
    all_is_counted(storage);
    let all_ok = |it: &Value| it["status"] == "ok";
    assert!(iterations.iter().all(all_ok), "{iterations:#?}");
    assert_eq!(storage["requests"], whole["requests"]);
    assert_eq!(of("compute")["requests"], whole["requests"]);
    assert_eq!(of("compute")["requested_bytes"], whole["requested_bytes"]);
    assert_eq!(storage["requested_bytes"], whole["requested_bytes"]);
    assert_eq!(at(of("compute"), "cache.state"), "memory");
    let replayed = remote
        .bench(["replay", "my.trace", "--format", "json"])
        .run()
        .succeeds()
        .json();
    assert_eq!(at(&replayed, "0.cache"), "remote");
    assert_eq!(at(&replayed, "0.bytes"), &whole["engine_data_bytes"]);
}

#[test]
fn a_signed_url_and_a_server_of_http_are_read_and_nothing_else() {
    let remote = Remote::tiny();
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let http = remote.server.plain();
    let file = format!("t={http}/bucket/data/train/img_0_of_2.parquet?X-Amz-Signature=abcdef");
    let count = ["--sql", "SELECT count(id) FROM t", "--rounds", "1"];
    let run = remote
        .bench(["run", "--table", &file])
        .args(count)
        .run()
        .succeeds();
    assert!(run.stdout.contains("RESULT"), "{}", run.stdout);
    let folder = format!("dataset.data_folder={http}/bucket/data");
    let run = remote
        .bench(["run", "bench.yaml", "--set", &folder])
        .run()
        .succeeds();
    assert!(run.stderr.contains("reusing 2 files"), "{}", run.stderr);
    let write = format!("dataset.data_folder={http}/bucket/new");
    let write = ["generate", "bench.yaml", "--set", &write];
    remote.bench(write).run().fails(2, &["is only read"]);
}

/// Ten seeds of more than 1,000 requests each, of which one in ten is spoilt in one of the ways.
#[test]
#[ignore = "takes minutes"]
#[allow(clippy::print_stderr)]
fn a_thousand_requests_with_faults_give_the_right_rows_or_a_clear_error() {
    let mut remote = Remote::with(WIDE);
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let right = remote.record(&[]);
    let right = measured(&right, "narrow/base")["checksum"].clone();
    let proxy = remote.through();
    *proxy.plan.only.lock() = ".parquet".to_owned();
    let quick = [
        "--set",
        "storage.options.timeout=0.2s",
        "--set",
        "storage.split_size=150B",
        "--set",
        "storage.concurrency=64",
        "--rounds",
        "2",
    ];
    let (mut requests, mut retries, mut injected, mut errors) = (0, 0, 0, 0);
    for seed in 1..=10 {
        proxy.plan.set(10, seed, &RETRIED);
        let run = remote.run(&quick);
        injected += proxy.plan.injected.lock().len();
        if run.code != Some(0) {
            errors += 1;
            run.says_one_error(&["s3://bucket/data/train/img_0_of_1.parquet", "bytes "]);
            continue;
        }
        let record = run.json();
        let iterations = at(cell(&record, "narrow/base"), "iterations");
        let mut of_seed = 0;
        for found in iterations.as_array().unwrap() {
            assert_eq!(found["status"], "ok", "{seed}: {found}");
            let checksum = &found["checksum"];
            assert!(checksum.is_null() || *checksum == right, "{seed}: {found}");
            assert_eq!(found["rows"], 1);
            of_seed += at(found, "wire.attempts").as_u64().unwrap();
            let counted = at(found, "wire.retries").as_object().unwrap();
            retries += counted.values().map(|it| it.as_u64().unwrap()).sum::<u64>();
        }
        assert!(of_seed > 1000, "{of_seed}");
        requests += of_seed;
    }
    eprintln!(
        "{requests} measured attempts, {retries} of them retries; {injected} faults in all; {errors} of 10 runs ended in an error"
    );
    assert!(injected > 1000 && retries > 500 && errors < 3);
}

#[test]
fn processes_with_ranks_write_one_dataset_of_a_bucket() {
    let (remote, local) = (Remote::tiny(), Place::tiny());
    local.generate();
    let rank = |rank: &str| {
        let arguments = [
            "generate",
            "bench.yaml",
            "--rank",
            rank,
            "--world-size",
            "2",
        ];
        remote.bench(arguments).start()
    };
    let (first, second) = (rank("0"), rank("1"));
    for running in [first, second] {
        running.end().succeeds();
    }
    assert_eq!(remote.parquet(), local.parquet("data"));
    let keys = remote.server.keys();
    assert!(
        keys.contains(&"bucket/data/_bench_manifest.json".to_owned()),
        "{keys:?}"
    );
    assert!(
        !keys.iter().any(|key| key.contains("_bench.lock")),
        "{keys:?}"
    );
}

#[test]
fn one_of_two_writers_waits_for_the_other() {
    let remote = Remote::tiny();
    let start = || remote.bench(["generate", "bench.yaml"]).start();
    let both = [start(), start()].map(|running| running.end().succeeds());
    let said = |words: &str| both.iter().filter(|it| it.stderr.contains(words)).count();
    assert_eq!(
        (said("wrote dataset"), said("reusing 2 files")),
        (1, 1),
        "{both:#?}"
    );
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let mut remote = Remote::tiny();
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    remote.url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let few = [
        "generate",
        "bench.yaml",
        "--set",
        "storage.options.retries=2",
    ];
    let address = remote.url.clone();
    let failed = remote.bench(few).run();
    failed.fails(
        1,
        &[
            "s3://bucket/data",
            &format!("no connection to {address}"),
            "the last of 3 attempts",
        ],
    );
}

#[test]
fn a_missing_object_is_written_again_and_a_replaced_one_is_named() {
    let remote = Remote::tiny();
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    let name = "bucket/data/train/img_1_of_2.parquet";
    let before = remote.server.memory.objects.lock().remove(name).unwrap();
    remote.bench(["generate", "bench.yaml"]).run().succeeds();
    assert_eq!(remote.server.object(name).unwrap(), before.bytes);
    remote
        .server
        .memory
        .keep(name.to_owned(), before.bytes.slice(..100));
    let other = remote.run(&[]);
    other.fails(2, &["s3://bucket/data/train/img_1_of_2.parquet", "100"]);
}
