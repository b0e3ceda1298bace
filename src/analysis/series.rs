//! Logarithms of a cell's figures by round, or by block of rounds, and differences between two such
//! series.

use std::collections::BTreeMap;

use super::measured::{counted, elapsed_ns};
use crate::record::{CellRecord, Iteration, Lane};
use crate::statistics::{Estimate, Interval, median};

/// ln of a figure by round, or by block if a cell has several rounds one after the other. Rounds of
/// one block meet the same state of the host, so that they count as one value, their mean.
pub(super) type Series = BTreeMap<u32, f64>;

/// ln of the time per copy of the query, in nanoseconds. Variants that run several copies at once
/// are compared by their throughput.
pub(super) fn log_times(cell: &CellRecord, lane: Lane) -> Series {
    of(cell, lane, elapsed_ns)
}

/// ln of the CPU time per copy of the query, in nanoseconds.
pub(super) fn log_cpu(cell: &CellRecord, lane: Lane) -> Series {
    of(cell, lane, |it| {
        it.figures
            .cpu_user_ns
            .saturating_add(it.figures.cpu_system_ns)
            .max(1) as f64
    })
}

fn of(cell: &CellRecord, lane: Lane, figure: fn(&Iteration) -> f64) -> Series {
    let per_copy = |it: &Iteration| (figure(it) / f64::from(it.figures.streams.max(1))).ln();
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for iteration in counted(cell, lane) {
        let (sum, rounds) = sums.entry(iteration.unit()).or_default();
        *sum += per_copy(iteration);
        *rounds += 1.0;
    }
    let means = sums.into_iter();
    means
        .map(|(unit, (sum, rounds))| (unit, sum / rounds))
        .collect()
}

/// Mean of several series over the rounds that all have: ln of the geometric mean.
pub(super) fn mean(all: &[Series]) -> Series {
    let Some((first, others)) = all.split_first() else {
        return Series::new();
    };
    let of_round = |(round, value): (&u32, &f64)| {
        let sum = others
            .iter()
            .try_fold(*value, |sum, other| Some(sum + other.get(round)?))?;
        Some((*round, sum / all.len() as f64))
    };
    first.iter().filter_map(of_round).collect()
}

/// Candidate minus baseline, in the rounds that both have.
pub(super) fn paired(baseline: &Series, candidate: &Series) -> Vec<f64> {
    let pair = |(round, value): (&u32, &f64)| Some(value - baseline.get(round)?);
    candidate.iter().filter_map(pair).collect()
}

/// Estimate of a figure, from the estimate of its logarithm.
pub(super) fn exponential(estimate: Estimate) -> Estimate {
    Estimate {
        value: estimate.value.exp(),
        interval: estimate.interval.map(|interval| Interval {
            low: interval.low.exp(),
            high: interval.high.exp(),
            confidence: interval.confidence,
        }),
    }
}

/// Values of a series in the order of its rounds.
pub(super) fn values(series: &Series) -> Vec<f64> {
    series.values().copied().collect()
}

/// Median of the figure itself. `None` without rounds.
pub(super) fn middle(series: &Series) -> Option<f64> {
    median(&values(series)).map(f64::exp)
}
