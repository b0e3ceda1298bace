//! The layer that records the requests to a store.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, Result};
use parking_lot::{Mutex, MutexGuard};

use super::layer::ReadLayer;
use super::requests::RequestPlan;
use super::trace::{Recorder, TimedCall, Trace};

/// Records the requested ranges, and the times when each call began and was answered.
#[derive(Debug)]
pub struct RecordingLayer {
    below: Arc<dyn ObjectStore>,
    recorder: Mutex<Recorder>,
}

impl RecordingLayer {
    pub fn new(below: Arc<dyn ObjectStore>) -> Self {
        RecordingLayer {
            below,
            recorder: Mutex::default(),
        }
    }

    /// Returns the calls so far, and forgets them.
    pub fn take(&self) -> Trace {
        std::mem::take(&mut *self.recorder()).finish()
    }

    /// Returns the calls so far, by stream, with their times and the requests that a remote object
    /// store would send by `plan`. Forgets them.
    pub fn take_timed(&self, plan: &RequestPlan) -> Vec<Vec<TimedCall>> {
        std::mem::take(&mut *self.recorder()).timed(plan)
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock()
    }
}

#[async_trait]
impl ReadLayer for RecordingLayer {
    const NAME: &'static str = "recorded";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let started = Instant::now();
        // If a call never waited, the first streams, one per thread, would take all the work before
        // others begin.
        tokio::task::yield_now().await;
        let read = self.below.get_ranges(file, ranges).await?;
        self.recorder().add(file, ranges, (started, Instant::now()));
        Ok(read)
    }
}
