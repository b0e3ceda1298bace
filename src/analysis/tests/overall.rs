use crate::analysis::summarise::summarise;
use crate::record::fixture::{cell, record, rounds};
use crate::record::{ControlKind, Status, Verdict};

#[test]
fn the_mean_over_scenarios_is_geometric_and_paired_by_rounds() {
    let mut record = record();
    let noisy: Vec<u64> = (0..12).map(|round| 1_000_000 + 90_000 * round).collect();
    let times = |thousandths: u64| {
        rounds(
            &noisy
                .iter()
                .map(|it| it / 1000 * thousandths)
                .collect::<Vec<_>>(),
        )
    };
    for (scenario, thousandths) in [("a", 500), ("b", 2000), ("c", 500)] {
        record.cells.push(cell(scenario, "none", times(1000)));
        record
            .cells
            .push(cell(scenario, "zstd", times(thousandths)));
        let mut control = cell(scenario, "(control)", times(1000));
        control.control = Some(ControlKind::Copy);
        record.cells.push(control);
    }
    // A fourth scenario, which one of the variants lacks, does not count.
    record.cells.push(cell("d", "none", times(1000)));
    summarise(&mut record);
    let told: Vec<_> = record
        .overall
        .iter()
        .map(|it| (it.candidate.as_str(), it.scenarios, it.contrast.verdict))
        .collect();
    assert_eq!(
        told,
        [("zstd", 3, Verdict::Faster), ("(control)", 3, Verdict::Tie)]
    );
    let zstd = &record.overall[0];
    let expected = (0.5_f64 * 2.0 * 0.5).cbrt();
    assert!(
        (zstd.contrast.ratio.unwrap_or(0.0) - expected).abs() < 1e-9,
        "{zstd:?}"
    );
    assert_eq!(
        (zstd.contrast.p, zstd.contrast.pairs),
        (zstd.contrast.p_adjusted, 12)
    );
}

#[test]
fn one_scenario_has_no_mean() {
    let mut record = crate::record::fixture::codecs();
    summarise(&mut record);
    assert!(record.overall.is_empty());
}

/// Figures over all scenarios come from the same scenarios, whichever variant lacks one.
#[test]
fn a_scenario_that_one_variant_failed_in_is_in_no_mean() {
    let mut record = record();
    for scenario in ["a", "b", "c"] {
        for variant in ["none", "zstd", "lz4"] {
            let times = rounds(&[1_000_000; 16]);
            record.cells.push(cell(scenario, variant, times));
        }
    }
    for iteration in &mut record.cells[4].iterations {
        iteration.status = Status::Failed;
    }
    summarise(&mut record);
    let scenarios: Vec<u32> = record.overall.iter().map(|it| it.scenarios).collect();
    assert_eq!(scenarios, [2, 2]);
    assert_eq!(record.standings.len(), 3);
    // A variant that was measured nowhere is left out itself.
    for place in [1, 7] {
        record.cells[place].iterations.clear();
    }
    summarise(&mut record);
    let names: Vec<&str> = record
        .standings
        .iter()
        .map(|it| it.variant.as_str())
        .collect();
    assert_eq!(names, ["none", "lz4"]);
    let lz4 = record.overall.iter().find(|it| it.candidate == "lz4");
    assert_eq!(lz4.map(|it| it.scenarios), Some(3));
}
