//! Reads footers and schemas in the way a scan of the session will.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::config::TableParquetOptions;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::prelude::SessionContext;
use futures::FutureExt;
use object_store::{ObjectMeta, ObjectStore};
use parquet::file::metadata::ParquetMetaData;

use super::error::TableError;
use crate::engine::plain_message;
use crate::files::{check_plausible, unreadable};
use crate::storage::{Location, Store};

/// A reader of footers, which stay in the session's metadata cache, as far as it has room.
pub(super) struct FooterReader<'a> {
    context: &'a SessionContext,
    store: Arc<dyn ObjectStore>,
    format: ParquetFormat,
    cache: Arc<FileMetadataCache>,
    table: &'a str,
    /// Number of footers that are read at once.
    pub(super) concurrency: usize,
}

impl<'a> FooterReader<'a> {
    pub(super) fn new(context: &'a SessionContext, store: &Store, table: &'a str) -> Self {
        let state = context.state_ref();
        let state = state.read();
        let options = state.config_options();
        let parquet = TableParquetOptions {
            global: options.execution.parquet.clone(),
            ..Default::default()
        };
        FooterReader {
            context,
            store: Arc::clone(store.objects()),
            format: ParquetFormat::default().with_options(parquet),
            cache: context
                .runtime_env()
                .cache_manager
                .get_file_metadata_cache(),
            table,
            concurrency: options.execution.meta_fetch_concurrency.get(),
        }
    }

    /// Reads a file's footer. It is parsed in a task of its own, as a corrupt one may make the
    /// parser panic.
    pub(super) async fn footer(
        &self,
        object: &ObjectMeta,
        place: &Location,
    ) -> Result<Arc<ParquetMetaData>, TableError> {
        let bad = |reason: String| TableError::BadFile {
            table: self.table.to_owned(),
            file: place.to_string(),
            reason,
        };
        if object.size == 0 {
            return Err(bad("it is empty (0 bytes), not a Parquet file".to_owned()));
        }
        let (store, cache) = (Arc::clone(&self.store), Arc::clone(&self.cache));
        let (meta, hint) = (object.clone(), self.format.metadata_size_hint());
        let task = tokio::spawn(async move {
            DFParquetMetadata::new(store.as_ref(), &meta)
                .with_metadata_size_hint(hint)
                .with_file_metadata_cache(Some(cache))
                .fetch_metadata()
                .await
        });
        let footer = match task.await {
            Ok(Ok(footer)) => footer,
            Ok(Err(error)) => return Err(bad(unreadable(&plain_message(&error)))),
            // The parser panicked. Its message is of no use to the user.
            Err(_) => return Err(bad(unreadable("its footer is corrupt"))),
        };
        check_plausible(&footer, object.size)
            .map_err(|reason| bad(format!("its footer is corrupt: {reason}")))?;
        Ok(footer)
    }

    /// Returns the schema of a file as the engine reads it: the options decide on view types, INT96
    /// and binary.
    pub(super) async fn schema(
        &self,
        object: &ObjectMeta,
        path: &str,
    ) -> Result<SchemaRef, TableError> {
        let bad = |reason: String| TableError::BadFile {
            table: self.table.to_owned(),
            file: path.to_owned(),
            reason: format!(
                "parquet-rs, which this program reads with, cannot read its schema: {reason}"
            ),
        };
        let state = self.context.state();
        let inferred = self
            .format
            .infer_schema(&state, &self.store, std::slice::from_ref(object));
        // A corrupt schema may make the parser panic.
        AssertUnwindSafe(inferred)
            .catch_unwind()
            .await
            .map_err(|_| bad("it is corrupt".to_owned()))?
            .map_err(|error| bad(plain_message(&error)))
    }
}
