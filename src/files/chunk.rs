//! What a footer says of a column chunk.

use parquet::basic::{ConvertedType, Encoding, LogicalType, Type as PhysicalType};
use parquet::file::metadata::ColumnChunkMetaData;

/// The count that a footer gives; 0 where it claims a negative one.
pub(super) fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The top-level name of a chunk's column.
pub(crate) fn root_of(chunk: &ColumnChunkMetaData) -> &str {
    let parts = chunk.column_path().parts();
    parts.first().map(String::as_str).unwrap_or_default()
}

/// Offset and length of a chunk in its file; absent where the footer claims something negative.
pub(super) fn chunk_range(chunk: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = chunk
        .dictionary_page_offset()
        .unwrap_or_else(|| chunk.data_page_offset());
    Some((
        u64::try_from(start).ok()?,
        u64::try_from(chunk.compressed_size()).ok()?,
    ))
}

/// Whether a chunk has a dictionary. Some writers leave out where it is.
pub(super) fn has_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some() || chunk.encodings().any(is_dictionary)
}

/// Whether a chunk has a dictionary and pages that do not use it. Files that do not tell how their
/// pages are encoded have none.
pub(super) fn fell_back(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.encodings().any(|encoding| !is_dictionary(encoding)))
}

/// Whether values are encoded by a dictionary.
fn is_dictionary(encoding: Encoding) -> bool {
    matches!(
        encoding,
        Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY
    )
}

/// Number of nulls, which empty lists count as, where the statistics have it.
pub(super) fn nulls(chunk: &ColumnChunkMetaData) -> Option<u64> {
    chunk.statistics()?.null_count_opt()
}

/// Whether a chunk has nothing but nulls, by its statistics.
pub(super) fn is_all_null(chunk: &ColumnChunkMetaData) -> bool {
    nulls(chunk).is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values()))
}

/// Whether the column has lists, or is one.
pub(super) fn is_repeated(chunk: &ColumnChunkMetaData) -> bool {
    chunk.column_descr().max_rep_level() > 0
}

/// Whether the footer gives bounds of a chunk's values.
pub(crate) fn has_bounds(chunk: &ColumnChunkMetaData) -> bool {
    chunk
        .statistics()
        .is_some_and(|statistics| statistics.min_bytes_opt().is_some())
}

/// Whether a chunk may have no bounds: it has nothing but nulls; or floats, which may all be NaN;
/// or values without an order.
pub(crate) fn may_lack_bounds(chunk: &ColumnChunkMetaData) -> bool {
    is_all_null(chunk) || is_float(chunk) || !is_ordered(chunk)
}

/// Whether a chunk with bounds may have no column index: a page of NaN has no bounds, nor has one
/// of lists of nulls, which is not a page of nulls to the format.
pub(crate) fn may_lack_column_index(chunk: &ColumnChunkMetaData) -> bool {
    is_float(chunk) || is_repeated(chunk)
}

fn is_float(chunk: &ColumnChunkMetaData) -> bool {
    let descriptor = chunk.column_descr();
    matches!(
        descriptor.physical_type(),
        PhysicalType::FLOAT | PhysicalType::DOUBLE
    ) || matches!(descriptor.logical_type_ref(), Some(LogicalType::Float16))
}

fn is_ordered(chunk: &ColumnChunkMetaData) -> bool {
    let descriptor = chunk.column_descr();
    descriptor.physical_type() != PhysicalType::INT96
        && descriptor.converted_type() != ConvertedType::INTERVAL
        && !matches!(
            descriptor.logical_type_ref(),
            Some(
                LogicalType::Geometry(_)
                    | LogicalType::Geography(_)
                    | LogicalType::Variant(_)
                    | LogicalType::Unknown
            )
        )
}
