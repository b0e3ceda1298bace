//! Scenarios over many runs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::{Lane, RunRecord};
use crate::statistics::change_points;

/// Chance of finding a change point in a series that has none.
const LEVEL: f64 = 0.01;

/// One cell in one lane, over the runs that have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    pub scenario: String,
    pub variant: String,
    pub lane: Lane,
    /// In the order of time.
    pub points: Vec<Point>,
    pub changes: Vec<Change>,
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

/// Where a level gives way to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Index of the first run of the new level.
    pub at: usize,
    /// Median of the new level over that of the old one.
    pub ratio: f64,
    pub p: f64,
}

/// Fewest runs in which a change can be found.
pub const LEAST_RUNS: usize = 6;

/// Every cell but the controls, in the order of the first run that has it. Change points are those of Pettitt's test on the medians, in
/// turn on the parts that they make, where the levels differ by more than the smallest effect.
pub fn history(records: &[RunRecord]) -> Vec<History> {
    let mut runs: Vec<&RunRecord> = records.iter().collect();
    runs.sort_by(|one, other| {
        let time = |run: &RunRecord| (run.started_at.clone(), run.run_id.clone());
        time(one).cmp(&time(other))
    });
    let mut all: Vec<History> = Vec::new();
    let mut known: BTreeMap<(String, String, Lane), usize> = BTreeMap::new();
    for run in &runs {
        for cell in run.cells.iter().filter(|cell| cell.control.is_none()) {
            for lane in Lane::ALL {
                let Some(summary) = cell.summary.get(lane.name()) else {
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
                    });
                    all.len() - 1
                });
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
    for series in &mut all {
        let medians: Vec<f64> = series
            .points
            .iter()
            .map(|it| it.median_ns.max(1.0).ln())
            .collect();
        let changes = change_points(&medians, LEVEL)
            .into_iter()
            .map(|change| Change {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::record::fixture::{cell, record, rounds};

    fn runs(medians: &[u64]) -> Vec<RunRecord> {
        let run = |(index, median): (usize, &u64)| {
            let mut run = record();
            run.run_id = format!("run{index:02}");
            run.started_at = format!("2026-01-{:02}T00:00:00Z", index + 1);
            run.cells = vec![cell("scan", "none", rounds(&[*median; 10]))];
            summarise(&mut run);
            run
        };
        // Given in any order.
        let mut runs: Vec<RunRecord> = medians.iter().enumerate().map(run).collect();
        runs.reverse();
        runs
    }

    #[test]
    fn a_step_is_marked_at_the_run_that_brought_it() {
        let medians = [
            100, 101, 99, 100, 102, 98, 101, 120, 121, 119, 122, 120, 121, 119,
        ];
        let found = history(&runs(&medians.map(|it| it * 1_000_000)));
        assert_eq!((found.len(), found[0].points.len()), (1, 14));
        let changes = &found[0].changes;
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(found[0].points[changes[0].at].run_id, "run07");
        assert!((changes[0].ratio - 1.2).abs() < 0.01);
    }

    #[test]
    fn a_level_that_stays_has_no_change() {
        let found = history(&runs(
            &[100, 103, 99, 101, 98, 102, 100, 99, 103, 101].map(|it| it * 1_000_000),
        ));
        assert!(found[0].changes.is_empty());
    }
}
