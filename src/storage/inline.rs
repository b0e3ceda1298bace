//! The layer that reads files of this host on the thread that asks.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectStore, Result};

use super::direct::{Buffer, RangeFile};
use super::layer::ReadLayer;
use super::paths::local_file;

/// Reads files of this host on the thread that asks. Of small files whose pages are in the page
/// cache, that takes less time than to hand the read to another thread. Reads that wait for a
/// device would keep the thread from other work.
#[derive(Debug)]
pub struct InlineLayer {
    below: Arc<dyn ObjectStore>,
}

impl InlineLayer {
    /// Makes the layer. `below` must be a store whose paths are those of files of this host.
    pub fn new(below: Arc<dyn ObjectStore>) -> Self {
        InlineLayer { below }
    }
}

#[async_trait]
impl ReadLayer for InlineLayer {
    const NAME: &'static str = "inline";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &ObjectPath, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let path = local_file(file)?;
        let read = || {
            let opened = RangeFile::open(&path, false)?;
            let each = ranges.iter().map(|range| {
                let mut buffer = Buffer::default();
                let bytes = opened.read(range.clone(), &mut buffer)?;
                Ok(Bytes::copy_from_slice(bytes))
            });
            each.collect::<std::io::Result<Vec<Bytes>>>()
        };
        read().map_err(|source| Error::Generic {
            store: "LocalFileSystem",
            source: format!("{}: {source}", path.display()).into(),
        })
    }
}
