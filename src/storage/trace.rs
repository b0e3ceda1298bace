//! The byte ranges that an execution asked for, as a value that can be kept and replayed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Instant;

use object_store::path::Path;
use serde::{Deserialize, Serialize};
use tokio::task;

use super::requests::RequestPlan;

/// Ranges that one execution asked of its store, with their files, streams and order. A stream is a
/// task of the engine, which makes one request at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    #[serde(with = "paths")]
    pub files: Vec<Path>,
    /// Calls of each stream, in the order in which they began.
    pub streams: Vec<Vec<Call>>,
}

/// One call of a store: ranges of one file that were asked for together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Index into [`Trace::files`].
    pub file: usize,
    /// Start and end, in bytes; the end is not part of a range.
    pub ranges: Vec<(u64, u64)>,
}

impl Call {
    pub fn bytes(&self) -> u64 {
        let lengths = self.ranges.iter();
        lengths
            .map(|(start, end)| end.saturating_sub(*start))
            .fold(0, u64::saturating_add)
    }
}

impl Trace {
    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.streams.iter().flatten()
    }

    /// Bytes of all ranges.
    pub fn bytes(&self) -> u64 {
        self.calls().map(Call::bytes).fold(0, u64::saturating_add)
    }

    /// Bytes of all ranges, where overlapping bytes count once.
    pub fn distinct_bytes(&self) -> u64 {
        let merged = self.merged();
        let ranges = merged.iter().flat_map(|(_, ranges)| ranges);
        ranges
            .map(|range| range.end.saturating_sub(range.start))
            .fold(0, u64::saturating_add)
    }

    /// Number of ranges in all calls.
    pub fn ranges(&self) -> u64 {
        self.calls().map(|call| call.ranges.len() as u64).sum()
    }

    /// Adds the streams of another trace.
    pub fn join(&mut self, other: Trace) {
        let known = self.files.len();
        self.files.extend(other.files);
        self.streams.extend(other.streams.into_iter().map(|calls| {
            let moved = calls.into_iter().map(|call| Call {
                file: call.file.saturating_add(known),
                ranges: call.ranges,
            });
            moved.collect()
        }));
    }

    /// Returns the ranges by file, each file's in the order of their starts. Overlapping ranges
    /// become one.
    pub(super) fn merged(&self) -> Vec<(Path, Vec<Range<u64>>)> {
        let mut by_file: BTreeMap<&Path, Vec<Range<u64>>> = BTreeMap::new();
        for call in self.calls() {
            if let Some(file) = self.files.get(call.file) {
                let ranges = call.ranges.iter().map(|(start, end)| *start..*end);
                by_file.entry(file).or_default().extend(ranges);
            }
        }
        by_file
            .into_iter()
            .map(|(file, ranges)| (file.clone(), without_overlaps(ranges)))
            .collect()
    }

    /// Returns the fault of a trace that came from a file, if it has one: a call names a file that
    /// is not listed, or a range ends before it starts.
    pub fn problem(&self) -> Option<String> {
        for (stream, calls) in self.streams.iter().enumerate() {
            for (index, call) in calls.iter().enumerate() {
                let place = || format!("stream {stream}, call {index}");
                if call.file >= self.files.len() {
                    return Some(format!(
                        "{}: file {} is not one of the {} that are listed",
                        place(),
                        call.file,
                        self.files.len()
                    ));
                }
                if let Some((start, end)) = call.ranges.iter().find(|(start, end)| end < start) {
                    return Some(format!(
                        "{}: the range {start} to {end} ends before it starts",
                        place()
                    ));
                }
            }
        }
        None
    }
}

/// A call as a remote object store would serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedCall {
    pub began: Instant,
    pub ended: Instant,
    /// Index into the files of the trace.
    pub file: usize,
    /// Bytes of each request. Near ranges are one request.
    pub request_bytes: Vec<u64>,
}

