//! The files of a table.

use arrow::datatypes::DataType;
use object_store::ObjectMeta;

use crate::record::Origin;
use crate::storage::Location;

/// The files of a table, before any of them is read.
#[derive(Debug, Clone)]
pub struct TableFiles {
    pub name: String,
    /// Location as the user wrote it, or the dataset's folder.
    pub location: String,
    pub origin: Origin,
    /// Partition columns, outermost folder first.
    pub partition_by: Vec<String>,
    /// Types of the partition columns, if they are known.
    pub partition_types: Vec<DataType>,
    /// In the order of their paths; never empty.
    pub files: Vec<TableFile>,
    /// Reasons why the files may not be the table that the user means, one sentence each.
    pub cautions: Vec<String>,
}

/// One file of a table.
#[derive(Debug, Clone)]
pub struct TableFile {
    pub place: Location,
    pub object: ObjectMeta,
    /// Values of the partition columns as text; `None` for a null.
    pub partition: Vec<Option<String>>,
    /// Identity that the file's footer must state. Absent unless a manifest names the file.
    pub identity: Option<String>,
}
