//! Bytes that queries read, where these explain their times.

use crate::record::{Scan, Verdict};
use crate::statistics::median;
use crate::units;

use super::super::scenario::{Cell, Scenario};
use super::super::text;

/// Share of the baseline's bytes below which a variant is said to read less.
const LESS: f64 = 0.8;

/// Bytes that a query requests per execution: the median over its iterations.
pub(super) fn requested_bytes(cell: &Cell) -> Option<u64> {
    let bytes: Vec<f64> = cell
        .counted()
        .map(|it| it.figures.requested_bytes as f64)
        .collect();
    median(&bytes).map(|bytes| bytes as u64)
}

/// Number of parts of tables that the engine left out, by a figure of its scans: the median over
/// the iterations.
fn pruned(cell: &Cell, figure: impl Fn(&Scan) -> u64) -> u64 {
    let of_iterations: Vec<f64> = cell
        .counted()
        .map(|it| it.scans.iter().map(&figure).sum::<u64>() as f64)
        .collect();
    median(&of_iterations).unwrap_or(0.0) as u64
}

fn metric(scan: &Scan, name: &str) -> u64 {
    scan.metrics.get(name).copied().unwrap_or(0)
}

/// Means by which a query reads less, the finest first: the metric that counts them, and their
/// words.
const MEANS: [(&str, &str); 4] = [
    (
        "page_index_pages_pruned_pruned",
        "pages skipped by the page index",
    ),
    (
        "row_groups_pruned_bloom_filter_pruned",
        "row groups skipped by bloom filters",
    ),
    (
        "row_groups_pruned_statistics_pruned",
        "row groups skipped by their statistics",
    ),
    (
        "pushdown_rows_pruned",
        "rows left out by a filter before other columns are decoded",
    ),
];

/// Pages that the page index skipped, per execution.
pub(super) fn pages_pruned(cell: &Cell) -> u64 {
    pruned(cell, |scan| metric(scan, MEANS[0].0))
}

/// Rows that the page index or a pushed filter skipped, per execution.
pub(super) fn rows_pruned(cell: &Cell) -> u64 {
    pruned(cell, |scan| {
        metric(scan, "page_index_rows_pruned_pruned") + metric(scan, "pushdown_rows_pruned")
    })
}

/// Reason why a variant is faster, from the scenario in which it reads the smallest share of the
/// baseline's bytes. `None` if its bytes are no reason.
pub(super) fn reason(scenarios: &[Scenario], variant: &str) -> Option<String> {
    let shares = scenarios.iter().filter_map(|scenario| {
        let baseline = scenario.baseline()?;
        let mut cells = scenario.cells.iter().skip(1);
        let cell = cells.find(|it| it.record.variant_name == variant)?;
        let is_faster = cell.comparison?.contrast.verdict == Verdict::Faster;
        let (bytes, of) = (requested_bytes(cell)?, requested_bytes(baseline)?);
        let share = bytes as f64 / of.max(1) as f64;
        (is_faster && share < LESS).then_some((share, scenario, baseline, cell, bytes, of))
    });
    let (_, scenario, baseline, cell, bytes, of) =
        shares.min_by(|(one, ..), (other, ..)| one.total_cmp(other))?;
    let more = |name: &str| {
        let of_cell = |cell: &Cell| pruned(cell, |scan| metric(scan, name));
        of_cell(cell) > of_cell(baseline)
    };
    let files = |cell: &Cell| pruned(cell, |scan| scan.files.saturating_sub(scan.files_read));
    let is_answered = |cell: &Cell| !cell.record.from_statistics.is_empty();
    let mut means = MEANS.iter().filter(|(name, _)| more(name));
    let why = match means.next() {
        _ if is_answered(cell) && !is_answered(baseline) => "answered from statistics",
        Some((_, why)) => why,
        None if files(cell) > files(baseline) => "whole files skipped",
        None if cell.file_bytes < baseline.file_bytes => "its column chunks are smaller",
        // Nothing that was counted shows why.
        None => return None,
    };
    Some(format!(
        "In {} it reads {} instead of {}: {why}.",
        text::quoted(scenario.name),
        units::bytes(bytes),
        units::bytes(of)
    ))
}
