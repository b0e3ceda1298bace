//! The layer that reads row groups ahead of the engine.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, ObjectStore, Result};
use parking_lot::Mutex;
use tokio::task::{AbortHandle, JoinHandle};

use super::layer::ReadLayer;
use super::layout::{FileLayout, FileLayouts};

/// Most reads ahead for each row group of the setting. Older ones that nobody asked for, since
/// their row groups are pruned, are dropped then.
const READS_PER_ROW_GROUP: usize = 32;

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
    reads: HashMap<Wanted, JoinHandle<Result<Vec<Bytes>>>>,
    /// Keys of the reads, the oldest first. Some have been taken.
    order: VecDeque<Wanted>,
    /// Starts of the calls that were made or read ahead in this execution, by file.
    known: HashMap<Path, HashSet<u64>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reads
            .values()
            .map(JoinHandle::abort_handle)
            .for_each(|it: AbortHandle| it.abort());
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

    /// Takes the read ahead of a call, if there is one, and begins those of the next row groups.
    fn take(&self, file: &Path, ranges: &[Range<u64>]) -> Option<JoinHandle<Result<Vec<Bytes>>>> {
        let layout = self.layouts.get(file)?;
        let next = next_of(layout, ranges, self.row_groups)?;
        let start = ranges.first()?.start;
        let state = &mut *self.state.lock();
        let taken = state.reads.remove(&wanted(file, ranges));
        let known = state.known.entry(file.clone()).or_default();
        if !known.insert(start) && taken.is_none() {
            // It is asked for again: another execution has begun.
            known.clear();
            known.insert(start);
        }
        for ahead in next {
            let Some(first) = ahead.first() else { continue };
            if !known.insert(first.start) {
                continue;
            }
            let (below, file) = (Arc::clone(&self.below), file.clone());
            let key = wanted(&file, &ahead);
            let read = tokio::spawn(async move { below.get_ranges(&file, &ahead).await });
            state.order.push_back(key.clone());
            state.reads.insert(key, read);
        }
        while state.reads.len() > self.row_groups * READS_PER_ROW_GROUP {
            let Some(oldest) = state.order.pop_front() else {
                break;
            };
            if let Some(read) = state.reads.remove(&oldest) {
                read.abort();
            }
        }
        taken
    }
}

fn wanted(file: &Path, ranges: &[Range<u64>]) -> Wanted {
    let ranges = ranges.iter().map(|range| (range.start, range.end));
    (file.clone(), ranges.collect())
}

/// Returns the ranges of the same columns in each of the next row groups. `None` if the ranges are
/// not whole column chunks of one row group.
fn next_of(
    layout: &FileLayout,
    ranges: &[Range<u64>],
    row_groups: usize,
) -> Option<Vec<Vec<Range<u64>>>> {
    let places: Option<Vec<(u32, usize)>> =
        ranges.iter().map(|range| layout.place_of(range)).collect();
    let places = places?;
    let (row_group, _) = *places.first()?;
    if places.iter().any(|place| place.0 != row_group) {
        return None;
    }
    let next = (row_group + 1..).take(row_groups).map_while(|next| {
        let chunks = layout.row_group(next)?;
        places
            .iter()
            .map(|place| Some(chunks.get(place.1)?.range.clone()))
            .collect()
    });
    Some(next.collect())
}

#[async_trait]
impl ReadLayer for PrefetchLayer {
    const NAME: &'static str = "prefetched";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self.take(file, ranges) {
            Some(read) => read.await.map_err(|source| Error::JoinError { source })?,
            None => self.below.get_ranges(file, ranges).await,
        }
    }
}
