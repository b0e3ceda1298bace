//! The validated model: what a config means, with every default filled in.
//!
//! Values of these types hold what the rest of the program may rely on: counts are positive, names are unique,
//! levels lie in their codec's range, distributions fit their column's type.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::record::{CacheState, EngineCache, Lane};
use crate::statistics::SMALLEST_EFFECT;

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
    /// Whether the config says how many files `train` has. Then so many of those that are there already
    /// are read, where none are to be generated.
    pub names_files: bool,
    /// Present where `num_files_eval` is above 0.
    pub valid: Option<Split>,
    /// 0 beside a `source`, whose rows are shared out among the files.
    pub rows_per_file: u64,
    pub seed: u64,
    /// Existing rows that are written anew instead of generated ones: a path, a glob or a file:// URL.
    pub source: Option<String>,
    /// Names are unique. Empty only beside a `source`, whose columns they are then.
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
    /// Without meaning for lists and structs.
    pub distribution: Distribution,
    /// Share of rows that are null, 0 to 1. The field is nullable where it is above 0.
    pub null_fraction: f64,
    /// How far the rows are in ascending order, 0 (at random) to 1 (sorted); see [`Distribution`].
    pub sortedness: f64,
    /// Strings and binary: bytes of a value, instead of `size`. Lists: elements of a row.
    pub length: Option<Length>,
    /// Mean number of neighbouring rows that share one draw, at least 1; nulls come in such runs too.
    #[serde(skip_serializing_if = "is_one")]
    pub run_length: f64,
    /// Where set, rows are sorted by `sortedness` within so many of them, and then anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<u64>,
    /// Where set, each row's rank among all values is that of the row before and a normal step: its standard deviation
    /// as a share of the ranks, above 0 and at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// Where set, rows choose among so many values that are drawn once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// Where set, numbers are rounded to multiples of it; above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<Number>,
    /// Of a timestamp: an IANA name, or an offset such as `+02:00`.
    pub time_zone: Option<String>,
    /// A list's elements, called `item`; a struct's fields.
    pub children: Vec<Column>,
}

fn is_one(number: &f64) -> bool {
    *number == 1.0
}

/// Values that are drawn once, and chosen by rank: that of rank k with probability proportional to k^-`exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pool {
    /// How many values there are, at least 1.
    pub size: u64,
    /// 0 for each alike.
    pub exponent: f64,
}

/// How long values are: bytes of a string or binary value, elements of a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Length {
    pub min: u64,
    /// At least `min`.
    pub max: u64,
    pub distribution: LengthDistribution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthDistribution {
    /// Each length alike.
    Uniform,
    /// Around the middle of `min` and `max`, which lie three standard deviations from it.
    Normal,
    /// Short ones mostly: length `min` + k - 1 with probability proportional to 1 / k.
    Zipf,
}

impl Column {
    /// Whether a row holds several numbers.
    pub fn is_vector(&self) -> bool {
        self.size > 1 && self.dtype.is_numeric()
    }
}

/// Types of columns: DLIO's, and those that tables have besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Strings with offsets of 64 bits in memory.
    LargeString,
    Binary,
    /// Days since 1970-01-01.
    Date32,
    /// Units since 1970-01-01T00:00:00 UTC.
    Timestamp(TimeUnit),
    Decimal128 {
        /// Decimal digits, 1 to 38.
        precision: u8,
        /// Digits behind the point, at most `precision`.
        scale: u8,
    },
    List,
    Struct,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    S,
    Ms,
    Us,
    Ns,
}

