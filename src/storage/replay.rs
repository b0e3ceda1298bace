//! Replaying a trace: the same ranges, stream by stream, read and dropped.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::{Error, ObjectStore, Result};
use tokio::task::{JoinError, JoinSet};

use super::direct::{Buffer, RangeFile};
use super::trace::{Call, Trace};

/// Reads a trace's ranges through an object store, a task per stream.
pub(super) async fn replay_store(
    trace: &Arc<Trace>,
    store: &Arc<dyn ObjectStore>,
) -> Result<Duration> {
    let mut streams = JoinSet::new();
    let started = Instant::now();
    for stream in 0..trace.streams.len() {
        let (trace, store) = (Arc::clone(trace), Arc::clone(store));
        streams.spawn(async move {
            for Call { file, ranges } in &trace.streams[stream] {
                let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
                store.get_ranges(&trace.files[*file], &ranges).await?;
            }
            Ok(())
        });
    }
    drained(streams).await?;
    Ok(started.elapsed())
}

/// Reads a trace's ranges from local files, a thread per stream, each with one buffer: what the storage gives, without what an
/// engine pays for memory. `paths` are those of the trace's files.
pub(super) async fn replay_files(
    trace: &Arc<Trace>,
    paths: Vec<PathBuf>,
    direct: bool,
) -> Result<Duration> {
    let paths = Arc::new(paths);
    let mut streams = JoinSet::new();
    let started = Instant::now();
    for stream in 0..trace.streams.len() {
        let (trace, paths) = (Arc::clone(trace), Arc::clone(&paths));
        streams.spawn_blocking(move || {
            let mut buffer = Buffer::default();
            let mut open: Option<(usize, RangeFile)> = None;
            for Call { file, ranges } in &trace.streams[stream] {
                let failed = |source| Error::Generic {
                    store: "LocalFileSystem",
                    source: format!("{}: {source}", paths[*file].display()).into(),
                };
                let opened = match open.take() {
                    Some((known, opened)) if known == *file => opened,
                    _ => RangeFile::open(&paths[*file], direct).map_err(failed)?,
                };
                for (start, end) in ranges {
                    opened.read(*start..*end, &mut buffer).map_err(failed)?;
                }
                open = Some((*file, opened));
            }
            Ok(())
        });
    }
    drained(streams).await?;
    Ok(started.elapsed())
}

async fn drained(mut streams: JoinSet<Result<()>>) -> Result<()> {
    while let Some(stream) = streams.join_next().await {
        stream.map_err(|source: JoinError| Error::JoinError { source })??;
    }
    Ok(())
}
