//! The rows that are read back are the rows that were drawn, whatever the layout and however many threads write and read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use object_store::ObjectStore;
use parquet_bench::config::{Config, Overrides, Source, VectorLayout, load};
use parquet_bench::dataset::content::ColumnGenerator;
use parquet_bench::dataset::{Cancel, ensure};
use parquet_bench::measure::checksum::{Checksum, ResultDigest};
use parquet_bench::run::{Datasets, Event, Observer, open};
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
      - { name: sparse, dtype: int8, size: 4, distribution: { kind: uniform, null_fraction: 0.4 } }
";
const COLUMNS: &str = "id, city, code, flag, amount, half, large, text, blob, vector, sparse";

struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

fn config(set: Vec<String>) -> Config {
    let source = Source {
        origin: "the test".to_owned(),
        text: format!("{CONFIG}scenarios: [{{ name: all, sql: 'SELECT {COLUMNS} FROM train' }}]\n"),
        folder: None,
    };
    let overrides = Overrides {
        set,
        ..Overrides::default()
    };
    load(&source, &overrides).unwrap()
}

/// Of the rows as they are drawn, without a file in between.
static DRAWN: LazyLock<Checksum> = LazyLock::new(|| {
    let config = config(Vec::new());
    let dataset = config.variants[0].dataset.as_ref().unwrap();
    let columns = dataset.columns.iter().map(|column| {
        let layout = VectorLayout::FixedSizeList;
        let column_of = ColumnGenerator::new(dataset.seed, "train", column, ROWS, layout);
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
    /// Rows are numbered over the whole table, so that where files end does not change them.
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
        prop::sample::select(vec!["[]", "[city]", "[flag, code]", "[code, city, flag]"]),
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
                files,
                subfolders,
                writers,
                readers,
                batch,
            },
        )
}

fn read_back(layout: &Layout) -> (Checksum, u64) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(vec![
        format!("dataset.data_folder={}", folder.path().display()),
        format!("dataset.compression={}", layout.codec),
        format!("dataset.parquet.{}", layout.row_group),
        format!("dataset.parquet.vector_layout={}", layout.vectors),
        format!("dataset.parquet.partition_by={}", layout.partition_by),
        format!("dataset.num_files_train={}", layout.files),
        format!("dataset.num_samples_per_file={}", ROWS / layout.files),
        format!("dataset.num_subfolders_train={}", layout.subfolders),
        format!("reader.read_threads={}", layout.readers),
        format!("reader.batch_size={}", layout.batch),
    ]);
    let runtime = Runtime::new().unwrap();
    let datasets = Datasets::place(&config).unwrap();
    let store = Arc::clone(&datasets.store) as Arc<dyn ObjectStore>;
    let plan = &datasets.all[0].plan;
    let cancel = Cancel::default();
    let written = ensure(
        plan,
        &store,
        runtime.handle(),
        layout.writers,
        &cancel,
        &|_| {},
    );
    assert!(written.unwrap().files_written > 0);
    let datasets = Datasets::place(&config).unwrap();
    let opened = runtime.block_on(open(&config, &datasets, &Silent)).unwrap();
    let verified = runtime.block_on(opened.cells[0].cell.verify()).unwrap();
    (verified.checksum, verified.rows)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_read_back_are_the_rows_that_were_drawn(layout in layouts()) {
        let (checksum, rows) = read_back(&layout);
        prop_assert_eq!(rows, ROWS);
        prop_assert_eq!(&checksum, &*DRAWN);
    }
}
