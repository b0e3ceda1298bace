//! Reads some rows of a file without the engine, one column at a time.
//!
//! A few bytes of a file may expand to gigabytes of values: a page that compresses well, a text
//! that a dictionary repeats, a list of a billion equal numbers. The reader therefore checks pages
//! before it decompresses them, and reads texts as views of their page. After each batch, the
//! receiver of the rows decides how many to read next.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::chunk::{is_repeated, nulls, positive};
use super::error::{FileError, unreadable};
use super::page_header::{PageHeader, PageKind};
use super::page_limits::{CheckedReader, Oversize, PagesRead};
use super::reader::{StoreReader, read_footer, with_page_index};
use crate::engine::without_categories;

/// Number of bytes at the start of a column chunk that are searched for the header of a data page.
const HEADER_BYTES: u64 = 64 << 10;

/// Neighbouring rows of one row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) row_group: usize,
    /// First row, counted from the start of the row group.
    pub(crate) first: usize,
    pub(crate) rows: usize,
}

/// Next step after a batch of a stretch's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Stop: the rows suffice.
    Stop,
    /// Read on, with this number of rows per batch.
    Read(usize),
}

/// A file from which stretches are read. Its footer is read once.
#[derive(Clone)]
pub(crate) struct SampleFile {
    store: Arc<dyn ObjectStore>,
    object: Path,
    bytes: u64,
    /// The file's name in messages.
    path: String,
    /// Metadata of a reader that gives texts and binary values as views.
    metadata: ArrowReaderMetadata,
    /// Schema with the types of the file.
    schema: SchemaRef,
}

impl SampleFile {
    /// Reads the footer and the page index of a file of `bytes` bytes. `path` is the file's name in
    /// messages.
    ///
    /// # Errors
    ///
    /// A footer, a page index or a schema that cannot be read.
    pub(crate) async fn open(
        store: Arc<dyn ObjectStore>,
        object: Path,
        bytes: u64,
        path: String,
    ) -> Result<SampleFile, FileError> {
        let bad = |reason: String| FileError::Bad {
            path: path.clone(),
            reason,
        };
        // A corrupt file may make the parser panic.
        let task = {
            let (store, object, path) = (Arc::clone(&store), object.clone(), path.clone());
            tokio::spawn(async move { load(store, object, &path).await })
        };
        let (metadata, schema) = task
            .await
            .map_err(|_| bad(unreadable("it is corrupt")))?
            .map_err(bad)?;
        Ok(SampleFile {
            store,
            object,
            bytes,
            path,
            metadata,
            schema,
        })
    }

