//! Replays a trace: reads the same ranges stream by stream, and drops them.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::{Error, ObjectStore, Result};
use tokio::task::{JoinError, JoinSet};

use super::beyond::explained;
use super::direct::{Buffer, RangeFile};
use super::paths::local_file;
use super::store::Store;
use super::trace::{Call, Trace};

/// Reads the ranges of a trace from files of this host and drops them. All streams run at once,
/// each in its order, by pread(2) into one buffer per stream, past the page cache with `direct`.
/// Nothing is counted. Returns the time from the first request to the last answer.
pub async fn replay_local(trace: &Arc<Trace>, direct: bool) -> Result<Duration> {
    let paths = trace.files.iter().map(local_file).collect::<Result<_>>()?;
    replay_files(trace, paths, direct).await
}

/// Does the same through an object store, which may have layers that count, with one task per
/// stream. `store` names files in errors.
pub async fn replay_through(
    trace: &Arc<Trace>,
    store: &Store,
    objects: &Arc<dyn ObjectStore>,
) -> Result<Duration> {
    let mut streams = JoinSet::new();
    let started = Instant::now();
    for stream in 0..trace.streams.len() {
        let (trace, objects) = (Arc::clone(trace), Arc::clone(objects));
        let store = store.clone();
        streams.spawn(async move {
            for Call { file, ranges } in &trace.streams[stream] {
                let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
                let file = &trace.files[*file];
                if let Err(error) = objects.get_ranges(file, &ranges).await {
                    let named = (file, store.shown(file));
                    return Err(explained(error, &objects, named, &ranges).await);
                }
            }
            Ok(())
        });
    }
    drained(streams).await?;
    Ok(started.elapsed())
}

/// Reads a trace's ranges from local files, with one thread and one buffer per stream. This is the
/// storage's speed, without an engine's cost of memory. `paths` are the paths of the trace's files.
async fn replay_files(trace: &Arc<Trace>, paths: Vec<PathBuf>, direct: bool) -> Result<Duration> {
    let paths = Arc::new(paths);
    let mut streams = JoinSet::new();
    let started = Instant::now();
    for stream in 0..trace.streams.len() {
        let (trace, paths) = (Arc::clone(trace), Arc::clone(&paths));
        streams.spawn_blocking(move || {
            let mut buffer = Buffer::default();
            let mut open: Option<(usize, RangeFile)> = None;
            for Call { file, ranges } in &trace.streams[stream] {
                let failed = |source: io::Error, range: &(u64, u64)| Error::Generic {
                    store: "LocalFileSystem",
                    source: format!(
                        "{}: bytes {} to {}: {source}",
                        paths[*file].display(),
                        range.0,
                        range.1
                    )
                    .into(),
                };
                let opened = match open.take() {
                    Some((known, opened)) if known == *file => opened,
                    _ => RangeFile::open(&paths[*file], direct)
                        .map_err(|error| failed(error, &(0, 0)))?,
                };
                for range in ranges {
                    for piece in pieces(*range) {
                        let read = opened.read(piece, &mut buffer);
                        read.map_err(|error| failed(error, range))?;
                    }
                }
                open = Some((*file, opened));
            }
            Ok(())
        });
    }
    drained(streams).await?;
    Ok(started.elapsed())
}

/// Most bytes that are read at once, a multiple of the alignment of direct reads.
const PIECE: u64 = 16 << 20;

/// Splits a range into pieces that fit in memory.
fn pieces((start, end): (u64, u64)) -> impl Iterator<Item = Range<u64>> {
    let next = move |from: &u64| {
        let to = from.saturating_add(PIECE) / PIECE * PIECE;
        (to < end).then_some(to)
    };
    std::iter::successors(Some(start), next).map(move |from| {
        let to = next(&from).unwrap_or(end);
        from..to
    })
}

async fn drained(mut streams: JoinSet<Result<()>>) -> Result<()> {
    while let Some(stream) = streams.join_next().await {
        stream.map_err(|source: JoinError| Error::JoinError { source })??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_range_once() {
        for (start, end) in [
            (0, 0),
            (5, 9),
            (0, PIECE),
            (7, PIECE),
            (PIECE - 1, 3 * PIECE + 1),
        ] {
            let all: Vec<Range<u64>> = pieces((start, end)).collect();
            assert_eq!((all[0].start, all[all.len() - 1].end), (start, end));
            assert!(all.windows(2).all(|two| two[0].end == two[1].start));
            assert!(all.iter().all(|piece| piece.end - piece.start <= PIECE));
        }
    }
}
