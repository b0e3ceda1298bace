//! Summaries of cells, and the comparison of each with the baseline of its scenario.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{
    CellRecord, Comparison, Iteration, Kind, Lane, RunRecord, Status, Summary, Verdict,
};
use crate::statistics::{
    CONFIDENCE, Interval, MINIMUM_PAIRS, SMALLEST_EFFECT, hodges_lehmann_paired, median,
    median_interval,
};

const METRIC: &str = "elapsed_ns";
const METHOD: &str = "hodges_lehmann_of_paired_log_ratios_with_wilcoxon_interval";

/// Derives every cell's `summary` and the record's `comparisons` from the iterations, replacing what was there: the
/// same for a run that has just ended and for an old record.
///
/// Only measured iterations that are `ok` count. The baseline of a scenario is the first of its cells; every other one is
/// compared with it, by the rounds that both have.
pub fn summarise(record: &mut RunRecord) {
    for cell in &mut record.cells {
        cell.summary = lanes(cell)
            .into_iter()
            .filter_map(|lane| Some((lane.name().to_owned(), summary(cell, lane)?)))
            .collect();
    }
    record.comparisons = comparisons(&record.cells);
}

/// What an interval of the ratio candidate / baseline of times says.
///
/// A tie is an interval that lies within [`SMALLEST_EFFECT`] of 1, also where it excludes 1; an interval that
/// does neither that nor exclude 1 is inconclusive, as is any from fewer than [`MINIMUM_PAIRS`] pairs.
fn verdict(interval: Option<Interval>, pairs: usize) -> Verdict {
    match interval {
        Some(Interval { low, high, .. }) if pairs >= MINIMUM_PAIRS => {
            if low >= 1.0 - SMALLEST_EFFECT && high <= 1.0 + SMALLEST_EFFECT {
                Verdict::Tie
            } else if high < 1.0 {
                Verdict::Faster
            } else if low > 1.0 {
                Verdict::Slower
            } else {
                Verdict::Inconclusive
            }
        }
        _ => Verdict::Inconclusive,
    }
}

fn counted(cell: &CellRecord, lane: Lane) -> impl Iterator<Item = &Iteration> {
    cell.iterations.iter().filter(move |iteration| {
        iteration.lane == lane && iteration.kind == Kind::Measured && iteration.status == Status::Ok
    })
}

/// The lanes that a cell was measured in, successfully or not.
fn lanes(cell: &CellRecord) -> BTreeSet<Lane> {
    let measured = cell
        .iterations
        .iter()
        .filter(|iteration| iteration.kind == Kind::Measured);
    measured.map(|iteration| iteration.lane).collect()
}

/// The clock resolves 1 ns; less than that has no rate and no logarithm.
fn elapsed_ns(iteration: &Iteration) -> f64 {
    iteration.elapsed_ns.max(1) as f64
}

fn summary(cell: &CellRecord, lane: Lane) -> Option<Summary> {
    let of = |figure: fn(&Iteration) -> f64| counted(cell, lane).map(figure).collect::<Vec<f64>>();
    let elapsed = of(elapsed_ns);
    let median_ns = median(&elapsed)?;
    let interval = median_interval(&elapsed, CONFIDENCE);
    let seconds = median_ns / 1e9;
    Some(Summary {
        median_ns,
        ci_low_ns: interval.map(|interval| interval.low),
        ci_high_ns: interval.map(|interval| interval.high),
        confidence: interval.map(|interval| interval.confidence),
        iterations: elapsed.len() as u32,
        rows_per_s: median(&of(|iteration| iteration.rows as f64))? / seconds,
        arrow_bytes_per_s: median(&of(|iteration| iteration.arrow_bytes as f64))? / seconds,
        requested_bytes_per_s: median(&of(|iteration| iteration.requested_bytes as f64))? / seconds,
    })
}

fn comparisons(cells: &[CellRecord]) -> Vec<Comparison> {
    let mut baselines: BTreeMap<&str, &CellRecord> = BTreeMap::new();
    let mut comparisons = Vec::new();
    for candidate in cells {
        let baseline = *baselines.entry(&candidate.scenario).or_insert(candidate);
        if std::ptr::eq(baseline, candidate) {
            continue;
        }
        let lanes = &lanes(baseline) | &lanes(candidate);
        comparisons.extend(
            lanes
                .into_iter()
                .map(|lane| compare(baseline, candidate, lane)),
        );
    }
    comparisons
}

fn compare(baseline: &CellRecord, candidate: &CellRecord, lane: Lane) -> Comparison {
    let log_ratios = paired_log_ratios(baseline, candidate, lane);
    let estimate = hodges_lehmann_paired(&log_ratios, CONFIDENCE);
    let interval = estimate
        .and_then(|estimate| estimate.interval)
        .map(|interval| Interval {
            low: interval.low.exp(),
            high: interval.high.exp(),
            confidence: interval.confidence,
        });
    Comparison {
        scenario: candidate.scenario.clone(),
        lane,
        metric: METRIC.to_owned(),
        baseline: baseline.id.clone(),
        candidate: candidate.id.clone(),
        ratio: estimate.map(|estimate| estimate.value.exp()),
        ci_low: interval.map(|interval| interval.low),
        ci_high: interval.map(|interval| interval.high),
        confidence: interval.map_or(CONFIDENCE, |interval| interval.confidence),
        method: METHOD.to_owned(),
        pairs: log_ratios.len() as u32,
        verdict: verdict(interval, log_ratios.len()),
    }
}

