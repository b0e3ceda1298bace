//! Rows that are read back equal the rows that were drawn, whatever the layout and the number of
//! threads. Estimates made before writing hold for the written files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use parquet_bench::cancel::Cancel;
use parquet_bench::config::{Config, Overrides, Source, VectorLayout, load};
use parquet_bench::content::ColumnGenerator;
use parquet_bench::dataset::ensure;
use parquet_bench::digest::ResultDigest;
use parquet_bench::record::Checksum;
use parquet_bench::session::{Datasets, Estimate, Event, Observer, estimate, open};
use parquet_bench::storage::Stores;
use proptest::prelude::*;
use tokio::runtime::Runtime;

const ROWS: u64 = 240;

const CONFIG: &str = "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 240
  seed: 3
  parquet:
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: city, dtype: string, distribution: { kind: categorical, values: [a, 'b/c', 'd=e f'], null_fraction: 0.2 } }
      - { name: code, dtype: int16, distribution: { kind: categorical, cardinality: 3, min: -1, null_fraction: 0.1 } }
      - { name: flag, dtype: bool, distribution: { kind: uniform, null_fraction: 0.3 } }
      - { name: amount, dtype: float64, distribution: { kind: normal, null_fraction: 0.5 } }
      - { name: half, dtype: float16 }
      - { name: large, dtype: uint64 }
      - { name: text, dtype: string, distribution: { kind: words, null_fraction: 0.1 } }
      - { name: blob, dtype: binary, size: 5 }
      - { name: vector, dtype: float32, size: 3 }
      - { name: day, dtype: date32, distribution: { kind: uniform, min: 2024-01-01, max: 2024-01-09 } }
      - { name: at, dtype: timestamp(ms), time_zone: UTC, distribution: { kind: uniform, sortedness: 0.5 } }
      - { name: price, dtype: 'decimal128(12, 3)', distribution: { kind: lognormal, mean: 2, std_dev: 0.5 } }
      - { name: walk, dtype: float32, distribution: { kind: random_walk, step: 0.5 } }
      - { name: near, dtype: int32, distribution: { kind: correlated_with, column: walk, mean: 50, std_dev: 9 } }
      - { name: hot, dtype: large_string, distribution: { kind: hotspot, cardinality: 30, length: { max: 9 } } }
      - { name: key, dtype: int64, distribution: { kind: distinct, min: 0, max: 239 } }
      - { name: link, dtype: string, distribution: { kind: template, template: 'x-{zipf}-{uuid}' } }
      - { name: pair, dtype: struct, fields: [{ name: x, dtype: int8 }, { name: l, dtype: list, distribution: { length: { max: 3 }, null_fraction: 0.2 }, item: { dtype: float64 } }] }
      - { name: sparse, dtype: int8, size: 4, distribution: { kind: uniform, null_fraction: 0.4 } }
";
const COLUMNS: &str = "id, city, code, flag, amount, half, large, text, blob, vector, day, at, price, walk, near, hot, key, \
     link, pair, sparse";

/// Values that no encoding makes much smaller, and columns to partition by.
const RANDOM: &str = "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 240
  parquet:
    columns:
      - { name: id, dtype: int64, distribution: { kind: uniform } }
      - { name: city, dtype: string, distribution: { kind: categorical, values: [a, 'b/c', 'd=e f'], null_fraction: 0.2 } }
      - { name: code, dtype: int16, distribution: { kind: categorical, cardinality: 3, min: -1, null_fraction: 0.1 } }
      - { name: flag, dtype: bool, distribution: { kind: uniform, null_fraction: 0.3 } }
      - { name: day, dtype: date32, distribution: { kind: uniform, min: 2024-01-01, max: 2024-01-09 } }
      - { name: amount, dtype: float64 }
      - { name: walk, dtype: float32 }
      - { name: count, dtype: int32, distribution: { kind: uniform, null_fraction: 0.2 } }
      - { name: link, dtype: string, size: 24 }
      - { name: blob, dtype: binary, size: 60 }
      - { name: vector, dtype: float32, size: 12 }
";

struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

fn config(set: Vec<String>) -> Config {
    let scenario = format!("scenarios: [{{ name: all, sql: 'SELECT {COLUMNS} FROM train' }}]\n");
    config_of(format!("{CONFIG}{scenario}"), set)
}