impl TimeUnit {
    pub const ALL: [(TimeUnit, &'static str); 4] = [
        (TimeUnit::S, "s"),
        (TimeUnit::Ms, "ms"),
        (TimeUnit::Us, "us"),
        (TimeUnit::Ns, "ns"),
    ];

    pub fn per_second(self) -> i64 {
        match self {
            TimeUnit::S => 1,
            TimeUnit::Ms => 1_000,
            TimeUnit::Us => 1_000_000,
            TimeUnit::Ns => 1_000_000_000,
        }
    }
}

/// Content of a decimal has at most this many digits, which 64 bits hold.
pub(super) const DECIMAL_DIGITS: u32 = 18;

impl Dtype {
    /// The types without parameters, and timestamps.
    pub const ALL: [(Dtype, &'static str); 22] = [
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
        (Dtype::LargeString, "large_string"),
        (Dtype::Binary, "binary"),
        (Dtype::Date32, "date32"),
        (Dtype::Timestamp(TimeUnit::S), "timestamp(s)"),
        (Dtype::Timestamp(TimeUnit::Ms), "timestamp(ms)"),
        (Dtype::Timestamp(TimeUnit::Us), "timestamp(us)"),
        (Dtype::Timestamp(TimeUnit::Ns), "timestamp(ns)"),
        (Dtype::List, "list"),
        (Dtype::Struct, "struct"),
    ];

    pub fn is_integer(self) -> bool {
        matches!(
            self,
            Dtype::Int8
                | Dtype::Int16
                | Dtype::Int32
                | Dtype::Int64
                | Dtype::Uint8
                | Dtype::Uint16
                | Dtype::Uint32
                | Dtype::Uint64
        )
    }

    pub fn is_float(self) -> bool {
        matches!(self, Dtype::Float16 | Dtype::Float32 | Dtype::Float64)
    }

    /// Whether it is a type of plain numbers, which vectors are made of.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// Whether its values are drawn as numbers: dates, timestamps and decimals are integers of their unit.
    pub fn draws_numbers(self) -> bool {
        self.is_float() || self.integer_range().is_some()
    }

    pub fn is_temporal(self) -> bool {
        matches!(self, Dtype::Date32 | Dtype::Timestamp(_))
    }

    /// Whether its values are strings or bytes.
    pub fn is_text(self) -> bool {
        matches!(self, Dtype::String | Dtype::LargeString | Dtype::Binary)
    }

    pub fn is_nested(self) -> bool {
        matches!(self, Dtype::List | Dtype::Struct)
    }

    /// Smallest and largest value of a type that is drawn as integers: days of a date, units of a timestamp, and a
    /// decimal without its point.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        Some(match self {
            Dtype::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Dtype::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Dtype::Int32 | Dtype::Date32 => (i32::MIN.into(), i32::MAX.into()),
            Dtype::Int64 | Dtype::Timestamp(_) => (i64::MIN.into(), i64::MAX.into()),
            Dtype::Uint8 => (0, u8::MAX.into()),
            Dtype::Uint16 => (0, u16::MAX.into()),
            Dtype::Uint32 => (0, u32::MAX.into()),
            Dtype::Uint64 => (0, u64::MAX.into()),
            Dtype::Decimal128 { precision, .. } => {
                let largest = 10_i128.pow(u32::from(precision).min(DECIMAL_DIGITS)) - 1;
                (-largest, largest)
            }
            _ => return None,
        })
    }

    /// Bytes of one value; for string and binary, of one character or byte. A bool counts as one byte, and nested
    /// types as nothing of their own.
    pub fn value_bytes(self) -> u64 {
        match self {
            Dtype::Int8
            | Dtype::Uint8
            | Dtype::Bool
            | Dtype::String
            | Dtype::LargeString
            | Dtype::Binary => 1,
            Dtype::Int16 | Dtype::Uint16 | Dtype::Float16 => 2,
            Dtype::Int32 | Dtype::Uint32 | Dtype::Float32 | Dtype::Date32 => 4,
            Dtype::Int64 | Dtype::Uint64 | Dtype::Float64 | Dtype::Timestamp(_) => 8,
            Dtype::Decimal128 { .. } => 16,
            Dtype::List | Dtype::Struct => 0,
        }
    }

    /// The physical type that Parquet stores it as; none for nested types, whose leaves have one each.
    pub fn physical(self) -> Option<Physical> {
        Some(match self {
            Dtype::Int8
            | Dtype::Int16
            | Dtype::Int32
            | Dtype::Uint8
            | Dtype::Uint16
            | Dtype::Uint32
            | Dtype::Date32 => Physical::Int32,
            // Parquet has no seconds; arrow-rs stores them as 64-bit integers of their own.
            Dtype::Int64 | Dtype::Uint64 | Dtype::Timestamp(_) => Physical::Int64,
            Dtype::Float16 => Physical::FixedLenByteArray,
            Dtype::Float32 => Physical::Float,
            Dtype::Float64 => Physical::Double,
            Dtype::Bool => Physical::Boolean,
            Dtype::String | Dtype::LargeString | Dtype::Binary => Physical::ByteArray,
            Dtype::Decimal128 { precision, .. } => match precision {
                0..=9 => Physical::Int32,
                10..=18 => Physical::Int64,
                _ => Physical::FixedLenByteArray,
            },
            Dtype::List | Dtype::Struct => return None,
        })
    }
}

