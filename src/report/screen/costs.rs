//! Costs of each variant over all scenarios, or figures of a lone variant in each.

use crate::analysis::{OverBaseline, distinct};
use crate::record::{Contrast, Lane, RunRecord, Standing};
use crate::units;

use super::super::columns::{columns_read, median_time, row_groups_read};
use super::super::scenario::{Cell, Scenario};
use super::super::table::{Head, Table, TableCell};
use super::super::text;
use super::super::words::{ABSENT, mark};
use super::reads::{pages_pruned, requested_bytes, rows_pruned};

/// Table of a record. `None` if it has no cell.
pub(super) fn costs(record: &RunRecord, scenarios: &[Scenario]) -> Option<Table> {
    let several = scenarios.iter().any(|it| it.cells.len() > 1);
    let (title, heads, rows) = match several {
        true => of_variants(record, scenarios),
        false => of_scenarios(scenarios),
    };
    (!rows.is_empty()).then(|| {
        without_constants(Table {
            title: title.to_owned(),
            description: None,
            heads,
            rows,
        })
    })
}

/// Title, heads and rows.
type Parts = (&'static str, Vec<Head>, Vec<Vec<TableCell>>);

fn of_variants(record: &RunRecord, scenarios: &[Scenario]) -> Parts {
    let heads = vec![
        Head::text("variant"),
        Head::number("size").dispensable(5),
        Head::number("size +/-"),
        Head::number("time"),
        Head::number("time +/- [99 %]"),
        Head::text("in time"),
        Head::number("CPU").dispensable(3),
        Head::number("memory").dispensable(2),
        Head::number("to write").dispensable(1),
        Head::number("reads"),
        Head::number("row groups"),
        Head::number("pages\npruned"),
        Head::number("rows\npruned"),
    ];
    let cells = scenarios.iter().flat_map(|it| &it.cells);
    let names: Vec<&str> = distinct(cells.map(|it| it.record.variant_name.as_str())).collect();
    let first = names
        .first()
        .map(|name| VariantCosts::of(record, scenarios, name));
    let over_baseline = OverBaseline::of(record);
    let rows = names.iter().map(|name| {
        let variant = VariantCosts::of(record, scenarios, name);
        variant.row(&over_baseline, scenarios, first.as_ref())
    });
    ("variants", heads, rows.collect())
}

/// Figures of a variant over all scenarios.
struct VariantCosts<'a> {
    name: &'a str,
    standing: Option<&'a Standing>,
    cells: Vec<&'a Cell<'a>>,
}

impl<'a> VariantCosts<'a> {
    fn of(record: &'a RunRecord, scenarios: &'a [Scenario<'a>], name: &'a str) -> Self {
        let cells = scenarios.iter().flat_map(|it| &it.cells);
        VariantCosts {
            name,
            standing: record.standings.iter().find(|it| it.variant == name),
            cells: cells.filter(|it| it.record.variant_name == name).collect(),
        }
    }

    fn file_bytes(&self) -> Option<u64> {
        let of_cells = || self.cells.iter().filter_map(|cell| cell.file_bytes).max();
        self.standing.map(|it| it.file_bytes).or_else(of_cells)
    }

    fn time_ns(&self) -> Option<f64> {
        let of_only = || match self.cells.as_slice() {
            [only] => only.summary.map(|it| it.median_ns),
            _ => None,
        };
        self.standing.map(|it| it.time_ns).or_else(of_only)
    }

    fn memory(&self) -> Option<u64> {
        let memory: Option<Vec<u64>> = self
            .cells
            .iter()
            .map(|it| it.record.peak_memory_bytes)
            .collect();
        memory?.into_iter().max()
    }

    /// Bytes that one execution of each scenario requests, added up.
    fn requested_bytes(&self) -> Option<u64> {
        let bytes: Option<Vec<u64>> = self.cells.iter().map(|it| requested_bytes(it)).collect();
        bytes.map(|bytes| bytes.into_iter().fold(0, u64::saturating_add))
    }

    fn row(
        &self,
        over_baseline: &OverBaseline,
        scenarios: &[Scenario],
        baseline: Option<&VariantCosts>,
    ) -> Vec<TableCell> {
        let is_baseline = baseline.is_some_and(|it| it.name == self.name);
        let baseline = baseline.filter(|_| !is_baseline);
        let size = || {
            let (ours, theirs) = (self.file_bytes()?, baseline?.file_bytes()?);
            (ours != theirs).then(|| whole(ours as f64 / theirs.max(1) as f64))
        };
        let contrast = self.contrast(over_baseline, scenarios);
        let change = || change_with_interval(contrast?);
        let time = || {
            let paired = || over_baseline.time(self.name, baseline?.time_ns()?);
            paired().map(|it| it.time_ns).or_else(|| self.time_ns())
        };
        let one = match self.cells.as_slice() {
            [only] if scenarios.len() == 1 => Some(*only),
            _ => None,
        };
        let pruned = |figure: fn(&Cell) -> u64| one.map(|cell| units::count(figure(cell)));
        vec![
            text::name(self.name).into(),
            text_or_absent(self.file_bytes().map(units::bytes)),
            text_or_absent(size()),
            text_or_absent(time().map(units::duration_ns)),
            text_or_absent(change()),
            match contrast {
                Some(_) if scenarios.iter().any(Scenario::results_differ) => {
                    "other rows".to_owned().into()
                }
                Some(contrast) => TableCell::Judged {
                    text: mark(contrast).to_owned(),
                    verdict: contrast.verdict,
                },
                None if is_baseline => "baseline".to_owned().into(),
                None => text_or_absent(None),
            },
            text_or_absent(self.standing.map(|it| units::duration_ns(it.cpu_ns))),
            text_or_absent(self.memory().map(units::bytes)),
            text_or_absent(
                self.standing
                    .and_then(|it| it.write_ns)
                    .map(|time| units::duration_ns(time as f64)),
            ),
            text_or_absent(self.requested_bytes().map(units::bytes)),
            text_or_absent(one.and_then(row_groups_read)),
            text_or_absent(pruned(pages_pruned)),
            text_or_absent(pruned(rows_pruned)),
        ]
    }

    /// Time over that of the baseline, over all scenarios. For an unranked variant, it is that of
    /// the only scenario, in the lane that is shown.
    fn contrast<'b>(
        &self,
        over_baseline: &OverBaseline<'b>,
        scenarios: &'b [Scenario],
    ) -> Option<&'b Contrast> {
        over_baseline.contrast(self.name).or_else(|| {
            let [only] = scenarios else { return None };
            let mut cells = only.cells.iter();
            let cell = cells.find(|it| it.record.variant_name == self.name)?;
            Some(&cell.comparison?.contrast)
        })
    }
}

