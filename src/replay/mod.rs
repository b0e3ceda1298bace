//! Replays kept traces: measures the storage with the byte ranges of a query, without the engine.

mod traces;

pub use traces::{TraceError, read_traces};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tokio::runtime::Runtime;

use crate::cancel::Cancel;
use crate::config::{PageCache, RequestSettings};
use crate::observe::{
    ByteOrigin, CacheSetting, Ledger, MeasuredStore, Observation, Watch, WatchedFiles,
};
use crate::record::{CacheState, ColdEvidence, EngineCache};
use crate::session::{Executor, Failure, KeptTrace, SessionError, checked, visit_all};
use crate::statistics::{CONFIDENCE, median, median_interval};
use crate::storage::{
    ByteSource, Inputs, Location, Store, Stores, Trace, check_direct, local_file, replay_local,
    replay_through,
};

/// Results of the replays of one trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayResult {
    pub cell: String,
    pub cache: CacheState,
    /// Weakest evidence of all replays. Absent for warm ones.
    pub cold_evidence: Option<ColdEvidence>,
    pub streams: u64,
    pub ranges: u64,
    pub bytes: u64,
    /// Number of replays that count. `void` is the number of those whose cache state could not be
    /// established, and `reason` the reason of the first.
    pub replays: u32,
    pub void: u32,
    pub reason: Option<String>,
    /// Median of the replays that count, absent if there are none. The interval is absent if there
    /// are too few.
    pub median_ns: Option<f64>,
    pub ci_low_ns: Option<f64>,
    pub ci_high_ns: Option<f64>,
    pub bytes_per_s: Option<f64>,
}

/// A trace that can be replayed, and its results so far.
struct PreparedTrace<'a> {
    kept: &'a KeptTrace,
    trace: Arc<Trace>,
    store: Store,
    /// Files of this host.
    files: Vec<PathBuf>,
    inputs: Arc<Inputs>,
    found: Vec<Observation>,
}

/// Replays each trace `rounds` times, in rounds, after one replay of each that does not count.
/// Stores behind a network are asked by the usual requests.
pub fn replay(
    runtime: &Runtime,
    stores: &Stores,
    traces: &[KeptTrace],
    cache: PageCache,
    rounds: u32,
    cancel: &Cancel,
) -> Result<Vec<ReplayResult>, Failure> {
    let prepare = || {
        let prepared = traces.iter();
        let prepared = prepared.map(|kept| PreparedTrace::of(stores, kept, cache));
        prepared.collect::<Result<Vec<_>, _>>()
    };
    let mut replays = Replays {
        cache,
        // Stores behind a network are asked for the sizes of files.
        prepared: runtime.block_on(async { prepare() })?,
    };
    let all = traces.len();
    let visits = (0..=rounds).flat_map(|round| (0..all).map(move |trace| Visit { round, trace }));
    runtime.block_on(visit_all(&mut replays, visits, cancel))?;
    let prepared = replays.prepared.iter();
    Ok(prepared.map(|one| one.outcome(cache)).collect())
}

/// All traces that are replayed, each once per round.
struct Replays<'a> {
    cache: PageCache,
    prepared: Vec<PreparedTrace<'a>>,
}

/// One replay that is to be made. Those of round 0 do not count.
#[derive(Clone, Copy)]
struct Visit {
    round: u32,
    trace: usize,
}

impl Executor for Replays<'_> {
    type Visit = Visit;
    type Done = Result<Observation, Failure>;

    async fn execute(&mut self, visit: Visit) -> Self::Done {
        let one = &self.prepared[visit.trace];
        one.once(self.cache).await
    }

    async fn check(&self, visit: Visit) -> Result<(), Failure> {
        let inputs = Arc::clone(&self.prepared[visit.trace].inputs);
        checked(move || inputs.check()).await
    }

    async fn keep(
        &mut self,
        visit: Visit,
        done: Self::Done,
        checked: Result<(), Failure>,
    ) -> Result<(), Failure> {
        checked?;
        let done = done?;
        if visit.round > 0 {
            self.prepared[visit.trace].found.push(done);
        }
        Ok(())
    }
}

