//! Object stores in layers. Each layer changes reads of ranges in one way, and passes on everything
//! else.

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

/// One change to reads on their way to the store below.
#[async_trait]
pub trait ReadLayer: fmt::Debug + Send + Sync + 'static {
    /// Adjective that describes a layered store, such as `throttled`.
    const NAME: &'static str;

    /// Returns the store that this layer reads from.
    fn below(&self) -> &Arc<dyn ObjectStore>;

    /// Reads ranges of one file that were asked for together. Returns all of them, in their order,
    /// or an error.
    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;

    /// Reads something other than a range with a start and an end: a whole object, its last bytes,
    /// or with conditions. The engine makes no such reads.
    async fn other(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        self.below().get_opts(file, options).await
    }

    /// Serves a read that asks for more than an object's size: its range, or [`ReadLayer::other`].
    async fn get(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        let Some(range) = bounded(&options) else {
            return self.other(file, options).await;
        };
        let read = self.ranges(file, std::slice::from_ref(&range)).await?;
        let bytes = read.into_iter().next().unwrap_or_default();
        Ok(answer(file, range, bytes))
    }

    /// Rewords an error of the store below that concerns no range.
    fn worded(&self, error: Error) -> Error {
        error
    }
}

/// An object store made of a layer and the store below it. Writes, listings and requests for sizes
/// are passed on unchanged.
#[derive(Debug)]
pub struct LayeredStore<L>(Arc<L>);

impl<L: ReadLayer> LayeredStore<L> {
    pub fn over(layer: L) -> Arc<dyn ObjectStore> {
        LayeredStore::shared(Arc::new(layer))
    }

    /// Does the same for a layer that the caller queries later.
    pub fn shared(layer: Arc<L>) -> Arc<dyn ObjectStore> {
        Arc::new(LayeredStore(layer))
    }
}

impl<L: ReadLayer> fmt::Display for LayeredStore<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", L::NAME, self.0.below())
    }
}

/// Returns the range of a read that has a start and an end and no conditions.
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

/// Makes the answer to a request for a range. It knows no more about the object than the request
/// states.
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
