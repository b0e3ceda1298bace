//! Comparisons of each cell with the baseline of its scenario, and the effect of noise alone on the
//! baseline.

use super::measured::{lanes, with_baselines};
use super::ranking;
use super::series::{log_times, paired};
use super::uncertainty::OfTimes;
use super::verdict::{Ratio, adjusted, largest};
use crate::record::{
    CellRecord, Comparison, Contrast, Kind, Lane, Noise, RunRecord, Status, Verdict,
};
use crate::statistics::CONFIDENCE;

const METRIC: &str = "elapsed_ns";
const METHOD: &str = "hodges_lehmann_of_paired_log_ratios_with_wilcoxon_interval";

/// ln(candidate / baseline) of each round in which both were measured.
pub(super) fn paired_log_ratios(
    baseline: &CellRecord,
    candidate: &CellRecord,
    lane: Lane,
) -> Vec<f64> {
    paired(&log_times(baseline, lane), &log_times(candidate, lane))
}

/// Number of comparisons that a run of these cells makes at once in so many lanes: those of
/// variants with the baseline, or those of all variants in a ranking, whichever are more.
pub fn family(record: &RunRecord, lanes: usize) -> usize {
    let compared =
        with_baselines(&record.cells).filter(|(_, candidate)| candidate.control.is_none());
    let first = record.cells.first().map(|cell| cell.scenario.as_str());
    let of_first = record
        .cells
        .iter()
        .filter(|cell| Some(cell.scenario.as_str()) == first && cell.control.is_none());
    (compared.count() * lanes).max(ranking::family(of_first.count()))
}

/// ln(control / baseline) of each round and scenario, in the lane `end_to_end`.
pub fn control_log_ratios(record: &RunRecord) -> Vec<f64> {
    with_baselines(&record.cells)
        .filter(|(_, candidate)| candidate.control.is_some())
        .flat_map(|(baseline, control)| paired_log_ratios(baseline, control, Lane::EndToEnd))
        .collect()
}

/// Two cells that are compared in one lane.
struct CellPair<'a> {
    baseline: &'a CellRecord,
    candidate: &'a CellRecord,
    lane: Lane,
    ratio: Ratio,
    p_adjusted: Option<f64>,
}

/// Pairs of a cell and its baseline in all of their lanes: those of controls if `control` is true,
/// or else all others.
fn compared<'a>(record: &'a RunRecord, control: bool, uncertainty: &OfTimes) -> Vec<CellPair<'a>> {
    let mut compared = Vec::new();
    let wanted = with_baselines(&record.cells)
        .filter(|(_, candidate)| candidate.control.is_some() == control);
    for (baseline, candidate) in wanted {
        for lane in &lanes(baseline) | &lanes(candidate) {
            compared.push(CellPair {
                baseline,
                candidate,
                lane,
                ratio: Ratio::of_paired(
                    &paired_log_ratios(baseline, candidate, lane),
                    &uncertainty.between(baseline, candidate, lane),
                ),
                p_adjusted: None,
            });
        }
    }
    let ratios: Vec<Option<&Ratio>> = compared.iter().map(|pair| Some(&pair.ratio)).collect();
    let adjusted = adjusted(&ratios);
    for (pair, p_adjusted) in compared.iter_mut().zip(adjusted) {
        pair.p_adjusted = p_adjusted;
    }
    compared
}

/// Verdict on two cells that have no common round because iterations failed or are void.
fn without_rounds(pair: &CellPair) -> Option<Verdict> {
    let measured = [pair.baseline, pair.candidate]
        .into_iter()
        .flat_map(|cell| {
            let iterations = cell.iterations.iter().filter(|it| it.lane == pair.lane);
            iterations.filter(|it| it.kind == Kind::Measured)
        });
    let mut states = measured.map(|it| it.status).filter(|it| *it != Status::Ok);
    match pair.ratio.pairs {
        0 if states.clone().any(|it| it == Status::Failed) => Some(Verdict::Failed),
        0 if states.next().is_some() => Some(Verdict::Void),
        _ => None,
    }
}

/// Each control over its baseline, if there are enough rounds for an interval.
pub(super) fn noise(record: &RunRecord, uncertainty: &OfTimes) -> Vec<Noise> {
    let pairs = compared(record, true, uncertainty).into_iter();
    let noise = pairs.filter_map(|pair| {
        let interval = pair.ratio.estimate?.interval?;
        Some(Noise {
            scenario: pair.candidate.scenario.clone(),
            lane: pair.lane,
            cell: Some(pair.candidate.id.clone()),
            kind: pair.candidate.control?,
            contrast: Contrast {
                p: None,
                p_adjusted: None,
                doubt: None,
                ..pair.ratio.judged(pair.p_adjusted, None, record.effect)
            },
            confidence: interval.confidence,
        })
    });
    noise.collect()
}

/// Each cell except controls over the baseline of its scenario, judged with the record's `noise`.
pub(super) fn comparisons(record: &RunRecord, uncertainty: &OfTimes) -> Vec<Comparison> {
    let pairs = compared(record, false, uncertainty);
    let family = pairs
        .iter()
        .filter(|pair| pair.ratio.p_of_rounds.is_some())
        .count() as u32;
    let comparisons = pairs.into_iter().map(|pair| {
        let interval = pair.ratio.estimate.and_then(|estimate| estimate.interval);
        let controls = record
            .noise
            .iter()
            .filter(|noise| noise.scenario == pair.candidate.scenario && noise.lane == pair.lane);
        let noise = largest(controls.filter_map(|noise| noise.contrast.interval()));
        let contrast = pair.ratio.judged(pair.p_adjusted, noise, record.effect);
        Comparison {
            scenario: pair.candidate.scenario.clone(),
            lane: pair.lane,
            metric: METRIC.to_owned(),
            baseline: pair.baseline.id.clone(),
            candidate: pair.candidate.id.clone(),
            contrast: match without_rounds(&pair) {
                Some(verdict) => Contrast {
                    verdict,
                    doubt: None,
                    ..contrast
                },
                None => contrast,
            },
            confidence: interval.map_or(CONFIDENCE, |interval| interval.confidence),
            method: METHOD.to_owned(),
            family,
        }
    });
    comparisons.collect()
}
