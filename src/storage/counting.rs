//! An object store that counts what the engine asks for and changes nothing else, unless it is told to serve it from memory or
//! past the page cache.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, Result,
};

use super::beyond;
use super::calls::Calls;
use super::direct::ranges_direct;
use super::loaded::Loaded;
use super::replay::{Through, replay_files, replay_store};
use super::throttle::{Throttle, merged};
use super::trace::{Recorder, Timed, Trace};
use crate::record::StoreCalls;

/// A column chunk of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Of its bytes as stored, dictionary page included.
    pub range: Range<u64>,
    pub row_group: u32,
    /// Bytes before compression.
    pub encoded_bytes: u64,
}

/// Where a Parquet file keeps its column chunks; whatever lies outside is metadata, a bloom filter between two row groups
/// included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLayout {
    /// In the order of their starts.
    pub chunks: Vec<Chunk>,
}

impl FileLayout {
    /// The chunks that a range lies in: one, or neighbours without a gap between them. None where a part of it lies outside.
    fn chunks_of(&self, range: &Range<u64>) -> Option<Range<usize>> {
        let first = self
            .chunks
            .partition_point(|chunk| chunk.range.end <= range.start);
        let mut covered = self.chunks.get(first)?.range.start;
        if covered > range.start {
            return None;
        }
        for (index, chunk) in self.chunks.iter().enumerate().skip(first) {
            if chunk.range.start > covered {
                return None;
            }
            covered = chunk.range.end;
            if range.end <= covered {
                return Some(first..index + 1);
            }
        }
        None
    }
}

/// A file whose layout is known, and which of its chunks were read.
#[derive(Debug)]
struct KnownFile {
    layout: FileLayout,
    touched: Vec<AtomicBool>,
}

impl KnownFile {
    fn add_to(&self, sum: &mut Touched) {
        let mut row_groups = Vec::new();
        let chunks = self.layout.chunks.iter().zip(&self.touched);
        for (chunk, _) in chunks.filter(|(_, touched)| touched.load(Ordering::Relaxed)) {
            sum.encoded_bytes += chunk.encoded_bytes;
            sum.compressed_bytes += chunk.range.end - chunk.range.start;
            row_groups.push(chunk.row_group);
        }
        row_groups.sort_unstable();
        row_groups.dedup();
        sum.row_groups += row_groups.len() as u64;
        sum.files += u64::from(!row_groups.is_empty());
    }
}

/// What of a set of files was read since the last [`CountingStore::reset_touched`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// Row groups of which at least one column chunk was asked for.
    pub row_groups: u64,
    /// Files with such a row group.
    pub files: u64,
    /// Bytes before compression of the column chunks that were asked for, in whole or in part.
    pub encoded_bytes: u64,
    /// Bytes of these chunks as they are stored.
    pub compressed_bytes: u64,
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

/// Where the bytes that the engine asks for come from.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// The inner store.
    #[default]
    Store,
    /// The files themselves, past the page cache.
    Direct,
    /// Memory; what is not there, from the inner store.
    Memory(Arc<Loaded>),
    /// The inner store, no faster than this.
    Throttled(Arc<Throttle>),
}

/// Forwards every method to the inner store and counts the reads.
pub struct CountingStore {
    inner: Arc<dyn ObjectStore>,
    /// Whether its paths are those of files of this host.
    local: bool,
    source: RwLock<Source>,
    files: RwLock<HashMap<Path, KnownFile>>,
    recorder: Mutex<Option<Recorder>>,
    /// What memory was asked for and did not have.
    missed: Mutex<Recorder>,
    calls: Mutex<Calls>,
    ranges: AtomicU64,
    data_bytes: AtomicU64,
    metadata_bytes: AtomicU64,
    requests: AtomicU64,
    requested_bytes: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CountingStore {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        CountingStore {
            inner,
            local: false,
            source: RwLock::default(),
            files: RwLock::default(),
            recorder: Mutex::default(),
            missed: Mutex::default(),
            calls: Mutex::default(),
            ranges: AtomicU64::new(0),
            data_bytes: AtomicU64::new(0),
            metadata_bytes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            requested_bytes: AtomicU64::new(0),
        }
    }

