//! What footers say about a set of files.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataBuilder,
    ParquetMetaDataReader,
};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::DatasetError;
use crate::record::ColumnRecord;
use crate::storage::{Chunk, FileLayout};

/// One column over all files, by its top-level name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnTotals {
    pub name: String,
    pub encodings: BTreeSet<String>,
    pub codecs: BTreeSet<String>,
    pub encoded_bytes: u64,
    pub compressed_bytes: u64,
    pub chunks: u64,
    /// Chunks whose dictionary was given up for another encoding.
    pub fallback_chunks: u64,
}

impl ColumnTotals {
    /// Adds a footer's column chunks to the totals, in the order in which columns first appear.
    pub fn add(totals: &mut Vec<ColumnTotals>, metadata: &ParquetMetaData) {
        // Made where a column is not the one that is expected next, as each is in the first file.
        let mut places: Option<HashMap<String, usize>> = None;
        for row_group in metadata.row_groups() {
            // A nested column has several chunks under one name; files of one table list them in one order.
            let mut at = 0;
            for chunk in row_group.columns() {
                let name = chunk
                    .column_path()
                    .parts()
                    .first()
                    .map(String::as_str)
                    .unwrap_or_default();
                let is_at = |at: usize| totals.get(at).is_some_and(|entry| entry.name == name);
                if !is_at(at) {
                    at = match is_at(at + 1) {
                        true => at + 1,
                        false => place_of(name, totals, &mut places),
                    };
                }
                let entry = &mut totals[at];
                for encoding in chunk.encodings() {
                    let encoding = encoding.to_string();
                    if !entry.encodings.contains(&encoding) {
                        entry.encodings.insert(encoding);
                    }
                }
                let codec = format!(
                    "{:?}",
                    parquet::basic::CompressionCodec::from(chunk.compression())
                );
                if !entry.codecs.contains(&codec) {
                    entry.codecs.insert(codec);
                }
                entry.chunks += 1;
                entry.fallback_chunks += u64::from(fell_back(chunk));
                entry.encoded_bytes += u64::try_from(chunk.uncompressed_size()).unwrap_or(0);
                entry.compressed_bytes += u64::try_from(chunk.compressed_size()).unwrap_or(0);
            }
        }
    }
}

/// Where the totals of a column stand, which come last where there are none yet. `places` has what
/// is known of the others.
fn place_of(
    name: &str,
    totals: &mut Vec<ColumnTotals>,
    places: &mut Option<HashMap<String, usize>>,
) -> usize {
    let places = places.get_or_insert_with(|| {
        let names = totals.iter().map(|entry| entry.name.clone());
        names.zip(0..).collect()
    });
    if let Some(place) = places.get(name) {
        return *place;
    }
    let place = totals.len();
    places.insert(name.to_owned(), place);
    totals.push(ColumnTotals {
        name: name.to_owned(),
        ..ColumnTotals::default()
    });
    place
}

/// The totals as the run record keeps them, with the types of the schema's columns.
pub fn column_records(totals: &[ColumnTotals], schema: &Schema) -> Vec<ColumnRecord> {
    let types: HashMap<&str, &DataType> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type()))
        .collect();
    let dtype_of = |name: &str| {
        let data_type = types.get(name);
        data_type.map_or_else(String::new, |data_type| data_type.to_string())
    };
    totals
        .iter()
        .map(|total| ColumnRecord {
            name: total.name.clone(),
            dtype: dtype_of(&total.name),
            encodings: total.encodings.iter().cloned().collect(),
            codecs: total.codecs.iter().cloned().collect(),
            encoded_bytes: total.encoded_bytes,
            compressed_bytes: total.compressed_bytes,
            chunks: total.chunks,
            fallback_chunks: total.fallback_chunks,
        })
        .collect()
}

/// The leaves of each top-level column, by its name.
pub(crate) fn leaves_by_root(schema: &SchemaDescriptor) -> HashMap<&str, Vec<&ColumnDescriptor>> {
    let mut by_root: HashMap<&str, Vec<&ColumnDescriptor>> = HashMap::new();
    for leaf in schema.columns() {
        let root = leaf.path().parts().first().map(String::as_str);
        by_root
            .entry(root.unwrap_or_default())
            .or_default()
            .push(leaf.as_ref());
    }
    by_root
}

