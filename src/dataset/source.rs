//! Existing rows that are rewritten in other layouts.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::prelude::SessionContext;
use parquet::arrow::ArrowSchemaConverter;
use parquet::schema::types::ColumnDescriptor;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::DatasetError;
use super::plain::{PlainFile, PlainReader};
use super::properties::physical;
use crate::config::{Encoding, Layout, VectorLayout};
use crate::files::leaves_by_root;
use crate::record::Checksum;
use crate::storage::{Inputs, Location};

/// Name of the source among the tables of its session.
pub(crate) const SOURCE_TABLE: &str = "source";

/// Keys of footers under which pandas and Spark list the columns of a file.
const KEYS_OF_COLUMNS: [&str; 2] = ["pandas", "org.apache.spark.sql.parquet.row.metadata"];

/// Rows to rewrite: a table of a session of its own, and its properties.
#[derive(Clone)]
pub struct SourceTable {
    /// Location as the user wrote it.
    pub location: String,
    /// Its files.
    pub places: Vec<Location>,
    /// All columns, Hive partitions included.
    pub schema: SchemaRef,
    pub rows: u64,
    /// Estimate of the rows' size: bytes before compression, or bytes of the files if they are not
    /// Parquet.
    pub bytes: u64,
    /// Fingerprint of the list of files: names, sizes and times of change.
    pub fingerprint: String,
    /// Losses and changes of the columns when they are written, one sentence each.
    pub notes: Vec<String>,
    /// Key-values that are the same in the footers of all files, without those that every writer
    /// makes itself.
    pub key_values: Vec<(String, Option<String>)>,
    /// State of the files when they were opened.
    pub inputs: Arc<Inputs>,
    /// The files for a reader that uses neither the engine nor statistics. Absent if they are not
    /// Parquet.
    pub plain: Option<Arc<PlainSource>>,
    /// Session with the table registered as `source`. It reads the rows in the order of the files.
    pub context: SessionContext,
}

/// The Parquet files of a source, and the number of rows and checksum that a plain read of them
/// gives.
#[derive(Debug, Default)]
pub struct PlainSource {
    pub files: Vec<PlainFile>,
    /// Columns whose values are in the names of the files' folders.
    pub partition_by: Vec<String>,
    /// Rows and checksum. They are computed once, for any number of variants.
    digest: OnceCell<(u64, Checksum)>,
}

impl PlainSource {
    pub fn new(files: Vec<PlainFile>, partition_by: Vec<String>) -> Self {
        PlainSource {
            files,
            partition_by,
            digest: OnceCell::new(),
        }
    }
}

/// The part of a source that determines the fingerprints of a dataset written from it. With it a
/// process can read the dataset without reading the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSource {
    location: String,
    fingerprint: String,
    rows: u64,
    /// Name and type of each partition column of the dataset. Its files do not store these columns.
    partitions: Vec<(String, String)>,
}

impl KnownSource {
    pub(crate) fn of(source: &SourceTable, layout: &Layout) -> Self {
        let fields = source.partition_fields(layout).into_iter();
        KnownSource {
            location: source.location.clone(),
            fingerprint: source.fingerprint.clone(),
            rows: source.rows,
            partitions: fields
                .map(|field| (field.name().clone(), field.data_type().to_string()))
                .collect(),
        }
    }

    /// Returns a source without files that takes the place of this one in a plan.
    pub(crate) fn table(&self) -> Result<SourceTable, DatasetError> {
        let fields = self.partitions.iter().map(|(name, data_type)| {
            let data_type = data_type
                .parse::<DataType>()
                .map_err(|error| DatasetError::Internal(error.to_string()))?;
            Ok(Field::new(name, data_type, true))
        });
        let fields = fields.collect::<Result<Vec<Field>, DatasetError>>()?;
        Ok(SourceTable {
            location: self.location.clone(),
            places: Vec::new(),
            schema: Arc::new(Schema::new(fields)),
            rows: self.rows,
            bytes: 0,
            fingerprint: self.fingerprint.clone(),
            notes: Vec::new(),
            key_values: Vec::new(),
            inputs: Arc::new(Inputs::default()),
            plain: None,
            context: SessionContext::new(),
        })
    }
}

fn names_columns(key: &str) -> bool {
    KEYS_OF_COLUMNS.contains(&key)
}

impl fmt::Debug for SourceTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceTable")
            .field("location", &self.location)
            .field("rows", &self.rows)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

impl SourceTable {
    fn wrong(&self, reason: String) -> DatasetError {
        DatasetError::Source {
            location: self.location.clone(),
            reason,
        }
    }

    /// Returns the number of rows and the checksum of the source's files. Reads them with the
    /// settings of `reader`, but with the source's own partition columns.
    pub(crate) async fn plain_digest(
        &self,
        reader: &PlainReader,
    ) -> Result<(u64, Checksum), DatasetError> {
        let Some(plain) = &self.plain else {
            return Err(DatasetError::Internal(
                "the source has no Parquet files".to_owned(),
            ));
        };
        let reader = PlainReader {
            partition_by: plain.partition_by.clone(),
            ..reader.clone()
        };
        let digest = plain.digest.get_or_try_init(|| reader.digest(&plain.files));
        digest.await.cloned()
    }

