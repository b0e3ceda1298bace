//! Measures the harness's overhead on a query: `bench`'s own iteration against the same query in a
//! bare DataFusion program, on the same files. Both exclude planning, both drain every partition.
//!
//! Before criterion's own figures, the two take turns, so that a slow minute of the machine affects
//! both, and the median of the paired ratios is printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod shared;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use datafusion::physical_plan::execute_stream_partitioned;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::StreamExt;
use parquet_bench::measure::Cell;
use parquet_bench::record::Lane;
use tokio::runtime::Runtime;

const PAIRS: usize = 61;

const QUERIES: [(&str, &str); 3] = [
    ("full_scan", "SELECT * FROM train"),
    ("projection", "SELECT number_0, number_1 FROM train"),
    (
        "filter",
        "SELECT number_0, text FROM train WHERE id >= 900000",
    ),
];

fn config(folder: &Path) -> String {
    let mut text = format!(
        "dataset:\n  data_folder: {}\n  num_files_train: 4\n  num_samples_per_file: 500000\n  compression: snappy\n  \
         parquet:\n    row_group_size: 65536\n    columns:\n      - {{ name: id, dtype: int64, distribution: sequence }}\n      \
         - {{ name: text, dtype: string, size: 16, distribution: {{ kind: uniform, cardinality: 1000 }} }}\n",
        folder.display()
    );
    for number in 0..10 {
        text.push_str(&format!(
            "      - {{ name: number_{number}, dtype: float64 }}\n"
        ));
    }
    text.push_str("scenarios:\n");
    for (name, sql) in QUERIES {
        text.push_str(&format!("  - {{ name: {name}, sql: \"{sql}\" }}\n"));
    }
    text
}

/// Returns the time of one execution as `bench` reports it, and the number of executions of which
/// it is the mean.
async fn harness(cell: &mut Cell) -> (Duration, u32) {
    let iteration = shared::iteration(cell, Lane::EndToEnd).await;
    (
        Duration::from_nanos(iteration.figures.elapsed_ns),
        iteration.figures.executions,
    )
}

/// Times the same query like a program of ten lines would: the mean of as many executions.
async fn bare(context: &SessionContext, sql: &str, executions: u32) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..executions {
        let plan = context.sql(sql).await.unwrap();
        let plan = plan.create_physical_plan().await.unwrap();
        let started = Instant::now();
        let streams = execute_stream_partitioned(plan, context.task_ctx()).unwrap();
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|mut stream| {
                tokio::spawn(async move {
                    let mut rows = 0;
                    while let Some(batch) = stream.next().await {
                        rows += batch.unwrap().num_rows();
                    }
                    rows
                })
            })
            .collect();
        let mut rows = 0;
        for task in tasks {
            rows += task.await.unwrap();
        }
        assert!(rows > 0);
        total += started.elapsed();
    }
    total / executions
}

fn scan_overhead(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let opened = shared::opened(&runtime, config(folder.path()));
    let context = Arc::new(SessionContext::new());
    let train = folder.path().join("train");
    runtime
        .block_on(context.register_parquet(
            "train",
            train.to_str().unwrap(),
            ParquetReadOptions::default(),
        ))
        .unwrap();

    for mut plan in opened.cells {
        let name = plan.record.scenario.clone();
        let sql = plan.record.sql.clone();
        let ratios: Vec<f64> = runtime.block_on(async {
            let mut ratios = Vec::new();
            // The first iteration decides how many executions an iteration has.
            harness(&mut plan.cell).await;
            let (_, executions) = harness(&mut plan.cell).await;
            for pair in 0..PAIRS {
                let (ours, theirs);
                if pair % 2 == 0 {
                    (ours, _) = harness(&mut plan.cell).await;
                    theirs = bare(&context, &sql, executions).await;
                } else {
                    theirs = bare(&context, &sql, executions).await;
                    (ours, _) = harness(&mut plan.cell).await;
                }
                ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
            }
            ratios
        });
        shared::report(&format!("{name}: harness over bare"), ratios);

        let mut group = criterion.benchmark_group(&name);
        group.sample_size(20);
        group.bench_function("harness", |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let mut total = Duration::ZERO;
                    for _ in 0..count {
                        total += harness(&mut plan.cell).await.0;
                    }
                    total
                })
            });
        });
        group.bench_function("bare", |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let mut total = Duration::ZERO;
                    for _ in 0..count {
                        total += bare(&context, &sql, 1).await;
                    }
                    total
                })
            });
        });
        group.finish();
    }
}

criterion_group!(benches, scan_overhead);
criterion_main!(benches);