impl<'a> PreparedTrace<'a> {
    /// Checks that the files exist and are as they were when the trace was recorded.
    fn of(stores: &Stores, kept: &'a KeptTrace, cache: PageCache) -> Result<Self, Failure> {
        let store = match &kept.store {
            None => Store::local(),
            Some(url) => stores.location(url)?.store().clone(),
        };
        let failed = |source| SessionError::Replay { source };
        let files = match store.is_local() {
            true => kept.trace.files.iter().map(local_file).collect(),
            false => Ok(Vec::new()),
        };
        let files: Vec<PathBuf> = files.map_err(failed)?;
        for file in &files {
            check_readable(file, cache)?;
        }
        let places = kept.trace.files.iter();
        let places: Vec<Location> = places
            .map(|file| Location::of_object(&store, file))
            .collect();
        for (place, known) in places.iter().zip(&kept.file_bytes) {
            check_size(place, *known)?;
        }
        let inputs = Inputs::of(&places)?;
        Ok(PreparedTrace {
            kept,
            trace: Arc::new(kept.trace.clone()),
            store,
            files,
            inputs: Arc::new(inputs),
            found: Vec::new(),
        })
    }

    async fn once(&self, cache: PageCache) -> Result<Observation, Failure> {
        let setting = CacheSetting {
            page_cache: cache,
            engine: EngineCache::Warm,
            whole_host: false,
            origin: match self.store.is_local() {
                true => ByteOrigin::Files,
                false => ByteOrigin::Network,
            },
        };
        let files = WatchedFiles {
            paths: self.files.clone().into(),
            bytes: u64::MAX,
        };
        let ledger = Arc::new(Ledger::default());
        let mut watch = Watch::begin(files, setting, Arc::clone(&ledger))
            .await
            .map_err(|error| SessionError::Internal(error.to_string()))?;
        let start = watch.start();
        let elapsed = match self.store.is_local() {
            true => {
                let direct = cache == PageCache::Direct;
                let elapsed = replay_local(&self.trace, direct).await;
                if elapsed.is_ok() {
                    ledger.replayed(&self.trace);
                }
                elapsed
            }
            false => {
                let requests = RequestSettings::default();
                let source = ByteSource::Store;
                let measured = MeasuredStore::new(&self.store, &source, &requests, &ledger);
                replay_through(&self.trace, &self.store, measured.objects()).await
            }
        };
        watch.stop(
            &start,
            elapsed.map_err(|source| SessionError::Replay { source })?,
        );
        Ok(watch.end())
    }

    fn outcome(&self, cache: PageCache) -> ReplayResult {
        let (trace, found) = (&self.trace, &self.found);
        let counted = || found.iter().filter(|one| one.void.is_none());
        let times: Vec<f64> = counted()
            .map(|one| one.figures.elapsed_ns.max(1) as f64)
            .collect();
        let evidence = counted().map(|one| one.figures.cache.cold_evidence);
        let median_ns = median(&times);
        let interval = median_interval(&times, CONFIDENCE);
        ReplayResult {
            cell: self.kept.cell.clone(),
            cache: match self.store.is_local() {
                true => cache.state(),
                false => CacheState::Remote,
            },
            cold_evidence: evidence
                .max_by_key(|it| *it == Some(ColdEvidence::None))
                .flatten(),
            streams: trace.streams.len() as u64,
            ranges: trace.ranges(),
            bytes: trace.bytes(),
            replays: times.len() as u32,
            void: (found.len() - times.len()) as u32,
            reason: found.iter().find_map(|one| one.void.clone()),
            median_ns,
            ci_low_ns: interval.map(|interval| interval.low),
            ci_high_ns: interval.map(|interval| interval.high),
            bytes_per_s: median_ns.map(|median| trace.bytes() as f64 / median * 1e9),
        }
    }
}

fn check_readable(file: &Path, cache: PageCache) -> Result<(), SessionError> {
    // Opening a pipe would wait for a writer.
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
            SessionError::Direct {
                path: file.display().to_string(),
                source,
            }
        }
        _ => SessionError::Missing {
            path: file.display().to_string(),
            source,
        },
    })
}

fn check_size(place: &Location, known: u64) -> Result<(), SessionError> {
    let missing = |source| SessionError::Missing {
        path: place.to_string(),
        source,
    };
    let found = place.bytes().map_err(missing)?;
    match found {
        Some(bytes) if bytes == known => Ok(()),
        Some(bytes) => Err(missing(std::io::Error::other(format!(
            "it has {bytes} bytes, and had {known} when it was recorded"
        )))),
        None => Err(missing(std::io::ErrorKind::NotFound.into())),
    }
}
