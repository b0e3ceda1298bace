//! The columns of a dataset.

use std::collections::{HashMap, HashSet};

use super::distribution::{self, default_of};
use super::error::MOST_PROBLEMS_SHOWN;
use super::findings::Findings;
use super::fit::check_length;
use super::key_path::KeyPath;
use super::leaf::Leaf;
use super::model::{Column, Distribution, Dtype};
use super::raw::{RawChunk, RawColumn, RawColumnKeys, RawDistribution, RawLength};
use crate::suggest::did_you_mean;

/// Name, in DLIO, of the single column of a dataset without columns.
const RECORD_COLUMN: &str = "data";

/// Type, in DLIO, of a column without a `dtype`.
const DEFAULT_DTYPE: Dtype = Dtype::Float32;

/// Name of a list's elements.
const ITEM: &str = "item";

/// Largest depth of lists and structs within one another.
const DEEPEST_NESTING: usize = 16;

/// Largest number of columns in a chain in which each follows the next. A value of one end takes a
/// value of each of the others.
const LONGEST_CHAIN: usize = 16;

/// Returns the single binary column of a dataset that is described by its record length only.
pub(super) fn record(bytes: u64, findings: &mut Findings<'_>) -> Column {
    let dataset = KeyPath::of(["dataset", "record_length_bytes"]);
    findings.problems.extend(check_length(&dataset, bytes));
    record_of(bytes)
}

fn record_of(bytes: u64) -> Column {
    Column {
        size: bytes,
        ..plain(RECORD_COLUMN.to_owned(), Dtype::Binary)
    }
}

impl Column {
    /// Returns true for the single column of a dataset that is described by its record length only.
    pub fn is_record(&self) -> bool {
        self.name == RECORD_COLUMN && *self == record_of(self.size)
    }
}

/// Returns a column with every default.
fn plain(name: String, dtype: Dtype) -> Column {
    Column {
        name,
        dtype,
        size: 1,
        read: true,
        distribution: default_of(dtype),
        null_fraction: 0.0,
        sortedness: 0.0,
        length: None,
        run_length: 1.0,
        cycle: None,
        drift: None,
        pool: None,
        multiple_of: None,
        time_zone: None,
        children: Vec::new(),
    }
}

/// The valid columns in file order, and the names of the invalid ones. Columns are looked up by
/// name through a map, because there may be very many.
#[derive(Default)]
pub(super) struct ConfigColumns {
    pub(super) columns: Vec<Column>,
    /// Name -> position in `columns`.
    positions: HashMap<String, usize>,
    pub(super) broken: HashSet<String>,
    /// Columns with a chunk layout of their own: name, keys and the place of the keys.
    pub(super) chunks: Vec<(String, RawChunk, KeyPath)>,
}

