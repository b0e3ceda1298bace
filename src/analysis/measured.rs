//! Measured parts of a record: its counted iterations, lanes, variants and cells.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{CellRecord, Iteration, Kind, Lane, RunRecord, Status};

/// Measured iterations of a lane that are `ok`. All figures rest on these. If a worker was lost on
/// the way, those with the other number of workers are left out: of the two numbers, the one that
/// has more iterations counts.
pub(super) fn counted(cell: &CellRecord, lane: Lane) -> impl Iterator<Item = &Iteration> {
    let workers = usual_workers(cell, lane);
    ok(cell, lane).filter(move |iteration| Some(iteration.workers.len()) == workers)
}

fn ok(cell: &CellRecord, lane: Lane) -> impl Iterator<Item = &Iteration> {
    cell.iterations.iter().filter(move |iteration| {
        iteration.lane == lane && iteration.kind == Kind::Measured && iteration.status == Status::Ok
    })
}

/// Number of workers that most of these iterations had, the larger one of two that are as frequent.
/// `None` if there are no iterations.
fn usual_workers(cell: &CellRecord, lane: Lane) -> Option<usize> {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    for iteration in ok(cell, lane) {
        *numbers.entry(iteration.workers.len()).or_default() += 1;
    }
    let most = numbers
        .into_iter()
        .max_by_key(|(workers, count)| (*count, *workers));
    most.map(|(workers, _)| workers)
}

/// Number of iterations of a lane that do not count, as a worker was lost.
pub(super) fn with_other_workers(cell: &CellRecord, lane: Lane) -> usize {
    ok(cell, lane).count() - counted(cell, lane).count()
}

/// Lanes in which a cell was measured, successfully or not.
pub(super) fn lanes(cell: &CellRecord) -> BTreeSet<Lane> {
    let measured = cell
        .iterations
        .iter()
        .filter(|iteration| iteration.kind == Kind::Measured);
    measured.map(|iteration| iteration.lane).collect()
}

/// Time of an iteration in nanoseconds, at least 1: the clock resolves no less, and 0 has no rate
/// and no logarithm.
pub(super) fn elapsed_ns(iteration: &Iteration) -> f64 {
    iteration.figures.elapsed_ns.max(1) as f64
}

/// Names of the variants in the order of their cells, the baseline first. Controls are among them.
pub(super) fn variants(cells: &[CellRecord]) -> impl Iterator<Item = &str> {
    distinct(cells.iter().map(|cell| cell.variant_name.as_str()))
}

/// Variants and scenarios that all figures over several scenarios rest on, so that these figures
/// are comparable: variants except controls that were measured in a lane at all, and scenarios in
/// which all of these were measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common<'a> {
    /// Variants in the order of their cells, so that the baseline is the first if it was measured.
    pub variants: Vec<&'a str>,
    pub scenarios: Vec<&'a str>,
    /// Variants that were measured in no scenario, and scenarios, each with the first variant that
    /// was not measured in it.
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

/// Every cell with the cell that it is compared with: the first of its scenario, or for a control
/// the cell that it repeats. The first cells themselves are left out.
pub(super) fn with_baselines(
    cells: &[CellRecord],
) -> impl Iterator<Item = (&CellRecord, &CellRecord)> {
    let mut first: BTreeMap<&str, &CellRecord> = BTreeMap::new();
    cells.iter().filter_map(move |cell| {
        let baseline = *first.entry(&cell.scenario).or_insert(cell);
        let baseline = match cell.control {
            Some(_) => repeated(cells, cell).unwrap_or(baseline),
            None => baseline,
        };
        (!std::ptr::eq(baseline, cell)).then_some((baseline, cell))
    })
}

/// The cell that a control repeats.
pub fn repeated<'a>(cells: &'a [CellRecord], control: &CellRecord) -> Option<&'a CellRecord> {
    let mut others = cells.iter().filter(|it| it.control.is_none());
    others.find(|it| it.scenario == control.scenario && it.variant == control.variant)
}

/// Puts the cells of a variant before all others in their scenarios, so that these are compared
/// with it once the record is summarised again. Returns false if the variant has no cell.
pub fn rebase(record: &mut RunRecord, variant: &str) -> bool {
    let is_it = |cell: &CellRecord| cell.control.is_none() && cell.variant_name == variant;
    let scenarios: Vec<String> = distinct(record.cells.iter().map(|cell| cell.scenario.as_str()))
        .map(str::to_owned)
        .collect();
    let place: BTreeMap<&String, usize> = scenarios.iter().zip(0..).collect();
    let known = record.cells.iter().any(is_it);
    if known {
        record
            .cells
            .sort_by_key(|cell| (place.get(&cell.scenario).copied(), !is_it(cell)));
    }
    known
}

/// Each name once, in the order of first appearance.
pub fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
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
