//! The columns of a dataset.

use std::collections::HashSet;

use super::dataset::check_length;
use super::distribution;
use super::key_path::KeyPath;
use super::model::{Column, Distribution, Dtype};
use super::raw::{RawColumn, RawColumnKeys};
use super::validate::Findings;

/// Name of the one column of a dataset without columns, as DLIO calls it.
const RECORD_COLUMN: &str = "data";

/// DLIO's type of a column that names none.
const DEFAULT_DTYPE: Dtype = Dtype::Float32;

/// The one binary column of a dataset that is described by its record length only.
pub(super) fn record(bytes: u64, findings: &mut Findings<'_>) -> Column {
    let dataset = KeyPath::of(["dataset", "record_length_bytes"]);
    findings.problems.extend(check_length(&dataset, bytes));
    Column {
        name: RECORD_COLUMN.to_owned(),
        dtype: Dtype::Binary,
        size: bytes,
        read: true,
        distribution: Distribution::Uniform {
            min: None,
            max: None,
            cardinality: None,
        },
        null_fraction: 0.0,
    }
}

/// The columns that could be understood, in file order, and the names of those that could not.
pub(super) struct Columns {
    pub(super) columns: Vec<Column>,
    pub(super) broken: Vec<String>,
}

/// `rows` are those of the larger table.
pub(super) fn validate(
    raw: Vec<RawColumn>,
    rows: u64,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Columns {
    if raw.is_empty() {
        findings.problem(
            path,
            "lists no column; leave it out for one binary column `data`",
        );
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut broken = Vec::new();
    let mut names = HashSet::new();
    for (index, column) in raw.into_iter().enumerate() {
        let keys = match column {
            RawColumn::Keys(keys) => keys,
            RawColumn::Name(name) => RawColumnKeys {
                name: Some(name),
                dtype: None,
                size: None,
                read: None,
                distribution: None,
            },
        };
        let name = keys.name.as_ref().and_then(|name| name.0.clone().ok());
        let Some(column) = validate_one(keys, rows, path, index, findings) else {
            broken.extend(name);
            continue;
        };
        if names.insert(column.name.clone()) {
            columns.push(column);
        } else {
            let message = format!("a column `{}` is there already", column.name);
            findings.problem(&path.item(index, None), message);
        }
    }
    Columns { columns, broken }
}

fn validate_one(
    raw: RawColumnKeys,
    rows: u64,
    columns: &KeyPath,
    index: usize,
    findings: &mut Findings<'_>,
) -> Option<Column> {
    let nameless = columns.item(index, None);
    let path = match raw.name.as_ref().map(|name| name.0.as_ref()) {
        Some(Ok(name)) if !name.is_empty() => columns.item(index, Some(name)),
        _ => nameless.clone(),
    };
    if raw.name.is_none() {
        findings.problem(&nameless, "needs a `name`");
    }
    let name = findings.take_text(&nameless.key("name"), raw.name);
    let dtype_given = raw.dtype.is_some();
    let dtype = findings.take(&path.key("dtype"), raw.dtype);
    let size = findings
        .take_count(&path.key("size"), raw.size)
        .unwrap_or(1);
    let read = findings.take(&path.key("read"), raw.read).unwrap_or(true);
    // What fits a type that nobody knows cannot be said.
    let dtype = if dtype_given { dtype? } else { DEFAULT_DTYPE };
    findings
        .problems
        .extend(check_length(&path.key("size"), size));
    if dtype == Dtype::Bool && size > 1 {
        findings.problem(
            &path.key("size"),
            format!("{size} does not fit bool; size makes a vector of numeric types only"),
        );
    }
    let target = distribution::Target { dtype, size, rows };
    let (distribution, null_fraction) = distribution::validate(
        raw.distribution,
        target,
        &path.key("distribution"),
        findings,
    );
    Some(Column {
        name: name?,
        dtype,
        size,
        read,
        distribution,
        null_fraction,
    })
}
