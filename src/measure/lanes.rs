//! The two lanes that take a query apart: its byte ranges without the query, and the query without reading.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cell::{Cell, MeasureError, Probe, Sum, executions_for};
use super::process::{Usage, memory_bytes};
use crate::config::PageCache;
use crate::record::{Iteration, Kind, Lane, Status};
use crate::storage::{Source, Trace};
use crate::units;

impl Cell {
    /// Where a lane's bytes come from. Those of `compute` are read into memory here, and stay there for as long as the source
    /// does.
    pub(super) async fn source(&self, lane: Lane) -> Result<Source, MeasureError> {
        if lane != Lane::Compute {
            return Ok(match self.reader.cache {
                PageCache::Direct => Source::Direct,
                PageCache::Warm | PageCache::Cold => Source::Store,
            });
        }
        let (bytes, (_, available)) = (self.memory.distinct_bytes(), memory_bytes());
        if available > 0 && bytes > available / 2 {
            return Err(MeasureError::TooLarge { bytes, available });
        }
        let loaded = self.store.load(&self.memory).await;
        let loaded = loaded.map_err(|error| MeasureError::reading(error.to_string()))?;
        Ok(Source::Memory(Arc::new(loaded)))
    }

    /// An iteration of the lane `storage`.
    pub(super) async fn replay(&mut self, probe: Probe) -> Result<Iteration, MeasureError> {
        let trace = self.recorded().await?;
        let source = self.source(Lane::Storage).await?;
        let direct = matches!(source, Source::Direct);
        let preparing = Instant::now();
        let mut attested = self.prepared(&source).await?;
        let preparation = match self.reader.cache {
            PageCache::Cold => preparing.elapsed(),
            PageCache::Warm | PageCache::Direct => Duration::ZERO,
        };
        let failed = |error: object_store::Error| MeasureError::reading(error.to_string());
        if !self.executions.contains_key(&Lane::Storage) {
            // One that is not counted tells how many one iteration takes.
            let elapsed = self.store.replay(&trace, direct).await.map_err(failed)?;
            let executions = executions_for(elapsed, preparation);
            self.executions.insert(Lane::Storage, executions);
            attested = self.prepared(&source).await?;
        }
        let executions = match probe.kind {
            Kind::Warmup => 1,
            Kind::Measured => self.executions.get(&Lane::Storage).copied().unwrap_or(1),
        };
        let mut sum = Sum::default();
        self.store.reset_counters();
        for execution in 0..executions {
            if execution > 0 && self.reader.cache == PageCache::Cold {
                attested = attested.and(self.prepared(&source).await?);
            }
            let before = Usage::now();
            sum.elapsed += self.store.replay(&trace, direct).await.map_err(failed)?;
            sum.usage.add(&before, &Usage::now());
        }
        Ok(self.finished(probe, executions, attested, sum))
    }

    /// An iteration in memory that had to read does not count; the next one has what it lacked.
    pub(super) fn remember_missed(&mut self, iteration: &mut Iteration) {
        let missed = self.store.missed();
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

    /// What the query asks of the store, by an untimed execution that is recorded once. Whether footers are among it follows the state
    /// of the engine's caches.
    pub async fn recorded(&mut self) -> Result<Arc<Trace>, MeasureError> {
        if let Some(trace) = &self.trace {
            return Ok(Arc::clone(trace));
        }
        self.store.record();
        let executed = self.execute_once().await;
        let trace = self.store.recorded();
        executed?;
        self.memory = trace.clone();
        let trace = Arc::new(trace);
        self.trace = Some(Arc::clone(&trace));
        Ok(trace)
    }
}
