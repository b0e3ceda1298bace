//! Byte ranges held in memory, and the layer that serves them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, Result};
use parking_lot::Mutex;

use super::beyond::explained;
use super::layer::ReadLayer;
use super::store::Store;
use super::trace::{Recorder, Trace};

/// The bytes of a trace.
#[derive(Debug, Default)]
pub struct LoadedBytes {
    /// Bytes by file and start. No two ranges overlap.
    files: HashMap<Path, BTreeMap<u64, Bytes>>,
}

impl LoadedBytes {
    /// Reads the bytes that a trace asked for. These reads are not counted.
    pub async fn of(trace: &Trace, store: &Store) -> Result<Self> {
        let mut files = HashMap::new();
        for (file, ranges) in trace.merged() {
            let bytes = match store.objects().get_ranges(&file, &ranges).await {
                Ok(bytes) => bytes,
                Err(error) => {
                    let named = (&file, store.shown(&file));
                    return Err(explained(error, store.objects(), named, &ranges).await);
                }
            };
            let starts = ranges.iter().map(|range| range.start);
            files.insert(file, starts.zip(bytes).collect());
        }
        Ok(LoadedBytes { files })
    }

    /// Returns the bytes of a range without copying them. `None` if some of them are missing.
    pub(super) fn get(&self, file: &Path, range: &Range<u64>) -> Option<Bytes> {
        if range.start >= range.end {
            return Some(Bytes::new());
        }
        let ranges = self.files.get(file)?;
        let (start, bytes) = ranges.range(..=range.start).next_back()?;
        let (from, to) = (range.start - start, range.end - start);
        (to <= bytes.len() as u64).then(|| bytes.slice(from as usize..to as usize))
    }
}

/// Serves a call from memory if all of its ranges are there, else from the store below.
#[derive(Debug)]
pub struct MemoryLayer {
    below: Arc<dyn ObjectStore>,
    loaded: Arc<LoadedBytes>,
    missed: Mutex<Recorder>,
}

impl MemoryLayer {
    pub fn new(below: Arc<dyn ObjectStore>, loaded: Arc<LoadedBytes>) -> Self {
        MemoryLayer {
            below,
            loaded,
            missed: Mutex::default(),
        }
    }

    /// Returns the calls so far that were not served from memory, and forgets them.
    pub fn take_missed(&self) -> Trace {
        let mut missed = self.missed.lock();
        std::mem::take(&mut *missed).finish()
    }
}

#[async_trait]
impl ReadLayer for MemoryLayer {
    const NAME: &'static str = "in-memory";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let here = ranges.iter().map(|range| self.loaded.get(file, range));
        if let Some(here) = here.collect() {
            return Ok(here);
        }
        let now = Instant::now();
        self.missed.lock().add(file, ranges, (now, now));
        self.below.get_ranges(file, ranges).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt, PutPayload};

    use super::super::trace::Call;
    use super::*;

    #[tokio::test]
    async fn what_was_asked_for_is_there_and_nothing_else() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let file = Path::from("a");
        let bytes: Vec<u8> = (0..100).collect();
        store.put(&file, PutPayload::from(bytes)).await.unwrap();
        let trace = Trace {
            files: vec![file.clone()],
            streams: vec![vec![Call {
                file: 0,
                ranges: vec![(10, 20), (15, 30), (50, 60)],
            }]],
        };
        let loaded = LoadedBytes::of(
            &trace,
            &Store::of("memory://test", Arc::clone(&store)).unwrap(),
        )
        .await
        .unwrap();
        let get = |range: Range<u64>| loaded.get(&file, &range).map(|bytes| bytes.to_vec());
        assert_eq!(get(10..30), Some((10..30).collect()));
        assert_eq!(get(18..22), Some((18..22).collect()));
        assert_eq!(get(50..60), Some((50..60).collect()));
        assert_eq!(get(40..40), Some(Vec::new()));
        for range in [9..11, 29..31, 30..31, 49..51, 0..100] {
            assert_eq!(get(range.clone()), None, "{range:?}");
        }
        assert_eq!(loaded.get(&Path::from("b"), &(10..11)), None);
    }

    #[tokio::test]
    async fn calls_that_memory_cannot_answer_are_kept_once() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let file = Path::from("a");
        let payload = PutPayload::from(vec![7_u8; 100]);
        store.put(&file, payload).await.unwrap();
        let trace = Trace {
            files: vec![file.clone()],
            streams: vec![vec![Call {
                file: 0,
                ranges: vec![(10, 20), (40, 50)],
            }]],
        };
        let loaded = LoadedBytes::of(
            &trace,
            &Store::of("memory://test", Arc::clone(&store)).unwrap(),
        )
        .await
        .unwrap();
        let memory = MemoryLayer::new(Arc::clone(&store), Arc::new(loaded));
        store.delete(&file).await.unwrap();
        assert_eq!(memory.ranges(&file, &[11..12]).await.unwrap()[0].len(), 1);
        memory.ranges(&file, &[10..20, 45..50]).await.unwrap();
        assert_eq!(memory.take_missed(), Trace::default());
        assert!(memory.ranges(&file, &[0..5]).await.is_err());
        let missed = memory.take_missed();
        assert_eq!((missed.ranges(), missed.bytes()), (1, 5));
        assert_eq!(memory.take_missed(), Trace::default());
    }
}