/// Paths as the store writes them, from its root.
mod paths {
    use object_store::path::Path;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        paths: &[Path],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let paths: Vec<&str> = paths.iter().map(AsRef::as_ref).collect();
        paths.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Path>, D::Error> {
        let paths: Vec<String> = Vec::deserialize(deserializer)?;
        let parsed = paths.iter().map(Path::parse);
        parsed.collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

/// Sorts ranges and joins overlapping ones. Neighbours stay apart.
fn without_overlaps(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end || range.start == last.start => {
                last.end = last.end.max(range.end);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// A trace that is being recorded.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    trace: Trace,
    /// Times when each call began and was answered, by stream.
    times: Vec<Vec<(Instant, Instant)>>,
    files: HashMap<Path, usize>,
    /// Index of each task's stream. The key `None` stands for code outside of any task.
    streams: HashMap<Option<task::Id>, usize>,
}

impl Recorder {
    pub(super) fn add(&mut self, file: &Path, ranges: &[Range<u64>], times: (Instant, Instant)) {
        let index = match self.files.get(file) {
            Some(index) => *index,
            None => {
                let index = self.trace.files.len();
                self.trace.files.push(file.clone());
                self.files.insert(file.clone(), index);
                index
            }
        };
        let streams = self.streams.len();
        let stream = *self.streams.entry(task::try_id()).or_insert(streams);
        if stream == self.trace.streams.len() {
            self.trace.streams.push(Vec::new());
            self.times.push(Vec::new());
        }
        self.times[stream].push(times);
        self.trace.streams[stream].push(Call {
            file: index,
            ranges: ranges
                .iter()
                .map(|range| (range.start, range.end))
                .collect(),
        });
    }

    pub(super) fn finish(self) -> Trace {
        self.trace
    }

    pub(super) fn timed(self, plan: &RequestPlan) -> Vec<Vec<TimedCall>> {
        let streams = self.trace.streams.into_iter().zip(self.times);
        streams
            .map(|(calls, times)| {
                let calls = calls.into_iter().zip(times);
                let timed = calls.map(|(call, (began, ended))| {
                    let ranges: Vec<_> = call
                        .ranges
                        .iter()
                        .map(|(start, end)| *start..*end)
                        .collect();
                    let requests = plan.requests(&ranges).into_iter();
                    TimedCall {
                        began,
                        ended,
                        file: call.file,
                        request_bytes: requests.map(|it| it.end.saturating_sub(it.start)).collect(),
                    }
                });
                timed.collect()
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_task_is_a_stream_in_the_order_of_its_calls() {
        let recorder = std::sync::Arc::new(std::sync::Mutex::new(Recorder::default()));
        let (a, b) = (Path::from("a"), Path::from("b"));
        let calls = [vec![(&a, 0..4), (&b, 1..2)], vec![(&a, 8..9), (&a, 4..8)]];
        for stream in calls {
            let stream: Vec<_> = stream
                .into_iter()
                .map(|(file, range)| (file.clone(), range))
                .collect();
            let recorder = std::sync::Arc::clone(&recorder);
            tokio::spawn(async move {
                for (file, range) in stream {
                    let now = Instant::now();
                    recorder.lock().unwrap().add(&file, &[range], (now, now));
                }
            })
            .await
            .unwrap();
        }
        let recorder = std::sync::Arc::into_inner(recorder)
            .unwrap()
            .into_inner()
            .unwrap();
        let call = |file, start, end| Call {
            file,
            ranges: vec![(start, end)],
        };
        let trace = recorder.finish();
        assert_eq!(
            trace,
            Trace {
                files: vec![a.clone(), b.clone()],
                streams: vec![
                    vec![call(0, 0, 4), call(1, 1, 2)],
                    vec![call(0, 8, 9), call(0, 4, 8)],
                ],
            }
        );
        assert_eq!((trace.bytes(), trace.ranges()), (10, 4));
        let mut twice = trace.clone();
        twice.join(trace.clone());
        assert_eq!((twice.bytes(), twice.distinct_bytes()), (20, 10));
        assert_eq!(
            trace.merged(),
            [(a, vec![0..4, 4..8, 8..9]), (b, vec![1..2])]
        );
    }

    #[test]
    fn ranges_that_overlap_become_one_and_neighbours_do_not() {
        let merged = without_overlaps(vec![92..100, 10..20, 0..100, 100..110, 200..200]);
        assert_eq!(merged, [0..100, 100..110, 200..200]);
    }

    #[test]
    fn what_is_wrong_with_a_trace_is_told_with_its_place() {
        let call = |file, ranges| Call { file, ranges };
        let trace = |calls| Trace {
            files: vec![Path::from("a")],
            streams: vec![calls],
        };
        assert_eq!(trace(vec![call(0, vec![(0, 4)])]).problem(), None);
        let problem = trace(vec![call(0, vec![]), call(1, vec![])]).problem();
        assert!(problem.unwrap().starts_with("stream 0, call 1: file 1"));
        let problem = trace(vec![call(0, vec![(4, 3)])]).problem();
        assert!(problem.unwrap().contains("ends before it starts"));
    }
}
