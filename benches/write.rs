//! Compares generating and writing with encoding arrays that exist already, with the same
//! properties: the limit is arrow-rs's encoder. Both sides write whole files of the same rows to
//! the same folder, in turn.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use criterion::{Criterion, criterion_group, criterion_main};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowWriterOptions, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet_bench::cancel::Cancel;
use parquet_bench::config::{Config, Overrides, Source, load};
use parquet_bench::dataset::{DatasetPlan, ensure};
use parquet_bench::session::Datasets;
use parquet_bench::storage::Stores;
use tokio::runtime::Runtime;

/// Pairs of measurements. The median of their ratios is printed.
const PAIRS: usize = 5;

const THREADS: usize = 2;

/// Name, keys of the dataset, and true if pages are plain and without statistics.
fn schemas() -> Vec<(&'static str, String, bool)> {
    let recommender: String = (0..200)
        .map(|column| {
            let dtype = ["float16", "float64", "float32", "int8", "int64"][column % 5];
            format!("      - {{ name: f{column}, dtype: {dtype} }}\n")
        })
        .collect();
    let image = |layout: &str| {
        format!(
            "      - {{ name: image, dtype: float32, size: 65536 }}\n    vector_layout: {layout}\n"
        )
    };
    let mixed = "      - { name: id, dtype: int64, distribution: sequence }
      - { name: user, dtype: int64, distribution: { kind: zipf, cardinality: 50000 } }
      - { name: name, dtype: string, size: 12, distribution: { kind: uniform, cardinality: 1000 } }
      - { name: text, dtype: string, distribution: words }
      - { name: price, dtype: float64, distribution: { kind: normal, mean: 100, std_dev: 20 } }
      - { name: flag, dtype: bool }
";
    let plain = "    encoding: plain\n    statistics: none\n    page_index: false\n";
    let rows = |rows: u64, group: u64, columns: &str| {
        format!(
            "  num_samples_per_file: {rows}\n  parquet:\n    row_group_size: {group}\n    columns:\n{columns}"
        )
    };
    vec![
        (
            "recommender, row groups of 6144",
            rows(122_880, 6_144, &recommender),
            false,
        ),
        (
            "recommender, row groups of 6144, plain, without statistics",
            rows(122_880, 6_144, &format!("{recommender}{plain}")),
            true,
        ),
        (
            "recommender, row groups of 65536",
            rows(131_072, 65_536, &recommender),
            false,
        ),
        (
            "image, fixed_size_list",
            rows(1024, 64, &image("fixed_size_list")),
            false,
        ),
        ("image, list", rows(1024, 64, &image("list")), false),
        ("image, binary", rows(1024, 64, &image("binary")), false),
        ("mixed", rows(1_048_576, 65_536, mixed), false),
    ]
}

fn config(folder: &Path, schema: &str, codec: &str) -> Config {
    let source = Source {
        origin: "benchmark".to_owned(),
        text: format!(
            "dataset:\n  data_folder: {}\n  num_files_train: 1\n  compression: {codec}\n{schema}",
            folder.display()
        ),
        folder: None,
    };
    load(&source, &Overrides::default()).unwrap()
}

fn generate(runtime: &Runtime, config: &Config) -> (Duration, DatasetPlan) {
    let datasets = runtime
        .block_on(Datasets::place(&Stores::default(), config))
        .unwrap();
    let plan = datasets.all[0].plan.clone();
    let started = Instant::now();
    ensure(
        &plan,
        runtime.handle(),
        THREADS,
        None,
        &Cancel::default(),
        &|_| {},
    )
    .unwrap();
    (started.elapsed(), plan)
}

/// Returns the row groups of a file, as one batch each.
fn batches(file: &Path) -> Vec<RecordBatch> {
    let open = || ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
    let groups = open().metadata().num_row_groups();
    (0..groups)
        .map(|group| {
            let rows = open().metadata().row_group(group).num_rows() as usize;
            let reader = open()
                .with_row_groups(vec![group])
                .with_batch_size(rows)
                .build()
                .unwrap();
            let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
            arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
        })
        .collect()
}

