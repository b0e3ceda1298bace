//! Reads footers and page indexes of files in an object store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use super::error::FileError;
use super::footer::recounted;

/// Bytes at the end of a file, after its footer: the footer's length, and the magic number.
pub(super) const TAIL_BYTES: u64 = 8;

/// Bytes that are read first. For most footers they suffice and save a second request.
const FIRST_BYTES: u64 = 64 << 10;

/// Reads a file's footer. Returns the file's size in bytes and the footer. If a footer claims no
/// rows although its row groups have some, it gets their sum. `path` is the file's name in errors.
pub(crate) async fn read_footer(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
) -> Result<(u64, ParquetMetaData), FileError> {
    let failed = |source| FileError::Store {
        path: path.to_owned(),
        source,
    };
    let file_bytes = store.head(object).await.map_err(failed)?.size;
    let footer = FooterBytes::read(store, object, file_bytes).await;
    let metadata = footer.map_err(failed)?.parse();
    let metadata = metadata.map_err(|source| FileError::Parquet {
        path: path.to_owned(),
        source,
    })?;
    let metadata = recounted(&metadata).unwrap_or(metadata);
    Ok((file_bytes, metadata))
}

/// The end of a file, with the whole footer if there is one.
pub(super) struct FooterBytes {
    file_bytes: u64,
    end: Bytes,
}

impl FooterBytes {
    /// Reads the end of a file of `file_bytes` bytes. Does not check that it is a footer.
    pub(super) async fn read(
        store: &Arc<dyn ObjectStore>,
        object: &Path,
        file_bytes: u64,
    ) -> Result<Self, object_store::Error> {
        let mut wanted = FIRST_BYTES;
        // A store does not accept empty ranges.
        if file_bytes == 0 {
            let end = Bytes::new();
            return Ok(FooterBytes { file_bytes, end });
        }
        loop {
            let start = file_bytes.saturating_sub(wanted);
            let end = store.get_range(object, start..file_bytes).await?;
            let footer = FooterBytes { file_bytes, end };
            let needed = footer.claimed_bytes() + TAIL_BYTES;
            if needed <= wanted || needed > file_bytes || !footer.has_magic() {
                return Ok(footer);
            }
            wanted = needed;
        }
    }

    /// Returns the last bytes of the file, as many as follow the footer of a Parquet file. All
    /// bytes of a smaller file.
    fn tail(&self) -> &[u8] {
        let start = self.end.len().saturating_sub(TAIL_BYTES as usize);
        &self.end[start..]
    }

    /// Returns the magic number, or the bytes in its place.
    pub(super) fn magic(&self) -> &[u8] {
        self.tail().get(4..).unwrap_or_default()
    }

    fn has_magic(&self) -> bool {
        [b"PAR1", b"PARE"]
            .iter()
            .any(|magic| self.magic() == *magic)
    }

    /// Returns the length of the footer in bytes that the end of the file gives.
    pub(super) fn claimed_bytes(&self) -> u64 {
        let length = self.tail().first_chunk::<4>();
        length.map_or(0, |length| u32::from_le_bytes(*length).into())
    }

    /// Returns the footer as stored. Empty if the file is too small for it.
    pub(super) fn stored(&self) -> &[u8] {
        let end = self.end.len().saturating_sub(TAIL_BYTES as usize);
        let start = usize::try_from(self.claimed_bytes())
            .ok()
            .and_then(|length| end.checked_sub(length));
        start.map_or(&[], |start| &self.end[start..end])
    }

    /// Parses the footer.
    pub(super) fn parse(&self) -> Result<ParquetMetaData, ParquetError> {
        let mut reader = ParquetMetaDataReader::new();
        reader.try_parse_sized(&self.end, self.file_bytes)?;
        reader.finish()
    }
}

/// Adds the page index to a footer, if the file has one.
pub(super) async fn with_page_index(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    footer: ParquetMetaData,
) -> Result<ParquetMetaData, ParquetError> {
    let mut file = StoreReader {
        store: Arc::clone(store),
        object: object.clone(),
        metadata: Arc::new(footer.clone()),
    };
    let mut indexes = ParquetMetaDataReader::new_with_metadata(footer)
        .with_page_index_policy(PageIndexPolicy::Optional);
    indexes.load_page_index(&mut file).await?;
    indexes.finish()
}

/// Reader of a file in a store whose footer is already known.
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
    use object_store::memory::InMemory;
    use parquet::arrow::ArrowWriter;
    use parquet::file::metadata::KeyValue;

    use super::*;

    async fn stored(bytes: Vec<u8>) -> (Arc<dyn ObjectStore>, Path) {
        let (store, object) = (InMemory::new(), Path::from("file"));
        store.put(&object, bytes.into()).await.unwrap();
        (Arc::new(store), object)
    }

    /// Returns a file of one column, with a text of `text_bytes` bytes in its footer.
    fn file(text_bytes: usize) -> Vec<u8> {
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let batch = RecordBatch::try_from_iter([("a", values)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.append_key_value_metadata(KeyValue::new("text".to_owned(), "x".repeat(text_bytes)));
        writer.close().unwrap();
        bytes
    }

    #[tokio::test]
    async fn footers_of_any_size_are_read_from_any_store() {
        for text_bytes in [1, 3 * FIRST_BYTES as usize] {
            let bytes = file(text_bytes);
            let length = bytes.len() as u64;
            let (store, object) = stored(bytes).await;
            let (file_bytes, footer) = read_footer(&store, &object, "file").await.unwrap();
            assert_eq!(file_bytes, length);
            assert_eq!(footer.file_metadata().num_rows(), 3);
            let footer = FooterBytes::read(&store, &object, length).await.unwrap();
            assert_eq!(footer.stored().len() as u64, footer.claimed_bytes());
        }
    }

    #[tokio::test]
    async fn what_is_no_footer_is_an_error_that_names_the_file() {
        let whole = file(1);
        for bytes in [
            Vec::new(),
            b"PAR1".to_vec(),
            whole[..whole.len() - 1].to_vec(),
        ] {
            let (store, object) = stored(bytes).await;
            let error = read_footer(&store, &object, "t/file").await.unwrap_err();
            assert!(error.to_string().starts_with("t/file: "), "{error}");
        }
    }
}
