//! Limits of the control groups that hold this process, of version 1, version 2, or both mounted.
//!
//! Sources: cgroups(7);
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html> (`cpu.max`, `cpu.stat`, `memory.max`);
//! <https://docs.kernel.org/scheduler/sched-bwc.html> (version 1's `cpu.cfs_*` and `cpu.stat`);
//! <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html> (`memory.limit_in_bytes`).

use std::path::{Component, Path, PathBuf};

use super::kernel::read_text;
use super::mounts::{Mount, mounts};

/// Reads a file of a group: from the system, or from a test's text.
type ReadFile<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Folders of this process's groups. Each list goes from the group itself up to the outermost
/// visible group. Groups outside a container's cgroup namespace are not visible.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cgroups {
    /// Version 2.
    unified: Vec<PathBuf>,
    /// Version 1's cpu controller.
    cpu: Vec<PathBuf>,
    /// Version 1's memory controller.
    memory: Vec<PathBuf>,
}

impl Cgroups {
    pub(crate) fn of_this_process() -> Self {
        let read = |path| read_text(path).unwrap_or_default();
        Self::parse(
            &read("/proc/self/cgroup"),
            &mounts(&read("/proc/self/mountinfo")),
        )
    }

    /// Parses the text of /proc/self/cgroup, lines of `id:controllers:path`.
    fn parse(text: &str, mounts: &[Mount]) -> Self {
        let group = |wanted: &dyn Fn(&str) -> bool| {
            text.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let controllers = fields.next()?;
                let path = fields.next()?;
                wanted(controllers).then_some(path)
            })
        };
        let version_1 = |controller: &str| {
            let path = group(&|controllers| controllers.split(',').any(|name| name == controller));
            let mounted = mounts.iter().filter(|mount| {
                mount.fs_type == "cgroup" && mount.options.iter().any(|name| name == controller)
            });
            folders(path, mounted)
        };
        Cgroups {
            unified: folders(
                group(&str::is_empty),
                mounts.iter().filter(|mount| mount.fs_type == "cgroup2"),
            ),
            cpu: version_1("cpu"),
            memory: version_1("memory"),
        }
    }

    /// Returns the smallest CPU quota, in cores.
    pub(crate) fn cpu_quota_cores(&self, read: ReadFile) -> Option<f64> {
        let unified = self.unified.iter().filter_map(|folder| {
            let text = read(&folder.join("cpu.max"))?;
            let (quota, period) = text.trim().split_once(' ')?;
            quota_cores(quota, period)
        });
        let version_1 = self.cpu.iter().filter_map(|folder| {
            let quota = read(&folder.join("cpu.cfs_quota_us"))?;
            let period = read(&folder.join("cpu.cfs_period_us"))?;
            quota_cores(&quota, &period)
        });
        unified.chain(version_1).min_by(f64::total_cmp)
    }

    /// Returns the smallest memory limit, in bytes. Version 1 expresses "unlimited" by a number
    /// above any memory.
    pub(crate) fn memory_limit_bytes(&self, read: ReadFile) -> Option<u64> {
        let limit = |folder: &PathBuf, file| read(&folder.join(file))?.trim().parse().ok();
        let unified = self.unified.iter().filter_map(|at| limit(at, "memory.max"));
        let version_1 = self
            .memory
            .iter()
            .filter_map(|at| limit(at, "memory.limit_in_bytes"));
        unified.chain(version_1).min()
    }

    /// Returns the least memory that a group may still take, in bytes: its limit minus its usage,
    /// where cached files that the kernel would drop do not count as usage.
    pub(crate) fn memory_available_bytes(&self, read: ReadFile) -> Option<u64> {
        let number = |folder: &PathBuf, file: &str| -> Option<u64> {
            read(&folder.join(file))?.trim().parse().ok()
        };
        let droppable = |folder: &PathBuf, field: &str| {
            let stat = read(&folder.join("memory.stat"))?;
            let line = stat.lines().find_map(|line| line.strip_prefix(field))?;
            line.trim().parse::<u64>().ok()
        };
        let available = |folder: &PathBuf, limit: &str, current: &str, field: &str| {
            let used =
                number(folder, current)?.saturating_sub(droppable(folder, field).unwrap_or(0));
            Some(number(folder, limit)?.saturating_sub(used))
        };
        let unified = self
            .unified
            .iter()
            .filter_map(|at| available(at, "memory.max", "memory.current", "inactive_file "));
        let version_1 = self.memory.iter().filter_map(|at| {
            let (limit, current) = ("memory.limit_in_bytes", "memory.usage_in_bytes");
            available(at, limit, current, "total_inactive_file ")
        });
        unified.chain(version_1).min()
    }

    /// Returns the time so far, in nanoseconds, for which a CPU quota kept cores from running the
    /// groups. The kernel sums over cores, so it can grow faster than a clock.
    pub(crate) fn throttled_ns(&self, read: ReadFile) -> Option<u64> {
        let field = |folder: &PathBuf, name, unit_ns: u64| {
            let text = read(&folder.join("cpu.stat"))?;
            let value = text.lines().find_map(|line| {
                let (field, value) = line.split_once(' ')?;
                (field == name).then_some(value)
            })?;
            value.trim().parse::<u64>().ok()?.checked_mul(unit_ns)
        };
        let unified = self
            .unified
            .iter()
            .filter_map(|at| field(at, "throttled_usec", 1000));
        let version_1 = self
            .cpu
            .iter()
            .filter_map(|at| field(at, "throttled_time", 1));
        unified.chain(version_1).reduce(u64::saturating_add)
    }
}

