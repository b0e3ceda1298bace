//! The host: what it is, and what disturbs a measurement on it.

mod cgroup;
mod container;
mod disturbance;
mod kernel;
mod mounts;
mod system;
mod usage;

use std::path::Path;

pub use disturbance::Disturbance;
pub(super) use system::meminfo_bytes;
pub use system::system;
pub use usage::HostUsage;

/// What the limits of this process's control groups leave to it, in bytes; none where there are none.
pub(super) fn memory_left_bytes() -> Option<u64> {
    let read = |path: &Path| kernel::read_text(path);
    cgroup::Cgroups::of_this_process().memory_available_bytes(&read)
}
