//! Summaries of cells, the comparison of each with the baseline of its scenario, and what noise alone makes of the baseline.

use std::collections::{BTreeMap, BTreeSet};

use super::break_even::Predictions;
use super::ceilings::ceilings;
use super::findings::findings;
use super::overall::overall;
use super::ranking::ranked;
use super::series::{log_times, paired, ratio_of};
use crate::record::{
    CacheState, CellRecord, Comparison, Iteration, Kind, Lane, Ledger, Noise, Percentiles,
    RunRecord, Status, Summary, Verdict,
};
use crate::statistics::{
    CONFIDENCE, Estimate, Interval, MINIMUM_PAIRS, hodges_lehmann_paired, holm, median,
    median_interval,
};

const METRIC: &str = "elapsed_ns";
const METHOD: &str = "hodges_lehmann_of_paired_log_ratios_with_wilcoxon_interval";

/// Derives every cell's `summary` and the record's `comparisons`, `noise`, `ceilings`, `findings`, `overall`, `standings`, `rankings` and
/// `break_even` from the iterations and profiles, replacing what was there: the same for a run that has just ended and for an old record.
///
/// Only measured iterations that are `ok` count. The baseline of a scenario is the first of its cells; every other one is
/// compared with it, by the rounds that both have.
pub fn summarise(record: &mut RunRecord) {
    summarise_measured(record);
    let predictions = Predictions::of(record);
    let (break_even, checks) = (predictions.break_even(), predictions.checks());
    (record.break_even, record.prediction_checks) = (break_even, checks);
}

/// The same without predictions, which take time: those that the record has stay.
pub fn summarise_measured(record: &mut RunRecord) {
    for cell in &mut record.cells {
        cell.summary = lanes(cell)
            .into_iter()
            .filter_map(|lane| Some((lane.name().to_owned(), summary(cell, lane)?)))
            .collect();
    }
    record.noise = noise(record);
    record.comparisons = comparisons(record);
    record.ceilings = ceilings(&record.cells);
    record.findings = findings(record);
    record.overall = overall(record);
    (record.standings, record.rankings) = ranked(record);
}

/// How many comparisons a run of these cells makes in so many lanes.
pub fn family(record: &RunRecord, lanes: usize) -> usize {
    pairs(&record.cells)
        .filter(|(_, candidate)| candidate.control.is_none())
        .count()
        * lanes
}

/// Rounds without which no outcome, however clear, leads to a verdict on so many comparisons at once: the smallest p of the
/// signed-rank test of n pairs is 2 / 2^n, and Holm's method multiplies it by the number of comparisons.
pub fn rounds_for(comparisons: usize) -> u32 {
    let least = (2.0 * comparisons.max(1) as f64 / (1.0 - CONFIDENCE)).log2();
    // A hair above a whole number is that number: 1 - 0.99 is not quite 0.01.
    ((least - 1e-9).ceil() as u32).max(MINIMUM_PAIRS as u32)
}

/// Width, as high / low - 1, of the widest of a run's intervals so far: those of the comparisons and of the control, or, where
/// there are none, of the medians. `None` where one has no bounds yet, or too few pairs for a verdict. Cells that failed, or came to
/// nothing, do not count.
pub fn widest_interval(record: &RunRecord) -> Option<f64> {
    let mut widths: Vec<Option<f64>> = Vec::new();
    let mut compared = false;
    for (baseline, candidate) in pairs(&record.cells) {
        compared = true;
        let lanes = &lanes(baseline) | &lanes(candidate);
        let needed = rounds_for(family(record, lanes.len())) as usize;
        for lane in lanes {
            let ratios = paired_log_ratios(baseline, candidate, lane);
            if !ratios.is_empty() && !failed(baseline, lane) && !failed(candidate, lane) {
                let estimate = hodges_lehmann_paired(&ratios, CONFIDENCE);
                let estimate = estimate.filter(|_| ratios.len() >= needed);
                let interval = estimate.and_then(|estimate| estimate.interval);
                widths.push(interval.map(|interval| (interval.high - interval.low).exp() - 1.0));
            }
        }
    }
    for cell in record.cells.iter().filter(|_| !compared) {
        for lane in lanes(cell) {
            let elapsed: Vec<f64> = counted(cell, lane).map(elapsed_ns).collect();
            if !elapsed.is_empty() {
                let interval = median_interval(&elapsed, CONFIDENCE);
                widths.push(interval.map(|interval| interval.high / interval.low - 1.0));
            }
        }
    }
    if widths.is_empty() {
        return None;
    }
    widths
        .into_iter()
        .try_fold(0.0, |widest: f64, width| Some(widest.max(width?)))
}

