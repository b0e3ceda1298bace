//! Memory of this host, and how much of it this process may use.

use std::fs;
use std::path::Path;

use super::cgroup::Cgroups;
use super::kernel::read_text;
use super::system::meminfo_bytes;

/// Memory of this host, and what of it is available to this process, limits of its control groups
/// included, in bytes; zeros where the system does not say.
pub fn memory_bytes() -> (u64, u64) {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = meminfo_bytes(&text, "MemAvailable").unwrap_or(0);
    let read = |path: &Path| read_text(path);
    let left = Cgroups::of_this_process().memory_available_bytes(&read);
    (
        meminfo_bytes(&text, "MemTotal").unwrap_or(0),
        left.map_or(available, |left| left.min(available)),
    )
}
