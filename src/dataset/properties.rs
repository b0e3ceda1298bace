//! From the config's layout to the properties of the Parquet writer.

use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::config::{Codec, Layout};

/// The codec as Parquet's writer takes it. Fails where the level lies outside of the codec's range, which the config
/// has refused before.
pub(crate) fn compression(codec: Codec) -> Result<Compression, ParquetError> {
    Ok(match codec {
        Codec::None => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Gzip(level) => Compression::GZIP(GzipLevel::try_new(level)?),
        Codec::Brotli(level) => Compression::BROTLI(BrotliLevel::try_new(level)?),
        Codec::Lz4 => Compression::LZ4_RAW,
        Codec::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(
            i32::try_from(level).unwrap_or(i32::MAX),
        )?),
    })
}

/// Properties of every file of a dataset. Row groups are cut by the caller.
pub(crate) fn writer_properties(layout: &Layout) -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        .set_compression(compression(layout.codec)?)
        .set_max_row_group_row_count(None)
        .set_created_by(format!(
            "parquet-bench {} ({})",
            env!("CARGO_PKG_VERSION"),
            parquet::file::properties::DEFAULT_CREATED_BY
        ))
        .build())
}
