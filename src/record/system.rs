//! The host that a run was measured on, as it is recorded.

use serde::{Deserialize, Serialize};

/// The host, and the part of it that this process may use. Fields are zero or absent if the system
/// does not report them, and in records that are older than the field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct System {
    /// Operating system, by Rust's name.
    pub os: String,
    /// Kernel release, as `uname -r` gives it.
    pub kernel: String,
    /// `model name` of /proc/cpuinfo; empty on architectures without one.
    pub cpu_model: String,
    /// Cores that this process may use: affinity and cgroup quota together.
    pub cores: u64,
    /// Memory of this host, in bytes: `MemTotal` of /proc/meminfo.
    pub memory_total_bytes: u64,
    /// Cores (hardware threads) that are online.
    #[serde(default)]
    pub cores_online: u64,
    /// Online cores that this process's affinity allows.
    #[serde(default)]
    pub cpu_affinity_cores: u64,
    /// CPU quota in cores, the smallest of the cgroup and its ancestors. Absent if unlimited.
    #[serde(default)]
    pub cpu_quota_cores: Option<f64>,
    /// Memory limit in bytes, the smallest of the cgroup and its ancestors. Absent if unlimited or
    /// above this host's memory.
    #[serde(default)]
    pub memory_limit_bytes: Option<u64>,
    /// Memory that was available without swapping when the run began, in bytes: `MemAvailable` of
    /// /proc/meminfo.
    #[serde(default)]
    pub memory_available_bytes: u64,
    /// Distinct frequency governors of the cores, joined by ", ".
    #[serde(default)]
    pub governor: Option<String>,
    /// Hypervisor below this host, "unknown" if only its presence shows. Absent on bare metal, and
    /// on architectures that do not show it.
    #[serde(default)]
    pub hypervisor: Option<String>,
    /// Kind of container that this process runs in: docker, podman, kubernetes, lxc,
    /// systemd-nspawn, or "container" for another.
    #[serde(default)]
    pub container: Option<String>,
    /// Size of a memory page in bytes.
    #[serde(default)]
    pub page_size_bytes: u64,
    /// Use of transparent huge pages: always, madvise or never.
    #[serde(default)]
    pub transparent_hugepages: Option<String>,
    /// The kernel's current clock source, such as tsc.
    #[serde(default)]
    pub clock_source: Option<String>,
    /// File systems of the folders that the run uses, in the order of the folders.
    #[serde(default)]
    pub file_systems: Vec<FileSystem>,
    /// Build of this program.
    #[serde(default)]
    pub build: Build,
}

/// The file system that contains a folder, from /proc/self/mountinfo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileSystem {
    /// Folder, as it was given.
    pub path: String,
    pub mount_point: String,
    /// The kernel's name for its type, such as ext4.
    pub fs_type: String,
    /// Mounted device, without user names, passwords and queries.
    pub device: String,
    /// Options of the mount and of its file system, each once, secret values as "<hidden>".
    pub options: Vec<String>,
}

/// Build of this program, as its build script and compiler report it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    pub allocator: String,
    /// Target triple.
    pub target: String,
    /// Instruction sets compiled for, joined by ",".
    pub target_features: String,
    pub profile: String,
    pub opt_level: String,
    pub rustflags: String,
    /// Version of the compiler.
    pub rustc: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_record_with_the_first_five_fields_only_still_reads() {
        let old =
            r#"{"os":"linux","kernel":"6.1","cpu_model":"x","cores":2,"memory_total_bytes":3}"#;
        let system: System = serde_json::from_str(old).unwrap();
        assert_eq!(system.cores, 2);
        assert_eq!(system.cores_online, 0);
        assert_eq!(system.cpu_quota_cores, None);
        assert_eq!(system.build, Build::default());
        let text = serde_json::to_string(&system).unwrap();
        assert_eq!(serde_json::from_str::<System>(&text).unwrap(), system);
    }
}

/// Disturbances of a measurement; absent if the system does not show them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Disturbance {
    /// Elapsed time in nanoseconds.
    pub elapsed_ns: u64,
    /// CPU time that other processes took, over elapsed time x online cores; 0 to 1. Absent if less
    /// than a second elapsed.
    pub others_share: Option<f64>,
    /// CPU time that the hypervisor gave to others, over elapsed time x online cores; 0 to 1.
    /// Absent if less than a second elapsed.
    pub steal_share: Option<f64>,
    /// Nanoseconds for which the CPU quota of this process's cgroup, or of one above it, stopped
    /// it. They are summed over cores, and may thus exceed the elapsed time.
    pub throttled_ns: Option<u64>,
    /// Number of times that cores slowed down because of heat, summed over hardware threads.
    pub thermal_throttles: Option<u64>,
}