    /// A store whose paths are those of files of this host, from its root.
    pub(super) fn of_local_files(inner: Arc<dyn ObjectStore>) -> Self {
        CountingStore {
            local: true,
            ..CountingStore::new(inner)
        }
    }

    /// Tells data from metadata in later reads of this file. Reads of a file without a layout count as metadata.
    pub fn set_layout(&self, file: Path, layout: FileLayout) {
        let touched = layout
            .chunks
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
        for file in files.filter_map(|file| known.get(file)) {
            file.add_to(&mut touched);
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

    /// How long the calls since the last [`CountingStore::reset_counters`] took, and how large their ranges were; none
    /// without calls.
    pub fn calls(&self) -> Option<StoreCalls> {
        locked(&self.calls).summary()
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
        locked(&self.calls).reset();
    }

    /// Forgets which row groups were read; the counters go on.
    pub fn reset_touched(&self) {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        for touched in files.values().flat_map(|file| &file.touched) {
            touched.store(false, Ordering::Relaxed);
        }
    }

    /// Where reads come from, from now on.
    pub fn serve_from(&self, source: Source) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = source;
    }

    /// Begins to record what is asked for.
    pub fn record(&self) {
        *locked(&self.recorder) = Some(Recorder::default());
    }

    /// What was asked for since [`CountingStore::record`], which ends the recording.
    pub fn recorded(&self) -> Trace {
        let recorder = locked(&self.recorder).take();
        recorder.unwrap_or_default().finish()
    }

    /// What [`CountingStore::recorded`] gives, as the requests that a remote object store would send, and when.
    pub fn recorded_times(&self) -> Vec<Vec<Timed>> {
        let recorder = locked(&self.recorder).take();
        recorder.unwrap_or_default().timed()
    }

    /// What [`Source::Memory`] was asked for and did not have since the last time that this was asked.
    pub fn missed(&self) -> Trace {
        std::mem::take(&mut *locked(&self.missed)).finish()
    }

    /// Reads the bytes of a trace into memory, uncounted.
    pub async fn load(&self, trace: &Trace) -> Result<Loaded> {
        Loaded::of(trace, &self.inner).await
    }

    /// Reads the ranges of a trace, its streams at once and each in its order, and drops them: files of this host by pread(2)
    /// into one buffer per stream, those of [`Source::Direct`] past the page cache; other stores, and throttled ones, through their own
    /// API. The time that it took.
    pub async fn replay(&self, trace: &Arc<Trace>, source: &Source) -> Result<Duration> {
        let store = || Arc::clone(&self.inner);
        let elapsed = match source {
            Source::Throttled(throttle) => {
                replay_store(trace, &Through::Throttle(Arc::clone(throttle), store())).await?
            }
            _ if self.local => {
                let paths = trace.files.iter().map(local_file).collect::<Result<_>>()?;
                replay_files(trace, paths, matches!(source, Source::Direct)).await?
            }
            _ => replay_store(trace, &Through::Store(store())).await?,
        };
        for call in trace.streams.iter().flatten() {
            let ranges: Vec<_> = call
                .ranges
                .iter()
                .map(|(start, end)| *start..*end)
                .collect();
            self.count(&trace.files[call.file], &ranges, source);
        }
        Ok(elapsed)
    }

    fn source(&self) -> Source {
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner);
        source.clone()
    }

