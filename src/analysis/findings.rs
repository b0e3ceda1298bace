//! Findings that a reader of the timings has to know, each by a method with a source. They leave
//! nothing out of any figure.

use super::measured::{counted, elapsed_ns, lanes};
use crate::record::{CellRecord, Finding, FindingKind, Lane, RunRecord};
use crate::statistics::{dip_p, median, outliers, trend};
use crate::units;

/// Level of significance: a trend, or several modes, would be found in one of a thousand cells
/// whose times have none.
const LEVEL: f64 = 0.001;

/// Share by which bytes may differ that should be the same.
const SAME_BYTES: f64 = 0.01;

pub(super) fn findings(record: &RunRecord) -> Vec<Finding> {
    let mut findings = Vec::new();
    for cell in &record.cells {
        for lane in lanes(cell) {
            let mut add = |kind: FindingKind, text: Option<String>| {
                findings.extend(text.map(|text| Finding {
                    cell: cell.id.clone(),
                    lane,
                    kind,
                    text,
                }));
            };
            let times: Vec<f64> = counted(cell, lane).map(|it| elapsed_ns(it).ln()).collect();
            add(FindingKind::Drift, drift(&times, record.effect));
            add(FindingKind::Bimodality, modes(&times));
            add(FindingKind::Outliers, outlying(&times));
            if lane == Lane::Storage {
                add(FindingKind::Ranges, other_ranges(cell));
            } else {
                let baseline = record.cells.iter().find(|it| it.scenario == cell.scenario);
                let other = baseline.and_then(|it| other_parallelism(it, cell, lane));
                add(FindingKind::Parallelism, other);
            }
        }
    }
    findings
}

/// Finds drift by Mann-Kendall's test, with Theil and Sen's slope.
fn drift(log_times: &[f64], effect: f64) -> Option<String> {
    let trend = trend(log_times)?;
    let change = trend.total.exp() - 1.0;
    (trend.p <= LEVEL && change.abs() > effect).then(|| {
        let (word, change) = match change > 0.0 {
            true => ("rose", change),
            false => ("fell", -change),
        };
        format!("times {word} by {} over the run", units::percent(change))
    })
}

/// Finds several modes by Hartigan's dip test.
fn modes(log_times: &[f64]) -> Option<String> {
    (dip_p(log_times)? <= LEVEL).then(|| "times have more than one mode".to_owned())
}

/// Finds outliers by Iglewicz and Hoaglin's modified z-score.
fn outlying(log_times: &[f64]) -> Option<String> {
    match outliers(log_times).len() {
        0 => None,
        found => Some(format!("{found} of {} times are outliers", log_times.len())),
    }
}

/// Finds executions that asked for other ranges than the one that the lane `storage` replays.
fn other_ranges(cell: &CellRecord) -> Option<String> {
    let requested = |lane: Lane| {
        let bytes: Vec<f64> = counted(cell, lane)
            .map(|it| it.figures.requested_bytes as f64)
            .collect();
        median(&bytes)
    };
    let (replayed, asked) = (requested(Lane::Storage)?, requested(Lane::EndToEnd)?);
    ((replayed - asked).abs() > asked * SAME_BYTES).then(|| {
        format!(
            "the recorded execution asked for {}, those that were timed for {} (median)",
            units::bytes(replayed as u64),
            units::bytes(asked as u64)
        )
    })
}

fn other_parallelism(baseline: &CellRecord, cell: &CellRecord, lane: Lane) -> Option<String> {
    let partitions = |cell: &CellRecord| counted(cell, lane).map(|it| it.scan_partitions).max();
    let (ours, theirs) = (partitions(cell)?, partitions(baseline)?);
    (ours != theirs)
        .then(|| format!("its scans run in {ours} partitions, those of the baseline in {theirs}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Iteration;
    use crate::record::fixture::{cell, iteration, record};

    fn found(times: impl Iterator<Item = u64>) -> Vec<(FindingKind, String)> {
        let mut run = record();
        let iterations: Vec<Iteration> = (0..)
            .zip(times)
            .map(|(round, time)| iteration(round, time))
            .collect();
        run.cells = vec![cell("scan", "a", iterations)];
        let findings = findings(&run).into_iter();
        findings
            .map(|finding| (finding.kind, finding.text))
            .collect()
    }

    /// A number between -1 and 1, without an order.
    fn jitter(round: u64) -> f64 {
        (round * 7919 % 101) as f64 / 50.0 - 1.0
    }

    #[test]
    fn steady_times_are_not_worth_a_word() {
        assert_eq!(
            found((0..40).map(|round| (1e6 * (1.0 + 0.01 * jitter(round))) as u64)),
            []
        );
        assert_eq!(found([1000; 3].into_iter()), []);
    }

    #[test]
    fn times_that_rise_are_told_of_unless_by_less_than_the_effect() {
        let rising = |total: f64| {
            (0..40).map(move |round| {
                (1e6 * (1.0 + total * round as f64 / 39.0 + 0.0005 * jitter(round))) as u64
            })
        };
        let drift = found(rising(0.05));
        assert_eq!(drift.len(), 1, "{drift:?}");
        assert!(drift[0].0 == FindingKind::Drift && drift[0].1.starts_with("times rose by 5."));
        assert_eq!(found(rising(0.008)), []);
    }

    #[test]
    fn two_modes_are_told_of() {
        let two = (0..40).map(|round| {
            let mode = if jitter(round) > 0.0 { 1.3 } else { 1.0 };
            (1e6 * mode * (1.0 + 0.01 * jitter(round * 13 + 5))) as u64
        });
        let two = found(two);
        assert!(
            two.iter().any(|(kind, _)| *kind == FindingKind::Bimodality),
            "{two:?}"
        );
    }

    #[test]
    fn a_time_far_off_is_told_of() {
        let times = (0..40).map(|round| match round {
            17 => 9_000_000,
            round => (1e6 * (1.0 + 0.01 * jitter(round))) as u64,
        });
        let text = "1 of 40 times are outliers".to_owned();
        assert_eq!(found(times), [(FindingKind::Outliers, text)]);
    }

    #[test]
    fn cells_that_scan_in_other_numbers_of_partitions_are_told_of() {
        let mut run = record();
        let mut other = iteration(0, 1000);
        other.scan_partitions = 4;
        run.cells = vec![
            cell("scan", "a", vec![iteration(0, 1000)]),
            cell("scan", "b", vec![other]),
        ];
        let found = findings(&run);
        assert_eq!((found.len(), found[0].cell.as_str()), (1, "scan/b"));
        assert!(
            found[0]
                .text
                .contains("4 partitions, those of the baseline in 2")
        );
    }

    #[test]
    fn a_replay_of_other_bytes_is_told_of() {
        let mut run = record();
        let mut replayed = iteration(0, 1000);
        replayed.lane = Lane::Storage;
        run.cells = vec![cell(
            "scan",
            "a",
            vec![iteration(0, 1000), replayed.clone()],
        )];
        assert_eq!(findings(&run), []);
        replayed.figures.requested_bytes = 4_100;
        run.cells = vec![cell("scan", "a", vec![iteration(0, 1000), replayed])];
        assert_eq!(findings(&run)[0].kind, FindingKind::Ranges);
    }
}
