//! Resources that this process uses.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::record::Figures;

/// Usage of this process so far, from getrusage(2) and /proc/self/io.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) cpu_user_ns: u64,
    pub(super) cpu_system_ns: u64,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    pub(super) voluntary_switches: u64,
    pub(super) involuntary_switches: u64,
    /// Bytes that block devices delivered. Absent if the system does not count them.
    pub(super) device_read_bytes: Option<u64>,
}

impl Usage {
    pub(super) fn now() -> Self {
        let (cpu_user_ns, cpu_system_ns) = cpu_times_ns();
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        let of = |figure: fn(&nix::sys::resource::Usage) -> i64| {
            usage.as_ref().map_or(0, |usage| count(figure(usage)))
        };
        Usage {
            cpu_user_ns,
            cpu_system_ns,
            minor_faults: of(|usage| usage.minor_page_faults()),
            major_faults: of(|usage| usage.major_page_faults()),
            voluntary_switches: of(|usage| usage.voluntary_context_switches()),
            involuntary_switches: of(|usage| usage.involuntary_context_switches()),
            device_read_bytes: device_read_bytes(),
        }
    }

    /// Adds the usage between two moments.
    pub(super) fn add(&mut self, before: &Usage, after: &Usage) {
        self.cpu_user_ns += after.cpu_user_ns.saturating_sub(before.cpu_user_ns);
        self.cpu_system_ns += after.cpu_system_ns.saturating_sub(before.cpu_system_ns);
        self.minor_faults += after.minor_faults.saturating_sub(before.minor_faults);
        self.major_faults += after.major_faults.saturating_sub(before.major_faults);
        self.voluntary_switches +=
            (after.voluntary_switches).saturating_sub(before.voluntary_switches);
        self.involuntary_switches +=
            (after.involuntary_switches).saturating_sub(before.involuntary_switches);
        if let Some((before, after)) = before.device_read_bytes.zip(after.device_read_bytes) {
            let bytes = self.device_read_bytes.unwrap_or(0);
            self.device_read_bytes = Some(bytes + after.saturating_sub(before));
        }
    }

    /// Returns the figures of one of `executions` executions, as far as they are known here. The
    /// others stay empty.
    pub(super) fn figures(self, executions: u64) -> Figures {
        let executions = executions.max(1);
        Figures {
            cpu_user_ns: self.cpu_user_ns / executions,
            cpu_system_ns: self.cpu_system_ns / executions,
            minor_faults: self.minor_faults / executions,
            major_faults: self.major_faults / executions,
            voluntary_switches: self.voluntary_switches / executions,
            involuntary_switches: self.involuntary_switches / executions,
            device_read_bytes: self.device_read_bytes.map(|bytes| bytes / executions),
            ..Figures::default()
        }
    }
}

/// CPU time of this process so far, in nanoseconds.
pub fn cpu_ns() -> u64 {
    let (user, system) = cpu_times_ns();
    user + system
}

fn cpu_times_ns() -> (u64, u64) {
    let nanoseconds = |time: TimeVal| u64::try_from(time.num_nanoseconds()).unwrap_or(0);
    getrusage(UsageWho::RUSAGE_SELF).map_or((0, 0), |usage| {
        (
            nanoseconds(usage.user_time()),
            nanoseconds(usage.system_time()),
        )
    })
}

/// Returns the resident memory of this process, and its peak since [`reset_peak`], in bytes. `None`
/// if the system does not report them.
pub fn resident_bytes() -> Option<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        kibibytes.checked_mul(1024)
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

/// Resets the peak of resident memory to its present size (proc(5), `clear_refs`).
pub fn reset_peak() {
    // If this is refused, the peak is that of the whole process, which is at least the wanted one.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Function by which the program's allocator gives memory back. The library has no allocator of its
/// own.
static GIVE_BACK: OnceLock<fn()> = OnceLock::new();

/// Names the function by which the program's allocator gives memory that is not in use back to the
/// system.
pub fn give_memory_back_by(give_back: fn()) {
    let _ = GIVE_BACK.set(give_back);
}

/// Longest time that the threads of a runtime wait for each other.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Gives memory that is not in use back to the system. Allocators keep it for each thread, so all
/// threads of the runtime do so at once: none of them takes the turn of another.
pub async fn give_memory_back() {
    let Some(give_back) = GIVE_BACK.get() else {
        return;
    };
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let here = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..threads {
        let here = Arc::clone(&here);
        tasks.spawn(async move {
            here.fetch_add(1, Ordering::Relaxed);
            let until = Instant::now() + LONGEST_WAIT;
            while here.load(Ordering::Relaxed) < threads && Instant::now() < until {
                std::thread::yield_now();
            }
            give_back();
        });
    }
    tasks.join_all().await;
    give_back();
}

/// Returns the bytes that block devices delivered to this process so far, from /proc/self/io.
/// `None` if the system does not count them.
pub fn device_read_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/io").ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("read_bytes: ")?.trim().parse().ok())
}

/// A process of this host, from /proc/PID/stat (proc(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// `Z` for one that has ended, and was not waited for.
    pub state: char,
    /// CPU time so far, user and system, in the kernel's ticks.
    pub cpu_ticks: u64,
    /// Time of its start, in ticks since the host's. Another process may get its number later.
    pub started_ticks: u64,
}

impl ProcessStat {
    /// Reads what the system says of a process. `None` if there is none, or no /proc.
    pub fn of(process: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in parentheses, may have spaces.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(ProcessStat {
            state: fields.first()?.chars().next()?,
            cpu_ticks: number(11)? + number(12)?,
            started_ticks: number(19)?,
        })
    }
}

/// Names the boot of the kernel and the namespace in which numbers of processes have a meaning.
/// Empty if the system does not tell.
pub fn space_of_processes() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let space = fs::read_link("/proc/self/ns/pid");
    match (boot, space) {
        (Ok(boot), Ok(space)) => format!("{} {}", boot.trim(), space.display()),
        _ => String::new(),
    }
}

/// Returns the number of cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
