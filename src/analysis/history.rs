//! Scenarios over many runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::agreement::content_of;
use super::comparison::counted;
use crate::record::{CellRecord, Lane, RunRecord};
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
    /// What the runs differ in that makes them other work: SQL, content, cache state, throttle.
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

/// Where a level gives way to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Index of the first run of the new level.
    pub at: usize,
    /// Median of the new level over that of the old one.
    pub ratio: f64,
    pub p: f64,
}

/// Fewest runs in which a change can be found: of fewer, even the clearest step is likelier than the level by chance.
pub const LEAST_RUNS: usize = 10;

/// Every cell but the controls, in the order of the first run that has it. Change points are those of Pettitt's test on the medians, in
/// turn on the parts that they make, where the levels differ by more than the smallest effect. A run that is given twice, as a record and
/// as its journal, counts once.
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

/// What a cell was in each run.
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

    /// The fewest that are promised are the fewest that do.
    #[test]
    fn the_least_number_of_runs_finds_the_clearest_step_and_fewer_do_not() {
        let jump = |runs_in_all: usize| {
            let medians: Vec<u64> = (0..runs_in_all)
                .map(|run| {
                    100_000_000
                        + run as u64
                        + if run < runs_in_all / 2 {
                            0
                        } else {
                            100_000_000
                        }
                })
                .collect();
            history(&runs(&medians))[0].changes.len()
        };
        assert_eq!((jump(LEAST_RUNS - 1), jump(LEAST_RUNS)), (0, 1));
    }

    #[test]
    fn a_run_given_twice_counts_once_and_other_work_is_told() {
        let mut twice = runs(&[100, 101, 102]);
        twice.extend(runs(&[100, 101, 102]));
        assert_eq!(history(&twice)[0].points.len(), 3);
        assert_eq!(history(&twice)[0].differences, Vec::<&str>::new());
        twice[0].cells[0].sql = "SELECT 2".to_owned();
        assert_eq!(history(&twice)[0].differences, ["SQL"]);
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
