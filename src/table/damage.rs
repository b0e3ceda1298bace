//! Which file, which row group of it, and which of its columns cannot be read.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::file_format::parquet::transform_schema_to_view;
use futures::executor::block_on;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::ENCRYPTED;
use super::page_header::is_encrypted;
use crate::dataset::row_difference;
use crate::engine::without_categories;

/// The first column of a row group that cannot be decoded, in words that name the file; none where
/// all can.
///
/// The engine's errors tell what is wrong with a page, and not which file it is in. This reads all
/// columns of every row group, one after the other, and is for after a failure. A panic of the
/// decoder counts as damage, and so do more or fewer rows than the footer claims.
pub(crate) fn first_damage(files: &[PathBuf]) -> Option<String> {
    files
        .iter()
        .find_map(|file| damage_of(file).map(|what| format!("{}{what}", file.display())))
}

/// The bytes of a file's footer.
fn footer_of(path: &Path) -> io::Result<Vec<u8>> {
    const TAIL_BYTES: u64 = 8;
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let absent = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut length = [0; 4];
    file.read_exact_at(
        &mut length,
        size.checked_sub(TAIL_BYTES).ok_or_else(absent)?,
    )?;
    let length = u64::from(u32::from_le_bytes(length));
    let start = size.checked_sub(TAIL_BYTES + length).ok_or_else(absent)?;
    let mut footer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut footer, start)?;
    Ok(footer)
}

/// How a file is read to find what is wrong with it.
#[derive(Clone, Copy)]
enum Way {
    /// By its pages alone.
    Plain,
    /// As the engine reads it: by its page index too, and texts as views.
    Engine,
}

fn damage_of(path: &Path) -> Option<String> {
    if footer_of(path).is_ok_and(|footer| is_encrypted(&footer)) {
        return Some(format!(": {ENCRYPTED}"));
    }
    let mut ways = [Way::Plain, Way::Engine].into_iter();
    ways.find_map(|way| damage_by(path, way))
}

fn damage_by(path: &Path, way: Way) -> Option<String> {
    let (part, prefix) = match way {
        Way::Plain => ("its footer is corrupt", ""),
        Way::Engine => ("it is corrupt", "its page index cannot be read: "),
    };
    let metadata = match without_panic(part, || metadata_of(path, way)) {
        Ok(metadata) => metadata,
        Err(reason) => return Some(format!(": {prefix}{reason}")),
    };
    let columns = metadata.parquet_schema().root_schema().get_fields();
    let row_groups = metadata.metadata().num_row_groups();
    let mut places =
        (0..row_groups).flat_map(|group| (0..columns.len()).map(move |it| (group, it)));
    places.find_map(|(row_group, root)| {
        let read = without_panic("a page is corrupt", || {
            read_column(path, metadata.clone(), row_group, root)
        });
        let what = read.err()?;
        let column = columns[root].name();
        Some(format!(
            ", row group {row_group}, column `{column}`: {what}"
        ))
    })
}

/// Runs a read of a corrupt file, over which the decoder may panic: that is an error in the words
/// of `what`.
pub(super) fn without_panic<T>(
    what: &str,
    read: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(what.to_owned()))
}

fn said(error: &dyn std::fmt::Display) -> String {
    without_categories(&error.to_string()).to_owned()
}

fn metadata_of(path: &Path, way: Way) -> Result<ArrowReaderMetadata, String> {
    let file = File::open(path).map_err(|error| said(&error))?;
    let policy = match way {
        Way::Plain => PageIndexPolicy::Skip,
        Way::Engine => PageIndexPolicy::Optional,
    };
    let options = ArrowReaderOptions::new().with_page_index_policy(policy);
    let metadata = ArrowReaderMetadata::load(&file, options).map_err(|error| said(&error))?;
    if matches!(way, Way::Plain) {
        return Ok(metadata);
    }
    let views = Arc::new(transform_schema_to_view(metadata.schema()));
    let options = ArrowReaderOptions::new().with_schema(views);
    let viewed = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options);
    Ok(viewed.unwrap_or(metadata))
}

/// Reads a column of a row group to its end, which is to have as many rows as the footer claims.
fn read_column(
    path: &Path,
    metadata: ArrowReaderMetadata,
    row_group: usize,
    root: usize,
) -> Result<(), String> {
    let claimed = metadata.metadata().row_group(row_group).num_rows();
    let file = WholeChunks {
        file: File::open(path).map_err(|error| said(&error))?,
        metadata: Arc::clone(metadata.metadata()),
    };
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(file, metadata);
    let mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
    let batches = builder
        .with_row_groups(vec![row_group])
        .with_projection(mask)
        .build()
        .map_err(|error| said(&error))?;
    let rows = batches.try_fold(0_u64, |rows, batch| {
        std::future::ready(Ok(rows + batch.num_rows() as u64))
    });
    let rows = block_on(rows).map_err(|error| said(&error))?;
    row_difference(claimed, rows).map_or(Ok(()), Err)
}

/// A file of which whole column chunks are held at once, as the engine holds them.
struct WholeChunks {
    file: File,
    metadata: Arc<ParquetMetaData>,
}

impl WholeChunks {
    fn bytes(&self, range: Range<u64>) -> io::Result<Bytes> {
        let absent = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let within = range.end <= self.file.metadata()?.len();
        let length = range.end.checked_sub(range.start).filter(|_| within);
        let length = usize::try_from(length.ok_or_else(absent)?).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.into())
    }
}

impl AsyncFileReader for WholeChunks {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        std::future::ready(self.bytes(range).map_err(ParquetError::from)).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        std::future::ready(Ok(Arc::clone(&self.metadata))).boxed()
    }
}