/// Whether a lane of a cell was given up.
fn failed(cell: &CellRecord, lane: Lane) -> bool {
    let mut iterations = cell.iterations.iter().filter(|it| it.lane == lane);
    iterations.any(|iteration| iteration.status == Status::Failed)
}

/// What an interval of the ratio candidate / baseline of times says, given the p of their being equal, adjusted for the number
/// of comparisons, and the interval of the control.
///
/// A tie is an interval that lies within the smallest effect of interest of 1, also where it excludes 1: the two are
/// equivalent (Altman & Bland, "Absence of evidence is not evidence of absence", BMJ 311, 1995, on why anything less is not).
/// Faster and slower are intervals that exclude 1 with an adjusted p within 1 - [`CONFIDENCE`], and an estimate beyond what the
/// control shows noise to do. All else is inconclusive, as is anything from fewer than [`MINIMUM_PAIRS`] pairs.
pub(super) fn verdict(
    estimate: Option<Estimate>,
    pairs: usize,
    p_adjusted: Option<f64>,
    noise: Option<(f64, f64)>,
    effect: f64,
) -> Verdict {
    let Some(Estimate {
        value,
        interval: Some(Interval { low, high, .. }),
    }) = estimate
    else {
        return Verdict::Inconclusive;
    };
    if pairs < MINIMUM_PAIRS {
        return Verdict::Inconclusive;
    }
    if low >= 1.0 - effect && high <= 1.0 + effect {
        return Verdict::Tie;
    }
    let significant = p_adjusted.is_some_and(|p| p <= 1.0 - CONFIDENCE + 1e-12);
    let is_noise = noise.is_some_and(|(low, high)| (low..=high).contains(&value));
    match significant && !is_noise {
        true if high < 1.0 => Verdict::Faster,
        true if low > 1.0 => Verdict::Slower,
        _ => Verdict::Inconclusive,
    }
}

pub(super) fn counted(cell: &CellRecord, lane: Lane) -> impl Iterator<Item = &Iteration> {
    cell.iterations.iter().filter(move |iteration| {
        iteration.lane == lane && iteration.kind == Kind::Measured && iteration.status == Status::Ok
    })
}

/// The lanes that a cell was measured in, successfully or not.
pub(super) fn lanes(cell: &CellRecord) -> BTreeSet<Lane> {
    let measured = cell
        .iterations
        .iter()
        .filter(|iteration| iteration.kind == Kind::Measured);
    measured.map(|iteration| iteration.lane).collect()
}

/// The clock resolves 1 ns; less than that has no rate and no logarithm.
pub(super) fn elapsed_ns(iteration: &Iteration) -> f64 {
    iteration.elapsed_ns.max(1) as f64
}

fn summary(cell: &CellRecord, lane: Lane) -> Option<Summary> {
    let of = |figure: fn(&Iteration) -> f64| counted(cell, lane).map(figure).collect::<Vec<f64>>();
    let elapsed = of(elapsed_ns);
    let median_ns = median(&elapsed)?;
    let interval = median_interval(&elapsed, CONFIDENCE);
    let seconds = median_ns / 1e9;
    let all_streams =
        |figure: u64, iteration: &Iteration| figure as f64 * f64::from(iteration.streams);
    let rows: Vec<f64> = counted(cell, lane)
        .map(|it| all_streams(it.rows, it))
        .collect();
    let arrow: Vec<f64> = counted(cell, lane)
        .map(|it| all_streams(it.arrow_bytes, it))
        .collect();
    Some(Summary {
        median_ns,
        ci_low_ns: interval.map(|interval| interval.low),
        ci_high_ns: interval.map(|interval| interval.high),
        confidence: interval.map(|interval| interval.confidence),
        iterations: elapsed.len() as u32,
        rows_per_s: median(&rows)? / seconds,
        arrow_bytes_per_s: median(&arrow)? / seconds,
        requested_bytes_per_s: median(&of(|iteration| iteration.requested_bytes as f64))? / seconds,
        ledger: match lane {
            // It reads what the lane `end_to_end` did, and makes nothing of it.
            Lane::Storage => None,
            Lane::EndToEnd | Lane::Compute => ledger(cell, lane),
        },
        stream_ns: stream_ns(cell, lane),
    })
}