/// A text, or the mark of what is not known.
fn text_or_absent(text: Option<String>) -> TableCell {
    text.unwrap_or_else(|| ABSENT.to_owned()).into()
}

/// Change of a time in percent, with its interval if there is one. `None` without a ratio.
pub(super) fn change_with_interval(contrast: &Contrast) -> Option<String> {
    let ratio = contrast.ratio?;
    Some(match contrast.interval() {
        Some((low, high)) => format!(
            "{} [{}, {}]",
            whole(ratio),
            bound(low, ratio),
            bound(high, ratio)
        ),
        None => whole(ratio),
    })
}

/// A ratio as a change in percent, with tenths below 10 %.
pub(super) fn whole(ratio: f64) -> String {
    let sign = if ratio > 1.0 { "+" } else { "" };
    format!("{sign}{} %", bound(ratio, ratio))
}

/// A ratio as a change in percent, without unit and plus sign. It has tenths if the change of
/// `digits_of` is below 10 %.
fn bound(ratio: f64, digits_of: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    match ((digits_of - 1.0) * 100.0).abs() < 10.0 {
        true => units::tenths(percent),
        false => format!("{percent:.0}"),
    }
}

fn of_scenarios(scenarios: &[Scenario]) -> Parts {
    let heads = vec![
        Head::text("scenario"),
        Head::number("time [interval]"),
        Head::number("rows").dispensable(1),
        Head::number("reads"),
        Head::number("row groups"),
        Head::number("pages\npruned"),
        Head::number("rows\npruned"),
        Head::number("columns").dispensable(0),
        Head::number("memory").dispensable(2),
    ];
    let rows = scenarios.iter().filter_map(|scenario| {
        let cell = scenario.cells.first()?;
        let rows = cell.counted().next().filter(|_| cell.lane != Lane::Storage);
        Some(vec![
            text::name(scenario.name).into(),
            text_or_absent(median_time(cell)),
            text_or_absent(rows.map(|it| units::count(it.figures.rows))),
            text_or_absent(requested_bytes(cell).map(units::bytes)),
            text_or_absent(row_groups_read(cell)),
            text_or_absent(Some(units::count(pages_pruned(cell)))),
            text_or_absent(Some(units::count(rows_pruned(cell)))),
            text_or_absent(columns_read(cell)),
            text_or_absent(cell.record.peak_memory_bytes.map(units::bytes)),
        ])
    });
    ("scenarios", heads, rows.collect())
}

/// The table without columns that say the same in all of several rows, except the first column and
/// those of times. A table of one row loses only columns that say nothing.
fn without_constants(table: Table) -> Table {
    let says = |index: usize| {
        let head = &table.heads[index];
        let mut texts = table.rows.iter().map(|row| row[index].text());
        let first = texts.next().unwrap_or_default();
        let is_time = head.text.contains("time");
        let is_absent = first == ABSENT || first == "0";
        let is_constant = texts.all(|it| it == first);
        index == 0 || is_time || !is_constant || (table.rows.len() == 1 && !is_absent)
    };
    let kept: Vec<usize> = (0..table.heads.len()).filter(|it| says(*it)).collect();
    let of = |row: &Vec<TableCell>| kept.iter().map(|index| row[*index].clone()).collect();
    Table {
        heads: kept
            .iter()
            .map(|index| table.heads[*index].clone())
            .collect(),
        rows: table.rows.iter().map(of).collect(),
        ..table
    }
}