impl ConfigColumns {
    /// Makes the columns of a dataset that has a single one.
    pub(super) fn of(column: Column) -> ConfigColumns {
        ConfigColumns {
            positions: HashMap::from([(column.name.clone(), 0)]),
            columns: vec![column],
            ..ConfigColumns::default()
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Column> {
        self.columns.get(*self.positions.get(name)?)
    }

    /// Adds a column. Returns false if there is already one of that name.
    fn add(&mut self, column: Column) -> bool {
        if self.positions.contains_key(&column.name) {
            return false;
        }
        self.positions
            .insert(column.name.clone(), self.columns.len());
        self.columns.push(column);
        true
    }

    /// Returns the message for a name that no column has. Near names are only searched while few
    /// problems have been found: the search takes time for each column, and later problems are not
    /// shown.
    pub(super) fn unknown(&self, name: &str, findings: &Findings<'_>) -> String {
        let near = match findings.problems.len() < MOST_PROBLEMS_SHOWN {
            true => did_you_mean(name, self.columns.iter().map(|it| it.name.as_str())),
            false => String::new(),
        };
        format!("`{name}` is not a column{near}")
    }
}

/// Kind of rows that a list of columns describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    /// Generated rows. `rows` is the number of rows of the table, of the larger one if there are
    /// two.
    Generated { rows: u64 },
    /// Existing rows, whose source gives the types of the columns.
    Source,
}

pub(super) fn validate(
    raw: Vec<RawColumn>,
    described: RowKind,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> ConfigColumns {
    if raw.is_empty() {
        findings.problem(
            path,
            "lists no column; leave it out for one binary column `data`",
        );
    }
    let mut found = ConfigColumns::default();
    for (index, column) in raw.into_iter().enumerate() {
        let mut keys = keys_of(column);
        let name = keys.name.as_ref().and_then(|name| name.0.clone().ok());
        let place = place_of(path, index, keys.name.as_ref());
        if let (Some(name), Some(chunk)) = (&name, keys.parquet.take()) {
            found
                .chunks
                .push((name.clone(), chunk, place.key("parquet")));
        }
        let column = match described {
            RowKind::Generated { rows } => named(keys, rows, path, index, 0, findings),
            RowKind::Source => of_source(keys, path, index, findings),
        };
        let Some(column) = column else {
            found.broken.extend(name);
            continue;
        };
        let name = column.name.clone();
        if !found.add(column) {
            let message = format!("a column `{name}` is there already");
            findings.problem(&path.item(index, None), message);
        }
    }
    check_correlations(&found, path, findings);
    found
}

fn keys_of(column: RawColumn) -> RawColumnKeys {
    match column {
        RawColumn::Keys(keys) => *keys,
        RawColumn::Name(name) => RawColumnKeys {
            name: Some(name),
            ..RawColumnKeys::default()
        },
    }
}

fn place_of(columns: &KeyPath, index: usize, name: Option<&Leaf<String>>) -> KeyPath {
    match name.map(|name| name.0.as_ref()) {
        Some(Ok(name)) if !name.is_empty() => columns.item(index, Some(name)),
        _ => columns.item(index, None),
    }
}

/// Validates a column of existing rows, which has only a name and `read`.
fn of_source(
    mut raw: RawColumnKeys,
    columns: &KeyPath,
    index: usize,
    findings: &mut Findings<'_>,
) -> Option<Column> {
    let path = place_of(columns, index, raw.name.as_ref());
    for (key, given) in [
        ("dtype", raw.dtype.is_some()),
        ("size", raw.size.is_some()),
        ("distribution", raw.distribution.is_some()),
        ("time_zone", raw.time_zone.is_some()),
        ("item", raw.item.is_some()),
        ("fields", raw.fields.is_some()),
    ] {
        if given {
            findings.problem(
                &path.key(key),
                "describes generated rows, and these come from `dataset.source`; leave it out",
            );
        }
    }
    let name = name_of(&mut raw, columns, index, findings);
    let read = findings.take(&path.key("read"), raw.read).unwrap_or(true);
    Some(Column {
        read,
        ..plain(name?, DEFAULT_DTYPE)
    })
}

fn name_of(
    raw: &mut RawColumnKeys,
    columns: &KeyPath,
    index: usize,
    findings: &mut Findings<'_>,
) -> Option<String> {
    let nameless = columns.item(index, None);
    if raw.name.is_none() {
        findings.problem(&nameless, "needs a `name`");
    }
    findings.take_text(&nameless.key("name"), raw.name.take())
}

/// Validates a column of a table or a field of a struct.
fn named(
    mut raw: RawColumnKeys,
    rows: u64,
    columns: &KeyPath,
    index: usize,
    depth: usize,
    findings: &mut Findings<'_>,
) -> Option<Column> {
    let path = place_of(columns, index, raw.name.as_ref());
    let name = name_of(&mut raw, columns, index, findings);
    let column = values_of(raw, rows, &path, depth, findings)?;
    Some(Column {
        name: name?,
        ..column
    })
}

/// Validates everything of a column but its name.
fn values_of(
    mut raw: RawColumnKeys,
    rows: u64,
    path: &KeyPath,
    depth: usize,
    findings: &mut Findings<'_>,
) -> Option<Column> {
    if depth > DEEPEST_NESTING {
        findings.problem(
            path,
            format!("lies deeper than {DEEPEST_NESTING} lists and structs"),
        );
        return None;
    }
    let dtype_given = raw.dtype.is_some();
    let dtype = findings.take(&path.key("dtype"), raw.dtype.take());
    let size_given = raw.size.is_some();
    let size = findings
        .take_count(&path.key("size"), raw.size.take())
        .unwrap_or(1);
    let read_given = raw.read.is_some();
    let read = findings
        .take(&path.key("read"), raw.read.take())
        .unwrap_or(true);
    if read_given && depth > 0 {
        findings.problem(
            &path.key("read"),
            "applies to whole columns; give it to the column",
        );
    }
    if raw.parquet.is_some() {
        findings.problem(
            &path.key("parquet"),
            "applies to whole columns; give it to the column",
        );
    }
    // If the type could not be read, nothing can be checked against it.
    let dtype = if dtype_given { dtype? } else { DEFAULT_DTYPE };
    findings
        .problems
        .extend(check_length(&path.key("size"), size));
    let size = match dtype {
        Dtype::List if size_given => {
            make_as_long(&mut raw, size, path, findings);
            1
        }
        _ => size,
    };
    if size_given && size > 1 && !(dtype.is_numeric() || dtype.is_text()) {
        findings.problem(
            &path.key("size"),
            format!(
                "{size} does not fit {dtype}; size makes a vector of numeric types only, and is the length of \
                 strings and binary values"
            ),
        );
    }
    let time_zone = raw.time_zone.is_some();
    let zone = findings.take_text(&path.key("time_zone"), raw.time_zone);
    if time_zone && !matches!(dtype, Dtype::Timestamp(_)) {
        findings.problem(
            &path.key("time_zone"),
            format!("applies to timestamps, and the column is {dtype}"),
        );
    }
    if let Some(zone) = &zone
        && zone.parse::<arrow::array::timezone::Tz>().is_err()
    {
        findings.problem(
            &path.key("time_zone"),
            format!("`{zone}` is not a time zone; write `UTC`, `Europe/Paris` or `+02:00`"),
        );
    }
    let children = children(dtype, raw.item, raw.fields, rows, path, depth, findings);
    let target = distribution::DrawnColumn { dtype, size, rows };
    let drawn = distribution::validate(
        raw.distribution,
        target,
        &path.key("distribution"),
        findings,
    );
    if depth > 0
        && let Distribution::CorrelatedWith { .. } = drawn.distribution
    {
        findings.problem(
            &path.key("distribution").key("kind"),
            "`correlated_with` is for columns, not for what lists and structs hold",
        );
    }
    Some(Column {
        size,
        read,
        distribution: drawn.distribution,
        null_fraction: drawn.null_fraction,
        sortedness: drawn.sortedness,
        length: drawn.length,
        run_length: drawn.run_length,
        cycle: drawn.cycle,
        drift: drawn.drift,
        pool: drawn.pool,
        multiple_of: drawn.multiple_of,
        time_zone: zone,
        children: children?,
        ..plain(ITEM.to_owned(), dtype)
    })
}

/// Gives every row of a list `size` elements. In DLIO, lists have no `item` and contain float32.
fn make_as_long(raw: &mut RawColumnKeys, size: u64, path: &KeyPath, findings: &mut Findings<'_>) {
    raw.item.get_or_insert_default();
    let mut keys = match raw.distribution.take() {
        None => Box::default(),
        Some(RawDistribution::Keys(keys)) => keys,
        // A list's distribution cannot be a kind; that problem is reported later.
        kind => {
            raw.distribution = kind;
            return;
        }
    };
    if keys.length.is_some() {
        findings.problem(
            &path.key("size"),
            "stands beside `distribution.length`; give one of them",
        );
    } else {
        keys.length = Some(RawLength {
            min: Some(Leaf(Ok(size))),
            max: Some(Leaf(Ok(size))),
            distribution: None,
        });
    }
    raw.distribution = Some(RawDistribution::Keys(keys));
}

/// Validates a list's item or a struct's fields. None if they are invalid; the problems are
/// reported.
fn children(
    dtype: Dtype,
    item: Option<Box<RawColumnKeys>>,
    fields: Option<Vec<RawColumn>>,
    rows: u64,
    path: &KeyPath,
    depth: usize,
    findings: &mut Findings<'_>,
) -> Option<Vec<Column>> {
    if item.is_some() && dtype != Dtype::List {
        findings.problem(
            &path.key("item"),
            format!("applies to lists, and the column is {dtype}"),
        );
    }
    if fields.is_some() && dtype != Dtype::Struct {
        findings.problem(
            &path.key("fields"),
            format!("applies to structs, and the column is {dtype}"),
        );
    }
    match dtype {
        Dtype::List => {
            let Some(item) = item else {
                findings.problem(path, "needs an `item`, such as `{ dtype: int64 }`");
                return None;
            };
            let item_path = path.key("item");
            if item.name.is_some() {
                findings.problem(&item_path.key("name"), "an item has no name");
            }
            values_of(*item, rows, &item_path, depth + 1, findings).map(|item| vec![item])
        }
        Dtype::Struct => {
            let place = path.key("fields");
            let fields = fields.unwrap_or_default();
            if fields.is_empty() {
                findings.problem(
                    path,
                    "needs `fields`, such as `[{ name: x, dtype: float64 }]`",
                );
                return None;
            }
            let count = fields.len();
            let mut names = HashSet::new();
            let fields: Vec<Column> = fields
                .into_iter()
                .enumerate()
                .filter_map(|(index, field)| {
                    named(keys_of(field), rows, &place, index, depth + 1, findings)
                })
                .collect();
            for (index, field) in fields.iter().enumerate() {
                if !names.insert(field.name.as_str()) {
                    findings.problem(
                        &place.item(index, None),
                        format!("a field `{}` is there already", field.name),
                    );
                }
            }
            (fields.len() == count).then_some(fields)
        }
        _ => Some(Vec::new()),
    }
}

/// Checks that the columns that others follow exist, can be followed, and form neither a circle nor
/// too long a chain.
fn check_correlations(found: &ConfigColumns, path: &KeyPath, findings: &mut Findings<'_>) {
    for (index, column) in found.columns.iter().enumerate() {
        let Some(with) = followed(column) else {
            continue;
        };
        let place = path
            .item(index, Some(&column.name))
            .key("distribution")
            .key("column");
        let Some(other) = found.named(with) else {
            if !found.broken.contains(with) {
                let message = found.unknown(with, findings);
                findings.problem(&place, message);
            }
            continue;
        };
        if other.is_vector() || other.dtype.is_nested() {
            findings.problem(
                &place,
                format!("`{with}` has several values in a row; give a column of single ones"),
            );
        }
        // The walk stops at the longest allowed chain. All walks together then take time
        // proportional to the number of columns.
        let mut way = vec![column.name.as_str()];
        let mut next = Some(with);
        while let Some(name) = next {
            let seen = way.contains(&name);
            way.push(name);
            if seen {
                let way = way.join(" -> ");
                findings.problem(&place, format!("follows itself in a circle: {way}"));
                break;
            }
            if way.len() > LONGEST_CHAIN {
                let way = way.join(" -> ");
                let message = format!(
                    "makes more than {LONGEST_CHAIN} columns that follow one another: {way}; give one of the last of them"
                );
                findings.problem(&place, message);
                break;
            }
            next = found.named(name).and_then(followed);
        }
    }
}

/// Returns the name of the column that a column follows, if any.
fn followed(column: &Column) -> Option<&str> {
    match &column.distribution {
        Distribution::CorrelatedWith { with, .. } => Some(with),
        _ => None,
    }
}
