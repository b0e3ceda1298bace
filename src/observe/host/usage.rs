//! Counters of disturbances: CPU time that others took of this host, and limits that slowed this
//! process.
//!
//! Sources: proc_stat(5); getrusage(2); `cpu.stat` of
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html>; `core_throttle_count` of
//! <https://docs.kernel.org/admin-guide/thermal/intel_thermal_throttle.html>.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::cgroup::Cgroups;
use super::kernel::{read_per_core, read_text, sysconf};
use crate::observe::process::ProcessStat;
use crate::record::Disturbance;

/// Shortest time, in nanoseconds, whose shares are computed. /proc/stat counts in steps of 10 ms on
/// each core, which would show in shares of a shorter time.
const MINIMUM_ELAPSED_NS: u64 = 1_000_000_000;

/// Counters of this host at one moment.
#[derive(Debug, Clone)]
pub struct HostUsage {
    at: Instant,
    cores: Option<CoreTimes>,
    /// CPU time of this process so far, user and system.
    own_ns: Option<u64>,
    /// CPU time of processes that work for this one, in ticks, by their numbers.
    helpers: BTreeMap<u32, u64>,
    throttled_ns: Option<u64>,
    /// Summed over hardware threads. Threads that share a core count its events each.
    thermal_throttles: Option<u64>,
}

/// CPU time of all cores since the host started.
#[derive(Debug, Clone, Copy, PartialEq)]
struct CoreTimes {
    /// Time in user, nice, system, irq and softirq; guests are in user and nice already.
    busy_ns: u64,
    /// Time that the hypervisor gave to others.
    steal_ns: Option<u64>,
    online: u64,
}

impl HostUsage {
    pub fn now() -> Self {
        HostUsage::with(&[])
    }

    /// Counters in which other processes of this host, by their numbers, count as this one: workers
    /// that work for it.
    pub fn with(helpers: &[u32]) -> Self {
        let stat = read_text("/proc/stat").unwrap_or_default();
        HostUsage {
            at: Instant::now(),
            cores: sysconf(libc::_SC_CLK_TCK).and_then(|ticks| core_times(&stat, ticks)),
            own_ns: own_ns(),
            helpers: helpers
                .iter()
                .filter_map(|process| Some((*process, ProcessStat::of(*process)?.cpu_ticks)))
                .collect(),
            throttled_ns: Cgroups::of_this_process().throttled_ns(&|path: &Path| read_text(path)),
            thermal_throttles: sum(&read_per_core("thermal_throttle/core_throttle_count")),
        }
    }

    /// Returns the difference from `before` to this moment.
    pub fn since(&self, before: &HostUsage) -> Disturbance {
        let elapsed = self.at.saturating_duration_since(before.at);
        let elapsed_ns = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let grown = |after: Option<u64>, before: Option<u64>| after?.checked_sub(before?);
        let share = |part_ns: u64| {
            let online = self.cores?.online;
            (elapsed_ns >= MINIMUM_ELAPSED_NS)
                .then(|| (part_ns as f64 / (elapsed_ns as f64 * online as f64)).min(1.0))
        };
        let busy = |usage: &HostUsage| usage.cores.map(|cores| cores.busy_ns);
        let steal = |usage: &HostUsage| usage.cores?.steal_ns;
        let others_ns = grown(busy(self), busy(before))
            .zip(grown(self.own_ns, before.own_ns))
            .map(|(busy, own)| busy.saturating_sub(own + self.of_helpers_ns(before)));
        Disturbance {
            elapsed_ns,
            others_share: others_ns.and_then(share),
            steal_share: grown(steal(self), steal(before)).and_then(share),
            throttled_ns: grown(self.throttled_ns, before.throttled_ns),
            thermal_throttles: grown(self.thermal_throttles, before.thermal_throttles),
        }
    }
}

impl HostUsage {
    /// CPU time that helpers took since `before`. One that has ended since then counts nothing, as
    /// the system does not tell any more.
    fn of_helpers_ns(&self, before: &HostUsage) -> u64 {
        let Some(ticks_per_second) = sysconf(libc::_SC_CLK_TCK) else {
            return 0;
        };
        let grown = self.helpers.iter().filter_map(|(process, ticks)| {
            Some(ticks.saturating_sub(*before.helpers.get(process)?))
        });
        let grown: u64 = grown.sum();
        let nanoseconds = u128::from(grown) * 1_000_000_000 / u128::from(ticks_per_second.max(1));
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }
}

/// Parses /proc/stat. `None` if it lacks fields, or counts no busy time at all.
fn core_times(stat: &str, ticks_per_second: u64) -> Option<CoreTimes> {
    let nanoseconds = |ticks: u64| {
        let value = u128::from(ticks) * 1_000_000_000 / u128::from(ticks_per_second.max(1));
        u64::try_from(value).ok()
    };
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Option<Vec<u64>> = line
        .split_whitespace()
        .map(|field| field.parse().ok())
        .collect();
    let fields = fields?;
    let &[user, nice, system, _idle, _iowait, irq, softirq, ..] = fields.as_slice() else {
        return None;
    };
    let busy = [user, nice, system, irq, softirq]
        .into_iter()
        .try_fold(0, u64::checked_add)?;
    let is_core = |line: &&str| {
        line.strip_prefix("cpu")
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let online = stat.lines().filter(is_core).count() as u64;
    if busy == 0 || online == 0 {
        return None;
    }
    Some(CoreTimes {
        busy_ns: nanoseconds(busy)?,
        steal_ns: fields.get(7).and_then(|steal| nanoseconds(*steal)),
        online,
    })
}

fn own_ns() -> Option<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let used = usage.user_time() + usage.system_time();
    u64::try_from(used.num_nanoseconds()).ok()
}

