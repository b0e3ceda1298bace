//! What the numbers rest on, and what to be wary of.

use std::collections::BTreeMap;

use crate::record::{Iteration, RunRecord, Status};
use crate::statistics::{CONFIDENCE, MINIMUM_PAIRS, SMALLEST_EFFECT};
use crate::units;

use super::page::{Cell, Scenario};
use super::text;

pub(super) fn notes(record: &RunRecord, scenarios: &[Scenario]) -> Vec<String> {
    let cells = || scenarios.iter().flat_map(|scenario| &scenario.cells);
    let mut notes = Vec::new();
    notes.extend(method_of_times(
        &cells().flat_map(Cell::counted).collect::<Vec<_>>(),
    ));
    notes.extend(method_of_ratios(cells()));
    notes.extend(cells().flat_map(failed_expectations));
    notes.extend(cells().flat_map(lost_iterations));
    notes.extend(
        record
            .warnings
            .iter()
            .map(|warning| format!("warning: {}", text::visible(warning))),
    );
    notes
}

fn method_of_times(counted: &[&Iteration]) -> Option<String> {
    if counted.is_empty() {
        return None;
    }
    let attested: Option<Vec<f64>> = counted
        .iter()
        .map(|iteration| iteration.cache.resident_ratio_before)
        .collect();
    let least = attested.and_then(|ratios| ratios.into_iter().min_by(f64::total_cmp));
    let share = least.map(|least| match least {
        1.0.. => "all pages".to_owned(),
        // Rounded down, as it is a bound.
        _ => {
            let bound = units::percent((least * 1000.0).floor() / 1000.0);
            format!("at least {bound} of the pages")
        }
    });
    let residency = share.map(|share| {
        format!(
            ", with {share} of the tables' files found in the client's page cache before each (99 % are required)"
        )
    });
    let residency = residency.unwrap_or_default();
    Some(format!(
        "time: median of the measured iterations of a variant, planning excluded{residency}; interval from order \
         statistics at {}. Throughputs are counted rows and bytes over the median time.",
        confidence()
    ))
}

fn method_of_ratios<'a>(cells: impl Iterator<Item = &'a Cell<'a>>) -> Option<String> {
    let pairs: Vec<u32> = cells
        .filter_map(|cell| cell.comparison)
        .map(|comparison| comparison.pairs)
        .collect();
    let (fewest, most) = (pairs.iter().min()?, pairs.iter().max()?);
    let rounds = if fewest == most {
        format!("{most}")
    } else {
        format!("{fewest} to {most}")
    };
    Some(format!(
        "time ratio: variant over baseline, below 1 is faster; Hodges-Lehmann estimate of the log ratios paired within \
         {rounds} rounds, interval by Wilcoxon's signed-rank test at {}. A tie is an interval within {} of 1; \
         inconclusive is one that neither is nor excludes 1, or fewer than {MINIMUM_PAIRS} pairs. Variants are compared \
         with the baseline, not with each other.",
        confidence(),
        whole_percent(SMALLEST_EFFECT)
    ))
}

fn confidence() -> String {
    whole_percent(CONFIDENCE)
}

fn whole_percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn failed_expectations(cell: &Cell) -> Vec<String> {
    let failed = cell
        .record
        .expectations
        .iter()
        .filter(|expectation| !expectation.passed);
    let told = failed.map(|expectation| {
        format!(
            "failed expectation: {}, {}: {}: expected {}, found {}",
            text::name(&cell.record.scenario),
            cell.name(),
            text::visible(&expectation.name),
            text::visible(&expectation.expected),
            text::visible(&expectation.found)
        )
    });
    told.collect()
}

/// Iterations that do not count, warm-ups included, by what became of them and why.
fn lost_iterations(cell: &Cell) -> Vec<String> {
    let mut reasons: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for iteration in &cell.record.iterations {
        let word = match iteration.status {
            Status::Ok => continue,
            Status::Void => "void",
            Status::Failed => "failed",
        };
        *reasons
            .entry((
                word,
                iteration.reason.as_deref().unwrap_or("no reason was kept"),
            ))
            .or_default() += 1;
    }
    let iterations = cell.record.iterations.len();
    let told = reasons.into_iter().map(|((word, reason), count)| {
        format!(
            "{word} iterations: {}, {}: {count} of {iterations}, warm-ups included: {}",
            text::name(&cell.record.scenario),
            cell.name(),
            text::visible(reason)
        )
    });
    told.collect()
}
