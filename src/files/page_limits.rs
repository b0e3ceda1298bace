//! Refuses pages that are too large, by their headers, before they are decompressed.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::page_header::PageHeader;
use super::reader::StoreReader;
use crate::units;

/// Largest decompressed size of a page, in bytes. A page is decompressed as a whole. Writers aim at
/// 1 MiB.
const MOST_PAGE_BYTES: u64 = 256 << 20;

/// Largest number of values in a page of lists. One row may have all of them, however few bytes
/// they take.
const MOST_PAGE_VALUES: u64 = 16 << 20;

/// Largest number of bytes that are read in one piece: a page, or the whole column chunk if the
/// file has no page index.
const MOST_READ_BYTES: u64 = 2 << 30;

/// Reason why a column of a row group is not read: it would take too much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oversize {
    PageBytes(u64),
    PageValues(u64),
    ReadBytes(u64),
}

impl fmt::Display for Oversize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Oversize::PageBytes(bytes) => write!(
                formatter,
                "a page of it unfolds to {}, and pages of at most {} are read",
                units::bytes(*bytes),
                units::bytes(MOST_PAGE_BYTES)
            ),
            Oversize::PageValues(values) => write!(
                formatter,
                "a page of its lists holds {} values, and pages of at most {} are read",
                units::count(*values),
                units::count(MOST_PAGE_VALUES)
            ),
            Oversize::ReadBytes(bytes) => write!(
                formatter,
                "{} of it can only be read in one piece, and at most {} are; a page index would \
                 allow for less",
                units::bytes(*bytes),
                units::bytes(MOST_READ_BYTES)
            ),
        }
    }
}

/// Pages that the readers of one stretch have read so far.
#[derive(Default)]
pub(super) struct PagesRead {
    /// Bytes by their start and end in the file. The streams of one stretch ask for the same
    /// ranges.
    read: HashMap<(u64, u64), Bytes>,
    oversize: Option<Oversize>,
}

impl PagesRead {
    /// Returns the reason if a page or a range was refused.
    pub(super) fn oversize(seen: &Mutex<PagesRead>) -> Option<Oversize> {
        seen.lock().oversize
    }
}

/// Reader that checks the headers of pages before it passes the pages on to be decompressed.
pub(super) struct CheckedReader {
    pub(super) inner: StoreReader,
    /// True if the column is or contains a list.
    pub(super) lists: bool,
    pub(super) seen: Arc<Mutex<PagesRead>>,
}

impl CheckedReader {
    fn refuse(&self, oversize: Oversize) -> ParquetError {
        self.seen.lock().oversize = Some(oversize);
        ParquetError::General(oversize.to_string())
    }
}

impl AsyncFileReader for CheckedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let key = (range.start, range.end);
            let known = self.seen.lock().read.get(&key).cloned();
            if let Some(known) = known {
                return Ok(known);
            }
            let length = range.end.saturating_sub(range.start);
            if length > MOST_READ_BYTES {
                return Err(self.refuse(Oversize::ReadBytes(length)));
            }
            let bytes = self.inner.get_bytes(range).await?;
            // The range begins with a page: it is a page or a column chunk.
            if let Some(oversize) = oversize(&bytes, self.lists) {
                return Err(self.refuse(oversize));
            }
            self.seen.lock().read.insert(key, bytes.clone());
            Ok(bytes)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        self.inner.get_metadata(options)
    }
}

/// Returns the reason if one of these pages is too large.
fn oversize(pages: &[u8], lists: bool) -> Option<Oversize> {
    PageHeader::all(pages).find_map(|header| {
        if header.uncompressed_bytes > MOST_PAGE_BYTES {
            Some(Oversize::PageBytes(header.uncompressed_bytes))
        } else if lists && header.values > MOST_PAGE_VALUES {
            Some(Oversize::PageValues(header.values))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(mut number: u64, bytes: &mut Vec<u8>) {
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }

    /// Returns a data page of version 1 with 3 bytes of data.
    fn page(uncompressed_bytes: u64, values: u64) -> Vec<u8> {
        let mut bytes = vec![0x15, 0, 0x15];
        varint(uncompressed_bytes * 2, &mut bytes);
        bytes.extend([0x15, 6, 0x2c, 0x15]);
        varint(values * 2, &mut bytes);
        bytes.extend([0x15, 0, 0x15, 6, 0x15, 6, 0, 0]);
        bytes.extend([1, 2, 3]);
        bytes
    }

    #[test]
    fn pages_that_unfold_without_bound_are_found_by_their_headers() {
        let most = page(MOST_PAGE_BYTES, MOST_PAGE_VALUES);
        assert_eq!(oversize(&most, true), None);
        let (large, long) = (page(MOST_PAGE_BYTES + 1, 1), page(64, MOST_PAGE_VALUES + 1));
        let behind = |page: &[u8]| [most.as_slice(), page].concat();
        assert_eq!(
            oversize(&behind(&large), false),
            Some(Oversize::PageBytes(MOST_PAGE_BYTES + 1))
        );
        assert_eq!(
            oversize(&behind(&long), true),
            Some(Oversize::PageValues(MOST_PAGE_VALUES + 1))
        );
        // Values of a column without lists are read a few at a time.
        assert_eq!(oversize(&behind(&long), false), None);
    }
}
