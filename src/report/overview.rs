//! Costs of each variant over all scenarios.

use crate::analysis::{Common, OverBaseline};
use crate::record::{Lane, RunRecord, Standing};
use crate::units;

use super::table::{Head, Table};
use super::text;
use super::words::{ABSENT, MOST_VARIANTS_NAMED, ratio_with_interval};

/// Sentence on variants and scenarios that figures over all scenarios leave out.
pub(super) fn left_out(record: &RunRecord) -> Option<String> {
    let common = Common::of(record, Lane::EndToEnd);
    let mut parts = Vec::new();
    if !common.variants_left_out.is_empty() {
        let names: Vec<String> = common
            .variants_left_out
            .iter()
            .map(|it| text::quoted(it))
            .collect();
        parts.push(format!(
            "without {}, measured in no scenario",
            text::listed(&names, MOST_VARIANTS_NAMED)
        ));
    }
    if let Some((scenario, variant)) = common.scenarios_left_out.first() {
        let (of, left_out) = (common.scenarios.len(), common.scenarios_left_out.len());
        let more = match left_out {
            1 => String::new(),
            2 => "; another one is left out, too".to_owned(),
            _ => format!("; {} others are left out, too", left_out - 1),
        };
        parts.push(format!(
            "over {of} of {} scenarios, as {} was not measured on {}{more}",
            of + left_out,
            text::quoted(scenario),
            text::quoted(variant)
        ));
    }
    (!parts.is_empty()).then(|| format!("All scenarios together: {}.", parts.join("; ")))
}

/// Sentence on the variants that no other one dominates.
pub(super) fn front(record: &RunRecord) -> Option<String> {
    let standings = &record.standings;
    let on_front = |standing: &&Standing| standing.dominated_by.is_empty();
    let names: Vec<String> = standings
        .iter()
        .filter(on_front)
        .map(|standing| text::quoted(&standing.variant))
        .collect();
    match names.len() {
        0 => None,
        all if all == standings.len() => Some(
            "No variant is dominated by another one in time, CPU time and file size.".to_owned(),
        ),
        _ => Some(format!(
            "On the Pareto front of time, CPU time and file size: {}.",
            names.join(", ")
        )),
    }
}

const HEADS: [Head; 9] = [
    Head::text("variant"),
    Head::number("file size").dispensable(4),
    Head::number("time of a query,\ngeometric mean"),
    Head::number("time ratio\n[interval]"),
    Head::text("verdict"),
    Head::number("CPU time").dispensable(3),
    Head::number("peak\nmemory").dispensable(2),
    Head::number("time to\nwrite").dispensable(1),
    Head::text("dominated\nby").dispensable(0),
];

/// A row per variant, over all scenarios. `None` if nothing is ranked.
pub(super) fn overview(record: &RunRecord) -> Option<Table> {
    let over_baseline = OverBaseline::of(record);
    let baseline = over_baseline.baseline()?;
    let scenarios = record.overall.iter().map(|it| it.scenarios).max();
    let heads: Vec<Head> = HEADS.to_vec();
    let rows = record.standings.iter().map(|standing| {
        let contrast = over_baseline.contrast(&standing.variant);
        let is_baseline = standing.variant == baseline.variant;
        let absent = || ABSENT.to_owned();
        let known = contrast.filter(|contrast| contrast.interval().is_some());
        let time_ratio = match known.and_then(ratio_with_interval) {
            _ if is_baseline => "baseline".to_owned(),
            Some(ratio) => ratio,
            None => units::ratio(standing.time_ns / baseline.time_ns),
        };
        let dominated_by: Vec<String> = standing
            .dominated_by
            .iter()
            .map(|name| text::name(name))
            .collect();
        vec![
            text::name(&standing.variant).into(),
            units::bytes(standing.file_bytes).into(),
            units::duration_ns(standing.time_ns).into(),
            time_ratio.into(),
            match contrast {
                Some(contrast) => contrast.verdict.into(),
                None => absent().into(),
            },
            units::duration_ns(standing.cpu_ns).into(),
            standing
                .peak_memory_bytes
                .map_or_else(absent, units::bytes)
                .into(),
            standing
                .write_ns
                .map_or_else(absent, |time| units::duration_ns(time as f64))
                .into(),
            match dominated_by.is_empty() {
                true => absent().into(),
                false => dominated_by.join(", ").into(),
            },
        ]
    });
    let rows: Vec<_> = rows.collect();
    // A single scenario has no means, but a table of its own.
    scenarios.map(|scenarios| Table {
        title: "all scenarios".to_owned(),
        description: Some(format!(
            "geometric means over {scenarios}: the time is the median of the rounds, the ratio that within rounds; \
             what differs by less than {} counts as equal; memory and time to write were looked at once",
            units::percent(record.effect)
        )),
        heads,
        rows,
    })
}