    /// Returns the columns with the types of the file.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the file's name in messages.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn bad(&self, reason: String) -> FileError {
        FileError::Bad {
            path: self.path.clone(),
            reason,
        }
    }

    /// Estimates the mean bytes of a row of a column from the footer alone: `element_bytes` for
    /// each element of its lists, and the bytes of texts and binary values if the writer has
    /// counted these. A row may have more.
    pub(crate) fn row_bytes(&self, column: usize, row_group: usize, element_bytes: u64) -> u64 {
        let Some(group) = self.metadata.metadata().row_groups().get(row_group) else {
            return 0;
        };
        let rows = positive(group.num_rows()).max(1);
        let chunks = || self.chunks(column, group);
        let elements = chunks()
            .filter(|chunk| is_repeated(chunk))
            .map(|chunk| positive(chunk.num_values()) / rows)
            .max()
            .unwrap_or(0);
        let texts: u64 = chunks()
            .filter_map(|chunk| chunk.unencoded_byte_array_data_bytes())
            .fold(0_u64, |sum, bytes| sum.saturating_add(positive(bytes)));
        elements
            .saturating_mul(element_bytes)
            .saturating_add(texts / rows)
    }

    /// Returns the nulls and the values of a column in a row group, as counted in the footer. None
    /// if the footer has no count, or if the column can have several values in a row.
    pub(crate) fn nulls_told(&self, column: usize, row_group: usize) -> Option<(u64, u64)> {
        let group = self.metadata.metadata().row_groups().get(row_group)?;
        let is_plain = |chunk: &&ColumnChunkMetaData| {
            chunk.column_path().parts().len() == 1 && !is_repeated(chunk)
        };
        let chunk = self.chunks(column, group).find(is_plain)?;
        Some((nulls(chunk)?, positive(chunk.num_values())))
    }

    /// Returns the chunks of a column's leaves.
    fn chunks<'a>(
        &'a self,
        column: usize,
        group: &'a RowGroupMetaData,
    ) -> impl Iterator<Item = &'a ColumnChunkMetaData> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let chunks = group.columns().iter().enumerate();
        chunks
            .filter(move |(leaf, _)| schema.get_column_root_idx(*leaf) == column)
            .map(|(_, chunk)| chunk)
    }

    /// Reads a stretch of a column's rows. Passes them to `take` batch by batch, beginning with a
    /// batch of `first_rows` rows, until `take` asks to stop. Returns the value that `take` has
    /// filled, and the reason if a page is too large to read on.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        column: usize,
        stretch: Stretch,
        first_rows: usize,
        taken: T,
        take: fn(&mut T, &ArrayRef) -> Result<Then, ArrowError>,
    ) -> Result<(T, Option<Oversize>), FileError> {
        let file = self.clone();
        // A corrupt page may make the reader panic.
        let task =
            tokio::spawn(
                async move { read(&file, column, stretch, first_rows, taken, take).await },
            );
        task.await
            .map_err(|_| self.bad(unreadable("it is corrupt")))?
            .map_err(|reason| {
                let fields = self.schema.fields();
                let name = fields.get(column).map_or("", |field| field.name().as_str());
                let row_group = stretch.row_group;
                let reason = without_categories(&reason);
                self.bad(format!("row group {row_group}, column `{name}`: {reason}"))
            })
    }

    /// Returns the version of the first data page of the first column, which is taken for all
    /// pages. None if its header is not found.
    pub(crate) async fn page_version(&self) -> Result<Option<u8>, FileError> {
        let groups = self.metadata.metadata().row_groups();
        let chunk = groups
            .iter()
            .filter(|group| group.num_rows() > 0)
            .find_map(|group| group.columns().first());
        let start = chunk.and_then(|chunk| u64::try_from(chunk.data_page_offset()).ok());
        let Some(start) = start.filter(|start| *start < self.bytes) else {
            return Ok(None);
        };
        let end = start.saturating_add(HEADER_BYTES).min(self.bytes);
        let bytes = self
            .store
            .get_range(&self.object, start..end)
            .await
            .map_err(|error| self.bad(error.to_string()))?;
        // Some writers give the offset of the dictionary as that of the first data page.
        let version = PageHeader::all(&bytes).find_map(|header| match header.kind {
            PageKind::Data { version } => Some(version),
            PageKind::Other => None,
        });
        Ok(version)
    }
}

/// Reads a footer and a page index. Returns the metadata for reading the file, and the schema with
/// the types of the file.
async fn load(
    store: Arc<dyn ObjectStore>,
    object: Path,
    path: &str,
) -> Result<(ArrowReaderMetadata, SchemaRef), String> {
    let parquet = |error: ParquetError| error.to_string();
    let (_, footer) = read_footer(&store, &object, path)
        .await
        .map_err(|error| error.reason())?;
    // With an offset index, only the pages of a stretch are read.
    let metadata = with_page_index(&store, &object, footer).await;
    let metadata = Arc::new(metadata.map_err(parquet)?);
    let plain = ArrowReaderMetadata::try_new(Arc::clone(&metadata), ArrowReaderOptions::new())
        .map_err(parquet)?;
    let schema = Arc::clone(plain.schema());
    let options = ArrowReaderOptions::new().with_schema(with_views(&schema));
    // If the reader does not accept views, the rows can still be read without them.
    let viewed = ArrowReaderMetadata::try_new(metadata, options).unwrap_or(plain);
    Ok((viewed, schema))
}

