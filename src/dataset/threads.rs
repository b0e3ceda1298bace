//! Does the same work on several threads at once.

use std::panic::resume_unwind;
use std::thread;

/// Stack of a thread in bytes: the default of the standard library if the environment
/// (`RUST_MIN_STACK`) asks for no other size.
pub(crate) const THREAD_STACK: usize = 2 << 20;

/// Results of threads that did the same work.
#[derive(Debug)]
pub(crate) struct Together<R> {
    /// One result per thread.
    pub(crate) results: Vec<R>,
    /// True if all requested threads could start.
    pub(crate) complete: bool,
}

/// Does the same work on `threads` threads at once, one of which is the caller's. If the system
/// lets fewer start, these must do all of the work: each takes its share from a common list.
pub(crate) fn together<R: Send>(threads: usize, work: impl Fn() -> R + Sync) -> Together<R> {
    with_stacks(THREAD_STACK, threads, work)
}

fn with_stacks<R: Send>(stack: usize, threads: usize, work: impl Fn() -> R + Sync) -> Together<R> {
    let others = threads.saturating_sub(1);
    thread::scope(|scope| {
        let started: Vec<_> = (0..others)
            .map_while(|_| {
                let builder = thread::Builder::new().stack_size(stack);
                builder.spawn_scoped(scope, &work).ok()
            })
            .collect();
        let complete = started.len() == others;
        let mut results = vec![work()];
        for thread in started {
            results.push(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        Together { results, complete }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn all_threads_work_at_once() {
        let all_there = Barrier::new(4);
        let done = together(4, || all_there.wait().is_leader());
        assert_eq!(done.results.len(), 4);
        assert_eq!(done.results.iter().filter(|leads| **leads).count(), 1);
        assert!(done.complete);
        assert_eq!(together(0, || 7).results, [7]);
    }

    #[test]
    fn where_no_thread_can_start_the_caller_does_all_of_the_work() {
        let (next, more_than_there_is) = (AtomicUsize::new(0), usize::MAX >> 4);
        let done = with_stacks(more_than_there_is, 4, || {
            let take = || next.fetch_add(1, Ordering::Relaxed);
            std::iter::repeat_with(take)
                .take_while(|item| *item < 100)
                .count()
        });
        assert_eq!(done.results, [100]);
        assert!(!done.complete);
    }
}
