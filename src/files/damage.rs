//! Finds the file, row group and column that cannot be read.

use std::fmt::Display;
use std::sync::Arc;

use datafusion::datasource::file_format::parquet::transform_schema_to_view;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use tokio::sync::oneshot;

use super::error::{ENCRYPTED, innermost, without_panic};
use super::footer::{is_encrypted, row_difference};
use super::reader::{FooterBytes, StoreReader, with_page_index};
use crate::engine::without_categories;
use crate::storage::{Location, wait};

/// Returns a text that names the first file, row group and column that cannot be decoded. None if
/// all can.
///
/// The engine's errors describe the problem with a page, but do not name its file. This function
/// reads all columns of every row group, one after the other, and is meant for use after a failure.
/// A panic of the decoder counts as damage, and so does a number of rows that differs from the
/// footer's.
pub(crate) fn first_damage(files: &[Location]) -> Option<String> {
    files.iter().find_map(|place| {
        let store = place.store().objects();
        let what = match place.object() {
            Ok(object) => damage_of(&Suspect { store, object })?,
            Err(error) => format!(": {error}"),
        };
        Some(format!("{place}{what}"))
    })
}

/// Does the same as [`first_damage`] within a task of a runtime. Runs in a separate thread, because
/// it waits for reads that need a thread of the runtime, and all of these may be taken.
pub(crate) async fn first_damage_of(files: Vec<Location>) -> Option<String> {
    let (sender, receiver) = oneshot::channel();
    let look = move || {
        // An error only means that the receiver is gone.
        let _ = sender.send(first_damage(&files));
    };
    let thread = std::thread::Builder::new().spawn(look).ok()?;
    let damage = receiver.await.ok().flatten();
    let _ = thread.join();
    damage
}

/// A file that may be damaged.
struct Suspect<'a> {
    store: &'a Arc<dyn ObjectStore>,
    object: Path,
}

/// Ways of reading a file to find its damage.
#[derive(Clone, Copy)]
enum Way {
    /// Uses the pages alone.
    Plain,
    /// Uses the page index too and reads texts as views, as the engine does.
    Engine,
}

fn damage_of(file: &Suspect<'_>) -> Option<String> {
    let footer = match wait(file.footer()) {
        Ok(footer) => footer,
        Err(reason) => return Some(format!(": {reason}")),
    };
    if is_encrypted(footer.stored()) {
        return Some(format!(": {ENCRYPTED}"));
    }
    let mut ways = [Way::Plain, Way::Engine].into_iter();
    ways.find_map(|way| damage_by(file, &footer, way))
}

fn damage_by(file: &Suspect<'_>, footer: &FooterBytes, way: Way) -> Option<String> {
    let (part, prefix) = match way {
        Way::Plain => ("its footer is corrupt", ""),
        Way::Engine => ("it is corrupt", "its page index cannot be read: "),
    };
    let metadata = match without_panic(part, || wait(file.metadata(footer, way))) {
        Ok(metadata) => metadata,
        Err(reason) => return Some(format!(": {prefix}{reason}")),
    };
    let columns = metadata.parquet_schema().root_schema().get_fields();
    let row_groups = metadata.metadata().num_row_groups();
    let mut places =
        (0..row_groups).flat_map(|group| (0..columns.len()).map(move |it| (group, it)));
    places.find_map(|(row_group, root)| {
        let read = without_panic("a page is corrupt", || {
            wait(file.read_column(metadata.clone(), row_group, root))
        });
        let what = read.err()?;
        let column = columns[root].name();
        Some(format!(
            ", row group {row_group}, column `{column}`: {what}"
        ))
    })
}

fn said(error: &dyn Display) -> String {
    without_categories(&error.to_string()).to_owned()
}

impl Suspect<'_> {
    async fn footer(&self) -> Result<FooterBytes, String> {
        let found = self.store.head(&self.object).await;
        let bytes = found.map_err(|error| innermost(&error))?.size;
        let footer = FooterBytes::read(self.store, &self.object, bytes).await;
        footer.map_err(|error| innermost(&error))
    }

    async fn metadata(
        &self,
        footer: &FooterBytes,
        way: Way,
    ) -> Result<ArrowReaderMetadata, String> {
        let footer = footer.parse().map_err(|error| said(&error))?;
        let footer = match way {
            Way::Plain => Ok(footer),
            Way::Engine => with_page_index(self.store, &self.object, footer).await,
        };
        let footer = footer.map_err(|error| said(&error))?;
        let metadata = ArrowReaderMetadata::try_new(Arc::new(footer), ArrowReaderOptions::new())
            .map_err(|error| said(&error))?;
        if matches!(way, Way::Plain) {
            return Ok(metadata);
        }
        let views = Arc::new(transform_schema_to_view(metadata.schema()));
        let options = ArrowReaderOptions::new().with_schema(views);
        let viewed = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options);
        Ok(viewed.unwrap_or(metadata))
    }

    /// Reads a column of a row group to its end. Fails if its number of rows is not the one in the
    /// footer.
    async fn read_column(
        &self,
        metadata: ArrowReaderMetadata,
        row_group: usize,
        root: usize,
    ) -> Result<(), String> {
        let claimed = metadata.metadata().row_group(row_group).num_rows();
        let file = StoreReader {
            store: Arc::clone(self.store),
            object: self.object.clone(),
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
        let rows = rows.await.map_err(|error| said(&error))?;
        row_difference(claimed, rows).map_or(Ok(()), Err)
    }
}
