//! Content of a page, independent of the form in which it is drawn. Invisible characters in its
//! text are shown as codes (see `text`).

use crate::record::{Lane, Preference, RunRecord};

use super::answer::answer;
use super::break_even::{crossings, prediction_checks, sentence, told};
use super::cautions::cautions;
use super::columns::ReportColumn;
use super::notes::{failures, notes};
use super::overview::{front, left_out, overview};
use super::requests::CellRequests;
use super::scenario::{Cell, Scenario};
use super::screen::Screen;
use super::table::Table;
use super::{text, workers};

/// Content of a page.
pub(super) struct Page {
    /// The first screen. Absent for comparisons of records and for histories.
    pub(super) screen: Option<Screen>,
    /// Warnings about everything below, such as that the run was interrupted.
    pub(super) cautions: Vec<String>,
    /// True if all results that are compared are known to be equal.
    pub(super) results_agree: bool,
    /// Sentences on all scenarios together, then a sentence per scenario.
    pub(super) answers: Vec<String>,
    /// Table over all scenarios together.
    pub(super) overview: Option<Table>,
    pub(super) tables: Vec<Table>,
    /// Methods behind the numbers, and warnings. Includes `failures`.
    pub(super) notes: Vec<String>,
    /// Expectations that failed, and iterations that do not count.
    pub(super) failures: Vec<String>,
}

impl Page {
    /// Page of a record and its scenarios.
    pub(super) fn of(
        record: &RunRecord,
        scenarios: &[Scenario],
        details: bool,
        prefer: Preference,
    ) -> Self {
        let agree = scenarios.iter().all(Scenario::results_are_equal);
        let mut answers = Vec::new();
        if agree {
            answers.extend(front(record));
            answers.extend(left_out(record).filter(|_| !record.standings.is_empty()));
            answers.extend(told(record).into_iter().map(sentence));
        }
        answers.extend(scenarios.iter().filter_map(answer));
        let of_scenarios = scenarios.iter().flat_map(|it| tables(it, details));
        let mut tables: Vec<Table> = of_scenarios.collect();
        tables.extend(workers::scaling(record));
        tables.extend(prediction_checks(record));
        if details {
            tables.extend(crossings(record));
            tables.extend(workers::shares(record));
        }
        Self {
            screen: Some(Screen::of(record, scenarios, prefer)),
            cautions: cautions(record, scenarios),
            results_agree: agree,
            answers,
            overview: overview(record).filter(|_| agree),
            tables,
            notes: notes(record, scenarios, details),
            failures: failures(scenarios),
        }
    }
}

/// Tables of a scenario: the results; the lanes if several were measured; the bytes if a cell was
/// read past the page cache or `details` are wanted.
pub(super) fn tables(scenario: &Scenario, details: bool) -> Vec<Table> {
    let description = scenario.description.map(text::passage);
    let description = match scenario.lane() {
        Lane::EndToEnd => description,
        lane => Some(format!(
            "lane {}{}",
            lane.name(),
            description.map_or_else(String::new, |text| format!(": {text}"))
        )),
    };
    let cells = scenario.cells.iter().chain(&scenario.controls);
    let mut tables = vec![table(
        scenario,
        description,
        &ReportColumn::of(scenario),
        cells,
    )];
    let mut more = |what: &str, columns: &[ReportColumn]| {
        let cells = scenario.cells.iter();
        tables.push(table(scenario, Some(what.to_owned()), columns, cells));
    };
    if scenario.has_lanes() {
        more(
            "lanes: the whole, its byte ranges alone, and the query with its bytes in memory",
            &ReportColumn::LANES,
        );
    }
    let cells = scenario.cells.iter();
    if cells.filter_map(CellRequests::of).next().is_some() {
        more(
            "requests of one execution, and of all: attempts, retries, waiting, and times to the first byte and to the last",
            &ReportColumn::REQUESTS,
        );
    }
    if details || scenario.past_the_cache() {
        more(
            "bytes of one execution, from the result down to the device",
            &ReportColumn::LEDGER,
        );
    }
    tables
}

fn table<'a, 'b: 'a>(
    scenario: &Scenario<'b>,
    description: Option<String>,
    columns: &[ReportColumn],
    cells: impl Iterator<Item = &'a Cell<'b>>,
) -> Table {
    let row = |cell: &Cell| {
        columns
            .iter()
            .map(|column| column.shown(cell, scenario))
            .collect()
    };
    Table {
        title: text::name(scenario.name),
        description,
        heads: columns.iter().map(|column| column.of_table()).collect(),
        rows: cells.map(row).collect(),
    }
}
