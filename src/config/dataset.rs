//! The dataset of a variant: its files, its columns and its layout.

use super::choice::ReadMode;
use super::codec::CodecText;
use super::columns::{self, Columns};
use super::error::Problem;
use super::key_path::KeyPath;
use super::leaf::Leaf;
use super::model::{Codec, Column, Dataset, Dtype, Layout, RowGroupSize, Split, VectorLayout};
use super::near::did_you_mean;
use super::origins::Layer;
use super::raw::{OneOrMany, RawDataset, RawParquet, RawStorage, RawTrain, RawWorkflow};
use super::validate::Findings;

// DLIO's defaults: `ConfigArguments` in dlio_benchmark/utils/config.py.
const DEFAULT_DATA_FOLDER: &str = "./data/";
const DEFAULT_FILE_PREFIX: &str = "img";
const DEFAULT_FILES: u64 = 8;
const DEFAULT_RECORD_BYTES: u64 = 65_536;
const DEFAULT_ROWS_PER_FILE: u64 = 1;
const DEFAULT_SEED: u64 = 123;
const DEFAULT_STORAGE_ROOT: &str = "./";

/// Rows. DLIO has no default of its own for Parquet's; 1 000 000 is what it passes to PyArrow (1 Mi) in round figures.
const DEFAULT_ROW_GROUP_ROWS: u64 = 1_000_000;

/// Sections beside `dataset` that say something about it.
pub(super) struct Sections {
    pub(super) storage: RawStorage,
    pub(super) workflow: RawWorkflow,
    pub(super) train: RawTrain,
}

pub(super) fn validate(
    mut raw: RawDataset,
    sections: Sections,
    findings: &mut Findings<'_>,
) -> Dataset {
    let path = KeyPath::of(["dataset"]);
    check_format(raw.format.take(), &path.key("format"), findings);
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
        files: files.unwrap_or(DEFAULT_FILES),
        subfolders: subfolders.unwrap_or(0),
    };
    let valid = Split {
        files: eval_files.unwrap_or(0),
        subfolders: eval_subfolders.unwrap_or(0),
    };
    let rows_per_file = rows_per_file.unwrap_or(DEFAULT_ROWS_PER_FILE);
    let rows = rows_of_table(train.files.max(valid.files), rows_per_file, &path, findings);
    let record_bytes = record_bytes(&mut raw, parquet.columns.is_some(), &path, findings);
    let codec = codec(&mut raw, &path, findings);
    let (columns, layout) = parquet_of(parquet, codec, record_bytes, rows, findings);
    let workflow = KeyPath::of(["workflow", "generate_data"]);
    Dataset {
        data_folder: data_folder(raw.data_folder.take(), sections.storage, findings),
        file_prefix: file_prefix(raw.file_prefix.take(), &path.key("file_prefix"), findings),
        train,
        valid: (valid.files > 0).then_some(valid),
        rows_per_file,
        seed: seed(raw.seed.take(), sections.train, findings),
        columns,
        layout,
        generate: findings
            .take(&workflow, sections.workflow.generate_data)
            .unwrap_or(true),
    }
}

fn check_format(leaf: Option<Leaf<String>>, path: &KeyPath, findings: &mut Findings<'_>) {
    if let Some(format) = findings
        .take(path, leaf)
        .filter(|format| format != "parquet")
    {
        let near = did_you_mean(&format, ["parquet"]);
        findings.problem(
            path,
            format!("`{format}` is not a format that this program reads; known: parquet{near}"),
        );
    }
}

/// Rows of the larger table.
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

/// Bytes of the one column of a dataset without columns.
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
    let bytes = findings.take_count(&long, raw.record_length_bytes.take());
    let alias = findings.take_count(&short, raw.record_length.take());
    match (bytes, alias) {
        (Some(bytes), Some(alias)) if bytes != alias => findings.problem(
            &short,
            format!(
                "{alias} disagrees with `record_length_bytes`, which is {bytes}; give one of them"
            ),
        ),
        _ => {}
    }
    bytes.or(alias).unwrap_or(DEFAULT_RECORD_BYTES)
}

/// The codec at its level. The later layer decides: a level laid over a codec that names one replaces that, a codec
/// with a level laid over a level ignores that.
fn codec(raw: &mut RawDataset, path: &KeyPath, findings: &mut Findings<'_>) -> Codec {
    let (name_path, level_path) = (path.key("compression"), path.key("compression_level"));
    let text = findings
        .take(&name_path, raw.compression.take())
        .unwrap_or(CodecText::NONE);
    let level = findings.take(&level_path, raw.compression_level.take());
    let layers = (
        findings.origins.layer_of(&name_path),
        findings.origins.layer_of(&level_path),
    );
    let (used, from) = match (text.level, level) {
        (Some(own), Some(other)) if own != other && layers.0 == layers.1 => {
            let place = match layers.0 {
                Layer::File => "in the config",
                Layer::CommandLine => "on the command line",
                Layer::Variant => "in a variant",
            };
            findings.problem(
                &level_path,
                format!("{other} disagrees with `{}({own})`, which stands beside it {place}; give one level", text.name),
            );
            (Some(own), &name_path)
        }
        (Some(own), Some(_)) if layers.0 >= layers.1 => (Some(own), &name_path),
        (Some(own), None) => (Some(own), &name_path),
        (_, level) => (level, &level_path),
    };
    if level.is_some() && !text.has_levels() {
        findings.notes.push(format!(
            "`{level_path}` has no effect on the codec {}, which has no levels",
            text.name
        ));
    }
    text.at(used).unwrap_or_else(|message| {
        findings.problem(from, message);
        Codec::None
    })
}

