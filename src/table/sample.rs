//! Some rows of a file, read without the engine, one column at a time.
//!
//! A few bytes of a file may stand for gigabytes of values: a page that compresses well, a text
//! that a dictionary repeats, a list of a billion equal numbers. So the reader looks at pages
//! before it decompresses them, and reads texts as views of their page; and whoever takes the rows
//! says after each batch how many to read next.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};

use super::page_header::{PageHeader, PageKind};
use super::{TableError, TableFile, unreadable};
use crate::dataset::{StoreReader, read_footer};
use crate::engine::without_categories;
use crate::units;

/// Bytes that a page may have when it is decompressed, which it is as a whole. Writers aim at
/// 1 MiB.
const MOST_PAGE_BYTES: u64 = 256 << 20;

/// Values that a page of lists may have. One row may hold all of them, however few bytes they take.
const MOST_PAGE_VALUES: u64 = 16 << 20;

/// Bytes that are read from the file in one piece: a page, or the whole column chunk where the file
/// has no page index.
const MOST_READ_BYTES: u64 = 2 << 30;

/// Bytes of a column chunk in which the header of its first data page is looked for.
const HEADER_BYTES: u64 = 64 << 10;

/// Neighbouring rows of one row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) row_group: usize,
    /// Counted from the start of the row group.
    pub(crate) first: usize,
    pub(crate) rows: usize,
}

/// What to do after some rows of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// These will do.
    Stop,
    /// Read the next rows, so many at a time from here on.
    Read(usize),
}

/// Why a column is not read in a row group: it would take memory without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oversize {
    PageBytes(u64),
    PageValues(u64),
    ReadBytes(u64),
}

impl fmt::Display for Oversize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Oversize::PageBytes(bytes) => write!(
                formatter,
                "a page of it unfolds to {}, and pages of at most {} are read",
                units::bytes(*bytes),
                units::bytes(MOST_PAGE_BYTES)
            ),
            Oversize::PageValues(values) => write!(
                formatter,
                "a page of its lists holds {} values, and pages of at most {} are read",
                units::count(*values),
                units::count(MOST_PAGE_VALUES)
            ),
            Oversize::ReadBytes(bytes) => write!(
                formatter,
                "{} of it can only be read in one piece, and at most {} are; a page index would \
                 allow for less",
                units::bytes(*bytes),
                units::bytes(MOST_READ_BYTES)
            ),
        }
    }
}

/// A file of which stretches are read. Its footer is read once.
#[derive(Clone)]
pub(crate) struct SampleFile {
    store: Arc<dyn ObjectStore>,
    object: Path,
    bytes: u64,
    /// What messages call the table and the file.
    table: String,
    path: String,
    /// With texts and binary values as views.
    metadata: ArrowReaderMetadata,
    /// With all types as they are.
    schema: SchemaRef,
}

impl SampleFile {
    /// Reads a file's footer and page index. `table` is what messages call the table.
    pub(crate) async fn open(
        store: &Arc<dyn ObjectStore>,
        table: &str,
        file: &TableFile,
    ) -> Result<SampleFile, TableError> {
        let path = file.path.display().to_string();
        let bad = |reason: String| TableError::BadFile {
            table: table.to_owned(),
            file: path.clone(),
            reason,
        };
        let store = Arc::clone(store);
        let object = file.object.location.clone();
        // A corrupt file may make the parser panic.
        let task = {
            let (store, object, path) = (Arc::clone(&store), object.clone(), path.clone());
            tokio::spawn(async move { load(store, object, &path).await })
        };
        let (metadata, schema) = task
            .await
            .map_err(|_| bad(unreadable("it is corrupt")))?
            .map_err(&bad)?;
        Ok(SampleFile {
            store,
            object,
            bytes: file.object.size,
            table: table.to_owned(),
            path,
            metadata,
            schema,
        })
    }

