//! An observation of executions, from the state of the caches before them to their figures.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;

use super::cache::{CacheAttestation, establish};
use super::ledger::Ledger;
use super::process::Usage;
use crate::config::PageCache;
use crate::record::{CacheState, EngineCache, Figures};

/// State that executions must find their caches in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSetting {
    pub page_cache: PageCache,
    /// State of the engine's caches, which the caller establishes.
    pub engine: EngineCache,
    /// True if cold drops the page cache of the whole host.
    pub whole_host: bool,
    /// Place of the bytes.
    pub origin: ByteOrigin,
}

/// Place that bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrigin {
    /// Files of this host, whose pages may be in its cache.
    Files,
    /// This process's own memory.
    Memory,
    /// A store behind a network. Its caches are not visible.
    Network,
}

/// Files that executions read.
#[derive(Debug, Clone)]
pub struct WatchedFiles {
    /// Files on this host. Only these have pages in its cache.
    pub paths: Arc<[PathBuf]>,
    /// Bytes of all files.
    pub bytes: u64,
}

/// An observation of one execution or of several equal ones.
#[derive(Debug)]
pub struct Watch {
    files: WatchedFiles,
    setting: CacheSetting,
    ledger: Arc<Ledger>,
    attested: CacheAttestation,
    executions: u32,
    elapsed: Duration,
    usage: Usage,
}

/// An execution that is under way.
#[derive(Debug)]
pub struct ExecutionStart {
    before: Usage,
}

/// Figures of the observed executions.
#[derive(Debug)]
pub struct Observation {
    pub figures: Figures,
    /// Reason why the executions do not count; absent if they do.
    pub void: Option<String>,
}

impl Watch {
    /// Brings the files into their state, untimed, on a thread that may block. Executions from now
    /// on write to `ledger`.
    ///
    /// # Errors
    ///
    /// A panic of that thread. If the state cannot be established, there is no error, but the
    /// executions are void.
    pub async fn begin(
        files: WatchedFiles,
        setting: CacheSetting,
        ledger: Arc<Ledger>,
    ) -> Result<Self, JoinError> {
        Ok(Watch {
            attested: attested(&files, setting).await?,
            files,
            setting,
            ledger,
            executions: 0,
            elapsed: Duration::ZERO,
            usage: Usage::default(),
        })
    }

    /// Brings the files into their state once more, for the next execution.
    ///
    /// # Errors
    ///
    /// The same as those of [`Watch::begin`].
    pub async fn prepare(&mut self) -> Result<(), JoinError> {
        let again = attested(&self.files, self.setting).await?;
        self.attested.join(again);
        Ok(())
    }

    /// Begins an execution.
    pub fn start(&self) -> ExecutionStart {
        ExecutionStart {
            before: Usage::now(),
        }
    }

    /// Ends an execution that took `elapsed`.
    pub fn stop(&mut self, start: &ExecutionStart, elapsed: Duration) {
        self.stop_several(start, elapsed, 1);
    }

    /// Ends several executions, which took `elapsed` together.
    pub fn stop_several(&mut self, start: &ExecutionStart, elapsed: Duration, executions: u32) {
        self.usage.add(&start.before, &Usage::now());
        self.executions = self.executions.saturating_add(executions);
        self.elapsed = self.elapsed.saturating_add(elapsed);
    }

    /// Returns the state that the caches are brought into.
    pub fn setting(&self) -> CacheSetting {
        self.setting
    }

    /// Returns the number of executions that have ended.
    pub fn executions(&self) -> u32 {
        self.executions
    }

    /// Returns the figures of one execution: means over all that have ended.
    pub fn end(self) -> Observation {
        let executions = u64::from(self.executions.max(1));
        let (counters, usage) = (self.ledger.counters(), self.usage.figures(executions));
        let requested_bytes = counters.requested_bytes / executions;
        let (cache, void) = self.attested.finish(
            self.setting.engine,
            usage.device_read_bytes,
            // A range that is asked for twice comes from a device once.
            requested_bytes.min(self.files.bytes),
        );
        let elapsed = self.elapsed / self.executions.max(1);
        let figures = Figures {
            elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
            executions: self.executions,
            engine_ranges: counters.ranges / executions,
            engine_data_bytes: counters.data_bytes / executions,
            engine_metadata_bytes: counters.metadata_bytes / executions,
            requests: counters.requests / executions,
            metadata_requests: counters.metadata_requests / executions,
            requested_bytes,
            store_calls: self.ledger.calls(),
            wire: self.ledger.wire().figures(),
            cache,
            ..usage
        };
        Observation { figures, void }
    }
}

async fn attested(
    files: &WatchedFiles,
    setting: CacheSetting,
) -> Result<CacheAttestation, JoinError> {
    match setting.origin {
        ByteOrigin::Files => {}
        ByteOrigin::Memory => return Ok(CacheAttestation::unverified(CacheState::Memory)),
        ByteOrigin::Network => return Ok(CacheAttestation::unverified(CacheState::Remote)),
    }
    let paths = Arc::clone(&files.paths);
    let (page_cache, whole_host) = (setting.page_cache, setting.whole_host);
    tokio::task::spawn_blocking(move || establish(&paths, page_cache, whole_host)).await
}