fn config_of(text: String, set: Vec<String>) -> Config {
    let source = Source {
        origin: "the test".to_owned(),
        text,
        folder: None,
    };
    let overrides = Overrides {
        set,
        ..Overrides::default()
    };
    load(&source, &overrides).unwrap()
}

/// Checksum of the rows as they are drawn, without a file in between.
static DRAWN: LazyLock<Checksum> = LazyLock::new(|| {
    let config = config(Vec::new());
    let dataset = config.variants[0].dataset.as_ref().unwrap();
    let columns = dataset.columns.iter().map(|column| {
        let layout = VectorLayout::FixedSizeList;
        let columns = &dataset.columns;
        let column_of =
            ColumnGenerator::among(dataset.seed, "train", column, columns, ROWS, layout);
        (
            column.name.clone(),
            column_of.unwrap().range(0, ROWS as usize),
            true,
        )
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut digest = ResultDigest::new(&batch.schema(), false);
    digest.update(&batch).unwrap();
    digest.finish()
});

#[derive(Debug, Clone)]
struct Layout {
    codec: &'static str,
    row_group: String,
    vectors: &'static str,
    partition_by: &'static str,
    more: Vec<&'static str>,
    /// Rows are numbered over the whole table, so the number of files does not change them.
    files: u64,
    subfolders: u64,
    writers: usize,
    readers: usize,
    batch: u64,
}

fn layouts() -> impl Strategy<Value = Layout> {
    let row_group = prop_oneof![
        (1_u64..300).prop_map(|rows| format!("row_group_size={rows}")),
        (200_u64..20_000).prop_map(|bytes| format!("row_group_bytes={bytes}")),
    ];
    (
        prop::sample::select(vec![
            "none", "snappy", "gzip(0)", "gzip(9)", "brotli", "lz4", "zstd", "zstd(22)",
        ]),
        row_group,
        prop::sample::select(vec!["fixed_size_list", "list", "binary"]),
        prop::sample::select(vec!["[]", "[city]", "[flag, code]", "[code, city, day]"]),
        prop::sample::subsequence(
            vec![
                "sort_by=[amount desc, id]",
                "sort_scope=row_group",
                "encoding=plain",
                "encoding=dictionary",
                "columns.id.parquet.encoding=delta_binary_packed",
                "columns.walk.parquet.encoding=byte_stream_split",
                "columns.link.parquet.compression=brotli",
                "data_page_rows=7",
                "data_page_bytes=300",
                "dictionary_page_bytes=64",
                "writer_version=2",
                "statistics=none",
                "bloom_filter=true",
            ],
            0..6,
        ),
        prop::sample::select(vec![1_u64, 2, 3, 4, 240]),
        0_u64..4,
        1_usize..5,
        1_usize..5,
        1_u64..500,
    )
        .prop_map(
            |(
                codec,
                row_group,
                vectors,
                partition_by,
                more,
                files,
                subfolders,
                writers,
                readers,
                batch,
            )| Layout {
                codec,
                row_group,
                vectors,
                partition_by,
                more,
                files,
                subfolders,
                writers,
                readers,
                batch,
            },
        )
}

/// Returns a layout as keys of the config.
fn keys(layout: &Layout, folder: &Path) -> Vec<String> {
    let mut set = vec![
        format!("dataset.data_folder={}", folder.display()),
        format!("dataset.compression={}", layout.codec),
        format!("dataset.parquet.{}", layout.row_group),
        format!("dataset.parquet.vector_layout={}", layout.vectors),
        format!("dataset.parquet.partition_by={}", layout.partition_by),
        format!("dataset.num_files_train={}", layout.files),
        format!("dataset.num_samples_per_file={}", ROWS / layout.files),
        format!("dataset.num_subfolders_train={}", layout.subfolders),
        format!("reader.read_threads={}", layout.readers),
        format!("reader.batch_size={}", layout.batch),
    ];
    let sorted = layout.more.iter().any(|key| key.starts_with("sort_by"));
    set.extend(
        layout
            .more
            .iter()
            .filter(|key| sorted || !key.starts_with("sort_scope"))
            .map(|key| format!("dataset.parquet.{key}")),
    );
    set
}

/// Writes the dataset, and returns the estimate that was made before.
fn write(config: &Config, runtime: &Runtime, writers: usize) -> Estimate {
    let datasets = runtime
        .block_on(Datasets::place(&Stores::default(), config))
        .unwrap();
    let plan = &datasets.all[0].plan;
    let estimated = estimate(plan).unwrap();
    let cancel = Cancel::default();
    let handle = runtime.handle();
    let written = ensure(plan, handle, writers, None, &cancel, &|_| {});
    assert!(written.unwrap().files_written > 0);
    estimated
}

/// Returns the bytes of all files below a folder, the bytes of the disk including those of the
/// folders, and the number of files and folders.
fn taken(folder: &Path) -> (u64, u64, u64) {
    let own = fs::metadata(folder).unwrap();
    let mut sum = (0, own.blocks() * 512, 1);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = fs::metadata(&path).unwrap();
        let (bytes, blocks, inodes) = match found.is_dir() {
            true => taken(&path),
            false => (found.len(), found.blocks() * 512, 1),
        };
        sum = (sum.0 + bytes, sum.1 + blocks, sum.2 + inodes);
    }
    sum
}

fn read_back(layout: &Layout) -> (Checksum, u64) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(keys(layout, folder.path()));
    let runtime = Runtime::new().unwrap();
    write(&config, &runtime, layout.writers);
    let datasets = runtime
        .block_on(Datasets::place(&Stores::default(), &config))
        .unwrap();
    let opened = runtime
        .block_on(open(&config, &datasets, None, None, &Silent))
        .unwrap();
    let verified = runtime.block_on(opened.cells[0].cell.verify()).unwrap();
    (verified.checksum, verified.rows)
}