/// Returns the schema with texts and binary values as views. If a dictionary repeats a text, each
/// repetition takes a view of 16 bytes, and the text is in memory only once.
fn with_views(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<FieldRef> = schema.fields().iter().map(viewed).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn viewed(field: &FieldRef) -> FieldRef {
    let data_type = view_of(field.data_type());
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

fn view_of(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, values) => match view_of(values) {
            view @ (DataType::Utf8View | DataType::BinaryView) => view,
            _ => data_type.clone(),
        },
        DataType::List(item) => DataType::List(viewed(item)),
        DataType::LargeList(item) => DataType::LargeList(viewed(item)),
        DataType::ListView(item) => DataType::ListView(viewed(item)),
        DataType::LargeListView(item) => DataType::LargeListView(viewed(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(viewed(item), *size),
        DataType::Map(entries, sorted) => DataType::Map(viewed(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(viewed).collect()),
        other => other.clone(),
    }
}

async fn read<T>(
    file: &SampleFile,
    column: usize,
    stretch: Stretch,
    first_rows: usize,
    mut taken: T,
    take: fn(&mut T, &ArrayRef) -> Result<Then, ArrowError>,
) -> Result<(T, Option<Oversize>), String> {
    let metadata = file.metadata.metadata();
    let group = metadata
        .row_groups()
        .get(stretch.row_group)
        .ok_or_else(|| "the file has no such row group any more".to_owned())?;
    let seen = Arc::new(Mutex::new(PagesRead::default()));
    let lists = file.chunks(column, group).any(is_repeated);
    let end = stretch.first + stretch.rows;
    let (mut at, mut batch_rows) = (stretch.first, first_rows.max(1));
    // A stream's batches all have the same size. For another size, a new stream continues.
    while at < end {
        let started = at;
        let reader = CheckedReader {
            inner: StoreReader {
                store: Arc::clone(&file.store),
                object: file.object.clone(),
                metadata: Arc::clone(metadata),
            },
            lists,
            seen: Arc::clone(&seen),
        };
        let builder =
            ParquetRecordBatchStreamBuilder::new_with_metadata(reader, file.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [column]);
        let mut stream = builder
            .with_projection(mask)
            .with_row_groups(vec![stretch.row_group])
            .with_offset(at)
            .with_limit(end - at)
            .with_batch_size(batch_rows)
            .build()
            .map_err(|error| error.to_string())?;
        loop {
            let batch = match stream.try_next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(error) => {
                    let oversize = PagesRead::oversize(&seen);
                    return match oversize {
                        Some(oversize) => Ok((taken, Some(oversize))),
                        None => Err(error.to_string()),
                    };
                }
            };
            at += batch.num_rows();
            let then = take(&mut taken, batch.column(0)).map_err(|error| error.to_string())?;
            match then {
                Then::Stop => return Ok((taken, None)),
                Then::Read(rows) if rows == batch_rows => {}
                Then::Read(rows) => {
                    batch_rows = rows.max(1);
                    break;
                }
            }
        }
        if at == started {
            break;
        }
    }
    Ok((taken, None))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn texts_are_read_as_views_wherever_they_stand() {
        let field = |data_type| Arc::new(Field::new("f", data_type, true));
        let text = || field(DataType::LargeUtf8);
        let list = DataType::List(field(DataType::Struct(vec![text()].into())));
        let view = field(DataType::Utf8View);
        assert_eq!(
            view_of(&list),
            DataType::List(field(DataType::Struct(vec![view].into())))
        );
        let coded = |values| DataType::Dictionary(Box::new(DataType::Int32), Box::new(values));
        assert_eq!(view_of(&coded(DataType::Binary)), DataType::BinaryView);
        let numbers = coded(DataType::Int64);
        assert_eq!(view_of(&numbers), numbers);
    }
}