/// Encodes the columns of each row group on all threads, as fast as arrow-rs can, and syncs the
/// file.
fn encode(file: &Path, batches: &[RecordBatch], properties: &WriterProperties) -> Duration {
    let started = Instant::now();
    let schema = batches[0].schema();
    let options = ArrowWriterOptions::new().with_properties(properties.clone());
    let target = File::create(file).unwrap();
    let (mut writer, factory) = ArrowWriter::try_new_with_options(
        std::io::BufWriter::new(&target),
        Arc::clone(&schema),
        options,
    )
    .unwrap()
    .into_serialized_writer()
    .unwrap();
    for (group, batch) in batches.iter().enumerate() {
        let todo = Mutex::new(
            factory
                .create_column_writers(group)
                .unwrap()
                .into_iter()
                .enumerate(),
        );
        let done: Mutex<Vec<(usize, ArrowColumnChunk)>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    loop {
                        let next = todo.lock().unwrap().next();
                        let Some((column, mut writer)) = next else {
                            return;
                        };
                        for leaf in
                            compute_leaves(schema.field(column), batch.column(column)).unwrap()
                        {
                            writer.write(&leaf).unwrap();
                        }
                        done.lock().unwrap().push((column, writer.close().unwrap()));
                    }
                });
            }
        });
        let mut chunks = done.into_inner().unwrap();
        chunks.sort_by_key(|(column, _)| *column);
        let mut row_group = writer.next_row_group().unwrap();
        for (_, chunk) in chunks {
            chunk.append_to_row_group(&mut row_group).unwrap();
        }
        row_group.close().unwrap();
    }
    writer.close().unwrap();
    target.sync_all().unwrap();
    started.elapsed()
}

fn cost(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    println!(
        "generating and writing over encoding pre-built batches, median of {PAIRS} pairs [smallest, largest]"
    );
    // Filters like criterion: `cargo bench --bench write -- image`.
    let wanted = std::env::args()
        .skip(1)
        .find(|it| !it.starts_with('-'))
        .unwrap_or_default();
    for (name, schema, plain) in schemas()
        .into_iter()
        .filter(|(name, ..)| name.contains(&wanted))
    {
        for (codec, compression) in [
            ("none", Compression::UNCOMPRESSED),
            ("snappy", Compression::SNAPPY),
            ("zstd(3)", Compression::ZSTD(ZstdLevel::try_new(3).unwrap())),
        ] {
            let properties = WriterProperties::builder()
                .set_compression(compression)
                .set_max_row_group_row_count(None);
            let properties = match plain {
                false => properties.build(),
                true => properties
                    .set_dictionary_enabled(false)
                    .set_statistics_enabled(EnabledStatistics::None)
                    .set_offset_index_disabled(true)
                    .build(),
            };
            let mut ratios = Vec::new();
            let mut seconds = Vec::new();
            for _ in 0..PAIRS {
                let folder = tempfile::tempdir().unwrap();
                let config = config(&folder.path().join("data"), &schema, codec);
                let (generated, plan) = generate(&runtime, &config);
                let file =
                    plan.root
                        .join(&plan.tables[0].file_path(&plan.spec.file_prefix, 0, &[]));
                let batches = batches(file.local().unwrap());
                let encoded = encode(
                    &folder.path().join("encoded.parquet"),
                    &batches,
                    &properties,
                );
                ratios.push(generated.as_secs_f64() / encoded.as_secs_f64());
                seconds.push(generated.as_secs_f64());
            }
            ratios.sort_by(f64::total_cmp);
            seconds.sort_by(f64::total_cmp);
            println!(
                "{name}, {codec}: {:.2} [{:.2}, {:.2}], {:.3} s",
                ratios[PAIRS / 2],
                ratios[0],
                ratios[PAIRS - 1],
                seconds[PAIRS / 2]
            );
        }
    }
    // The time of the mixed schema alone, for comparison between versions.
    let schema = schemas().pop().unwrap().1;
    criterion.bench_function("generate/mixed", |bencher| {
        bencher.iter_custom(|iterations| {
            (0..iterations)
                .map(|_| {
                    let folder = tempfile::tempdir().unwrap();
                    generate(&runtime, &config(folder.path(), &schema, "none")).0
                })
                .sum()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = cost
}
criterion_main!(benches);
