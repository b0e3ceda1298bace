use crate::analysis::history::{history, least_runs};
use crate::analysis::summarise::summarise;
use crate::record::RunRecord;
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
    // Runs may be given in any order.
    let mut runs: Vec<RunRecord> = medians.iter().enumerate().map(run).collect();
    runs.reverse();
    runs
}

/// The least number of runs that is promised is the least that suffices.
#[test]
fn the_least_number_of_runs_finds_the_clearest_step_and_fewer_do_not() {
    let jump = |runs_in_all: usize| {
        let medians: Vec<u64> = (0..runs_in_all)
            .map(|run| {
                100_000_000
                    + run as u64 % 2
                    + if run < runs_in_all / 2 {
                        0
                    } else {
                        100_000_000
                    }
            })
            .collect();
        history(&runs(&medians))[0].changes.len()
    };
    let least = least_runs(1);
    assert_eq!((jump(least - 1), jump(least)), (0, 1));
    // The smallest p of 14 runs is 2 / 3 432, of 16 runs 2 / 12 870.
    assert_eq!((least_runs(15), least_runs(30)), (14, 15));
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
