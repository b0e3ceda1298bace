//! Measures reading from and writing to an S3 server on loopback, which keeps its objects in
//! memory.
//!
//! It compares the lane `storage` with object_store's own client, which fetches the same merged
//! ranges at the same concurrency and drops them, and `end_to_end` with the slower of that client
//! and the lane `compute`. It compares generation to the server with generation to a local folder.
//! Each pair takes turns, and the median of the paired ratios is printed before criterion's own
//! figures.
//!
//! `-- serve PORT` runs the server alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

#[path = "../tests/s3/mod.rs"]
mod s3;
mod shared;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, ObjectStore};
use parquet_bench::measure::Cell;
use parquet_bench::record::Lane;
use parquet_bench::storage::Trace;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const PAIRS: usize = 31;
const WRITTEN_PAIRS: usize = 9;

fn config(folder: &str, server: &s3::S3Server, columns: usize) -> String {
    let mut text = format!(
        "storage:\n  options: {{endpoint_url: '{}', access_key_id: {}, secret_access_key: {}}}\n\
         dataset:\n  data_folder: {folder}\n  num_files_train: 4\n  num_samples_per_file: 300000\n  \
         parquet:\n    row_group_size: 65536\n    columns:\n",
        server.url(),
        s3::ACCESS_KEY,
        s3::SECRET_KEY
    );
    for number in 0..columns {
        text.push_str(&format!(
            "      - {{ name: number_{number}, dtype: float64 }}\n"
        ));
    }
    text.push_str("scenarios:\n  - { name: scan, sql: SELECT * FROM train }\n");
    text
}

/// The client as it comes, without any layer of ours.
fn bare_client(server: &s3::S3Server) -> Arc<AmazonS3> {
    let built = AmazonS3Builder::new()
        .with_endpoint(server.url())
        .with_bucket_name("bucket")
        .with_region("us-east-1")
        .with_access_key_id(s3::ACCESS_KEY)
        .with_secret_access_key(s3::SECRET_KEY)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build();
    Arc::new(built.unwrap())
}

/// Fetches the ranges of a trace, with a task per stream, and drops them.
async fn bare(trace: &Arc<Trace>, client: &Arc<AmazonS3>) -> Duration {
    let started = Instant::now();
    let mut streams = JoinSet::new();
    for stream in 0..trace.streams.len() {
        let (trace, client) = (Arc::clone(trace), Arc::clone(client));
        streams.spawn(async move {
            for call in &trace.streams[stream] {
                let ranges: Vec<_> = call.ranges.iter().map(|(a, b)| *a..*b).collect();
                let file = &trace.files[call.file];
                client.get_ranges(file, &ranges).await.unwrap();
            }
        });
    }
    while let Some(stream) = streams.join_next().await {
        stream.unwrap();
    }
    started.elapsed()
}

async fn iteration(cell: &mut Cell, lane: Lane) -> Duration {
    let iteration = shared::iteration(cell, lane).await;
    Duration::from_nanos(iteration.figures.elapsed_ns)
}

fn read(criterion: &mut Criterion, server: &s3::S3Server) {
    let runtime = Runtime::new().unwrap();
    let mut opened = shared::opened(&runtime, config("s3://bucket/data", server, 14));
    let cell = &mut opened.cells[0].cell;
    let trace = runtime.block_on(cell.recorded()).unwrap();
    eprintln!(
        "{} ranges, {} bytes, {} streams",
        trace.ranges(),
        trace.bytes(),
        trace.streams.len()
    );
    let client = bare_client(server);
    let (mut lanes, mut wholes) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let (theirs, ours);
        if pair % 2 == 0 {
            theirs = runtime.block_on(bare(&trace, &client));
            ours = runtime.block_on(iteration(cell, Lane::Storage));
        } else {
            ours = runtime.block_on(iteration(cell, Lane::Storage));
            theirs = runtime.block_on(bare(&trace, &client));
        }
        let compute = runtime.block_on(iteration(cell, Lane::Compute));
        let whole = runtime.block_on(iteration(cell, Lane::EndToEnd));
        lanes.push(theirs.as_secs_f64() / ours.as_secs_f64());
        wholes.push(theirs.max(compute).as_secs_f64() / whole.as_secs_f64());
    }
    shared::report("speed of the lane storage over that of object_store", lanes);
    shared::report(
        "speed of end_to_end over that of the slower of object_store and compute",
        wholes,
    );
    let mut group = criterion.benchmark_group("remote");
    group.sample_size(10);
    group.bench_function("object_store", |bencher| {
        bencher.iter_custom(|count| {
            (0..count)
                .map(|_| runtime.block_on(bare(&trace, &client)))
                .sum()
        });
    });
    for lane in Lane::ALL {
        group.bench_function(lane.name(), |bencher| {
            bencher.iter_custom(|count| {
                (0..count)
                    .map(|_| runtime.block_on(iteration(cell, lane)))
                    .sum()
            });
        });
    }
    group.finish();
}

fn written(server: &s3::S3Server) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let write = |place: &str| {
        let started = Instant::now();
        shared::opened(&runtime, config(place, server, 14));
        started.elapsed().as_secs_f64()
    };
    let mut ratios = Vec::new();
    for pair in 0..WRITTEN_PAIRS {
        let local = folder.path().join(pair.to_string());
        let (local, remote) = (local.display().to_string(), format!("s3://bucket/{pair}"));
        let (one, other) = match pair % 2 {
            0 => (write(&local), write(&remote)),
            _ => {
                let remote = write(&remote);
                (write(&local), remote)
            }
        };
        std::fs::remove_dir_all(&local).unwrap();
        server
            .memory
            .objects
            .lock()
            .retain(|key, _| !key.starts_with(&format!("bucket/{pair}/")));
        ratios.push(one / other);
    }
    shared::report(
        "speed of generation to the server over that to a local folder",
        ratios,
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    if arguments.next().as_deref() == Some("serve") {
        let port = arguments.next().and_then(|port| port.parse().ok());
        let server = s3::S3Server::start_on(port.unwrap_or(0));
        eprintln!("{}", server.url());
        loop {
            std::thread::park();
        }
    }
    let server = s3::S3Server::start();
    written(&server);
    let mut criterion = Criterion::default().configure_from_args();
    read(&mut criterion, &server);
    criterion.final_summary();
}
