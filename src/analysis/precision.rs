//! Precision of a run so far.

use std::collections::BTreeSet;

use super::comparison::{family, paired_log_ratios};
use super::measured::{counted, elapsed_ns, lanes, with_baselines};
use super::series::log_times;
use super::uncertainty::OfTimes;
use super::verdict::rounds_for;
use crate::record::{CellRecord, Lane, RunRecord, Status};
use crate::statistics::{CONFIDENCE, median_interval};

/// Width of the widest interval of a run so far, as high / low - 1: of the intervals of comparisons
/// and controls, or of medians if there are none. `None` if an interval has no bounds yet, or too
/// few pairs for a verdict. Cells that failed, or have no counted iteration, are left out.
pub fn widest_interval(record: &RunRecord) -> Option<f64> {
    let mut widths: Vec<Option<f64>> = Vec::new();
    let mut compared = false;
    let uncertainty = OfTimes::of(record);
    for (baseline, candidate) in with_baselines(&record.cells) {
        compared = true;
        let lanes = &lanes(baseline) | &lanes(candidate);
        let needed = rounds_for(family(record, lanes.len())) as usize;
        for lane in lanes {
            let ratios = paired_log_ratios(baseline, candidate, lane);
            if !ratios.is_empty() && !failed(baseline, lane) && !failed(candidate, lane) {
                // The interval is that of the rounds alone, as more rounds do not make a bias
                // smaller.
                let uncertainty = uncertainty.between(baseline, candidate, lane);
                let estimate = uncertainty.of_rounds(&ratios);
                let estimate = estimate.filter(|_| ratios.len() >= needed);
                let interval = estimate.and_then(|estimate| estimate.interval);
                widths.push(interval.map(|interval| (interval.high - interval.low).exp() - 1.0));
            }
        }
    }
    for cell in record.cells.iter().filter(|_| !compared) {
        for lane in lanes(cell) {
            let elapsed: Vec<f64> = counted(cell, lane).map(elapsed_ns).collect();
            if !elapsed.is_empty() {
                let interval = median_interval(&elapsed, CONFIDENCE);
                widths.push(interval.map(|interval| interval.high / interval.low - 1.0));
            }
        }
    }
    if widths.is_empty() {
        return None;
    }
    widths
        .into_iter()
        .try_fold(0.0, |widest: f64, width| Some(widest.max(width?)))
}

/// Rounds that a verdict on every comparison of the run takes, in the lane `end_to_end`. `None` if
/// a cell has as many.
pub fn rounds_lacking(record: &RunRecord) -> Option<u32> {
    let lanes: BTreeSet<Lane> = record.cells.iter().flat_map(lanes).collect();
    let needed = rounds_for(family(record, lanes.len()));
    // If a cell has several rounds one after the other, such blocks count in place of rounds.
    let of_cell = |cell: &CellRecord| {
        let units = log_times(cell, Lane::EndToEnd).len();
        (units, counted(cell, Lane::EndToEnd).count())
    };
    let cells = record.cells.iter().filter(|cell| cell.control.is_none());
    let (units, rounds) = cells.map(of_cell).filter(|(units, _)| *units > 0).max()?;
    let rounds = needed * rounds.div_ceil(units) as u32;
    (units < needed as usize).then_some(rounds)
}

/// Returns true if a lane of a cell was given up.
fn failed(cell: &CellRecord, lane: Lane) -> bool {
    let mut iterations = cell.iterations.iter().filter(|it| it.lane == lane);
    iterations.any(|iteration| iteration.status == Status::Failed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::fixture::{cell, record, rounds};

    #[test]
    fn the_widest_interval_is_that_of_the_comparisons_or_else_of_the_medians() {
        let steady = vec![1000; 10];
        let shaky: Vec<u64> = (0..10).map(|round| 1000 + round * 20).collect();
        let mut record = record();
        record.cells = vec![cell("scan", "a", rounds(&shaky))];
        assert!((widest_interval(&record).unwrap() - 0.18).abs() < 1e-9);
        record.cells = vec![
            cell("scan", "a", rounds(&steady)),
            cell("scan", "b", rounds(&steady)),
        ];
        assert_eq!(widest_interval(&record), Some(0.0));
        record.cells[1] = cell("scan", "b", rounds(&shaky));
        assert!(widest_interval(&record).unwrap() > 0.1);
        record.cells[1].iterations.truncate(7);
        assert_eq!(widest_interval(&record), None);
        record.cells[1].iterations.clear();
        assert_eq!(widest_interval(&record), None);
    }
}
