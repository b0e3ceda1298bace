//! Warnings that apply to everything else on a page.

use crate::analysis::{DifferentContent, Disagreement, nan_may_be_pruned};
use crate::record::{CellRecord, RunRecord};
use crate::units;

use super::requests;
use super::scenario::Scenario;
use super::text;

/// Most columns that a caution names.
const MOST_NAMED: usize = 5;

pub(super) fn cautions(record: &RunRecord, scenarios: &[Scenario]) -> Vec<String> {
    let mut cautions = Vec::new();
    if !record.complete {
        let has_any = record.cells.iter().any(|cell| !cell.iterations.is_empty());
        cautions.push(match has_any {
            true => "This run did not come to its end: what follows rests on the rounds that it finished.",
            false => "This run did not come to its end, and finished no execution.",
        }.to_owned());
    }
    cautions.extend(throttled(record));
    cautions.extend(requests::retried(record));
    cautions.extend(record.cells.iter().filter_map(from_statistics));
    for scenario in scenarios {
        cautions.extend(scenario.disagreements.iter().map(disagreement));
        let different = scenario.different_content.as_ref();
        cautions.extend(different.map(|found| different_content(scenario.name, found)));
    }
    let found: Vec<Disagreement> = scenarios
        .iter()
        .flat_map(|it| it.disagreements.iter().cloned())
        .collect();
    if !found.is_empty() {
        cautions.extend(
            nan_may_be_pruned(record, &found).map(|text| format!("What may be behind it: {text}.")),
        );
    }
    let failed = record
        .cells
        .iter()
        .filter(|cell| cell.control.is_none())
        .flat_map(|cell| &cell.expectations)
        .filter(|it| !it.passed)
        .count();
    if failed > 0 {
        cautions.push(format!(
            "Expectations that failed: {failed}; they are listed below."
        ));
    }
    cautions
}

/// Warning that reads were slowed down on purpose, unless the keys of the variants say so.
fn throttled(record: &RunRecord) -> Option<String> {
    let named = |cell: &&CellRecord| {
        cell.variant
            .keys()
            .any(|key| key.starts_with("storage.throttle"))
    };
    let mut cells = record.cells.iter().filter(|cell| !named(cell));
    let throttle = cells.find_map(|cell| cell.engine.as_ref()?.throttle)?;
    let bandwidth = throttle
        .bytes_per_s
        .map(|bytes| units::bytes_per_second(bytes as f64));
    let latency = (throttle.latency_ns > 0).then(|| {
        format!(
            "a latency of {} per request",
            units::duration_ns(throttle.latency_ns as f64)
        )
    });
    let to: Vec<String> = [bandwidth, latency].into_iter().flatten().collect();
    Some(format!(
        "Reads were SLOWED DOWN to {} by storage.throttle: these are not the times of the storage at hand.",
        to.join(" and ")
    ))
}

/// Warning about columns that look free because the engine answers from statistics and does not
/// read them. `None` for controls.
fn from_statistics(cell: &CellRecord) -> Option<String> {
    if cell.control.is_some() {
        return None;
    }
    let named = cell.from_statistics.iter().map(|it| {
        let what = match &it.column {
            Some(column) => text::name(column),
            None => format!("the number of rows of {}", text::name(&it.table)),
        };
        match it.files == it.of_files {
            true => what,
            false => format!(
                "{what} (in {} of {} files)",
                units::count(it.files),
                units::count(it.of_files)
            ),
        }
    });
    let named: Vec<String> = named.collect();
    let shown = match named.len() {
        0 => return None,
        1..=MOST_NAMED => named.join(", "),
        all => format!(
            "{} and {} more",
            named[..MOST_NAMED].join(", "),
            all - MOST_NAMED
        ),
    };
    Some(format!(
        "{} on {}: answered from statistics, and not read: {shown}; they cost nothing here, and would where their values differ.",
        text::name(&cell.scenario),
        text::name(&cell.variant_name)
    ))
}

fn disagreement(found: &Disagreement) -> String {
    let shown = Disagreement {
        scenario: text::name(&found.scenario),
        first_variant: text::name(&found.first_variant),
        second_variant: text::name(&found.second_variant),
        difference: found.difference.clone(),
    };
    format!("RESULTS DISAGREE: {}.", text::visible(&shown.to_string()))
}

fn different_content(scenario: &str, found: &DifferentContent) -> String {
    let read = if found.external {
        "the variants read different files, of which equal rows could not be established"
    } else {
        "the variants read datasets with different rows"
    };
    let (fewest, most) = (
        units::count(found.fewest_rows),
        units::count(found.most_rows),
    );
    let results = match found.results_differ {
        true if fewest == most => {
            format!("their results differ ({most} result rows each, but other checksums)")
        }
        true => format!("their results differ ({fewest} to {most} result rows)"),
        false => format!("their results have {most} rows each and could not be compared further"),
    };
    format!(
        "{}: {read}, and {results}; times are compared all the same, and the run does not require equal results.",
        text::name(scenario)
    )
}
