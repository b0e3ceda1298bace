//! The config as written. The comments of this file are the descriptions of the JSON Schema, which
//! editors show.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::codec::CodecText;
use super::kind::Kind;
use super::leaf::{Bandwidth, Bytes, Latency, Leaf, Point, Positive, Rounded, Share, Span};
use super::model::{
    Dtype, Encoding, LengthDistribution, PageCache, ReadMode, SortScope, Statistics, VectorLayout,
};
use super::number::Value;
use crate::record::{EngineCache, Lane};

/// A workload: a dataset or existing tables, the SQL to read them with, and how to measure it.
/// Workload files of DLIO and MLPerf Storage are taken as they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "bench config")]
pub(super) struct RawConfig {
    /// A dataset that is generated where it is missing; its table is `train`, and `valid` with
    /// `num_files_eval`.
    pub(super) dataset: Option<RawDataset>,
    /// How the engine reads.
    pub(super) reader: Option<RawReader>,
    /// Where data lies.
    pub(super) storage: Option<RawStorage>,
    /// Which phases run.
    pub(super) workflow: Option<RawWorkflow>,
    /// Existing Parquet files, by the name of the table that they become.
    pub(super) tables: Option<BTreeMap<String, RawTable>>,
    /// What to read: SQL files, folders of them, names of shipped scenarios, or SQL. Where left
    /// out, one scan of the columns with `read: true`.
    pub(super) scenarios: Option<RawScenarios>,
    /// Options of DataFusion, by their dotted name without the leading `datafusion.`, or nested.
    #[schemars(schema_with = "options_schema")]
    pub(super) datafusion: Option<Map<String, Json>>,
    /// Key path -> values; the product is the variants. The first key varies slowest, and the first
    /// value of each is the baseline.
    #[schemars(schema_with = "sweep_schema")]
    pub(super) sweep: Option<Map<String, Json>>,
    /// Variants by name, each a mapping of key path -> value. Instead of `sweep`.
    #[schemars(schema_with = "variants_schema")]
    pub(super) variants: Option<Map<String, Json>>,
    /// How often, and in which state of the caches.
    pub(super) measure: Option<RawMeasure>,
}

fn options_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": true})
}

fn sweep_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"type": "array", "minItems": 1, "items": true}})
}

