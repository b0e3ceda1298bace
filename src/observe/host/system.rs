//! Describes this host for the run record. Sources: proc(5), sysfs(5), and the kernel's
//! <https://docs.kernel.org/admin-guide/abi-testing.html> for the files of /sys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::cgroup::Cgroups;
use super::container::container;
use super::kernel::{common_cores, core_ranges, read_line, read_per_core, read_text, sysconf};
use super::mounts::{file_system, mounts};
use crate::record::{Build, System};

/// Returns the host, and the file systems of the folders that the run uses. A folder is left out if
/// the kernel does not report its file system.
pub fn system(folders: &[PathBuf], build: Build) -> System {
    let read = |path: &str| read_text(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let meminfo = read("/proc/meminfo");
    let mounts = mounts(&read("/proc/self/mountinfo"));
    let groups = Cgroups::of_this_process();
    let read_path = |path: &Path| read_text(path);
    let memory_total_bytes = meminfo_bytes(&meminfo, "MemTotal").unwrap_or(0);
    let online = core_ranges(&read("/sys/devices/system/cpu/online"));
    let allowed = allowed_cores(&read("/proc/self/status"));
    let count = |cores: Option<&[(u64, u64)]>| {
        let cores = cores.unwrap_or_default();
        common_cores(cores, online.as_deref().unwrap_or(cores))
    };
    System {
        os: std::env::consts::OS.to_owned(),
        kernel: read_line("/proc/sys/kernel/osrelease").unwrap_or_default(),
        cpu_model: cpuinfo_field(&cpuinfo, "model name")
            .unwrap_or_default()
            .to_owned(),
        cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
        memory_total_bytes,
        cores_online: count(online.as_deref()),
        cpu_affinity_cores: count(allowed.as_deref()),
        cpu_quota_cores: groups.cpu_quota_cores(&read_path),
        memory_limit_bytes: groups
            .memory_limit_bytes(&read_path)
            .filter(|limit| *limit <= memory_total_bytes),
        memory_available_bytes: meminfo_bytes(&meminfo, "MemAvailable").unwrap_or(0),
        governor: distinct(read_per_core("cpufreq/scaling_governor")),
        hypervisor: hypervisor(
            &cpuinfo,
            read_line("/sys/class/dmi/id/sys_vendor"),
            read_line("/sys/class/dmi/id/product_name"),
            read_line("/sys/hypervisor/type"),
        ),
        container: container().map(str::to_owned),
        page_size_bytes: sysconf(libc::_SC_PAGESIZE).unwrap_or(0),
        transparent_hugepages: bracketed(&read("/sys/kernel/mm/transparent_hugepage/enabled"))
            .map(str::to_owned),
        clock_source: read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        file_systems: folders
            .iter()
            .filter_map(|folder| file_system(folder, &mounts))
            .collect(),
        build,
    }
}

/// Returns the first value of a field of /proc/cpuinfo.
fn cpuinfo_field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    cpuinfo.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        (field.trim_end() == name).then(|| value.trim())
    })
}

/// Returns a field of /proc/meminfo, which has kibibytes, in bytes.
pub(super) fn meminfo_bytes(meminfo: &str, name: &str) -> Option<u64> {
    meminfo.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        let kibibytes = value.trim().strip_suffix(" kB")?;
        (field == name)
            .then(|| kibibytes.parse::<u64>().ok()?.checked_mul(1024))
            .flatten()
    })
}

/// Returns the cores of this process's affinity, from /proc/self/status. They may include cores
/// that do not exist.
fn allowed_cores(status: &str) -> Option<Vec<(u64, u64)>> {
    status
        .lines()
        .find_map(|line| core_ranges(line.strip_prefix("Cpus_allowed_list:")?))
}

