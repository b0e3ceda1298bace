//! The files of this host as an object store.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, GetResult, ObjectStore, Result};

use super::beyond::explained;
use super::layer::{LayeredStore, ReadLayer};
use super::paths::local_file;

/// Returns the local file system as an object store. Paths in it are absolute.
pub fn local_store() -> Arc<dyn ObjectStore> {
    LayeredStore::over(LocalLayer {
        below: Arc::new(LocalFileSystem::new()),
    })
}

/// Rewords errors of the local file system to name the file and its fault.
#[derive(Debug)]
struct LocalLayer {
    below: Arc<dyn ObjectStore>,
}

impl LocalLayer {
    async fn explained(&self, error: Error, file: &Path, ranges: &[Range<u64>]) -> Error {
        let name = local_file(file);
        let name = name.map_or_else(|_| file.to_string(), |it| it.display().to_string());
        explained(self.worded(error), &self.below, (file, name), ranges).await
    }
}

#[async_trait]
impl ReadLayer for LocalLayer {
    const NAME: &'static str = "files of";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self.below.get_ranges(file, ranges).await {
            Ok(read) => Ok(read),
            Err(error) => Err(self.explained(error, file, ranges).await),
        }
    }

    /// Returns the file system's own metadata, which a read of a mere range would not fetch.
    async fn get(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        let range = options.range.clone();
        let found = self.below.get_opts(file, options).await;
        let error = match found {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        match range {
            Some(GetRange::Bounded(range)) => Err(self.explained(error, file, &[range]).await),
            _ => Err(self.worded(error)),
        }
    }

    /// The local store holds times of change in a type that ends in the year 262142, and panics on
    /// any later time.
    fn worded(&self, error: Error) -> Error {
        match error {
            Error::JoinError { source } if source.is_panic() => Error::Generic {
                store: "LocalFileSystem",
                source: "the time of a file's last change is after the year 262142, or as far before; `touch` sets another"
                    .into(),
            },
            other => other,
        }
    }
}
