//! How a variant is read, and from which caches.

use std::time::Duration;

use strum::{IntoStaticStr, VariantArray};

use crate::record::{CacheState, EngineCache};

/// How a variant is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reader {
    /// Target partitions of the engine; all cores where left out.
    pub read_threads: Option<u64>,
    /// Rows per batch; the engine's default where left out.
    pub batch_size: Option<u64>,
    pub read_mode: ReadMode,
    pub cache: PageCache,
    /// The engine's own caches: fresh for cold and direct reads, warm for warm ones, where left
    /// out.
    pub engine_cache: EngineCache,
    /// Copies of a query that run at once; 0 never occurs.
    pub streams: Streams,
    /// Most bytes that the engine's operators may hold; no limit where left out.
    pub memory_limit_bytes: Option<u64>,
    /// A slower storage than the one at hand, where reads are to be served as by one.
    pub throttle: Option<Throttled>,
    /// Whether files whose types only widen are read as one table, of the wider types.
    pub unify_schemas: bool,
}

/// A storage that reads are made as slow as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// Bytes per second of all requests together; no limit where left out.
    pub bytes_per_s: Option<u64>,
    /// Latency of each request.
    pub latency: Duration,
}

/// A number of copies of a query, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams(pub u32);

impl Default for Streams {
    fn default() -> Self {
        Streams(1)
    }
}

/// How a reader goes through a file: DLIO's two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ReadMode {
    /// The projection of a whole file is in memory before the first of its rows goes on.
    #[strum(serialize = "default")]
    WholeFile,
    /// One row group after the other.
    #[default]
    RowGroup,
}

/// State of this host's page cache, of the files, before each iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum PageCache {
    /// All of them.
    #[default]
    Warm,
    /// Nothing.
    Cold,
    /// Whatever it holds, reads pass it by.
    Direct,
}

impl PageCache {
    /// As records have it.
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
