//! Measures the overhead of a training loop over a bare scan of the same columns: 40 of 200
//! columns, row groups of 6144 rows, files in the page cache, steps that compute for no time.
//!
//! A pass and a scan take turns, so that a slow minute of the machine affects both, and the median
//! of the paired ratios of their rates is printed before criterion's own figures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod shared;

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use parquet_bench::config::{Computation, ReadMode, Tensors};
use parquet_bench::loader::{EpochKey, Pass, TrainingTable};
use parquet_bench::record::Lane;
use tokio::runtime::Runtime;

const PAIRS: usize = 31;

/// Types of the columns, in turn, as the recommender's are mixed.
const TYPES: [&str; 5] = ["float16", "float32", "float64", "int8", "float32"];

fn config(folder: &Path) -> String {
    let mut text = format!(
        "dataset:\n  data_folder: {}\n  num_files_train: 4\n  num_samples_per_file: 245760\n  parquet:\n    row_group_size: 6144\n    \
         columns:\n",
        folder.display()
    );
    for number in 0..200 {
        let (dtype, read) = (TYPES[number % TYPES.len()], number % 5 == number / 40);
        text.push_str(&format!(
            "      - {{ name: f{number}, dtype: {dtype}, read: {read} }}\n"
        ));
    }
    text.push_str("reader: { batch_size: 16384, read_threads: 2 }\n");
    text
}

fn pass() -> Pass {
    Pass {
        lane: Lane::EndToEnd,
        key: EpochKey::new(1, 1, true),
        world: 1,
        local: 0..1,
        barrier: false,
        batch_rows: 16384,
        drop_last: false,
        steps: None,
        prefetched: 2,
        readers: 2,
        shuffles_files: false,
        window: None,
        kept_row_groups: 1,
        computation: Computation::Constant(0.0),
    }
}

fn training(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = config(folder.path());
    let mut scan = shared::opened(&runtime, text.clone()).cells.remove(0).cell;
    for tensors in [Tensors::None, Tensors::PerDtype, Tensors::One] {
        let cell = shared::opened(&runtime, text.clone()).cells.remove(0).cell;
        let table = TrainingTable::new(cell, ReadMode::RowGroup, tensors);
        let table = runtime.block_on(table).unwrap();
        let pass = pass();
        let shares = table.shares(&pass);
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            let made = runtime.block_on(table.pass(&pass, &shares)).unwrap();
            let scanned = runtime.block_on(shared::iteration(&mut scan, Lane::EndToEnd));
            let loop_ns = made.steps[0].elapsed_ns as f64;
            ratios.push(scanned.figures.elapsed_ns as f64 / loop_ns);
        }
        let what = format!(
            "rows/s of a training loop, tensors `{}`, over those of a scan",
            tensors.name()
        );
        shared::report(&what, ratios);
        criterion.bench_function(&format!("training/{}", tensors.name()), |bencher| {
            bencher.iter(|| {
                runtime
                    .block_on(table.pass(&pass, &shares))
                    .unwrap()
                    .elapsed
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = training
}
criterion_main!(benches);