    async fn read(
        &self,
        file: &Path,
        ranges: &[Range<u64>],
        source: &Source,
    ) -> Result<Vec<Bytes>> {
        match source {
            Source::Store => self.inner.get_ranges(file, ranges).await,
            Source::Throttled(throttle) => throttle.get_ranges(&self.inner, file, ranges).await,
            Source::Direct => {
                let (path, ranges) = (local_file(file)?, ranges.to_vec());
                let read = move || {
                    ranges_direct(&path, &ranges).map_err(|source| Error::Generic {
                        store: "LocalFileSystem",
                        source: format!("{}: direct read: {source}", path.display()).into(),
                    })
                };
                tokio::task::spawn_blocking(read)
                    .await
                    .map_err(|source| Error::JoinError { source })?
            }
            Source::Memory(loaded) => {
                let here: Option<Vec<Bytes>> =
                    ranges.iter().map(|range| loaded.get(file, range)).collect();
                if let Some(here) = here {
                    // A call that never waits would let as many streams as there are threads take all the work, before others begin.
                    let recorded = locked(&self.recorder).is_some();
                    if recorded {
                        tokio::task::yield_now().await;
                    }
                    return Ok(here);
                }
                let now = Instant::now();
                locked(&self.missed).add(file, ranges, (now, now));
                self.inner.get_ranges(file, ranges).await
            }
        }
    }

    /// Ranges asked for by one call, read and counted.
    async fn counted(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (started, source) = (Instant::now(), self.source());
        match self.read(file, ranges, &source).await {
            Ok(bytes) => {
                self.note(file, ranges, started, &source);
                Ok(bytes)
            }
            Err(error) => Err(beyond::explained(error, &self.inner, file, ranges).await),
        }
    }

    /// Takes note of a call that has been answered.
    fn note(&self, file: &Path, ranges: &[Range<u64>], started: Instant, source: &Source) {
        if let Some(recorder) = locked(&self.recorder).as_mut() {
            recorder.add(file, ranges, (started, Instant::now()));
        }
        locked(&self.calls).add(started.elapsed(), ranges);
        self.count(file, ranges, source);
    }

