//! What a record's page says, before it is known how it is drawn. All of its text is visible (see `text`).

use crate::analysis::{DifferentContent, Disagreement, different_content, disagreements};
use crate::record::{CellRecord, Comparison, Iteration, Kind, Lane, RunRecord, Status, Summary};

use super::answer::answer;
use super::cautions::cautions;
use super::columns::Column;
use super::notes::notes;
use super::text;

/// The lane that is told of.
const LANE: Lane = Lane::EndToEnd;

pub(super) struct Page {
    /// What everything below has to be read with, such as that the run was interrupted.
    pub(super) cautions: Vec<String>,
    /// A sentence per scenario.
    pub(super) answers: Vec<String>,
    pub(super) tables: Vec<Table>,
    pub(super) notes: Vec<String>,
}

pub(super) struct Table {
    pub(super) scenario: String,
    pub(super) description: Option<String>,
    pub(super) columns: Vec<Column>,
    /// A text per column.
    pub(super) rows: Vec<Vec<String>>,
}

impl Page {
    pub(super) fn of(record: &RunRecord) -> Self {
        let scenarios = scenarios(record);
        Self {
            cautions: cautions(record, &scenarios),
            answers: scenarios.iter().filter_map(answer).collect(),
            tables: scenarios.iter().map(Table::of).collect(),
            notes: notes(record, &scenarios),
        }
    }
}

impl Table {
    fn of(scenario: &Scenario) -> Self {
        let columns = Column::of(scenario);
        let row = |cell: &Cell| {
            columns
                .iter()
                .map(|column| column.text(cell, scenario))
                .collect()
        };
        Self {
            scenario: text::name(scenario.name),
            description: scenario.description.map(text::visible),
            rows: scenario.cells.iter().map(row).collect(),
            columns,
        }
    }
}

/// The cells of one scenario, the baseline first.
pub(super) struct Scenario<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) cells: Vec<Cell<'a>>,
    pub(super) disagreements: Vec<Disagreement>,
    pub(super) different_content: Option<DifferentContent>,
}

/// A cell, and what belongs to it elsewhere in the record.
pub(super) struct Cell<'a> {
    pub(super) record: &'a CellRecord,
    pub(super) summary: Option<&'a Summary>,
    /// With the baseline; absent for the baseline itself.
    pub(super) comparison: Option<&'a Comparison>,
    /// Of the tables that it scans; absent where it is unknown.
    pub(super) file_bytes: Option<u64>,
}

fn scenarios(record: &RunRecord) -> Vec<Scenario<'_>> {
    let disagreements = disagreements(record);
    let mut scenarios: Vec<Scenario> = Vec::new();
    for cell in &record.cells {
        let shown = Cell::of(record, cell);
        match scenarios
            .iter_mut()
            .find(|scenario| scenario.name == cell.scenario)
        {
            Some(scenario) => scenario.cells.push(shown),
            None => scenarios.push(Scenario {
                name: &cell.scenario,
                description: cell.description.as_deref(),
                cells: vec![shown],
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

impl<'a> Scenario<'a> {
    pub(super) fn baseline(&self) -> Option<&Cell<'a>> {
        self.cells.first()
    }

    /// Whether times of different results stand beside each other.
    pub(super) fn results_differ(&self) -> bool {
        let different = self.different_content.as_ref();
        !self.disagreements.is_empty() || different.is_some_and(|it| it.results_differ)
    }
}

impl<'a> Cell<'a> {
    fn of(record: &'a RunRecord, cell: &'a CellRecord) -> Self {
        Self {
            record: cell,
            summary: cell.summary.get(LANE.name()),
            comparison: record
                .comparisons
                .iter()
                .find(|it| it.candidate == cell.id && it.lane == LANE),
            file_bytes: (cell.file_bytes > 0).then_some(cell.file_bytes),
        }
    }

    pub(super) fn name(&self) -> String {
        text::name(&self.record.variant_name)
    }

    /// Measured iterations, whatever became of them.
    pub(super) fn measured(&self) -> impl Iterator<Item = &'a Iteration> {
        self.record
            .iterations
            .iter()
            .filter(|it| it.lane == LANE && it.kind == Kind::Measured)
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