    /// The columns, with their types as they are.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The file's name, as messages show it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn bad(&self, reason: String) -> TableError {
        TableError::BadFile {
            table: self.table.clone(),
            file: self.path.clone(),
            reason,
        }
    }

    /// Bytes of a row of a column on average, as far as the footer tells before anything is read:
    /// `element_bytes` for each element of its lists, and its texts and binary values where the
    /// writer has counted these. A row may have more.
    pub(crate) fn row_bytes(&self, column: usize, row_group: usize, element_bytes: u64) -> u64 {
        let Some(group) = self.metadata.metadata().row_groups().get(row_group) else {
            return 0;
        };
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let rows = count(group.num_rows()).max(1);
        let chunks = || self.chunks(column, group);
        let elements = chunks()
            .filter(|chunk| is_repeated(chunk))
            .map(|chunk| count(chunk.num_values()) / rows)
            .max()
            .unwrap_or(0);
        let texts: u64 = chunks()
            .filter_map(|chunk| chunk.unencoded_byte_array_data_bytes())
            .fold(0_u64, |sum, bytes| sum.saturating_add(count(bytes)));
        elements
            .saturating_mul(element_bytes)
            .saturating_add(texts / rows)
    }

    /// Nulls and values of a column in a row group, as the footer counts them, where the column has
    /// no more than one value in a row.
    pub(crate) fn nulls_told(&self, column: usize, row_group: usize) -> Option<(u64, u64)> {
        let group = self.metadata.metadata().row_groups().get(row_group)?;
        let is_plain = |chunk: &&ColumnChunkMetaData| {
            chunk.column_path().parts().len() == 1 && !is_repeated(chunk)
        };
        let chunk = self.chunks(column, group).find(is_plain)?;
        let nulls = chunk.statistics()?.null_count_opt()?;
        Some((nulls, u64::try_from(chunk.num_values()).unwrap_or(0)))
    }

    /// The chunks of a column's leaves.
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

    /// Reads a stretch of a column's rows. What is read goes to `take` batch by batch, the first of
    /// them of `first_rows` rows, until that has enough. Gives back what was taken, and why no more
    /// could be read where that is so.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        column: usize,
        stretch: Stretch,
        first_rows: usize,
        taken: T,
        take: fn(&mut T, &ArrayRef) -> Result<Then, ArrowError>,
    ) -> Result<(T, Option<Oversize>), TableError> {
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

    /// The version of the first data page of a column, which speaks for the others; none where its
    /// header is not found.
    pub(crate) async fn page_version(&self) -> Result<Option<u8>, TableError> {
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
        // Some writers say that the dictionary is the first data page.
        let version = PageHeader::all(&bytes).find_map(|header| match header.kind {
            PageKind::Data { version } => Some(version),
            PageKind::Other => None,
        });
        Ok(version)
    }
}

fn is_repeated(chunk: &ColumnChunkMetaData) -> bool {
    chunk.column_descr().max_rep_level() > 0
}

/// Reads a footer and a page index; gives what reads the file, and the schema as it is.
async fn load(
    store: Arc<dyn ObjectStore>,
    object: Path,
    path: &str,
) -> Result<(ArrowReaderMetadata, SchemaRef), String> {
    let parquet = |error: ParquetError| error.to_string();
    let (_, footer) = read_footer(&store, &object, path)
        .await
        .map_err(|error| error.reason())?;
    let mut reader = StoreReader {
        store,
        object,
        metadata: Arc::new(footer.clone()),
    };
    // With an offset index, only the pages of a stretch are read.
    let mut indexes = ParquetMetaDataReader::new_with_metadata(footer)
        .with_page_index_policy(PageIndexPolicy::Optional);
    indexes
        .load_page_index(&mut reader)
        .await
        .map_err(parquet)?;
    let metadata = Arc::new(indexes.finish().map_err(parquet)?);
    let plain = ArrowReaderMetadata::try_new(Arc::clone(&metadata), ArrowReaderOptions::new())
        .map_err(parquet)?;
    let schema = Arc::clone(plain.schema());
    let options = ArrowReaderOptions::new().with_schema(with_views(&schema));
    // Where the reader takes no views, the rows can still be read.
    let viewed = ArrowReaderMetadata::try_new(metadata, options).unwrap_or(plain);
    Ok((viewed, schema))
}

