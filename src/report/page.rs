//! What a record's page says, before it is known how it is drawn. All of its text is visible (see `text`).

use crate::analysis::{DifferentContent, Disagreement, different_content, disagreements};
use crate::record::{
    CacheState, Ceilings, CellRecord, Comparison, Iteration, Kind, Lane, Noise, Preference,
    RunRecord, Status, Summary,
};

use super::answer::answer;
use super::break_even::{break_evens, crossings, prediction_checks};
use super::cautions::cautions;
use super::columns::Column;
use super::notes::notes;
use super::ranking::{overview, recommendation};
use super::table::Table;
use super::text;

pub(super) struct Page {
    /// What everything below has to be read with, such as that the run was interrupted.
    pub(super) cautions: Vec<String>,
    /// Whether it is known that what is compared came to the same results.
    pub(super) results_agree: bool,
    /// A sentence per scenario.
    pub(super) answers: Vec<String>,
    /// Over all that the tables are of.
    pub(super) overview: Option<Table>,
    pub(super) tables: Vec<Table>,
    pub(super) notes: Vec<String>,
}

impl Page {
    pub(super) fn of(record: &RunRecord, details: bool, prefer: Preference) -> Self {
        let scenarios = scenarios(record);
        let agree = scenarios.iter().all(Scenario::results_are_equal);
        let mut answers = Vec::new();
        if agree {
            answers.extend(recommendation(record, prefer));
            answers.extend(break_evens(record));
        }
        answers.extend(scenarios.iter().filter_map(answer));
        let of_scenarios = scenarios.iter().flat_map(|it| it.tables(details));
        let mut tables: Vec<Table> = of_scenarios.collect();
        tables.extend(prediction_checks(record));
        if details {
            tables.extend(crossings(record));
        }
        Self {
            cautions: cautions(record, &scenarios),
            results_agree: agree,
            answers,
            overview: overview(record).filter(|_| agree),
            tables,
            notes: notes(record, &scenarios, details),
        }
    }
}

fn table<'a, 'b: 'a>(
    scenario: &Scenario<'b>,
    description: Option<String>,
    columns: &[Column],
    cells: impl Iterator<Item = &'a Cell<'b>>,
) -> Table {
    let row = |cell: &Cell| {
        columns
            .iter()
            .map(|column| column.text(cell, scenario))
            .collect()
    };
    Table {
        title: text::name(scenario.name),
        description,
        heads: columns.iter().map(|column| column.of_table()).collect(),
        rows: cells.map(row).collect(),
    }
}

/// The cells of one scenario, the baseline first.
pub(super) struct Scenario<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) cells: Vec<Cell<'a>>,
    /// The baseline once more, which shows what noise does.
    pub(super) control: Option<Cell<'a>>,
    pub(super) disagreements: Vec<Disagreement>,
    pub(super) different_content: Option<DifferentContent>,
}

/// A cell, and what belongs to it elsewhere in the record.
pub(super) struct Cell<'a> {
    pub(super) record: &'a CellRecord,
    pub(super) summary: Option<&'a Summary>,
    /// With the baseline; absent for the baseline itself.
    pub(super) comparison: Option<&'a Comparison>,
    /// With the baseline, of the control.
    pub(super) noise: Option<&'a Noise>,
    pub(super) ceilings: Option<&'a Ceilings>,
    /// Comparisons with the baseline in the other lanes.
    pub(super) of_lanes: Vec<&'a Comparison>,
    /// The lane that is told of.
    pub(super) lane: Lane,
    /// Of the tables that it scans; absent where it is unknown.
    pub(super) file_bytes: Option<u64>,
}

pub(super) fn scenarios(record: &RunRecord) -> Vec<Scenario<'_>> {
    let disagreements = disagreements(record);
    let lane = lane(record);
    let mut scenarios: Vec<Scenario> = Vec::new();
    for cell in &record.cells {
        let shown = Cell::of(record, cell, lane);
        match scenarios
            .iter_mut()
            .find(|scenario| scenario.name == cell.scenario)
        {
            Some(scenario) if cell.control.is_some() => scenario.control = Some(shown),
            Some(scenario) => scenario.cells.push(shown),
            None => scenarios.push(Scenario {
                name: &cell.scenario,
                description: cell.description.as_deref(),
                cells: vec![shown],
                control: None,
                disagreements: disagreements
                    .iter()
                    .filter(|it| it.scenario == cell.scenario)
                    .cloned()
                    .collect(),
                different_content: different_content(record, &cell.scenario),
            }),
        }
    }
    scenarios
}

