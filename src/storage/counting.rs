//! An object store that counts what the engine asks for and changes nothing else.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// Where a Parquet file keeps its column chunks; whatever lies outside is metadata, a bloom filter between two row groups
/// included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLayout {
    /// From the first column chunk of a row group to the end of its last one, in the order of their starts.
    pub row_groups: Vec<Range<u64>>,
}

impl FileLayout {
    /// The row group whose chunks hold this range.
    fn row_group_of(&self, range: &Range<u64>) -> Option<usize> {
        let behind = self
            .row_groups
            .partition_point(|group| group.start <= range.start);
        let index = behind.checked_sub(1)?;
        (range.end <= self.row_groups[index].end).then_some(index)
    }
}

/// A file whose layout is known, and which of its row groups were read.
#[derive(Debug)]
struct KnownFile {
    layout: FileLayout,
    touched: Vec<AtomicBool>,
}

impl KnownFile {
    fn row_groups_read(&self) -> u64 {
        self.touched
            .iter()
            .filter(|touched| touched.load(Ordering::Relaxed))
            .count() as u64
    }
}

/// What of a set of files was read since the last [`CountingStore::reset_touched`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// Row groups of which at least one column chunk was asked for.
    pub row_groups: u64,
    /// Files with such a row group.
    pub files: u64,
}

/// What was read since the last [`CountingStore::reset_counters`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Byte ranges asked for.
    pub ranges: u64,
    /// Bytes asked for in ranges that lie within a file's column chunks.
    pub data_bytes: u64,
    /// Bytes of all other ranges: footers, page indexes, bloom filters, and whatever a speculative read of a
    /// footer brings along.
    pub metadata_bytes: u64,
    /// Requests that reached the inner store.
    pub requests: u64,
    /// Bytes of these requests.
    pub requested_bytes: u64,
}

/// Forwards every method to the inner store and counts the reads.
pub struct CountingStore {
    inner: Arc<dyn ObjectStore>,
    files: RwLock<HashMap<Path, KnownFile>>,
    ranges: AtomicU64,
    data_bytes: AtomicU64,
    metadata_bytes: AtomicU64,
    requests: AtomicU64,
    requested_bytes: AtomicU64,
}

impl CountingStore {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        CountingStore {
            inner,
            files: RwLock::default(),
            ranges: AtomicU64::new(0),
            data_bytes: AtomicU64::new(0),
            metadata_bytes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            requested_bytes: AtomicU64::new(0),
        }
    }

    /// Tells data from metadata in later reads of this file. Reads of a file without a layout count as metadata.
    pub fn set_layout(&self, file: Path, layout: FileLayout) {
        let touched = layout
            .row_groups
            .iter()
            .map(|_| AtomicBool::new(false))
            .collect();
        self.files
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(file, KnownFile { layout, touched });
    }

    /// What was read of these files.
    pub fn touched<'a>(&self, files: impl Iterator<Item = &'a Path>) -> Touched {
        let known = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let mut touched = Touched::default();
        for row_groups in files
            .filter_map(|file| known.get(file))
            .map(KnownFile::row_groups_read)
        {
            touched.row_groups += row_groups;
            touched.files += u64::from(row_groups > 0);
        }
        touched
    }

    pub fn counters(&self) -> Counters {
        Counters {
            ranges: self.ranges.load(Ordering::Relaxed),
            data_bytes: self.data_bytes.load(Ordering::Relaxed),
            metadata_bytes: self.metadata_bytes.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            requested_bytes: self.requested_bytes.load(Ordering::Relaxed),
        }
    }

    pub fn reset_counters(&self) {
        for counter in [
            &self.ranges,
            &self.data_bytes,
            &self.metadata_bytes,
            &self.requests,
            &self.requested_bytes,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Forgets which row groups were read; the counters go on.
    pub fn reset_touched(&self) {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        for touched in files.values().flat_map(|file| &file.touched) {
            touched.store(false, Ordering::Relaxed);
        }
    }

    fn count(&self, file: &Path, ranges: &[Range<u64>]) {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let known = files.get(file);
        let (mut data, mut metadata) = (0, 0);
        for range in ranges {
            let bytes = range.end.saturating_sub(range.start);
            let row_group =
                known.and_then(|known| Some((known, known.layout.row_group_of(range)?)));
            match row_group {
                Some((known, row_group)) => {
                    data += bytes;
                    known.touched[row_group].store(true, Ordering::Relaxed);
                }
                None => metadata += bytes,
            }
        }
        drop(files);
        let count = ranges.len() as u64;
        self.ranges.fetch_add(count, Ordering::Relaxed);
        self.data_bytes.fetch_add(data, Ordering::Relaxed);
        self.metadata_bytes.fetch_add(metadata, Ordering::Relaxed);
        // The local store reads each range by itself, so that ranges and requests are the same here.
        self.requests.fetch_add(count, Ordering::Relaxed);
        self.requested_bytes
            .fetch_add(data + metadata, Ordering::Relaxed);
    }
}

impl fmt::Debug for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingStore")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "counted {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for CountingStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        let result = self.inner.get_opts(location, options).await?;
        if !head {
            self.count(location, std::slice::from_ref(&result.range));
        }
        Ok(result)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let bytes = self.inner.get_ranges(location, ranges).await?;
        self.count(location, ranges);
        Ok(bytes)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::TryStreamExt;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    async fn store_with_file() -> (CountingStore, Path) {
        let store = CountingStore::new(Arc::new(InMemory::new()));
        let path = Path::from("a.parquet");
        store
            .put(&path, PutPayload::from(vec![7_u8; 100]))
            .await
            .unwrap();
        (store, path)
    }

    #[tokio::test]
    async fn ranges_within_the_chunks_are_data_and_all_others_metadata() {
        let (store, path) = store_with_file().await;
        store.set_layout(
            path.clone(),
            FileLayout {
                row_groups: vec![4..40, 50..80],
            },
        );
        store.get_ranges(&path, &[4..14, 30..40]).await.unwrap();
        store.get_range(&path, 75..100).await.unwrap();
        // Between two row groups, where some writers put bloom filters.
        store.get_range(&path, 41..49).await.unwrap();
        let expected = Counters {
            ranges: 4,
            data_bytes: 20,
            metadata_bytes: 33,
            requests: 4,
            requested_bytes: 53,
        };
        assert_eq!(store.counters(), expected);
        assert_eq!(
            store.touched([&path].into_iter()),
            Touched {
                row_groups: 1,
                files: 1
            }
        );
        store.reset_counters();
        store.reset_touched();
        assert_eq!(store.touched([&path].into_iter()), Touched::default());
        assert_eq!(store.counters(), Counters::default());
    }

    #[tokio::test]
    async fn writing_listing_and_asking_for_the_size_count_no_bytes() {
        let (store, path) = store_with_file().await;
        assert_eq!(store.head(&path).await.unwrap().size, 100);
        store.copy(&path, &Path::from("b.parquet")).await.unwrap();
        store
            .rename(&Path::from("b.parquet"), &Path::from("c.parquet"))
            .await
            .unwrap();
        let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
        assert_eq!(listed.len(), 2);
        store.delete(&path).await.unwrap();
        assert_eq!(store.counters(), Counters::default());
    }

    #[tokio::test]
    async fn a_failed_read_counts_nothing() {
        let (store, _) = store_with_file().await;
        assert!(
            store
                .get_ranges(&Path::from("missing"), &[0..1, 1..2])
                .await
                .is_err()
        );
        assert_eq!(store.counters(), Counters::default());
    }
}
