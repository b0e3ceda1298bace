//! Gathers the footers of all files of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::file::metadata::{FileMetaData, ParquetMetaData};

use super::check::{check_columns, doubled};
use super::error::TableError;
use super::footers::FooterReader;
use super::merge::{ColumnTypes, merge, types_of};
use super::table_files::{TableFile, TableFiles};
use crate::config::Column;
use crate::dataset::IDENTITY_KEY;
use crate::files::{
    Annotation, Columns, add_annotations, add_doubts, key_value, row_caution, rows_of, wide_schema,
    with_wide_dictionaries,
};

/// The columns that one or more files share.
pub(super) struct FileColumns {
    /// Types by column name, as the engine reads them.
    pub(super) types: ColumnTypes,
    /// Schema by which the engine must read the files. Absent unless their dictionaries have narrow
    /// keys.
    pub(super) wide: Option<SchemaRef>,
}

/// The footers of all files, and their merged schema and sums.
pub(super) struct TableFooters {
    pub(super) summary: Summary,
    pub(super) merged: SchemaRef,
    /// Footer of each file, in the order of the files.
    pub(super) footers: Vec<Footer>,
}

/// A footer, and the columns of its file.
pub(super) type Footer = (Arc<ParquetMetaData>, Arc<FileColumns>);

/// Reads the footers of all files, and checks each; see [`super::open`].
pub(super) async fn gathered(
    reader: &FooterReader<'_>,
    files: &TableFiles,
    wanted: Option<&[Column]>,
    unify: bool,
) -> Result<TableFooters, TableError> {
    let mut summary = Summary::default();
    let each = files.files.iter();
    let each = each.map(|file| reader.footer(&file.object, &file.place));
    let mut found = futures::stream::iter(each).buffered(reader.concurrency);
    let mut known: Option<(KnownSchema, Arc<FileColumns>)> = None;
    let mut merged: Option<Schema> = None;
    let mut footers = Vec::with_capacity(files.files.len());
    for file in &files.files {
        let path = file.place.to_string();
        let Some(footer) = found.try_next().await? else {
            break;
        };
        check_identity(&files.name, file, &footer)?;
        let same = known.as_ref().filter(|(known, _)| known.is_of(&footer));
        let columns = match same {
            Some((_, columns)) => Arc::clone(columns),
            None => {
                let root = footer.file_metadata().schema_descr().root_schema();
                if let Some(column) = doubled(root.get_fields().iter().map(|it| it.name())) {
                    return Err(TableError::BadFile {
                        table: files.name.clone(),
                        file: path,
                        reason: format!("two of its columns are named `{column}`"),
                    });
                }
                let schema = reader.schema(&file.object, &path).await?;
                let schema = with_wide_dictionaries(&schema);
                if let Some(wanted) = wanted {
                    check_columns(&files.name, &path, &schema, wanted, &files.partition_by)?;
                }
                let columns = Arc::new(FileColumns {
                    types: types_of(&schema),
                    wide: wide_schema(&footer),
                });
                merged = Some(match merged {
                    None => schema,
                    Some(merged) => merge(&files.name, &path, merged, &schema, unify)?,
                });
                add_annotations(&mut summary.annotations, &footer);
                let metadata = Arc::clone(&footer);
                known = Some((KnownSchema { metadata }, Arc::clone(&columns)));
                columns
            }
        };
        summary.add(&path, &footer, file.object.size);
        footers.push((footer, columns));
    }
    Ok(TableFooters {
        summary,
        merged: Arc::new(merged.unwrap_or_else(Schema::empty)),
        footers,
    })
}

/// Refuses a file that replaced one that a manifest names. The manifest has only sizes, and layouts
/// of other rows often have the same size.
fn check_identity(
    table: &str,
    file: &TableFile,
    footer: &ParquetMetaData,
) -> Result<(), TableError> {
    let found = key_value(footer.file_metadata(), IDENTITY_KEY);
    match &file.identity {
        Some(wanted) if found != Some(wanted.as_str()) => Err(TableError::Replaced {
            table: table.to_owned(),
            file: file.place.to_string(),
            found: found.map(str::to_owned),
        }),
        _ => Ok(()),
    }
}

/// Sums and findings over all files.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) file_bytes: u64,
    pub(super) row_groups: u64,
    pub(super) columns: Columns,
    pub(super) cautions: Vec<String>,
    pub(super) doubts: BTreeMap<String, String>,
    pub(super) key_values: KeyValues,
    pub(super) annotations: BTreeSet<Annotation>,
}

/// Key-values that footers have beside their schemas.
#[derive(Debug, Default)]
pub struct KeyValues {
    /// Absent before the first file.
    shared: Option<Vec<(String, Option<String>)>>,
    /// Keys whose values differ between files, or that some files lack.
    pub differing: BTreeSet<String>,
}

impl KeyValues {
    /// Returns the key-values that all files share.
    pub fn shared(&self) -> &[(String, Option<String>)] {
        self.shared.as_deref().unwrap_or_default()
    }

    fn add(&mut self, metadata: &FileMetaData) {
        let own = [ARROW_SCHEMA_META_KEY, IDENTITY_KEY];
        let found: Vec<(String, Option<String>)> = metadata
            .key_value_metadata()
            .into_iter()
            .flatten()
            .filter(|entry| !own.contains(&entry.key.as_str()))
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect();
        let Some(shared) = &mut self.shared else {
            self.shared = Some(found);
            return;
        };
        if *shared == found {
            return;
        }
        let of_one = |entry: &(String, Option<String>), entries: &[(String, Option<String>)]| {
            (!entries.contains(entry)).then(|| entry.0.clone())
        };
        let differing = shared.iter().filter_map(|entry| of_one(entry, &found));
        self.differing.extend(differing);
        let differing = found.iter().filter_map(|entry| of_one(entry, shared));
        self.differing.extend(differing);
        shared.retain(|(key, _)| !self.differing.contains(key));
    }
}

impl Summary {
    fn add(&mut self, path: &str, footer: &ParquetMetaData, file_bytes: u64) {
        let caution = row_caution(footer);
        self.cautions
            .extend(caution.map(|caution| format!("{path}: {caution}")));
        add_doubts(&mut self.doubts, footer);
        self.key_values.add(footer.file_metadata());
        self.rows += rows_of(footer);
        self.file_bytes += file_bytes;
        self.row_groups += footer.num_row_groups() as u64;
        self.columns.add(footer);
    }
}

/// The last schema. It is kept so that thousands of equal schemas are not each converted to Arrow.
struct KnownSchema {
    metadata: Arc<ParquetMetaData>,
}

impl KnownSchema {
    fn is_of(&self, other: &ParquetMetaData) -> bool {
        let (left, right) = (self.metadata.file_metadata(), other.file_metadata());
        left.schema_descr().root_schema() == right.schema_descr().root_schema()
            && key_value(left, ARROW_SCHEMA_META_KEY) == key_value(right, ARROW_SCHEMA_META_KEY)
    }
}
