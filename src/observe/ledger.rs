//! The byte ledger of one measurement: reads of a store, and the parts of the files that they
//! touched.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use object_store::path::Path;
use parking_lot::Mutex;

use super::calls::Calls;
use crate::record::StoreCalls;
use crate::storage::{FileLayout, FileLayouts, Trace, WireLedger};

/// Reads that a ledger has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Number of requested byte ranges.
    pub ranges: u64,
    /// Requested bytes in ranges that lie within a file's column chunks.
    pub data_bytes: u64,
    /// Bytes of all other ranges: footers, page indexes, bloom filters, and any bytes that a
    /// speculative read of a footer includes.
    pub metadata_bytes: u64,
    /// Requests that reached the storage.
    pub requests: u64,
    /// Those of them for footers, page indexes and bloom filters, whatever they touch besides.
    pub metadata_requests: u64,
    /// Bytes of these requests.
    pub requested_bytes: u64,
}

/// Parts of a set of files that were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadParts {
    /// Row groups of which at least one column chunk was read.
    pub row_groups: u64,
    /// Files with such a row group.
    pub files: u64,
    /// Bytes before compression of the column chunks that were read, in whole or in part.
    pub encoded_bytes: u64,
    /// Stored bytes of these chunks.
    pub compressed_bytes: u64,
}

/// A file of a ledger, with a mark for each chunk that was read.
#[derive(Debug)]
struct LedgerFile {
    layout: Arc<FileLayout>,
    touched: Vec<AtomicBool>,
}

impl LedgerFile {
    fn add_to(&self, sum: &mut ReadParts) {
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

/// Counts of everything that one measurement asks of a store. The layers of its store write to it;
/// no other measurement does.
#[derive(Debug, Default)]
pub struct Ledger {
    files: HashMap<Path, LedgerFile>,
    calls: Mutex<Calls>,
    ranges: AtomicU64,
    data_bytes: AtomicU64,
    metadata_bytes: AtomicU64,
    requests: AtomicU64,
    metadata_requests: AtomicU64,
    requested_bytes: AtomicU64,
    wire: Arc<WireLedger>,
}

impl Ledger {
    /// Makes an empty ledger, which distinguishes data from metadata in reads of these files. All
    /// bytes of other files count as metadata.
    pub fn new(files: impl IntoIterator<Item = (Path, Arc<FileLayout>)>) -> Self {
        let files = files.into_iter().map(|(path, layout)| {
            let touched = layout.chunks.iter().map(|_| AtomicBool::new(false));
            let touched = touched.collect();
            (path, LedgerFile { layout, touched })
        });
        Ledger {
            files: files.collect(),
            ..Ledger::default()
        }
    }

    /// Counts a call for ranges of a file, which was answered after `latency`.
    pub fn asked(&self, file: &Path, ranges: &[Range<u64>], latency: Duration) {
        self.calls.lock().add(latency, ranges);
        self.ask(file, ranges);
    }

    fn ask(&self, file: &Path, ranges: &[Range<u64>]) {
        let known = self.files.get(file);
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
        self.ranges
            .fetch_add(ranges.len() as u64, Ordering::Relaxed);
        self.data_bytes.fetch_add(data, Ordering::Relaxed);
        self.metadata_bytes.fetch_add(metadata, Ordering::Relaxed);
    }

    /// Counts ranges of a file that the storage was asked for, one request each.
    pub fn sent(&self, file: &Path, ranges: &[Range<u64>]) {
        let known = self.files.get(file);
        let of_data =
            |range: &&Range<u64>| known.is_some_and(|known| known.layout.is_of_chunks(range));
        let metadata = ranges.len() - ranges.iter().filter(of_data).count();
        self.metadata_requests
            .fetch_add(metadata as u64, Ordering::Relaxed);
        let bytes = ranges
            .iter()
            .map(|range| range.end.saturating_sub(range.start));
        self.requests
            .fetch_add(ranges.len() as u64, Ordering::Relaxed);
        self.requested_bytes
            .fetch_add(bytes.sum(), Ordering::Relaxed);
    }

    /// Counts a trace that was replayed from files of this host, each range by a request. The
    /// latencies of its calls are not known.
    pub fn replayed(&self, trace: &Trace) {
        for call in trace.streams.iter().flatten() {
            let ranges = call.ranges.iter().map(|(start, end)| *start..*end);
            let ranges: Vec<Range<u64>> = ranges.collect();
            self.ask(&trace.files[call.file], &ranges);
            self.sent(&trace.files[call.file], &ranges);
        }
    }

    pub fn counters(&self) -> Counters {
        Counters {
            ranges: self.ranges.load(Ordering::Relaxed),
            data_bytes: self.data_bytes.load(Ordering::Relaxed),
            metadata_bytes: self.metadata_bytes.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            metadata_requests: self.metadata_requests.load(Ordering::Relaxed),
            requested_bytes: self.requested_bytes.load(Ordering::Relaxed),
        }
    }

    /// Returns the ledger of what these requests are on the network.
    pub fn wire(&self) -> &Arc<WireLedger> {
        &self.wire
    }

    /// Returns the layouts of the files.
    pub fn layouts(&self) -> FileLayouts {
        let files = self.files.iter();
        files
            .map(|(path, file)| (path.clone(), Arc::clone(&file.layout)))
            .collect()
    }

    /// Returns durations of the calls and sizes of their ranges. `None` if there were no calls.
    pub fn calls(&self) -> Option<StoreCalls> {
        let calls = self.calls.lock();
        calls.summary()
    }

    /// Returns the parts of these files that were read since [`Ledger::forget_touched`].
    pub fn touched<'a>(&self, files: impl Iterator<Item = &'a Path>) -> ReadParts {
        let mut touched = ReadParts::default();
        for file in files.filter_map(|file| self.files.get(file)) {
            file.add_to(&mut touched);
        }
        touched
    }

    /// Returns the files whose layouts are known.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.keys()
    }

