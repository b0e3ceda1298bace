//! The dataset of a variant: its files, its columns and its layout.

use std::collections::{BTreeMap, HashSet};

use super::codec::{Codec, CodecText};
use super::columns::{self, ConfigColumns, RowKind};
use super::dlio::OTHER_FORMATS;
use super::error::Problem;
use super::findings::Findings;
use super::key_path::KeyPath;
use super::layout::{self, LayoutPlace};
use super::leaf::{Leaf, RoundedCount};
use super::model::{
    Column, Dataset, Dtype, Layout, RowGroupSize, SortColumn, SortScope, Split, VectorLayout,
};
use super::raw::{OneOrMany, RawDataset, RawParquet, RawStorage, RawWorkflow};
use super::storage;
use crate::suggest::did_you_mean;

// DLIO's defaults: `ConfigArguments` in dlio_benchmark/utils/config.py.
const DEFAULT_FILE_PREFIX: &str = "img";
const DEFAULT_FILES: u64 = 8;
const DEFAULT_RECORD_BYTES: u64 = 65_536;
const DEFAULT_ROWS_PER_FILE: u64 = 1;
const DEFAULT_SEED: u64 = 123;
/// Rows per row group by default. DLIO's own default, 1 024, would make every file one of tiny row
/// groups; this is the round figure near PyArrow's default (1 Mi).
pub const USUAL_ROW_GROUP_ROWS: u64 = 1_000_000;

/// Sections other than `dataset` that have settings for it.
pub(super) struct Sections<'a> {
    pub(super) storage: &'a mut RawStorage,
    /// Size of the parts of uploads in bytes. Absent: the default.
    pub(super) part_bytes: Option<u64>,
    pub(super) workflow: RawWorkflow,
}

pub(super) fn validate(
    mut raw: RawDataset,
    sections: Sections<'_>,
    findings: &mut Findings<'_>,
) -> Dataset {
    let path = KeyPath::of(["dataset"]);
    check_format(raw.format.take(), &path.key("format"), findings);
    let source_given = raw.source.is_some();
    let source = findings.take_location(&path.key("source"), raw.source.take());
    if source_given {
        refuse_beside_source(&raw, findings);
    }
    let parquet = raw.parquet.take().unwrap_or_default();
    let files = findings.take_count(&path.key("num_files_train"), raw.num_files_train.take());
    let eval_files = findings.take(&path.key("num_files_eval"), raw.num_files_eval.take());
    let subfolders = findings.take(
        &path.key("num_subfolders_train"),
        raw.num_subfolders_train.take(),
    );
    let eval_subfolders = findings.take(
        &path.key("num_subfolders_eval"),
        raw.num_subfolders_eval.take(),
    );
    let rows_per_file = findings.take_count(
        &path.key("num_samples_per_file"),
        raw.num_samples_per_file.take(),
    );
    let train = Split {
        files: files.unwrap_or(if source_given { 1 } else { DEFAULT_FILES }),
        subfolders: subfolders.unwrap_or(0),
    };
    let valid = Split {
        files: eval_files.unwrap_or(0),
        subfolders: eval_subfolders.unwrap_or(0),
    };
    let rows_per_file = match source_given {
        true => 0,
        false => rows_per_file.unwrap_or(DEFAULT_ROWS_PER_FILE),
    };
    let rows = rows_of_table(train.files.max(valid.files), rows_per_file, &path, findings);
    let described = match source_given {
        true => RowKind::Source,
        false => RowKind::Generated { rows },
    };
    let record_bytes = record_bytes(&mut raw, parquet.columns.is_some(), &path, findings);
    let text = findings
        .take(&path.key("compression"), raw.compression.take())
        .unwrap_or(CodecText::of(Codec::None));
    let level = findings.take(&path.key("compression_level"), raw.compression_level.take());
    let codec = layout::codec(text, level, &path, findings);
    let (columns, layout) = parquet_of(parquet, codec, record_bytes, described, findings);
    if source_given && train.files > 1 && !layout.partition_by.is_empty() {
        findings.problem(
            &path.key("num_files_train"),
            "stands beside `source` and `partition_by`, where each partition is one file; leave it out",
        );
    }
    let workflow = KeyPath::of(["workflow", "generate_data"]);
    Dataset {
        data_folder: storage::data_folder(raw.data_folder.take(), sections.storage, findings),
        part_bytes: sections.part_bytes,
        file_prefix: file_prefix(raw.file_prefix.take(), &path.key("file_prefix"), findings),
        train,
        names_files: files.is_some(),
        valid: (valid.files > 0).then_some(valid),
        rows_per_file,
        seed: findings
            .take(&path.key("seed"), raw.seed.take())
            .unwrap_or(DEFAULT_SEED),
        source,
        table: table(raw.table.take(), &path.key("table"), findings),
        columns,
        layout,
        generate: findings
            .take(&workflow, sections.workflow.generate_data)
            .unwrap_or(true),
    }
}

