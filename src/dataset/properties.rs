//! Translates the config's layout to the properties of the Parquet writer.

use std::collections::HashMap;

use arrow::datatypes::Schema;
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Encoding as ParquetEncoding, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{
    BloomFilterProperties, EnabledStatistics, WriterProperties, WriterVersion,
};
use parquet::schema::types::SchemaDescriptor;

use crate::config::{BloomFilter, Encoding, Layout, Physical, Statistics};

/// Values that the writer encodes between two checks of a page's size.
const WRITE_BATCH: u64 = 1024;

/// Returns the encoding of data pages. None if the writer chooses it, or if it is a dictionary.
pub(crate) fn page_encoding(encoding: Encoding) -> Option<ParquetEncoding> {
    Some(match encoding {
        Encoding::Auto | Encoding::Dictionary => return None,
        Encoding::Plain => ParquetEncoding::PLAIN,
        Encoding::DeltaBinaryPacked => ParquetEncoding::DELTA_BINARY_PACKED,
        Encoding::DeltaLengthByteArray => ParquetEncoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DeltaByteArray => ParquetEncoding::DELTA_BYTE_ARRAY,
        Encoding::ByteStreamSplit => ParquetEncoding::BYTE_STREAM_SPLIT,
        Encoding::Rle => ParquetEncoding::RLE,
    })
}

pub(crate) fn physical(kind: Type) -> Physical {
    match kind {
        Type::BOOLEAN => Physical::Boolean,
        Type::INT32 => Physical::Int32,
        Type::INT64 => Physical::Int64,
        Type::INT96 => Physical::Int96,
        Type::FLOAT => Physical::Float,
        Type::DOUBLE => Physical::Double,
        Type::BYTE_ARRAY => Physical::ByteArray,
        Type::FIXED_LEN_BYTE_ARRAY => Physical::FixedLenByteArray,
    }
}

/// Returns the wanted encoding of a leaf: its column's if that fits the leaf, else `Auto`.
pub(crate) fn asked_encoding(layout: &Layout, column: &str, kind: Type) -> Encoding {
    let encoding = layout.chunk_of(column).encoding;
    match encoding.fits(physical(kind), layout.writer_version) {
        true => encoding,
        false => Encoding::Auto,
    }
}

/// Returns the number of rows that the writer encodes at a time. If the row limit of pages is low,
/// it is that limit, so pages can end there.
pub(crate) fn write_batch(layout: &Layout) -> u64 {
    layout.data_page_rows.clamp(1, WRITE_BATCH)
}

/// Returns the columns by which a file's row groups are sorted, in the form of footers: by the
/// index of the leaf.
pub(crate) fn sorting_columns(layout: &Layout, schema: &SchemaDescriptor) -> Vec<SortingColumn> {
    if layout.sort_by.is_empty() {
        return Vec::new();
    }
    let leaves: HashMap<&str, usize> = (0..)
        .zip(schema.columns())
        .filter_map(|(number, leaf)| match leaf.path().parts() {
            [name] => Some((name.as_str(), number)),
            _ => None,
        })
        .collect();
    layout
        .sort_by
        .iter()
        .filter_map(|sort| {
            let leaf = leaves.get(sort.column.as_str())?;
            Some(SortingColumn {
                column_idx: i32::try_from(*leaf).ok()?,
                descending: sort.descending,
                nulls_first: true,
            })
        })
        .collect()
}

/// Returns the number of different values that a bloom filter has room for: the wanted number, but
/// no more than a chunk has rows. None if neither is known.
fn most_distinct(bloom: BloomFilter, row_group_rows: Option<u64>) -> Option<u64> {
    [bloom.ndv, row_group_rows].into_iter().flatten().min()
}

/// Returns the largest size of a bloom filter in a file, in bytes: the format's bits for its values
/// and its share of false positives, rounded up to a power of two, and a header. The writer may
/// fold the filter to a smaller size.
pub(crate) fn most_filter_bytes(bloom: BloomFilter, row_group_rows: u64) -> u64 {
    const HEADER: u64 = 64;
    const LIMITS: (f64, f64) = (32.0, 134_217_728.0);
    let values = most_distinct(bloom, Some(row_group_rows)).unwrap_or(row_group_rows);
    let bits = -8.0 * values as f64 / (1.0 - bloom.fpp.powf(1.0 / 8.0)).ln();
    ((bits / 8.0).clamp(LIMITS.0, LIMITS.1) as u64).next_power_of_two() + HEADER
}

/// Returns the properties of every file of a dataset. The caller cuts the row groups;
/// `row_group_rows`, if known, only limits the size of bloom filters.
pub(crate) fn writer_properties(
    layout: &Layout,
    schema: &Schema,
    row_group_rows: Option<u64>,
) -> Result<WriterProperties, ParquetError> {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let leaves = ArrowSchemaConverter::new().convert(schema)?;
    let sorting = sorting_columns(layout, &leaves);
    let mut builder = WriterProperties::builder()
        .set_compression(layout.chunk.codec.compression()?)
        .set_max_row_group_row_count(None)
        .set_writer_version(match layout.writer_version {
            2 => WriterVersion::PARQUET_2_0,
            _ => WriterVersion::PARQUET_1_0,
        })
        .set_data_page_row_count_limit(size(layout.data_page_rows))
        .set_write_batch_size(size(write_batch(layout)))
        .set_offset_index_disabled(!layout.page_index)
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .set_created_by(format!(
            "parquet-bench {} ({})",
            env!("CARGO_PKG_VERSION"),
            parquet::file::properties::DEFAULT_CREATED_BY
        ));
    for leaf in leaves.columns() {
        let path = leaf.path();
        let column = path.parts().first().map(String::as_str).unwrap_or_default();
        let chunk = layout.chunk_of(column);
        builder = builder
            .set_column_compression(path.clone(), chunk.codec.compression()?)
            .set_column_dictionary_page_size_limit(path.clone(), size(chunk.dictionary_page_bytes))
            .set_column_data_page_size_limit(path.clone(), size(chunk.data_page_bytes))
            .set_column_statistics_enabled(
                path.clone(),
                match (chunk.statistics, layout.page_index) {
                    (Statistics::None, _) => EnabledStatistics::None,
                    (Statistics::Chunk, false) => EnabledStatistics::Chunk,
                    (Statistics::Chunk, true) | (Statistics::Page, _) => EnabledStatistics::Page,
                },
            )
            .set_column_write_page_header_statistics(
                path.clone(),
                chunk.statistics == Statistics::Page,
            );
        let encoding = asked_encoding(layout, column, leaf.physical_type());
        if let Some(encoding) = page_encoding(encoding) {
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), encoding);
        } else if encoding == Encoding::Dictionary {
            builder = builder.set_column_dictionary_enabled(path.clone(), true);
        }
        if let Some(bloom) = chunk.bloom_filter {
            let properties = BloomFilterProperties::builder().with_fpp(bloom.fpp);
            let properties = match most_distinct(bloom, row_group_rows) {
                Some(ndv) => properties.with_max_ndv(ndv),
                None => properties,
            };
            builder = builder.set_column_bloom_filter_properties(path.clone(), properties.build());
        }
    }
    Ok(builder.build())
}
