//! The config as written. The comments of this file become the descriptions in the JSON Schema,
//! which editors show.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::codec::CodecText;
use super::kind::DistributionKind;
use super::leaf::{
    Bandwidth, Bytes, Extent, Fraction, Latency, Leaf, Point, Positive, RoundedCount, SecretText,
    ShuffleWord, Span, StepCount, StepTime,
};
use super::model::{
    Dtype, Encoding, EndpointSpread, HeldAgainst, LengthDistribution, PageCache, ReadMode,
    SortScope, Statistics, Tensors, VectorLayout,
};
use super::number::Value;
use crate::record::{EngineCache, Lane};

/// A workload: a dataset or existing tables, the SQL to read them with, and how to measure it.
/// Workload files of DLIO and MLPerf Storage are taken as they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "bench config")]
pub(super) struct RawConfig {
    /// A dataset, which is generated if it is missing. Its table is `train`; with `num_files_eval`
    /// there is a second one, `valid`.
    pub(super) dataset: Option<RawDataset>,
    /// Settings of the engine's reads.
    pub(super) reader: Option<RawReader>,
    /// Place of the data.
    pub(super) storage: Option<RawStorage>,
    /// Phases that run.
    pub(super) workflow: Option<RawWorkflow>,
    /// Existing Parquet files: table name -> path.
    pub(super) tables: Option<BTreeMap<String, RawTable>>,
    /// Queries to run: SQL files, folders of them, names of shipped scenarios, or SQL. If left out,
    /// one scan of the columns with `read: true`.
    pub(super) scenarios: Option<RawScenarios>,
    /// Options of DataFusion, by their dotted names without the leading `datafusion.`, or nested.
    #[schemars(schema_with = "options_schema")]
    pub(super) datafusion: Option<Map<String, Json>>,
    /// Key path -> values. Every combination of the values is a variant. The first key varies
    /// slowest, and the first value of each key is the baseline.
    #[schemars(schema_with = "sweep_schema")]
    pub(super) sweep: Option<Map<String, Json>>,
    /// Variants by name, each a mapping of key path -> value. Cannot be used together with `sweep`.
    #[schemars(schema_with = "variants_schema")]
    pub(super) variants: Option<Map<String, Json>>,
    /// Settings of the measurement, such as the number of rounds and the state of the caches.
    pub(super) measure: Option<RawMeasure>,
    /// The training loop of `bench train`.
    pub(super) train: Option<RawTrain>,
    /// Evaluation of `bench train`, if `workflow.evaluation` is true.
    pub(super) evaluation: Option<RawEvaluation>,
    /// Results of `bench train` in DLIO's form.
    pub(super) output: Option<RawOutput>,
    /// Aim of `bench train`.
    pub(super) metric: Option<RawMetric>,
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
    /// Folder of the files, relative to `storage.storage_root` unless absolute. Default: `./data/`.
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
    /// Bytes per row if `parquet.columns` is left out and the dataset has one binary column `data`.
    /// A fraction is rounded. Default: 65536.
    pub(super) record_length_bytes: Option<Leaf<RoundedCount>>,
    /// Another spelling of `record_length_bytes`.
    pub(super) record_length: Option<Leaf<RoundedCount>>,
    /// First part of the file names. Default: `img`.
    pub(super) file_prefix: Option<Leaf<String>>,
    /// Codec, optionally with its level: `none`, `snappy`, `gzip`, `brotli`, `lz4`, `zstd`,
    /// `zstd(9)`. Levels: gzip 0 to 9 (default 6), brotli 0 to 11 (default 1), zstd 1 to 22
    /// (default 1). Default: none.
    pub(super) compression: Option<Leaf<CodecText>>,
    /// Level of codecs that have levels, unless `compression` names one.
    pub(super) compression_level: Option<Leaf<u64>>,
    /// Seed of the content. Default: 123.
    pub(super) seed: Option<Leaf<u64>>,
    /// Existing rows to write in the layouts of this config, in place of generated ones: Parquet,
    /// CSV, JSON or Arrow files, as a file, a folder or a glob.
    pub(super) source: Option<Leaf<String>>,
    /// Name of the table in SQL. Default: `train`.
    pub(super) table: Option<Leaf<String>>,
    /// Columns and layout of the Parquet files.
    pub(super) parquet: Option<RawParquet>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParquet {
    /// Columns, in file order. A name alone is a column with every default. If left out, there is
    /// one binary column `data`.
    pub(super) columns: Option<Vec<RawColumn>>,
    /// Storage of columns with `size` above 1. Default: `fixed_size_list`, as DLIO writes them.
    pub(super) vector_layout: Option<Leaf<VectorLayout>>,
    /// Rows per row group. Default: 1000000.
    pub(super) row_group_size: Option<Leaf<Positive>>,
    /// Bytes per row group, encoded and before compression: an integer, or text such as `128MiB` or
    /// `64MB`. Cannot be used together with `row_group_size`.
    pub(super) row_group_bytes: Option<Leaf<Bytes>>,
    /// `row_group` reads one row group after the other. `default` reads the needed columns of a
    /// whole file into memory before it passes on the first row. `on_demand` reads rows by their
    /// numbers, for `bench train` alone. Default: `row_group`.
    pub(super) read_mode: Option<Leaf<ReadMode>>,
    /// Columns that become Hive folders (`year=2026/month=1/`), outermost first.
    pub(super) partition_by: Option<OneOrMany<Leaf<String>>>,
    /// Encoding of values, in the columns that it fits. Default: `auto`, the writer's choice.
    pub(super) encoding: Option<Leaf<Encoding>>,
    /// Size of a dictionary, in bytes, above which its column chunk falls back to another encoding.
    /// Default: 1MiB.
    pub(super) dictionary_page_bytes: Option<Leaf<Bytes>>,
    /// Size at which a data page ends, in bytes, encoded and before compression. Default: 1MiB.
    pub(super) data_page_bytes: Option<Leaf<Bytes>>,
    /// Number of rows at which a data page ends, unless it has reached its size before. Default:
    /// 20000.
    pub(super) data_page_rows: Option<Leaf<Positive>>,
    /// Version of data pages, 1 or 2. Default: 1.
    pub(super) writer_version: Option<Leaf<u64>>,
    /// Statistics: `none`, `chunk` (in the footer) or `page` (in page headers, too). Default:
    /// `chunk`.
    pub(super) statistics: Option<Leaf<Statistics>>,
    /// Writes column and offset indexes. Default: true if there are statistics.
    pub(super) page_index: Option<Leaf<bool>>,
    /// Writes bloom filters of column chunks. Default: false.
    pub(super) bloom_filter: Option<Leaf<bool>>,
    /// Wanted share of false positives of bloom filters, between 0 and 1. Default: 0.05.
    pub(super) bloom_filter_fpp: Option<Leaf<f64>>,
    /// Number of distinct values that a bloom filter has room for, at most the rows of a row group.
    /// Default: the rows of a row group.
    pub(super) bloom_filter_ndv: Option<Leaf<Positive>>,
    /// Columns that rows are sorted by, the most significant first. ` desc` after a name means
    /// descending order. Nulls come first.
    pub(super) sort_by: Option<OneOrMany<Leaf<String>>>,
    /// Range of rows that are sorted: a `file` or a `row_group`. Default: `file`.
    pub(super) sort_scope: Option<Leaf<SortScope>>,
}

/// Layout of a column's chunks, where it differs from the dataset's.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChunk {
    /// Codec of the column; see `dataset.compression`.
    pub(super) compression: Option<Leaf<CodecText>>,
    /// Level of the codec; see `dataset.compression_level`.
    pub(super) compression_level: Option<Leaf<u64>>,
    /// Encoding, which must fit the column's type; see `dataset.parquet.encoding`.
    pub(super) encoding: Option<Leaf<Encoding>>,
    /// Limit of the dictionary; see `dataset.parquet.dictionary_page_bytes`.
    pub(super) dictionary_page_bytes: Option<Leaf<Bytes>>,
    /// Size of data pages; see `dataset.parquet.data_page_bytes`.
    pub(super) data_page_bytes: Option<Leaf<Bytes>>,
    /// Statistics; see `dataset.parquet.statistics`.
    pub(super) statistics: Option<Leaf<Statistics>>,
    /// Bloom filter; see `dataset.parquet.bloom_filter`.
    pub(super) bloom_filter: Option<Leaf<bool>>,
    /// Share of false positives; see `dataset.parquet.bloom_filter_fpp`.
    pub(super) bloom_filter_fpp: Option<Leaf<f64>>,
    /// Number of distinct values; see `dataset.parquet.bloom_filter_ndv`.
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
    /// The default scenario reads the column. Default: true.
    pub(super) read: Option<Leaf<bool>>,
    /// Distribution of the values. Default: uniform over the type's range (floats: 0 to 1; dates:
    /// 2020 to 2024).
    pub(super) distribution: Option<RawDistribution>,
    /// Time zone of a timestamp: an IANA name such as `Europe/Paris`, or an offset such as
    /// `+02:00`.
    pub(super) time_zone: Option<Leaf<String>>,
    /// The elements of a list. Default, beside `size`: float32.
    pub(super) item: Option<Box<RawColumnKeys>>,
    /// The fields of a struct.
    pub(super) fields: Option<Vec<RawColumn>>,
    /// Layout of the column's chunks, where it differs from the dataset's.
    pub(super) parquet: Option<RawChunk>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawDistribution {
    Keys(Box<RawDistributionKeys>),
    /// A distribution with every default.
    Kind(Leaf<DistributionKind>),
}

/// Declares the keys. A macro keeps the list of given keys complete.
macro_rules! distribution_keys {
    ($($(#[$meta:meta])* $key:ident: $kind:ty,)*) => {
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct RawDistributionKeys {
            /// Kind of the distribution, which decides on the other keys. Lists and structs have
            /// none.
            pub(super) kind: Option<Leaf<DistributionKind>>,
            /// Share of rows that are null, 0 to 1. Default: 0.
            pub(super) null_fraction: Option<Leaf<f64>>,
            /// Elements of each row of a list, or bytes of each string or binary value, in place of
            /// `size`.
            pub(super) length: Option<RawLength>,
            /// Mean number of neighbouring rows that share one draw, 1 or more; nulls come in such
            /// runs too. Default: 1.
            pub(super) run_length: Option<Leaf<f64>>,
            /// A pool of values that are drawn once. Each row chooses one of them, in place of a
            /// draw of its own.
            pub(super) pool: Option<RawPool>,
            $($(#[$meta])* pub(super) $key: Option<$kind>,)*
        }

        impl RawDistributionKeys {
            /// Returns the keys that are given, except those that are not about single values.
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
    /// Degree to which the rows are sorted, 0 to 1 (numbers that are drawn one by one). Default: 0,
    /// in random order.
    sortedness: Leaf<f64>,
    /// Number of rows after which the order of `sortedness` starts again. Default: all rows of the
    /// table.
    cycle: Leaf<Positive>,
    /// Random walk of the rows, in place of `sortedness`: each row's rank among all values is the
    /// rank of the row before plus a normal step. `drift` is the standard deviation of the step as
    /// a share of all ranks, above 0 and at most 1.
    drift: Leaf<f64>,
    /// Smallest value (uniform, normal, lognormal, random_walk, correlated_with), first value
    /// (zipf, hotspot, categorical, sequence; default 0), fewest words per value (words; default 3)
    /// or fields per object (json; default 2).
    min: Leaf<Point>,
    /// Largest value (uniform, normal, lognormal, random_walk, correlated_with), most words per
    /// value (words; default 12) or fields per object (json; default 6).
    max: Leaf<Point>,
    /// Number of different values (uniform, normal, lognormal, zipf and hotspot: default 1000,
    /// categorical, correlated_with: default 1000), number of rows after which a sequence starts
    /// again, or number of different words (words, json: default 10000; template: of its
    /// placeholders, default 1000).
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
    /// The values of `categorical`, or the quantiles of `quantiles`: two or more ascending numbers.
    /// The same number of rows lies between each two neighbours.
    values: Vec<Leaf<Value>>,
    /// Weight of each of `values`, in any unit. Default: all values are equally likely.
    weights: Vec<Leaf<f64>>,
    /// First value of `sequence`, and start of a `random_walk` without bounds. Default: 0.
    start: Leaf<Point>,
    /// Increment of `sequence` from row to row, or the standard deviation of a step of
    /// `random_walk`. Default: 1.
    step: Leaf<Point>,
    /// Largest random value that is added to each value of `sequence`. Default: 0.
    jitter: Leaf<Point>,
    /// Rounds numbers to multiples of this (uniform, normal, lognormal, quantiles, random_walk).
    multiple_of: Leaf<Point>,
    /// The column that `correlated_with` follows.
    column: Leaf<String>,
    /// Strength of the correlation: -1 to 1 between numbers, else 0 to 1. Default: 0.9.
    correlation: Leaf<f64>,
    /// The text of `template`, with `{row}`, `{uniform}`, `{zipf}`, `{word}`, `{hex:8}`,
    /// `{digits:8}`, `{letters:8}` and `{uuid}`. A number after a colon is the number of digits.
    /// `{{` is a brace.
    template: Leaf<String>,
    /// Share of a binary value that compresses to nothing, 0 to 1.
    compressibility: Leaf<f64>,
    /// The value of `constant`.
    value: Leaf<Value>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLength {
    /// Smallest length. Default: 0 for lists, else 1.
    pub(super) min: Option<Leaf<u64>>,
    /// Largest length, at least `min`.
    #[schemars(required)]
    pub(super) max: Option<Leaf<u64>>,
    /// Distribution of lengths: `uniform`, `normal` (around the middle) or `zipf` (mostly short).
    /// Default: `uniform`.
    pub(super) distribution: Option<Leaf<LengthDistribution>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPool {
    /// Largest number of different values in the pool.
    #[schemars(required)]
    pub(super) size: Option<Leaf<Positive>>,
    /// The k-th value is chosen with probability proportional to k^-`exponent`. Default: 0, all
    /// values are equally likely.
    pub(super) exponent: Option<Leaf<f64>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReader {
    /// Partitions that the engine reads at once; 0 counts as 1. In training, readers of each
    /// accelerator. Default: all cores.
    pub(super) read_threads: Option<Leaf<u64>>,
    /// Rows per batch. Default: the engine's; in training 1, as DLIO has it.
    pub(super) batch_size: Option<Leaf<Positive>>,
    /// Rows per batch of an evaluation. Default: 1.
    pub(super) batch_size_eval: Option<Leaf<Positive>>,
    /// Finished batches that may wait for the training loop. Default: 2.
    pub(super) prefetch_size: Option<Leaf<u64>>,
    /// Order of the files in training: `off`, or another one in each epoch, from `train.seed`
    /// (`seed`, `random`). Default: `off`.
    pub(super) file_shuffle: Option<Leaf<ShuffleWord>>,
    /// Order of the rows in training: `off`, or shuffled from `train.seed` (`seed`, `random`)
    /// within `shuffle_size` rows. Default: `off`.
    pub(super) sample_shuffle: Option<Leaf<ShuffleWord>>,
    /// Consecutive rows that `sample_shuffle` shuffles together. Default: 1024, or all rows with
    /// `read_mode: on_demand`.
    pub(super) shuffle_size: Option<Leaf<Positive>>,
    /// Drops the last batch of an epoch in training if it is not full. Default: true.
    pub(super) drop_last: Option<Leaf<bool>>,
    /// Form of the batches in training: `one` row-major matrix of all numbers, `per_dtype`, or
    /// `none`, which copies nothing. Default: `one`.
    pub(super) tensors: Option<Leaf<Tensors>>,
    /// Decoded row groups that `read_mode: on_demand` keeps. Default: 8.
    pub(super) cached_row_groups: Option<Leaf<Positive>>,
    /// Reads past the page cache, as `measure.cache: direct` does. Default: false.
    pub(super) odirect: Option<Leaf<bool>>,
    /// Reads files as one table even if their types differ, as long as types only widen: integers,
    /// floats and decimals of more digits, fields added to structs, spellings of UTC. Default:
    /// false, which refuses such files. Columns that some files lack are null for their rows in
    /// either case.
    pub(super) unify_schemas: Option<Leaf<bool>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStorage {
    /// Kind of storage: `local_fs`, `parallel_fs` (the same), `direct_fs` (reads past the page
    /// cache, too, as `reader.odirect` does) or `s3`, where `storage_root` is a bucket. A URL in
    /// `dataset.data_folder` needs no kind.
    pub(super) storage_type: Option<Leaf<String>>,
    /// Folder or URL that a relative `dataset.data_folder` starts from, or a bucket. Default: `./`.
    pub(super) storage_root: Option<Leaf<String>>,
    /// The way to a store other than this host's files. What is left out comes from the environment
    /// that other tools use, too.
    pub(super) options: Option<RawStorageOptions>,
    /// DLIO's name of `options`.
    pub(super) storage_options: Option<RawStorageOptions>,
    /// URLs of several servers that serve the same objects, in place of `options.endpoint_url`.
    pub(super) endpoints: Option<OneOrMany<Leaf<String>>>,
    /// Choice of an endpoint: the next one for each of the `requests`, or one by the `rank` of the
    /// process. Default: `requests`.
    pub(super) endpoint_spread: Option<Leaf<EndpointSpread>>,
    /// DLIO's name of `endpoints`.
    pub(super) endpoint_uris: Option<OneOrMany<Leaf<String>>>,
    /// DLIO's way to say `endpoint_spread: rank`.
    pub(super) use_mpi_endpoint_distribution: Option<Leaf<bool>>,
    /// DLIO's name of `options.region`.
    pub(super) s3_region: Option<Leaf<String>>,
    /// DLIO's name of `options.endpoint_url`.
    pub(super) s3_endpoint: Option<Leaf<String>>,
    /// DLIO's name of `options.path_style`.
    pub(super) s3_force_path_style: Option<Leaf<bool>>,
    /// Attempts of a request, the first included: one more than `options.retries`.
    pub(super) s3_max_attempts: Option<Leaf<Positive>>,
    /// Largest gap between two ranges that become one request, in bytes. May be swept. Default:
    /// 1MiB in object stores; files of this host are asked for each range.
    pub(super) coalesce_gap: Option<Leaf<Extent>>,
    /// Largest size of a request, in bytes; larger ones become several at once. May be swept.
    /// Default: no limit.
    pub(super) split_size: Option<Leaf<Bytes>>,
    /// Most requests that are under way at once. May be swept. Default: ten for each call of the
    /// engine.
    pub(super) concurrency: Option<Leaf<Positive>>,
    /// Bytes at the end of a file that are read at first, for the sake of its footer. May be swept.
    /// Default: the engine's, `datafusion.execution.parquet.metadata_size_hint`.
    pub(super) footer_prefetch: Option<Leaf<Extent>>,
    /// Reads a whole row group wherever the engine wants a part of it. May be swept. Default:
    /// false.
    pub(super) row_group_reads: Option<Leaf<bool>>,
    /// Row groups that are read ahead of the engine in each file. May be swept. Default: 0.
    pub(super) prefetch_row_groups: Option<Leaf<u64>>,
    /// Size of the parts of an upload, in bytes, 5MiB or more. A part of the layout in object
    /// stores. May be swept. Default: 8MiB.
    pub(super) part_size: Option<Leaf<Bytes>>,
    /// A slower storage that reads imitate. Default: the actual speed of the storage.
    pub(super) throttle: Option<RawThrottle>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStorageOptions {
    /// URL of the server, as `http://127.0.0.1:9000`. Default: `AWS_ENDPOINT_URL_S3`,
    /// `AWS_ENDPOINT_URL`, `AZURE_STORAGE_ENDPOINT` or `STORAGE_EMULATOR_HOST`, or that of the
    /// provider.
    pub(super) endpoint_url: Option<Leaf<String>>,
    /// Region. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, or `us-east-1`.
    pub(super) region: Option<Leaf<String>>,
    /// Writes the bucket into the path instead of the host's name. Default: true if there is an
    /// endpoint.
    pub(super) path_style: Option<Leaf<bool>>,
    /// DLIO's name of `path_style`.
    pub(super) s3_force_path_style: Option<Leaf<bool>>,
    /// Allows requests without encryption. Default: true if the endpoint's URL is `http://`.
    pub(super) allow_http: Option<Leaf<bool>>,
    /// Sends requests without signatures. Default: false.
    pub(super) anonymous: Option<Leaf<bool>>,
    /// Profile in `~/.aws/config` and `~/.aws/credentials`. Default: `AWS_PROFILE`.
    pub(super) profile: Option<Leaf<String>>,
    /// File of certificates, in PEM, that a server's own is checked with besides those of the
    /// system. Default: `AWS_CA_BUNDLE`.
    pub(super) ca_file: Option<Leaf<String>>,
    /// Longest time to connect. Default: 5s.
    pub(super) connect_timeout: Option<Leaf<Span>>,
    /// Longest time without a byte. Default: 30s.
    pub(super) timeout: Option<Leaf<Span>>,
    /// Attempts after the first. Default: `AWS_MAX_ATTEMPTS` less one, or 10.
    pub(super) retries: Option<Leaf<u64>>,
    /// DLIO's way to say `retries`: the first attempt counts, too.
    pub(super) s3_max_attempts: Option<Leaf<Positive>>,
    /// Longest time from the first attempt to the last. Default: 3min.
    pub(super) retry_timeout: Option<Leaf<Span>>,
    /// Better in the environment: `AWS_ACCESS_KEY_ID`.
    pub(super) access_key_id: Option<Leaf<String>>,
    /// Better in the environment: `AWS_SECRET_ACCESS_KEY`.
    pub(super) secret_access_key: Option<Leaf<SecretText>>,
    /// Better in the environment: `AWS_SESSION_TOKEN`.
    pub(super) session_token: Option<Leaf<SecretText>>,
    /// Azure's name of the account. Default: `AZURE_STORAGE_ACCOUNT`.
    pub(super) account_name: Option<Leaf<String>>,
    /// Better in the environment: `AZURE_STORAGE_KEY`.
    pub(super) account_key: Option<Leaf<SecretText>>,
    /// Better in the environment: `AZURE_STORAGE_SAS_TOKEN`.
    pub(super) sas_token: Option<Leaf<SecretText>>,
    /// Better in the environment: `AZURE_STORAGE_CONNECTION_STRING`.
    pub(super) connection_string: Option<Leaf<SecretText>>,
    /// File with the key of a service account of Google. Default:
    /// `GOOGLE_APPLICATION_CREDENTIALS`.
    pub(super) service_account_file: Option<Leaf<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawThrottle {
    /// Bytes per second of all requests together: a number, text such as `200MB/s`, or `none`. May
    /// be swept. Default: none.
    pub(super) bandwidth: Option<Leaf<Bandwidth>>,
    /// Latency of each request: seconds, text such as `5ms`, or 0. May be swept. Default: 0.
    pub(super) latency: Option<Leaf<Latency>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkflow {
    /// Generates missing data. If false, missing data is an error. Default: true.
    pub(super) generate_data: Option<Leaf<bool>>,
    /// Evaluates in `bench train`, on the table `valid`. Default: false.
    pub(super) evaluation: Option<Leaf<bool>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrain {
    /// Epochs, each of which reads every row once. Default: 1.
    pub(super) epochs: Option<Leaf<Positive>>,
    /// Most steps of each accelerator in each epoch. 0 and -1 are no limit, the default.
    pub(super) total_training_steps: Option<Leaf<StepCount>>,
    /// Time that a step computes: seconds, text such as `5ms`, or a distribution. Default: 0.
    pub(super) computation_time: Option<RawComputation>,
    /// Standard deviation of `computation_time`, in seconds.
    pub(super) computation_time_stdev: Option<Leaf<f64>>,
    /// Seed of the shuffles and of the computation times. Default: 123.
    pub(super) seed: Option<Leaf<u64>>,
    /// Gives each epoch an order of its own. Default: true.
    pub(super) seed_change_epoch: Option<Leaf<bool>>,
    /// Accelerators that this process feeds at once. Default: 1.
    pub(super) accelerators: Option<Leaf<Positive>>,
    /// Lets the accelerators of this process wait for each other after each step. Default: true.
    pub(super) barrier: Option<Leaf<bool>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEvaluation {
    /// Time that a step of an evaluation computes; see `train.computation_time`. Default: 0.
    pub(super) eval_time: Option<RawComputation>,
    /// Standard deviation of `eval_time`, in seconds.
    pub(super) eval_time_stdev: Option<Leaf<f64>>,
    /// First epoch that is followed by an evaluation. Default: 1.
    pub(super) eval_after_epoch: Option<Leaf<Positive>>,
    /// Epochs from one evaluation to the next. Default: 1.
    pub(super) epochs_between_evals: Option<Leaf<Positive>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawComputation {
    Keys(Box<RawComputationKeys>),
    /// The same time in each step.
    Time(Leaf<StepTime>),
}

/// A distribution of times in seconds. Draws below 0 count by their absolute value.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawComputationKeys {
    /// `normal` (`mean`, `stdev`), `uniform` (`min`, `max`), `gamma` (`shape`, `scale`),
    /// `exponential` (`scale`) or `poisson` (`lam`). Default: normal.
    #[serde(rename = "type")]
    pub(super) kind: Option<Leaf<String>>,
    /// Mean of `normal`.
    pub(super) mean: Option<Leaf<f64>>,
    /// Standard deviation of `normal`. Without it, every step takes the mean.
    pub(super) stdev: Option<Leaf<f64>>,
    /// Shortest time of `uniform`.
    pub(super) min: Option<Leaf<f64>>,
    /// Longest time of `uniform`.
    pub(super) max: Option<Leaf<f64>>,
    /// Shape of `gamma`.
    pub(super) shape: Option<Leaf<f64>>,
    /// Scale of `gamma`, and mean of `exponential`.
    pub(super) scale: Option<Leaf<f64>>,
    /// Mean of `poisson`.
    pub(super) lam: Option<Leaf<f64>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutput {
    /// Folder of the result files of `bench train` in DLIO's form. Default: one beside the record.
    pub(super) folder: Option<Leaf<String>>,
    /// Steps that do not count for the utilization.
    pub(super) metric: Option<RawOutputMetric>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutputMetric {
    /// Steps at the beginning of each epoch that do not count. Default: 1.
    pub(super) exclude_start_steps: Option<Leaf<u64>>,
    /// Steps at the end of each epoch that do not count. Default: 0.
    pub(super) exclude_end_steps: Option<Leaf<u64>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetric {
    /// Accelerator utilization that is aimed at, as `0.9` or `90%`. Default: 0.9.
    pub(super) au: Option<Leaf<Fraction>>,
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
    /// Name in reports.
    #[schemars(required)]
    pub(super) name: Option<Leaf<String>>,
    /// One SELECT statement.
    #[schemars(required)]
    pub(super) sql: Option<Leaf<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMeasure {
    /// Untimed rounds before the measured ones. Default: 1.
    pub(super) warmup: Option<Leaf<u64>>,
    /// Measured rounds: the exact number if given alone, the minimum beside `precision` or
    /// `time_budget`. Default: at least 10.
    pub(super) rounds: Option<Leaf<Positive>>,
    /// Rounds continue until every interval is at most this wide: high / low - 1, as `0.04` or
    /// `4%`. Default: 4%.
    pub(super) precision: Option<Leaf<Fraction>>,
    /// Time after which rounds end even if `precision` is not reached: seconds, or text such as
    /// `90s`, `5min` or `1h`. Writing the data counts for up to half of it. Default: 2min.
    pub(super) time_budget: Option<Leaf<Span>>,
    /// Smallest effect of interest. Variants whose times differ by no more are a tie. Default: 1%.
    pub(super) effect: Option<Leaf<Fraction>>,
    /// Lanes to time, one or several: `end_to_end` (the whole query), `storage` (only the reads:
    /// its byte ranges are read and dropped), `compute` (the same query with its bytes in memory).
    /// Default: `end_to_end`.
    pub(super) lanes: Option<OneOrMany<Leaf<Lane>>>,
    /// State of the page cache before each iteration: `warm` (it holds the files), `cold` (it holds
    /// nothing of them) or `direct` (reads bypass it). May be swept. Default: `warm`.
    pub(super) cache: Option<Leaf<PageCache>>,
    /// State of the engine's own caches of footers: `fresh` (emptied before each execution) or
    /// `warm`. May be swept. Default: `warm` for `cache: warm`, else `fresh`.
    pub(super) engine_cache: Option<Leaf<EngineCache>>,
    /// Drops the page cache of the whole host before cold iterations, which only root may do.
    /// Default: false.
    pub(super) drop_caches: Option<Leaf<bool>>,
    /// Copies of a query that run at once. May be swept. Default: 1.
    pub(super) streams: Option<Leaf<Positive>>,
    /// Workers that share each query, the first of those that `--workers` names. May be swept, also
    /// as `workers`. Default: all of them.
    pub(super) workers: Option<Leaf<Positive>>,
    /// Standard for the first result of workers: `one_host` (the same query, executed by
    /// this process alone) or `footers` (the rows that footers state, which says nothing of scans
    /// with filters; for data that one host cannot read). Default: `one_host`.
    pub(super) held_against: Option<Leaf<HeldAgainst>>,
    /// Largest memory that the engine's operators may use: bytes, or text such as `512MiB`. A query
    /// that needs more fails, and the run continues without it. May be swept. Default: no limit.
    pub(super) memory_limit: Option<Leaf<Bytes>>,
    /// Measures the baseline again as a control, from copies of its files, to show the effect of
    /// noise alone. There are two controls if there are variants to compare, else one. Default:
    /// true if there are variants to compare.
    pub(super) control: Option<Leaf<bool>>,
    /// Executes each cell once in a separate process, to see how much memory that takes. Default:
    /// true.
    pub(super) peak_memory: Option<Leaf<bool>>,
    /// Executes each cell a few times from memory, to predict how long it takes on other storage,
    /// and at which storage speed variants break even. Default: true if there are variants to
    /// compare.
    pub(super) break_even: Option<Leaf<bool>>,
    /// Seed of the order in which a round visits the cells. Default: 42.
    pub(super) seed: Option<Leaf<u64>>,
}
