use crate::analysis::summarise::summarise;
use crate::record::fixture::{cell, record, rounds};
use crate::record::{ControlKind, Verdict};

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
    // A fourth that one of them lacks does not count.
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
