//! Scenarios over many runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::agreement::content_of;
use super::measured::counted;
use crate::record::{CellRecord, Lane, RunRecord};
use crate::statistics::{ChangePoint, change_points, lag_one, widening};

/// Chance of finding a change in any of the series if there is none.
const LEVEL: f64 = 0.01;

/// One cell in one lane, over the runs that have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    pub scenario: String,
    pub variant: String,
    pub lane: Lane,
    /// Runs in the order of time.
    pub points: Vec<Point>,
    pub changes: Vec<Change>,
    /// Differences that make the work of runs differ: SQL, content, cache state, throttle.
    pub differences: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    pub run_id: String,
    pub started_at: String,
    pub commit: String,
    pub median_ns: f64,
    pub ci_low_ns: Option<f64>,
    pub ci_high_ns: Option<f64>,
}

/// A run from which on times have another level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Index of the first run of the new level.
    pub at: usize,
    /// Median of the new level over that of the old one.
    pub ratio: f64,
    pub p: f64,
}

/// Fewest runs in which a change of one series can be found.
const LEAST_RUNS: usize = 10;

/// Fewest runs in which a change of any of so many series can be found. Of all orders of n runs,
/// the clearest is that of one half of them against the other, and there are n over n / 2 such
/// halves.
pub fn least_runs(series: usize) -> usize {
    let level = LEVEL / series.max(1) as f64;
    let smallest_p = |runs: usize| {
        let orders = (1..=runs / 2).map(|it| (runs - runs / 2 + it) as f64 / it as f64);
        2.0 / orders.product::<f64>()
    };
    (LEAST_RUNS..)
        .find(|runs| smallest_p(*runs) <= level)
        .unwrap_or(LEAST_RUNS)
}

/// Histories of all cells except controls, in the order of the first run that has them. Change
/// points are those of Pettitt's test on the medians, in turn on the parts that they make, if
/// levels differ by more than the smallest effect. A run that is given twice, as a record and as
/// its journal, counts once.
pub fn history(records: &[RunRecord]) -> Vec<History> {
    let mut runs: Vec<&RunRecord> = records.iter().collect();
    runs.sort_by(|one, other| {
        let time = |run: &RunRecord| (run.started_at.clone(), run.run_id.clone());
        time(one).cmp(&time(other))
    });
    let mut all: Vec<History> = Vec::new();
    let mut known: BTreeMap<(String, String, Lane), usize> = BTreeMap::new();
    let mut work: Vec<Work> = Vec::new();
    for run in &runs {
        for cell in run.cells.iter().filter(|cell| cell.control.is_none()) {
            for lane in Lane::ALL {
                let Some(summary) = cell.summary.get(&lane) else {
                    continue;
                };
                let key = (cell.scenario.clone(), cell.variant_name.clone(), lane);
                let index = *known.entry(key.clone()).or_insert_with(|| {
                    all.push(History {
                        scenario: key.0,
                        variant: key.1,
                        lane,
                        points: Vec::new(),
                        changes: Vec::new(),
                        differences: Vec::new(),
                    });
                    work.push(Work::default());
                    all.len() - 1
                });
                let again =
                    |it: &Point| it.run_id == run.run_id && it.median_ns == summary.median_ns;
                if all[index].points.iter().any(again) {
                    continue;
                }
                work[index].add(run, cell, lane);
                all[index].points.push(Point {
                    run_id: run.run_id.clone(),
                    started_at: run.started_at.clone(),
                    commit: run.versions.commit.clone(),
                    median_ns: summary.median_ns,
                    ci_low_ns: summary.ci_low_ns,
                    ci_high_ns: summary.ci_high_ns,
                });
            }
        }
    }
    let effect = runs.iter().map(|run| run.effect).fold(0.0, f64::max);
    for (series, work) in all.iter_mut().zip(work) {
        series.differences = work.differences();
    }
    let medians: Vec<Vec<f64>> = all.iter().map(log_medians).collect();
    for (series, changes) in all.iter_mut().zip(changes(&medians)) {
        let changes = changes.into_iter().map(|change| Change {
            at: change.index,
            ratio: (change.after - change.before).exp(),
            p: change.p,
        });
        series.changes = changes
            .filter(|change| change.ratio.ln().abs() > effect)
            .collect();
    }
    all
}

fn log_medians(history: &History) -> Vec<f64> {
    let medians = history.points.iter().map(|it| it.median_ns.max(1.0).ln());
    medians.collect()
}

/// Changes of each of several series, as one family: [`LEVEL`] is the chance of finding any in
/// series that never change. The resemblance of runs to the run before is estimated from all series
/// together, within the parts that changes make.
fn changes(all: &[Vec<f64>]) -> Vec<Vec<ChangePoint>> {
    let level = LEVEL / all.len().max(1) as f64;
    let found = |series: &Vec<f64>, widening: f64| change_points(series, level, widening);
    let of_independent: Vec<Vec<ChangePoint>> =
        all.iter().map(|series| found(series, 1.0)).collect();
    let parts = all
        .iter()
        .zip(&of_independent)
        .flat_map(|(series, changes)| {
            let changes = changes.iter().map(|change| change.index);
            let ends: Vec<usize> = changes.chain([series.len()]).collect();
            let starts = [0].into_iter().chain(ends.clone());
            let parts = starts
                .zip(ends)
                .map(|(start, end)| series[start..end].to_vec());
            parts.collect::<Vec<_>>()
        });
    let widening = lag_one(&parts.collect::<Vec<_>>()).map_or(1.0, widening);
    match widening > 1.0 {
        true => all.iter().map(|series| found(series, widening)).collect(),
        false => of_independent,
    }
}

/// SQL, content, cache states and throttles of a cell over the runs.
#[derive(Default)]
struct Work(BTreeMap<&'static str, BTreeSet<String>>);

impl Work {
    fn add(&mut self, run: &RunRecord, cell: &CellRecord, lane: Lane) {
        let states: BTreeSet<&str> = counted(cell, lane)
            .map(|it| it.figures.cache.state.name())
            .collect();
        let throttle = cell.engine.as_ref().and_then(|it| it.throttle);
        for (what, value) in [
            ("SQL", cell.sql.clone()),
            (
                "content of the datasets",
                format!("{:?}", content_of(run, cell)),
            ),
            (
                "cache state",
                states.into_iter().collect::<Vec<_>>().join(" "),
            ),
            ("throttle", format!("{throttle:?}")),
        ] {
            self.0.entry(what).or_default().insert(value);
        }
    }

    fn differences(self) -> Vec<&'static str> {
        let several = self.0.into_iter().filter(|(_, values)| values.len() > 1);
        several.map(|(what, _)| what).collect()
    }
}
