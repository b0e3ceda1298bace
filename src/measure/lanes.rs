//! The two lanes that split a query: its byte ranges without the query, and the query without
//! reading.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cell::{Cell, IterationPlace, Trial, nanoseconds};
use super::error::MeasureError;
use crate::config::PageCache;
use crate::engine::{PlannedQuery, plan};
use crate::observe::{Ledger, memory_bytes};
use crate::record::{Iteration, Kind, Lane, RequestProfile, Status, StoreCall};
use crate::storage::{ByteSource, LoadedBytes, TimedCall, Trace, replay_local, replay_through};
use crate::units;

/// Least and most executions for a query's profile, and the time after which no more than the least
/// are made.
const LEAST_PROFILES: usize = 5;
const MOST_PROFILES: usize = 15;
const PROFILING: Duration = Duration::from_millis(300);

fn of_stream(calls: &[TimedCall], started: Instant) -> Vec<StoreCall> {
    let since = |time: Instant| nanoseconds(time.saturating_duration_since(started));
    let calls = calls.iter().map(|call| {
        StoreCall(
            since(call.began),
            since(call.ended),
            call.request_bytes.clone(),
            call.file as u64,
        )
    });
    calls.collect()
}

impl Cell {
    /// Returns the source of a lane's bytes. For `compute` the bytes are read into memory here, and
    /// stay there as long as the source exists.
    pub async fn source(&self, lane: Lane) -> Result<ByteSource, MeasureError> {
        if lane != Lane::Compute {
            return Ok(ByteSource::of_query(&self.reader, self.store.is_remote()));
        }
        let (bytes, (_, available)) = (self.memory.distinct_bytes(), memory_bytes());
        if available > 0 && bytes > available / 2 {
            return Err(MeasureError::TooLarge { bytes, available });
        }
        let loaded = LoadedBytes::of(&self.memory, self.store()).await;
        let loaded = loaded.map_err(|error| MeasureError::reading(error.to_string()))?;
        Ok(ByteSource::Memory(Arc::new(loaded)))
    }

    /// Makes an iteration of the lane `storage`.
    pub(super) async fn replay(
        &mut self,
        probe: IterationPlace,
    ) -> Result<Iteration, MeasureError> {
        let trace = self.recorded().await?;
        let source = self.source(Lane::Storage).await?;
        if !self.trials.contains_key(&Lane::Storage) {
            self.try_replay(&trace, &source).await?;
        }
        let ledger = self.ledger();
        let mut watch = self.watch_here(&source, &ledger).await?;
        let failed = |error: object_store::Error| MeasureError::reading(error.to_string());
        let executions = match probe.kind {
            Kind::Warmup => 1,
            Kind::Measured => self.executions.get(&Lane::Storage).copied().unwrap_or(1),
        };
        for execution in 0..executions {
            if execution > 0 && self.reader.cache == PageCache::Cold {
                let prepared = watch.prepare().await;
                prepared.map_err(|error| MeasureError::defect(error.to_string()))?;
            }
            let start = watch.start();
            let elapsed = self.replayed(&trace, &source, &ledger).await;
            watch.stop(&start, elapsed.map_err(failed)?);
        }
        Ok(self.finished(probe, watch.end(), Vec::new()))
    }

    /// Replays a trace, and counts it: files of this host by pread(2), unless their requests are
    /// chosen; other stores by the client and the requests of the query.
    async fn replayed(
        &self,
        trace: &Arc<Trace>,
        source: &ByteSource,
        ledger: &Arc<Ledger>,
    ) -> Result<Duration, object_store::Error> {
        let throttled = matches!(source, ByteSource::Throttled(_));
        if self.store.is_local() && !throttled && self.reader.requests.are_usual() {
            let direct = matches!(source, ByteSource::Direct);
            let elapsed = replay_local(trace, direct).await?;
            ledger.replayed(trace);
            return Ok(elapsed);
        }
        let measured = self.measured_store(source, ledger);
        replay_through(trace, &self.store, measured.objects()).await
    }