/// Returns the sum of the values that are numbers. `None` if none is.
fn sum(values: &[String]) -> Option<u64> {
    values
        .iter()
        .filter_map(|value| value.parse().ok())
        .reduce(u64::saturating_add)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DEBIAN: &str = "cpu  100 10 50 6165 768 5 35 41 90 9\ncpu0 28722 0 3337 6165 268 0 9 20 0 0\ncpu1 29146 0 3514 5293 500 0 28 21 0 0\nintr 1 2\nctxt 3\ncpufreq 4\n";
    const SECOND: u64 = 1_000_000_000;

    /// Two cores whose counters are zero, except for the given ones, in seconds.
    fn usage(at: Instant, busy: u64, own: u64, steal: u64) -> HostUsage {
        HostUsage {
            at,
            cores: Some(CoreTimes {
                busy_ns: busy * SECOND,
                steal_ns: Some(steal * SECOND),
                online: 2,
            }),
            own_ns: Some(own * SECOND),
            helpers: BTreeMap::new(),
            throttled_ns: Some(0),
            thermal_throttles: Some(0),
        }
    }

    #[test]
    fn the_first_line_of_stat_is_busy_time_without_idle_and_guests() {
        let times = core_times(DEBIAN, 100).unwrap();
        assert_eq!(times.busy_ns, 2 * SECOND);
        assert_eq!(times.steal_ns, Some(410_000_000));
        assert_eq!(times.online, 2);
        assert_eq!(
            core_times("cpu  1 0 0 0 0 0 0\ncpu0 1\n", 1024)
                .unwrap()
                .steal_ns,
            None
        );
    }

    #[test]
    fn odd_and_empty_stats_tell_nothing() {
        let huge = format!("cpu  {0} 1 0 0 0 0 0\ncpu0 1\n", u64::MAX);
        let long = format!("cpu  {0} 0 0 0 0 0 0\ncpu0 1\n", u64::MAX);
        for text in [
            "",
            "cpu\n",
            "cpu  \ncpu0\n",
            "cpu  1 2 3 4\ncpu0 1\n",
            "cpu  1 2 3 4 5 6 -7\ncpu0 1\n",
            "cpu  1 2 3 4 5 6 7 8\n",
            "cpu  0 0 0 0 0 0 0 0\ncpu0 0\n",
            &huge,
            &long,
        ] {
            assert_eq!(core_times(text, 100), None, "{text}");
        }
    }

    #[test]
    fn shares_are_of_elapsed_time_times_cores_without_this_process() {
        let start = Instant::now();
        let before = usage(start, 100, 10, 7);
        let after = usage(start + Duration::from_secs(10), 112, 15, 8);
        let found = after.since(&before);
        assert_eq!(found.elapsed_ns, 10 * SECOND);
        assert_eq!(found.others_share, Some(0.35));
        assert_eq!(found.steal_share, Some(0.05));
        assert_eq!(found.throttled_ns, Some(0));
        assert_eq!(found.thermal_throttles, Some(0));
    }

    #[test]
    fn shares_stay_from_zero_to_one() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let before = usage(start, 0, 0, 0);
        let more = usage(later, 9, 0, 9).since(&before);
        assert_eq!(
            (more.others_share, more.steal_share),
            (Some(1.0), Some(1.0))
        );
        assert_eq!(usage(later, 1, 2, 0).since(&before).others_share, Some(0.0));
    }

    #[test]
    fn there_are_no_shares_below_a_second() {
        let start = Instant::now();
        let after = usage(start + Duration::from_millis(999), 5, 0, 5);
        let found = after.since(&usage(start, 0, 0, 0));
        assert_eq!(found.elapsed_ns, 999_000_000);
        assert_eq!((found.others_share, found.steal_share), (None, None));
        assert_eq!(found.throttled_ns, Some(0));
    }

    #[test]
    fn counters_that_are_absent_or_fall_tell_nothing() {
        let start = Instant::now();
        let mut after = usage(start + Duration::from_secs(2), 1, 0, 1);
        after.thermal_throttles = None;
        after.throttled_ns = Some(3);
        let found = after.since(&usage(start, 2, 0, 2));
        assert_eq!((found.others_share, found.steal_share), (None, None));
        assert_eq!(
            (found.throttled_ns, found.thermal_throttles),
            (Some(3), None)
        );
    }

    #[test]
    fn counts_are_summed_over_what_is_a_number() {
        assert_eq!(
            sum(&["1".to_owned(), "x".to_owned(), "2".to_owned()]),
            Some(3)
        );
        assert_eq!(sum(&[]), None);
    }

    #[test]
    fn what_this_process_computes_is_its_own_time() {
        let spun = Duration::from_millis(50);
        let before = HostUsage::now();
        while before.at.elapsed() < spun {
            std::hint::spin_loop();
        }
        let after = HostUsage::now();
        assert!(after.own_ns.unwrap() > before.own_ns.unwrap());
        assert!(after.since(&before).elapsed_ns >= spun.as_nanos() as u64);
    }
}
