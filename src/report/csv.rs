//! Every iteration as a row, for spreadsheets and data frames. Quoted as in RFC 4180, but lines end
//! with a line feed alone.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::record::{
    CellRecord, ControlKind, DatasetRecord, Field, Figures, Iteration, RunRecord, Scan,
};

use super::text;

/// Prefixes of the columns for the labels of the run and for the keys that variants set. They
/// follow the columns that every row has.
const LABEL_PREFIX: &str = "label.";
const VARIANT_PREFIX: &str = "variant.";

/// An iteration with everything that it belongs to.
struct Row<'a> {
    record: &'a RunRecord,
    cell: &'a CellRecord,
    /// Datasets that the cell reads. Absent if the record lacks one of them.
    datasets: Option<&'a [&'a DatasetRecord]>,
    iteration: &'a Iteration,
}

/// Name of a column, and its text in a row.
type CsvColumn = (&'static str, fn(&Row) -> String);

/// Columns before those of the figures: which iteration it is, and what became of it.
const PLACE: [CsvColumn; 11] = [
    ("run_id", |row| field(&row.record.run_id)),
    ("cell", |row| field(&row.cell.id)),
    ("scenario", |row| field(&row.cell.scenario)),
    ("variant_name", |row| field(&row.cell.variant_name)),
    ("lane", |row| row.iteration.lane.name().to_owned()),
    ("kind", |row| row.iteration.kind.to_string()),
    ("round", |row| row.iteration.round.to_string()),
    ("position", |row| row.iteration.position.to_string()),
    ("status", |row| row.iteration.status.to_string()),
    ("reason", |row| {
        let reason = row.iteration.reason.as_deref();
        reason.map(field).unwrap_or_default()
    }),
    ("started_offset_ns", |row| {
        row.iteration.started_offset_ns.to_string()
    }),
];

/// Columns after those of the figures: row groups, files and columns read, datasets, memory.
const READ: [CsvColumn; 15] = [
    ("scan_partitions", |row| {
        row.iteration.scan_partitions.to_string()
    }),
    ("row_groups_read", |row| {
        row.sum(|scan| scan.row_groups_read)
    }),
    ("row_groups_pruned", |row| {
        row.sum(|scan| scan.row_groups_pruned)
    }),
    ("row_groups", |row| row.sum(|scan| scan.row_groups)),
    ("files_read", |row| row.sum(|scan| scan.files_read)),
    ("files", |row| row.sum(|scan| scan.files)),
    ("file_bytes", |row| {
        optional(Some(row.cell.file_bytes).filter(|bytes| *bytes > 0))
    }),
    ("columns_read", |row| row.cell.columns_read.to_string()),
    ("columns_stored", |row| row.cell.columns_stored.to_string()),
    ("dataset", |row| field(&row.cell.dataset.join(" "))),
    ("dataset_rows", |row| {
        let rows = |all: &[&DatasetRecord]| all.iter().map(|it| it.rows).sum::<u64>();
        optional(row.datasets.map(rows))
    }),
    ("content_fingerprint", |row| {
        let fingerprints = row.datasets.map(|all| {
            all.iter()
                .map(|it| it.content_fingerprint.as_str())
                .collect::<Vec<_>>()
        });
        fingerprints
            .map(|all| field(&all.join(" ")))
            .unwrap_or_default()
    }),
    ("control", |row| {
        optional(row.cell.control.map(ControlKind::name))
    }),
    ("peak_memory_bytes", |row| {
        optional(row.cell.peak_memory_bytes)
    }),
    ("base_memory_bytes", |row| {
        optional(row.cell.base_memory_bytes)
    }),
];

impl Row<'_> {
    /// A figure of scans, summed over all scans of the iteration.
    fn sum(&self, figure: fn(&Scan) -> u64) -> String {
        let scans = self.iteration.scans.iter();
        scans.map(figure).sum::<u64>().to_string()
    }
}

pub(super) fn render(records: &[RunRecord]) -> String {
    let cells = || records.iter().flat_map(|record| &record.cells);
    let keys: BTreeSet<&String> = cells().flat_map(|cell| cell.variant.keys()).collect();
    let labels: BTreeSet<&String> = records.iter().flat_map(|it| it.labels.keys()).collect();
    let heads = names(&PLACE)
        .chain(Figures::columns().map(|column| column.name.to_owned()))
        .chain(names(&READ));
    let label_heads = labels.iter().map(|label| format!("{LABEL_PREFIX}{label}"));
    let variant_heads = keys.iter().map(|key| format!("{VARIANT_PREFIX}{key}"));
    let mut lines = vec![line(
        heads.chain(label_heads.chain(variant_heads).map(|it| field(&it))),
    )];
    for record in records {
        let dataset = |id: &String| record.datasets.iter().find(|dataset| dataset.id == *id);
        for cell in &record.cells {
            let datasets: Option<Vec<&DatasetRecord>> = cell.dataset.iter().map(dataset).collect();
            for iteration in &cell.iterations {
                let row = Row {
                    record,
                    cell,
                    datasets: datasets.as_deref(),
                    iteration,
                };
                let figures = Figures::columns();
                let labels = labels.iter().map(|label| {
                    let value = record.labels.get(*label);
                    value.map(|it| field(it)).unwrap_or_default()
                });
                let variant = keys
                    .iter()
                    .map(|key| cell.variant.get(*key).map(value).unwrap_or_default());
                lines.push(line(
                    texts(&PLACE, &row)
                        .chain(figures.map(|column| figure((column.field)(&iteration.figures))))
                        .chain(texts(&READ, &row))
                        .chain(labels)
                        .chain(variant),
                ));
            }
        }
    }
    lines.concat()
}

fn names(columns: &[CsvColumn]) -> impl Iterator<Item = String> {
    columns.iter().map(|(name, _)| (*name).to_owned())
}

fn texts(columns: &[CsvColumn], row: &Row) -> impl Iterator<Item = String> {
    columns.iter().map(|(_, text)| text(row))
}

/// A figure as a field.
pub(super) fn figure(found: Field) -> String {
    match found {
        Field::Absent => String::new(),
        Field::Count(count) => count.to_string(),
        Field::Share(share) => share.to_string(),
        Field::Text(text) => field(text),
    }
}

pub(super) fn line(fields: impl Iterator<Item = String>) -> String {
    let mut line = fields.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

pub(super) fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Text as a field. An apostrophe precedes text that a spreadsheet would run as a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub(super) fn field(text: &str) -> String {
    let mut shown = text::visible(text);
    if shown.starts_with(['=', '+', '-', '@']) {
        shown.insert(0, '\'');
    }
    if shown.contains(['"', ',', ';']) {
        format!("\"{}\"", shown.replace('"', "\"\""))
    } else {
        shown
    }
}

/// Value of a key that a variant sets, as a field. A number stays a number.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) => field(text),
        Value::Number(number) => number.to_string(),
        other => field(&other.to_string()),
    }
}