fn ledger(cell: &CellRecord, lane: Lane) -> Option<Ledger> {
    let of = |figure: fn(&Iteration) -> u64| {
        let values: Vec<f64> = counted(cell, lane).map(|it| figure(it) as f64).collect();
        median(&values).map(|value| value.round() as u64)
    };
    let device: Option<Vec<f64>> = counted(cell, lane)
        .map(|iteration| iteration.device_read_bytes.map(|bytes| bytes as f64))
        .collect();
    let device_read_bytes = device
        .and_then(|device| median(&device))
        .map(|bytes| bytes.round() as u64);
    let past_the_cache = counted(cell, lane)
        .all(|it| matches!(it.cache.state, CacheState::Cold | CacheState::Direct));
    let requested_bytes = of(|it| it.requested_bytes)?;
    let engine_data_bytes = of(|it| it.engine_data_bytes)?;
    let moved = match device_read_bytes {
        Some(bytes) if past_the_cache => bytes,
        _ => requested_bytes,
    };
    let all_streams = |figure: fn(&Iteration) -> u64| {
        let values: Vec<f64> = counted(cell, lane)
            .map(|it| figure(it) as f64 * f64::from(it.streams))
            .collect();
        median(&values).map(|value| value.round() as u64)
    };
    Some(Ledger {
        arrow_bytes: all_streams(|it| it.arrow_bytes)?,
        chunk_encoded_bytes: all_streams(|it| it.chunk_encoded_bytes)?,
        chunk_compressed_bytes: all_streams(|it| it.chunk_compressed_bytes)?,
        engine_data_bytes,
        engine_metadata_bytes: of(|it| it.engine_metadata_bytes)?,
        requested_bytes,
        device_read_bytes,
        over_read_ratio: (engine_data_bytes > 0).then(|| moved as f64 / engine_data_bytes as f64),
    })
}

/// Nearest ranks of the times of all copies of a query.
fn stream_ns(cell: &CellRecord, lane: Lane) -> Option<Percentiles> {
    let mut times: Vec<u64> = counted(cell, lane)
        .flat_map(|iteration| iteration.stream_elapsed_ns.iter().copied())
        .collect();
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    let at =
        |share: f64| times[((times.len() as f64 * share).ceil() as usize).clamp(1, last + 1) - 1];
    Some(Percentiles {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: times[last],
    })
}

/// Every cell with the baseline of its scenario, the controls among them.
fn pairs(cells: &[CellRecord]) -> impl Iterator<Item = (&CellRecord, &CellRecord)> {
    let mut baselines: BTreeMap<&str, &CellRecord> = BTreeMap::new();
    cells.iter().filter_map(move |candidate| {
        let baseline = *baselines.entry(&candidate.scenario).or_insert(candidate);
        (!std::ptr::eq(baseline, candidate)).then_some((baseline, candidate))
    })
}

/// Two cells in one lane.
struct Pair<'a> {
    baseline: &'a CellRecord,
    candidate: &'a CellRecord,
    lane: Lane,
    /// Of the ratio candidate / baseline.
    estimate: Option<Estimate>,
    pairs: usize,
    p: Option<f64>,
    p_adjusted: Option<f64>,
}

/// The pairs that are, or are not, those of a control, in all of their lanes.
fn compared(cells: &[CellRecord], control: bool) -> Vec<Pair<'_>> {
    let mut compared = Vec::new();
    let wanted = pairs(cells).filter(|(_, candidate)| candidate.control.is_some() == control);
    for (baseline, candidate) in wanted {
        for lane in &lanes(baseline) | &lanes(candidate) {
            let log_ratios = paired_log_ratios(baseline, candidate, lane);
            let (estimate, p) = ratio_of(&log_ratios);
            compared.push(Pair {
                baseline,
                candidate,
                lane,
                estimate,
                pairs: log_ratios.len(),
                p,
                p_adjusted: None,
            });
        }
    }
    let p: Vec<Option<f64>> = compared.iter().map(|pair| pair.p).collect();
    for (pair, adjusted) in compared.iter_mut().zip(adjusted(&p)) {
        pair.p_adjusted = adjusted;
    }
    compared
}

