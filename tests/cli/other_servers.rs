//! Stores that others wrote: moto as S3, Azurite as Azure. `BENCH_TEST_MOTO` is the path of
//! `moto_server`, `BENCH_TEST_AZURITE` a folder with `node_modules` that hold `azurite` and
//! `@azure/storage-blob`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Bench, Place, TINY, at, cell};

/// A server that ends with this value.
struct OtherServer {
    child: Child,
    port: u16,
}

impl Drop for OtherServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl OtherServer {
    /// Starts a command that is given a free port, and waits until something listens there.
    fn start(command: impl FnOnce(u16) -> Command) -> OtherServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut command = command(port);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let server = OtherServer {
            child: command.spawn().unwrap(),
            port,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "nothing listens"
            );
            std::thread::yield_now();
        }
        server
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Generates, measures, inspects and cleans a dataset at a URL, and compares it with a local one.
fn every_verb(place: &Place, bench: impl Fn(&[&str]) -> Bench) {
    let local = Place::tiny();
    let query = ["--sql", "SELECT region, sum(id) FROM train GROUP BY region"];
    let expected = local.record(&query);
    bench(&["generate", "bench.yaml"]).run().succeeds();
    let run = [&["run", "bench.yaml", "--format", "json"][..], &query].concat();
    let found = bench(&run).run().succeeds().json();
    for figure in ["rows", "checksum", "engine_data_bytes", "engine_ranges"] {
        let of = |record: &serde_json::Value| {
            at(cell(record, "sql/base"), &format!("iterations.0.{figure}")).clone()
        };
        assert_eq!(of(&found), of(&expected), "{figure}");
    }
    let file_bytes = |record: &serde_json::Value| at(record, "datasets.0.file_bytes").clone();
    assert_eq!(file_bytes(&found), file_bytes(&expected));
    // Parts of an upload, of which all but the last are equal.
    let large = [
        "generate",
        "bench.yaml",
        "--set",
        "dataset.parquet.columns=[{name: a, dtype: binary, size: 65536, distribution: {pool: {size: 4}}}]",
        "--set",
        "dataset.num_samples_per_file=300",
        "--set",
        "dataset.parquet.encoding=plain",
        "--set",
        "dataset.file_prefix=large",
    ];
    let folder = |suffix: &str| {
        let config = std::fs::read_to_string(place.path("bench.yaml")).unwrap();
        let line = config
            .lines()
            .find(|it| it.contains("data_folder"))
            .unwrap();
        format!(
            "dataset.data_folder={}{suffix}",
            line.split(": ").nth(1).unwrap()
        )
    };
    let other = folder("-large");
    bench(&[&large[..], &["--set", &other]].concat())
        .run()
        .succeeds();
    let cleaned = [&["clean"][..], &large[1..], &["--set", &other, "--yes"]].concat();
    bench(&cleaned).run().succeeds();
    bench(&["clean", "bench.yaml", "--yes"]).run().succeeds();
    let again = bench(&["clean", "bench.yaml", "--yes"]).run().succeeds();
    assert!(again.stderr.contains("owns no dataset"), "{}", again.stderr);
}

#[test]
#[ignore = "needs moto_server: BENCH_TEST_MOTO"]
fn moto_gives_what_was_written() {
    let program = variable("BENCH_TEST_MOTO");
    let server = OtherServer::start(|port| {
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        command
    });
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let make =
        "PUT /bucket HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(make.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let place = Place::with(&TINY.replace("data_folder: data", "data_folder: s3://bucket/data"));
    every_verb(&place, |arguments| {
        let mut bench = place.bench().args(arguments);
        let url = format!("http://127.0.0.1:{}", server.port);
        bench.command.env("AWS_ENDPOINT_URL", url);
        bench
    });
}

#[test]
#[ignore = "needs Azurite: BENCH_TEST_AZURITE"]
fn azurite_gives_what_was_written() {
    let folder = PathBuf::from(variable("BENCH_TEST_AZURITE"));
    let data = Place::new();
    let server = OtherServer::start(|port| {
        let mut command = Command::new(folder.join("node_modules/.bin/azurite-blob"));
        command.args([
            "--silent",
            "--skipApiVersionCheck",
            "--blobPort",
            &port.to_string(),
        ]);
        command.arg("--location").arg(data.root());
        command
    });
    let key =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    let endpoint = format!("http://127.0.0.1:{}/devstoreaccount1", server.port);
    let string = format!(
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={endpoint};"
    );
    let make = format!(
        "require('@azure/storage-blob').BlobServiceClient.fromConnectionString('{string}').createContainer('box').then(() => 0, \
         error => {{ console.error(error); process.exit(1) }})"
    );
    let made = Command::new("node")
        .args(["-e", &make])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let place = Place::with(&TINY.replace("data_folder: data", "data_folder: az://box/data"));
    every_verb(&place, |arguments| {
        let mut bench = place.bench().args(arguments);
        bench
            .command
            .env_remove("AZURE_STORAGE_KEY")
            .env_remove("AZURE_STORAGE_ENDPOINT")
            .env("AZURE_STORAGE_CONNECTION_STRING", &string);
        bench
    });
}
