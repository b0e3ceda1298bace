//! The threads of the program: their number, their stacks, and the runtime that queries run on.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread::{self, Builder};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Runtime;

use super::exit::CommandError;
use crate::dataset::THREAD_STACK;

/// Sizes of the stacks of the main thread and of the engine's threads, in bytes. The first that
/// there is room for is taken. SQL is parsed and planned by recursion, and a thousand conditions
/// are no reason to abort. Only the part of a stack that is used takes memory, but all of it takes
/// address space, of which `ulimit -v` may leave little.
const MAIN_STACKS: [usize; 3] = [1 << 30, 64 << 20, 8 << 20];
const ENGINE_STACKS: [usize; 3] = [256 << 20, 64 << 20, 8 << 20];

/// Number of threads that there must be room for besides the runtime's workers: some that read
/// files, and some that write them.
const MORE_THREADS: usize = 4;

/// Environment variable with the number of the runtime's workers, as in any program that uses
/// tokio, and the largest number that it may have.
const WORKERS: &str = "TOKIO_WORKER_THREADS";
const MOST_WORKERS: usize = 4096;

/// Time for which the runtime keeps a thread that has nothing to do: as long as the program runs.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Runs the program on a thread with a large stack. A panic is an error without a value.
pub(super) fn on_large_stack(
    work: impl Fn() -> Result<ExitCode, CommandError> + Sync,
) -> Result<Result<ExitCode, CommandError>, ()> {
    // As much again is left for the other threads.
    let stack = match first_fitting(2, &MAIN_STACKS) {
        Ok(stack) => stack,
        Err(error) => return Ok(Err(refused(&error))),
    };
    thread::scope(
        |scope| match Builder::new().stack_size(stack).spawn_scoped(scope, &work) {
            Ok(thread) => thread.join().map_err(|_| ()),
            Err(error) => Ok(Err(refused(&error))),
        },
    )
}

/// The runtime that queries run on.
pub(super) fn runtime() -> Result<Runtime, CommandError> {
    if SystemTime::now() < UNIX_EPOCH {
        return Err(CommandError::Failed(
            "this host's clock stands before 1970, where the engine cannot work; set the clock"
                .to_owned(),
        ));
    }
    let workers = workers(std::env::var_os(WORKERS).map(|it| it.to_string_lossy().into_owned()))?;
    // tokio panics if its workers cannot start, and waits forever if only some of them can.
    let stack =
        first_fitting(workers + MORE_THREADS, &ENGINE_STACKS).map_err(|error| refused(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .thread_stack_size(stack)
        .thread_keep_alive(FOREVER)
        .build()
        .map_err(|error| CommandError::Failed(format!("the runtime cannot start: {error}")))?;
    // A thread that reads files, from the beginning on. It does the work of those that cannot start
    // later. Without any such thread, tokio would panic then.
    drop(runtime.spawn_blocking(|| ()));
    Ok(runtime)
}

/// Leaves a runtime to the end of the program, so that a query that ignores its cancellation, or a
/// read that hangs, does not hold up the program. Shutting it down in the background would detach
/// its threads while they end, and with some versions of glibc that reads a thread's memory after
/// it is gone.
pub(super) fn leave(runtime: Runtime) {
    std::mem::forget(runtime);
}

/// Number of the runtime's workers: the one that the environment names, or else one per core.
fn workers(asked: Option<String>) -> Result<usize, CommandError> {
    let Some(asked) = asked else {
        return Ok(thread::available_parallelism().map_or(1, usize::from));
    };
    let number = asked.parse().ok();
    number
        .filter(|number| (1..=MOST_WORKERS).contains(number))
        .ok_or_else(|| {
            CommandError::Usage(format!(
                "the environment variable {WORKERS} is `{asked}`, which is not a number of threads; 1 to {MOST_WORKERS} would do, \
                 and one per core is what there are without it"
            ))
        })
}

/// A builder of threads that take little memory.
pub(super) fn small() -> Builder {
    Builder::new().stack_size(THREAD_STACK)
}

/// Error about a thread that cannot start.
pub(super) fn refused(error: &io::Error) -> CommandError {
    CommandError::Failed(format!(
        "a thread cannot start: {error}; the limits of this host (ulimit -u, ulimit -v) are too low"
    ))
}

/// The first of some sizes of stacks, in bytes, with which so many threads can exist at once. If
/// there is none, the error is that of the last one.
fn first_fitting(threads: usize, stacks: &[usize]) -> io::Result<usize> {
    let mut found = Err(io::ErrorKind::InvalidInput.into());
    for stack in stacks {
        found = try_out(threads, *stack).map(|()| *stack);
        if found.is_ok() {
            break;
        }
    }
    found
}

/// Starts so many threads at once, and ends them.
fn try_out(threads: usize, stack: usize) -> io::Result<()> {
    let before = alive();
    let gate = Mutex::new(());
    let started = thread::scope(|scope| {
        let closed = gate.lock();
        let mut all = Vec::new();
        let mut started = Ok(());
        while started.is_ok() && all.len() < threads {
            let builder = Builder::new().stack_size(stack);
            match builder.spawn_scoped(scope, || drop(gate.lock())) {
                Ok(thread) => all.push(thread),
                Err(error) => started = Err(error),
            }
        }
        drop(closed);
        for thread in all {
            // The thread has done nothing that could fail.
            let _ = thread.join();
        }
        started
    });
    // The system counts a thread for a moment after it has ended.
    let mut moments = 0..10_000;
    while alive() > before && moments.next().is_some() {
        thread::yield_now();
    }
    started
}

/// Number of threads of this process that the system counts, plus a constant. 0 if the system does
/// not tell.
fn alive() -> u64 {
    std::fs::metadata("/proc/self/task").map_or(0, |found| found.nlink())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_stack_that_there_is_room_for_is_taken() {
        let too_large = usize::MAX >> 4;
        assert_eq!(
            first_fitting(3, &[too_large, 1 << 20, 1 << 19]).unwrap(),
            1 << 20
        );
        assert!(first_fitting(3, &[too_large]).is_err());
    }

    #[test]
    fn a_number_of_workers_that_cannot_be_is_refused_by_name() {
        let of = |asked: &str| workers(Some(asked.to_owned()));
        assert_eq!((of("1").unwrap(), of("4096").unwrap()), (1, 4096));
        assert!(workers(None).unwrap() > 0);
        for bad in ["0", "", "x", "-1", "1.5", "4097", "18446744073709551616"] {
            let error = of(bad).unwrap_err();
            let said = error.to_string();
            assert!(
                said.contains(WORKERS) && said.contains("1 to 4096"),
                "{said}"
            );
            assert_eq!(error.code(), super::super::exit::USAGE);
        }
    }
}
