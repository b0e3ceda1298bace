//! Hashes of rows, column by column.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    BinaryType, BinaryViewType, ByteArrayType, ByteViewType, DataType, Float16Type, Float32Type,
    Float64Type, LargeBinaryType, LargeUtf8Type, StringViewType, Utf8Type,
};
use arrow::error::ArrowError;
use half::f16;
use xxhash_rust::xxh3::xxh3_64;

use super::nested;
use crate::random::mix;

/// The hash of a row before its first column.
pub(super) const START: u64 = 0x2545_f491_4f6c_dd1d;

/// Combines a hash with a value.
#[inline(always)]
pub(super) fn step(hash: u64, value: u64) -> u64 {
    mix(hash ^ value)
}

/// Combines a hash with a null, which no value equals.
#[inline(always)]
pub(super) fn step_null(hash: u64) -> u64 {
    step(hash.rotate_left(32), 0x6e75_6c6c)
}

/// Combines the hash of each row with the row's value in `array`.
pub(super) fn combine(array: &dyn Array, hashes: &mut [u64]) -> Result<(), ArrowError> {
    let nulls = array.nulls();
    match array.data_type() {
        DataType::Null => hashes.iter_mut().for_each(|hash| *hash = step_null(*hash)),
        DataType::Boolean => {
            let values = array.as_boolean().values();
            each(hashes, nulls, |row| values.value(row).into());
        }
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>().values();
            each(hashes, nulls, |row| {
                if values[row].is_nan() {
                    f16::NAN
                } else {
                    values[row]
                }
                .to_bits()
                .into()
            });
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            each(hashes, nulls, |row| {
                if values[row].is_nan() {
                    f32::NAN
                } else {
                    values[row]
                }
                .to_bits()
                .into()
            });
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            each(hashes, nulls, |row| {
                if values[row].is_nan() {
                    f64::NAN
                } else {
                    values[row]
                }
                .to_bits()
            });
        }
        DataType::Utf8 => combine_bytes::<Utf8Type>(array, hashes),
        DataType::LargeUtf8 => combine_bytes::<LargeUtf8Type>(array, hashes),
        DataType::Binary => combine_bytes::<BinaryType>(array, hashes),
        DataType::LargeBinary => combine_bytes::<LargeBinaryType>(array, hashes),
        DataType::Utf8View => combine_views::<StringViewType>(array, hashes),
        DataType::BinaryView => combine_views::<BinaryViewType>(array, hashes),
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            each(hashes, nulls, |row| xxh3_64(values.value(row)));
        }
        DataType::Dictionary(..) | DataType::RunEndEncoded(..) => {
            combine(&decoded(array)?, hashes)?
        }
        DataType::Struct(_) => nested::combine_struct(array.as_struct(), hashes)?,
        DataType::Union(..) => nested::combine_union(array.as_union(), hashes)?,
        data_type => match (data_type.primitive_width(), nested::lists(array)) {
            (Some(width), _) => combine_fixed_width(array, width, hashes),
            (None, Some(lists)) => nested::combine_lists(&lists, nulls, hashes)?,
            (None, None) => {
                return Err(ArrowError::NotYetImplemented(format!(
                    "a checksum of {data_type}"
                )));
            }
        },
    }
    Ok(())
}

/// Combines the hash of each row with the kind of its float: null, not a number, infinite or
/// finite. The finite value itself has no effect.
pub(super) fn combine_kinds(array: &dyn Array, hashes: &mut [u64]) {
    fn kind(value: f64) -> u64 {
        match value {
            _ if value.is_nan() => 1,
            f64::INFINITY => 2,
            f64::NEG_INFINITY => 3,
            _ => 0,
        }
    }
    let nulls = array.nulls();
    match array.data_type() {
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>().values();
            each(hashes, nulls, |row| kind(values[row].to_f64()));
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            each(hashes, nulls, |row| kind(values[row].into()));
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            each(hashes, nulls, |row| kind(values[row]));
        }
        // Not reached, because the schema has floats here.
        _ => {}
    }
}

/// Returns the array with dictionaries and runs decoded.
pub(super) fn decoded(array: &dyn Array) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values),
        DataType::RunEndEncoded(_, values) => cast(array, values.data_type()),
        _ => Ok(array.slice(0, array.len())),
    }
}

/// Returns the consecutive values of an array whose values take `width` bytes each.
pub(super) fn value_bytes(array: &dyn Array, width: usize) -> Buffer {
    let data = array.to_data();
    match data.buffers() {
        [values] => values.slice_with_length(data.offset() * width, data.len() * width),
        _ => Buffer::default(),
    }
}

fn combine_fixed_width(array: &dyn Array, width: usize, hashes: &mut [u64]) {
    fn combine<const WIDTH: usize>(
        array: &dyn Array,
        hashes: &mut [u64],
        value: impl Fn([u8; WIDTH]) -> u64,
    ) {
        let bytes = value_bytes(array, WIDTH);
        let (values, _) = bytes.as_chunks::<WIDTH>();
        each(hashes, array.nulls(), |row| value(values[row]));
    }
    match width {
        1 => combine::<1>(array, hashes, |value| value[0].into()),
        2 => combine(array, hashes, |value| u16::from_le_bytes(value).into()),
        4 => combine(array, hashes, |value| u32::from_le_bytes(value).into()),
        8 => combine(array, hashes, u64::from_le_bytes),
        _ => {
            let bytes = value_bytes(array, width);
            each(hashes, array.nulls(), |row| {
                xxh3_64(&bytes[row * width..(row + 1) * width])
            });
        }
    }
}

#[inline(always)]
pub(super) fn each(hashes: &mut [u64], nulls: Option<&NullBuffer>, value: impl Fn(usize) -> u64) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => {
            for (row, hash) in hashes.iter_mut().enumerate() {
                *hash = step(*hash, value(row));
            }
        }
        Some(nulls) => {
            for (row, hash) in hashes.iter_mut().enumerate() {
                *hash = if nulls.is_valid(row) {
                    step(*hash, value(row))
                } else {
                    step_null(*hash)
                };
            }
        }
    }
}

fn combine_bytes<T: ByteArrayType>(array: &dyn Array, hashes: &mut [u64]) {
    let values = array.as_bytes::<T>();
    each(hashes, values.nulls(), |row| {
        xxh3_64(values.value(row).as_ref())
    });
}

fn combine_views<T: ByteViewType>(array: &dyn Array, hashes: &mut [u64]) {
    let values = array.as_byte_view::<T>();
    each(hashes, values.nulls(), |row| {
        xxh3_64(values.value(row).as_ref())
    });
}
