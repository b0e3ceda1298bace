//! Every option of the layout, as the files have it.

use std::fs::File;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{CompressionCodec, Encoding};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::SerializedPageReader;
use rstest::rstest;

use crate::files::footers;
use crate::harness::{Output, Place, at};

const COLUMNS: &str = "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 3000
  seed: 10
  parquet:
    row_group_size: 1500
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: key, dtype: int64, distribution: { kind: uniform, cardinality: 50, null_fraction: 0.1 } }
      - { name: name, dtype: string, size: 12, distribution: { kind: uniform } }
      - { name: real, dtype: float64 }
      - { name: flag, dtype: bool }
      - { name: day, dtype: date32 }
      - { name: tags, dtype: list, distribution: { length: { max: 3 } }, item: { dtype: string, size: 3 } }
measure: { warmup: 0, rounds: 1 }
";

fn generate(place: &Place, set: &[&str]) -> Output {
    let mut arguments = vec!["generate", "bench.yaml"];
    for key in set {
        arguments.extend(["--set", key]);
    }
    place.bench().args(arguments).run()
}

fn footer(set: &[&str]) -> (Place, std::path::PathBuf, ParquetMetaData) {
    let place = Place::with(COLUMNS);
    generate(&place, set).succeeds();
    let (path, footer) = footers(&place.path("data")).remove(0);
    (place, path, footer)
}

fn chunk<'a>(footer: &'a ParquetMetaData, column: &str) -> &'a ColumnChunkMetaData {
    let chunks = footer.row_group(0).columns();
    let found = chunks
        .iter()
        .find(|chunk| chunk.column_path().parts()[0] == column);
    found.unwrap()
}

fn pages(path: &std::path::Path, column: &str) -> Vec<Page> {
    let file = std::sync::Arc::new(File::open(path).unwrap());
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let properties = ReaderProperties::builder()
        .set_read_page_statistics(true)
        .build();
    let chunk = chunk(reader.metadata(), column);
    let mut reader =
        SerializedPageReader::new_with_properties(file, chunk, 1500, None, properties.into())
            .unwrap();
    std::iter::from_fn(|| reader.get_next_page().unwrap()).collect()
}

fn data_pages(path: &std::path::Path, column: &str) -> Vec<Page> {
    let mut pages = pages(path, column);
    pages.retain(|page| !matches!(page, Page::DictionaryPage { .. }));
    pages
}

#[rstest]
#[case("name", "plain", Encoding::PLAIN)]
#[case("key", "dictionary", Encoding::RLE_DICTIONARY)]
#[case("id", "delta_binary_packed", Encoding::DELTA_BINARY_PACKED)]
#[case("day", "delta_binary_packed", Encoding::DELTA_BINARY_PACKED)]
#[case("name", "delta_length_byte_array", Encoding::DELTA_LENGTH_BYTE_ARRAY)]
#[case("name", "delta_byte_array", Encoding::DELTA_BYTE_ARRAY)]
#[case("tags", "delta_byte_array", Encoding::DELTA_BYTE_ARRAY)]
#[case("real", "byte_stream_split", Encoding::BYTE_STREAM_SPLIT)]
#[case("id", "byte_stream_split", Encoding::BYTE_STREAM_SPLIT)]
#[case("flag", "rle", Encoding::RLE)]
fn pages_are_encoded_as_asked(
    #[case] column: &str,
    #[case] encoding: &str,
    #[case] expected: Encoding,
) {
    let key = format!("dataset.parquet.columns.{column}.parquet.encoding={encoding}");
    let (_place, path, footer) = footer(&[&key]);
    let pages = data_pages(&path, column);
    assert!(!pages.is_empty());
    assert!(
        pages.iter().all(|page| page.encoding() == expected),
        "{pages:?}"
    );
    let dictionary = chunk(&footer, column).dictionary_page_offset().is_some();
    assert_eq!(dictionary, encoding == "dictionary");
}

