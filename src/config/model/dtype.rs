//! Types of columns, and their physical types in Parquet.

use std::fmt;

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// Types of columns: those of DLIO, and others that tables often have.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum TimeUnit {
    S,
    Ms,
    Us,
    Ns,
}

impl TimeUnit {
    pub fn per_second(self) -> i64 {
        match self {
            TimeUnit::S => 1,
            TimeUnit::Ms => 1_000,
            TimeUnit::Us => 1_000_000,
            TimeUnit::Ns => 1_000_000_000,
        }
    }
}

/// Largest number of digits in the generated value of a decimal. So many fit into 64 bits.
pub(in crate::config) const DECIMAL_DIGITS: u32 = 18;

impl Dtype {
    /// All types without parameters, and timestamps, with their names.
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

    /// Returns true for integers and floats, the types that vectors can consist of.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// Returns true if values are drawn as numbers. Dates, timestamps and decimals are drawn as
    /// integers in their own unit.
    pub fn draws_numbers(self) -> bool {
        self.is_float() || self.integer_range().is_some()
    }

    pub fn is_temporal(self) -> bool {
        matches!(self, Dtype::Date32 | Dtype::Timestamp(_))
    }

    /// Returns true if values are strings or bytes.
    pub fn is_text(self) -> bool {
        matches!(self, Dtype::String | Dtype::LargeString | Dtype::Binary)
    }

    pub fn is_nested(self) -> bool {
        matches!(self, Dtype::List | Dtype::Struct)
    }

    /// Returns the smallest and the largest value of a type that is drawn as integers: days for a
    /// date, units for a timestamp, the number without its point for a decimal. None for other
    /// types.
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

    /// Returns the bytes of one value, or of one character or byte for string and binary. A bool
    /// counts as one byte; nested types have no bytes of their own and count as 0.
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

    /// Returns the physical type that Parquet stores values as. None for nested types, whose leaves
    /// have one each.
    pub fn physical(self) -> Option<Physical> {
        Some(match self {
            Dtype::Int8
            | Dtype::Int16
            | Dtype::Int32
            | Dtype::Uint8
            | Dtype::Uint16
            | Dtype::Uint32
            | Dtype::Date32 => Physical::Int32,
            // Parquet has no unit of seconds; arrow-rs stores such timestamps as plain 64-bit
            // integers.
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
