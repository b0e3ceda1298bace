//! Measures the overhead of lanes and of recording.
//!
//! It compares the lane `storage` with a bare loop of preads: the same ranges of the same files in
//! the page cache, with as many threads. And it compares a full scan whose ranges are recorded with
//! one whose ranges are not. Each pair takes turns, so that a slow minute of the machine affects
//! both, and the median of the paired ratios is printed before criterion's own figures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod shared;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use parquet_bench::config::RequestSettings;
use parquet_bench::engine::{measured, plan};
use parquet_bench::measure::{Cell, execute};
use parquet_bench::observe::{Ledger, MeasuredStore};
use parquet_bench::record::Lane;
use parquet_bench::storage::{ByteSource, Trace, local_file};
use tokio::runtime::Runtime;

const PAIRS: usize = 61;

fn config(folder: &Path) -> String {
    let mut text = format!(
        "dataset:\n  data_folder: {}\n  num_files_train: 4\n  num_samples_per_file: 500000\n  parquet:\n    row_group_size: 65536\n    \
         columns:\n",
        folder.display()
    );
    for number in 0..14 {
        text.push_str(&format!(
            "      - {{ name: number_{number}, dtype: float64 }}\n"
        ));
    }
    text.push_str("scenarios:\n  - { name: scan, sql: SELECT * FROM train }\n");
    text
}

/// Reads the ranges of a trace with a thread per stream, each with a buffer of its own. Each file
/// is opened once per stream.
fn bare(trace: &Arc<Trace>) -> Duration {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for stream in &trace.streams {
            scope.spawn(move || {
                let mut buffer = Vec::new();
                let mut open: Option<(usize, File)> = None;
                for call in stream {
                    if open.as_ref().is_none_or(|(file, _)| *file != call.file) {
                        let path = local_file(&trace.files[call.file]).unwrap();
                        open = Some((call.file, File::open(path).unwrap()));
                    }
                    let (_, file) = open.as_ref().unwrap();
                    for (start, end) in &call.ranges {
                        let length = (end - start) as usize;
                        if buffer.len() < length {
                            buffer.resize(length, 0);
                        }
                        file.read_exact_at(&mut buffer[..length], *start).unwrap();
                    }
                }
            });
        }
    });
    started.elapsed()
}

async fn iteration(cell: &mut Cell, lane: Lane) -> Duration {
    let iteration = shared::iteration(cell, lane).await;
    Duration::from_nanos(iteration.figures.elapsed_ns)
}

/// Makes as many replays as an iteration, and returns the mean of their times.
fn bare_iteration(trace: &Arc<Trace>) -> Duration {
    const REPLAYS: u32 = 3;
    (0..REPLAYS).map(|_| bare(trace)).sum::<Duration>() / REPLAYS
}

/// Executes a cell's query once, with or without recording its ranges.
async fn executed(cell: &Cell, recording: bool) -> Duration {
    let ledger = Arc::new(Ledger::default());
    let mut store = MeasuredStore::new(
        cell.store(),
        &ByteSource::Store,
        &RequestSettings::default(),
        &ledger,
    );
    if recording {
        store = store.recording();
    }
    let context = measured(
        &cell.context,
        cell.reader(),
        cell.store().url(),
        store.objects(),
    )
    .unwrap();
    let planned = plan(&context, &cell.scenario.sql).await.unwrap();
    let found = execute(&planned.physical, &context.task_ctx(), None).await;
    assert_eq!(store.recorded().ranges() > 0, recording);
    found.unwrap().elapsed
}

fn lanes(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut opened = shared::opened(&runtime, config(folder.path()));
    let cell = &mut opened.cells[0].cell;
    let trace = runtime.block_on(cell.recorded()).unwrap();
    eprintln!(
        "{} ranges, {} bytes, {} streams",
        trace.ranges(),
        trace.bytes(),
        trace.streams.len()
    );

    let mut speeds = Vec::new();
    let mut costs = Vec::new();
    for pair in 0..PAIRS {
        let (ours, theirs);
        let (with, without);
        if pair % 2 == 0 {
            ours = runtime.block_on(iteration(cell, Lane::Storage));
            theirs = bare_iteration(&trace);
            with = runtime.block_on(executed(cell, true));
            without = runtime.block_on(executed(cell, false));
        } else {
            theirs = bare_iteration(&trace);
            ours = runtime.block_on(iteration(cell, Lane::Storage));
            without = runtime.block_on(executed(cell, false));
            with = runtime.block_on(executed(cell, true));
        }
        speeds.push(theirs.as_secs_f64() / ours.as_secs_f64());
        costs.push(with.as_secs_f64() / without.as_secs_f64());
    }
    shared::report("speed of the lane storage over that of bare preads", speeds);
    shared::report(
        "time of a recorded scan over that of one that is not",
        costs,
    );

    let mut group = criterion.benchmark_group("lanes");
    group.sample_size(20);
    group.bench_function("bare preads", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| bare(&trace)).sum());
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
    group.bench_function("end_to_end, recorded", |bencher| {
        bencher.iter_custom(|count| {
            (0..count)
                .map(|_| runtime.block_on(executed(cell, true)))
                .sum()
        });
    });
    group.finish();
}

criterion_group!(benches, lanes);
criterion_main!(benches);
