//! What the columns of a generated dataset hold.
//!
//! A value is a function of the seed, the table, the column's name and specification and the row number, and of
//! [`GENERATOR_VERSION`]: never of batch boundaries, threads, partitions or the layout. Rows can be made in any order and
//! number, and are the same on every platform: arithmetic is IEEE 754's, and logarithms and powers come from `libm`.

mod follow;
mod index;
mod nested;
mod normal;
mod numbers;
mod numeric;
mod ordered;
mod random;
mod repeat;
mod rows;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod vocabulary;
mod walk;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, LargeStringArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    BinaryType, DataType, Date32Type, Field, Fields, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    Utf8Type,
};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use self::follow::Followed;
use self::nested::Lengthening;
use self::random::Key;
use self::repeat::Repeat;
use self::rows::{Rows, bits, fill};
use crate::config::{
    Column, Distribution, Dtype, Length, Number, Pool, TimeUnit, Value, VectorLayout,
};

/// Raised whenever the content of any column changes.
pub const GENERATOR_VERSION: u32 = 3;

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
    #[error("it follows the column `{0}`, which cannot be followed")]
    Followed(String),
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
    key: Key,
    field: Field,
    nulls: Option<Nulls>,
    repeat: Repeat,
    maker: Arc<Maker>,
    bytes_per_row: f64,
    max_rows: usize,
    most: Vec<Most>,
}

/// The most that a row has of a column's leaf, which is a column of its own in Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) values: u64,
    /// Bytes of these values together.
    pub(crate) bytes: u64,
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
    /// has a table of its own. For a column that follows another one, see [`ColumnGenerator::among`].
    pub fn new(
        seed: u64,
        table: &str,
        column: &Column,
        total_rows: u64,
        vector_layout: VectorLayout,
    ) -> Result<Self, ContentError> {
        Self::among(seed, table, column, &[], total_rows, vector_layout)
    }

    /// A column that may follow another one of `columns`.
    pub fn among(
        seed: u64,
        table: &str,
        column: &Column,
        columns: &[Column],
        total_rows: u64,
        vector_layout: VectorLayout,
    ) -> Result<Self, ContentError> {
        Making {
            seed,
            table,
            columns,
            vector_layout,
        }
        .column(column, &column.name, total_rows, columns.len())
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

    /// Mean logical bytes of a row, estimated; the rules are those of `checksum::logical_bytes`.
    pub fn arrow_bytes_per_row(&self) -> f64 {
        self.bytes_per_row
    }

    /// The most that a row has of each leaf, in the order of the file's columns.
    pub(crate) fn most_per_row(&self) -> &[Most] {
        &self.most
    }

    fn array(&self, rows: Rows<'_>) -> ArrayRef {
        let starts = self.repeat.starts(rows);
        let rows = starts.as_deref().map_or(rows, Rows::Listed);
        let nulls = self.nulls.map(|nulls| {
            let valid = fill(
                rows,
                1,
                |row| [nulls.key.word(row) >> 11 >= nulls.threshold],
            );
            NullBuffer::new(bits(&valid))
        });
        let chosen = self.repeat.chosen(rows);
        (self.maker)(chosen.as_deref().map_or(rows, Rows::Listed), nulls)
    }
}

/// What is the same for all columns of a table.
#[derive(Clone, Copy)]
struct Making<'a> {
    seed: u64,
    table: &'a str,
    columns: &'a [Column],
    vector_layout: VectorLayout,
}