fn distinct(values: Vec<String>) -> Option<String> {
    let values: Vec<_> = BTreeSet::from_iter(values).into_iter().collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Returns the chosen word of a line such as "always [madvise] never".
fn bracketed(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('[')?;
    let (word, _) = rest.split_once(']')?;
    (!word.is_empty()).then_some(word)
}

/// Detects a hypervisor by a flag of x86 processors, or (Xen) in /sys/hypervisor.
fn hypervisor(
    cpuinfo: &str,
    vendor: Option<String>,
    product: Option<String>,
    kind: Option<String>,
) -> Option<String> {
    let flags = cpuinfo_field(cpuinfo, "flags").unwrap_or_default();
    let flagged = flags.split_whitespace().any(|flag| flag == "hypervisor");
    if !flagged && kind.is_none() {
        return None;
    }
    let machine = match (vendor, product) {
        (Some(vendor), Some(product)) if product.starts_with(&vendor) => Some(product),
        (Some(vendor), Some(product)) => Some(format!("{vendor} {product}")),
        (vendor, product) => vendor.or(product),
    };
    machine.or(kind).or_else(|| Some("unknown".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUINFO: &str = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC: 7\nflags\t\t: fpu hypervisor lahf_lm\nbugs\t\t:\n\nprocessor\t: 1\nmodel name\t: other\n";
    const ARM_CPUINFO: &str = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\n";

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_processor_is_named_by_its_first_core() {
        assert_eq!(cpuinfo_field(CPUINFO, "model name"), Some("AMD EPYC: 7"));
        assert_eq!(cpuinfo_field(ARM_CPUINFO, "model name"), None);
        assert_eq!(cpuinfo_field("", "model name"), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let meminfo = "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:    8192 kB\n";
        assert_eq!(meminfo_bytes(meminfo, "MemTotal"), Some(16 << 20));
        assert_eq!(meminfo_bytes(meminfo, "MemAvailable"), Some(8 << 20));
        assert_eq!(meminfo_bytes(meminfo, "Mem"), None);
        for odd in [
            "",
            "MemTotal:",
            "MemTotal: -1 kB",
            "MemTotal: 18446744073709551615 kB",
        ] {
            assert_eq!(meminfo_bytes(odd, "MemTotal"), None);
        }
    }

    #[test]
    fn affinity_is_the_list_and_not_the_mask() {
        let status = "Cpus_allowed:\tff\nCpus_allowed_list:\t0-1,4\nMems_allowed_list:\t0\n";
        assert_eq!(allowed_cores(status), Some(vec![(0, 1), (4, 4)]));
        assert_eq!(allowed_cores("Cpus_allowed_list:\t\n"), None);
    }

    #[test]
    fn governors_are_named_once() {
        let governors = ["powersave", "performance", "powersave"].map(str::to_owned);
        assert_eq!(distinct(governors.to_vec()), text("performance, powersave"));
        assert_eq!(distinct(Vec::new()), None);
    }

    #[test]
    fn the_word_in_brackets_is_chosen() {
        assert_eq!(bracketed("always [madvise] never\n"), Some("madvise"));
        for odd in ["", "always", "[", "] [", "[]"] {
            assert_eq!(bracketed(odd), None);
        }
    }

    #[test]
    fn hypervisors_are_named_by_their_machine() {
        let named = |vendor, product, kind| hypervisor(CPUINFO, vendor, product, kind);
        assert_eq!(
            named(text("Amazon EC2"), text("m5"), None),
            text("Amazon EC2 m5")
        );
        assert_eq!(
            named(text("Google"), text("Google Compute Engine"), None),
            text("Google Compute Engine")
        );
        assert_eq!(named(text("QEMU"), None, text("xen")), text("QEMU"));
        assert_eq!(named(None, None, text("xen")), text("xen"));
        assert_eq!(named(None, None, None), text("unknown"));
    }

    #[test]
    fn bare_metal_has_no_hypervisor() {
        let dell = || text("Dell Inc.");
        assert_eq!(
            hypervisor("flags : fpu hypervisors\n", dell(), dell(), None),
            None
        );
        assert_eq!(hypervisor(ARM_CPUINFO, dell(), dell(), None), None);
        assert_eq!(hypervisor("", None, None, None), None);
    }

    #[test]
    fn this_host_is_told_with_its_folders() {
        let build = Build {
            profile: "test".to_owned(),
            ..Build::default()
        };
        let system = system(&[PathBuf::from("/"), PathBuf::from(".")], build.clone());
        assert_eq!(system.build, build);
        assert!(system.cores >= 1);
        assert!(system.file_systems.len() <= 2);
    }
}