    fn count(&self, file: &Path, ranges: &[Range<u64>], source: &Source) {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let known = files.get(file);
        let (mut data, mut metadata) = (0, 0);
        for range in ranges {
            let bytes = range.end.saturating_sub(range.start);
            let chunks = known.and_then(|known| Some((known, known.layout.chunks_of(range)?)));
            match chunks {
                Some((known, chunks)) => {
                    data += bytes;
                    for touched in &known.touched[chunks] {
                        touched.store(true, Ordering::Relaxed);
                    }
                }
                None => metadata += bytes,
            }
        }
        drop(files);
        let count = ranges.len() as u64;
        self.ranges.fetch_add(count, Ordering::Relaxed);
        self.data_bytes.fetch_add(data, Ordering::Relaxed);
        self.metadata_bytes.fetch_add(metadata, Ordering::Relaxed);
        let (requests, bytes) = match source {
            Source::Throttled(_) => {
                let sent = merged(ranges);
                let bytes = sent
                    .iter()
                    .map(|range| range.end.saturating_sub(range.start));
                (sent.len() as u64, bytes.sum())
            }
            // The local store reads each range by itself, so that ranges and requests are the same.
            Source::Store | Source::Direct | Source::Memory(_) => (count, data + metadata),
        };
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.requested_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The file that a path of the local store is.
pub fn local_file(path: &Path) -> Result<PathBuf> {
    LocalFileSystem::new().path_to_filesystem(path)
}

/// The local store tells when a file was changed by a kind of time that ends in the year 262142,
/// and panics over any other.
fn without_panic<T>(told: Result<T>) -> Result<T> {
    told.map_err(|error| match error {
        Error::JoinError { source } if source.is_panic() => Error::Generic {
            store: "LocalFileSystem",
            source: "the time of a file's last change is after the year 262142, or as far before; `touch` sets another"
                .into(),
        },
        other => other,
    })
}

fn in_memory(
    bytes: Bytes,
    range: Range<u64>,
    meta: ObjectMeta,
    attributes: Attributes,
) -> GetResult {
    GetResult {
        payload: GetResultPayload::Stream(Box::pin(futures::stream::iter([Ok(bytes)]))),
        meta,
        range,
        attributes,
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
        if options.head {
            return without_panic(self.inner.get_opts(location, options).await);
        }
        let bounded = matches!(options.range, Some(GetRange::Bounded(_)));
        let source = self.source();
        if !bounded && matches!(source, Source::Direct | Source::Throttled(_)) {
            // The engine always says where a range starts and ends. Anything else would be read through the cache, or as fast as
            // can be.
            return Err(Error::NotImplemented {
                operation: "direct or throttled reads of other than bounded ranges".to_owned(),
                implementer: "CountingStore".to_owned(),
            });
        }
        let Some(asked) = options.range.clone() else {
            let result = without_panic(self.inner.get_opts(location, options).await)?;
            self.count(location, std::slice::from_ref(&result.range), &source);
            return Ok(result);
        };
        // A range is read here and now, so that its time is counted.
        if let (GetRange::Bounded(range), false) = (&asked, matches!(source, Source::Store)) {
            let read = self.counted(location, std::slice::from_ref(range)).await?;
            let bytes = read.into_iter().next().unwrap_or_default();
            // Of the object, no more than this is known without asking for it.
            let meta = ObjectMeta {
                location: location.clone(),
                last_modified: DateTime::UNIX_EPOCH,
                size: range.end,
                e_tag: None,
                version: None,
            };
            return Ok(in_memory(bytes, range.clone(), meta, Attributes::default()));
        }
        let started = Instant::now();
        let found = without_panic(self.inner.get_opts(location, options).await);
        let result = match found {
            Ok(result) => result,
            Err(error) => {
                let range = beyond::asked(&asked);
                let ranges = std::slice::from_ref(&range);
                return Err(beyond::explained(error, &self.inner, location, ranges).await);
            }
        };
        let (range, meta) = (result.range.clone(), result.meta.clone());
        let attributes = result.attributes.clone();
        let bytes = result.bytes().await?;
        self.note(location, std::slice::from_ref(&range), started, &source);
        Ok(in_memory(bytes, range, meta, attributes))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.counted(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix).map(without_panic).boxed()
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
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
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

    fn layout(chunks: &[(Range<u64>, u32)]) -> FileLayout {
        let chunk = |(range, row_group): &(Range<u64>, u32)| Chunk {
            range: range.clone(),
            row_group: *row_group,
            encoded_bytes: 1000,
        };
        FileLayout {
            chunks: chunks.iter().map(chunk).collect(),
        }
    }

    #[tokio::test]
    async fn ranges_within_the_chunks_are_data_and_all_others_metadata() {
        let (store, path) = store_with_file().await;
        store.set_layout(
            path.clone(),
            layout(&[(4..20, 0), (20..40, 0), (50..80, 1)]),
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
                files: 1,
                encoded_bytes: 2000,
                compressed_bytes: 36,
            }
        );
        store.reset_counters();
        store.reset_touched();
        assert_eq!(store.touched([&path].into_iter()), Touched::default());
        assert_eq!(store.counters(), Counters::default());
    }

    #[test]
    fn a_range_may_lie_in_neighbouring_chunks_but_not_beside_them() {
        let layout = layout(&[(4..20, 0), (20..40, 0), (50..80, 1)]);
        assert_eq!(layout.chunks_of(&(4..20)), Some(0..1));
        assert_eq!(layout.chunks_of(&(5..6)), Some(0..1));
        assert_eq!(layout.chunks_of(&(10..40)), Some(0..2));
        assert_eq!(layout.chunks_of(&(79..80)), Some(2..3));
        for outside in [0..5, 3..4, 40..50, 30..60, 75..81, 80..81] {
            assert_eq!(layout.chunks_of(&outside), None, "{outside:?}");
        }
    }

    #[tokio::test]
    async fn memory_serves_what_it_holds_and_says_what_it_has_not() {
        let (store, path) = store_with_file().await;
        store.record();
        store.get_ranges(&path, &[10..20, 40..50]).await.unwrap();
        store.get_range(&path, 60..70).await.unwrap();
        let trace = store.recorded();
        assert_eq!((trace.ranges(), trace.bytes()), (3, 30));
        let loaded = Arc::new(store.load(&trace).await.unwrap());
        store.serve_from(Source::Memory(loaded));
        store.delete(&path).await.unwrap();
        assert_eq!(store.get_range(&path, 61..62).await.unwrap().len(), 1);
        store.get_ranges(&path, &[10..20]).await.unwrap();
        assert_eq!(store.missed(), Trace::default());
        assert!(store.get_ranges(&path, &[0..5]).await.is_err());
        let missed = store.missed();
        assert_eq!((missed.ranges(), missed.bytes()), (1, 5));
        assert_eq!(store.missed(), Trace::default());
    }

    #[tokio::test]
    async fn a_replay_counts_what_the_trace_asked_for() {
        let (store, path) = store_with_file().await;
        store.record();
        store.get_ranges(&path, &[10..20, 40..50]).await.unwrap();
        let trace = Arc::new(store.recorded());
        let counters = store.counters();
        store.reset_counters();
        store.replay(&trace, &Source::Store).await.unwrap();
        assert_eq!(store.counters(), counters);
        store.delete(&path).await.unwrap();
        assert!(store.replay(&trace, &Source::Store).await.is_err());
    }

    #[tokio::test]
    async fn local_files_are_replayed_whatever_their_names_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b%20c#1=2.parquet");
        std::fs::write(&file, [7; 100]).unwrap();
        let store = CountingStore::of_local_files(Arc::new(LocalFileSystem::new()));
        let path = crate::storage::object_path(&file).unwrap();
        store.record();
        store.get_ranges(&path, &[10..20, 40..50]).await.unwrap();
        let trace = store.recorded();
        let text = serde_json::to_string(&trace).unwrap();
        assert_eq!(serde_json::from_str::<Trace>(&text).unwrap(), trace);
        store
            .replay(&Arc::new(trace), &Source::Store)
            .await
            .unwrap();
        assert_eq!(store.counters().requested_bytes, 40);
        std::fs::write(&file, [7; 49]).unwrap();
        let trace = serde_json::from_str(&text).unwrap();
        let error = store
            .replay(&Arc::new(trace), &Source::Store)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("a b%20c#1=2.parquet"), "{error}");
    }

