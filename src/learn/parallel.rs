//! Runs the same work for each column, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::LearnError;
use crate::cancel::{Cancel, Interrupted};
use crate::dataset::together;

/// Runs `work` with each item, on all cores. Results are in the order of the items.
pub(super) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
    work: impl Fn(&T) -> Result<R, LearnError> + Sync,
) -> Result<Vec<R>, LearnError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let worker = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return Ok(results);
            };
            if cancel.is_cancelled() {
                return Err(Interrupted.into());
            }
            results.push((index, work(item)?));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, items.len());
        }
    };
    let mut results = together(threads.min(items.len()), worker)
        .results
        .into_iter()
        .collect::<Result<Vec<_>, LearnError>>()?
        .into_iter()
        .flatten()
        .collect::<Vec<(usize, R)>>();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
