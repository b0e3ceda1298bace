//! Variants over all scenarios of a run: geometric means of times.

use std::collections::BTreeSet;

use super::measured::{cell, lanes, variants};
use super::series::{Series, log_times, mean, paired};
use super::verdict::{Ratio, adjusted};
use crate::record::{CellRecord, Lane, Overall, RunRecord};

/// A variant over the baseline in one lane.
struct Mean<'a> {
    lane: Lane,
    variant: &'a str,
    /// Scenarios that both were measured in.
    scenarios: usize,
    ratio: Ratio,
}

/// Each variant over the baseline, in each lane, as the geometric mean over the scenarios that both
/// were measured in: the mean of the logarithms within each round, and over the rounds as any
/// comparison. Only where there are several scenarios.
pub(super) fn overall(record: &RunRecord) -> Vec<Overall> {
    let cells = &record.cells;
    let Some(baseline) = cells.first() else {
        return Vec::new();
    };
    let means = means(cells, &baseline.variant_name);
    let is_control = |variant: &str| {
        let mut named = cells.iter().filter(|cell| cell.variant_name == variant);
        named.any(|cell| cell.control.is_some())
    };
    // The control is no comparison that anyone draws a conclusion from.
    let p: Vec<Option<f64>> = means
        .iter()
        .map(|mean| mean.ratio.p.filter(|_| !is_control(mean.variant)))
        .collect();
    let noise = |lane: Lane| {
        let of_lane = means.iter().filter(|mean| mean.lane == lane);
        let mut controls = of_lane.filter(|mean| is_control(mean.variant));
        controls.find_map(|mean| mean.ratio.bounds())
    };
    let overall = means.iter().zip(adjusted(&p)).map(|(mean, p_adjusted)| {
        let noise = noise(mean.lane).filter(|_| !is_control(mean.variant));
        Overall {
            lane: mean.lane,
            baseline: baseline.variant_name.clone(),
            candidate: mean.variant.to_owned(),
            scenarios: mean.scenarios as u32,
            contrast: mean.ratio.judged(p_adjusted, noise, record.effect),
        }
    });
    overall.collect()
}

fn means<'a>(cells: &'a [CellRecord], baseline: &str) -> Vec<Mean<'a>> {
    let lanes: BTreeSet<Lane> = cells.iter().flat_map(lanes).collect();
    let mut means = Vec::new();
    for lane in lanes {
        for variant in variants(cells).skip(1) {
            let both = pairs(cells, baseline, variant, lane);
            if both.len() < 2 {
                continue;
            }
            let (first, second): (Vec<Series>, Vec<Series>) = both.into_iter().unzip();
            means.push(Mean {
                lane,
                variant,
                scenarios: first.len(),
                ratio: Ratio::of_paired(&paired(&mean(&first), &mean(&second))),
            });
        }
    }
    means
}

/// Times of two variants, of each scenario that both were measured in.
fn pairs(cells: &[CellRecord], first: &str, second: &str, lane: Lane) -> Vec<(Series, Series)> {
    let of = |variant: &str, scenario: &str| {
        let times = log_times(cell(cells, variant, scenario)?, lane);
        Some(times).filter(|times| !times.is_empty())
    };
    let scenarios = cells.iter().filter(|cell| cell.variant_name == first);
    scenarios
        .filter_map(|cell| Some((of(first, &cell.scenario)?, of(second, &cell.scenario)?)))
        .collect()
}
