//! Storage that a run itself read from, as far as its record shows it.

use crate::analysis::measured::counted;
use crate::record::{CacheState, CellRecord, Figures, Lane, RunRecord};

/// Most storages that are told of a run that sweeps them.
const MOST: usize = 8;

/// Storage that cells of a run read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OwnStorage {
    /// Memory: the page cache was warm, so that no device was asked.
    PageCache,
    /// A throttle, which is exactly as slow as it was told to be. Without a bandwidth, it limits
    /// the latency alone.
    Throttle {
        bytes_per_s: Option<u64>,
        latency_ns: u64,
    },
    /// Devices. They moved at least so many bytes per second in the fastest iteration, and half of
    /// the calls of an iteration took at most so long.
    Devices {
        least_bytes_per_s: f64,
        most_latency_ns: f64,
    },
}

/// Storages of a run, each once, in the order of the cells. Devices come last. Empty if the run
/// measured nothing end to end.
pub fn own_storages(record: &RunRecord) -> Vec<OwnStorage> {
    let mut storages: Vec<OwnStorage> = Vec::new();
    let mut devices: Option<(f64, f64)> = None;
    for cell in record.cells.iter().filter(|it| it.control.is_none()) {
        let found = match cell.engine.as_ref().and_then(|it| it.throttle) {
            Some(throttle) => Some(OwnStorage::Throttle {
                bytes_per_s: throttle.bytes_per_s,
                latency_ns: throttle.latency_ns,
            }),
            None => {
                if let Some((bytes_per_s, latency_ns)) = of_devices(cell) {
                    let (least, most) = devices.unwrap_or((0.0, f64::INFINITY));
                    devices = Some((least.max(bytes_per_s), most.min(latency_ns)));
                }
                let mut figures = figures(cell);
                figures
                    .any(|it| it.cache.state == CacheState::Warm)
                    .then_some(OwnStorage::PageCache)
            }
        };
        storages.extend(found.filter(|it| !storages.contains(it)));
    }
    storages.truncate(MOST);
    storages.extend(devices.map(|(least, most)| OwnStorage::Devices {
        least_bytes_per_s: least,
        most_latency_ns: most,
    }));
    storages
}

/// Figures of the iterations whose reads reach the storage.
fn figures(cell: &CellRecord) -> impl Iterator<Item = &Figures> {
    let lanes = [Lane::EndToEnd, Lane::Storage].into_iter();
    lanes.flat_map(|lane| counted(cell, lane).map(|it| &it.figures))
}

/// Largest rate of an iteration that the page cache did not serve, in bytes per second, and
/// smallest median of how long its calls took, in nanoseconds.
fn of_devices(cell: &CellRecord) -> Option<(f64, f64)> {
    let from_devices = figures(cell).filter(|it| {
        matches!(
            it.cache.state,
            CacheState::Cold | CacheState::Direct | CacheState::Remote
        )
    });
    let each = from_devices.filter_map(|it| {
        let latency_ns = it.store_calls.as_ref()?.latency_ns.p50 as f64;
        // Both are means over the executions.
        let bytes_per_s = it.requested_bytes as f64 / (it.elapsed_ns.max(1) as f64 / 1e9);
        Some((bytes_per_s, latency_ns))
    });
    each.reduce(|(fast, short), (bytes_per_s, latency_ns)| {
        (fast.max(bytes_per_s), short.min(latency_ns))
    })
}