fn variants_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"type": ["object", "null"], "additionalProperties": true}})
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDataset {
    /// Folder of the files, below `storage.storage_root` unless absolute. Default: `./data/`.
    pub(super) data_folder: Option<Leaf<String>>,
    /// File format: `parquet`.
    pub(super) format: Option<Leaf<String>>,
    /// Files of the table `train`. Default: 8.
    pub(super) num_files_train: Option<Leaf<Positive>>,
    /// Files of the table `valid`. Default: 0.
    pub(super) num_files_eval: Option<Leaf<u64>>,
    /// Folders that the files of `train` are spread over. Default: 0, none.
    pub(super) num_subfolders_train: Option<Leaf<u64>>,
    /// Folders that the files of `valid` are spread over. Default: 0, none.
    pub(super) num_subfolders_eval: Option<Leaf<u64>>,
    /// Rows per file. Default: 1.
    pub(super) num_samples_per_file: Option<Leaf<Positive>>,
    /// Bytes per row, used where `parquet.columns` is left out: one binary column `data`. A
    /// fraction is rounded. Default: 65536.
    pub(super) record_length_bytes: Option<Leaf<Rounded>>,
    /// Another spelling of `record_length_bytes`.
    pub(super) record_length: Option<Leaf<Rounded>>,
    /// First part of the file names. Default: `img`.
    pub(super) file_prefix: Option<Leaf<String>>,
    /// Codec, with its level where wanted: `none`, `snappy`, `gzip`, `brotli`, `lz4`, `zstd`,
    /// `zstd(9)`. Levels: gzip 0 to 9 (default 6), brotli 0 to 11 (default 1), zstd 1 to 22
    /// (default 1). Default: none.
    pub(super) compression: Option<Leaf<CodecText>>,
    /// Level for codecs that have levels, where the codec names none.
    pub(super) compression_level: Option<Leaf<u64>>,
    /// Seed of the content. Default: 123.
    pub(super) seed: Option<Leaf<u64>>,
    /// Existing rows to write in the layouts of this config, instead of generated ones: Parquet,
    /// CSV, JSON or Arrow files, as a file, a folder or a glob.
    pub(super) source: Option<Leaf<String>>,
    /// Columns and layout of the Parquet files.
    pub(super) parquet: Option<RawParquet>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParquet {
    /// Columns, in file order; a name alone is a column with every default. Where left out, one
    /// binary column `data`.
    pub(super) columns: Option<Vec<RawColumn>>,
    /// How columns with `size` above 1 are stored. Default: `fixed_size_list`, as DLIO writes them.
    pub(super) vector_layout: Option<Leaf<VectorLayout>>,
    /// Rows per row group. Default: 1000000.
    pub(super) row_group_size: Option<Leaf<Positive>>,
    /// Bytes per row group, encoded and before compression: an integer, or text such as `128MiB` or
    /// `64MB`. Instead of `row_group_size`.
    pub(super) row_group_bytes: Option<Leaf<Bytes>>,
    /// `row_group` reads one row group after the other; `default` holds the columns that are read
    /// of a whole file in memory before the first of its rows goes on. Default: `row_group`.
    pub(super) read_mode: Option<Leaf<ReadMode>>,
    /// Columns that become Hive folders (`year=2026/month=1/`), outermost first.
    pub(super) partition_by: Option<OneOrMany<Leaf<String>>>,
    /// How values are encoded, in the columns that the encoding fits. Default: `auto`, the writer's
    /// choice.
    pub(super) encoding: Option<Leaf<Encoding>>,
    /// Bytes of a dictionary beyond which its column chunk falls back to another encoding. Default:
    /// 1MiB.
    pub(super) dictionary_page_bytes: Option<Leaf<Bytes>>,
    /// Bytes, encoded and before compression, at which a data page ends. Default: 1MiB.
    pub(super) data_page_bytes: Option<Leaf<Bytes>>,
    /// Rows at which a data page ends, where it has not ended by its bytes. Default: 20000.
    pub(super) data_page_rows: Option<Leaf<Positive>>,
    /// Version of data pages, 1 or 2. Default: 1.
    pub(super) writer_version: Option<Leaf<u64>>,
    /// `none`, `chunk` (in the footer) or `page` (in page headers, too). Default: `chunk`.
    pub(super) statistics: Option<Leaf<Statistics>>,
    /// Column and offset indexes. Default: true, where there are statistics.
    pub(super) page_index: Option<Leaf<bool>>,
    /// Whether column chunks have bloom filters. Default: false.
    pub(super) bloom_filter: Option<Leaf<bool>>,
    /// Share of false positives that bloom filters may have, between 0 and 1. Default: 0.05.
    pub(super) bloom_filter_fpp: Option<Leaf<f64>>,
    /// Distinct values that a bloom filter has room for, at most the rows of a row group, which are
    /// the default.
    pub(super) bloom_filter_ndv: Option<Leaf<Positive>>,
    /// Columns that rows are sorted by, the most significant first; ` desc` behind a name for
    /// descending order. Nulls come first.
    pub(super) sort_by: Option<OneOrMany<Leaf<String>>>,
    /// Whether rows are sorted within a `file` or within a `row_group`. Default: `file`.
    pub(super) sort_scope: Option<Leaf<SortScope>>,
}

/// What a column does otherwise than the rest of its dataset.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChunk {
    /// As `dataset.compression`.
    pub(super) compression: Option<Leaf<CodecText>>,
    /// As `dataset.compression_level`.
    pub(super) compression_level: Option<Leaf<u64>>,
    /// As `dataset.parquet.encoding`; must fit the column's type.
    pub(super) encoding: Option<Leaf<Encoding>>,
    /// As `dataset.parquet.dictionary_page_bytes`.
    pub(super) dictionary_page_bytes: Option<Leaf<Bytes>>,
    /// As `dataset.parquet.data_page_bytes`.
    pub(super) data_page_bytes: Option<Leaf<Bytes>>,
    /// As `dataset.parquet.statistics`.
    pub(super) statistics: Option<Leaf<Statistics>>,
    /// As `dataset.parquet.bloom_filter`.
    pub(super) bloom_filter: Option<Leaf<bool>>,
    /// As `dataset.parquet.bloom_filter_fpp`.
    pub(super) bloom_filter_fpp: Option<Leaf<f64>>,
    /// As `dataset.parquet.bloom_filter_ndv`.
    pub(super) bloom_filter_ndv: Option<Leaf<Positive>>,
}