/// Block size of the usual file systems.
const BLOCK_BYTES: u64 = 4096;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_read_back_are_the_rows_that_were_drawn(layout in layouts()) {
        let (checksum, rows) = read_back(&layout);
        prop_assert_eq!(rows, ROWS);
        prop_assert_eq!(&checksum, &*DRAWN);
    }

    #[test]
    fn what_is_written_takes_no_more_than_its_bound(layout in layouts()) {
        let folder = tempfile::tempdir().unwrap();
        let config = config(keys(&layout, folder.path()));
        let estimated = write(&config, &Runtime::new().unwrap(), layout.writers);
        let bound = estimated.bound.unwrap();
        let (bytes, blocks, inodes) = taken(folder.path());
        prop_assert!(bytes <= bound.bytes, "{bytes} bytes for {bound:?}");
        prop_assert!(blocks <= bound.blocks, "{blocks} bytes of blocks for {bound:?}");
        prop_assert!(inodes <= bound.inodes, "{inodes} inodes for {bound:?}");
        prop_assert!(estimated.file_bytes <= bound.bytes && estimated.blocks <= bound.blocks);
    }

    #[test]
    fn the_bound_is_at_most_twice_of_what_random_values_take_without_a_codec(layout in layouts()) {
        // The value at which the writer gives up a dictionary, which begins another page, is
        // unknown.
        let times = match layout.more.contains(&"dictionary_page_bytes=64") {
            true => 3,
            false => 2,
        };
        let layout = Layout { codec: "none", ..layout };
        let more: Vec<_> = layout
            .more
            .iter()
            .filter(|key| !key.starts_with("sort_by") && !key.starts_with("sort_scope"))
            .filter(|key| !key.contains("link.parquet.compression"))
            .copied()
            .collect();
        let layout = Layout { more, ..layout };
        let folder = tempfile::tempdir().unwrap();
        let config = config_of(RANDOM.to_owned(), keys(&layout, folder.path()));
        let estimated = write(&config, &Runtime::new().unwrap(), layout.writers);
        let bound = estimated.bound.unwrap();
        let (bytes, blocks, _) = taken(folder.path());
        prop_assert!(bytes <= bound.bytes && bound.bytes <= times * bytes, "{bytes} bytes for {bound:?}");
        prop_assert!(blocks <= bound.blocks, "{blocks} bytes of blocks for {bound:?}");
        // Less is taken on file systems that keep folders in no blocks of their own. A file that
        // may be one byte too long for its blocks counts for another block.
        if layout.partition_by == "[]" {
            let most = times * blocks + bound.files * BLOCK_BYTES;
            prop_assert!(bound.blocks <= most, "{blocks} bytes of blocks for {bound:?}");
        }
    }
}
