//! Each cell against the baseline of its scenario, and what noise alone makes of the baseline.

use std::collections::BTreeMap;

use super::measured::lanes;
use super::series::{log_times, paired};
use super::verdict::{Ratio, adjusted};
use crate::record::{CellRecord, Comparison, Contrast, Lane, Noise, RunRecord};
use crate::statistics::CONFIDENCE;

const METRIC: &str = "elapsed_ns";
const METHOD: &str = "hodges_lehmann_of_paired_log_ratios_with_wilcoxon_interval";

/// Every cell with the baseline of its scenario, which is the first of its cells; the controls are
/// among them.
pub(super) fn pairs(cells: &[CellRecord]) -> impl Iterator<Item = (&CellRecord, &CellRecord)> {
    let mut baselines: BTreeMap<&str, &CellRecord> = BTreeMap::new();
    cells.iter().filter_map(move |candidate| {
        let baseline = *baselines.entry(&candidate.scenario).or_insert(candidate);
        (!std::ptr::eq(baseline, candidate)).then_some((baseline, candidate))
    })
}

/// ln(candidate / baseline) of each round in which both were measured.
pub(super) fn paired_log_ratios(
    baseline: &CellRecord,
    candidate: &CellRecord,
    lane: Lane,
) -> Vec<f64> {
    paired(&log_times(baseline, lane), &log_times(candidate, lane))
}

/// Comparisons that a run of these cells makes in so many lanes.
pub fn family(record: &RunRecord, lanes: usize) -> usize {
    pairs(&record.cells)
        .filter(|(_, candidate)| candidate.control.is_none())
        .count()
        * lanes
}

/// ln(control / baseline) of each round and scenario, in the lane `end_to_end`.
pub fn control_log_ratios(record: &RunRecord) -> Vec<f64> {
    pairs(&record.cells)
        .filter(|(_, candidate)| candidate.control.is_some())
        .flat_map(|(baseline, control)| paired_log_ratios(baseline, control, Lane::EndToEnd))
        .collect()
}

/// Two cells in one lane.
struct Pair<'a> {
    baseline: &'a CellRecord,
    candidate: &'a CellRecord,
    lane: Lane,
    ratio: Ratio,
    p_adjusted: Option<f64>,
}

/// Pairs that are, or are not, those of a control, in all of their lanes.
fn compared(cells: &[CellRecord], control: bool) -> Vec<Pair<'_>> {
    let mut compared = Vec::new();
    let wanted = pairs(cells).filter(|(_, candidate)| candidate.control.is_some() == control);
    for (baseline, candidate) in wanted {
        for lane in &lanes(baseline) | &lanes(candidate) {
            compared.push(Pair {
                baseline,
                candidate,
                lane,
                ratio: Ratio::of_paired(&paired_log_ratios(baseline, candidate, lane)),
                p_adjusted: None,
            });
        }
    }
    let p: Vec<Option<f64>> = compared.iter().map(|pair| pair.ratio.p).collect();
    for (pair, adjusted) in compared.iter_mut().zip(adjusted(&p)) {
        pair.p_adjusted = adjusted;
    }
    compared
}

/// Each control over its baseline, where there are enough rounds for an interval.
pub(super) fn noise(record: &RunRecord) -> Vec<Noise> {
    let pairs = compared(&record.cells, true).into_iter();
    let noise = pairs.filter_map(|pair| {
        let interval = pair.ratio.estimate?.interval?;
        Some(Noise {
            scenario: pair.candidate.scenario.clone(),
            lane: pair.lane,
            kind: pair.candidate.control?,
            contrast: Contrast {
                p: None,
                p_adjusted: None,
                ..pair.ratio.judged(pair.p_adjusted, None, record.effect)
            },
            confidence: interval.confidence,
        })
    });
    noise.collect()
}

/// Each cell but the controls over the baseline of its scenario, judged with the record's `noise`.
pub(super) fn comparisons(record: &RunRecord) -> Vec<Comparison> {
    let pairs = compared(&record.cells, false);
    let family = pairs.iter().filter(|pair| pair.ratio.p.is_some()).count() as u32;
    let comparisons = pairs.into_iter().map(|pair| {
        let interval = pair.ratio.estimate.and_then(|estimate| estimate.interval);
        let noise = record
            .noise
            .iter()
            .find(|noise| noise.scenario == pair.candidate.scenario && noise.lane == pair.lane);
        let noise = noise.and_then(|noise| noise.contrast.interval());
        Comparison {
            scenario: pair.candidate.scenario.clone(),
            lane: pair.lane,
            metric: METRIC.to_owned(),
            baseline: pair.baseline.id.clone(),
            candidate: pair.candidate.id.clone(),
            contrast: pair.ratio.judged(pair.p_adjusted, noise, record.effect),
            confidence: interval.map_or(CONFIDENCE, |interval| interval.confidence),
            method: METHOD.to_owned(),
            family,
        }
    });
    comparisons.collect()
}
