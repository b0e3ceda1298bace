//! Facts about a column chunk in a footer.

use parquet::basic::{ConvertedType, Encoding, LogicalType, Type as PhysicalType};
use parquet::file::metadata::ColumnChunkMetaData;

/// Returns a count in a footer. 0 if it is negative.
pub(super) fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Returns the top-level name of a chunk's column.
pub(crate) fn root_of(chunk: &ColumnChunkMetaData) -> &str {
    let parts = chunk.column_path().parts();
    parts.first().map(String::as_str).unwrap_or_default()
}

/// Returns the offset and the length of a chunk in its file. None if the footer claims a negative
/// one.
pub(super) fn chunk_range(chunk: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = chunk
        .dictionary_page_offset()
        .unwrap_or_else(|| chunk.data_page_offset());
    Some((
        u64::try_from(start).ok()?,
        u64::try_from(chunk.compressed_size()).ok()?,
    ))
}

/// Returns true if a chunk has a dictionary. Some writers do not give its offset.
pub(super) fn has_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some() || chunk.encodings().any(is_dictionary)
}

/// Returns true if a chunk has a dictionary and pages that do not use it. False if the file does
/// not give the encodings of pages.
pub(super) fn fell_back(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.encodings().any(|encoding| !is_dictionary(encoding)))
}

/// Returns true if an encoding uses a dictionary.
fn is_dictionary(encoding: Encoding) -> bool {
    matches!(
        encoding,
        Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY
    )
}

/// Returns the number of nulls, including empty lists. None if the statistics do not have it.
pub(super) fn nulls(chunk: &ColumnChunkMetaData) -> Option<u64> {
    chunk.statistics()?.null_count_opt()
}

/// Returns true if a chunk has only nulls, by its statistics.
pub(super) fn is_all_null(chunk: &ColumnChunkMetaData) -> bool {
    nulls(chunk).is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values()))
}

/// Returns true if the column is or contains a list.
pub(super) fn is_repeated(chunk: &ColumnChunkMetaData) -> bool {
    chunk.column_descr().max_rep_level() > 0
}

/// Returns true if the footer gives bounds of a chunk's values.
pub(crate) fn has_bounds(chunk: &ColumnChunkMetaData) -> bool {
    chunk
        .statistics()
        .is_some_and(|statistics| statistics.min_bytes_opt().is_some())
}

/// Returns true if a chunk may lack bounds: it has only nulls; or it has floats, which may all be
/// NaN; or its values have no order.
pub(crate) fn may_lack_bounds(chunk: &ColumnChunkMetaData) -> bool {
    is_all_null(chunk) || is_float(chunk) || !is_ordered(chunk)
}

/// Returns true if a chunk with bounds may lack a column index. A page without bounds prevents the
/// index: a page of NaN, or one of lists of nulls, which the format does not treat as a page of
/// nulls.
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
