//! Destination of a Parquet writer's bytes: an object that appears as a whole or not at all.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, PutResult, WriteMultipart};
use tokio::runtime::Handle;

use super::kept::kept;
use super::location::Location;
use super::paths::StorageError;
use super::remote::{WireLedger, counted_in};
use super::store::Store;

/// Bytes of a part of an upload, where the config says nothing. Object stores want at least 5 MiB.
pub const USUAL_PART_BYTES: u64 = 8 << 20;

/// Most parts of one file that are under way to a store behind a network.
const PARTS_AT_ONCE: usize = 4;

/// Files of up to this many bytes take only the memory that they need.
const SMALL_BYTES: usize = 1 << 20;

/// Sends written bytes to an object in parts. The object appears when it is complete. An object
/// that is dropped before is given up, with the parts that were sent.
pub struct StagedObject {
    store: Store,
    handle: Handle,
    path: Path,
    part_bytes: usize,
    wire: Arc<WireLedger>,
    buffer: Vec<u8>,
    upload: Option<WriteMultipart>,
    bytes: u64,
}

impl StagedObject {
    fn objects(&self) -> &Arc<dyn ObjectStore> {
        self.store.objects()
    }

    /// Waits for the store, and counts what is sent.
    fn wait<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> object_store::Result<T> {
        self.handle
            .block_on(counted_in(Arc::clone(&self.wire), work))
    }

    /// Number of parts that may be under way while the next one is written.
    fn parts_ahead(&self) -> usize {
        match self.store.is_remote() {
            true => PARTS_AT_ONCE,
            // A device has no latency to hide, and memory is better used otherwise.
            false => 0,
        }
    }

    fn send_parts(&mut self) -> io::Result<()> {
        let part = Bytes::from(std::mem::take(&mut self.buffer));
        let ahead = self.parts_ahead();
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => {
                let begun = self.wait(self.objects().put_multipart(&self.path));
                WriteMultipart::new_with_chunk_size(begun.map_err(store_error)?, self.part_bytes)
            }
        };
        let sent = self.wait(async {
            upload.put(part);
            upload.wait_for_capacity(ahead + 1).await
        });
        self.upload = Some(upload);
        sent.map_err(store_error)
    }

    /// Makes the object appear.
    ///
    /// # Errors
    ///
    /// The store refuses a part, or does not have the object afterwards as it was sent. Some stores
    /// have answered that they kept what they lost.
    pub fn publish(mut self) -> io::Result<()> {
        let put = match self.upload.is_some() {
            false => {
                let payload = PutPayload::from(std::mem::take(&mut self.buffer));
                self.wait(self.objects().put(&self.path, payload))
            }
            true => {
                if !self.buffer.is_empty() {
                    self.send_parts()?;
                }
                self.complete()
            }
        };
        let put = put.map_err(store_error)?;
        self.wait(kept(&self.store, &self.path, self.bytes, &put))
            .map_err(store_error)
    }

    fn complete(&mut self) -> object_store::Result<PutResult> {
        if let Some(upload) = &mut self.upload {
            let wire = Arc::clone(&self.wire);
            // Parts that fail leave the upload here, to be given up.
            self.handle
                .block_on(counted_in(wire, upload.wait_for_capacity(0)))?;
        }
        match self.upload.take() {
            Some(upload) => self.wait(upload.finish()),
            None => Err(object_store::Error::Generic {
                store: "upload",
                source: "it was not begun".into(),
            }),
        }
    }
}

impl Drop for StagedObject {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else {
            return;
        };
        let abort = upload.abort();
        match Handle::try_current() {
            // The error that made this necessary matters more than one of giving up.
            Ok(_) => drop(self.handle.spawn(abort)),
            Err(_) => drop(self.handle.block_on(abort)),
        }
    }
}

impl Location {
    /// Begins to write a file, which appears when it is published, by parts of this many bytes.
    /// What is sent counts in `wire`. `handle` must belong to a runtime other than that of the
    /// writer's thread.
    ///
    /// # Errors
    ///
    /// No object can have such a name.
    pub fn stage(
        &self,
        handle: Handle,
        part_bytes: u64,
        wire: Arc<WireLedger>,
    ) -> Result<StagedObject, StorageError> {
        Ok(StagedObject {
            store: self.store().clone(),
            handle,
            path: self.object()?,
            part_bytes: usize::try_from(part_bytes).unwrap_or(usize::MAX),
            wire,
            buffer: Vec::new(),
            upload: None,
            bytes: 0,
        })
    }
}

fn store_error(error: object_store::Error) -> io::Error {
    io::Error::other(error)
}

impl Write for StagedObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A file that is not small gets the memory of a whole part at once, instead of moving its
        // bytes again and again.
        if self.buffer.len() + bytes.len() > SMALL_BYTES && self.buffer.capacity() < self.part_bytes
        {
            self.buffer
                .reserve_exact(self.part_bytes + SMALL_BYTES - self.buffer.len());
        }
        self.buffer.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        if self.buffer.len() >= self.part_bytes {
            self.send_parts()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
