//! Where the bytes that the engine asks for come from.

use std::sync::Arc;

use super::loaded::Loaded;
use super::throttle::Throttle;

/// Where the bytes that the engine asks for come from.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// The store that holds the files.
    #[default]
    Store,
    /// The files themselves, past the page cache.
    Direct,
    /// Memory; what is not there, from the store.
    Memory(Arc<Loaded>),
    /// The store, no faster than this.
    Throttled(Arc<Throttle>),
}
