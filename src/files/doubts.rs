//! Bounds in footers that may be wrong, although the engine trusts them.

use std::collections::{BTreeMap, HashSet};

use arrow::datatypes::Schema;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use super::chunk::{has_bounds, is_all_null, nulls, root_of};

/// Adds a sentence for each column of a file whose statistics cannot be trusted, unless the column
/// has one already. Columns go by their top-level names.
pub(crate) fn add_doubts(doubts: &mut BTreeMap<String, String>, metadata: &ParquetMetaData) {
    for (index, group) in metadata.row_groups().iter().enumerate() {
        for chunk in group.columns() {
            let Some(reason) = doubt(chunk) else {
                continue;
            };
            let name = root_of(chunk);
            if !doubts.contains_key(name) {
                let place = format!("{reason} (first in row group {index})");
                doubts.insert(name.to_owned(), place);
            }
        }
    }
}

/// Returns the columns of a file with impossible statistics, by their top-level names.
pub(crate) fn impossible_columns(metadata: &ParquetMetaData) -> HashSet<&str> {
    let groups = metadata.row_groups().iter();
    let chunks = groups.flat_map(|group| group.columns());
    chunks
        .filter(|chunk| impossible(chunk).is_some())
        .map(root_of)
        .collect()
}

/// Returns the reason why a chunk's statistics are impossible for any values. None if they are
/// possible.
fn impossible(chunk: &ColumnChunkMetaData) -> Option<&'static str> {
    let statistics = chunk.statistics()?;
    if nulls(chunk)
        .is_some_and(|nulls| i64::try_from(nulls).is_ok_and(|it| it > chunk.num_values()))
    {
        return Some("its statistics count more nulls than it has values");
    }
    if is_all_null(chunk) && chunk.num_values() > 0 && has_bounds(chunk) {
        return Some("its statistics count nothing but nulls beside bounds of values");
    }
    if bounds_are_swapped(statistics, chunk.column_descr()) {
        return Some("by its statistics, its smallest value is greater than its largest");
    }
    None
}

/// Returns true if the lower bound is above the upper one. False for deprecated bounds, which may
/// use another order, of the types that [`is_ordered_anew`] names, and for decimals in bytes and
/// floats of 16 bits.
fn bounds_are_swapped(statistics: &Statistics, descriptor: &ColumnDescriptor) -> bool {
    fn swapped<T: PartialOrd>(min: Option<T>, max: Option<T>) -> bool {
        matches!((min, max), (Some(min), Some(max)) if min > max)
    }
    let anew = is_ordered_anew(descriptor);
    if anew && statistics.is_min_max_deprecated() {
        return false;
    }
    let (min, max) = (statistics.min_bytes_opt(), statistics.max_bytes_opt());
    match statistics {
        Statistics::Int32(it) if anew => {
            let unsigned = |bound: Option<&i32>| bound.map(|bound| bound.cast_unsigned());
            swapped(unsigned(it.min_opt()), unsigned(it.max_opt()))
        }
        Statistics::Int64(it) if anew => {
            let unsigned = |bound: Option<&i64>| bound.map(|bound| bound.cast_unsigned());
            swapped(unsigned(it.min_opt()), unsigned(it.max_opt()))
        }
        Statistics::Boolean(it) => swapped(it.min_opt(), it.max_opt()),
        Statistics::Int32(it) => swapped(it.min_opt(), it.max_opt()),
        Statistics::Int64(it) => swapped(it.min_opt(), it.max_opt()),
        Statistics::Float(it) => swapped(it.min_opt(), it.max_opt()),
        Statistics::Double(it) => swapped(it.min_opt(), it.max_opt()),
        Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) => {
            is_ordered_by_bytes(descriptor) && swapped(min, max)
        }
        Statistics::Int96(_) => false,
    }
}

fn is_ordered_by_bytes(descriptor: &ColumnDescriptor) -> bool {
    let is_decimal = matches!(
        descriptor.logical_type_ref(),
        Some(LogicalType::Decimal(_) | LogicalType::Float16)
    );
    !is_decimal
        && !matches!(
            descriptor.converted_type(),
            ConvertedType::DECIMAL | ConvertedType::INTERVAL
        )
}

/// Returns the reason why a chunk's statistics may be wrong. None if there is no doubt.
fn doubt(chunk: &ColumnChunkMetaData) -> Option<&'static str> {
    let statistics = chunk.statistics()?;
    let descriptor = chunk.column_descr();
    if has_bounds(chunk) && statistics.is_min_max_deprecated() && is_ordered_anew(descriptor) {
        return Some(
            "its bounds are of the deprecated kind, whose order of strings, decimals and unsigned \
             numbers is not the engine's",
        );
    }
    if let Some(reason) = impossible(chunk) {
        return Some(reason);
    }
    if nulls(chunk).is_none() && has_bounds(chunk) && descriptor.max_def_level() > 0 {
        return Some(
            "its statistics have bounds and no count of nulls, which the engine takes for none",
        );
    }
    None
}

/// Returns true if the order of values differs from that of their bytes as signed numbers.
fn is_ordered_anew(descriptor: &ColumnDescriptor) -> bool {
    match descriptor.physical_type() {
        PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY => true,
        PhysicalType::INT32 | PhysicalType::INT64 => {
            let unsigned = matches!(
                descriptor.logical_type_ref(),
                Some(LogicalType::Integer(integer)) if !integer.is_signed
            );
            unsigned
                || matches!(
                    descriptor.converted_type(),
                    ConvertedType::UINT_8
                        | ConvertedType::UINT_16
                        | ConvertedType::UINT_32
                        | ConvertedType::UINT_64
                )
        }
        _ => false,
    }
}

/// Returns true for columns of floats. Their bounds leave out NaN, so answers from statistics alone
/// may be wrong.
pub(crate) fn hides_nan(schema: &Schema, column: &str) -> bool {
    schema
        .field_with_name(column)
        .is_ok_and(|field| field.data_type().is_floating())
}