/// ln(candidate / baseline) of each round in which both were measured.
fn paired_log_ratios(baseline: &CellRecord, candidate: &CellRecord, lane: Lane) -> Vec<f64> {
    let by_round: BTreeMap<u32, f64> = counted(baseline, lane)
        .map(|iteration| (iteration.round, elapsed_ns(iteration)))
        .collect();
    let pair = |iteration: &Iteration| {
        Some((elapsed_ns(iteration) / by_round.get(&iteration.round)?).ln())
    };
    counted(candidate, lane).filter_map(pair).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::record::fixture::{cell, codecs, iteration, record, rounds};

    #[test]
    fn a_summary_is_the_median_and_the_counted_figures_over_it() {
        let mut record = codecs();
        summarise(&mut record);
        let summary = &record.cells[0].summary["end_to_end"];
        // 9.8 9.85 9.9 9.95 10 10 10.05 10.1 10.15 10.2 ms
        assert_eq!(summary.median_ns, 10_000_000.0);
        assert_eq!(
            (summary.ci_low_ns, summary.ci_high_ns),
            (Some(9_800_000.0), Some(10_200_000.0))
        );
        assert_eq!(summary.confidence, Some(1.0 - 2.0 / 1024.0));
        assert_eq!(summary.iterations, 10);
        assert_eq!(summary.rows_per_s, 100_000.0);
        assert_eq!(summary.arrow_bytes_per_s, 800_000.0);
        assert_eq!(summary.requested_bytes_per_s, 400_000.0);
    }

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
                    comparison.verdict,
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
        assert!((zstd.ratio.unwrap() - 0.7).abs() < 1e-9);
        assert_eq!(zstd.pairs, 10);
        assert_eq!(zstd.confidence, 1.0 - 2.0 * 5.0 / 1024.0);
        assert!((record.comparisons[3].ratio.unwrap() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn rounds_are_paired_by_number_and_only_where_both_were_measured_well() {
        let mut baseline = rounds(&[100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
        let mut candidate = rounds(&[50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
        baseline[0] = Iteration {
            status: Status::Void,
            elapsed_ns: 1,
            ..baseline[0].clone()
        };
        candidate[1] = Iteration {
            status: Status::Failed,
            elapsed_ns: 1,
            ..candidate[1].clone()
        };
        candidate.push(Iteration {
            kind: Kind::Warmup,
            ..iteration(5, 1)
        });
        candidate.reverse();
        let mut record = record();
        record.cells = vec![cell("scan", "a", baseline), cell("scan", "b", candidate)];
        summarise(&mut record);
        let comparison = &record.comparisons[0];
        assert_eq!(comparison.pairs, 8);
        assert!((comparison.ratio.unwrap() - 0.5).abs() < 1e-12);
        assert!(
            (comparison.ci_low.unwrap() - 0.5).abs() < 1e-12
                && (comparison.ci_high.unwrap() - 0.5).abs() < 1e-12
        );
        assert_eq!(comparison.verdict, Verdict::Faster);
        assert_eq!(record.cells[1].summary["end_to_end"].iterations, 9);
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
        assert!((comparison.ratio.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(
            (comparison.ci_low, comparison.ci_high, comparison.pairs),
            (None, None, 7)
        );
        assert_eq!(comparison.verdict, Verdict::Inconclusive);
        assert_eq!(record.cells[0].summary["end_to_end"].ci_low_ns, None);
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
            (comparison.ratio, comparison.pairs, comparison.verdict),
            (None, 0, Verdict::Inconclusive)
        );
        assert!(record.cells[1].summary.is_empty());
    }

    #[test]
    fn summarising_again_changes_nothing() {
        let mut record = codecs();
        summarise(&mut record);
        let once = record.clone();
        summarise(&mut record);
        assert_eq!(record, once);
    }

    #[rstest]
    #[case::below_one(0.90, 0.98, 10, Verdict::Faster)]
    #[case::touching_one(0.90, 1.0, 10, Verdict::Inconclusive)]
    #[case::below_one_and_partly_in_the_band(0.95, 0.995, 10, Verdict::Faster)]
    #[case::above_one(1.02, 1.10, 10, Verdict::Slower)]
    #[case::across_one(0.95, 1.05, 10, Verdict::Inconclusive)]
    #[case::within_the_band(0.99, 1.01, 10, Verdict::Tie)]
    #[case::below_one_within_the_band(0.991, 0.999, 10, Verdict::Tie)]
    #[case::above_one_within_the_band(1.001, 1.009, 10, Verdict::Tie)]
    #[case::across_one_beyond_the_band(0.989, 1.005, 10, Verdict::Inconclusive)]
    #[case::too_few_pairs(0.5, 0.6, 7, Verdict::Inconclusive)]
    fn verdicts_follow_the_interval(
        #[case] low: f64,
        #[case] high: f64,
        #[case] pairs: usize,
        #[case] told: Verdict,
    ) {
        assert_eq!(
            verdict(
                Some(Interval {
                    low,
                    high,
                    confidence: 0.99
                }),
                pairs
            ),
            told
        );
    }

    #[test]
    fn without_an_interval_nothing_is_told() {
        assert_eq!(verdict(None, 100), Verdict::Inconclusive);
    }
}
