//! Object stores in layers: each does one thing to reads of ranges, and passes everything else on.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, Result,
};

/// One thing that is done to reads on their way to the store below.
#[async_trait]
pub trait ReadLayer: fmt::Debug + Send + Sync + 'static {
    /// Adjective that a layered store is shown with, such as `throttled`.
    const NAME: &'static str;

    /// The store that this layer reads from.
    fn below(&self) -> &Arc<dyn ObjectStore>;

    /// Ranges of one file that were asked for together: all of them, in their order, or an error.
    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;

    /// A read of another kind than a range with a start and an end: a whole object, its last bytes,
    /// or one with conditions. The engine makes none of these.
    async fn other(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        self.below().get_opts(file, options).await
    }

    /// A read that is no question for an object's size alone: its range, or [`ReadLayer::other`].
    async fn get(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        let Some(range) = bounded(&options) else {
            return self.other(file, options).await;
        };
        let read = self.ranges(file, std::slice::from_ref(&range)).await?;
        let bytes = read.into_iter().next().unwrap_or_default();
        Ok(answer(file, range, bytes))
    }

    /// The words for an error of the store below that concerns no range.
    fn worded(&self, error: Error) -> Error {
        error
    }
}

/// An object store made of a layer and what lies below it. Writes, listings and questions for sizes
/// pass through as they come.
#[derive(Debug)]
pub struct LayeredStore<L>(Arc<L>);

impl<L: ReadLayer> LayeredStore<L> {
    pub fn over(layer: L) -> Arc<dyn ObjectStore> {
        LayeredStore::shared(Arc::new(layer))
    }

    /// The same, for a layer that its maker asks about afterwards.
    pub fn shared(layer: Arc<L>) -> Arc<dyn ObjectStore> {
        Arc::new(LayeredStore(layer))
    }
}

impl<L: ReadLayer> fmt::Display for LayeredStore<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", L::NAME, self.0.below())
    }
}

/// The range of a read that asks for nothing but a range with a start and an end.
fn bounded(options: &GetOptions) -> Option<Range<u64>> {
    let conditions = options.if_match.is_some()
        || options.if_none_match.is_some()
        || options.if_modified_since.is_some()
        || options.if_unmodified_since.is_some()
        || options.version.is_some();
    match &options.range {
        Some(GetRange::Bounded(range)) if !conditions => Some(range.clone()),
        _ => None,
    }
}

/// A range that was read, as the answer to a request for it. Of the object, no more than what the
/// request said is known.
fn answer(location: &Path, range: Range<u64>, bytes: Bytes) -> GetResult {
    GetResult {
        payload: GetResultPayload::Stream(Box::pin(futures::stream::iter([Ok(bytes)]))),
        meta: ObjectMeta {
            location: location.clone(),
            last_modified: DateTime::UNIX_EPOCH,
            size: range.end,
            e_tag: None,
            version: None,
        },
        range,
        attributes: Attributes::default(),
    }
}

#[async_trait]
impl<L: ReadLayer> ObjectStore for LayeredStore<L> {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.0.below().put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.below().put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            let found = self.0.below().get_opts(location, options).await;
            return found.map_err(|error| self.0.worded(error));
        }
        self.0.get(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.below().delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let layer = Arc::clone(&self.0);
        let listed = self.0.below().list(prefix);
        listed
            .map(move |found| found.map_err(|error| layer.worded(error)))
            .boxed()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.below().list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.below().list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.below().copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.below().rename_opts(from, to, options).await
    }
}
