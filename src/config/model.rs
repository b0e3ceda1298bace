//! The validated model: what a config means, with every default filled in.
//!
//! Values of these types hold what the rest of the program may rely on: counts are positive, names are unique,
//! levels lie in their codec's range, distributions fit their column's type.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// A whole workload: the variants to measure, the scenarios to run on each, and how to measure them.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Never empty. The first is the baseline.
    pub variants: Vec<Variant>,
    /// As written; empty means one scan of the columns with `read: true`.
    pub scenarios: Vec<ScenarioSource>,
    pub measure: Measure,
    /// What the user should know about keys that were accepted without effect, one sentence each.
    pub notes: Vec<String>,
    /// The config after overrides, before variants are applied; what the run record keeps.
    pub resolved: serde_json::Value,
    /// Folder of the config file, tried for relative query paths after the working folder.
    pub folder: Option<PathBuf>,
}

/// One member of a sweep: the base config with `settings` applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Unique within the config.
    pub name: String,
    /// Key path -> value, as given by the sweep or the `variants:` list. Empty where nothing is swept.
    pub settings: BTreeMap<String, serde_json::Value>,
    pub dataset: Option<Dataset>,
    pub reader: Reader,
    /// DataFusion options, name -> value as text (`execution.parquet.pushdown_filters` -> `true`), in the order
    /// written; the prefix `datafusion.` is left off.
    pub engine: Vec<(String, String)>,
    /// Existing files: table name -> path, glob or URL as written.
    pub tables: BTreeMap<String, String>,
}

/// Where a scenario's SQL comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScenarioSource {
    /// A file, a folder of `*.sql` files, or the name of a shipped scenario.
    Named(String),
    /// SQL written in the config or on the command line.
    Inline { name: String, sql: String },
}

/// A generated dataset: its content (columns, rows, seed) and its layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dataset {
    /// `storage.storage_root` joined with `dataset.data_folder`; a path, or a URL.
    pub data_folder: String,
    pub file_prefix: String,
    pub train: Split,
    /// Present where `num_files_eval` is above 0.
    pub valid: Option<Split>,
    pub rows_per_file: u64,
    pub seed: u64,
    /// Never empty; names are unique.
    pub columns: Vec<Column>,
    pub layout: Layout,
    /// False where `workflow.generate_data: false` says that the data must be there already.
    pub generate: bool,
}

/// The files of one table of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Split {
    /// Logical files; with Hive partitions each becomes one file per partition that it has rows of.
    pub files: u64,
    /// 0 and 1 both mean that files lie directly in the split's folder.
    pub subfolders: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    pub name: String,
    pub dtype: Dtype,
    /// Numeric types: values per row, a vector where above 1. String and binary: length in bytes.
    pub size: u64,
    /// Whether the default scenario reads it.
    pub read: bool,
    pub distribution: Distribution,
    /// Share of rows that are null, 0 to 1. The field is nullable where it is above 0.
    pub null_fraction: f64,
}

impl Column {
    /// Whether a row holds several numbers.
    pub fn is_vector(&self) -> bool {
        self.size > 1 && self.dtype.is_numeric()
    }
}

/// DLIO's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float16,
    Float32,
    Float64,
    Bool,
    String,
    Binary,
}

