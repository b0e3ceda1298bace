//! Reads past the page cache, by O_DIRECT, and the layer that makes them.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{Error, GetOptions, GetResult, ObjectStore, Result};

use super::beyond::beyond;
use super::layer::ReadLayer;
use super::paths::local_file;
use super::system::{direct_flag, lies_in_memory};

/// Direct reads begin, end and land at multiples of this many bytes. File systems and devices
/// require no more (open(2), "O_DIRECT"; `statx`'s `stx_dio_offset_align` is 512 or 4096 in
/// practice).
const ALIGNMENT: u64 = 4096;

/// Checks that files of this file's file system can be read directly: opens the file so, and reads
/// its first bytes.
///
/// # Errors
///
/// `InvalidInput` if they cannot be read directly, or lie in memory.
pub fn check_direct(path: &Path) -> io::Result<()> {
    if lies_in_memory(path) {
        let message = "it lies in memory";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let file = RangeFile::open(path, true)?;
    let first = 0..file.length.min(ALIGNMENT);
    file.read(first, &mut Buffer::default()).map(|_| ())
}

/// Memory whose first used byte is aligned. It grows on demand, and old bytes are not cleared.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// Returns `length` bytes, aligned.
    pub(super) fn of(&mut self, length: usize) -> &mut [u8] {
        let start = self.reserve(length);
        &mut self.bytes[start..start + length]
    }

    fn reserve(&mut self, length: usize) -> usize {
        let wanted = length + ALIGNMENT as usize;
        if self.bytes.len() < wanted {
            // The old content is no longer needed, so nothing is copied.
            self.bytes = vec![0; wanted];
        }
        self.bytes.as_ptr().align_offset(ALIGNMENT as usize)
    }
}

/// A file of which ranges are read, through the page cache or past it.
#[derive(Debug)]
pub(super) struct RangeFile {
    file: File,
    length: u64,
    direct: bool,
}

impl RangeFile {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `direct` is asked for and the file system has no direct reads,
    /// `Unsupported` if the operating system has none.
    pub(super) fn open(path: &Path, direct: bool) -> io::Result<Self> {
        let flags = if direct { direct_flag()? } else { 0 };
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        Ok(RangeFile {
            length: file.metadata()?.len(),
            file,
            direct,
        })
    }

    /// Reads a whole range into the buffer. The result is valid until the buffer is used again.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends within the range, `InvalidInput` if the range ends before
    /// it starts.
    pub(super) fn read<'a>(
        &self,
        range: Range<u64>,
        buffer: &'a mut Buffer,
    ) -> io::Result<&'a [u8]> {
        if range.end < range.start {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if range.end > self.length {
            return Err(ended(self.length));
        }
        let (start, end) = match self.direct {
            true => (
                range.start / ALIGNMENT * ALIGNMENT,
                range.end.next_multiple_of(ALIGNMENT),
            ),
            false => (range.start, range.end),
        };
        let room = buffer.of((end - start) as usize);
        let wanted = (range.end - start) as usize;
        let mut read = 0;
        while read < wanted {
            match self.file.read_at(&mut room[read..], start + read as u64) {
                Ok(0) => return Err(ended(start + read as u64)),
                Ok(bytes) => read += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&room[(range.start - start) as usize..wanted])
    }
}

fn ended(file_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, beyond(file_bytes))
}

/// Reads ranges of a file past the page cache. Each has memory of its own, as from an object store.
fn ranges_direct(path: &Path, ranges: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
    let file = RangeFile::open(path, true)?;
    ranges
        .iter()
        .map(|range| {
            let mut buffer = Buffer::default();
            let within = file.read(range.clone(), &mut buffer)?;
            let (first, length) = (within.as_ptr() as usize, within.len());
            let offset = first - buffer.bytes.as_ptr() as usize;
            Ok(Bytes::from(buffer.bytes).slice(offset..offset + length))
        })
        .collect()
}

/// Reads files of this host past the page cache.
#[derive(Debug)]
pub struct DirectLayer {
    below: Arc<dyn ObjectStore>,
}

impl DirectLayer {
    /// Makes the layer. `below` must be a store whose paths are those of files of this host.
    pub fn new(below: Arc<dyn ObjectStore>) -> Self {
        DirectLayer { below }
    }
}

#[async_trait]
impl ReadLayer for DirectLayer {
    const NAME: &'static str = "direct";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &ObjectPath, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (path, ranges) = (local_file(file)?, ranges.to_vec());
        let read = move || {
            ranges_direct(&path, &ranges).map_err(|source| Error::Generic {
                store: "LocalFileSystem",
                source: format!("{}: direct read: {source}", path.display()).into(),
            })
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|source| Error::JoinError { source })?
    }

    /// Refuses the read, as it would go through the page cache.
    async fn other(&self, _: &ObjectPath, _: GetOptions) -> Result<GetResult> {
        Err(Error::NotImplemented {
            operation: "direct reads of other than bounded ranges".to_owned(),
            implementer: "DirectLayer".to_owned(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file_of(length: usize) -> tempfile::NamedTempFile {
        let mut file = crate::storage::file_on_disk();
        let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        file.write_all(&bytes).unwrap();
        file
    }

    /// `None` if the file system of the build has no direct reads.
    fn file_for_direct_reads(length: usize) -> Option<tempfile::NamedTempFile> {
        let file = file_of(length);
        check_direct(file.path()).ok().map(|()| file)
    }

    #[test]
    fn any_range_is_read_whole_wherever_it_begins_and_ends() {
        let Some(file) = file_for_direct_reads(20_000) else {
            return;
        };
        let ranges = [
            0..1,
            1..4095,
            4095..4097,
            0..20_000,
            19_999..20_000,
            4096..8192,
            7..7,
        ];
        for (range, bytes) in ranges
            .iter()
            .zip(ranges_direct(file.path(), &ranges).unwrap())
        {
            let expected: Vec<u8> = range.clone().map(|index| (index % 251) as u8).collect();
            assert_eq!(bytes, expected, "{range:?}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_an_error() {
        let file = file_of(5000);
        let file = RangeFile::open(file.path(), false).unwrap();
        for range in [4000..5001, 5000..5001, 9000..9001, 0..u64::MAX] {
            let mut buffer = Buffer::default();
            let kind = file.read(range.clone(), &mut buffer).unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{range:?}");
        }
    }

    #[test]
    fn a_buffer_is_aligned_whatever_its_size() {
        let mut buffer = Buffer::default();
        for length in [1, 4096, 5000, 100] {
            let bytes = buffer.of(length);
            assert_eq!(bytes.len(), length);
            assert_eq!(bytes.as_ptr() as usize % ALIGNMENT as usize, 0);
        }
    }
}
