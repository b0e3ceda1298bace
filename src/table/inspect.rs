//! Inspects the layout of the Parquet files behind a location.

use std::sync::Arc;

use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaData;
use serde::Serialize;

use super::discover::discover;
use super::error::TableError;
use super::look::{look, look_again};
use crate::files::{Bounds, ColumnFacts, Columns, Depth, FileFacts, unreadable, without_panic};
use crate::storage::Stores;

/// The layout of a set of files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    pub location: String,
    pub rows: u64,
    pub row_groups: u64,
    pub file_bytes: u64,
    /// Keys of the Hive folders on the way to the files, outermost first.
    pub partition_by: Vec<String>,
    pub files: Vec<FileFacts>,
    /// Leaves, in the order in which they first appear.
    pub columns: Vec<ColumnFacts>,
    /// Traps of the layout, each a sentence.
    pub warnings: Vec<String>,
}

/// Warnings about an order of rows that readers can make little use of.
fn unused_order(columns: &[ColumnFacts], files: &[FileFacts]) -> Option<String> {
    let first = columns.iter().find(|it| it.sort_position == Some(1))?;
    if files.iter().all(|file| file.rows == 0) {
        return None;
    }
    let groups_each = files.iter().all(|file| file.row_group_count <= 1);
    let has_index = first.column_index_chunks > 0;
    let what = match (has_index, groups_each) {
        (true, false) => return None,
        (true, true) => {
            "each file is a single row group: a reader that does not use the page index skips nothing; with smaller row groups it would"
        }
        (false, false) => {
            "there is no page index: a filter skips row groups, and no pages within them; with an index (PyArrow: write_page_index=True) it would"
        }
        (false, true) => {
            "there is no page index, and each file is a single row group: a filter skips nothing within a file; with an index \
             (PyArrow: write_page_index=True) or smaller row groups it would"
        }
    };
    Some(format!("rows are sorted by {}, but {what}", first.column))
}

/// Reads the footers of all files behind a path, a folder or a glob, and more by `depth`.
///
/// # Errors
///
/// Names the first file that cannot be read, or that changes meanwhile.
pub async fn inspect(
    stores: &Stores,
    location: &str,
    depth: Depth,
) -> Result<Inspection, TableError> {
    // Inspected files belong to no named table.
    const NAME: &str = "";
    let found = discover(stores, NAME, location).await?;
    let inputs = look(NAME, &found).await?;
    let mut leaves = Leaves::default();
    let mut files = Vec::with_capacity(found.files.len());
    for file in found.files {
        let path = file.place.to_string();
        let bad = |reason: String| TableError::BadFile {
            table: NAME.to_owned(),
            file: path.clone(),
            reason,
        };
        // A corrupt file may make the parser panic.
        let store = Arc::clone(file.place.store().objects());
        let (object, shown) = (file.object, path.clone());
        let task = tokio::spawn(async move {
            FileFacts::read(&store, &object.location, &shown, object.size, depth).await
        });
        let (footer, facts) = task
            .await
            .map_err(|_| bad(unreadable("it is corrupt")))?
            .map_err(bad)?;
        // A corrupt schema may do so, too.
        without_panic("its schema is corrupt", || leaves.add(&footer)).map_err(bad)?;
        files.push(facts);
    }
    look_again(NAME, location, inputs).await?;
    let columns = leaves.facts();
    Ok(Inspection {
        warnings: unused_order(&columns, &files).into_iter().collect(),
        location: location.to_owned(),
        rows: files.iter().map(|file| file.rows).sum(),
        row_groups: files.iter().map(|file| file.row_group_count).sum(),
        file_bytes: files.iter().map(|file| file.file_bytes).sum(),
        partition_by: found.partition_by,
        files,
        columns,
    })
}

/// The leaves of all files, with their bounds.
#[derive(Default)]
struct Leaves {
    columns: Columns,
    bounds: Vec<Bounds>,
}

impl Leaves {
    /// Adds the leaves of a file, even if it has no row groups.
    fn add(&mut self, footer: &ParquetMetaData) -> Result<(), String> {
        let about = footer.file_metadata();
        let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata());
        let schema = schema.map_err(|error| {
            format!("parquet-rs, which this program reads with, cannot read its schema: {error}")
        })?;
        for leaf in about.schema_descr().columns() {
            let place = self.columns.place_of(leaf);
            let facts = &mut self.columns.facts_mut()[place];
            if place == self.bounds.len() {
                let field = schema.field_with_name(&facts.root);
                facts.dtype =
                    field.map_or_else(|_| String::new(), |field| field.data_type().to_string());
                self.bounds.push(Bounds::default());
            }
            self.bounds[place].add(footer, &schema, &facts.column);
        }
        self.columns.add(footer);
        Ok(())
    }

    fn facts(self) -> Vec<ColumnFacts> {
        let mut columns = self.columns.into_facts();
        for (column, bounds) in columns.iter_mut().zip(&self.bounds) {
            (column.min, column.max) = (bounds.min(), bounds.max());
        }
        columns
    }
}