/// Whether a chunk has a dictionary and pages that do not use it. Files that do not tell how their pages are encoded have
/// none.
pub(crate) fn fell_back(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.encodings().any(|encoding| !is_dictionary(encoding)))
}

/// Whether values are encoded by a dictionary.
pub(crate) fn is_dictionary(encoding: Encoding) -> bool {
    matches!(
        encoding,
        Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY
    )
}

/// Where a column chunk lies, as offset and length; absent where the footer claims something negative.
pub(crate) fn chunk_range(chunk: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = chunk
        .dictionary_page_offset()
        .unwrap_or_else(|| chunk.data_page_offset());
    Some((
        u64::try_from(start).ok()?,
        u64::try_from(chunk.compressed_size()).ok()?,
    ))
}

/// The value that a footer keeps under a key.
pub(crate) fn key_value<'a>(metadata: &'a FileMetaData, key: &str) -> Option<&'a str> {
    let entries = metadata.key_value_metadata()?;
    let entry = entries.iter().find(|entry| entry.key == key)?;
    entry.value.as_deref()
}

/// Where a file keeps its column chunks, by row group.
pub fn file_layout(metadata: &ParquetMetaData) -> FileLayout {
    let mut chunks = Vec::new();
    for (row_group, columns) in metadata.row_groups().iter().enumerate() {
        chunks.extend(columns.columns().iter().filter_map(|chunk| {
            let (start, length) = chunk_range(chunk)?;
            Some(Chunk {
                range: start..start.saturating_add(length),
                row_group: u32::try_from(row_group).unwrap_or(u32::MAX),
                encoded_bytes: u64::try_from(chunk.uncompressed_size()).unwrap_or(0),
            })
        }));
    }
    chunks.sort_unstable_by_key(|chunk| chunk.range.start);
    FileLayout { chunks }
}

/// Most rows that a file can claim. The engine multiplies rows by the bytes of a value.
const MOST_ROWS: i64 = 1 << 48;

/// Whether a footer can be true of a file of `file_bytes` bytes: no negative counts, and every chunk within the file.
/// The engine trusts these figures, and panics or allocates by them. The error says what is wrong and where.
pub fn check_plausible(metadata: &ParquetMetaData, file_bytes: u64) -> Result<(), String> {
    let mut rows: i64 = 0;
    for (index, row_group) in metadata.row_groups().iter().enumerate() {
        rows = row_group
            .num_rows()
            .checked_add(rows)
            .filter(|rows| row_group.num_rows() >= 0 && *rows <= MOST_ROWS)
            .ok_or_else(|| format!("row group {index} claims {} rows", row_group.num_rows()))?;
        for chunk in row_group.columns() {
            let place = || {
                format!(
                    "row group {index}, column `{}`",
                    chunk.column_path().string()
                )
            };
            // Without repetition, every row has one value or null.
            if chunk.column_descr().max_rep_level() == 0
                && chunk.num_values() != row_group.num_rows()
            {
                return Err(format!(
                    "{} claims {} values for {} rows",
                    place(),
                    chunk.num_values(),
                    row_group.num_rows()
                ));
            }
            let range = chunk_range(chunk)
                .filter(|_| chunk.uncompressed_size() >= 0 && chunk.num_values() >= 0);
            let Some((start, length)) = range else {
                return Err(format!("{} claims a negative offset or size", place()));
            };
            if start.checked_add(length).is_none_or(|end| end > file_bytes) {
                return Err(format!(
                    "{} claims {length} bytes at offset {start}, beyond the file's {file_bytes} bytes",
                    place()
                ));
            }
        }
    }
    // Some writers leave the sum at 0; see `row_caution`.
    let claimed = metadata.file_metadata().num_rows();
    if claimed != rows && claimed != 0 {
        return Err(format!(
            "the footer claims {} rows, its row groups add up to {rows}",
            metadata.file_metadata().num_rows()
        ));
    }
    Ok(())
}

/// Rows of a file, as its row groups say.
pub(crate) fn rows_of(metadata: &ParquetMetaData) -> u64 {
    let rows = metadata.row_groups().iter().map(|group| group.num_rows());
    rows.map(|rows| u64::try_from(rows).unwrap_or(0)).sum()
}

