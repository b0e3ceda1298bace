//! Existing rows that are written anew.

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

/// Keys of footers under which pandas and Spark keep the columns that a file has.
const KEYS_OF_COLUMNS: [&str; 2] = ["pandas", "org.apache.spark.sql.parquet.row.metadata"];

/// Rows to write anew: a table of a session of its own, and what is known of it.
#[derive(Clone)]
pub struct SourceTable {
    /// As the user wrote it.
    pub location: String,
    /// Its files.
    pub places: Vec<Location>,
    /// All columns, Hive partitions included.
    pub schema: SchemaRef,
    pub rows: u64,
    /// Bytes before compression, or of the files where these are not Parquet; an estimate of the
    /// rows' size.
    pub bytes: u64,
    /// Of the list of files: names, sizes and times of change.
    pub fingerprint: String,
    /// What its columns lose or change when they are written, one sentence each.
    pub notes: Vec<String>,
    /// Key-values of its footers that all files agree on, without those that each writer makes.
    pub key_values: Vec<(String, Option<String>)>,
    /// Its files as they were when they were opened.
    pub inputs: Arc<Inputs>,
    /// Its rows for a reader that knows neither the engine nor statistics, where these are Parquet.
    pub plain: Option<Arc<PlainSource>>,
    /// Has the table registered as `source`, and reads its rows in the order of the files.
    pub context: SessionContext,
}

/// The Parquet files of a source, and what a plain read of them comes to.
#[derive(Debug, Default)]
pub struct PlainSource {
    pub files: Vec<PlainFile>,
    /// Columns that the folders on the way to the files give.
    pub partition_by: Vec<String>,
    /// Read once, whatever the number of variants.
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

/// What of a source tells which dataset was written from it: enough for a process that reads the
/// dataset and must not read the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSource {
    location: String,
    fingerprint: String,
    rows: u64,
    /// Name and type of each column that the dataset is partitioned by, which its files do not
    /// have.
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

    /// A source without files and rows, which stands for this one in a plan.
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

    /// Rows and checksum of its files, read by `reader` but for their partitions.
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

    /// The key-values that files of a layout keep: not those that name columns which partitions
    /// take away, as readers that go by them look for these in the files.
    pub(crate) fn kept_key_values(
        &self,
        layout: &Layout,
    ) -> impl Iterator<Item = &(String, Option<String>)> {
        let takes_columns = !layout.partition_by.is_empty();
        self.key_values
            .iter()
            .filter(move |(key, _)| !takes_columns || !names_columns(key))
    }

    /// What to know of the key-values that files of a layout do not keep.
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

    /// Fails where a file is not what it was when the source was opened.
    pub(crate) fn check_unchanged(&self) -> Result<(), DatasetError> {
        Ok(self.inputs.check()?)
    }

    /// Refuses columns of a layout that the source does not have, or whose types do not fit.
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

    /// An encoding of the dataset fits some column, and one of a column that column.
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

    /// The fields that files store, without partition columns.
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

    /// The first field of each name: to look for one in the schema takes time for each of very many
    /// fields.
    fn fields_by_name(&self) -> HashMap<&str, &Arc<Field>> {
        let fields = self.schema.fields().iter().rev();
        fields.map(|field| (field.name().as_str(), field)).collect()
    }

    pub(crate) fn stored_schema(&self, layout: &Layout) -> SchemaRef {
        Arc::new(Schema::new(self.stored_fields(layout)))
    }
}
