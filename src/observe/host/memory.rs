//! Memory of this host, and the part that this process may use.

use std::fs;
use std::path::Path;

use super::cgroup::Cgroups;
use super::kernel::{read_text, sysconf};
use super::system::meminfo_bytes;

/// Memory of a system without /proc, which does not tell what is available: half of all is assumed
/// to be.
fn without_proc() -> (u64, u64) {
    let page = sysconf(libc::_SC_PAGESIZE);
    let total = page.zip(sysconf(libc::_SC_PHYS_PAGES));
    let total = total.map_or(0, |(page, pages)| page.saturating_mul(pages));
    (total, total / 2)
}

/// Returns the memory of this host, and the memory available to this process within the limits of
/// its control groups, in bytes. Zeros if the system does not report them.
pub fn memory_bytes() -> (u64, u64) {
    let Ok(text) = fs::read_to_string("/proc/meminfo") else {
        return without_proc();
    };
    let available = meminfo_bytes(&text, "MemAvailable").unwrap_or(0);
    let read = |path: &Path| read_text(path);
    let left = Cgroups::of_this_process().memory_available_bytes(&read);
    (
        meminfo_bytes(&text, "MemTotal").unwrap_or(0),
        left.map_or(available, |left| left.min(available)),
    )
}
