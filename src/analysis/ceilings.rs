//! Ceilings from the three lanes of a cell: how fast it could get if one of the two sides cost
//! nothing.

use std::collections::BTreeMap;

use super::measured::{counted, elapsed_ns};
use crate::record::{Binds, Ceilings, CellRecord, Lane};
use crate::statistics::{CONFIDENCE, hodges_lehmann_paired, median};

/// Ceilings of every cell that was measured in all three lanes, except controls.
pub(super) fn ceilings(cells: &[CellRecord]) -> Vec<Ceilings> {
    let cells = cells.iter().filter(|cell| cell.control.is_none());
    cells.filter_map(of_cell).collect()
}

fn of_cell(cell: &CellRecord) -> Option<Ceilings> {
    let by_round = |lane: Lane| -> BTreeMap<u32, f64> {
        counted(cell, lane)
            .map(|iteration| (iteration.round, elapsed_ns(iteration)))
            .collect()
    };
    let (whole, storage, compute) = (
        by_round(Lane::EndToEnd),
        by_round(Lane::Storage),
        by_round(Lane::Compute),
    );
    let middle = |times: &BTreeMap<u32, f64>| median(&times.values().copied().collect::<Vec<_>>());
    let (end_to_end_ns, storage_ns, compute_ns) =
        (middle(&whole)?, middle(&storage)?, middle(&compute)?);
    let (mut ratios, mut overlaps) = (Vec::new(), Vec::new());
    for (round, whole) in &whole {
        if let Some((storage, compute)) = storage.get(round).zip(compute.get(round)) {
            ratios.push((storage / compute).ln());
            overlaps.push((storage.max(*compute) / whole).ln());
        }
    }
    let ratio = hodges_lehmann_paired(&ratios, CONFIDENCE)?;
    let overlap = hodges_lehmann_paired(&overlaps, CONFIDENCE)?;
    let requested: Vec<f64> = counted(cell, Lane::EndToEnd)
        .map(|iteration| iteration.figures.requested_bytes as f64)
        .collect();
    // A cell that requests nothing has no ceiling.
    let requested = median(&requested).filter(|bytes| *bytes > 0.0)?;
    let per_second = |time_ns: f64| requested / time_ns * 1e9;
    let bounds = ratio.interval.map(|it| (it.low.exp(), it.high.exp()));
    Some(Ceilings {
        cell: cell.id.clone(),
        end_to_end_ns,
        storage_ns,
        compute_ns,
        end_to_end_bytes_per_s: per_second(end_to_end_ns),
        storage_bytes_per_s: per_second(storage_ns),
        compute_bytes_per_s: per_second(compute_ns),
        ratio: ratio.value.exp(),
        ci_low: bounds.map(|(low, _)| low),
        ci_high: bounds.map(|(_, high)| high),
        binds: match bounds {
            Some((low, _)) if low > 1.0 => Binds::Storage,
            Some((_, high)) if high < 1.0 => Binds::Compute,
            _ => Binds::Undecided,
        },
        overlap: overlap.value.exp(),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::record::fixture::{cell, iteration};

    fn lanes(end_to_end: u64, storage: u64, compute: u64, rounds: u32) -> Vec<Ceilings> {
        let mut iterations = Vec::new();
        for round in 0..rounds {
            for (lane, time) in [
                (Lane::EndToEnd, end_to_end),
                (Lane::Storage, storage),
                (Lane::Compute, compute),
            ] {
                let mut one = iteration(round, time + u64::from(round));
                one.lane = lane;
                iterations.push(one);
            }
        }
        ceilings(&[cell("scan", "a", iterations)])
    }

    #[rstest]
    #[case(10_000, 9_000, 2_000, 10, Binds::Storage, 0.9)]
    #[case(10_000, 2_000, 8_000, 10, Binds::Compute, 0.8)]
    #[case(10_000, 5_000, 5_000, 10, Binds::Undecided, 0.5)]
    #[case(10_000, 9_000, 2_000, 7, Binds::Undecided, 0.9)]
    fn the_slower_side_binds(
        #[case] end_to_end: u64,
        #[case] storage: u64,
        #[case] compute: u64,
        #[case] rounds: u32,
        #[case] binds: Binds,
        #[case] overlap: f64,
    ) {
        let found = &lanes(end_to_end, storage, compute, rounds)[0];
        assert_eq!(found.binds, binds);
        assert!((found.overlap - overlap).abs() < 0.001, "{found:?}");
        let faster = found.storage_bytes_per_s / found.end_to_end_bytes_per_s;
        assert!((faster - end_to_end as f64 / storage as f64).abs() < 0.01);
    }

    #[test]
    fn without_all_three_lanes_there_are_no_ceilings() {
        assert!(ceilings(&[cell("scan", "a", vec![iteration(0, 1)])]).is_empty());
    }
}