/// Each p by Holm's method. What came to nothing is not compared, and makes no other comparison harder.
pub(super) fn adjusted(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let found: Vec<f64> = p.iter().flatten().copied().collect();
    let mut adjusted = holm(&found).into_iter();
    p.iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}

fn noise(record: &RunRecord) -> Vec<Noise> {
    let pairs = compared(&record.cells, true).into_iter();
    let noise = pairs.filter_map(|pair| {
        let estimate = pair.estimate?;
        let interval = estimate.interval?;
        Some(Noise {
            scenario: pair.candidate.scenario.clone(),
            lane: pair.lane,
            kind: pair.candidate.control?,
            ratio: estimate.value,
            ci_low: interval.low,
            ci_high: interval.high,
            confidence: interval.confidence,
            pairs: pair.pairs as u32,
            verdict: verdict(
                pair.estimate,
                pair.pairs,
                pair.p_adjusted,
                None,
                record.effect,
            ),
        })
    });
    noise.collect()
}

fn comparisons(record: &RunRecord) -> Vec<Comparison> {
    let pairs = compared(&record.cells, false);
    let family = pairs.iter().filter(|pair| pair.p.is_some()).count() as u32;
    let comparisons = pairs.into_iter().map(|pair| {
        let interval = pair.estimate.and_then(|estimate| estimate.interval);
        let noise = record
            .noise
            .iter()
            .find(|noise| noise.scenario == pair.candidate.scenario && noise.lane == pair.lane);
        Comparison {
            scenario: pair.candidate.scenario.clone(),
            lane: pair.lane,
            metric: METRIC.to_owned(),
            baseline: pair.baseline.id.clone(),
            candidate: pair.candidate.id.clone(),
            ratio: pair.estimate.map(|estimate| estimate.value),
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            confidence: interval.map_or(CONFIDENCE, |interval| interval.confidence),
            method: METHOD.to_owned(),
            pairs: pair.pairs as u32,
            p: pair.p,
            p_adjusted: pair.p_adjusted,
            family,
            verdict: verdict(
                pair.estimate,
                pair.pairs,
                pair.p_adjusted,
                noise.map(|noise| (noise.ci_low, noise.ci_high)),
                record.effect,
            ),
        }
    });
    comparisons.collect()
}

/// ln(control / baseline) of each round and scenario, in the lane `end_to_end`.
pub fn control_log_ratios(record: &RunRecord) -> Vec<f64> {
    pairs(&record.cells)
        .filter(|(_, candidate)| candidate.control.is_some())
        .flat_map(|(baseline, control)| paired_log_ratios(baseline, control, Lane::EndToEnd))
        .collect()
}

