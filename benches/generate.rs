//! Times making column values and checksumming results: the two loops of ours that touch every
//! value.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use parquet_bench::config::{Column, Overrides, Source, VectorLayout, load};
use parquet_bench::content::ColumnGenerator;
use parquet_bench::digest::{ResultDigest, logical_bytes};

const ROWS: usize = 8192;

const COLUMNS: [(&str, &str); 8] = [
    ("int8", "dtype: int8"),
    ("int64", "dtype: int64"),
    ("float32", "dtype: float32"),
    ("float64", "dtype: float64"),
    ("float64_normal", "dtype: float64, distribution: normal"),
    (
        "int64_zipf",
        "dtype: int64, distribution: { kind: zipf, cardinality: 100000 }",
    ),
    ("string", "dtype: string, size: 16"),
    ("words", "dtype: string, distribution: words"),
];

fn columns() -> Vec<Column> {
    let mut text =
        "dataset:\n  num_samples_per_file: 1000000\n  parquet:\n    columns:\n".to_owned();
    for (name, spec) in COLUMNS {
        text.push_str(&format!("      - {{ name: {name}, {spec} }}\n"));
    }
    let source = Source {
        origin: "benchmark".to_owned(),
        text,
        folder: None,
    };
    let config = load(&source, &Overrides::default()).unwrap();
    config.variants[0].dataset.clone().unwrap().columns
}

fn values(criterion: &mut Criterion) {
    let generators: Vec<(String, ColumnGenerator)> = columns()
        .iter()
        .map(|column| {
            let generator =
                ColumnGenerator::new(10, "train", column, 8_000_000, VectorLayout::FixedSizeList)
                    .unwrap();
            (column.name.clone(), generator)
        })
        .collect();
    let mut group = criterion.benchmark_group("generate");
    for (name, generator) in &generators {
        group.throughput(Throughput::Elements(ROWS as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| generator.range(0, ROWS));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("checksum");
    for (name, generator) in &generators {
        let schema = Arc::new(Schema::new(vec![generator.field()]));
        let batch =
            RecordBatch::try_new(Arc::clone(&schema), vec![generator.range(0, ROWS)]).unwrap();
        group.throughput(Throughput::Bytes(logical_bytes(&batch)));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            let mut digest = ResultDigest::new(&schema, false);
            bencher.iter(|| digest.update(&batch).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, values);
criterion_main!(benches);
