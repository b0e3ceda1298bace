use crate::analysis::summarise::summarise;
use crate::record::fixture::{cell, codecs, iteration, record, rounds};
use crate::record::{ControlKind, Iteration, Kind, Lane, RunRecord, Status, Verdict};

#[test]
fn each_variant_is_compared_with_the_first_cell_of_its_scenario() {
    let mut record = codecs();
    record.cells.push(cell("other", "zstd", rounds(&[5; 10])));
    record.cells.push(cell("other", "none", rounds(&[10; 10])));
    summarise(&mut record);
    let told: Vec<_> = record
        .comparisons
        .iter()
        .map(|comparison| {
            (
                comparison.candidate.as_str(),
                comparison.baseline.as_str(),
                comparison.contrast.verdict,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("full_scan/zstd", "full_scan/none", Verdict::Faster),
            ("full_scan/lz4", "full_scan/none", Verdict::Tie),
            ("full_scan/gzip", "full_scan/none", Verdict::Slower),
            ("other/none", "other/zstd", Verdict::Slower),
        ]
    );
    let zstd = &record.comparisons[0];
    assert!((zstd.contrast.ratio.unwrap() - 0.7).abs() < 1e-9);
    assert_eq!(zstd.contrast.pairs, 16);
    assert!((0.99..0.992).contains(&zstd.confidence));
    assert!((record.comparisons[3].contrast.ratio.unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn rounds_are_paired_by_number_and_only_where_both_were_measured_well() {
    let mut baseline = rounds(&[100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    let mut candidate = rounds(&[50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
    baseline[0].status = Status::Void;
    baseline[0].figures.elapsed_ns = 1;
    candidate[1].status = Status::Failed;
    candidate[1].figures.elapsed_ns = 1;
    candidate.push(Iteration {
        kind: Kind::Warmup,
        ..iteration(5, 1)
    });
    candidate.reverse();
    let mut record = record();
    record.cells = vec![cell("scan", "a", baseline), cell("scan", "b", candidate)];
    summarise(&mut record);
    let comparison = &record.comparisons[0];
    assert_eq!(comparison.contrast.pairs, 8);
    assert!((comparison.contrast.ratio.unwrap() - 0.5).abs() < 1e-12);
    // All rounds agree, so that the interval shows only how much equal sets of files may differ.
    let (low, high) = comparison.contrast.interval().unwrap();
    assert!(
        (0.48..0.5).contains(&low) && high > 0.5 && high < 0.52,
        "{low}, {high}"
    );
    assert_eq!(comparison.contrast.verdict, Verdict::Faster);
    assert_eq!(record.cells[1].summary[&Lane::EndToEnd].iterations, 9);
}

#[test]
fn seven_pairs_have_a_ratio_and_no_verdict() {
    let mut record = record();
    record.cells = vec![
        cell("scan", "a", rounds(&[100; 7])),
        cell("scan", "b", rounds(&[50; 7])),
    ];
    summarise(&mut record);
    let comparison = &record.comparisons[0];
    assert!((comparison.contrast.ratio.unwrap() - 0.5).abs() < 1e-12);
    assert_eq!(
        (
            comparison.contrast.ci_low,
            comparison.contrast.ci_high,
            comparison.contrast.pairs
        ),
        (None, None, 7)
    );
    assert_eq!(comparison.contrast.verdict, Verdict::Inconclusive);
    assert_eq!(record.cells[0].summary[&Lane::EndToEnd].ci_low_ns, None);
}

#[test]
fn a_cell_that_always_failed_is_compared_without_a_ratio() {
    let failed = rounds(&[1; 10]).into_iter().map(|iteration| Iteration {
        status: Status::Failed,
        ..iteration
    });
    let mut record = record();
    record.cells = vec![
        cell("scan", "a", rounds(&[100; 10])),
        cell("scan", "b", failed.collect()),
    ];
    summarise(&mut record);
    let comparison = &record.comparisons[0];
    assert_eq!(
        (
            comparison.contrast.ratio,
            comparison.contrast.pairs,
            comparison.contrast.verdict
        ),
        (None, 0, Verdict::Failed)
    );
    assert!(record.cells[1].summary.is_empty());
    for iteration in &mut record.cells[1].iterations {
        iteration.status = Status::Void;
    }
    summarise(&mut record);
    assert_eq!(record.comparisons[0].contrast.verdict, Verdict::Void);
}

#[test]
fn summarising_again_changes_nothing() {
    let mut record = codecs();
    summarise(&mut record);
    let once = record.clone();
    summarise(&mut record);
    assert_eq!(record, once);
}

/// A scenario of two cells, and a control of the first.
fn with_control(baseline: &[u64], control: &[u64], candidate: &[u64]) -> RunRecord {
    let mut record = record();
    let mut twin = cell("scan", "(control)", rounds(control));
    twin.control = Some(ControlKind::Copy);
    record.cells = vec![
        cell("scan", "a", rounds(baseline)),
        twin,
        cell("scan", "b", rounds(candidate)),
    ];
    summarise(&mut record);
    record
}

#[test]
fn the_control_is_noise_and_no_comparison() {
    let base: Vec<u64> = (0..12).map(|round| 100_000 + round * 100).collect();
    let times = |share: f64| -> Vec<u64> {
        let base = base.iter().enumerate();
        base.map(|(round, time)| (*time as f64 * share) as u64 + round as u64 * 7 % 5)
            .collect()
    };
    let found = with_control(&base, &times(1.03), &times(1.02));
    assert_eq!(found.comparisons.len(), 1);
    assert_eq!(found.comparisons[0].candidate, "scan/b");
    let noise = &found.noise[0];
    assert!(
        (noise.contrast.ratio.unwrap() - 1.03).abs() < 0.001
            && noise.contrast.verdict == Verdict::Slower,
        "{noise:?}"
    );
    // 2 % are less than equal files may differ by.
    assert_eq!(found.comparisons[0].contrast.verdict, Verdict::Inconclusive);
    let (low, high) = found.comparisons[0].contrast.interval().unwrap();
    assert!(low < 1.0 && high > 1.05, "{low}, {high}");
    let found = with_control(&base, &times(1.02), &times(1.02));
    assert_eq!(found.comparisons[0].contrast.verdict, Verdict::Inconclusive);
    let found = with_control(&base, &times(1.03), &times(1.8));
    assert_eq!(found.comparisons[0].contrast.verdict, Verdict::Slower);
}

#[test]
fn many_comparisons_take_more_rounds_for_a_verdict() {
    let run = |variants: usize, count: usize| {
        let mut record = record();
        let times = |share: u64| -> Vec<u64> {
            (0..count as u64)
                .map(|round| share * (1000 + round))
                .collect()
        };
        record.cells = (0..=variants)
            .map(|index| {
                let share = if index == 0 { 100 } else { 90 };
                cell("scan", &index.to_string(), rounds(&times(share)))
            })
            .collect();
        summarise(&mut record);
        record.comparisons
    };
    let few = run(5, 10);
    assert!(
        few.iter()
            .all(|it| it.contrast.verdict == Verdict::Faster && it.family == 5)
    );
    let many = run(6, 10);
    assert!(
        many.iter()
            .all(|it| it.contrast.verdict == Verdict::Inconclusive && it.family == 6)
    );
    assert!(many[0].contrast.p_adjusted.unwrap() > many[0].contrast.p.unwrap());
    assert!(
        run(6, 11)
            .iter()
            .all(|it| it.contrast.verdict == Verdict::Faster)
    );
}

/// Rounds of one block meet one state of the host.
#[test]
fn a_block_of_rounds_is_one_pair() {
    let mut record = record();
    let blocks = |times: &[u64]| {
        let mut all = rounds(times);
        for iteration in &mut all {
            iteration.block = Some(iteration.round / 5);
        }
        all
    };
    record.cells = vec![
        cell("scan", "a", blocks(&[100_000; 40])),
        cell("scan", "b", blocks(&[200_000; 40])),
    ];
    summarise(&mut record);
    assert_eq!(record.comparisons[0].contrast.pairs, 8);
    record.cells[1].iterations.truncate(35);
    summarise(&mut record);
    assert_eq!(record.comparisons[0].contrast.pairs, 7);
    assert_eq!(
        record.comparisons[0].contrast.verdict,
        Verdict::Inconclusive
    );
}

/// Neighbouring rounds that resemble each other count as fewer than they are.
#[test]
fn intervals_of_rounds_that_resemble_each_other_are_wider() {
    let width = |times: &[u64]| {
        let mut record = record();
        record.cells = vec![
            cell("scan", "a", rounds(&vec![1_000_000; times.len()])),
            cell("scan", "b", rounds(times)),
        ];
        for cell in &mut record.cells {
            cell.dataset = vec!["same".to_owned()];
        }
        summarise(&mut record);
        let noise = record.lane_noise[0];
        let (low, high) = record.comparisons[0].contrast.interval().unwrap();
        (high / low - 1.0, noise.widening)
    };
    // The same values, in turns and in slow waves.
    let waves: Vec<u64> = (0..32)
        .map(|round| 1_000_000 + round / 8 % 2 * 20_000 + round % 8)
        .collect();
    let turns: Vec<u64> = (0..32).map(|place| waves[place * 9 % 32]).collect();
    let ((of_turns, one), (of_waves, more)) = (width(&turns), width(&waves));
    assert_eq!(one, 1.0);
    assert!(
        more > 1.8 && of_waves > 1.8 * of_turns,
        "{of_turns}, {of_waves}, {more}"
    );
}
