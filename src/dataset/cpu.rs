//! Time that this process has had on the CPU.

/// User and system time of this process so far, in nanoseconds.
pub(crate) fn cpu_ns() -> (u64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::{TimeVal, TimeValLike};
    let nanoseconds = |time: TimeVal| u64::try_from(time.num_nanoseconds()).unwrap_or(0);
    getrusage(UsageWho::RUSAGE_SELF).map_or((0, 0), |usage| {
        (
            nanoseconds(usage.user_time()),
            nanoseconds(usage.system_time()),
        )
    })
}

/// Likewise, the sum of both.
pub(crate) fn process_cpu_ns() -> u64 {
    let (user, system) = cpu_ns();
    user + system
}
