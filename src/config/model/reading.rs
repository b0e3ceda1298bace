//! Settings for reading a variant, including the state of caches.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::storage::RequestSettings;
use crate::record::{CacheState, EngineCache};

/// Settings for reading a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reader {
    /// Target partitions of the engine. Absent: one per core.
    pub read_threads: Option<u64>,
    /// Rows per batch. Absent: the engine's default.
    pub batch_size: Option<u64>,
    pub read_mode: ReadMode,
    pub cache: PageCache,
    /// State of the engine's own caches. If the config leaves it out, it is warm for reads from a
    /// warm page cache, and fresh for cold and direct reads.
    pub engine_cache: EngineCache,
    /// Copies of a query that run at once; 0 never occurs.
    pub streams: Streams,
    /// Largest number of bytes that the engine's operators may hold. Absent: no limit.
    pub memory_limit_bytes: Option<u64>,
    /// Slower storage that reads imitate. Absent: reads are as fast as the actual storage.
    pub throttle: Option<ThrottleSettings>,
    /// The way in which ranges become requests.
    pub requests: RequestSettings,
    /// True if files are read as one table even if their types differ, as long as one type only
    /// widens the other. The table then has the wider types.
    pub unify_schemas: bool,
    /// Workers that share the query. Absent: all that are named.
    pub workers: Option<u32>,
    /// Standard for the first result of workers.
    pub held_against: HeldAgainst,
}

/// Standard for the first result of workers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
pub enum HeldAgainst {
    /// The same query, executed by the coordinator alone.
    #[default]
    OneHost,
    /// The rows that footers state, for scans without a filter.
    Footers,
}

/// Storage whose speed slowed reads imitate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleSettings {
    /// Bytes per second of all requests together. Absent: no limit.
    pub bytes_per_s: Option<u64>,
    /// Latency of each request.
    pub latency: Duration,
}

/// A number of copies of a query, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams(pub u32);

impl Default for Streams {
    fn default() -> Self {
        Streams(1)
    }
}

/// The ways in which a file is read. The first two are DLIO's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
pub enum ReadMode {
    /// Reads the projected columns of a whole file into memory before it passes on the first row.
    #[strum(serialize = "default")]
    WholeFile,
    /// Reads one row group after the other.
    #[default]
    RowGroup,
    /// Reads single rows by their numbers, from the row groups that hold them. For training alone.
    OnDemand,
}

/// State of this host's page cache with regard to the files, before each iteration.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
pub enum PageCache {
    /// The cache holds the files completely.
    #[default]
    Warm,
    /// The cache holds nothing of the files.
    Cold,
    /// The cache may hold anything, because reads bypass it.
    Direct,
}

impl PageCache {
    /// Returns the state in the form that run records use.
    pub fn state(self) -> CacheState {
        match self {
            PageCache::Warm => CacheState::Warm,
            PageCache::Cold => CacheState::Cold,
            PageCache::Direct => CacheState::Direct,
        }
    }

    pub fn name(self) -> &'static str {
        self.into()
    }
}
