//! Geometric means of the times of variants over all scenarios of a run.

use std::collections::BTreeSet;

use super::measured::{Common, cell, lanes, variants, with_baselines};
use super::series::{Series, log_times, mean, paired};
use super::uncertainty::OfTimes;
use super::verdict::{Ratio, adjusted, largest};
use crate::record::{CellRecord, Contrast, Lane, Overall, RunRecord, Standing};

/// A variant against the baseline in one lane.
struct Mean<'a> {
    lane: Lane,
    /// Variant with which it is compared.
    baseline: &'a str,
    variant: &'a str,
    /// Number of scenarios in which both were measured.
    scenarios: usize,
    ratio: Ratio,
}

/// A variant's time and its interval, both in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedTime {
    pub time_ns: f64,
    /// Low and high. Absent for the baseline, and where there are too few rounds.
    pub interval_ns: Option<(f64, f64)>,
}

/// Times of variants over those of the baseline, end to end: over the scenarios in which all
/// variants were measured, or in the only one of these. Everything that is said of a variant and
/// the baseline takes it from here.
pub struct OverBaseline<'a> {
    record: &'a RunRecord,
    /// The only scenario in which all variants were measured, if it is the only one.
    only: Option<&'a str>,
}

impl<'a> OverBaseline<'a> {
    /// From the record's `comparisons` and `overall`.
    pub fn of(record: &'a RunRecord) -> Self {
        let only = match Common::of(record, Lane::EndToEnd).scenarios.as_slice() {
            &[scenario] => Some(scenario),
            _ => None,
        };
        OverBaseline { record, only }
    }

    /// Standing of the baseline. `None` if it is not ranked.
    pub fn baseline(&self) -> Option<&'a Standing> {
        let mut cells = self.record.cells.iter().filter(|it| it.control.is_none());
        let name = &cells.next()?.variant_name;
        let mut standings = self.record.standings.iter();
        standings.find(|it| it.variant == *name)
    }

    pub fn contrast(&self, variant: &str) -> Option<&'a Contrast> {
        let mut means = self.record.overall.iter();
        let of_means = means.find(|it| it.lane == Lane::EndToEnd && it.candidate == variant);
        if let Some(mean) = of_means {
            return Some(&mean.contrast);
        }
        let candidate = &cell(&self.record.cells, variant, self.only?)?.id;
        let mut comparisons = self.record.comparisons.iter();
        let found =
            comparisons.find(|it| it.lane == Lane::EndToEnd && it.candidate == *candidate)?;
        Some(&found.contrast)
    }

    /// The baseline's time with the variant's ratio, so that the two agree: medians of rounds that
    /// scatter may have another ratio than the rounds themselves. `None` without a ratio.
    pub fn time(&self, variant: &str, baseline_ns: f64) -> Option<PairedTime> {
        let contrast = self.contrast(variant)?;
        Some(PairedTime {
            time_ns: baseline_ns * contrast.ratio?,
            interval_ns: contrast
                .interval()
                .map(|(low, high)| (baseline_ns * low, baseline_ns * high)),
        })
    }
}

/// Each variant over the baseline in each lane, as the geometric mean over the scenarios in which
/// all were measured: logarithms are averaged within each round, and rounds are compared as in any
/// comparison. Empty unless there are several scenarios.
pub(super) fn overall(record: &RunRecord, uncertainty: &OfTimes) -> Vec<Overall> {
    let cells = &record.cells;
    let Some(baseline) = cells.first() else {
        return Vec::new();
    };
    let means = means(record, &baseline.variant_name, uncertainty);
    let is_control = |variant: &str| {
        let mut named = cells.iter().filter(|cell| cell.variant_name == variant);
        named.any(|cell| cell.control.is_some())
    };
    // Nobody draws a conclusion from a control, so that p-values need no adjustment for it.
    let ratios: Vec<Option<&Ratio>> = means
        .iter()
        .map(|mean| Some(&mean.ratio).filter(|_| !is_control(mean.variant)))
        .collect();
    let noise = |lane: Lane| {
        let of_lane = means.iter().filter(|mean| mean.lane == lane);
        let controls = of_lane.filter(|mean| is_control(mean.variant));
        largest(controls.filter_map(|mean| mean.ratio.bounds()))
    };
    let overall = means
        .iter()
        .zip(adjusted(&ratios))
        .map(|(mean, p_adjusted)| {
            let noise = noise(mean.lane).filter(|_| !is_control(mean.variant));
            Overall {
                lane: mean.lane,
                baseline: mean.baseline.to_owned(),
                candidate: mean.variant.to_owned(),
                scenarios: mean.scenarios as u32,
                contrast: mean.ratio.judged(p_adjusted, noise, record.effect),
            }
        });
    overall.collect()
}

fn means<'a>(record: &'a RunRecord, baseline: &'a str, uncertainty: &OfTimes) -> Vec<Mean<'a>> {
    let cells = &record.cells;
    let lanes: BTreeSet<Lane> = cells.iter().flat_map(lanes).collect();
    let mut means = Vec::new();
    for lane in lanes {
        let common = Common::of(record, lane);
        // The bias is known from controls, so that it does not apply to them: they have the
        // datasets of the cells that they repeat.
        let of_variant = |of: &str, variant: &str, scenarios: &[&str]| {
            let of_means = uncertainty.of_means(lane);
            let same_files = scenarios.iter().all(|scenario| {
                let [one, other] = [of, variant].map(|it| cell(cells, it, scenario));
                one.zip(other)
                    .is_some_and(|(one, other)| one.dataset == other.dataset)
            });
            of_means.between(same_files)
        };
        for variant in variants(cells).filter(|it| *it != baseline) {
            let mut compared = with_baselines(cells).filter(|(_, it)| it.variant_name == variant);
            let of = compared.next().map_or(baseline, |(of, _)| &of.variant_name);
            let both = pairs(cells, &common.scenarios, (of, variant), lane);
            if both.len() < 2 {
                continue;
            }
            let (first, second): (Vec<Series>, Vec<Series>) = both.into_iter().unzip();
            means.push(Mean {
                lane,
                baseline: of,
                variant,
                scenarios: first.len(),
                ratio: Ratio::of_paired(
                    &paired(&mean(&first), &mean(&second)),
                    &of_variant(of, variant, &common.scenarios),
                ),
            });
        }
    }
    means
}

/// Times of two variants in each of the scenarios in which both were measured.
fn pairs(
    cells: &[CellRecord],
    scenarios: &[&str],
    (first, second): (&str, &str),
    lane: Lane,
) -> Vec<(Series, Series)> {
    let of = |variant: &str, scenario: &str| {
        let times = log_times(cell(cells, variant, scenario)?, lane);
        Some(times).filter(|times| !times.is_empty())
    };
    let both = |scenario: &&str| Some((of(first, scenario)?, of(second, scenario)?));
    scenarios.iter().filter_map(both).collect()
}
