//! What this process and this host are and use.

use std::fs;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::record::System;

/// User and system time of this process so far, in nanoseconds.
pub(crate) fn cpu_ns() -> (u64, u64) {
    getrusage(UsageWho::RUSAGE_SELF).map_or((0, 0), |usage| {
        let nanoseconds = |time: nix::sys::time::TimeVal| {
            u64::try_from(time.num_microseconds()).unwrap_or(0) * 1000
        };
        (
            nanoseconds(usage.user_time()),
            nanoseconds(usage.system_time()),
        )
    })
}

/// Bytes that block devices have delivered to this process so far, from /proc/self/io; absent where the system does not
/// tell.
pub fn device_read_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/io").ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("read_bytes: ")?.trim().parse().ok())
}

/// The host, for the run record.
pub fn system() -> System {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu_model = read("/proc/cpuinfo").lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(':')
            .map(|(_, name)| name.trim().to_owned())
    });
    System {
        os: std::env::consts::OS.to_owned(),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        cpu_model: cpu_model.unwrap_or_default(),
        cores: cores() as u64,
        memory_total_bytes: memory_bytes().0,
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory of this host, and what of it is available, in bytes; zeros where the system does not tell.
pub fn memory_bytes() -> (u64, u64) {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .ok()
            .map(|kibibytes| kibibytes * 1024)
    };
    (
        field("MemTotal:").unwrap_or(0),
        field("MemAvailable:").unwrap_or(0),
    )
}
