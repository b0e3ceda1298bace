//! Places of data: locations in stores, the layers between the engine and a store, and the page
//! cache.

mod beyond;
mod claim;
mod direct;
mod histogram;
mod inline;
mod inputs;
mod kept;
mod layer;
mod layout;
mod list;
mod listing;
mod listing_error;
mod loaded;
mod local;
mod location;
mod page_cache;
mod paths;
mod prefetch;
mod recording;
mod remote;
mod replay;
mod requests;
mod sink;
mod source;
mod store;
mod stores;
mod system;
mod throttle;
mod trace;
mod wait;

pub use beyond::explained;
pub use claim::{Claim, hostname};
pub use direct::{DirectLayer, check_direct};
pub use histogram::{LARGEST_BYTES, LONGEST_NS, Spread};
pub use inline::InlineLayer;
pub use inputs::{InputError, Inputs, sampled};
pub use layer::{LayeredStore, ReadLayer};
pub use layout::{Chunk, FileLayout, FileLayouts};
pub use list::{Listing, list};
pub use listing::would_list;
pub use listing_error::ListingError;
pub use loaded::{LoadedBytes, MemoryLayer};
pub use local::local_store;
pub use location::{Entry, EntryKind, Location};
pub use page_cache::{
    Residency, drop_caches, evict, make_resident, may_attest, may_drop_caches, residency,
};
pub use paths::{StorageError, local_file, local_path, object_path};
pub use prefetch::PrefetchLayer;
pub use recording::RecordingLayer;
pub use remote::{WireLedger, counted_in, with_causes};
pub use replay::{replay_local, replay_through};
pub use requests::{RequestLayer, RequestPlan, RequestPlanner, USUAL_GAP_BYTES};
pub use sink::{StagedObject, USUAL_PART_BYTES};
pub use source::ByteSource;
pub use store::Store;
pub use stores::Stores;
pub use system::{end_with_parent, is_of_the_system, lies_in_memory, sync_file_system};
pub use throttle::{Throttle, ThrottleLayer};
pub use trace::{Call, TimedCall, Trace};
pub(crate) use wait::wait;

/// Makes a temporary file in the folder of the build. A host's temporary folder may lie in memory,
/// where nothing can be evicted or read directly.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn file_on_disk() -> tempfile::NamedTempFile {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    std::fs::create_dir_all(&folder).unwrap();
    tempfile::NamedTempFile::new_in(folder).unwrap()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
