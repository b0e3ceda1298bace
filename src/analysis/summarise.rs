//! Everything that a record derives from its iterations and profiles.

use super::ceilings::ceilings;
use super::comparison::{comparisons, noise};
use super::conclude::{conclusions, confidence};
use super::findings::findings;
use super::measured::lanes;
use super::overall::overall;
use super::prediction::Predictions;
use super::ranking::ranked;
use super::scaling::scaling;
use super::summary::summary;
use super::uncertainty::OfTimes;
use crate::record::RunRecord;

/// Derives every cell's `summary` and the record's `comparisons`, `noise`, `lane_noise`,
/// `ceilings`, `findings`, `overall`, `scaling`, `standings`, `rankings`, `confidence`,
/// `conclusions`, `break_even` and `prediction_checks` from the iterations and profiles. They
/// replace those that were there, so that a run that has just ended and an old record have the
/// same. Returns the curves that the predictions rest on, which a record does not keep.
///
/// Only measured iterations that are `ok` count. The baseline of a scenario is the first of its
/// cells. Every other cell is compared with it, by the rounds that both have.
pub fn summarise(record: &mut RunRecord) -> Predictions {
    summarise_measured(record);
    let predictions = Predictions::of(record);
    record.break_even = predictions.break_even();
    record.prediction_checks = predictions.checks().to_vec();
    predictions
}

/// [`summarise`] without predictions, which take time. The record keeps those that it has.
pub fn summarise_measured(record: &mut RunRecord) {
    for cell in &mut record.cells {
        cell.summary = lanes(cell)
            .into_iter()
            .filter_map(|lane| Some((lane, summary(cell, lane)?)))
            .collect();
    }
    let uncertainty = OfTimes::of(record);
    record.lane_noise = uncertainty.told();
    record.noise = noise(record, &uncertainty);
    record.comparisons = comparisons(record, &uncertainty);
    record.ceilings = ceilings(&record.cells);
    record.findings = findings(record);
    record.overall = overall(record, &uncertainty);
    record.scaling = scaling(record);
    (record.standings, record.rankings) = ranked(record);
    record.confidence = confidence(record);
    record.conclusions = conclusions(record);
}
