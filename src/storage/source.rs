//! The source of the bytes that the engine reads.

use std::sync::Arc;

use super::loaded::LoadedBytes;
use super::throttle::Throttle;
use crate::config::{PageCache, Reader};

/// The source of the bytes that the engine reads.
#[derive(Debug, Clone, Default)]
pub enum ByteSource {
    /// The store that holds the files.
    #[default]
    Store,
    /// The files themselves, read on the thread that asks.
    Inline,
    /// The files themselves, past the page cache.
    Direct,
    /// Memory; missing bytes come from the store.
    Memory(Arc<LoadedBytes>),
    /// The store, slowed down by this throttle.
    Throttled(Arc<Throttle>),
}

impl ByteSource {
    /// Returns the source of a query's reads, by the reader's cache and throttle. `remote` is true
    /// if the store lies behind a network, where there is no page cache to pass by.
    pub fn of_query(reader: &Reader, remote: bool) -> Self {
        if let Some(settings) = reader.throttle {
            let bytes_per_s = settings.bytes_per_s.map(|bytes| bytes as f64);
            let throttle = Throttle::new(bytes_per_s, settings.latency);
            return ByteSource::Throttled(Arc::new(throttle));
        }
        match reader.cache {
            PageCache::Direct if !remote => ByteSource::Direct,
            PageCache::Direct | PageCache::Warm | PageCache::Cold => ByteSource::Store,
        }
    }
}