/// The lane that tables are of: the whole, where it was measured.
fn lane(record: &RunRecord) -> Lane {
    let iterations = record.cells.iter().flat_map(|cell| &cell.iterations);
    let first = iterations.map(|iteration| iteration.lane).min();
    first.unwrap_or(Lane::EndToEnd)
}

impl<'a> Scenario<'a> {
    /// What was measured; of the lanes, and of the bytes, where there is more to say or more is wanted.
    pub(super) fn tables(&self, details: bool) -> Vec<Table> {
        let description = self.description.map(text::passage);
        let description = match self.lane() {
            Lane::EndToEnd => description,
            lane => Some(format!(
                "lane {}{}",
                lane.name(),
                description.map_or_else(String::new, |text| format!(": {text}"))
            )),
        };
        let control = self.control.iter();
        let cells = self.cells.iter().chain(control);
        let mut tables = vec![table(self, description, &Column::of(self), cells)];
        let mut more = |what: &str, columns: &[Column]| {
            let cells = self.cells.iter();
            tables.push(table(self, Some(what.to_owned()), columns, cells));
        };
        if self.has_lanes() {
            more(
                "lanes: the whole, its byte ranges alone, and the query with its bytes in memory",
                &Column::LANES,
            );
        }
        if details || self.past_the_cache() {
            more(
                "bytes of one execution, from the result down to the device",
                &Column::LEDGER,
            );
        }
        tables
    }

    /// Whether a cell was measured in several.
    pub(super) fn has_lanes(&self) -> bool {
        let mut cells = self.cells.iter();
        cells.any(|cell| cell.record.summary.len() > 1)
    }

    /// The lane that is told of.
    pub(super) fn lane(&self) -> Lane {
        self.cells.first().map_or(Lane::EndToEnd, |cell| cell.lane)
    }

    /// Whether a cell was read cold, or past the page cache.
    pub(super) fn past_the_cache(&self) -> bool {
        let mut counted = self.cells.iter().flat_map(Cell::counted);
        counted.any(|it| {
            matches!(
                it.figures.cache.state,
                CacheState::Cold | CacheState::Direct
            )
        })
    }

    pub(super) fn baseline(&self) -> Option<&Cell<'a>> {
        self.cells.first()
    }

    /// Whether it is known that all variants gave the same results.
    fn results_are_equal(&self) -> bool {
        self.disagreements.is_empty() && self.different_content.is_none()
    }

    /// Whether times of different results stand beside each other.
    pub(super) fn results_differ(&self) -> bool {
        let different = self.different_content.as_ref();
        !self.disagreements.is_empty() || different.is_some_and(|it| it.results_differ)
    }
}

impl<'a> Cell<'a> {
    fn of(record: &'a RunRecord, cell: &'a CellRecord, lane: Lane) -> Self {
        let compared = || {
            let comparisons = record.comparisons.iter();
            comparisons.filter(|it| it.candidate == cell.id)
        };
        let noise = record.noise.iter().filter(|_| cell.control.is_some());
        Self {
            record: cell,
            summary: cell.summary.get(lane.name()),
            comparison: compared().find(|it| it.lane == lane),
            noise: noise
                .filter(|it| it.scenario == cell.scenario)
                .find(|it| it.lane == lane),
            ceilings: record.ceilings.iter().find(|it| it.cell == cell.id),
            of_lanes: compared().filter(|it| it.lane != lane).collect(),
            lane,
            file_bytes: (cell.file_bytes > 0).then_some(cell.file_bytes),
        }
    }

    pub(super) fn name(&self) -> String {
        text::name(&self.record.variant_name)
    }

    /// Within a sentence.
    pub(super) fn quoted(&self) -> String {
        text::quoted(&self.record.variant_name)
    }

    /// Measured iterations, whatever became of them.
    pub(super) fn measured(&self) -> impl Iterator<Item = &'a Iteration> {
        self.record
            .iterations
            .iter()
            .filter(|it| it.lane == self.lane && it.kind == Kind::Measured)
    }

    /// Measured iterations that the summary rests on.
    pub(super) fn counted(&self) -> impl Iterator<Item = &'a Iteration> {
        self.measured().filter(|it| it.status == Status::Ok)
    }

    /// File size over the baseline's.
    pub(super) fn size_ratio(&self, baseline: &Cell) -> Option<f64> {
        Some(self.file_bytes? as f64 / baseline.file_bytes? as f64)
    }
}
