//! Some rows of a file, read without the engine.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, SchemaRef};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use object_store::ObjectStore;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};

use super::{TableError, TableFile};
use crate::dataset::{StoreReader, read_footer};
use crate::storage::CountingStore;

/// Neighbouring rows of one row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) row_group: usize,
    /// Counted from the start of the row group.
    pub(crate) first: usize,
    pub(crate) rows: usize,
}

/// Rows that are read at a time, few enough that large values do not fill the memory.
const BATCH_ROWS: usize = 64;

/// Reads a stretch of rows, one column after the other, so that no more than a column chunk is in memory besides. What is
/// read of a column goes to `take` batch by batch, with the number of the column, until that has enough.
/// `table` is what messages call the table.
pub(crate) async fn read_stretch<T>(
    store: &Arc<CountingStore>,
    table: &str,
    file: &TableFile,
    stretch: Stretch,
    take: T,
) -> Result<SchemaRef, TableError>
where
    T: FnMut(usize, &Field, ArrayRef) -> Result<Enough, ArrowError> + Send + 'static,
{
    let bad = |reason: String| TableError::BadFile {
        table: table.to_owned(),
        file: file.path.display().to_string(),
        reason,
    };
    let store = Arc::clone(store) as Arc<dyn ObjectStore>;
    let task_file = file.clone();
    // A corrupt file may make the reader panic.
    let task = tokio::spawn(async move { read(store, &task_file, stretch, take).await });
    task.await
        .map_err(|_| bad("not a readable Parquet file: it is corrupt".to_owned()))?
        .map_err(|reason| bad(format!("row group {}: {reason}", stretch.row_group)))
}

/// Whether what was read of a column will do.
pub(crate) type Enough = bool;

async fn read(
    store: Arc<dyn ObjectStore>,
    file: &TableFile,
    stretch: Stretch,
    mut take: impl FnMut(usize, &Field, ArrayRef) -> Result<Enough, ArrowError>,
) -> Result<SchemaRef, String> {
    let parquet = |error: ParquetError| error.to_string();
    let object = &file.object.location;
    let path = file.path.display().to_string();
    let (_, footer) = read_footer(&store, object, &path)
        .await
        .map_err(|error| error.to_string())?;
    let mut reader = StoreReader {
        store: Arc::clone(&store),
        object: object.clone(),
        metadata: Arc::new(footer.clone()),
    };
    // With an offset index, only the pages of the stretch are read.
    let mut indexes = ParquetMetaDataReader::new_with_metadata(footer)
        .with_page_index_policy(PageIndexPolicy::Optional);
    indexes
        .load_page_index(&mut reader)
        .await
        .map_err(parquet)?;
    let metadata = Arc::new(indexes.finish().map_err(parquet)?);
    let roots = metadata
        .file_metadata()
        .schema_descr()
        .root_schema()
        .get_fields()
        .len();
    let mut schema = None;
    for root in 0..roots {
        let reader = StoreReader {
            store: Arc::clone(&store),
            object: object.clone(),
            metadata: Arc::clone(&metadata),
        };
        let builder = ParquetRecordBatchStreamBuilder::new(reader)
            .await
            .map_err(parquet)?;
        schema.get_or_insert_with(|| Arc::clone(builder.schema()));
        let mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
        let mut stream = builder
            .with_projection(mask)
            .with_row_groups(vec![stretch.row_group])
            .with_offset(stretch.first)
            .with_limit(stretch.rows)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(parquet)?;
        while let Some(batch) = stream.try_next().await.map_err(parquet)? {
            let field = batch.schema_ref().field(0).clone();
            let taken = take(root, &field, Arc::clone(batch.column(0)));
            if taken.map_err(|error| error.to_string())? {
                break;
            }
        }
    }
    schema.ok_or_else(|| "it has no columns".to_owned())
}