/// Name of the table in SQL.
fn table(raw: Option<Leaf<String>>, path: &KeyPath, findings: &mut Findings<'_>) -> String {
    let name = findings.take(path, raw);
    if let Some(name) = &name {
        if !is_identifier(name) {
            findings.problem(path, not_a_table(name));
        } else if name == "valid" {
            findings.problem(
                path,
                "`valid` is the table of num_files_eval; choose another name",
            );
        }
    }
    name.unwrap_or_else(|| "train".to_owned())
}

/// The problem of a name that SQL would have to quote.
pub(super) fn not_a_table(name: &str) -> String {
    format!("`{name}` is not a table name; use letters, digits and `_`, not starting with a digit")
}

/// Returns true if the name needs no quotes in SQL.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
}

/// Refuses keys that describe generated rows, if the rows come from a `source`.
fn refuse_beside_source(raw: &RawDataset, findings: &mut Findings<'_>) {
    for (key, given) in [
        ("num_samples_per_file", raw.num_samples_per_file.is_some()),
        (
            "num_files_eval",
            raw.num_files_eval
                .as_ref()
                .is_some_and(|files| !matches!(files.0, Ok(0))),
        ),
        ("record_length_bytes", raw.record_length_bytes.is_some()),
        ("record_length", raw.record_length.is_some()),
        ("seed", raw.seed.is_some()),
    ] {
        if given {
            findings.problem(
                &KeyPath::of(["dataset", key]),
                "describes generated rows, and these come from `dataset.source`; leave it out",
            );
        }
    }
}

fn check_format(leaf: Option<Leaf<String>>, path: &KeyPath, findings: &mut Findings<'_>) {
    if let Some(format) = findings
        .take(path, leaf)
        .filter(|format| format != "parquet")
    {
        let near = did_you_mean(&format, ["parquet"]);
        let message =
            format!("`{format}` is not a format that this program reads; known: parquet{near}");
        let hint = OTHER_FORMATS.contains(&format.as_str()).then(|| {
            "--set dataset.format=parquet runs its shape: as many files, rows and bytes per row, as Parquet"
                .to_owned()
        });
        findings.problems.push(Problem {
            hint,
            ..Problem::new(path.clone(), message)
        });
    }
}