/// Returns the folder of the group `path` and the folders above it, in the last mount that contains
/// it. If no mount contains the group, only the mount's own folder is known.
fn folders<'a>(
    path: Option<&str>,
    mounted: impl DoubleEndedIterator<Item = &'a Mount> + Clone,
) -> Vec<PathBuf> {
    let Some(path) = path else { return Vec::new() };
    let inside = |mount: &'a Mount| {
        let relative = Path::new(path).strip_prefix(&mount.root).ok()?;
        let escapes = relative
            .components()
            .any(|part| part == Component::ParentDir);
        (!escapes).then(|| (mount, mount.point.join(relative)))
    };
    let found = mounted.clone().rev().find_map(inside);
    let outside = || {
        mounted
            .clone()
            .next_back()
            .map(|mount| (mount, mount.point.clone()))
    };
    let Some((mount, folder)) = found.or_else(outside) else {
        return Vec::new();
    };
    folder
        .ancestors()
        .take_while(|folder| folder.starts_with(&mount.point))
        .map(Path::to_owned)
        .collect()
}

/// Returns the cores of a quota and its period, both in microseconds. `None` for "max" and -1,
/// which mean no limit.
fn quota_cores(quota: &str, period: &str) -> Option<f64> {
    let quota: u64 = quota.trim().parse().ok()?;
    let period: u64 = period.trim().parse().ok()?;
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN_MOUNTS: &str = "\
30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
";
    const VERSION_1_MOUNTS: &str = "\
34 33 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:11 - cgroup cgroup rw,cpu,cpuacct
35 33 0:30 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:12 - cgroup cgroup rw,memory
36 33 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
";

    fn texts(files: &[(&str, &str)]) -> impl Fn(&Path) -> Option<String> {
        move |path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path)?;
            Some(file.1.to_owned())
        }
    }

    fn paths(paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn a_group_of_version_2_is_walked_up_to_the_mount() {
        let groups = Cgroups::parse("0::/user.slice/a.scope\n", &mounts(DEBIAN_MOUNTS));
        assert_eq!(
            groups.unified,
            paths(&[
                "/sys/fs/cgroup/user.slice/a.scope",
                "/sys/fs/cgroup/user.slice",
                "/sys/fs/cgroup"
            ])
        );
        assert_eq!((groups.cpu, groups.memory), (vec![], vec![]));
    }

    #[test]
    fn the_smallest_limit_along_the_path_counts() {
        let groups = Cgroups::parse("0::/a/b\n", &mounts(DEBIAN_MOUNTS));
        let read = texts(&[
            ("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("/sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("/sys/fs/cgroup/cpu.max", "400000 100000\n"),
            ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("/sys/fs/cgroup/a/memory.max", "1073741824\n"),
        ]);
        assert_eq!(groups.cpu_quota_cores(&read), Some(1.5));
        assert_eq!(groups.memory_limit_bytes(&read), Some(1 << 30));
    }

    #[test]
    fn throttling_is_summed_over_the_groups_that_tell_it() {
        let groups = Cgroups::parse("0::/a\n", &mounts(DEBIAN_MOUNTS));
        let read = texts(&[
            (
                "/sys/fs/cgroup/a/cpu.stat",
                "usage_usec 9\nnr_periods 4\nnr_throttled 2\nthrottled_usec 7\n",
            ),
            ("/sys/fs/cgroup/cpu.stat", "usage_usec 9\n"),
        ]);
        assert_eq!(groups.throttled_ns(&read), Some(7000));
    }

    #[test]
    fn a_container_of_version_1_finds_its_groups_below_the_root_of_the_mount() {
        let text =
            "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc/x\n2:cpuset:/\n1:name=systemd:/\n";
        let groups = Cgroups::parse(text, &mounts(VERSION_1_MOUNTS));
        let cpu = "/sys/fs/cgroup/cpu,cpuacct";
        assert_eq!(groups.unified, paths(&[]));
        assert_eq!(groups.cpu, paths(&[&format!("{cpu}/x"), cpu]));
        assert_eq!(groups.memory, paths(&["/sys/fs/cgroup/memory"]));
        let read = texts(&[
            ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            (
                "/sys/fs/cgroup/cpu,cpuacct/cpu.stat",
                "nr_throttled 1\nthrottled_time 12\n",
            ),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
        ]);
        assert_eq!(groups.cpu_quota_cores(&read), Some(0.5));
        assert_eq!(groups.throttled_ns(&read), Some(12));
        assert_eq!(
            groups.memory_limit_bytes(&read),
            Some(9_223_372_036_854_771_712)
        );
    }

    #[test]
    fn a_group_outside_the_mount_is_known_by_the_mount_itself() {
        let own = paths(&["/sys/fs/cgroup"]);
        let groups = Cgroups::parse("0::/../other\n", &mounts(DEBIAN_MOUNTS));
        assert_eq!(groups.unified, own);
        let container = DEBIAN_MOUNTS.replace(" / /sys", " /docker/abc /sys");
        let groups = Cgroups::parse("0::/docker/other\n", &mounts(&container));
        assert_eq!(groups.unified, own);
    }

    #[test]
    fn odd_and_empty_texts_give_no_limit() {
        for text in ["", "\n:::\n0:\nx", "0::\n"] {
            assert_eq!(Cgroups::parse(text, &[]), Cgroups::default());
        }
        let groups = Cgroups::parse("0::/\n", &mounts(DEBIAN_MOUNTS));
        for text in [
            "",
            "max",
            "1",
            "0 0",
            "1 0",
            "-1 100000",
            "99999999999999999999999 1",
        ] {
            assert_eq!(groups.cpu_quota_cores(&|_| Some(text.to_owned())), None);
        }
        let huge = format!("throttled_usec {}", u64::MAX);
        assert_eq!(groups.throttled_ns(&|_| Some(huge.clone())), None);
        assert_eq!(groups.memory_limit_bytes(&|_| Some("-1".to_owned())), None);
        assert_eq!(groups.memory_limit_bytes(&|_| None), None);
    }
}
