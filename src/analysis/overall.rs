//! Variants over all scenarios of a run: geometric means of times.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::{adjusted, lanes, verdict};
use super::series::{Series, log_times, mean, paired, ratio_of};
use crate::record::{CellRecord, Lane, Overall, RunRecord};

/// Each variant over the baseline, in each lane, as the geometric mean over the scenarios that both were measured in: the mean of the
/// logarithms within each round, and over the rounds as any comparison. Only where there are several scenarios.
pub(super) fn overall(record: &RunRecord) -> Vec<Overall> {
    let cells = &record.cells;
    let Some(baseline) = cells.first() else {
        return Vec::new();
    };
    let lanes: BTreeSet<Lane> = cells.iter().flat_map(lanes).collect();
    let mut found = Vec::new();
    for lane in lanes.iter().copied() {
        for variant in variants(cells).skip(1) {
            let both = pairs(cells, &baseline.variant_name, variant, lane);
            if both.len() < 2 {
                continue;
            }
            let (first, second): (Vec<Series>, Vec<Series>) = both.into_iter().unzip();
            let log_ratios = paired(&mean(&first), &mean(&second));
            found.push((lane, variant, first.len(), log_ratios));
        }
    }
    let estimates: Vec<_> = found.iter().map(|it| ratio_of(&it.3)).collect();
    let is_control = |variant: &str| {
        let mut named = cells.iter().filter(|cell| cell.variant_name == variant);
        named.any(|cell| cell.control.is_some())
    };
    // The control is no comparison that anyone draws a conclusion from.
    let p: Vec<Option<f64>> = found
        .iter()
        .zip(&estimates)
        .map(|((_, variant, ..), (_, p))| p.filter(|_| !is_control(variant)))
        .collect();
    let adjusted = adjusted(&p);
    let noise = |lane: Lane| {
        let mut controls = found
            .iter()
            .zip(&estimates)
            .filter(|((of, variant, ..), _)| *of == lane && is_control(variant));
        let interval = controls.find_map(|(_, (estimate, _))| estimate.as_ref()?.interval)?;
        Some((interval.low, interval.high))
    };
    let noise: BTreeMap<Lane, (f64, f64)> = lanes
        .into_iter()
        .filter_map(|lane| Some((lane, noise(lane)?)))
        .collect();
    let all = found.into_iter().zip(estimates).zip(adjusted);
    all.map(
        |(((lane, variant, scenarios, log_ratios), (estimate, p)), p_adjusted)| {
            let interval = estimate.and_then(|estimate| estimate.interval);
            let noise = noise.get(&lane).filter(|_| !is_control(variant)).copied();
            Overall {
                lane,
                baseline: baseline.variant_name.clone(),
                candidate: variant.to_owned(),
                scenarios: scenarios as u32,
                ratio: estimate.map(|estimate| estimate.value),
                ci_low: interval.map(|interval| interval.low),
                ci_high: interval.map(|interval| interval.high),
                pairs: log_ratios.len() as u32,
                p,
                p_adjusted,
                verdict: verdict(estimate, log_ratios.len(), p_adjusted, noise, record.effect),
            }
        },
    )
    .collect()
}

/// Names of the variants, the baseline first, in the order of their cells; the control is one of them.
pub(super) fn variants(cells: &[CellRecord]) -> impl Iterator<Item = &str> {
    distinct(cells.iter().map(|cell| cell.variant_name.as_str()))
}

/// Each name once, where it comes first.
pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut seen = BTreeSet::new();
    names.filter(move |name| seen.insert(*name))
}

pub(super) fn cell<'a>(
    cells: &'a [CellRecord],
    variant: &str,
    scenario: &str,
) -> Option<&'a CellRecord> {
    let is_it = |cell: &&CellRecord| cell.variant_name == variant && cell.scenario == scenario;
    cells.iter().find(is_it)
}

/// Times of two variants, of the scenarios that both were measured in.
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

#[cfg(test)]
mod tests {
    use crate::analysis::summarise;
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
            .map(|it| (it.candidate.as_str(), it.scenarios, it.verdict))
            .collect();
        assert_eq!(
            told,
            [("zstd", 3, Verdict::Faster), ("(control)", 3, Verdict::Tie)]
        );
        let zstd = &record.overall[0];
        let expected = (0.5_f64 * 2.0 * 0.5).cbrt();
        assert!(
            (zstd.ratio.unwrap_or(0.0) - expected).abs() < 1e-9,
            "{zstd:?}"
        );
        assert_eq!((zstd.p, zstd.pairs), (zstd.p_adjusted, 12));
    }

    #[test]
    fn one_scenario_has_no_mean() {
        let mut record = crate::record::fixture::codecs();
        summarise(&mut record);
        assert!(record.overall.is_empty());
    }
}