/// Parquet's physical types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    ByteArray,
    FixedLenByteArray,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Dtype::Decimal128 { precision, scale } = self {
            return write!(f, "decimal128({precision}, {scale})");
        }
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
/// Bounds are inclusive, and are integers for types that are drawn as integers, in the type's unit.
///
/// Kinds that draw numbers one by one can be more or less sorted: a share of the rows, the square root of the column's
/// `sortedness`, stands where sorting would put it, and the others stand anywhere. Of n rows without equal neighbours, so
/// many more than half are followed by a larger one as Zeng et al. (VLDB 2023) take for their sortedness.
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
    /// `cardinality` values, spread over the range as for `Uniform`, each in as many rows as the others (give or take one)
    /// and in no order. All rows differ where `cardinality` is left out.
    Distinct {
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Bell curve, rounded for integers, held within `min..=max` and within the type. With `cardinality`, that many
    /// values, each as likely as the others and in the middle of its share.
    Normal {
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Numbers whose natural logarithm is normal with `mean` and `std_dev`; otherwise as `Normal`.
    Lognormal {
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Numbers by their quantiles: as many rows lie between two neighbours of `values` as between any other two, evenly.
    /// Equal neighbours are a value that so many rows have.
    Quantiles {
        /// Two or more, ascending.
        values: Vec<Number>,
    },
    /// Rank k of 1..=`cardinality` with probability proportional to k^-`exponent`. Numbers: `min` + k - 1.
    /// String and binary: the k-th of `cardinality` made-up values of the column's `size`.
    Zipf {
        exponent: f64,
        cardinality: u64,
        min: Option<Number>,
    },
    /// `cardinality` values, of which the first `hot_fraction` get `hot_share` of the rows, each alike among themselves.
    /// Values as for `Zipf`.
    Hotspot {
        cardinality: u64,
        /// At least one value, and not all.
        hot_fraction: f64,
        /// 0 to 1.
        hot_share: f64,
        min: Option<Number>,
    },
    /// One of `values`, by `weights` or each alike. Where the config gives a `cardinality` only: numbers `min` ..
    /// `min` + cardinality - 1, made-up words for strings.
    Categorical {
        values: Option<Vec<Value>>,
        /// As many as `values`, none negative, not all 0.
        weights: Option<Vec<f64>>,
        cardinality: u64,
        min: Option<Number>,
    },
    /// `start` + row * `step` + up to `jitter`, row counted over the whole table; starts again after `cardinality` rows. The
    /// elements of a vector count on: element j of row r is number r * size + j.
    Sequence {
        start: Number,
        step: Number,
        /// Largest value that is added, each up to it alike.
        jitter: Option<Number>,
        cardinality: Option<u64>,
    },
    /// Each row's value is the one before it and a normal step of standard deviation `step`, reflected at the bounds. Every
    /// block of rows starts anew, at a level drawn from `min..=max`; without bounds, near `start`.
    RandomWalk {
        start: f64,
        step: f64,
        min: Option<Number>,
        max: Option<Number>,
    },
    /// Follows the column named `with`. Numbers that follow numbers are normal with `mean` and `std_dev` and have
    /// `correlation` with them. Otherwise a share of the rows, `correlation`, has the one of `cardinality` values that
    /// belongs to the other column's, and the others any of them.
    CorrelatedWith {
        with: String,
        /// -1 to 1 between numbers, else 0 to 1.
        correlation: f64,
        mean: f64,
        std_dev: f64,
        min: Option<Number>,
        max: Option<Number>,
        cardinality: u64,
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
    /// Text with placeholders in braces.
    Template {
        template: Vec<TemplatePart>,
        /// Of `{zipf}`.
        exponent: f64,
        /// Of `{zipf}`, `{uniform}` and `{word}`.
        cardinality: u64,
    },
    /// JSON objects of `min_fields` to `max_fields` fields, with words, numbers and booleans as values.
    Json {
        min_fields: u64,
        max_fields: u64,
        /// Words that there are.
        cardinality: u64,
    },
    /// Binary of which the share `compressibility` compresses to nothing, and the rest not at all.
    Compressible {
        compressibility: f64,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplatePart {
    Text(String),
    /// The row number; padded with zeros to so many digits, as the numbers below.
    Row(u64),
    /// A number below `cardinality`.
    Uniform(u64),
    /// Rank - 1 by Zipf's law.
    Zipf(u64),
    /// A made-up word, by Zipf's law with exponent 1.
    Word,
    /// So many hexadecimal digits.
    Hex(u64),
    /// So many decimal digits.
    Digits(u64),
    /// So many letters and digits.
    Letters(u64),
    /// A random (version 4) UUID.
    Uuid,
}

/// How the rows of a dataset are laid out in files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layout {
    pub row_group: RowGroupSize,
    pub vector_layout: VectorLayout,
    /// Columns that become folders, outermost first; never all of the columns.
    pub partition_by: Vec<String>,
    /// Columns that rows are sorted by, the most significant first; none for the order in which they are drawn.
    pub sort_by: Vec<SortColumn>,
    pub sort_scope: SortScope,
    /// 1 or 2: data page headers of that version, and its default encodings.
    pub writer_version: u8,
    /// Rows at which a page ends.
    pub data_page_rows: u64,
    /// Whether files have column and offset indexes.
    pub page_index: bool,
    /// Of every column that `columns` does not name.
    pub chunk: ChunkLayout,
    /// Columns with keys of their own, complete.
    pub columns: BTreeMap<String, ChunkLayout>,
}

impl Layout {
    /// How the chunks of a column, by its top-level name, are laid out.
    pub fn chunk_of(&self, column: &str) -> &ChunkLayout {
        self.columns.get(column).unwrap_or(&self.chunk)
    }
}

/// How column chunks are laid out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChunkLayout {
    pub codec: Codec,
    pub encoding: Encoding,
    /// Bytes of a dictionary beyond which the writer falls back to another encoding.
    pub dictionary_page_bytes: u64,
    /// Bytes, encoded and before compression, at which a page ends.
    pub data_page_bytes: u64,
    pub statistics: Statistics,
    pub bloom_filter: Option<BloomFilter>,
}

/// How values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// The writer's choice: a dictionary while it is small enough, then the default of the writer version.
    Auto,
    Plain,
    Dictionary,
    DeltaBinaryPacked,
    DeltaLengthByteArray,
    DeltaByteArray,
    ByteStreamSplit,
    Rle,
}

impl Encoding {
    pub const ALL: [(Encoding, &'static str); 8] = [
        (Encoding::Auto, "auto"),
        (Encoding::Plain, "plain"),
        (Encoding::Dictionary, "dictionary"),
        (Encoding::DeltaBinaryPacked, "delta_binary_packed"),
        (Encoding::DeltaLengthByteArray, "delta_length_byte_array"),
        (Encoding::DeltaByteArray, "delta_byte_array"),
        (Encoding::ByteStreamSplit, "byte_stream_split"),
        (Encoding::Rle, "rle"),
    ];

    pub fn name(self) -> &'static str {
        Encoding::ALL
            .iter()
            .find(|(encoding, _)| *encoding == self)
            .map_or("", |(_, name)| name)
    }

    /// Whether the format has this encoding for a physical type, and the writer offers it.
    pub fn fits(self, physical: Physical, writer_version: u8) -> bool {
        match self {
            Encoding::Auto | Encoding::Plain => true,
            Encoding::Dictionary => match physical {
                Physical::Boolean => false,
                // The writer has no dictionaries of these in files of version 1.
                Physical::FixedLenByteArray => writer_version == 2,
                _ => true,
            },
            Encoding::DeltaBinaryPacked => {
                matches!(physical, Physical::Int32 | Physical::Int64)
            }
            Encoding::DeltaLengthByteArray => physical == Physical::ByteArray,
            Encoding::DeltaByteArray => {
                matches!(physical, Physical::ByteArray | Physical::FixedLenByteArray)
            }
            Encoding::ByteStreamSplit => matches!(
                physical,
                Physical::Int32
                    | Physical::Int64
                    | Physical::Float
                    | Physical::Double
                    | Physical::FixedLenByteArray
            ),
            Encoding::Rle => physical == Physical::Boolean,
        }
    }

    /// The encodings that fit a physical type, by name.
    pub fn fitting(physical: Physical, writer_version: u8) -> Vec<&'static str> {
        Encoding::ALL
            .iter()
            .filter(|(encoding, _)| encoding.fits(physical, writer_version))
            .map(|(_, name)| *name)
            .collect()
    }
}

/// Which minima, maxima and null counts are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    None,
    /// Of column chunks, in the footer.
    Chunk,
    /// Of column chunks, and of pages in their headers.
    Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BloomFilter {
    /// Wanted share of false positives, above 0 and below 1.
    pub fpp: f64,
    /// Most distinct values of a column chunk that it has room for; no more than the rows of a row group, which it is
    /// where left out.
    pub ndv: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortColumn {
    pub column: String,
    pub descending: bool,
}

/// The rows among which sorting takes place. Nulls come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SortScope {
    File,
    RowGroup,
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

/// How a variant is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reader {
    /// Target partitions of the engine; all cores where left out.
    pub read_threads: Option<u64>,
    /// Rows per batch; the engine's default where left out.
    pub batch_size: Option<u64>,
    pub read_mode: ReadMode,
    pub cache: PageCache,
    /// The engine's own caches: fresh for cold and direct reads, warm for warm ones, where left out.
    pub engine_cache: EngineCache,
    /// Copies of a query that run at once; 0 never occurs.
    pub streams: Streams,
    /// Most bytes that the engine's operators may hold; no limit where left out.
    pub memory_limit_bytes: Option<u64>,
    /// A slower storage than the one at hand, where reads are to be served as by one.
    pub throttle: Option<Throttled>,
    /// Whether files whose types only widen are read as one table, of the wider types.
    pub unify_schemas: bool,
}

/// A storage that reads are made as slow as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// Bytes per second of all requests together; no limit where left out.
    pub bytes_per_s: Option<u64>,
    /// Of each request.
    pub latency: Duration,
}

