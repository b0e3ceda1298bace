//! Summary of a cell in one lane: medians of its counted iterations.

use super::measured::{counted, elapsed_ns};
use crate::record::{CacheState, CellRecord, Iteration, Lane, LedgerSummary, Percentiles, Summary};
use crate::statistics::{CONFIDENCE, median, median_interval};

/// Returns `None` if no iteration counts.
pub(super) fn summary(cell: &CellRecord, lane: Lane) -> Option<Summary> {
    let of = |figure: fn(&Iteration) -> f64| counted(cell, lane).map(figure).collect::<Vec<f64>>();
    let elapsed = of(elapsed_ns);
    let median_ns = median(&elapsed)?;
    let interval = median_interval(&elapsed, CONFIDENCE);
    let seconds = median_ns / 1e9;
    let all_streams =
        |figure: u64, iteration: &Iteration| figure as f64 * f64::from(iteration.figures.streams);
    let rows: Vec<f64> = counted(cell, lane)
        .map(|it| all_streams(it.figures.rows, it))
        .collect();
    let arrow: Vec<f64> = counted(cell, lane)
        .map(|it| all_streams(it.figures.arrow_bytes, it))
        .collect();
    Some(Summary {
        median_ns,
        ci_low_ns: interval.map(|interval| interval.low),
        ci_high_ns: interval.map(|interval| interval.high),
        confidence: interval.map(|interval| interval.confidence),
        iterations: elapsed.len() as u32,
        rows_per_s: median(&rows)? / seconds,
        arrow_bytes_per_s: median(&arrow)? / seconds,
        requested_bytes_per_s: median(&of(|iteration| iteration.figures.requested_bytes as f64))?
            / seconds,
        ledger: match lane {
            // The lane `storage` reads the bytes of `end_to_end` and makes no rows of them.
            Lane::Storage => None,
            Lane::EndToEnd | Lane::Compute => ledger(cell, lane),
        },
        stream_ns: stream_ns(cell, lane),
    })
}

/// Medians of the bytes of an iteration, from the result down to the device.
fn ledger(cell: &CellRecord, lane: Lane) -> Option<LedgerSummary> {
    let of = |figure: fn(&Iteration) -> u64| {
        let values: Vec<f64> = counted(cell, lane).map(|it| figure(it) as f64).collect();
        median(&values).map(|value| value.round() as u64)
    };
    let device: Option<Vec<f64>> = counted(cell, lane)
        .map(|iteration| {
            iteration
                .figures
                .device_read_bytes
                .map(|bytes| bytes as f64)
        })
        .collect();
    let device_read_bytes = device
        .and_then(|device| median(&device))
        .map(|bytes| bytes.round() as u64);
    let past_the_cache = counted(cell, lane).all(|it| {
        matches!(
            it.figures.cache.state,
            CacheState::Cold | CacheState::Direct
        )
    });
    let requested_bytes = of(|it| it.figures.requested_bytes)?;
    let engine_data_bytes = of(|it| it.figures.engine_data_bytes)?;
    let moved = match device_read_bytes {
        Some(bytes) if past_the_cache => bytes,
        _ => requested_bytes,
    };
    let all_streams = |figure: fn(&Iteration) -> u64| {
        let values: Vec<f64> = counted(cell, lane)
            .map(|it| figure(it) as f64 * f64::from(it.figures.streams))
            .collect();
        median(&values).map(|value| value.round() as u64)
    };
    Some(LedgerSummary {
        arrow_bytes: all_streams(|it| it.figures.arrow_bytes)?,
        chunk_encoded_bytes: all_streams(|it| it.figures.chunk_encoded_bytes)?,
        chunk_compressed_bytes: all_streams(|it| it.figures.chunk_compressed_bytes)?,
        engine_data_bytes,
        engine_metadata_bytes: of(|it| it.figures.engine_metadata_bytes)?,
        requested_bytes,
        device_read_bytes,
        over_read_ratio: (engine_data_bytes > 0).then(|| moved as f64 / engine_data_bytes as f64),
    })
}

/// Percentiles of the times of all copies of a query, by nearest rank.
fn stream_ns(cell: &CellRecord, lane: Lane) -> Option<Percentiles> {
    let mut times: Vec<u64> = counted(cell, lane)
        .flat_map(|iteration| iteration.figures.stream_elapsed_ns.iter().copied())
        .collect();
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    let at =
        |share: f64| times[((times.len() as f64 * share).ceil() as usize).clamp(1, last + 1) - 1];
    Some(Percentiles {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: times[last],
    })
}