impl Dtype {
    pub const ALL: [(Dtype, &'static str); 14] = [
        (Dtype::Int8, "int8"),
        (Dtype::Int16, "int16"),
        (Dtype::Int32, "int32"),
        (Dtype::Int64, "int64"),
        (Dtype::Uint8, "uint8"),
        (Dtype::Uint16, "uint16"),
        (Dtype::Uint32, "uint32"),
        (Dtype::Uint64, "uint64"),
        (Dtype::Float16, "float16"),
        (Dtype::Float32, "float32"),
        (Dtype::Float64, "float64"),
        (Dtype::Bool, "bool"),
        (Dtype::String, "string"),
        (Dtype::Binary, "binary"),
    ];

    pub fn is_integer(self) -> bool {
        self.integer_range().is_some()
    }

    pub fn is_float(self) -> bool {
        matches!(self, Dtype::Float16 | Dtype::Float32 | Dtype::Float64)
    }

    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// Smallest and largest value of an integer type.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        Some(match self {
            Dtype::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Dtype::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Dtype::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Dtype::Int64 => (i64::MIN.into(), i64::MAX.into()),
            Dtype::Uint8 => (0, u8::MAX.into()),
            Dtype::Uint16 => (0, u16::MAX.into()),
            Dtype::Uint32 => (0, u32::MAX.into()),
            Dtype::Uint64 => (0, u64::MAX.into()),
            _ => return None,
        })
    }

    /// Bytes of one value; for string and binary, of one character or byte. A bool counts as one byte.
    pub fn value_bytes(self) -> u64 {
        match self {
            Dtype::Int8 | Dtype::Uint8 | Dtype::Bool | Dtype::String | Dtype::Binary => 1,
            Dtype::Int16 | Dtype::Uint16 | Dtype::Float16 => 2,
            Dtype::Int32 | Dtype::Uint32 | Dtype::Float32 => 4,
            Dtype::Int64 | Dtype::Uint64 | Dtype::Float64 => 8,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Dtype::ALL
            .iter()
            .find(|(dtype, _)| dtype == self)
            .map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// A number as the config wrote it; 64-bit integers keep every digit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Integer(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

/// A value of a column, as the config wrote it; fits the column's type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Number(Number),
    Text(String),
}

/// How a column's values are drawn. Every value is a function of the seed, the column and the row number.
///
/// Bounds are inclusive, and are integers for integer types.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Distribution {
    /// Numbers: each of `min..=max` alike (floats: `[min, max)`). Bool: both alike. String: letters and digits, and
    /// binary: bytes, of the column's `size`. With `cardinality`, one of that many values, spread over the range.
    Uniform {
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Bell curve, rounded for integers, held within `min..=max` and within the type.
    Normal {
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
    },
    /// Rank k of 1..=`cardinality` with probability proportional to k^-`exponent`. Numbers: `min` + k - 1.
    /// String and binary: the k-th of `cardinality` made-up values of the column's `size`.
    Zipf {
        exponent: f64,
        cardinality: u64,
        min: Option<Number>,
    },
    /// One of `values`, each alike. Where the config gives a `cardinality` only: numbers `min` .. `min` + cardinality - 1,
    /// made-up words for strings.
    Categorical {
        values: Option<Vec<Value>>,
        cardinality: u64,
        min: Option<Number>,
    },
    /// `start` + row * `step`, row counted over the whole table; starts again after `cardinality` rows. The elements of a
    /// vector count on: element j of row r is number r * size + j.
    Sequence {
        start: Number,
        step: Number,
        cardinality: Option<u64>,
    },
    Constant {
        value: Value,
    },
    /// Strings of `min_words` to `max_words` made-up words out of a vocabulary of `cardinality`, the frequent ones first
    /// (zipf with exponent 1).
    Words {
        min_words: u64,
        max_words: u64,
        cardinality: u64,
    },
}

/// How the rows of a dataset are laid out in files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layout {
    pub codec: Codec,
    pub row_group: RowGroupSize,
    pub vector_layout: VectorLayout,
    /// Columns that become folders, outermost first; never all of the columns.
    pub partition_by: Vec<String>,
}

/// Where a row group ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowGroupSize {
    Rows(u64),
    /// Bytes of encoded data before compression, as `total_byte_size` in the footer counts them.
    Bytes(u64),
}

/// How a column with `size` above 1 is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorLayout {
    FixedSizeList,
    List,
    Binary,
}

/// A compression codec with the level that is used; levels lie within the codec's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    None,
    Snappy,
    Gzip(u32),
    Brotli(u32),
    /// LZ4_RAW of the Parquet specification.
    Lz4,
    Zstd(u32),
}

impl Codec {
    pub const NAMES: [&'static str; 6] = ["none", "snappy", "gzip", "brotli", "lz4", "zstd"];
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Codec::None => f.write_str("none"),
            Codec::Snappy => f.write_str("snappy"),
            Codec::Gzip(level) => write!(f, "gzip({level})"),
            Codec::Brotli(level) => write!(f, "brotli({level})"),
            Codec::Lz4 => f.write_str("lz4"),
            Codec::Zstd(level) => write!(f, "zstd({level})"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reader {
    /// Target partitions of the engine; all cores where left out.
    pub read_threads: Option<u64>,
    /// Rows per batch; the engine's default where left out.
    pub batch_size: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Untimed rounds before the measured ones.
    pub warmup: u32,
    /// Measured rounds, at least 1.
    pub rounds: u32,
    /// Seed of the order in which a round visits the cells.
    pub seed: u64,
}

impl Default for Measure {
    fn default() -> Self {
        Measure {
            warmup: 1,
            rounds: 10,
            seed: 42,
        }
    }
}
