//! Destination of a Parquet writer's bytes: an object that appears as a whole or not at all.

use std::io::{self, Write};
use std::sync::Arc;

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;

use super::location::Location;
use super::paths::StorageError;

/// Bytes of a part of an upload. Object stores want at least 5 MiB.
const PART_BYTES: usize = 8 << 20;

/// Files of up to this many bytes take only the memory that they need.
const SMALL_BYTES: usize = 1 << 20;

/// Sends written bytes to an object in parts. The object appears when it is complete.
pub struct StagedObject {
    store: Arc<dyn ObjectStore>,
    handle: Handle,
    path: Path,
    buffer: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl StagedObject {
    fn send_part(&mut self) -> io::Result<()> {
        let payload = PutPayload::from(std::mem::take(&mut self.buffer));
        if self.upload.is_none() {
            self.upload = Some(
                self.handle
                    .block_on(self.store.put_multipart(&self.path))
                    .map_err(store_error)?,
            );
        }
        match self.upload.as_mut() {
            Some(upload) => self
                .handle
                .block_on(upload.put_part(payload))
                .map_err(store_error),
            None => Ok(()),
        }
    }

    /// Makes the object appear.
    pub fn publish(mut self) -> io::Result<()> {
        if self.upload.is_none() {
            let payload = PutPayload::from(std::mem::take(&mut self.buffer));
            self.handle
                .block_on(self.store.put(&self.path, payload))
                .map_err(store_error)?;
            return Ok(());
        }
        if !self.buffer.is_empty() {
            self.send_part()?;
        }
        match self.upload.take() {
            Some(mut upload) => self
                .handle
                .block_on(upload.complete())
                .map(|_| ())
                .map_err(store_error),
            None => Ok(()),
        }
    }
}

impl Location {
    /// Begins to write a file, which appears when it is published. `handle` must belong to a
    /// runtime other than that of the writer's thread.
    ///
    /// # Errors
    ///
    /// No object can have such a name.
    pub fn stage(&self, handle: Handle) -> Result<StagedObject, StorageError> {
        Ok(StagedObject {
            store: Arc::clone(self.store().objects()),
            handle,
            path: self.object()?,
            buffer: Vec::new(),
            upload: None,
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
        if self.buffer.len() + bytes.len() > SMALL_BYTES && self.buffer.capacity() < PART_BYTES {
            self.buffer
                .reserve_exact(PART_BYTES + SMALL_BYTES - self.buffer.len());
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART_BYTES {
            self.send_part()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
