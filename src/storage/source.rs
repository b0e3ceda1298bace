//! The source of the bytes that the engine reads.

use std::sync::Arc;

use super::loaded::LoadedBytes;
use super::throttle::Throttle;

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
