//! State of the page cache in which the times of a record were taken.

use crate::record::{CacheState, CellRecord, Iteration, Kind, Lane, RunRecord, Status};

/// Phrase on the throttle or the state of the page cache under which all times were taken. Empty if
/// there were several states, or if nothing attests the state.
pub(super) fn read_from(record: &RunRecord) -> &'static str {
    let cells = record.cells.iter().filter(|cell| cell.control.is_none());
    let throttled =
        |cell: &CellRecord| cell.engine.as_ref().is_some_and(|it| it.throttle.is_some());
    if cells.clone().any(throttled) {
        return " for reads from a throttled storage";
    }
    let mut states = cells.flat_map(|cell| &cell.iterations).filter(|it| {
        it.lane == Lane::EndToEnd && it.kind == Kind::Measured && it.status == Status::Ok
    });
    let Some(first) = states.next() else {
        return "";
    };
    let state = first.figures.cache.state;
    let attested = |it: &Iteration| {
        it.figures.cache.state == state
            && (state != CacheState::Warm || it.figures.cache.resident_ratio_before.is_some())
    };
    match state {
        _ if !attested(first) || !states.all(attested) => "",
        CacheState::Warm => " for reads from a warm page cache",
        CacheState::Cold => " for reads with a cold page cache",
        CacheState::Direct => " for reads past the page cache",
        CacheState::Remote => " for reads from an object store",
        CacheState::Memory => "",
    }
}
