//! A store that serves the files of one measurement, and nothing else.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use super::scan_node::{STOPPED, ScanSums};

/// A store of which certain files can be read. Plans come over the network, and may name any file
/// and any kind of write.
#[derive(Debug)]
pub(super) struct Fence {
    below: Arc<dyn ObjectStore>,
    files: Arc<HashSet<Path>>,
    sums: Arc<ScanSums>,
}

impl Fence {
    /// Makes a fence that is closed once the scans of `sums` are stopped.
    pub(super) fn around(
        below: Arc<dyn ObjectStore>,
        files: Arc<HashSet<Path>>,
        sums: Arc<ScanSums>,
    ) -> Self {
        Fence { below, files, sums }
    }

    fn check(&self, file: &Path) -> Result<()> {
        if self.sums.is_stopped() {
            return Err(refused(file, STOPPED));
        }
        match self.files.contains(file) {
            true => Ok(()),
            false => Err(refused(
                file,
                "this measurement does not read it, and a worker reads nothing else",
            )),
        }
    }
}

fn refused(path: &Path, reason: &str) -> Error {
    Error::PermissionDenied {
        path: path.to_string(),
        source: reason.into(),
    }
}

const WRITES: &str = "a worker writes nothing";
const LISTS: &str = "a worker lists nothing";

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fenced {}", self.below)
    }
}

#[async_trait]
impl ObjectStore for Fence {
    async fn put_opts(&self, to: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused(to, WRITES))
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(refused(to, WRITES))
    }

    async fn get_opts(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(file)?;
        self.below.get_opts(file, options).await
    }

    async fn get_ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(file)?;
        self.below.get_ranges(file, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        paths
            .map(|path| path.and_then(|path| Err(refused(&path, WRITES))))
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let error = refused(&prefix.cloned().unwrap_or_default(), LISTS);
        futures::stream::iter([Err(error)]).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        Err(refused(&prefix.cloned().unwrap_or_default(), LISTS))
    }

    async fn copy_opts(&self, _: &Path, to: &Path, _: CopyOptions) -> Result<()> {
        Err(refused(to, WRITES))
    }

    async fn rename_opts(&self, _: &Path, to: &Path, _: RenameOptions) -> Result<()> {
        Err(refused(to, WRITES))
    }
}
