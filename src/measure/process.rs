//! What this process and this host are and use.

use std::fs;

use crate::dataset::cpu_ns;
use crate::record::System;

/// What this process has used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu_user_ns: u64,
    pub(crate) cpu_system_ns: u64,
    /// Bytes that block devices delivered, from /proc/self/io; absent where the system does not tell.
    pub(crate) device_read_bytes: Option<u64>,
}

impl Usage {
    pub(crate) fn now() -> Self {
        let (cpu_user_ns, cpu_system_ns) = cpu_ns();
        Usage {
            cpu_user_ns,
            cpu_system_ns,
            device_read_bytes: device_read_bytes(),
        }
    }
}

fn device_read_bytes() -> Option<u64> {
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
