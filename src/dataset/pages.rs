//! What the pages of a column chunk are like: read from their headers, and compared with what was asked for.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::DatasetError;
use super::footer::chunk_range;
use super::properties::write_batch;
use super::shortfalls::{has_bounds, may_lack_bounds};
use crate::config::{Layout, Statistics};

/// How far a page's size may lie above its limit, beside the values of one batch: the writer estimates it.
const ESTIMATE_SLACK: f64 = 1.1;
const ESTIMATE_SLACK_BYTES: f64 = 4096.0;

/// A page by its header.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFacts {
    pub is_dictionary: bool,
    /// Of the data page header, 1 or 2; a dictionary page counts as 1.
    pub version: u8,
    pub encoding: Encoding,
    pub values: u64,
    /// Encoded bytes, before compression.
    pub bytes: u64,
    pub has_statistics: bool,
}

/// A part of a file, at its place in the file.
struct Window {
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

/// The pages of a column chunk, which is read, and decompressed, as a whole.
pub async fn pages_of(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    chunk: &ColumnChunkMetaData,
    rows: u64,
) -> Result<Vec<PageFacts>, DatasetError> {
    let parquet = |source| DatasetError::Parquet {
        path: path.to_owned(),
        source,
    };
    let Some((start, length)) = chunk_range(chunk) else {
        return Ok(Vec::new());
    };
    let bytes = store
        .get_range(object, start..start.saturating_add(length))
        .await
        .map_err(|source| DatasetError::Store {
            path: path.to_owned(),
            source,
        })?;
    let properties = ReaderProperties::builder()
        .set_read_page_statistics(true)
        .build();
    let mut reader = SerializedPageReader::new_with_properties(
        Arc::new(Window { start, bytes }),
        chunk,
        usize::try_from(rows).unwrap_or(usize::MAX),
        None,
        Arc::new(properties),
    )
    .map_err(parquet)?;
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

/// Compares the pages of a file's first row group with what was asked for. All files of a dataset are written with one
/// set of properties, so that one file speaks for the others.
pub(crate) async fn prove_pages(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    metadata: &ParquetMetaData,
    layout: &Layout,
) -> Result<(), DatasetError> {
    let Some(row_group) = metadata.row_groups().first() else {
        return Ok(());
    };
    let rows = u64::try_from(row_group.num_rows()).unwrap_or(0);
    for chunk in row_group.columns() {
        let pages = pages_of(store, object, path, chunk, rows).await?;
        if let Some((what, found, wanted)) = difference(&pages, chunk, layout) {
            return Err(DatasetError::NotAsAsked {
                file: path.to_owned(),
                row_group: 0,
                column: Some(chunk.column_path().string()),
                what,
                found,
                wanted,
            });
        }
    }
    Ok(())
}

fn difference(
    pages: &[PageFacts],
    chunk: &ColumnChunkMetaData,
    layout: &Layout,
) -> Option<(&'static str, String, String)> {
    let column = chunk.column_path().parts().first().cloned();
    let asked = layout.chunk_of(&column.unwrap_or_default());
    // Values that are encoded between two looks at sizes. Where all values of a nullable column are there, or none is, the
    // writer takes as many at once as a page may have rows; of a list it takes whole rows, however long.
    let batch = match chunk.column_descr().max_def_level() {
        0 => write_batch(layout),
        _ => layout.data_page_rows,
    };
    let flat = chunk.column_descr().max_rep_level() == 0;
    for page in pages.iter().filter(|page| !page.is_dictionary) {
        if page.version != layout.writer_version {
            return Some((
                "the version of a data page",
                page.version.to_string(),
                layout.writer_version.to_string(),
            ));
        }
        // The writer looks at a page's size after each batch.
        let most = layout.data_page_rows.saturating_add(batch);
        if flat && page.values >= most {
            return Some((
                "the number of rows of a data page",
                page.values.to_string(),
                format!("{} or hardly more", layout.data_page_rows),
            ));
        }
        let before_last_batch =
            page.bytes as f64 * (1.0 - batch as f64 / page.values.max(1) as f64);
        let limit = asked.data_page_bytes as f64 * ESTIMATE_SLACK + ESTIMATE_SLACK_BYTES;
        if flat && before_last_batch > limit {
            return Some((
                "the size of a data page in bytes",
                page.bytes.to_string(),
                format!("{} or hardly more", asked.data_page_bytes),
            ));
        }
        let wanted = asked.statistics == Statistics::Page;
        // Not every page has values that can be compared.
        if page.has_statistics && !wanted {
            return Some((
                "the statistics of a data page",
                "there".to_owned(),
                "missing".to_owned(),
            ));
        }
    }
    let wanted = asked.statistics == Statistics::Page;
    let lacks = !has_bounds(chunk) && may_lack_bounds(chunk);
    if wanted && !lacks && !pages.iter().any(|page| page.has_statistics) {
        return Some((
            "the statistics of data pages",
            "missing".to_owned(),
            "there".to_owned(),
        ));
    }
    let dictionary = pages.iter().find(|page| page.is_dictionary && flat);
    if let Some(dictionary) = dictionary {
        let last_batch = batch as f64 * dictionary.bytes as f64 / dictionary.values.max(1) as f64;
        let limit = asked.dictionary_page_bytes as f64 * ESTIMATE_SLACK + ESTIMATE_SLACK_BYTES;
        if dictionary.bytes as f64 - last_batch > limit {
            return Some((
                "the size of a dictionary page in bytes",
                dictionary.bytes.to_string(),
                format!("{} or hardly more", asked.dictionary_page_bytes),
            ));
        }
    }
    None
}