/// ln(candidate / baseline) of each round in which both were measured.
fn paired_log_ratios(baseline: &CellRecord, candidate: &CellRecord, lane: Lane) -> Vec<f64> {
    paired(&log_times(baseline, lane), &log_times(candidate, lane))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::record::ControlKind;
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
        let estimate = Some(Estimate {
            value: (low * high).sqrt(),
            interval: Some(Interval {
                low,
                high,
                confidence: 0.99,
            }),
        });
        assert_eq!(verdict(estimate, pairs, Some(0.001), None, 0.01), told);
        if matches!(told, Verdict::Faster | Verdict::Slower) {
            let tried_often = verdict(estimate, pairs, Some(0.011), None, 0.01);
            assert_eq!(tried_often, Verdict::Inconclusive);
            let noise = (low, high);
            let as_noise_does = verdict(estimate, pairs, Some(0.001), Some(noise), 0.01);
            assert_eq!(as_noise_does, Verdict::Inconclusive);
            let noise = (0.999, 1.001);
            assert_eq!(
                verdict(estimate, pairs, Some(0.001), Some(noise), 0.01),
                told
            );
            assert_eq!(
                verdict(estimate, pairs, Some(0.001), None, 0.5),
                Verdict::Tie
            );
        }
    }

    #[test]
    fn without_an_interval_nothing_is_told() {
        let told = verdict(None, 100, Some(0.0), None, 0.01);
        assert_eq!(told, Verdict::Inconclusive);
    }

    #[rstest]
    #[case(0, 8)]
    #[case(1, 8)]
    #[case(5, 10)]
    #[case(24, 13)]
    #[case(1000, 18)]
    fn rounds_needed_for_a_verdict(#[case] comparisons: usize, #[case] rounds: u32) {
        assert_eq!(rounds_for(comparisons), rounds);
        let p = 2.0 / f64::from(1 << rounds) * comparisons as f64;
        assert!(p <= 0.01, "{p}");
    }

    /// A scenario of two cells, and the control of the first.
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
            base.map(|(round, time)| (*time as f64 * share) as u64 + round as u64)
                .collect()
        };
        let found = with_control(&base, &times(1.03), &times(1.02));
        assert_eq!(found.comparisons.len(), 1);
        assert_eq!(found.comparisons[0].candidate, "scan/b");
        let noise = &found.noise[0];
        assert!(
            (noise.ratio - 1.03).abs() < 0.001 && noise.verdict == Verdict::Slower,
            "{noise:?}"
        );
        // 2 % are beyond the interval of 3 %, which is narrow, on the near side of it.
        assert_eq!(found.comparisons[0].verdict, Verdict::Slower);
        let found = with_control(&base, &times(1.02), &times(1.02));
        assert_eq!(found.comparisons[0].verdict, Verdict::Inconclusive);
        assert!(found.comparisons[0].p.unwrap() < 0.001);
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
                .all(|it| it.verdict == Verdict::Faster && it.family == 5)
        );
        let many = run(6, 10);
        assert!(
            many.iter()
                .all(|it| it.verdict == Verdict::Inconclusive && it.family == 6)
        );
        assert!(many[0].p_adjusted.unwrap() > many[0].p.unwrap());
        assert!(run(6, 11).iter().all(|it| it.verdict == Verdict::Faster));
    }

    #[test]
    fn the_widest_interval_is_that_of_the_comparisons_or_else_of_the_medians() {
        let steady = vec![1000; 10];
        let shaky: Vec<u64> = (0..10).map(|round| 1000 + round * 20).collect();
        let mut record = record();
        record.cells = vec![cell("scan", "a", rounds(&shaky))];
        assert!((widest_interval(&record).unwrap() - 0.18).abs() < 1e-9);
        record.cells = vec![
            cell("scan", "a", rounds(&steady)),
            cell("scan", "b", rounds(&steady)),
        ];
        assert_eq!(widest_interval(&record), Some(0.0));
        record.cells[1] = cell("scan", "b", rounds(&shaky));
        assert!(widest_interval(&record).unwrap() > 0.1);
        record.cells[1].iterations.truncate(7);
        assert_eq!(widest_interval(&record), None);
        record.cells[1].iterations.clear();
        assert_eq!(widest_interval(&record), None);
    }

    #[test]
    fn the_ledger_says_where_the_bytes_went() {
        let mut record = record();
        let mut iterations = rounds(&[1000; 9]);
        record.cells = vec![cell("scan", "a", iterations.clone())];
        summarise(&mut record);
        let ledger = record.cells[0].summary["end_to_end"].ledger.unwrap();
        assert_eq!(
            (ledger.chunk_encoded_bytes, ledger.requested_bytes),
            (7_000, 4_000)
        );
        assert_eq!(ledger.over_read_ratio, Some(4_000.0 / 3_500.0));
        for iteration in &mut iterations {
            iteration.cache.state = CacheState::Cold;
            iteration.device_read_bytes = Some(7_000);
        }
        record.cells = vec![cell("scan", "a", iterations)];
        summarise(&mut record);
        let ledger = record.cells[0].summary["end_to_end"].ledger.unwrap();
        assert_eq!(
            (ledger.device_read_bytes, ledger.over_read_ratio),
            (Some(7_000), Some(2.0))
        );
    }

    #[test]
    fn several_streams_give_their_rows_together_and_their_times_apart() {
        let mut record = record();
        let mut iterations = rounds(&[1_000_000_000; 9]);
        for iteration in &mut iterations {
            iteration.streams = 4;
            iteration.stream_elapsed_ns = vec![10, 20, 30, 1_000];
        }
        record.cells = vec![cell("scan", "a", iterations)];
        summarise(&mut record);
        let summary = &record.cells[0].summary["end_to_end"];
        assert_eq!(summary.rows_per_s, 4_000.0);
        let tail = summary.stream_ns.unwrap();
        assert_eq!(
            (tail.p50, tail.p90, tail.p99, tail.max),
            (20, 1_000, 1_000, 1_000)
        );
    }
}
