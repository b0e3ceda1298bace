//! Measured parts of a record: its counted iterations, lanes, variants and cells.

use std::collections::BTreeSet;

use crate::record::{CellRecord, Iteration, Kind, Lane, RunRecord, Status};

/// Measured iterations of a lane that are `ok`: those that all figures rest on.
pub(super) fn counted(cell: &CellRecord, lane: Lane) -> impl Iterator<Item = &Iteration> {
    cell.iterations.iter().filter(move |iteration| {
        iteration.lane == lane && iteration.kind == Kind::Measured && iteration.status == Status::Ok
    })
}

/// Lanes that a cell was measured in, successfully or not.
pub(super) fn lanes(cell: &CellRecord) -> BTreeSet<Lane> {
    let measured = cell
        .iterations
        .iter()
        .filter(|iteration| iteration.kind == Kind::Measured);
    measured.map(|iteration| iteration.lane).collect()
}

/// Time of an iteration, at least 1 ns: the clock resolves no less, and 0 has no rate and no
/// logarithm.
pub(super) fn elapsed_ns(iteration: &Iteration) -> f64 {
    iteration.figures.elapsed_ns.max(1) as f64
}

/// Names of the variants, the baseline first, in the order of their cells; the control is one of
/// them.
pub(super) fn variants(cells: &[CellRecord]) -> impl Iterator<Item = &str> {
    distinct(cells.iter().map(|cell| cell.variant_name.as_str()))
}

/// Ground of all figures over several scenarios, so that they are of the same ones: variants, but
/// the controls, that were measured in a lane at all, and scenarios in which all of these were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common<'a> {
    /// In the order of their cells, so that the baseline is the first, where it was measured.
    pub variants: Vec<&'a str>,
    pub scenarios: Vec<&'a str>,
    /// Variants that were measured in no scenario, and scenarios with the first variant that was
    /// not measured in them.
    pub variants_left_out: Vec<&'a str>,
    pub scenarios_left_out: Vec<(&'a str, &'a str)>,
}

impl<'a> Common<'a> {
    pub fn of(record: &'a RunRecord, lane: Lane) -> Self {
        let cells = &record.cells;
        let of_variants = cells.iter().filter(|cell| cell.control.is_none());
        let names = distinct(of_variants.map(|cell| cell.variant_name.as_str()));
        let measured = |variant: &str, scenario: &str| {
            cell(cells, variant, scenario).is_some_and(|cell| counted(cell, lane).next().is_some())
        };
        let scenarios: Vec<&str> =
            distinct(cells.iter().map(|cell| cell.scenario.as_str())).collect();
        let (variants, variants_left_out) =
            names.partition(|variant| scenarios.iter().any(|scenario| measured(variant, scenario)));
        let mut common = Common {
            variants,
            variants_left_out,
            ..Common::default()
        };
        for scenario in scenarios {
            let mut variants = common.variants.iter();
            match variants.find(|variant| !measured(variant, scenario)) {
                Some(lacking) => common.scenarios_left_out.push((scenario, lacking)),
                None => common.scenarios.push(scenario),
            }
        }
        common
    }
}

/// Each name once, in the order of first appearance.
pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut seen = BTreeSet::new();
    names.filter(move |name| seen.insert(*name))
}

/// Cell of a variant and a scenario.
pub(super) fn cell<'a>(
    cells: &'a [CellRecord],
    variant: &str,
    scenario: &str,
) -> Option<&'a CellRecord> {
    let is_it = |cell: &&CellRecord| cell.variant_name == variant && cell.scenario == scenario;
    cells.iter().find(is_it)
}