impl Making<'_> {
    /// `path` tells what is nested from what holds it. A column that follows another one follows no more than `depth`.
    fn column(
        self,
        column: &Column,
        path: &str,
        total_rows: u64,
        depth: usize,
    ) -> Result<ColumnGenerator, ContentError> {
        let row_bytes = column.dtype.value_bytes().saturating_mul(column.size);
        if row_bytes > i32::MAX as u64 {
            return Err(ContentError::TooLong(row_bytes));
        }
        let followed = match &column.distribution {
            Distribution::CorrelatedWith { with, .. } => {
                let unable = || ContentError::Followed(with.clone());
                let other = self.columns.iter().find(|column| &column.name == with);
                let (other, depth) = other.zip(depth.checked_sub(1)).ok_or_else(unable)?;
                if other.is_vector() || other.dtype.is_nested() {
                    return Err(unable());
                }
                Some(self.column(other, &other.name, total_rows, depth)?)
            }
            _ => None,
        };
        let key = self.key(column, path, followed.as_ref())?;
        let followed = match followed {
            Some(generator) => Some(Followed::new(generator, total_rows)?),
            None => None,
        };
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
                    numbers::maker::<$arrow>(
                        column,
                        key,
                        total_rows,
                        self.vector_layout,
                        followed,
                    )?,
                    fixed,
                )
            };
        }
        macro_rules! timestamps {
            ($arrow:ty) => {{
                let zone: Option<Arc<str>> = column.time_zone.as_deref().map(Arc::from);
                let (maker, lengths) = numbers!(Int64Type);
                (
                    after(maker, move |array| {
                        Arc::new(
                            array
                                .as_primitive::<Int64Type>()
                                .reinterpret_cast::<$arrow>()
                                .with_timezone_opt(zone.clone()),
                        )
                    }),
                    lengths,
                )
            }};
        }
        let mut children_bytes = 0.0;
        let mut most = Vec::new();
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
            Dtype::Date32 => {
                let (maker, lengths) = numbers!(Int32Type);
                let days = |array: ArrayRef| -> ArrayRef {
                    Arc::new(
                        array
                            .as_primitive::<Int32Type>()
                            .reinterpret_cast::<Date32Type>(),
                    )
                };
                (after(maker, days), lengths)
            }
            Dtype::Timestamp(TimeUnit::S) => timestamps!(TimestampSecondType),
            Dtype::Timestamp(TimeUnit::Ms) => timestamps!(TimestampMillisecondType),
            Dtype::Timestamp(TimeUnit::Us) => timestamps!(TimestampMicrosecondType),
            Dtype::Timestamp(TimeUnit::Ns) => timestamps!(TimestampNanosecondType),
            Dtype::Decimal128 { .. } => {
                let (maker, lengths) = numbers!(Int64Type);
                let data_type = scalar_type(column);
                (
                    after(maker, move |array| {
                        let array = array.as_primitive::<Int64Type>();
                        let values: Vec<i128> =
                            array.values().iter().map(|value| (*value).into()).collect();
                        Arc::new(
                            Decimal128Array::new(values.into(), array.nulls().cloned())
                                .with_data_type(data_type.clone()),
                        )
                    }),
                    lengths,
                )
            }
            Dtype::Bool => (numbers::bool_maker(column, key, followed)?, fixed),
            Dtype::String => text::maker::<Utf8Type>(column, key, total_rows, followed)?,
            Dtype::LargeString => {
                let (maker, lengths) = text::maker::<Utf8Type>(column, key, total_rows, followed)?;
                (after(maker, large_strings), lengths)
            }
            Dtype::Binary => text::maker::<BinaryType>(column, key, total_rows, followed)?,
            Dtype::List => {
                let (Some(item), Some(length)) = (column.children.first(), column.length) else {
                    return Err(ContentError::Unfit);
                };
                let lengthening = Lengthening::new(key, length)?;
                let items = total_rows.saturating_mul(length.max);
                let child = self.column(item, &format!("{path}.item"), items, depth)?;
                most.extend(child.most.iter().map(|item| Most {
                    values: item.values.saturating_mul(length.max.max(1)),
                    bytes: item.bytes.saturating_mul(length.max),
                }));
                let mean = lengthening.mean() * child.bytes_per_row;
                children_bytes = mean;
                let per_item = (ARRAY_BYTES / child.max_rows as u64).max(1);
                let lengths = Lengths {
                    longest: length.max.saturating_mul(per_item).max(1),
                    mean,
                };
                let DataType::List(field) =
                    field_of(column, self.vector_layout).data_type().clone()
                else {
                    return Err(ContentError::Unfit);
                };
                (nested::list_maker(field, child, lengthening), lengths)
            }
            Dtype::Struct => {
                let children = column
                    .children
                    .iter()
                    .map(|child| {
                        self.column(child, &format!("{path}.{}", child.name), total_rows, depth)
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                let longest = children
                    .iter()
                    .map(|child| (ARRAY_BYTES / child.max_rows as u64).max(1))
                    .sum();
                children_bytes = children.iter().map(|child| child.bytes_per_row).sum();
                most.extend(children.iter().flat_map(|child| child.most.iter().copied()));
                let fields: Fields = children.iter().map(ColumnGenerator::field).collect();
                let lengths = Lengths {
                    longest,
                    mean: children_bytes,
                };
                (nested::struct_maker(fields, children), lengths)
            }
        };
        if lengths.longest > i32::MAX as u64 {
            return Err(ContentError::TooLong(lengths.longest));
        }
        if !column.dtype.is_nested() {
            let is_list = column.is_vector() && self.vector_layout != VectorLayout::Binary;
            most.push(Most {
                values: if is_list { column.size } else { 1 },
                bytes: lengths.longest,
            });
        }
        const NULL: u64 = u64::from_le_bytes(*b"null row");
        let mean = if column.dtype.is_nested() {
            children_bytes
        } else {
            lengths.mean
        };
        Ok(ColumnGenerator {
            key,
            field: field_of(column, self.vector_layout),
            nulls: (column.null_fraction > 0.0).then(|| Nulls {
                key: key.derive(NULL),
                threshold: (column.null_fraction * (1_u64 << 53) as f64) as u64,
            }),
            repeat: Repeat::new(key, column, total_rows)?,
            maker: Arc::new(maker),
            bytes_per_row: arrow_bytes(column, mean),
            max_rows: (ARRAY_BYTES / lengths.longest.max(1)).max(1) as usize,
            most,
        })
    }

    /// Everything that a column's values follow from, but for the row number.
    fn key(
        self,
        column: &Column,
        path: &str,
        followed: Option<&ColumnGenerator>,
    ) -> Result<Key, ContentError> {
        /// Written out field by field, so that what is added to a [`Column`] leaves existing content as it is. What
        /// nested columns hold has keys of its own.
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
            sortedness: f64,
            length: Option<Length>,
            followed: Option<u64>,
            #[serde(skip_serializing_if = "is_one")]
            run_length: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            cycle: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            drift: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pool: Option<Pool>,
            #[serde(skip_serializing_if = "Option::is_none")]
            multiple_of: Option<Number>,
        }
        fn is_one(number: &f64) -> bool {
            *number == 1.0
        }
        let identity = Identity {
            generator_version: GENERATOR_VERSION,
            seed: self.seed,
            table: self.table,
            name: path,
            dtype: column.dtype,
            size: column.size,
            distribution: &column.distribution,
            null_fraction: column.null_fraction,
            sortedness: column.sortedness,
            length: column.length,
            followed: followed.map(|followed| followed.key.0),
            run_length: column.run_length,
            cycle: column.cycle,
            drift: column.drift,
            pool: column.pool,
            multiple_of: column.multiple_of,
        };
        Ok(Key(xxh3_64(&serde_json::to_vec(&identity)?)))
    }
}