fn parquet_of(
    mut raw: RawParquet,
    codec: Codec,
    record_bytes: u64,
    rows: u64,
    findings: &mut Findings<'_>,
) -> (Vec<Column>, Layout) {
    let path = KeyPath::of(["dataset", "parquet"]);
    let columns = match raw.columns.take() {
        Some(columns) => columns::validate(columns, rows, &path.key("columns"), findings),
        None => Columns {
            columns: vec![columns::record(record_bytes, findings)],
            broken: Vec::new(),
        },
    };
    if findings.take(&path.key("read_mode"), raw.read_mode.take()) == Some(ReadMode::Default) {
        findings.notes.push(
            "every read streams row groups in this version; `read_mode: default` has no effect yet"
                .to_owned(),
        );
    }
    let layout = Layout {
        codec,
        row_group: row_group(&mut raw, &path, findings),
        vector_layout: findings
            .take(&path.key("vector_layout"), raw.vector_layout.take())
            .unwrap_or(VectorLayout::FixedSizeList),
        partition_by: partition_by(
            raw.partition_by.take(),
            &columns,
            &path.key("partition_by"),
            findings,
        ),
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
        (rows, None) => RowGroupSize::Rows(rows.unwrap_or(DEFAULT_ROW_GROUP_ROWS)),
    }
}

fn partition_by(
    raw: Option<OneOrMany<Leaf<String>>>,
    columns: &Columns,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for leaf in raw.map(OneOrMany::into_vec).unwrap_or_default() {
        let Some(name) = findings.take(path, Some(leaf)) else {
            continue;
        };
        if columns.broken.contains(&name) {
            // What is wrong with that column has been said.
            continue;
        }
        if let Some(message) = why_not_partition(&name, &names, &columns.columns) {
            findings.problem(path, message);
        } else {
            names.push(name);
        }
    }
    if !names.is_empty() && names.len() == columns.columns.len() && columns.broken.is_empty() {
        findings.problem(
            path,
            "takes all of the columns, so the files would have none; leave one out",
        );
    }
    names
}

fn why_not_partition(name: &str, taken: &[String], columns: &[Column]) -> Option<String> {
    let Some(column) = columns.iter().find(|column| column.name == name) else {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        return Some(format!(
            "`{name}` is not a column{}",
            did_you_mean(name, names)
        ));
    };
    if taken.iter().any(|other| other == name) {
        return Some(format!("`{name}` is given twice"));
    }
    if name.contains(['/', '=']) {
        return Some(format!(
            "`{name}` cannot name a folder; a partition column's name has no `/` and no `=`"
        ));
    }
    let dtype = column.dtype;
    if column.is_vector() || !(dtype.is_integer() || matches!(dtype, Dtype::Bool | Dtype::String)) {
        let vector = if column.is_vector() {
            "a vector of "
        } else {
            ""
        };
        return Some(format!(
            "`{name}` is {vector}{dtype}; partition columns are integers, bool or string"
        ));
    }
    None
}

/// `storage_root` and `data_folder` joined as Python's `os.path.join` does, without a leading `./` or trailing `/`.
fn data_folder(
    folder: Option<Leaf<String>>,
    mut storage: RawStorage,
    findings: &mut Findings<'_>,
) -> String {
    let section = KeyPath::of(["storage"]);
    let kind_path = section.key("storage_type");
    if let Some(kind) = findings
        .take(&kind_path, storage.storage_type.take())
        .filter(|kind| kind != "local_fs")
    {
        let message = format!(
            "`{kind}` is not available, object stores are not built in yet; known: local_fs"
        );
        findings.problem(&kind_path, message);
    }
    let root = findings.take_location(&section.key("storage_root"), storage.storage_root.take());
    let folder = findings.take_location(&KeyPath::of(["dataset", "data_folder"]), folder);
    let root = root.unwrap_or_else(|| DEFAULT_STORAGE_ROOT.to_owned());
    let folder = folder.unwrap_or_else(|| DEFAULT_DATA_FOLDER.to_owned());
    let joined = if folder.starts_with('/') || folder.contains("://") {
        folder
    } else {
        format!("{}/{folder}", root.trim_end_matches('/'))
    };
    tidy(&joined)
}

fn tidy(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut rest = path.trim_end_matches('/');
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    match rest {
        "" if absolute => "/".to_owned(),
        "" => ".".to_owned(),
        rest => rest.to_owned(),
    }
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

fn seed(own: Option<Leaf<u64>>, train: RawTrain, findings: &mut Findings<'_>) -> u64 {
    let fallback_path = KeyPath::of(["train", "seed"]);
    let own = findings.take(&KeyPath::of(["dataset", "seed"]), own);
    let fallback = findings.take(&fallback_path, train.seed);
    if own.is_some() && fallback.is_some() {
        findings.without_effect.push(fallback_path.to_string());
    }
    own.or(fallback).unwrap_or(DEFAULT_SEED)
}

/// A length that Arrow's 32-bit offsets can hold.
pub(super) fn check_length(path: &KeyPath, length: u64) -> Option<Problem> {
    let longest = i32::MAX;
    (length > u64::from(longest.unsigned_abs())).then(|| {
        Problem::new(
            path.clone(),
            format!("{length} is longer than the {longest} that a value may be"),
        )
    })
}