    /// Returns the key-values that files of a layout keep. If partitions take columns out of the
    /// files, key-values that list columns are dropped, because readers that use them look for
    /// these columns in the files.
    pub(crate) fn kept_key_values(
        &self,
        layout: &Layout,
    ) -> impl Iterator<Item = &(String, Option<String>)> {
        let takes_columns = !layout.partition_by.is_empty();
        self.key_values
            .iter()
            .filter(move |(key, _)| !takes_columns || !names_columns(key))
    }

    /// Returns a note on the key-values that files of a layout do not keep. None if all are kept.
    pub(crate) fn dropped_key_values(&self, layout: &Layout) -> Option<String> {
        let keys = self.key_values.iter().map(|(key, _)| key.as_str());
        let keys: Vec<&str> = keys.filter(|key| names_columns(key)).collect();
        (!layout.partition_by.is_empty() && !keys.is_empty()).then(|| {
            format!(
                "key-values of the source's footers that name columns which `partition_by` takes out of the files are not \
                 kept: {}",
                keys.join(", ")
            )
        })
    }

    /// Fails if a file has changed since the source was opened.
    pub(crate) fn check_unchanged(&self) -> Result<(), DatasetError> {
        Ok(self.inputs.check()?)
    }

    /// Fails if a layout names columns that the source does not have or whose types do not fit.
    pub(crate) fn check(&self, layout: &Layout) -> Result<(), DatasetError> {
        let names = || {
            let names: Vec<&str> = self
                .schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            names.join(", ")
        };
        let fields = self.fields_by_name();
        let field = |name: &str| {
            let field = fields.get(name).copied();
            field.ok_or_else(|| self.wrong(format!("has no column `{name}`; it has {}", names())))
        };
        if layout.vector_layout != VectorLayout::FixedSizeList {
            return Err(self.wrong(
                "`vector_layout` is for generated columns; those of a source keep their type"
                    .to_owned(),
            ));
        }
        for name in &layout.partition_by {
            let data_type = field(name)?.data_type();
            let values = match data_type {
                DataType::Dictionary(_, values) => values.as_ref(),
                other => other,
            };
            let fits = values.is_integer()
                || matches!(
                    values,
                    DataType::Boolean
                        | DataType::Utf8
                        | DataType::LargeUtf8
                        | DataType::Utf8View
                        | DataType::Date32
                );
            if !fits {
                return Err(self.wrong(format!(
                    "cannot be partitioned by `{name}`, which is {data_type}; partition columns are integers, bool, \
                     string or date32"
                )));
            }
        }
        if layout.partition_by.len() == self.schema.fields().len() {
            return Err(self.wrong(
                "`partition_by` takes all of the columns, so the files would have none".to_owned(),
            ));
        }
        for sort in &layout.sort_by {
            let data_type = field(&sort.column)?.data_type();
            if data_type.is_nested() {
                return Err(self.wrong(format!(
                    "cannot be sorted by `{}`, which is {data_type}",
                    sort.column
                )));
            }
        }
        for name in layout.columns.keys() {
            field(name)?;
        }
        self.check_encodings(layout)
    }

    /// Fails if the encoding of the dataset fits no column, or that of a column does not fit it.
    fn check_encodings(&self, layout: &Layout) -> Result<(), DatasetError> {
        let leaves = ArrowSchemaConverter::new()
            .convert(&self.stored_schema(layout))
            .map_err(|error| self.wrong(error.to_string()))?;
        let fits = |encoding: Encoding, leaf: &ColumnDescriptor| {
            encoding.fits(physical(leaf.physical_type()), layout.writer_version)
        };
        let by_column = leaves_by_root(&leaves);
        let dataset = layout.chunk.encoding;
        if !leaves.columns().iter().any(|leaf| fits(dataset, leaf)) {
            return Err(self.wrong(format!(
                "has no column that the encoding `{}` fits",
                dataset.name()
            )));
        }
        for (name, chunk) in &layout.columns {
            let encoding = chunk.encoding;
            let mut of_column = by_column.get(name.as_str()).into_iter().flatten();
            if encoding != dataset && !of_column.any(|leaf| fits(encoding, leaf)) {
                let data_type = self.schema.field_with_name(name).map(Field::data_type);
                return Err(self.wrong(format!(
                    "has the column `{name}`, which the encoding `{}` does not fit{}",
                    encoding.name(),
                    data_type.map_or_else(|_| String::new(), |found| format!(": it is {found}"))
                )));
            }
        }
        Ok(())
    }

    /// Returns the fields that files store, without partition columns.
    pub(crate) fn stored_fields(&self, layout: &Layout) -> Vec<Arc<Field>> {
        let partitions: HashSet<&String> = layout.partition_by.iter().collect();
        self.schema
            .fields()
            .iter()
            .filter(|field| !partitions.contains(field.name()))
            .cloned()
            .collect()
    }

    pub(crate) fn partition_fields(&self, layout: &Layout) -> Vec<Arc<Field>> {
        let fields = self.fields_by_name();
        let names = layout.partition_by.iter();
        names
            .filter_map(|name| fields.get(name.as_str()).copied().cloned())
            .collect()
    }

    /// Returns a map of the first field of each name. A search in the schema would take time
    /// proportional to the number of fields, which may be very large.
    fn fields_by_name(&self) -> HashMap<&str, &Arc<Field>> {
        let fields = self.schema.fields().iter().rev();
        fields.map(|field| (field.name().as_str(), field)).collect()
    }

    pub(crate) fn stored_schema(&self, layout: &Layout) -> SchemaRef {
        Arc::new(Schema::new(self.stored_fields(layout)))
    }
}