/// A maker whose arrays are turned into another type.
fn after(maker: Maker, turn: impl Fn(ArrayRef) -> ArrayRef + Send + Sync + 'static) -> Maker {
    Box::new(move |rows, nulls| turn(maker(rows, nulls)))
}

fn large_strings(array: ArrayRef) -> ArrayRef {
    let array = array.as_string::<i32>();
    let offsets: Vec<i64> = array.offsets().iter().map(|end| i64::from(*end)).collect();
    Arc::new(LargeStringArray::new(
        OffsetBuffer::new(offsets.into()),
        array.values().clone(),
        array.nulls().cloned(),
    ))
}

/// The field of a column: its name, its type and whether it is nullable.
pub fn field_of(column: &Column, vector_layout: VectorLayout) -> Field {
    let data_type = match column.dtype {
        Dtype::List => {
            let item = column.children.first().map_or_else(
                || Field::new(ELEMENT, DataType::Null, true),
                |item| field_of(item, vector_layout).with_name(ELEMENT),
            );
            DataType::List(Arc::new(item))
        }
        Dtype::Struct => DataType::Struct(
            column
                .children
                .iter()
                .map(|child| field_of(child, vector_layout))
                .collect(),
        ),
        _ if column.is_vector() => {
            let element = Arc::new(element_field(column));
            match vector_layout {
                // No generator takes a longer one.
                VectorLayout::FixedSizeList => {
                    DataType::FixedSizeList(element, i32::try_from(column.size).unwrap_or(i32::MAX))
                }
                VectorLayout::List => DataType::List(element),
                VectorLayout::Binary => DataType::Binary,
            }
        }
        _ => scalar_type(column),
    };
    Field::new(&column.name, data_type, column.null_fraction > 0.0)
}

/// Name of a list's elements in a file, as the Parquet specification has it.
const ELEMENT: &str = "element";

/// The elements of a vector. They are named as the Parquet specification and PyArrow name them, so that files have the
/// column paths that DLIO's have. No element is null, and a field that says so saves every reader its definition level;
/// PyArrow, DuckDB and arrow-rs read it alike.
fn element_field(column: &Column) -> Field {
    Field::new(ELEMENT, scalar_type(column), false)
}

/// The Arrow type of one value. Nested types have none by themselves; see [`field_of`].
pub fn scalar_type(column: &Column) -> DataType {
    scalar_type_of(column.dtype, column.time_zone.as_deref())
}

/// The same, of a type and a timestamp's time zone.
pub(crate) fn scalar_type_of(dtype: Dtype, time_zone: Option<&str>) -> DataType {
    use arrow::datatypes::TimeUnit as Unit;
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
        Dtype::LargeString => DataType::LargeUtf8,
        Dtype::Binary => DataType::Binary,
        Dtype::Date32 => DataType::Date32,
        Dtype::Timestamp(unit) => {
            let unit = match unit {
                TimeUnit::S => Unit::Second,
                TimeUnit::Ms => Unit::Millisecond,
                TimeUnit::Us => Unit::Microsecond,
                TimeUnit::Ns => Unit::Nanosecond,
            };
            DataType::Timestamp(unit, time_zone.map(Arc::from))
        }
        Dtype::Decimal128 { precision, scale } => {
            DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        }
        Dtype::List | Dtype::Struct => DataType::Null,
    }
}

/// Values of one length count in any row where they are numbers, and where the row is not null otherwise, with 4 bytes for
/// the length.
fn arrow_bytes(column: &Column, mean_length: f64) -> f64 {
    let valid = 1.0 - column.null_fraction;
    match column.dtype {
        Dtype::Struct => mean_length,
        Dtype::LargeString => 8.0 + mean_length * valid,
        Dtype::List | Dtype::String | Dtype::Binary => 4.0 + mean_length * valid,
        _ if column.is_vector() => 4.0 + mean_length * valid,
        _ => column.dtype.value_bytes() as f64,
    }
}
