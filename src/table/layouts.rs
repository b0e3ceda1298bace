//! Layouts of files that another process has listed, checked and planned.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::ObjectMeta;

use super::error::TableError;
use super::footers::FooterReader;
use crate::files::file_layout;
use crate::storage::{FileLayout, Location, Store};

/// Reads the footers of files, and returns the places of their column chunks in the order of the
/// files. The footers stay in the session's metadata cache, as far as it has room.
///
/// # Errors
///
/// A file that is no Parquet file or cannot be read.
pub async fn layouts(
    context: &SessionContext,
    store: &Store,
    table: &str,
    files: &[(ObjectMeta, Location)],
) -> Result<Vec<Arc<FileLayout>>, TableError> {
    context.register_object_store(store.url().as_ref(), Arc::clone(store.objects()));
    let reader = FooterReader::new(context, store, table);
    let mut each = Vec::with_capacity(files.len());
    for (object, place) in files {
        each.push(reader.footer(object, place).boxed());
    }
    let footers: Vec<_> = futures::stream::iter(each)
        .buffered(reader.concurrency)
        .try_collect()
        .await?;
    let mut layouts: Vec<Arc<FileLayout>> = Vec::with_capacity(footers.len());
    for footer in &footers {
        let before = layouts.last().map(Arc::as_ref);
        layouts.push(Arc::new(file_layout(footer, before)));
    }
    Ok(layouts)
}
