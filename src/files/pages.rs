//! Reads the pages of a column chunk.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::chunk::chunk_range;
use super::error::FileError;

/// Facts about a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFacts {
    pub is_dictionary: bool,
    /// Version of the data page header, 1 or 2. A dictionary page counts as 1.
    pub version: u8,
    pub encoding: Encoding,
    pub values: u64,
    /// Size in bytes, encoded and before compression.
    pub bytes: u64,
    pub has_statistics: bool,
}

/// A part of a file, with its offset in the file.
pub(super) struct Window {
    start: u64,
    bytes: Bytes,
}

impl Window {
    fn at(&self, offset: u64) -> Result<usize, ParquetError> {
        offset
            .checked_sub(self.start)
            .and_then(|offset| usize::try_from(offset).ok())
            .filter(|offset| *offset <= self.bytes.len())
            .ok_or_else(|| {
                ParquetError::General(format!("offset {offset} lies outside of the column chunk"))
            })
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Window {
    type T = io::BufReader<bytes::buf::Reader<Bytes>>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let at = self.at(start)?;
        Ok(io::BufReader::with_capacity(
            64,
            self.bytes.slice(at..).reader(),
        ))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let at = self.at(start)?;
        let mut bytes = vec![0; length];
        self.bytes.slice(at..).reader().read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Returns a reader of the pages of a column chunk of `rows` rows. Reads the chunk as a whole. None
/// if the footer does not give its place.
pub(super) async fn page_reader(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    chunk: &ColumnChunkMetaData,
    rows: u64,
) -> Result<Option<SerializedPageReader<Window>>, FileError> {
    let Some((start, length)) = chunk_range(chunk) else {
        return Ok(None);
    };
    let bytes = store
        .get_range(object, start..start.saturating_add(length))
        .await
        .map_err(|source| FileError::Store {
            path: path.to_owned(),
            source,
        })?;
    let properties = ReaderProperties::builder()
        .set_read_page_statistics(true)
        .build();
    SerializedPageReader::new_with_properties(
        Arc::new(Window { start, bytes }),
        chunk,
        usize::try_from(rows).unwrap_or(usize::MAX),
        None,
        Arc::new(properties),
    )
    .map(Some)
    .map_err(|source| FileError::Parquet {
        path: path.to_owned(),
        source,
    })
}

/// Returns facts about the pages of a column chunk. Reads and decompresses the whole chunk.
///
/// # Errors
///
/// A chunk that cannot be read, or a page that cannot be decompressed.
pub async fn pages_of(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    chunk: &ColumnChunkMetaData,
    rows: u64,
) -> Result<Vec<PageFacts>, FileError> {
    let Some(mut reader) = page_reader(store, object, path, chunk, rows).await? else {
        return Ok(Vec::new());
    };
    let parquet = |source| FileError::Parquet {
        path: path.to_owned(),
        source,
    };
    let mut pages = Vec::new();
    while let Some(page) = reader.get_next_page().map_err(parquet)? {
        pages.push(PageFacts {
            is_dictionary: matches!(page, Page::DictionaryPage { .. }),
            version: match page {
                Page::DataPageV2 { .. } => 2,
                _ => 1,
            },
            encoding: page.encoding(),
            values: u64::from(page.num_values()),
            bytes: page.buffer().len() as u64,
            has_statistics: page.statistics().is_some(),
        });
    }
    Ok(pages)
}