/// The same columns, with texts and binary values as views. Where a dictionary repeats a text, a
/// view takes 16 bytes for each time, and the text is there once.
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
    let seen = Arc::new(Mutex::new(Seen::default()));
    let lists = file.chunks(column, group).any(is_repeated);
    let end = stretch.first + stretch.rows;
    let (mut at, mut batch_rows) = (stretch.first, first_rows.max(1));
    // A stream reads as many rows each time. Where it should be other ones, another stream goes on.
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
                    let oversize = lock(&seen).oversize;
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

/// What a reader has seen of a stretch.
#[derive(Default)]
struct Seen {
    /// Bytes by where they begin and end. The streams of one stretch ask for the same ones.
    read: HashMap<(u64, u64), Bytes>,
    oversize: Option<Oversize>,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at the headers of pages before it hands the pages to whoever decompresses them.
struct CheckedReader {
    inner: StoreReader,
    /// Whether the column has lists, or is one.
    lists: bool,
    seen: Arc<Mutex<Seen>>,
}

impl CheckedReader {
    fn refuse(&self, oversize: Oversize) -> ParquetError {
        lock(&self.seen).oversize = Some(oversize);
        ParquetError::General(oversize.to_string())
    }
}

impl AsyncFileReader for CheckedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let key = (range.start, range.end);
            let known = lock(&self.seen).read.get(&key).cloned();
            if let Some(known) = known {
                return Ok(known);
            }
            let length = range.end.saturating_sub(range.start);
            if length > MOST_READ_BYTES {
                return Err(self.refuse(Oversize::ReadBytes(length)));
            }
            let bytes = self.inner.get_bytes(range).await?;
            // What is asked for begins with a page: it is one, or a column chunk.
            if let Some(oversize) = oversize(&bytes, self.lists) {
                return Err(self.refuse(oversize));
            }
            lock(&self.seen).read.insert(key, bytes.clone());
            Ok(bytes)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        self.inner.get_metadata(options)
    }
}

/// The first of these pages that is too large.
fn oversize(pages: &[u8], lists: bool) -> Option<Oversize> {
    PageHeader::all(pages).find_map(|header| {
        if header.uncompressed_bytes > MOST_PAGE_BYTES {
            Some(Oversize::PageBytes(header.uncompressed_bytes))
        } else if lists && header.values > MOST_PAGE_VALUES {
            Some(Oversize::PageValues(header.values))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    fn varint(mut number: u64, bytes: &mut Vec<u8>) {
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }

    /// A data page of version 1 that takes 3 bytes.
    fn page(uncompressed_bytes: u64, values: u64) -> Vec<u8> {
        let mut bytes = vec![0x15, 0, 0x15];
        varint(uncompressed_bytes * 2, &mut bytes);
        bytes.extend([0x15, 6, 0x2c, 0x15]);
        varint(values * 2, &mut bytes);
        bytes.extend([0x15, 0, 0x15, 6, 0x15, 6, 0, 0]);
        bytes.extend([1, 2, 3]);
        bytes
    }

    #[test]
    fn pages_that_unfold_without_bound_are_found_by_their_headers() {
        let most = page(MOST_PAGE_BYTES, MOST_PAGE_VALUES);
        assert_eq!(oversize(&most, true), None);
        let (large, long) = (page(MOST_PAGE_BYTES + 1, 1), page(64, MOST_PAGE_VALUES + 1));
        let behind = |page: &[u8]| [most.as_slice(), page].concat();
        assert_eq!(
            oversize(&behind(&large), false),
            Some(Oversize::PageBytes(MOST_PAGE_BYTES + 1))
        );
        assert_eq!(
            oversize(&behind(&long), true),
            Some(Oversize::PageValues(MOST_PAGE_VALUES + 1))
        );
        // Values of a column without lists are read a few at a time.
        assert_eq!(oversize(&behind(&long), false), None);
    }

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
