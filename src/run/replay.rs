//! Replaying kept traces: what the storage gives for the byte ranges of a query, without the engine.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio::runtime::Runtime;

use super::RunError;
use super::traces::KeptTrace;
use crate::config::PageCache;
use crate::dataset::Cancel;
use crate::measure::{establish, source_of};
use crate::record::{CacheState, ColdEvidence, EngineCache, Status};
use crate::statistics::{CONFIDENCE, median, median_interval};
use crate::storage::{Inputs, check_direct, local_file, local_store};

/// What replays of one trace came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    pub cell: String,
    pub cache: CacheState,
    /// The weakest of the replays'; absent for warm ones.
    pub cold_evidence: Option<ColdEvidence>,
    pub streams: u64,
    pub ranges: u64,
    pub bytes: u64,
    /// Replays that count, and those whose cache state could not be established, with the reason of the first.
    pub replays: u32,
    pub void: u32,
    pub reason: Option<String>,
    /// Of those that count; absent where there are none, and the interval where there are too few.
    pub median_ns: Option<f64>,
    pub ci_low_ns: Option<f64>,
    pub ci_high_ns: Option<f64>,
    pub bytes_per_s: Option<f64>,
}

fn sizes(files: &[PathBuf]) -> impl Iterator<Item = u64> {
    let sizes = files.iter().map(std::fs::metadata);
    sizes.map(|found| found.map_or(0, |found| found.len()))
}

/// Replays each trace so many times, in rounds, after one replay of each that does not count.
pub fn replay(
    runtime: &Runtime,
    traces: &[KeptTrace],
    cache: PageCache,
    rounds: u32,
    cancel: &Cancel,
) -> Result<Vec<Replayed>, RunError> {
    let store = local_store();
    let source = source_of(cache);
    let mut prepared = Vec::new();
    for kept in traces {
        let files: Vec<PathBuf> = kept
            .trace
            .files
            .iter()
            .map(local_file)
            .collect::<Result<_, _>>()
            .map_err(|source| RunError::Replay { source })?;
        for file in &files {
            // To open a pipe would wait for whoever writes to it.
            let regular = std::fs::metadata(file).and_then(|found| match found.is_file() {
                true => Ok(()),
                false => Err(std::io::Error::other("it is not a regular file")),
            });
            let checked = regular.and_then(|()| match cache {
                PageCache::Direct => check_direct(file),
                PageCache::Warm | PageCache::Cold => std::fs::File::open(file).map(|_| ()),
            });
            checked.map_err(|source| match cache {
                PageCache::Direct if source.kind() == std::io::ErrorKind::InvalidInput => {
                    RunError::Direct {
                        path: file.display().to_string(),
                        source,
                    }
                }
                _ => RunError::Missing {
                    path: file.display().to_string(),
                    source,
                },
            })?;
        }
        for ((file, size), known) in files.iter().zip(sizes(&files)).zip(&kept.file_bytes) {
            if size != *known {
                let message = format!("it has {size} bytes, and had {known} when it was recorded");
                return Err(RunError::Missing {
                    path: file.display().to_string(),
                    source: std::io::Error::other(message),
                });
            }
        }
        let inputs = Inputs::of(files.iter().map(PathBuf::as_path))
            .map_err(|source| RunError::Input { source })?;
        let trace = Arc::new(kept.trace.clone());
        prepared.push((kept, trace, files, Arc::new(inputs), Vec::new()));
    }
    runtime.block_on(async {
        for round in 0..=rounds {
            for (_, trace, files, inputs, found) in &mut prepared {
                let once = async {
                    let files = files.clone();
                    let attested =
                        tokio::task::spawn_blocking(move || establish(&files, cache, false));
                    let attested = attested
                        .await
                        .map_err(|error| RunError::Internal(error.to_string()))?;
                    let before = crate::measure::device_read_bytes();
                    let elapsed = store
                        .replay(trace, &source)
                        .await
                        .map_err(|source| RunError::Replay { source })?;
                    let after = crate::measure::device_read_bytes();
                    let device = before.zip(after);
                    let device = device.map(|(before, after)| after.saturating_sub(before));
                    let attested = attested.finish(EngineCache::Warm, device, trace.bytes());
                    Ok::<_, RunError>((elapsed, attested))
                };
                let done = tokio::select! {
                    done = once => done,
                    () = cancel.cancelled() => return Err(RunError::Interrupted),
                };
                // Whatever came of files that changed is of no use.
                let inputs = Arc::clone(inputs);
                tokio::task::spawn_blocking(move || inputs.check())
                    .await
                    .map_err(|error| RunError::Internal(error.to_string()))?
                    .map_err(|source| RunError::Input { source })?;
                let done = done?;
                if round > 0 {
                    found.push(done);
                }
            }
        }
        Ok(())
    })?;
    let replayed = prepared.into_iter().map(|(kept, trace, _, _, found)| {
        let counted = || {
            let found = found.iter();
            found.filter(|(_, (_, status, _))| *status == Status::Ok)
        };
        let times: Vec<f64> = counted()
            .map(|(elapsed, _)| elapsed.as_nanos().max(1) as f64)
            .collect();
        let evidence = counted().map(|(_, (cache, _, _))| cache.cold_evidence);
        let median_ns = median(&times);
        let interval = median_interval(&times, CONFIDENCE);
        Replayed {
            cell: kept.cell.clone(),
            cache: cache.state(),
            cold_evidence: evidence
                .max_by_key(|it| *it == Some(ColdEvidence::None))
                .flatten(),
            streams: trace.streams.len() as u64,
            ranges: trace.ranges(),
            bytes: trace.bytes(),
            replays: times.len() as u32,
            void: (found.len() - times.len()) as u32,
            reason: found.iter().find_map(|(_, (_, _, reason))| reason.clone()),
            median_ns,
            ci_low_ns: interval.map(|interval| interval.low),
            ci_high_ns: interval.map(|interval| interval.high),
            bytes_per_s: median_ns.map(|median| trace.bytes() as f64 / median * 1e9),
        }
    });
    Ok(replayed.collect())
}
