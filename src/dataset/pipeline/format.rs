//! The format of all files of a dataset.

use arrow::datatypes::SchemaRef;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::config::Layout;
use crate::dataset::properties::writer_properties;

/// Settings with which each file of a dataset is written.
pub(crate) struct FileFormat {
    pub(crate) schema: SchemaRef,
    pub(crate) properties: WriterProperties,
    /// Rows of every row group but a file's last.
    pub(crate) row_group_rows: u64,
    /// Key-values of each footer, besides the file's identity.
    pub(crate) key_values: Vec<KeyValue>,
}

impl FileFormat {
    /// Makes the format of files that have up to `most_rows` rows each.
    pub(crate) fn new(
        layout: &Layout,
        schema: SchemaRef,
        row_group_rows: u64,
        most_rows: u64,
        key_values: Vec<KeyValue>,
    ) -> Result<Self, ParquetError> {
        // A bloom filter for more values than a file has would take long to make, and would be
        // folded to the same size.
        let properties = writer_properties(layout, &schema, Some(row_group_rows.min(most_rows)))?;
        Ok(FileFormat {
            schema,
            properties,
            row_group_rows,
            key_values,
        })
    }
}
