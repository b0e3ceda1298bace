//! Positions of the column chunks in a Parquet file.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use object_store::path::Path;

/// A column chunk of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Position of the stored bytes, dictionary page included.
    pub range: Range<u64>,
    pub row_group: u32,
    /// Top-level column that the chunk belongs to, by its place in [`FileLayout::columns`].
    pub column: u32,
    /// Bytes before compression.
    pub encoded_bytes: u64,
}

/// Positions of the column chunks in a Parquet file. Everything outside of them counts as metadata,
/// even a bloom filter between two row groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLayout {
    /// In the order of their starts.
    pub chunks: Vec<Chunk>,
    /// Rows of each row group.
    pub row_group_rows: Vec<u64>,
    /// Names of the top-level columns, in the order of the file.
    pub columns: Arc<[String]>,
}

/// The layouts of the files that a measurement reads.
pub type FileLayouts = HashMap<Path, Arc<FileLayout>>;

impl FileLayout {
    /// Returns the chunks of a row group, in the order of their starts. `None` if there is none.
    pub(super) fn row_group(&self, row_group: u32) -> Option<&[Chunk]> {
        // Row groups follow each other in files.
        let first = self
            .chunks
            .partition_point(|chunk| chunk.row_group < row_group);
        let end = self
            .chunks
            .partition_point(|chunk| chunk.row_group <= row_group);
        self.chunks
            .get(first..end)
            .filter(|chunks| !chunks.is_empty())
    }

    /// Returns the places of a row group's chunks of some top-level columns, in the order of their
    /// starts.
    pub fn ranges_of(&self, row_group: u32, columns: &[String]) -> Vec<Range<u64>> {
        let chunks = self.row_group(row_group).unwrap_or_default().iter();
        let is_of = |chunk: &&Chunk| {
            let name = self.columns.get(chunk.column as usize);
            name.is_some_and(|name| columns.contains(name))
        };
        chunks
            .filter(is_of)
            .map(|chunk| chunk.range.clone())
            .collect()
    }

    /// Returns the row group of a whole chunk, and the chunk's place in it. `None` if a range is
    /// not a whole chunk.
    pub(super) fn place_of(&self, range: &Range<u64>) -> Option<(u32, usize)> {
        let index = self
            .chunks
            .partition_point(|chunk| chunk.range.start < range.start);
        let chunk = self
            .chunks
            .get(index)
            .filter(|chunk| chunk.range == *range)?;
        let chunks = self.row_group(chunk.row_group)?;
        let place = chunks.iter().position(|other| other.range == *range)?;
        Some((chunk.row_group, place))
    }

    /// Returns a range that is widened to the whole row groups that it lies in. One that does not
    /// lie within chunks stays as it is.
    pub(super) fn row_groups_of(&self, range: &Range<u64>) -> Range<u64> {
        let Some(chunks) = self.chunks_of(range) else {
            return range.clone();
        };
        let whole = self.chunks[chunks].iter().filter_map(|chunk| {
            let chunks = self.row_group(chunk.row_group)?;
            let start = chunks.iter().map(|chunk| chunk.range.start).min()?;
            let end = chunks.iter().map(|chunk| chunk.range.end).max()?;
            Some(start..end)
        });
        whole.fold(range.clone(), |all, whole| {
            all.start.min(whole.start)..all.end.max(whole.end)
        })
    }

    /// True if a range is one of column chunks, with the gaps between them. False for one that goes
    /// beyond the last chunk, where footers are, or touches none.
    pub fn is_of_chunks(&self, range: &Range<u64>) -> bool {
        let end = self.chunks.last().map(|chunk| chunk.range.end);
        let first = self
            .chunks
            .partition_point(|chunk| chunk.range.end <= range.start);
        let found = self.chunks.get(first);
        found.is_some_and(|chunk| chunk.range.start < range.end)
            && end.is_some_and(|end| range.end <= end)
    }

    /// Returns the chunks that contain a range: one chunk, or neighbours without a gap between
    /// them. `None` if a part of the range lies outside.
    pub fn chunks_of(&self, range: &Range<u64>) -> Option<Range<usize>> {
        let first = self
            .chunks
            .partition_point(|chunk| chunk.range.end <= range.start);
        let mut covered = self.chunks.get(first)?.range.start;
        if covered > range.start {
            return None;
        }
        for (index, chunk) in self.chunks.iter().enumerate().skip(first) {
            if chunk.range.start > covered {
                return None;
            }
            covered = chunk.range.end;
            if range.end <= covered {
                return Some(first..index + 1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_may_lie_in_neighbouring_chunks_but_not_beside_them() {
        let chunk = |range: Range<u64>, row_group| Chunk {
            range,
            row_group,
            encoded_bytes: 1000,
            ..Chunk::default()
        };
        let layout = FileLayout {
            chunks: vec![chunk(4..20, 0), chunk(20..40, 0), chunk(50..80, 1)],
            ..FileLayout::default()
        };
        assert_eq!(layout.chunks_of(&(4..20)), Some(0..1));
        assert_eq!(layout.chunks_of(&(5..6)), Some(0..1));
        assert_eq!(layout.chunks_of(&(10..40)), Some(0..2));
        assert_eq!(layout.chunks_of(&(79..80)), Some(2..3));
        assert_eq!(layout.place_of(&(20..40)), Some((0, 1)));
        assert_eq!(layout.place_of(&(20..39)), None);
        assert_eq!(layout.row_groups_of(&(22..25)), 4..40);
        assert_eq!(layout.row_groups_of(&(45..46)), 45..46);
        for outside in [0..5, 3..4, 40..50, 30..60, 75..81, 80..81] {
            assert_eq!(layout.chunks_of(&outside), None, "{outside:?}");
        }
    }
}