/// A number of copies of a query, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams(pub u32);

impl Default for Streams {
    fn default() -> Self {
        Streams(1)
    }
}

/// How a reader goes through a file: DLIO's two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadMode {
    /// The projection of a whole file is in memory before the first of its rows goes on.
    WholeFile,
    /// One row group after the other.
    #[default]
    RowGroup,
}

/// What the page cache of this host holds of the files before each iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageCache {
    /// All of them.
    #[default]
    Warm,
    /// Nothing.
    Cold,
    /// Whatever it holds, reads pass it by.
    Direct,
}

impl PageCache {
    /// As records have it.
    pub fn state(self) -> CacheState {
        match self {
            PageCache::Warm => CacheState::Warm,
            PageCache::Cold => CacheState::Cold,
            PageCache::Direct => CacheState::Direct,
        }
    }

    pub fn name(self) -> &'static str {
        self.state().name()
    }
}

/// Fewest rounds where none are asked for.
const DEFAULT_ROUNDS: u32 = 10;
const DEFAULT_PRECISION: f64 = 0.04;
const DEFAULT_TIME_BUDGET: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Untimed rounds before the measured ones.
    pub warmup: u32,
    /// Measured rounds, at least 1; the fewest, where there is an `until`.
    pub rounds: u32,
    /// When to end after that; at once where left out.
    pub until: Option<Until>,
    /// Smallest effect of interest, as a share.
    pub effect: f64,
    /// Seed of the order in which a round visits the cells.
    pub seed: u64,
    /// What is timed, each once.
    pub lanes: Vec<Lane>,
    /// Whether the baseline is measured a second time, to see what noise alone does; where left out, it is where there are
    /// variants to compare.
    pub control: Option<bool>,
    /// Whether a process of its own executes each cell once, to see how much memory it takes.
    pub peak_memory: bool,
    /// Whether what each cell asks of the store is kept with its times, from which times on other storage are predicted; where left
    /// out, it is where there are variants to compare.
    pub break_even: Option<bool>,
    /// Whether cold iterations drop the page cache of the whole host, which only root may.
    pub drop_caches: bool,
}

/// When there have been enough rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// Every interval is at most this wide, as a share: high / low - 1.
    pub precision: f64,
    /// Or so much time has gone by since the first warm-up.
    pub time_budget: Duration,
}

impl Default for Until {
    fn default() -> Self {
        Until {
            precision: DEFAULT_PRECISION,
            time_budget: DEFAULT_TIME_BUDGET,
        }
    }
}

impl Default for Measure {
    fn default() -> Self {
        Measure {
            warmup: 1,
            rounds: DEFAULT_ROUNDS,
            until: Some(Until::default()),
            effect: SMALLEST_EFFECT,
            seed: 42,
            lanes: vec![Lane::EndToEnd],
            control: None,
            peak_memory: true,
            break_even: None,
            drop_caches: false,
        }
    }
}