/// One value, or a list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::Many(values) => values,
            OneOrMany::One(value) => vec![value],
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawColumn {
    Keys(Box<RawColumnKeys>),
    /// A float32 column of this name.
    Name(Leaf<String>),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawColumnKeys {
    /// Unique among the columns. The `item` of a list has none.
    pub(super) name: Option<Leaf<String>>,
    /// Type of the values. Default: `float32`.
    pub(super) dtype: Option<Leaf<Dtype>>,
    /// Numeric types: values per row, a vector where above 1. String and binary: length in bytes.
    /// Lists: elements of each row. Default: 1.
    pub(super) size: Option<Leaf<Positive>>,
    /// Whether the default scenario reads the column. Default: true.
    pub(super) read: Option<Leaf<bool>>,
    /// How the values are drawn. Default: uniform over the type's range (floats: 0 to 1; dates:
    /// 2020 to 2024).
    pub(super) distribution: Option<RawDistribution>,
    /// Of a timestamp: an IANA name such as `Europe/Paris`, or an offset such as `+02:00`.
    pub(super) time_zone: Option<Leaf<String>>,
    /// The elements of a list. Default, beside `size`: float32.
    pub(super) item: Option<Box<RawColumnKeys>>,
    /// The fields of a struct.
    pub(super) fields: Option<Vec<RawColumn>>,
    /// What the column's chunks do otherwise than the dataset's.
    pub(super) parquet: Option<RawChunk>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawDistribution {
    Keys(Box<RawDistributionKeys>),
    /// A distribution with every default.
    Kind(Leaf<Kind>),
}

/// A macro, so that the list of keys that are given cannot miss one.
macro_rules! distribution_keys {
    ($($(#[$meta:meta])* $key:ident: $kind:ty,)*) => {
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct RawDistributionKeys {
            /// Which distribution; the other keys depend on it. Lists and structs have none.
            pub(super) kind: Option<Leaf<Kind>>,
            /// Share of rows that are null, 0 to 1. Default: 0.
            pub(super) null_fraction: Option<Leaf<f64>>,
            /// How many elements a list's rows have, or how many bytes a string or binary value
            /// has, instead of `size`.
            pub(super) length: Option<RawLength>,
            /// Mean number of neighbouring rows that share one draw, 1 or more; nulls come in such
            /// runs too. Default: 1.
            pub(super) run_length: Option<Leaf<f64>>,
            /// Rows choose among so many values that are drawn once, instead of drawing one each.
            pub(super) pool: Option<RawPool>,
            $($(#[$meta])* pub(super) $key: Option<$kind>,)*
        }

        impl RawDistributionKeys {
            /// The keys that are there, beside those that say nothing about single values.
            pub(super) fn given(&self) -> Vec<&'static str> {
                [$((stringify!($key), self.$key.is_some()),)*]
                    .into_iter()
                    .filter_map(|(key, given)| given.then_some(key))
                    .collect()
            }
        }
    };
}

distribution_keys! {
    /// How far the rows are sorted, 0 to 1 (numbers that are drawn one by one). Default: 0, at
    /// random.
    sortedness: Leaf<f64>,
    /// Rows after which the order of `sortedness` starts again. Default: those of the whole table.
    cycle: Leaf<Positive>,
    /// Instead of `sortedness`, rows wander: each one's rank among all values is that of the row
    /// before and a normal step, whose standard deviation is this share of all ranks; above 0, at
    /// most 1.
    drift: Leaf<f64>,
    /// Smallest value (uniform, normal, lognormal, random_walk, correlated_with), first value
    /// (zipf, hotspot, categorical, sequence; default 0), fewest words per value (words; default 3)
    /// or fields per object (json; default 2).
    min: Leaf<Point>,
    /// Largest value (uniform, normal, lognormal, random_walk, correlated_with), most words per
    /// value (words; default 12) or fields per object (json; default 6).
    max: Leaf<Point>,
    /// How many different values there are (uniform, normal, lognormal, zipf and hotspot: default
    /// 1000, categorical, correlated_with: default 1000), rows after which a sequence starts again,
    /// or different words (words, json: default 10000; template: of its placeholders, default
    /// 1000).
    cardinality: Leaf<Positive>,
    /// Centre of `normal` and `correlated_with`, and of the logarithm of `lognormal`. Default: 0.
    mean: Leaf<Point>,
    /// Standard deviation of `normal` and `correlated_with`, and of the logarithm of `lognormal`;
    /// above 0. Default: 1.
    std_dev: Leaf<f64>,
    /// Exponent of `zipf`, and of `{zipf}` in a template; above 0. Default: 1.1.
    exponent: Leaf<f64>,
    /// Share of the values of `hotspot` that are hot, between 0 and 1. Default: 0.2.
    hot_fraction: Leaf<f64>,
    /// Share of the rows that have a hot value, 0 to 1. Default: 0.8.
    hot_share: Leaf<f64>,
    /// The values of `categorical`, or the quantiles of `quantiles`: two or more ascending numbers,
    /// between which as many rows lie as between any other two neighbours.
    values: Vec<Leaf<Value>>,
    /// How likely each of `values` is, in any unit. Default: each as likely as the others.
    weights: Vec<Leaf<f64>>,
    /// First value of `sequence`, and where a `random_walk` without bounds starts. Default: 0.
    start: Leaf<Point>,
    /// What `sequence` grows by from row to row, or the standard deviation of a step of
    /// `random_walk`. Default: 1.
    step: Leaf<Point>,
    /// Largest random value that is added to each value of `sequence`. Default: 0.
    jitter: Leaf<Point>,
    /// Numbers are rounded to multiples of this (uniform, normal, lognormal, quantiles,
    /// random_walk).
    multiple_of: Leaf<Point>,
    /// The column that `correlated_with` follows.
    column: Leaf<String>,
    /// How closely: -1 to 1 between numbers, else 0 to 1. Default: 0.9.
    correlation: Leaf<f64>,
    /// The text of `template`, with `{row}`, `{uniform}`, `{zipf}`, `{word}`, `{hex:8}`,
    /// `{digits:8}`, `{letters:8}` and `{uuid}`; numbers behind a colon are digits. `{{` is a
    /// brace.
    template: Leaf<String>,
    /// Share of a binary value that compresses to nothing, 0 to 1.
    compressibility: Leaf<f64>,
    /// The value of `constant`.
    value: Leaf<Value>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLength {
    /// Default: 0 for lists, else 1.
    pub(super) min: Option<Leaf<u64>>,
    /// At least `min`.
    #[schemars(required)]
    pub(super) max: Option<Leaf<u64>>,
    /// `uniform`, `normal` (around the middle) or `zipf` (short ones mostly). Default: `uniform`.
    pub(super) distribution: Option<Leaf<LengthDistribution>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPool {
    /// How many values there are, at most.
    #[schemars(required)]
    pub(super) size: Option<Leaf<Positive>>,
    /// The k-th of them is chosen with probability proportional to k^-`exponent`. Default: 0, each
    /// alike.
    pub(super) exponent: Option<Leaf<f64>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReader {
    /// Partitions that the engine reads at once; 0 counts as 1. Default: all cores.
    pub(super) read_threads: Option<Leaf<u64>>,
    /// Rows per batch. Default: the engine's.
    pub(super) batch_size: Option<Leaf<Positive>>,
    /// Reads past the page cache, as `measure.cache: direct` does. Default: false.
    pub(super) odirect: Option<Leaf<bool>>,
    /// Reads files as one table where their types only widen: integers, floats and decimals of more
    /// digits, fields added to structs, spellings of UTC. Default: false, which refuses them.
    /// Columns that some files lack are null for their rows either way.
    pub(super) unify_schemas: Option<Leaf<bool>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStorage {
    /// Kind of storage: `local_fs`, `parallel_fs` (the same) or `direct_fs` (reads past the page
    /// cache, too, as `reader.odirect` does).
    pub(super) storage_type: Option<Leaf<String>>,
    /// Folder that a relative `dataset.data_folder` starts from. Default: `./`.
    pub(super) storage_root: Option<Leaf<String>>,
    /// A slower storage, which reads are served like. Default: as fast as the storage is.
    pub(super) throttle: Option<RawThrottle>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawThrottle {
    /// Bytes per second of all requests together: a number, text such as `200MB/s`, or `none`. May
    /// be swept. Default: none.
    pub(super) bandwidth: Option<Leaf<Bandwidth>>,
    /// Of each request: seconds, text such as `5ms`, or 0. May be swept. Default: 0.
    pub(super) latency: Option<Leaf<Latency>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkflow {
    /// Whether missing data is generated; where false, missing data is an error. Default: true.
    pub(super) generate_data: Option<Leaf<bool>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawTable {
    Keys(RawTableKeys),
    /// A Parquet file, a folder or a glob.
    Path(Leaf<String>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTableKeys {
    /// A Parquet file, a folder or a glob.
    #[schemars(required)]
    pub(super) path: Option<Leaf<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawScenarios {
    Many(Vec<RawScenario>),
    One(Leaf<String>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawScenario {
    Keys(RawScenarioKeys),
    /// A SQL file, a folder of SQL files, or the name of a shipped scenario.
    Named(Leaf<String>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScenarioKeys {
    /// What reports call it.
    #[schemars(required)]
    pub(super) name: Option<Leaf<String>>,
    /// One SELECT statement.
    #[schemars(required)]
    pub(super) sql: Option<Leaf<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMeasure {
    /// Rounds before the measured ones. Default: 1.
    pub(super) warmup: Option<Leaf<u64>>,
    /// Measured rounds. Alone, there are exactly so many; beside `precision` or `time_budget`, at
    /// least so many. Default: at least 10.
    pub(super) rounds: Option<Leaf<Positive>>,
    /// Rounds go on until every interval is at most this wide: high / low - 1, as `0.04` or `4%`.
    /// Default: 4%.
    pub(super) precision: Option<Leaf<Share>>,
    /// But for no longer than this: seconds, or text such as `90s`, `5min` or `1h`. Default: 2min.
    pub(super) time_budget: Option<Leaf<Span>>,
    /// Smallest effect of interest: variants whose times differ by no more are a tie. Default: 1%.
    pub(super) effect: Option<Leaf<Share>>,
    /// What is timed, one or several: `end_to_end` (the real thing), `storage` (the byte ranges
    /// that it asks for, read and dropped), `compute` (the same query with its bytes in memory).
    /// Default: `end_to_end`.
    pub(super) lanes: Option<OneOrMany<Leaf<Lane>>>,
    /// State of the page cache before each iteration: `warm` (all of the files), `cold` (nothing of
    /// them) or `direct` (passed by). May be swept. Default: `warm`.
    pub(super) cache: Option<Leaf<PageCache>>,
    /// The engine's own caches of footers: `fresh` (emptied before each execution) or `warm`. May
    /// be swept. Default: `warm` for `cache: warm`, else `fresh`.
    pub(super) engine_cache: Option<Leaf<EngineCache>>,
    /// Whether cold iterations drop the page cache of the whole host, which only root may. Default:
    /// false.
    pub(super) drop_caches: Option<Leaf<bool>>,
    /// Copies of a query that run at once. May be swept. Default: 1.
    pub(super) streams: Option<Leaf<Positive>>,
    /// Most memory that the engine's operators may take: bytes, or text such as `512MiB`. A query
    /// that needs more fails, and the run goes on without it. May be swept. Default: no limit.
    pub(super) memory_limit: Option<Leaf<Bytes>>,
    /// Whether the baseline is measured again, from copies of its files, to see what noise alone
    /// does: from two where there are variants to compare, else from one. Default: true where there
    /// are variants to compare.
    pub(super) control: Option<Leaf<bool>>,
    /// Whether each cell is executed once in a process of its own, to see how much memory that
    /// takes. Default: true.
    pub(super) peak_memory: Option<Leaf<bool>>,
    /// Whether each cell is executed some times from memory, to predict how long it takes on other
    /// storage, and where variants break even. Default: true where there are variants to compare.
    pub(super) break_even: Option<Leaf<bool>>,
    /// Seed of the order in which a round visits the cells. Default: 42.
    pub(super) seed: Option<Leaf<u64>>,
}
