//! What the columns of a generated dataset hold.
//!
//! A value is a function of the seed, the table, the column's name and specification and the row number, and of
//! [`GENERATOR_VERSION`]: never of batch boundaries, threads, partitions or the layout. Rows can be made in any order and
//! number, and are the same on every platform: arithmetic is IEEE 754's, and logarithms and powers come from `libm`.

mod index;
mod normal;
mod numbers;
mod numeric;
mod random;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod vocabulary;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    BinaryType, DataType, Field, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type, Utf8Type,
};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use self::random::Key;
use self::rows::{Rows, bits, fill};
use crate::config::{Column, Distribution, Dtype, Number, Value, VectorLayout};

/// Raised whenever the content of any column changes.
pub const GENERATOR_VERSION: u32 = 1;

/// Larger arrays take memory and save no time.
const ARRAY_BYTES: u64 = 16 << 20;

/// `size` values for each row, one row after the other.
type Source<T> = Box<dyn Fn(Rows<'_>, usize) -> Vec<T> + Send + Sync>;

/// The array of some rows, of which those are null.
type Maker = Box<dyn Fn(Rows<'_>, Option<NullBuffer>) -> ArrayRef + Send + Sync>;

/// Bytes of a column's values.
struct Lengths {
    longest: u64,
    mean: f64,
}

/// Why a column cannot be generated; the caller says which one. A validated config leaves little of this: a value too
/// long for an array, or a sequence in a vector that leaves its type's range.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("its distribution does not fit its type")]
    Unfit,
    #[error("{} is not a value of its type", shown(.0))]
    Value(Value),
    #[error("an integer column takes whole numbers only")]
    Fraction,
    #[error(
        "{count} values from {} in steps of {} leave the range of its type",
        .start.as_f64(),
        .step.as_f64()
    )]
    Range {
        start: Number,
        step: Number,
        count: u64,
    },
    #[error("its bounds leave no value to choose from")]
    Empty,
    #[error("zipf takes an exponent above 0, not {0}")]
    Exponent(f64),
    #[error("a value of {0} bytes is too long: an array holds up to 2 147 483 647")]
    TooLong(u64),
    #[error("its specification cannot be written as JSON")]
    Specification(#[from] serde_json::Error),
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(Number::Integer(value)) => value.to_string(),
        Value::Number(Number::Float(value)) => value.to_string(),
        Value::Text(text) => format!("{text:?}"),
    }
}

/// Makes the values of one column. Cheap to clone.
#[derive(Clone)]
pub struct ColumnGenerator {
    field: Field,
    nulls: Option<Nulls>,
    maker: Arc<Maker>,
    bytes_per_row: f64,
    max_rows: usize,
}

/// Which rows are null, whatever their values.
#[derive(Debug, Clone, Copy)]
struct Nulls {
    key: Key,
    /// Out of 2^53.
    threshold: u64,
}

impl ColumnGenerator {
    /// `table` is "train" or "valid", and `total_rows` its number of rows. Takes some milliseconds where the distribution
    /// has a table of its own.
    pub fn new(
        seed: u64,
        table: &str,
        column: &Column,
        total_rows: u64,
        vector_layout: VectorLayout,
    ) -> Result<Self, ContentError> {
        let row_bytes = column.dtype.value_bytes().saturating_mul(column.size);
        if row_bytes > i32::MAX as u64 {
            return Err(ContentError::TooLong(row_bytes));
        }
        let key = column_key(seed, table, column)?;
        let fixed = Lengths {
            longest: if column.dtype == Dtype::Bool {
                1
            } else {
                row_bytes
            },
            mean: row_bytes as f64,
        };
        macro_rules! numbers {
            ($arrow:ty) => {
                (
                    numbers::maker::<$arrow>(column, key, total_rows, vector_layout)?,
                    fixed,
                )
            };
        }
        let (maker, lengths) = match column.dtype {
            Dtype::Int8 => numbers!(Int8Type),
            Dtype::Int16 => numbers!(Int16Type),
            Dtype::Int32 => numbers!(Int32Type),
            Dtype::Int64 => numbers!(Int64Type),
            Dtype::Uint8 => numbers!(UInt8Type),
            Dtype::Uint16 => numbers!(UInt16Type),
            Dtype::Uint32 => numbers!(UInt32Type),
            Dtype::Uint64 => numbers!(UInt64Type),
            Dtype::Float16 => numbers!(Float16Type),
            Dtype::Float32 => numbers!(Float32Type),
            Dtype::Float64 => numbers!(Float64Type),
            Dtype::Bool => (numbers::bool_maker(column, key)?, fixed),
            Dtype::String => text::maker::<Utf8Type>(column, key)?,
            Dtype::Binary => text::maker::<BinaryType>(column, key)?,
        };
        if lengths.longest > i32::MAX as u64 {
            return Err(ContentError::TooLong(lengths.longest));
        }
        const NULL: u64 = u64::from_le_bytes(*b"null row");
        Ok(ColumnGenerator {
            field: field_of(column, vector_layout),
            nulls: (column.null_fraction > 0.0).then(|| Nulls {
                key: key.derive(NULL),
                threshold: (column.null_fraction * (1_u64 << 53) as f64) as u64,
            }),
            maker: Arc::new(maker),
            bytes_per_row: arrow_bytes(column, lengths.mean),
            max_rows: (ARRAY_BYTES / lengths.longest.max(1)).max(1) as usize,
        })
    }

