//! Times the looks at the inputs of a run (once when they are opened, and again after each
//! iteration) beside a scan.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use parquet_bench::storage::{Inputs, Location};

/// Number of files of the largest tables that are measured.
const FILES: usize = 65_536;

/// Bytes of a file: more than the look at its ends reads.
const FILE_BYTES: usize = 9 << 10;

fn files(folder: &Path) -> Vec<Location> {
    let content = vec![7_u8; FILE_BYTES];
    (0..FILES)
        .map(|file| {
            let path = folder.join(format!("{}/{file}.parquet", file / 1024));
            if file.is_multiple_of(1024) {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
            }
            fs::write(&path, &content).unwrap();
            Location::of_file(path)
        })
        .collect()
}

fn inputs(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let files = files(folder.path());
    let look = || Inputs::of(&files).unwrap();
    let mut group = criterion.benchmark_group("inputs of 65 536 files");
    group.sample_size(10);
    group.bench_function("first look", |bencher| bencher.iter(|| black_box(look())));
    let inputs = look();
    group.bench_function("look again", |bencher| {
        bencher.iter(|| inputs.check().unwrap());
    });
    group.finish();
}

criterion_group!(benches, inputs);
criterion_main!(benches);
