//! The layer that reads row groups ahead of the engine.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, ObjectStore, Result};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::layer::ReadLayer;
use super::layout::{FileLayout, FileLayouts};

/// Most bytes that are read ahead and not asked for yet. The oldest are dropped beyond it: nobody
/// may ask for them, where row groups are pruned.
const MOST_BYTES: u64 = 512 << 20;

/// The ranges of one call, as starts and ends.
type Wanted = (Path, Vec<(u64, u64)>);

/// Reads the next row groups of a file when the engine asks for one, with the same columns.
#[derive(Debug)]
pub struct PrefetchLayer {
    below: Arc<dyn ObjectStore>,
    row_groups: usize,
    layouts: Arc<FileLayouts>,
    state: Mutex<Ahead>,
}

#[derive(Debug, Default)]
struct Ahead {
    reads: HashMap<Wanted, ReadAhead>,
    /// Keys of the reads with their numbers, the oldest first. Some have been taken.
    order: VecDeque<(Wanted, u64)>,
    bytes: u64,
    next: u64,
    /// Row groups of this execution, by file and by the places of the columns in them.
    known: HashMap<(Path, Vec<usize>), KnownRowGroups>,
}

#[derive(Debug)]
struct ReadAhead {
    number: u64,
    bytes: u64,
    read: JoinHandle<Result<Vec<Bytes>>>,
}

#[derive(Debug, Default)]
struct KnownRowGroups {
    /// Asked for by the engine.
    asked: HashSet<u32>,
    /// Read ahead, or asked for.
    begun: HashSet<u32>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reads.values().for_each(|it| it.read.abort());
    }
}

impl Ahead {
    fn take(&mut self, key: &Wanted) -> Option<JoinHandle<Result<Vec<Bytes>>>> {
        let taken = self.reads.remove(key)?;
        self.bytes -= taken.bytes;
        Some(taken.read)
    }

    fn keep(&mut self, key: Wanted, read: JoinHandle<Result<Vec<Bytes>>>) {
        let lengths = key.1.iter().map(|(start, end)| end - start);
        let (bytes, number) = (lengths.sum(), self.next);
        self.next += 1;
        self.bytes += bytes;
        self.order.push_back((key.clone(), number));
        let read = ReadAhead {
            number,
            bytes,
            read,
        };
        self.reads.insert(key, read);
        while self.bytes > MOST_BYTES || self.order.len() > 2 * self.reads.len() + 64 {
            let Some((oldest, number)) = self.order.pop_front() else {
                break;
            };
            let is_there = self
                .reads
                .get(&oldest)
                .is_some_and(|it| it.number == number);
            match is_there {
                true if self.bytes > MOST_BYTES => {
                    if let Some(read) = self.take(&oldest) {
                        read.abort();
                    }
                }
                true => self.order.push_back((oldest, number)),
                false => {}
            }
        }
    }
}

impl PrefetchLayer {
    pub fn new(below: Arc<dyn ObjectStore>, row_groups: usize, layouts: Arc<FileLayouts>) -> Self {
        PrefetchLayer {
            below,
            row_groups,
            layouts,
            state: Mutex::default(),
        }
    }

    /// Takes the read ahead of a call, if there is one.
    fn take(&self, file: &Path, ranges: &[Range<u64>]) -> Option<JoinHandle<Result<Vec<Bytes>>>> {
        self.state.lock().take(&wanted(file, ranges))
    }

    /// Begins the reads of the row groups after that of a call.
    fn read_ahead(&self, file: &Path, ranges: &[Range<u64>]) {
        let Some(layout) = self.layouts.get(file) else {
            return;
        };
        let Some((row_group, columns)) = columns_of(layout, ranges) else {
            return;
        };
        let state = &mut *self.state.lock();
        let key = (file.clone(), columns);
        let known = state.known.entry(key.clone()).or_default();
        if !known.asked.insert(row_group) {
            // It is asked for again: another execution has begun.
            *known = KnownRowGroups::default();
            known.asked.insert(row_group);
        }
        known.begun.insert(row_group);
        let last = row_group.saturating_add(u32::try_from(self.row_groups).unwrap_or(u32::MAX));
        let mut begun = Vec::new();
        for next in row_group + 1..=last {
            let Some(ahead) = ranges_of(layout, next, &key.1) else {
                break;
            };
            if known.begun.insert(next) {
                begun.push(ahead);
            }
        }
        for ahead in begun {
            let (below, file) = (Arc::clone(&self.below), file.clone());
            let key = wanted(&file, &ahead);
            if let Some(left) = state.take(&key) {
                // The last execution did not ask for it.
                left.abort();
            }
            let read = tokio::spawn(async move { below.get_ranges(&file, &ahead).await });
            state.keep(key, read);
        }
    }
}

