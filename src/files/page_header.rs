//! Reads the header of a page, before the page is decompressed.
//!
//! The `parquet` crate parses the same header, but does not expose the page's decompressed size.

use super::compact::Compact;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub(super) kind: PageKind,
    /// Size of the page without its header, as stored in the file; `uncompressed_bytes` is its size
    /// after decompression.
    pub(super) compressed_bytes: u64,
    pub(super) uncompressed_bytes: u64,
    /// Number of values and nulls of a data page, or of entries of a dictionary.
    pub(super) values: u64,
    pub(super) header_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    Data { version: u8 },
    Other,
}

impl PageHeader {
    /// Parses the header at the start of the bytes. None if there is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<PageHeader> {
        let mut struct_of = Compact::new(bytes);
        let (mut kind, mut compressed, mut uncompressed, mut values) = (None, None, None, 0);
        let mut last = 0;
        while let Some(field) = struct_of.field(last)? {
            last = field.id;
            match field.id {
                1 => kind = Some(struct_of.number()?),
                2 => uncompressed = Some(struct_of.number()?),
                3 => compressed = Some(struct_of.number()?),
                // The headers of data pages, dictionaries, and data pages of version 2. Each begins
                // with the number of values.
                5 | 7 | 8 => values = struct_of.first_number()?,
                _ => struct_of.skip(field.kind)?,
            }
        }
        Some(PageHeader {
            kind: match kind? {
                0 => PageKind::Data { version: 1 },
                3 => PageKind::Data { version: 2 },
                _ => PageKind::Other,
            },
            compressed_bytes: u64::try_from(compressed?).ok()?,
            uncompressed_bytes: u64::try_from(uncompressed?).ok()?,
            values: u64::try_from(values).ok()?,
            header_bytes: struct_of.at(),
        })
    }

    /// Returns the headers of consecutive pages from the start of the bytes on, as far as the bytes
    /// contain them.
    pub(super) fn all(bytes: &[u8]) -> impl Iterator<Item = PageHeader> {
        let mut rest = Some(bytes);
        std::iter::from_fn(move || {
            let bytes = rest?;
            let header = PageHeader::parse(bytes)?;
            rest = usize::try_from(header.compressed_bytes)
                .ok()
                .and_then(|page| page.checked_add(header.header_bytes))
                .and_then(|end| bytes.get(end..));
            Some(header)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use bytes::Bytes;
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use rstest::rstest;

    use super::*;

    /// Returns a file of one column of texts.
    fn file(version: WriterVersion) -> Bytes {
        let texts = (0..5_000).map(|row| format!("text {}", row % 700));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let batch = RecordBatch::try_from_iter([("text", texts)]).unwrap();
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_write_page_header_statistics(true)
            .set_data_page_row_count_limit(1_000)
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    #[rstest]
    #[case(WriterVersion::PARQUET_1_0, 1)]
    #[case(WriterVersion::PARQUET_2_0, 2)]
    fn headers_tell_how_large_pages_become(#[case] of: WriterVersion, #[case] version: u8) {
        let bytes = file(of);
        let reader = SerializedFileReader::new(bytes.clone()).unwrap();
        let (start, length) = reader.metadata().row_group(0).column(0).byte_range();
        let (start, end) = (start as usize, (start + length) as usize);
        let found: Vec<PageHeader> = PageHeader::all(&bytes[start..end]).collect();

        let group = reader.get_row_group(0).unwrap();
        let mut pages = group.get_column_page_reader(0).unwrap();
        let mut expected = Vec::new();
        while let Some(page) = pages.get_next_page().unwrap() {
            let kind = match page.is_data_page() {
                true => PageKind::Data { version },
                false => PageKind::Other,
            };
            let bytes = page.buffer().len() as u64;
            expected.push((kind, bytes, u64::from(page.num_values())));
        }
        assert!(expected.len() > 2, "a dictionary, and several pages");
        let told: Vec<_> = found
            .iter()
            .map(|header| (header.kind, header.uncompressed_bytes, header.values))
            .collect();
        assert_eq!(told, expected);
        let taken: u64 = found
            .iter()
            .map(|header| header.header_bytes as u64 + header.compressed_bytes)
            .sum();
        assert_eq!(taken, length, "the headers lead from page to page");
    }

    #[test]
    fn what_is_no_header_is_none() {
        let bytes = file(WriterVersion::PARQUET_1_0);
        let header = PageHeader::parse(&bytes[4..]).unwrap();
        for end in 0..header.header_bytes {
            assert_eq!(PageHeader::parse(&bytes[4..4 + end]), None, "{end}");
        }
        assert_eq!(PageHeader::parse(&[0xff; 64]), None);
        assert_eq!(PageHeader::parse(&[0; 64]), None);
        // A struct in a struct, and so on.
        assert_eq!(PageHeader::parse(&[0x9c; 4_096]), None);
    }
}
