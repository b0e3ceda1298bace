//! Numbers of workers, each against the baseline's, and the shares of single workers.

use std::collections::BTreeMap;

use super::measured::{counted, with_other_workers};
use crate::record::{CellRecord, Contrast, Lane, RunRecord, Scaling, WorkerFigures};
use crate::statistics::median;

/// Key by which variants differ in their number of workers.
const WORKERS: &str = "measure.workers";

/// Returns the speed-up of each variant that differs from the baseline in its number of workers
/// alone: of each scenario, then of all together. Both run the same plan, so that nothing but the
/// workers makes the difference.
pub(super) fn scaling(record: &RunRecord) -> Vec<Scaling> {
    let cell = |id: &str| record.cells.iter().find(|cell| cell.id == id);
    let mut found = Vec::new();
    for comparison in &record.comparisons {
        if comparison.lane != Lane::EndToEnd {
            continue;
        }
        let pair = cell(&comparison.baseline).zip(cell(&comparison.candidate));
        if let Some((baseline, candidate)) = pair {
            let scenario = Some(comparison.scenario.clone());
            found.extend(scaled(scenario, baseline, candidate, &comparison.contrast));
        }
    }
    for overall in record.overall.iter().filter(|it| it.lane == Lane::EndToEnd) {
        let of = |variant: &str| {
            record
                .cells
                .iter()
                .find(|cell| cell.variant_name == variant)
        };
        if overall.scenarios > 1
            && let Some((baseline, candidate)) = of(&overall.baseline).zip(of(&overall.candidate))
        {
            found.extend(scaled(None, baseline, candidate, &overall.contrast));
        }
    }
    found
}

fn scaled(
    scenario: Option<String>,
    baseline: &CellRecord,
    candidate: &CellRecord,
    contrast: &Contrast,
) -> Option<Scaling> {
    let others = |cell: &CellRecord| -> BTreeMap<String, serde_json::Value> {
        let settings = cell.variant.iter().filter(|(key, _)| *key != WORKERS);
        settings
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let differ = baseline.variant.get(WORKERS) != candidate.variant.get(WORKERS);
    if candidate.control.is_some() || !differ || others(baseline) != others(candidate) {
        return None;
    }
    let workers = |cell: &CellRecord| {
        let first = counted(cell, Lane::EndToEnd).next()?;
        u32::try_from(first.workers.len()).ok().filter(|it| *it > 0)
    };
    let (from, to) = workers(baseline).zip(workers(candidate))?;
    let speed_up = 1.0 / contrast.ratio?;
    // The bounds of a reciprocal change places.
    let low = contrast.ci_high.map(|it| 1.0 / it);
    let high = contrast.ci_low.map(|it| 1.0 / it);
    let at_best = f64::from(to) / f64::from(from);
    Some(Scaling {
        scenario,
        baseline: baseline.variant_name.clone(),
        candidate: candidate.variant_name.clone(),
        baseline_workers: from,
        workers: to,
        speed_up,
        ci_low: low,
        ci_high: high,
        efficiency: speed_up / at_best,
        efficiency_low: low.map(|it| it / at_best),
        efficiency_high: high.map(|it| it / at_best),
        pairs: contrast.pairs,
    })
}

/// Shares of the workers in a cell, as medians over its iterations.
#[derive(Debug, Clone, PartialEq)]
pub struct CellShares<'a> {
    pub cell: &'a CellRecord,
    /// In the order of the workers.
    pub shares: Vec<Share<'a>>,
    /// Bytes that all processes received from workers, of one execution.
    pub moved_bytes: Option<u64>,
    /// Iterations that do not count, as they had another number of workers.
    pub left_out: usize,
}

/// Share of a worker in the executions of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Share<'a> {
    pub worker: &'a str,
    pub files: u64,
    pub busy_ns: f64,
    pub cpu_ns: f64,
    pub bytes_scanned: u64,
    pub requests: u64,
    pub requested_bytes: u64,
    /// Sum over all iterations.
    pub retries: u64,
    /// Bytes that it received from other workers.
    pub exchanged_bytes: u64,
    /// The largest of all iterations.
    pub resident_peak_bytes: Option<u64>,
    /// State of its caches in the last iteration.
    pub cache: &'static str,
}

impl<'a> CellShares<'a> {
    /// Returns the shares in a cell. `None` if no workers executed it.
    pub fn of(cell: &'a CellRecord) -> Option<Self> {
        let iterations: Vec<_> = counted(cell, Lane::EndToEnd).collect();
        let last = iterations.last()?;
        if last.workers.is_empty() {
            return None;
        }
        let shares = last.workers.iter().map(|worker| {
            let of_worker = iterations.iter().flat_map(|it| &it.workers);
            let of_worker: Vec<&WorkerFigures> =
                of_worker.filter(|it| it.worker == worker.worker).collect();
            let middle = |figure: fn(&WorkerFigures) -> u64| {
                let values: Vec<f64> = of_worker.iter().map(|it| figure(it) as f64).collect();
                median(&values).unwrap_or(0.0)
            };
            Share {
                worker: &worker.worker,
                files: worker.files,
                busy_ns: middle(|it| it.busy_ns),
                cpu_ns: middle(|it| it.figures.cpu_user_ns + it.figures.cpu_system_ns),
                bytes_scanned: middle(|it| it.bytes_scanned) as u64,
                requests: middle(|it| it.figures.requests) as u64,
                requested_bytes: middle(|it| it.figures.requested_bytes) as u64,
                retries: of_worker
                    .iter()
                    .filter_map(|it| it.figures.wire.as_ref())
                    .map(|wire| wire.retries.total())
                    .sum(),
                exchanged_bytes: middle(|it| it.figures.exchanged_bytes.unwrap_or(0)) as u64,
                resident_peak_bytes: of_worker
                    .iter()
                    .filter_map(|it| it.resident_peak_bytes)
                    .max(),
                cache: worker.figures.cache.state.name(),
            }
        });
        let moved = iterations
            .iter()
            .filter_map(|it| it.figures.exchanged_bytes);
        let moved: Vec<f64> = moved.map(|bytes| bytes as f64).collect();
        Some(CellShares {
            cell,
            moved_bytes: median(&moved).map(|bytes| bytes as u64),
            shares: shares.collect(),
            left_out: with_other_workers(cell, Lane::EndToEnd),
        })
    }