fn wanted(file: &Path, ranges: &[Range<u64>]) -> Wanted {
    let ranges = ranges.iter().map(|range| (range.start, range.end));
    (file.clone(), ranges.collect())
}

/// Returns the row group of a call, and the places of its columns. `None` if the ranges are not
/// whole column chunks of one row group.
fn columns_of(layout: &FileLayout, ranges: &[Range<u64>]) -> Option<(u32, Vec<usize>)> {
    let places = ranges.iter().map(|range| layout.place_of(range));
    let places: Vec<(u32, usize)> = places.collect::<Option<_>>()?;
    let (row_group, _) = *places.first()?;
    let columns = places
        .iter()
        .map(|(of, place)| (*of == row_group).then_some(*place));
    Some((row_group, columns.collect::<Option<_>>()?))
}

/// Returns the ranges of some columns of a row group. `None` if there is no such row group.
fn ranges_of(layout: &FileLayout, row_group: u32, columns: &[usize]) -> Option<Vec<Range<u64>>> {
    let chunks = layout.row_group(row_group)?;
    let ranges = columns
        .iter()
        .map(|place| Some(chunks.get(*place)?.range.clone()));
    ranges.collect()
}

#[async_trait]
impl ReadLayer for PrefetchLayer {
    const NAME: &'static str = "prefetched";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if let Some(read) = self.take(file, ranges) {
            self.read_ahead(file, ranges);
            return read.await.map_err(|source| Error::JoinError { source })?;
        }
        // The call goes first: it may need the only permit.
        let mut own = self.below.get_ranges(file, ranges);
        let answered = futures::poll!(&mut own);
        self.read_ahead(file, ranges);
        match answered {
            Poll::Ready(read) => read,
            Poll::Pending => own.await,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt, PutPayload};

    use super::*;
    use crate::storage::{Chunk, LayeredStore, RecordingLayer};

    /// A file of four row groups with two columns of 100 bytes each.
    async fn prefetched(row_groups: usize) -> (Arc<RecordingLayer>, Arc<dyn ObjectStore>, Path) {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let file = Path::from("a");
        store
            .put(&file, PutPayload::from(vec![7; 1000]))
            .await
            .unwrap();
        let chunk = |index: u64| Chunk {
            range: index * 100..(index + 1) * 100,
            row_group: (index / 2) as u32,
            encoded_bytes: 100,
            ..Chunk::default()
        };
        let layout = FileLayout {
            chunks: (0..8).map(chunk).collect(),
            ..FileLayout::default()
        };
        let layouts = Arc::new([(file.clone(), Arc::new(layout))].into());
        let recording = Arc::new(RecordingLayer::new(store));
        let below = LayeredStore::shared(Arc::clone(&recording));
        let layer = LayeredStore::over(PrefetchLayer::new(below, row_groups, layouts));
        (recording, layer, file)
    }

    /// Starts of the calls that reached the store.
    fn calls(recording: &RecordingLayer) -> Vec<u64> {
        let trace = recording.take();
        let calls = trace.streams.into_iter().flatten();
        let mut starts: Vec<u64> = calls.map(|call| call.ranges[0].0).collect();
        starts.sort_unstable();
        starts
    }

    #[tokio::test]
    async fn row_groups_are_read_ahead_once_and_in_each_execution_anew() {
        let (recording, layer, file) = prefetched(2).await;
        for _ in 0..3 {
            for row_group in 0..4 {
                let start = row_group * 200;
                let read = layer
                    .get_ranges(&file, &[start..start + 100])
                    .await
                    .unwrap();
                assert_eq!(read[0].len(), 100);
            }
            assert_eq!(calls(&recording), [0, 200, 400, 600]);
        }
    }

    #[tokio::test]
    async fn other_columns_are_other_reads_and_parts_of_chunks_are_none() {
        let (recording, layer, file) = prefetched(1).await;
        layer.get_ranges(&file, &[0..100]).await.unwrap();
        layer.get_ranges(&file, &[100..200]).await.unwrap();
        layer.get_ranges(&file, &[200..300]).await.unwrap();
        layer.get_ranges(&file, &[410..420]).await.unwrap();
        tokio::task::yield_now().await;
        drop(layer);
        assert_eq!(calls(&recording), [0, 100, 200, 300, 400, 410]);
    }
}