    /// Makes a replay that does not count.
    pub(super) async fn try_replay(
        &mut self,
        trace: &Arc<Trace>,
        source: &ByteSource,
    ) -> Result<Trial, MeasureError> {
        let preparing = Instant::now();
        self.watch_here(source, &self.ledger()).await?;
        let preparation = match self.reader.cache {
            PageCache::Cold => preparing.elapsed(),
            PageCache::Warm | PageCache::Direct => Duration::ZERO,
        };
        let elapsed = self.replayed(trace, source, &self.ledger()).await;
        let elapsed = elapsed.map_err(|error| MeasureError::reading(error.to_string()))?;
        Ok(self.tried(Lane::Storage, Trial::new(elapsed, preparation)))
    }

    /// Makes an iteration in memory void if it had to read. The next one has the missing bytes.
    pub(super) fn remember_missed(&mut self, missed: Trace, iteration: &mut Iteration) {
        let ranges = missed.ranges();
        if ranges == 0 {
            return;
        }
        iteration.status = Status::Void;
        iteration.reason = Some(format!(
            "{} ranges were not in memory, as the execution that was recorded did not ask for them: limits, and filters that are \
             built while a query runs, make them differ",
            units::count(ranges)
        ));
        self.memory.join(missed);
    }

    /// Returns the query's requests and their times while its bytes are in memory. Of several
    /// executions it is the one of median time.
    pub async fn profile(&mut self) -> Result<RequestProfile, MeasureError> {
        self.recorded().await?;
        let mut source = self.source(Lane::Compute).await?;
        let mut planned: Option<PlannedQuery> = None;
        let mut profiles = Vec::new();
        let began = Instant::now();
        while profiles.len() < LEAST_PROFILES
            || profiles.len() < MOST_PROFILES && began.elapsed() < PROFILING
        {
            let measurement = self.recording(&source)?;
            self.watch(&source, &measurement).await?;
            let mut first = None;
            let planned = match &planned {
                Some(planned) => planned,
                None => {
                    let new = plan(&measurement.context, &self.scenario.sql).await?;
                    first = Some(Arc::clone(&new.physical));
                    planned.insert(new)
                }
            };
            let plans = self.plans(&measurement, planned, &mut first).await?;
            let started = Instant::now();
            let (elapsed, _) = self.executed(&plans, &measurement).await?;
            let streams = measurement.store.recorded_times();
            let missed = measurement.store.missed();
            let had_to_read = missed.ranges() > 0;
            if had_to_read {
                self.memory.join(missed);
                source = self.source(Lane::Compute).await?;
            }
            let streams = streams.iter().map(|calls| of_stream(calls, started));
            let profile = RequestProfile {
                elapsed_ns: nanoseconds(elapsed),
                elapsed_of_all_ns: Vec::new(),
                streams: streams.collect(),
            };
            profiles.push((had_to_read, profile));
        }
        // Executions that had to read come last, and count only if there are no others.
        profiles.sort_by_key(|(had_to_read, profile)| (*had_to_read, profile.elapsed_ns));
        let whole = profiles.iter().filter(|(had_to_read, _)| !had_to_read);
        let elapsed: Vec<u64> = whole.map(|(_, profile)| profile.elapsed_ns).collect();
        Ok(RequestProfile {
            elapsed_of_all_ns: elapsed.clone(),
            ..profiles.swap_remove(elapsed.len() / 2).1
        })
    }

    /// Returns the query's calls of the store, recorded once by an untimed execution. They include
    /// footers only if the engine's caches are fresh.
    pub async fn recorded(&mut self) -> Result<Arc<Trace>, MeasureError> {
        if let Some(trace) = &self.trace {
            return Ok(Arc::clone(trace));
        }
        let source = self.source(Lane::EndToEnd).await?;
        let measurement = self.recording(&source)?;
        self.execute_in(&source, &measurement).await?;
        let trace = measurement.store.recorded();
        self.memory = trace.clone();
        let trace = Arc::new(trace);
        self.trace = Some(Arc::clone(&trace));
        Ok(trace)
    }
}