    #[tokio::test]
    async fn a_read_beyond_the_end_of_a_file_is_told_with_its_name_and_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cut.parquet");
        std::fs::write(&file, [7; 100]).unwrap();
        let store = CountingStore::of_local_files(Arc::new(LocalFileSystem::new()));
        let path = crate::storage::object_path(&file).unwrap();
        let ranges = [10..20, 80..90];
        store.record();
        store.get_ranges(&path, &ranges).await.unwrap();
        let trace = Arc::new(store.recorded());
        std::fs::write(&file, [7; 40]).unwrap();
        let throttled = Source::Throttled(Arc::new(Throttle::new(None, Duration::ZERO)));
        let mut errors = vec![
            store.load(&trace).await.err(),
            store.replay(&trace, &Source::Store).await.err(),
            store.replay(&trace, &throttled).await.err(),
        ];
        for source in [Source::Store, Source::Direct, throttled] {
            store.serve_from(source);
            errors.push(store.get_ranges(&path, &ranges).await.err());
            errors.push(store.get_range(&path, 80..90).await.err());
        }
        for error in errors {
            let error = error.unwrap().to_string();
            for words in ["cut.parquet", "bytes 80 to 90", "ends after 40 bytes"] {
                assert!(error.contains(words), "{error}");
            }
        }
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
