//! The config as written. The comments of this file are the descriptions of the JSON Schema, which editors show.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::choice::ReadMode;
use super::codec::CodecText;
use super::kind::Kind;
use super::leaf::{Bytes, Leaf, Positive};
use super::model::{Dtype, Number, Value, VectorLayout};

/// A workload: a dataset or existing tables, the SQL to read them with, and how to measure it. Workload files of DLIO
/// and MLPerf Storage are taken as they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "bench config")]
pub(super) struct RawConfig {
    /// A dataset that is generated where it is missing; its table is `train`, and `valid` with `num_files_eval`.
    pub(super) dataset: Option<RawDataset>,
    /// How the engine reads.
    pub(super) reader: Option<RawReader>,
    /// Where data lies.
    pub(super) storage: Option<RawStorage>,
    /// Which phases run.
    pub(super) workflow: Option<RawWorkflow>,
    /// DLIO's training loop; only its seed is used.
    pub(super) train: Option<RawTrain>,
    /// Existing Parquet files, by the name of the table that they become.
    pub(super) tables: Option<BTreeMap<String, RawTable>>,
    /// What to read: SQL files, folders of them, names of shipped scenarios, or SQL. Where left out, one scan of the
    /// columns with `read: true`.
    pub(super) scenarios: Option<RawScenarios>,
    /// Options of DataFusion, by their dotted name without the leading `datafusion.`, or nested.
    #[schemars(schema_with = "options_schema")]
    pub(super) datafusion: Option<Map<String, Json>>,
    /// Key path -> values; the product is the variants. The first key varies slowest, and the first value of each is
    /// the baseline.
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
    /// Bytes per row, used where `parquet.columns` is left out: one binary column `data`. Default: 65536.
    pub(super) record_length_bytes: Option<Leaf<Positive>>,
    /// Another spelling of `record_length_bytes`.
    pub(super) record_length: Option<Leaf<Positive>>,
    /// First part of the file names. Default: `img`.
    pub(super) file_prefix: Option<Leaf<String>>,
    /// Codec, with its level where wanted: `none`, `snappy`, `gzip`, `brotli`, `lz4`, `zstd`, `zstd(9)`. Levels: gzip 0
    /// to 9 (default 6), brotli 0 to 11 (default 1), zstd 1 to 22 (default 1). Default: none.
    pub(super) compression: Option<Leaf<CodecText>>,
    /// Level for codecs that have levels, where the codec names none.
    pub(super) compression_level: Option<Leaf<u64>>,
    /// Seed of the content. Default: `train.seed`, else 123.
    pub(super) seed: Option<Leaf<u64>>,
    /// Columns and layout of the Parquet files.
    pub(super) parquet: Option<RawParquet>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParquet {
    /// Columns, in file order; a name alone is a column with every default. Where left out, one binary column `data`.
    pub(super) columns: Option<Vec<RawColumn>>,
    /// How columns with `size` above 1 are stored. Default: `fixed_size_list`, as DLIO writes them.
    pub(super) vector_layout: Option<Leaf<VectorLayout>>,
    /// Rows per row group. Default: 1000000.
    pub(super) row_group_size: Option<Leaf<Positive>>,
    /// Bytes per row group, encoded and before compression: an integer, or text such as `128MiB` or `64MB`. Instead of
    /// `row_group_size`.
    pub(super) row_group_bytes: Option<Leaf<Bytes>>,
    /// `row_group` streams row groups, which is what every read does; `default` is accepted and says so.
    pub(super) read_mode: Option<Leaf<ReadMode>>,
    /// Columns that become Hive folders (`year=2026/month=1/`), outermost first.
    pub(super) partition_by: Option<OneOrMany<Leaf<String>>>,
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
    Keys(RawColumnKeys),
    /// A float32 column of this name.
    Name(Leaf<String>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawColumnKeys {
    /// Unique among the columns.
    #[schemars(required)]
    pub(super) name: Option<Leaf<String>>,
    /// Type of the values. Default: `float32`.
    pub(super) dtype: Option<Leaf<Dtype>>,
    /// Numeric types: values per row, a vector where above 1. String and binary: length in bytes. Default: 1.
    pub(super) size: Option<Leaf<Positive>>,
    /// Whether the default scenario reads the column. Default: true.
    pub(super) read: Option<Leaf<bool>>,
    /// How the values are drawn. Default: uniform over the type's range (floats: 0 to 1).
    pub(super) distribution: Option<RawDistribution>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawDistribution {
    Keys(Box<RawDistributionKeys>),
    /// A distribution with every default.
    Kind(Leaf<Kind>),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDistributionKeys {
    /// Which distribution; the other keys depend on it.
    #[schemars(required)]
    pub(super) kind: Option<Leaf<Kind>>,
    /// Share of rows that are null, 0 to 1. Default: 0.
    pub(super) null_fraction: Option<Leaf<f64>>,
    /// Smallest value (uniform, normal), first value (zipf, categorical, sequence; default 0), or fewest words per value
    /// (words; default 3).
    pub(super) min: Option<Leaf<Number>>,
    /// Largest value (uniform, normal), or most words per value (words; default 12).
    pub(super) max: Option<Leaf<Number>>,
    /// How many different values there are (uniform, zipf: default 1000, categorical), rows after which a sequence starts
    /// again, or different words (words: default 10000).
    pub(super) cardinality: Option<Leaf<Positive>>,
    /// Centre of `normal`. Default: 0.
    pub(super) mean: Option<Leaf<f64>>,
    /// Standard deviation of `normal`, above 0. Default: 1.
    pub(super) std_dev: Option<Leaf<f64>>,
    /// Exponent of `zipf`, above 0. Default: 1.1.
    pub(super) exponent: Option<Leaf<f64>>,
    /// The values of `categorical`, each as likely as the others.
    pub(super) values: Option<Vec<Leaf<Value>>>,
    /// First value of `sequence`. Default: 0.
    pub(super) start: Option<Leaf<Number>>,
    /// What `sequence` grows by from row to row. Default: 1.
    pub(super) step: Option<Leaf<Number>>,
    /// The value of `constant`.
    pub(super) value: Option<Leaf<Value>>,
}

impl RawDistributionKeys {
    /// The keys that are there, beside `kind` and `null_fraction`.
    pub(super) fn given(&self) -> Vec<&'static str> {
        [
            ("min", self.min.is_some()),
            ("max", self.max.is_some()),
            ("cardinality", self.cardinality.is_some()),
            ("mean", self.mean.is_some()),
            ("std_dev", self.std_dev.is_some()),
            ("exponent", self.exponent.is_some()),
            ("values", self.values.is_some()),
            ("start", self.start.is_some()),
            ("step", self.step.is_some()),
            ("value", self.value.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, given)| given.then_some(key))
        .collect()
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReader {
    /// Partitions that the engine reads at once; 0 counts as 1. Default: all cores.
    pub(super) read_threads: Option<Leaf<u64>>,
    /// Rows per batch. Default: the engine's.
    pub(super) batch_size: Option<Leaf<Positive>>,
    /// Reads past the page cache. Only `false` in this version.
    pub(super) odirect: Option<Leaf<bool>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStorage {
    /// Kind of storage: `local_fs`, the only one in this version.
    pub(super) storage_type: Option<Leaf<String>>,
    /// Folder that a relative `dataset.data_folder` starts from. Default: `./`.
    pub(super) storage_root: Option<Leaf<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkflow {
    /// Whether missing data is generated; where false, missing data is an error. Default: true.
    pub(super) generate_data: Option<Leaf<bool>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrain {
    /// Seed of the content where `dataset.seed` is left out.
    pub(super) seed: Option<Leaf<u64>>,
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
    /// Measured rounds. Default: 10.
    pub(super) rounds: Option<Leaf<Positive>>,
    /// State of the caches before each iteration: `warm`, the only one in this version.
    pub(super) cache: Option<Leaf<String>>,
    /// Seed of the order in which a round visits the cells. Default: 42.
    pub(super) seed: Option<Leaf<u64>>,
}