    /// Name and type; nullable where some rows are null.
    pub fn field(&self) -> Field {
        self.field.clone()
    }

    /// The values of rows `first..first + count`, up to [`max_rows_per_array`](Self::max_rows_per_array) of them.
    ///
    /// # Panics
    /// Where far more rows are asked for, so that offsets do not fit in 32 bits.
    pub fn range(&self, first: u64, count: usize) -> ArrayRef {
        self.array(Rows::Range { first, count })
    }

    /// The values of these rows, as [`range`](Self::range) gives them; fastest where they come in ascending order.
    ///
    /// # Panics
    /// Where far more rows than [`max_rows_per_array`](Self::max_rows_per_array) are asked for.
    pub fn rows(&self, rows: &[u64]) -> ArrayRef {
        self.array(Rows::Listed(rows))
    }

    /// How many rows an array can hold: at least one, and no more than 16 MiB of values.
    pub fn max_rows_per_array(&self) -> usize {
        self.max_rows
    }

    /// Mean logical bytes of a row, estimated; the rules are those of `measure::logical_bytes`.
    pub fn arrow_bytes_per_row(&self) -> f64 {
        self.bytes_per_row
    }

    fn array(&self, rows: Rows<'_>) -> ArrayRef {
        let nulls = self.nulls.map(|nulls| {
            let valid = fill(
                rows,
                1,
                |row| [nulls.key.word(row) >> 11 >= nulls.threshold],
            );
            NullBuffer::new(bits(&valid))
        });
        (self.maker)(rows, nulls)
    }
}

/// The field of a column: its name, its type and whether it is nullable.
pub fn field_of(column: &Column, vector_layout: VectorLayout) -> Field {
    let data_type = if column.is_vector() {
        let element = Arc::new(element_field(column.dtype));
        match vector_layout {
            // No generator takes a longer one.
            VectorLayout::FixedSizeList => {
                DataType::FixedSizeList(element, i32::try_from(column.size).unwrap_or(i32::MAX))
            }
            VectorLayout::List => DataType::List(element),
            VectorLayout::Binary => DataType::Binary,
        }
    } else {
        scalar_type(column.dtype)
    };
    Field::new(&column.name, data_type, column.null_fraction > 0.0)
}

/// The elements of a vector. They are named as the Parquet specification and PyArrow name them, so that files have the
/// column paths that DLIO's have. No element is null, and a field that says so saves every reader its definition level;
/// PyArrow, DuckDB and arrow-rs read it alike.
fn element_field(dtype: Dtype) -> Field {
    Field::new("element", scalar_type(dtype), false)
}

/// The Arrow type of one value.
pub fn scalar_type(dtype: Dtype) -> DataType {
    match dtype {
        Dtype::Int8 => DataType::Int8,
        Dtype::Int16 => DataType::Int16,
        Dtype::Int32 => DataType::Int32,
        Dtype::Int64 => DataType::Int64,
        Dtype::Uint8 => DataType::UInt8,
        Dtype::Uint16 => DataType::UInt16,
        Dtype::Uint32 => DataType::UInt32,
        Dtype::Uint64 => DataType::UInt64,
        Dtype::Float16 => DataType::Float16,
        Dtype::Float32 => DataType::Float32,
        Dtype::Float64 => DataType::Float64,
        Dtype::Bool => DataType::Boolean,
        Dtype::String => DataType::Utf8,
        Dtype::Binary => DataType::Binary,
    }
}

/// Values of one length count in any row where they are numbers, and where the row is not null otherwise, with 4 bytes for
/// the length.
fn arrow_bytes(column: &Column, mean_length: f64) -> f64 {
    if column.is_vector() || matches!(column.dtype, Dtype::String | Dtype::Binary) {
        4.0 + mean_length * (1.0 - column.null_fraction)
    } else {
        column.dtype.value_bytes() as f64
    }
}

/// Everything that a column's values follow from, but for the row number.
fn column_key(seed: u64, table: &str, column: &Column) -> Result<Key, ContentError> {
    /// Written out field by field, so that what is added to a [`Column`] leaves existing content as it is.
    #[derive(Serialize)]
    struct Identity<'a> {
        generator_version: u32,
        seed: u64,
        table: &'a str,
        name: &'a str,
        dtype: Dtype,
        size: u64,
        distribution: &'a Distribution,
        null_fraction: f64,
    }
    let identity = Identity {
        generator_version: GENERATOR_VERSION,
        seed,
        table,
        name: &column.name,
        dtype: column.dtype,
        size: column.size,
        distribution: &column.distribution,
        null_fraction: column.null_fraction,
    };
    Ok(Key(xxh3_64(&serde_json::to_vec(&identity)?)))
}