    /// Returns the worker whose scans take longest.
    pub fn slowest(&self) -> Option<&Share<'a>> {
        let by_time = |one: &&Share, other: &&Share| one.busy_ns.total_cmp(&other.busy_ns);
        self.shares.iter().max_by(by_time)
    }

    /// Returns the time of the slowest worker over the median of those with files, less 1. `None`
    /// if scans took no time, or if there is one such worker.
    pub fn spread(&self) -> Option<f64> {
        let with_files = self.shares.iter().filter(|it| it.files > 0);
        let times: Vec<f64> = with_files.map(|it| it.busy_ns).collect();
        let middle = median(&times).filter(|it| *it > 0.0 && times.len() > 1)?;
        Some(self.slowest()?.busy_ns / middle - 1.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::analysis::summarise_measured;
    use crate::record::Figures;
    use crate::record::fixture::{codecs, iteration};

    fn share(worker: &str, busy_ns: u64) -> WorkerFigures {
        WorkerFigures {
            worker: worker.to_owned(),
            figures: Figures {
                requests: 3,
                ..Figures::default()
            },
            files: 1,
            busy_ns,
            resident_peak_bytes: Some(busy_ns),
            bytes_scanned: 7,
            scan_rows: 5,
        }
    }

    /// A scenario on one worker and on two, which take 60 % of its time.
    fn record() -> RunRecord {
        let mut record = codecs();
        record.cells.truncate(2);
        for (cell, workers) in record.cells.iter_mut().zip([1_u32, 2]) {
            cell.variant = BTreeMap::from([(WORKERS.to_owned(), workers.into())]);
            cell.iterations = (0..12)
                .map(|round| {
                    let elapsed_ns = match workers {
                        1 => 1_000_000 + u64::from(round) * 100,
                        _ => 600_000 + u64::from(round) * 60,
                    };
                    let mut measured = iteration(round, elapsed_ns);
                    measured.workers = (0..workers).map(|it| share(&it.to_string(), 100)).collect();
                    measured
                })
                .collect();
        }
        record
    }

    #[test]
    fn twice_the_workers_at_60_percent_of_the_time_are_83_percent_efficient() {
        let mut record = record();
        summarise_measured(&mut record);
        let [found] = record.scaling.as_slice() else {
            unreachable!("{:?}", record.scaling);
        };
        assert_eq!((found.baseline_workers, found.workers), (1, 2));
        assert!((found.speed_up - 1.0 / 0.6).abs() < 1e-3, "{found:?}");
        assert!((found.efficiency - 0.5 / 0.6).abs() < 1e-3, "{found:?}");
        let (low, high) = found.ci_low.zip(found.ci_high).unwrap();
        assert!(low <= found.speed_up && found.speed_up <= high, "{found:?}");
    }

    #[test]
    fn variants_that_differ_in_something_else_have_no_speed_up() {
        let mut record = record();
        let codec = ("dataset.compression".to_owned(), "zstd".into());
        record.cells[1].variant.extend([codec]);
        summarise_measured(&mut record);
        assert_eq!(record.scaling, []);
    }

    #[test]
    fn rounds_after_the_loss_of_a_worker_do_not_count() {
        let mut record = record();
        for late in record.cells[1].iterations.iter_mut().skip(9) {
            late.workers.truncate(1);
            late.figures.elapsed_ns = 9_000_000;
        }
        let found = CellShares::of(&record.cells[1]).unwrap();
        assert_eq!((found.left_out, found.shares.len()), (3, 2));
        summarise_measured(&mut record);
        let summary = &record.cells[1].summary[&Lane::EndToEnd];
        assert_eq!(summary.iterations, 9);
        assert!(summary.median_ns < 700_000.0);
    }

    #[test]
    fn the_slowest_worker_is_known_with_its_distance_from_the_middle() {
        let mut record = record();
        for iteration in &mut record.cells[1].iterations {
            iteration.workers.push(share("slow", 150));
        }
        let found = CellShares::of(&record.cells[1]).unwrap();
        assert_eq!(found.slowest().unwrap().worker, "slow");
        assert!((found.spread().unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(CellShares::of(&record.cells[0]).unwrap().spread(), None);
        record.cells[0]
            .iterations
            .iter_mut()
            .for_each(|it| it.workers.clear());
        assert_eq!(CellShares::of(&record.cells[0]), None);
    }
}