#[test]
fn a_dictionary_that_grows_too_large_is_reported() {
    let place = Place::with(COLUMNS);
    let output = generate(
        &place,
        &[
            "dataset.parquet.columns.name.parquet.encoding=dictionary",
            "dataset.parquet.dictionary_page_bytes=1kB",
        ],
    )
    .succeeds();
    assert!(
        output
            .stderr
            .contains("fell back to other encodings: name (2 of 2 chunks)"),
        "{}",
        output.stderr
    );
    let record = place.record(&[
        "--set",
        "dataset.parquet.columns.name.parquet.encoding=dictionary",
        "--set",
        "dataset.parquet.dictionary_page_bytes=1kB",
        "--sql",
        "SELECT count(*) FROM train",
    ]);
    let columns = at(&record, "datasets.0.columns").as_array().unwrap();
    let name = columns
        .iter()
        .find(|column| column["name"] == "name")
        .unwrap();
    assert_eq!(
        (&name["chunks"], &name["fallback_chunks"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn pages_end_at_their_rows_and_at_their_bytes() {
    let (_place, path, _) = footer(&["dataset.parquet.data_page_rows=500"]);
    let rows: Vec<u32> = data_pages(&path, "id")
        .iter()
        .map(Page::num_values)
        .collect();
    assert_eq!(rows, [500, 500, 500]);
    let (_place, path, _) = footer(&[
        "dataset.parquet.data_page_rows=100",
        "dataset.parquet.data_page_bytes=4000",
        "dataset.parquet.columns.name.parquet.encoding=plain",
        "dataset.parquet.columns.real.parquet.data_page_bytes=100kB",
    ]);
    let sizes: Vec<usize> = data_pages(&path, "name")
        .iter()
        .map(|page| page.buffer().len())
        .collect();
    assert!(
        sizes.len() > 4 && sizes.iter().all(|size| *size < 6000),
        "{sizes:?}"
    );
}

#[test]
fn pages_of_nullable_columns_and_of_long_lists_pass_their_proof() {
    let place = Place::with(
        "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 60000
  parquet:
    columns:
      - { name: hardly, dtype: int64, distribution: { kind: uniform, null_fraction: 0.00001 } }
      - { name: never, dtype: string, size: 30, distribution: { kind: uniform, null_fraction: 1 } }
",
    );
    generate(&place, &[]).succeeds();
    let place = Place::with(
        "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 16
  parquet: { columns: [{ name: image, dtype: float32, size: 65536 }] }
",
    );
    for layout in ["fixed_size_list", "list", "binary"] {
        let set = format!("dataset.parquet.vector_layout={layout}");
        let folder = format!("dataset.data_folder={layout}");
        generate(&place, &[&set, &folder]).succeeds();
    }
}

#[rstest]
#[case(1)]
#[case(2)]
fn data_pages_are_of_the_version_asked_for(#[case] version: i64) {
    let (_place, path, _) = footer(&[&format!("dataset.parquet.writer_version={version}")]);
    for column in ["id", "name", "flag", "tags"] {
        for page in data_pages(&path, column) {
            let second = matches!(page, Page::DataPageV2 { .. });
            assert_eq!(second, version == 2, "{column}");
        }
    }
}

#[rstest]
#[case("none", false, false, false)]
#[case("chunk", true, true, false)]
#[case("page", true, true, true)]
fn statistics_are_where_they_were_asked_for(
    #[case] statistics: &str,
    #[case] in_footer: bool,
    #[case] in_index: bool,
    #[case] in_pages: bool,
) {
    let (_place, path, footer) = footer(&[&format!("dataset.parquet.statistics={statistics}")]);
    let chunk = chunk(&footer, "key");
    assert_eq!(chunk.statistics().is_some(), in_footer);
    assert_eq!(chunk.column_index_offset().is_some(), in_index);
    assert_eq!(chunk.offset_index_offset().is_some(), in_index);
    for page in data_pages(&path, "key") {
        assert_eq!(page.statistics().is_some(), in_pages);
    }
}

#[test]
fn a_page_index_can_be_left_out() {
    let (_place, _, footer) = footer(&["dataset.parquet.page_index=false"]);
    let chunk = chunk(&footer, "key");
    assert!(chunk.statistics().is_some());
    assert_eq!(
        (chunk.column_index_offset(), chunk.offset_index_offset()),
        (None, None)
    );
}

#[test]
fn bloom_filters_are_there_and_as_large_as_their_false_positives_want() {
    let length = |set: &[&str]| {
        let (_place, _, footer) = footer(set);
        assert!(chunk(&footer, "real").bloom_filter_offset().is_none());
        chunk(&footer, "name").bloom_filter_length().unwrap()
    };
    let of = "dataset.parquet.columns.name.parquet.bloom_filter";
    let loose = length(&[&format!("{of}_fpp=0.3")]);
    let tight = length(&[&format!("{of}_fpp=0.0001")]);
    let small = length(&[&format!("{of}_fpp=0.0001"), &format!("{of}_ndv=10")]);
    assert!(loose < tight && small < tight, "{loose} {tight} {small}");
}

#[test]
fn a_column_can_have_a_codec_of_its_own() {
    let (_place, _, footer) = footer(&[
        "dataset.compression=zstd",
        "dataset.parquet.columns.real.parquet.compression=none",
        "dataset.parquet.columns.tags.parquet.compression=gzip(2)",
    ]);
    let codec = |column| CompressionCodec::from(chunk(&footer, column).compression());
    assert_eq!(codec("id"), CompressionCodec::ZSTD);
    assert_eq!(codec("real"), CompressionCodec::UNCOMPRESSED);
    assert_eq!(codec("tags"), CompressionCodec::GZIP);
}

fn keys(path: &std::path::Path) -> Vec<Option<i64>> {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    reader
        .flat_map(|batch| {
            let batch = batch.unwrap();
            let column = batch.column_by_name("key").unwrap();
            column
                .as_primitive::<Int64Type>()
                .iter()
                .collect::<Vec<_>>()
        })
        .collect()
}

#[rstest]
#[case("file", "key", false)]
#[case("row_group", "key", false)]
#[case("file", "key desc", true)]
fn rows_are_sorted_where_that_was_asked_for(
    #[case] scope: &str,
    #[case] by: &str,
    #[case] descending: bool,
) {
    let (_place, path, footer) = footer(&[
        &format!("dataset.parquet.sort_by=[{by}, real]"),
        &format!("dataset.parquet.sort_scope={scope}"),
    ]);
    let sorting = footer.row_group(0).sorting_columns().unwrap();
    let order: Vec<_> = sorting
        .iter()
        .map(|sort| (sort.column_idx, sort.descending, sort.nulls_first))
        .collect();
    assert_eq!(order, [(1, descending, true), (3, false, true)]);
    let keys = keys(&path);
    let sorted = |keys: &[Option<i64>]| {
        let nulls = keys.iter().take_while(|key| key.is_none()).count();
        assert!(nulls > 50 && keys[nulls..].iter().all(Option::is_some));
        keys[nulls..].windows(2).all(|pair| match descending {
            true => pair[0] >= pair[1],
            false => pair[0] <= pair[1],
        })
    };
    match scope {
        "file" => assert!(sorted(&keys)),
        _ => {
            assert!(sorted(&keys[..1500]) && sorted(&keys[1500..]));
            assert!(keys[1500..].contains(&None));
        }
    }
}

#[test]
fn columns_of_every_type_are_written_and_read() {
    let place = Place::with(
        "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 500
  parquet:
    partition_by: day
    columns:
      - { name: day, dtype: date32, distribution: { kind: uniform, min: 2024-01-01, max: 2024-01-02 } }
      - { name: s, dtype: timestamp(s), time_zone: Europe/Paris }
      - { name: ms, dtype: timestamp(ms), time_zone: '+02:00' }
      - { name: us, dtype: timestamp, distribution: { kind: sequence, start: 2024-01-01, step: 1000, jitter: 100 } }
      - { name: ns, dtype: timestamp(ns), time_zone: UTC }
      - { name: small, dtype: 'decimal128(5, 2)', distribution: { kind: normal, mean: 1.5, std_dev: 0.5 } }
      - { name: large, dtype: 'decimal128(38, 10)' }
      - { name: text, dtype: large_string, distribution: words }
      - name: nested
        dtype: struct
        distribution: { null_fraction: 0.2 }
        fields:
          - { name: x, dtype: float64, distribution: { kind: random_walk } }
          - { name: tags, dtype: list, distribution: { length: { max: 4 }, null_fraction: 0.3 }, item: { dtype: string, size: 2 } }
scenarios:
  - { name: count, sql: \"SELECT day, count(*), min(us), sum(small), max(nested['x']) FROM train WHERE day = '2024-01-01' GROUP BY day\" }
  - { name: all, sql: 'SELECT * FROM train' }
measure: { warmup: 0, rounds: 1 }
",
    );
    let record = place.record::<&str>(&[]);
    assert_eq!(at(&record, "cells.0.iterations.0.rows"), 1);
    assert_eq!(at(&record, "cells.1.iterations.0.rows"), 500);
    let (path, _) = footers(&place.path("data")).remove(0);
    let schema = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let types: Vec<String> = schema
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().to_string())
        .collect();
    assert_eq!(
        types[..7],
        [
            "Timestamp(s, \"Europe/Paris\")",
            "Timestamp(ms, \"+02:00\")",
            "Timestamp(µs)",
            "Timestamp(ns, \"UTC\")",
            "Decimal128(5, 2)",
            "Decimal128(38, 10)",
            "LargeUtf8"
        ]
    );
    assert!(matches!(
        schema.schema().field(7).data_type(),
        DataType::Struct(_)
    ));
}

#[test]
fn sorted_and_plain_layouts_hold_equal_rows() {
    // Unequal results fail the run.
    let place = Place::with(COLUMNS);
    let record = place.record(&[
        "--sweep",
        "dataset.parquet.sort_by=[],key,[name desc]",
        "--sweep",
        "dataset.parquet.encoding=auto,plain",
        "--sql",
        "SELECT * FROM train",
    ]);
    assert_eq!(at(&record, "cells").as_array().unwrap().len(), 6 + 2);
}

#[rstest]
#[case("core")]
#[case("bi")]
#[case("log")]
#[case("ml")]
#[case("geo")]
fn the_presets_run(#[case] preset: &str) {
    let place = Place::new();
    let config = format!("{}/configs/{preset}.yaml", env!("CARGO_MANIFEST_DIR"));
    let small = [
        "--set",
        "dataset.num_samples_per_file=500",
        "--set",
        "dataset.num_files_train=1",
    ];
    let output = place
        .bench()
        .args([
            "run",
            &config,
            "--rounds",
            "1",
            "--format",
            "json",
            "--sweep",
            "dataset.compression=none,zstd",
        ])
        .args(small)
        .run()
        .succeeds();
    let record = output.json();
    assert_eq!(at(&record, "datasets").as_array().unwrap().len(), 2);
    assert!(
        at(&record, "datasets.0.file_bytes").as_u64()
            > at(&record, "datasets.1.file_bytes").as_u64()
    );
}
