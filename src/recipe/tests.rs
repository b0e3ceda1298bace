//! Tests of the text of recipes. Other tests run them with the tools themselves.

use insta::assert_snapshot;

use super::*;
use crate::record::fixture::{cell, dataset, layout, record};
use crate::record::{BloomFilterRecord, ChunkLayoutRecord, LayoutRecord, LeafRecord, SortRecord};

fn of(layout: LayoutRecord) -> DatasetRecord {
    let mut dataset = dataset("a", "rows", 1_000);
    let mut other = dataset.columns[0].clone();
    other.name = "vector".to_owned();
    other.leaves = vec![LeafRecord {
        path: ["vector", "list", "item"].map(str::to_owned).to_vec(),
        encodings: other.encodings.clone(),
    }];
    dataset.columns.push(other);
    dataset.layout = Some(layout);
    dataset
}

fn shown(dataset: &DatasetRecord) -> String {
    let recipes = recipes(dataset).into_iter().map(|recipe| {
        let limits: Vec<String> = recipe.limits.iter().map(|it| format!("- {it}\n")).collect();
        format!("{}\n{}{}", recipe.tool, recipe.code, limits.concat())
    });
    recipes.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plain_layout_in_every_tool() {
    assert_snapshot!(shown(&of(layout())), @r#"
PyArrow
import pyarrow.parquet as pq

table = pq.read_table("input.parquet")
pq.write_table(
    table,
    "output.parquet",
    compression="zstd",
    compression_level=3,
    row_group_size=16384,
    write_page_index=True,
)
- without write_page_index=True it writes no page index

pandas
import pandas as pd

frame = pd.read_parquet("input.parquet", dtype_backend="pyarrow")
frame.to_parquet(
    "output.parquet",
    engine="pyarrow",
    index=False,
    compression="zstd",
    compression_level=3,
    row_group_size=16384,
    write_page_index=True,
)
- without write_page_index=True it writes no page index

Polars
import polars as pl

frame = pl.read_parquet("input.parquet")
frame.write_parquet(
    "output.parquet",
    compression="zstd",
    compression_level=3,
    row_group_size=16384,
    statistics=True,
)
- it makes dictionaries of strings alone

DuckDB
COPY (SELECT * FROM 'input.parquet')
TO 'output.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 16384, PARQUET_VERSION v1, WRITE_BLOOM_FILTER false);
- it writes no page index, so that pages are not skipped: smaller row groups make up for some of it

Spark
from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
frame = spark.read.parquet("input.parquet").coalesce(1)
(
    frame.write
    .option("compression", "zstd")
    .option("parquet.compression.codec.zstd.level", 3)
    .option("parquet.block.row.count.limit", 16384)
    .option("parquet.page.size", 1048576)
    .option("parquet.page.row.count.limit", 20000)
    .option("parquet.dictionary.page.size", 1048576)
    .option("parquet.writer.version", "PARQUET_1_0")
    .option("parquet.enable.dictionary", "true")
    .parquet("output")
)
- parquet.block.row.count.limit needs parquet-java 1.16; before that, row groups end by bytes alone (parquet.block.size, here about 41)

DataFusion
CREATE EXTERNAL TABLE input STORED AS PARQUET LOCATION 'input.parquet';
COPY (SELECT * FROM input)
TO 'output.parquet' STORED AS PARQUET OPTIONS (
  'format.max_row_group_size' '16384',
  'format.writer_version' '1.0',
  'format.data_page_row_count_limit' '20000',
  'format.data_pagesize_limit' '1048576',
  'format.dictionary_page_size_limit' '1048576',
  'format.compression' 'zstd(3)',
  'format.statistics_enabled' 'page',
  'format.dictionary_enabled' 'true'
);

arrow-rs
let properties = WriterProperties::builder()
    .set_max_row_group_row_count(Some(16384))
    .set_writer_version(WriterVersion::PARQUET_1_0)
    .set_data_page_row_count_limit(20000)
    .set_data_page_size_limit(1048576)
    .set_dictionary_page_size_limit(1048576)
    .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
    .set_statistics_enabled(EnabledStatistics::Page)
    .build();
let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
for batch in batches {
    writer.write(&batch)?;
}
writer.close()?;
"#);
}

#[test]
fn every_knob_in_every_tool() {
    let mut layout = layout();
    layout.row_group_rows = None;
    layout.row_group_bytes = Some(1 << 24);
    layout.partition_by = vec!["region".to_owned()];
    layout.sort_by = vec![
        SortRecord {
            column: "a \"b\"'".to_owned(),
            descending: true,
        },
        SortRecord {
            column: "c".to_owned(),
            descending: false,
        },
    ];
    layout.sort_scope = "row_group".to_owned();
    layout.writer_version = 2;
    layout.data_page_rows = 500;
    layout.chunk.statistics = "page".to_owned();
    layout.chunk.data_page_bytes = 8_192;
    layout.chunk.dictionary_page_bytes = 65_536;
    let of_label = ChunkLayoutRecord {
        codec: "lz4".to_owned(),
        level: None,
        encoding: "plain".to_owned(),
        statistics: "none".to_owned(),
        bloom_filter: Some(BloomFilterRecord {
            fpp: 0.01,
            ndv: None,
        }),
        ..layout.chunk.clone()
    };
    layout.columns.insert("label".to_owned(), of_label);
    let dataset = of(layout);
    assert_eq!(
        in_words(&dataset).unwrap(),
        "zstd(3), row groups of 16.8 MB, sorted by a \"b\"' descending, c, partitioned by region, \
         statistics and page index, bloom filters, of its own: label"
    );
    assert_snapshot!(shown(&dataset), @r#"
PyArrow
import pyarrow.parquet as pq

table = pq.read_table("input.parquet")
table = table.sort_by([("a \"b\"'", "descending", "at_start"), ("c", "ascending", "at_start")])
pq.write_to_dataset(
    table,
    "output",
    partition_cols=["region"],
    use_threads=False,
    compression={"label": "lz4", "vector.list.element": "zstd"},
    compression_level={"vector.list.element": 3},
    row_group_size=10417,
    data_page_size=8192,
    max_rows_per_page=500,
    write_batch_size=500,
    dictionary_pagesize_limit=65536,
    use_dictionary=["vector.list.element"],
    data_page_version="2.0",
    write_statistics=["vector.list.element"],
    write_page_index=True,
    bloom_filter_options={"label": {"ndv": 10417, "fpp": 0.01}},
)
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- rows are sorted over the whole file here, not within each row group
- rows with equal keys keep their order here; in the files that were measured they have any order, so that their other columns may take more bytes
- it writes no statistics in page headers, or decides by itself (few readers use them)
- without write_page_index=True it writes no page index

pandas
import pandas as pd

frame = pd.read_parquet("input.parquet", dtype_backend="pyarrow")
frame = frame.sort_values(["a \"b\"'", "c"], ascending=[False, True], na_position="first", kind="stable")
frame.to_parquet(
    "output",
    engine="pyarrow",
    index=False,
    partition_cols=["region"],
    use_threads=False,
    compression={"label": "lz4", "vector.list.element": "zstd"},
    compression_level={"vector.list.element": 3},
    row_group_size=10417,
    data_page_size=8192,
    max_rows_per_page=500,
    write_batch_size=500,
    dictionary_pagesize_limit=65536,
    use_dictionary=["vector.list.element"],
    data_page_version="2.0",
    write_statistics=["vector.list.element"],
    write_page_index=True,
    bloom_filter_options={"label": {"ndv": 10417, "fpp": 0.01}},
)
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- rows are sorted over the whole file here, not within each row group
- rows with equal keys keep their order here; in the files that were measured they have any order, so that their other columns may take more bytes
- it writes no statistics in page headers, or decides by itself (few readers use them)
- without write_page_index=True it writes no page index

Polars
import polars as pl

frame = pl.read_parquet("input.parquet")
frame = frame.sort(["a \"b\"'", "c"], descending=[True, False], nulls_last=False, maintain_order=True)
frame.write_parquet(
    "output",
    compression="zstd",
    compression_level=3,
    row_group_size=10417,
    data_page_size=8192,
    statistics=True,
    partition_by=["region"],
)
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- rows are sorted over the whole file here, not within each row group
- rows with equal keys keep their order here; in the files that were measured they have any order, so that their other columns may take more bytes
- it writes no statistics in page headers, or decides by itself (few readers use them)
- it writes no bloom filters
- row groups of a partition may be smaller
- files keep the columns that they are partitioned by
- it chooses encodings and dictionaries by itself
- rows of a page and the version of pages cannot be set
- one codec and page size for all columns

DuckDB
COPY (SELECT * FROM 'input.parquet' ORDER BY "a ""b""'" DESC NULLS FIRST, "c" NULLS FIRST)
TO 'output' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 10417, PARQUET_VERSION v2, PARTITION_BY ("region"));
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- rows are sorted over the whole file here, not within each row group
- rows with equal keys keep their order here; in the files that were measured they have any order, so that their other columns may take more bytes
- it writes no statistics in page headers, or decides by itself (few readers use them)
- it writes no page index, so that pages are not skipped: smaller row groups make up for some of it
- row groups have a multiple of 2,048 rows
- it always writes statistics of column chunks
- it writes bloom filters of columns with dictionaries alone
- it chooses encodings, dictionaries and pages by itself
- one codec for all columns

Spark
from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
frame = spark.read.parquet("input.parquet").coalesce(1)
frame = frame.sortWithinPartitions(F.desc_nulls_first("a \"b\"'"), F.asc_nulls_first("c"))
(
    frame.write
    .option("compression", "zstd")
    .option("parquet.compression.codec.zstd.level", 3)
    .option("parquet.block.row.count.limit", 10417)
    .option("parquet.page.size", 8192)
    .option("parquet.page.row.count.limit", 500)
    .option("parquet.dictionary.page.size", 65536)
    .option("parquet.writer.version", "PARQUET_2_0")
    .option("parquet.enable.dictionary", "true")
    .option("parquet.bloom.filter.enabled#label", "true")
    .option("parquet.bloom.filter.expected.ndv#label", 10417)
    .option("parquet.bloom.filter.fpp#label", 0.01)
    .partitionBy("region")
    .parquet("output")
)
- parquet.block.row.count.limit needs parquet-java 1.16; before that, row groups end by bytes alone (parquet.block.size, here about 41)
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- rows are sorted over the whole file here, not within each row group
- rows with equal keys keep their order here; in the files that were measured they have any order, so that their other columns may take more bytes
- it writes no statistics in page headers, or decides by itself (few readers use them)
- it always writes statistics
- one codec for all columns

DataFusion
CREATE EXTERNAL TABLE input STORED AS PARQUET LOCATION 'input.parquet';
COPY (SELECT * FROM input ORDER BY "a ""b""'" DESC NULLS FIRST, "c" NULLS FIRST)
TO 'output/' STORED AS PARQUET PARTITIONED BY (region) OPTIONS (
  'format.max_row_group_size' '10417',
  'format.writer_version' '2.0',
  'format.data_page_row_count_limit' '500',
  'format.data_pagesize_limit' '8192',
  'format.dictionary_page_size_limit' '65536',
  'format.compression' 'zstd(3)',
  'format.statistics_enabled' 'page',
  'format.dictionary_enabled' 'true',
  'format.compression::label' 'lz4_raw',
  'format.statistics_enabled::label' 'none',
  'format.dictionary_enabled::label' 'false',
  'format.encoding::label' 'plain',
  'format.bloom_filter_enabled::label' 'true',
  'format.bloom_filter_fpp::label' '0.01',
  'format.bloom_filter_ndv::label' '10417'
);
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- rows are sorted over the whole file here, not within each row group
- rows with equal keys keep their order here; in the files that were measured they have any order, so that their other columns may take more bytes
- it writes no statistics in page headers, or decides by itself (few readers use them)
- footers do not say by which columns rows are sorted

arrow-rs
let properties = WriterProperties::builder()
    .set_max_row_group_row_count(Some(10417))
    .set_writer_version(WriterVersion::PARQUET_2_0)
    .set_data_page_row_count_limit(500)
    .set_data_page_size_limit(8192)
    .set_dictionary_page_size_limit(65536)
    .set_write_batch_size(500)
    .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
    .set_statistics_enabled(EnabledStatistics::Page)
    .set_write_page_header_statistics(true)
    .set_column_data_page_size_limit(ColumnPath::new(vec!["label".into()]), 8192)
    .set_column_dictionary_page_size_limit(ColumnPath::new(vec!["label".into()]), 65536)
    .set_column_compression(ColumnPath::new(vec!["label".into()]), Compression::LZ4_RAW)
    .set_column_statistics_enabled(ColumnPath::new(vec!["label".into()]), EnabledStatistics::None)
    .set_column_dictionary_enabled(ColumnPath::new(vec!["label".into()]), false)
    .set_column_encoding(ColumnPath::new(vec!["label".into()]), Encoding::PLAIN)
    .set_column_bloom_filter_enabled(ColumnPath::new(vec!["label".into()]), true)
    .set_column_bloom_filter_fpp(ColumnPath::new(vec!["label".into()]), 0.01)
    .set_column_bloom_filter_max_ndv(ColumnPath::new(vec!["label".into()]), 10417)
    .build();
let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
for batch in batches {
    writer.write(&batch)?;
}
writer.close()?;
- row groups end by rows, here 10,417 as in the files that were measured, not by 16.8 MB
- it does not sort: sort the batches first, and name the order by set_sorting_columns
- it writes one file: open a writer for each partition
"#);
}

#[test]
fn only_a_variant_that_was_written_has_a_recipe() {
    let mut record = record();
    record.datasets = vec![dataset("foreign", "rows", 1_000), of(layout())];
    record.cells = vec![
        cell("scan", "foreign", Vec::new()),
        cell("scan", "a", Vec::new()),
    ];
    assert_eq!(dataset_of(&record, "foreign"), None);
    assert_eq!(dataset_of(&record, "a").unwrap().id, "a");
    assert_eq!(recipes(&record.datasets[0]), []);
    assert_eq!(short(&record.datasets[0]), None);
    assert_eq!(
        short(&record.datasets[1]).unwrap(),
        "pq.write_table(table, \"output.parquet\", compression=\"zstd\", compression_level=3, row_group_size=16384, \
         write_page_index=True)"
    );
}

#[test]
fn leaves_of_nested_columns_are_named_by_their_paths() {
    let mut layout = layout();
    let own = ChunkLayoutRecord {
        codec: "lz4".to_owned(),
        level: None,
        ..layout.chunk.clone()
    };
    layout.columns.insert("vector".to_owned(), own);
    let shown = shown(&of(layout));
    for path in [
        "\"vector.list.element\": \"lz4\"",
        "'format.compression::vector.list.item' 'lz4_raw'",
        "ColumnPath::new(vec![\"vector\".into(), \"list\".into(), \"item\".into()])",
    ] {
        assert!(shown.contains(path), "{path}: {shown}");
    }
}

#[test]
fn an_encoding_that_fits_some_leaves_is_set_for_these_alone() {
    let mut layout = layout();
    layout.chunk.encoding = "delta_binary_packed".to_owned();
    let mut dataset = of(layout);
    dataset.columns[0].encodings = vec!["DELTA_BINARY_PACKED".to_owned()];
    let name = dataset.columns[0].name.clone();
    let one = shown(&dataset);
    assert!(
        one.contains(&format!("'format.encoding::{name}' 'delta_binary_packed'")),
        "{one}"
    );
    assert!(!one.contains("'format.encoding' "), "{one}");
    assert!(
        one.contains(&format!(
            "set_column_encoding(ColumnPath::new(vec![{name:?}.into()]), Encoding::DELTA_BINARY_PACKED)"
        )),
        "{one}"
    );
    assert!(!one.contains("set_encoding("), "{one}");
    dataset.columns[1].leaves[0].encodings = vec!["DELTA_BINARY_PACKED".to_owned()];
    let all = shown(&dataset);
    assert!(
        all.contains("'format.encoding' 'delta_binary_packed'"),
        "{all}"
    );
    assert!(
        all.contains("set_encoding(Encoding::DELTA_BINARY_PACKED)"),
        "{all}"
    );
}

#[test]
fn names_that_a_tool_cannot_take_are_limits_and_unseen_characters_are_escaped() {
    let mut layout = layout();
    let own = ChunkLayoutRecord {
        codec: "lz4".to_owned(),
        level: None,
        ..layout.chunk.clone()
    };
    layout.columns.insert("a.b".to_owned(), own);
    layout.partition_by = vec!["k y".to_owned(), "zero\u{200b}width".to_owned()];
    let mut dataset = of(layout);
    dataset.columns[0].name = "a.b".to_owned();
    let shown = shown(&dataset);
    assert!(
        shown.contains("- a column with a dot in its name can have no options of its own: a.b"),
        "{shown}"
    );
    assert!(!shown.contains("::a.b"), "{shown}");
    assert!(
        shown.contains("ColumnPath::new(vec![\"a.b\".into()])"),
        "{shown}"
    );
    assert!(
        shown.contains("- PARTITIONED BY takes plain names alone: give k y another one"),
        "{shown}"
    );
    assert!(shown.contains("\"zero\\u200bwidth\""), "{shown}");
}