    /// Returns the chunks of each file that were read, as ranges of their places in its layout.
    pub fn touched_chunks(&self) -> Vec<(Path, Vec<Range<usize>>)> {
        let files = self.files.iter().map(|(path, file)| {
            let mut ranges: Vec<Range<usize>> = Vec::new();
            let touched = file.touched.iter().enumerate();
            for (place, _) in touched.filter(|(_, it)| it.load(Ordering::Relaxed)) {
                match ranges.last_mut() {
                    Some(last) if last.end == place => last.end += 1,
                    _ => ranges.push(place..place + 1),
                }
            }
            (path.clone(), ranges)
        });
        files.filter(|(_, ranges)| !ranges.is_empty()).collect()
    }

    /// Marks chunks of a file as read, which another process has read. Places that the layout does
    /// not have are left out.
    pub fn touch(&self, file: &Path, chunks: &[Range<usize>]) {
        let Some(file) = self.files.get(file) else {
            return;
        };
        let most = file.touched.len();
        for chunks in chunks {
            let places = chunks.start.min(most)..chunks.end.min(most);
            for touched in file.touched.get(places).into_iter().flatten() {
                touched.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Forgets which chunks were read, and keeps the counters. If a measurement has several
    /// executions, the last one alone shows which chunks an execution reads.
    pub fn forget_touched(&self) {
        for touched in self.files.values().flat_map(|file| &file.touched) {
            touched.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use crate::storage::{Call, Chunk};

    fn layout(chunks: &[(Range<u64>, u32)]) -> Arc<FileLayout> {
        let chunk = |(range, row_group): &(Range<u64>, u32)| Chunk {
            range: range.clone(),
            row_group: *row_group,
            encoded_bytes: 1000,
            ..Chunk::default()
        };
        Arc::new(FileLayout {
            chunks: chunks.iter().map(chunk).collect(),
            ..FileLayout::default()
        })
    }

    #[test]
    fn ranges_within_the_chunks_are_data_and_all_others_metadata() {
        let path = Path::from("a.parquet");
        let layout = layout(&[(4..20, 0), (20..40, 0), (50..80, 1)]);
        let ledger = Ledger::new([(path.clone(), layout)]);
        ledger.asked(&path, &[4..14, 30..40], Duration::ZERO);
        ledger.asked(&path, &[75..100], Duration::ZERO);
        // Between two row groups, where some writers put bloom filters.
        ledger.asked(&path, &[41..49], Duration::ZERO);
        ledger.asked(&Path::from("other"), &[4..14], Duration::ZERO);
        let expected = Counters {
            ranges: 5,
            data_bytes: 20,
            metadata_bytes: 43,
            ..Counters::default()
        };
        assert_eq!(ledger.counters(), expected);
        assert_eq!(
            ledger.touched([&path].into_iter()),
            ReadParts {
                row_groups: 1,
                files: 1,
                encoded_bytes: 2000,
                compressed_bytes: 36,
            }
        );
        ledger.forget_touched();
        assert_eq!(ledger.touched([&path].into_iter()), ReadParts::default());
        assert_eq!(ledger.counters(), expected);
        assert_eq!(ledger.calls().map(|calls| calls.calls), Some(4));
    }

    #[test]
    fn a_replay_counts_what_the_trace_asked_for() {
        let trace = Trace {
            files: vec![Path::from("a")],
            streams: vec![vec![Call {
                file: 0,
                ranges: vec![(10, 20), (40, 50)],
            }]],
        };
        let ledger = Ledger::default();
        ledger.replayed(&trace);
        let counted = ledger.counters();
        assert_eq!((counted.requests, counted.requested_bytes), (2, 20));
        assert_eq!((counted.ranges, counted.metadata_bytes), (2, 20));
        assert_eq!(counted.metadata_requests, 2);
        assert_eq!(ledger.calls(), None);
    }
}
