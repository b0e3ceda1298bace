//! Positions of the column chunks in a Parquet file.

use std::ops::Range;

/// A column chunk of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Position of the stored bytes, dictionary page included.
    pub range: Range<u64>,
    pub row_group: u32,
    /// Bytes before compression.
    pub encoded_bytes: u64,
}

/// Positions of the column chunks in a Parquet file. Everything outside of them counts as metadata,
/// even a bloom filter between two row groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLayout {
    /// In the order of their starts.
    pub chunks: Vec<Chunk>,
}

impl FileLayout {
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
        };
        let layout = FileLayout {
            chunks: vec![chunk(4..20, 0), chunk(20..40, 0), chunk(50..80, 1)],
        };
        assert_eq!(layout.chunks_of(&(4..20)), Some(0..1));
        assert_eq!(layout.chunks_of(&(5..6)), Some(0..1));
        assert_eq!(layout.chunks_of(&(10..40)), Some(0..2));
        assert_eq!(layout.chunks_of(&(79..80)), Some(2..3));
        for outside in [0..5, 3..4, 40..50, 30..60, 75..81, 80..81] {
            assert_eq!(layout.chunks_of(&outside), None, "{outside:?}");
        }
    }
}