/// Returns the rows of the larger table. `files` is the larger number of files.
fn rows_of_table(
    files: u64,
    rows_per_file: u64,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> u64 {
    let rows = files
        .checked_mul(rows_per_file)
        .filter(|rows| i64::try_from(*rows).is_ok());
    rows.unwrap_or_else(|| {
        findings.problem(
            &path.key("num_samples_per_file"),
            format!("{files} files of {rows_per_file} rows are more rows than 64 bits can count"),
        );
        rows_per_file
    })
}

/// Returns the bytes per value of the single column of a dataset without columns.
fn record_bytes(
    raw: &mut RawDataset,
    has_columns: bool,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> u64 {
    let (long, short) = (path.key("record_length_bytes"), path.key("record_length"));
    if has_columns {
        for (path, given) in [
            (&long, raw.record_length_bytes.is_some()),
            (&short, raw.record_length.is_some()),
        ] {
            if given {
                findings.without_effect.push(path.to_string());
            }
        }
    }
    let mut take = |path: &KeyPath, leaf: Option<Leaf<RoundedCount>>| {
        let length = findings.take(path, leaf)?;
        if let Some(written) = length.written.filter(|_| !has_columns) {
            let note = format!("`{path}` is {written}, and counts as {}", length.count);
            findings.notes.push(note);
        }
        Some(length.count)
    };
    let bytes = take(&long, raw.record_length_bytes.take());
    let alias = take(&short, raw.record_length.take());
    match (bytes, alias) {
        (Some(bytes), Some(alias)) if bytes != alias => findings.problem(
            &short,
            format!(
                "{alias} disagrees with `record_length_bytes`, which is {bytes}; give one of them, or both alike"
            ),
        ),
        _ => {}
    }
    bytes.or(alias).unwrap_or(DEFAULT_RECORD_BYTES)
}

fn parquet_of(
    mut raw: RawParquet,
    codec: Codec,
    record_bytes: u64,
    described: RowKind,
    findings: &mut Findings<'_>,
) -> (Vec<Column>, Layout) {
    let path = KeyPath::of(["dataset", "parquet"]);
    let mut columns = match raw.columns.take() {
        Some(columns) => columns::validate(columns, described, &path.key("columns"), findings),
        None if described == RowKind::Source => ConfigColumns::default(),
        None => ConfigColumns::of(columns::record(record_bytes, findings)),
    };
    let chunks = std::mem::take(&mut columns.chunks);
    let vector_layout = findings
        .take(&path.key("vector_layout"), raw.vector_layout.take())
        .unwrap_or(VectorLayout::FixedSizeList);
    let writer_version = layout::writer_version(&mut raw, &path, findings);
    let place = LayoutPlace {
        path: &path,
        columns: &columns,
        vector_layout,
        writer_version,
    };
    let chunk = layout::of_dataset(&mut raw, codec, described, &place, findings);
    let mut own = BTreeMap::new();
    for (name, raw, path) in chunks {
        let place = LayoutPlace {
            path: &path,
            columns: &columns,
            vector_layout,
            writer_version,
        };
        let chunk = layout::of_column(raw, &name, &chunk, described, &place, findings);
        own.insert(name, chunk);
    }
    let page_index = layout::page_index(&mut raw, &chunk, &own, &path, findings);
    let partition_by = partition_by(
        raw.partition_by.take(),
        &columns,
        described,
        &path.key("partition_by"),
        findings,
    );
    let sort_by = sort_by(
        raw.sort_by.take(),
        &columns,
        described,
        &partition_by,
        &path.key("sort_by"),
        findings,
    );
    let scope_given = raw.sort_scope.is_some();
    let sort_scope = findings.take(&path.key("sort_scope"), raw.sort_scope.take());
    if scope_given && sort_by.is_empty() {
        findings.problem(
            &path.key("sort_scope"),
            "stands without `sort_by`, so there is nothing to sort by",
        );
    }
    let layout = Layout {
        row_group: row_group(&mut raw, &path, findings),
        vector_layout,
        partition_by,
        sort_by,
        sort_scope: sort_scope.unwrap_or(SortScope::File),
        writer_version,
        data_page_rows: layout::data_page_rows(&mut raw, &path, findings),
        page_index,
        chunk,
        columns: own,
    };
    (columns.columns, layout)
}

fn row_group(raw: &mut RawParquet, path: &KeyPath, findings: &mut Findings<'_>) -> RowGroupSize {
    let (rows_path, bytes_path) = (path.key("row_group_size"), path.key("row_group_bytes"));
    let both = raw.row_group_size.is_some() && raw.row_group_bytes.is_some();
    let layers = (
        findings.origins.layer_of(&rows_path),
        findings.origins.layer_of(&bytes_path),
    );
    if both && layers.0 == layers.1 {
        findings.problem(
            &bytes_path,
            "stands beside `row_group_size`; give one of them",
        );
    }
    let rows = findings.take_count(&rows_path, raw.row_group_size.take());
    let bytes = findings.take(&bytes_path, raw.row_group_bytes.take());
    match (rows, bytes) {
        (Some(rows), Some(_)) if layers.0 > layers.1 => RowGroupSize::Rows(rows),
        (_, Some(bytes)) => RowGroupSize::Bytes(bytes.0),
        (rows, None) => RowGroupSize::Rows(rows.unwrap_or(USUAL_ROW_GROUP_ROWS)),
    }
}

fn partition_by(
    raw: Option<OneOrMany<Leaf<String>>>,
    columns: &ConfigColumns,
    described: RowKind,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    for leaf in raw.map(OneOrMany::into_vec).unwrap_or_default() {
        let Some(name) = findings.take(path, Some(leaf)) else {
            continue;
        };
        if columns.broken.contains(&name) {
            // The problem with that column has been reported already.
            continue;
        }
        let wrong = match taken.contains(&name) {
            true => Some(format!("`{name}` is given twice")),
            false => why_not_partition(&name, columns, described, findings),
        };
        if let Some(message) = wrong {
            findings.problem(path, message);
        } else {
            taken.insert(name.clone());
            names.push(name);
        }
    }
    if !names.is_empty()
        && names.len() == columns.columns.len()
        && columns.broken.is_empty()
        && described != RowKind::Source
    {
        findings.problem(
            path,
            "takes all of the columns, so the files would have none; leave one out",
        );
    }
    names
}

fn why_not_partition(
    name: &str,
    columns: &ConfigColumns,
    described: RowKind,
    findings: &Findings<'_>,
) -> Option<String> {
    if name.contains(['/', '=']) {
        return Some(format!(
            "`{name}` cannot name a folder; a partition column's name has no `/` and no `=`"
        ));
    }
    if described == RowKind::Source {
        // The columns and their types are not known before the source is opened.
        return None;
    }
    let Some(column) = columns.named(name) else {
        return Some(columns.unknown(name, findings));
    };
    let dtype = column.dtype;
    if column.is_vector()
        || !(dtype.is_integer() || matches!(dtype, Dtype::Bool | Dtype::String | Dtype::Date32))
    {
        let vector = if column.is_vector() {
            "a vector of "
        } else {
            ""
        };
        return Some(format!(
            "`{name}` is {vector}{dtype}; partition columns are integers, bool, string or date32"
        ));
    }
    None
}

/// Returns the sort columns of a list such as `[a, b desc]`.
fn sort_by(
    raw: Option<OneOrMany<Leaf<String>>>,
    columns: &ConfigColumns,
    described: RowKind,
    partition_by: &[String],
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Vec<SortColumn> {
    let mut sorted: Vec<SortColumn> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    let partition_by: HashSet<&str> = partition_by.iter().map(String::as_str).collect();
    for leaf in raw.map(OneOrMany::into_vec).unwrap_or_default() {
        let Some(text) = findings.take_text(path, Some(leaf)) else {
            continue;
        };
        let name_of = |suffix: &str| text.strip_suffix(suffix).map(str::trim_end);
        let (name, descending) = match (name_of(" desc"), name_of(" asc")) {
            (Some(name), _) => (name, true),
            (None, Some(name)) => (name, false),
            (None, None) => (text.as_str(), false),
        };
        if columns.broken.contains(name) {
            continue;
        }
        let wrong = match columns.named(name) {
            _ if taken.contains(name) => Some(format!("`{name}` is given twice")),
            _ if partition_by.contains(name) => Some(format!(
                "`{name}` is a partition column, which has one value in a file"
            )),
            None if described == RowKind::Source => None,
            None => Some(columns.unknown(name, findings)),
            Some(column) if column.is_vector() || column.dtype.is_nested() => Some(format!(
                "`{name}` has several values in a row; sort by single ones"
            )),
            Some(_) => None,
        };
        match wrong {
            Some(message) => findings.problem(path, message),
            None => {
                taken.insert(name.to_owned());
                sorted.push(SortColumn {
                    column: name.to_owned(),
                    descending,
                });
            }
        }
    }
    sorted
}

fn file_prefix(leaf: Option<Leaf<String>>, path: &KeyPath, findings: &mut Findings<'_>) -> String {
    let prefix = findings
        .take_text(path, leaf)
        .unwrap_or_else(|| DEFAULT_FILE_PREFIX.to_owned());
    if prefix.contains('/') || prefix.contains('\0') {
        findings.problem(
            path,
            format!("`{prefix}` cannot start a file name; write it without `/`"),
        );
    }
    prefix
}