/// A footer with the rows of its row groups, where it claims none itself.
pub(crate) fn recounted(metadata: &ParquetMetaData) -> Option<ParquetMetaData> {
    let about = metadata.file_metadata();
    let rows = i64::try_from(rows_of(metadata)).ok()?;
    if about.num_rows() != 0 || rows == 0 {
        return None;
    }
    let about = FileMetaData::new(
        about.version(),
        rows,
        about.created_by().map(str::to_owned),
        about.key_value_metadata().cloned(),
        about.schema_descr_ptr(),
        about.column_orders().cloned(),
    );
    Some(
        ParquetMetaDataBuilder::new(about)
            .set_row_groups(metadata.row_groups().to_vec())
            .set_column_index(metadata.column_index().cloned())
            .set_offset_index(metadata.offset_index().cloned())
            .build(),
    )
}

/// What to know of a footer whose number of rows is not that of its row groups, which are read.
pub(crate) fn row_caution(metadata: &ParquetMetaData) -> Option<String> {
    let claimed = metadata.file_metadata().num_rows();
    let rows = rows_of(metadata);
    (u64::try_from(claimed) != Ok(rows)).then(|| {
        format!(
            "its footer claims {claimed} rows, its row groups hold {rows}; these are read, and other readers may find none"
        )
    })
}

/// How the rows that a row group holds differ from those that its footer claims.
pub(crate) fn row_difference(claimed: i64, rows: u64) -> Option<String> {
    (u64::try_from(claimed) != Ok(rows))
        .then(|| format!("its footer claims {claimed} rows, its pages hold {rows}"))
}

/// Reads a file's footer from the store; also gives the file's size in bytes. `path` is the file's name in errors.
pub(crate) async fn read_footer(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
) -> Result<(u64, ParquetMetaData), DatasetError> {
    let failed = |source| DatasetError::Store {
        path: path.to_owned(),
        source,
    };
    let bytes = store.head(object).await.map_err(failed)?.size;
    let mut reader = ParquetMetaDataReader::new();
    // 64 KiB holds most footers, and saves the second request.
    let mut tail = 64 << 10;
    loop {
        let start = bytes.saturating_sub(tail);
        let read = store
            .get_range(object, start..bytes)
            .await
            .map_err(failed)?;
        match reader.try_parse_sized(&read, bytes) {
            Ok(()) => break,
            Err(ParquetError::NeedMoreData(needed)) if needed as u64 > tail => tail = needed as u64,
            Err(source) => {
                return Err(DatasetError::Parquet {
                    path: path.to_owned(),
                    source,
                });
            }
        }
    }
    let metadata = reader.finish().map_err(|source| DatasetError::Parquet {
        path: path.to_owned(),
        source,
    })?;
    let metadata = recounted(&metadata).unwrap_or(metadata);
    Ok((bytes, metadata))
}

/// A file of a store whose footer is known.
pub(crate) struct StoreReader {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) object: Path,
    pub(crate) metadata: Arc<ParquetMetaData>,
}

impl AsyncFileReader for StoreReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            self.store
                .get_range(&self.object, range)
                .await
                .map_err(|error| ParquetError::External(Box::new(error)))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let metadata = Arc::clone(&self.metadata);
        async move { Ok(metadata) }.boxed()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array, RecordBatch};
    use parquet::arrow::ArrowWriter;

    use super::*;

    fn footer_of(names: &[&str]) -> ParquetMetaData {
        let column = |name: &&str| {
            let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
            ((*name).to_owned(), values)
        };
        let batch = RecordBatch::try_from_iter(names.iter().map(column)).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::<u8>::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap()
    }

    #[test]
    fn columns_are_added_up_by_their_names_in_whatever_order_files_have_them() {
        let mut totals = Vec::new();
        for names in [
            &["a", "b", "c"][..],
            &["c", "d", "a"],
            &["a", "b", "c", "d"],
            &["e", "b"],
        ] {
            ColumnTotals::add(&mut totals, &footer_of(names));
        }
        let chunks: Vec<_> = totals
            .iter()
            .map(|total| (total.name.as_str(), total.chunks))
            .collect();
        assert_eq!(chunks, [("a", 3), ("b", 3), ("c", 3), ("d", 2), ("e", 1)]);
    }
}
