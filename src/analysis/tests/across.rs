use crate::analysis::across::{Across, across};
use crate::analysis::sides::AcrossError;
use crate::record::fixture::{cell, record, rounds};
use crate::record::{RunRecord, Verdict};
use crate::statistics::simulated::Random;

/// Six scenarios on two variants in 20 rounds each, with 1 % of noise. `shift` is a factor of all
/// times. `slower` names a cell that takes 10 % more.
fn run(name: &str, seed: u64, shift: f64, slower: Option<&str>) -> (String, RunRecord) {
    let mut random = Random(seed);
    let mut record = record();
    record.run_id = name.to_owned();
    for (index, scenario) in ["a", "b", "c", "d", "e", "f"].iter().enumerate() {
        for variant in ["none", "zstd"] {
            let id = format!("{scenario}/{variant}");
            let factor = shift
                * if slower == Some(id.as_str()) {
                    1.1
                } else {
                    1.0
                };
            let mut time = || {
                let noise = 0.99 + 0.02 * random.uniform();
                (10e6 * (index + 1) as f64 * factor * noise) as u64
            };
            let times: Vec<u64> = (0..20).map(|_| time()).collect();
            record.cells.push(cell(scenario, variant, rounds(&times)));
        }
    }
    (format!("{name}.json"), record)
}

fn verdicts(across: &Across) -> Vec<(String, Verdict)> {
    let told = across
        .cells
        .iter()
        .filter(|cell| cell.contrast.verdict != Verdict::Tie);
    told.map(|cell| (cell.name(), cell.contrast.verdict))
        .collect()
}

#[test]
fn two_runs_of_one_config_have_no_winner() {
    for shift in [1.0, 1.03, 0.96] {
        let found = across(
            &[run("one", 1, 1.0, None), run("two", 2, shift, None)],
            None,
        )
        .unwrap();
        let won = verdicts(&found);
        let won: Vec<_> = won
            .iter()
            .filter(|it| it.1 != Verdict::Inconclusive)
            .collect();
        assert!(won.is_empty(), "{shift}: {won:?}");
        assert!((found.between[0].shift - shift).abs() < 0.01, "{found:?}");
    }
}

#[test]
fn exactly_the_cell_that_became_slower_is_named() {
    let found = across(
        &[
            run("one", 1, 1.0, None),
            run("two", 2, 1.01, Some("d/zstd")),
        ],
        None,
    )
    .unwrap();
    assert_eq!(verdicts(&found), [("d/zstd".to_owned(), Verdict::Slower)]);
    let slower = found.cells.iter().find(|it| it.name() == "d/zstd").unwrap();
    assert!(
        !slower.paired && (slower.contrast.ratio.unwrap() - 1.11).abs() < 0.02,
        "{slower:?}"
    );
}

/// The cause is the host or the program. Nothing in two runs tells which, so that no cell is
/// blamed.
#[test]
fn a_slowdown_of_everything_is_told_apart_from_that_of_cells() {
    let found = across(&[run("one", 1, 1.0, None), run("two", 2, 1.2, None)], None).unwrap();
    let slower = |it: &(String, Verdict)| it.1 == Verdict::Slower;
    assert!(!verdicts(&found).iter().any(slower), "{found:?}");
    let moved = &found.between[0];
    assert!((moved.shift - 1.2).abs() < 0.01, "{moved:?}");
    assert!(moved.ci_low.unwrap() > 1.19 && moved.ci_high.unwrap() < 1.21);
    assert_eq!(found.means.len(), 3);
}

/// Nothing tells which half is the one that moved.
#[test]
fn where_half_of_the_cells_moved_none_is_blamed() {
    let (name, mut two) = run("two", 2, 1.0, None);
    for cell in two.cells.iter_mut().take(7) {
        for iteration in &mut cell.iterations {
            iteration.figures.elapsed_ns = iteration.figures.elapsed_ns / 100 * 115;
        }
    }
    let found = across(&[run("one", 1, 1.0, None), (name, two)], None).unwrap();
    let told = |verdict| matches!(verdict, Verdict::Faster | Verdict::Slower);
    assert!(!verdicts(&found).iter().any(|it| told(it.1)), "{found:?}");
}

/// Rounds of one cell that resemble their neighbours count as fewer than they are.
#[test]
fn a_cell_whose_rounds_come_in_waves_is_not_blamed() {
    let (name, mut two) = run("two", 2, 1.0, None);
    for (round, iteration) in two.cells[0].iterations.iter_mut().enumerate() {
        let share = if round < 13 { 130 } else { 100 };
        iteration.figures.elapsed_ns = iteration.figures.elapsed_ns / 100 * share;
    }
    let found = across(&[run("one", 1, 1.0, None), (name, two)], None).unwrap();
    let told = |verdict| matches!(verdict, Verdict::Faster | Verdict::Slower);
    assert!(!verdicts(&found).iter().any(|it| told(it.1)), "{found:?}");
}

#[test]
fn cells_of_one_run_are_paired_by_a_key_that_variants_differ_in() {
    let (name, mut one) = run("one", 1, 1.0, None);
    for cell in &mut one.cells {
        if cell.variant_name == "zstd" {
            for iteration in &mut cell.iterations {
                iteration.figures.elapsed_ns = iteration.figures.elapsed_ns / 100 * 115;
            }
        }
    }
    let found = across(&[(name, one)], Some("dataset.compression")).unwrap();
    assert_eq!(found.sides, ["none", "zstd"]);
    assert!(found.cells.iter().all(|cell| cell.paired));
    assert_eq!(found.between[0].allowance, 0.0);
    assert!(
        found
            .cells
            .iter()
            .all(|cell| cell.contrast.verdict == Verdict::Slower),
        "{found:?}"
    );
    assert_eq!(found.cells[0].name(), "a/all else equal");
}

#[test]
fn labels_name_the_sides_and_can_be_compared_by() {
    let (mut one, mut two) = (run("one", 1, 1.0, None), run("two", 2, 1.0, None));
    one.1.labels.insert("array".to_owned(), "A".to_owned());
    two.1.labels.insert("array".to_owned(), "B".to_owned());
    let records = [one, two];
    assert_eq!(
        across(&records, None).unwrap().sides,
        ["array=A", "array=B"]
    );
    assert_eq!(across(&records, Some("array")).unwrap().sides, ["A", "B"]);
    let error = across(&records, Some("arrays")).unwrap_err().to_string();
    assert!(
        error.contains("labels: array") && error.contains("dataset.compression"),
        "{error}"
    );
    let error = across(&records, Some("dataset.compression")).unwrap_err();
    assert!(matches!(error, AcrossError::Twice { .. }), "{error}");
    assert_eq!(
        across(&records[..1], None).unwrap_err(),
        AcrossError::OneRecord
    );
    assert!(matches!(
        across(&records, Some("dataset.seed")).unwrap_err(),
        AcrossError::Twice { .. } | AcrossError::OneValue { .. }
    ));
}

#[test]
fn what_a_side_lacks_is_listed() {
    let (one, mut two) = (run("one", 1, 1.0, None), run("two", 2, 1.0, None));
    two.1.cells.retain(|cell| cell.id != "a/zstd");
    let found = across(&[one, two], None).unwrap();
    assert_eq!(found.unmatched, ["a/zstd (end_to_end): not in two.json"]);
    assert_eq!(found.cells.len(), 11);
}
