//! The record of a layout.

use crate::config::{ChunkLayout, Layout, RowGroupSize};
use crate::record::{BloomFilterRecord, ChunkLayoutRecord, LayoutRecord, SortRecord};

/// Makes the record of a layout.
pub(super) fn layout_record(layout: &Layout) -> LayoutRecord {
    let (row_group_rows, row_group_bytes) = match layout.row_group {
        RowGroupSize::Rows(rows) => (Some(rows), None),
        RowGroupSize::Bytes(bytes) => (None, Some(bytes)),
    };
    let sort_by = layout.sort_by.iter().map(|sort| SortRecord {
        column: sort.column.clone(),
        descending: sort.descending,
    });
    let columns = layout.columns.iter();
    let sort_scope: &'static str = layout.sort_scope.into();
    let vector_layout: &'static str = layout.vector_layout.into();
    LayoutRecord {
        row_group_rows,
        row_group_bytes,
        partition_by: layout.partition_by.clone(),
        sort_by: sort_by.collect(),
        sort_scope: sort_scope.to_owned(),
        writer_version: layout.writer_version,
        data_page_rows: layout.data_page_rows,
        page_index: layout.page_index,
        vector_layout: vector_layout.to_owned(),
        chunk: chunk_record(&layout.chunk),
        columns: columns
            .map(|(name, chunk)| (name.clone(), chunk_record(chunk)))
            .collect(),
    }
}

fn chunk_record(chunk: &ChunkLayout) -> ChunkLayoutRecord {
    let statistics: &'static str = chunk.statistics.into();
    ChunkLayoutRecord {
        codec: chunk.codec.name().to_owned(),
        level: chunk.codec.level(),
        encoding: chunk.encoding.name().to_owned(),
        dictionary_page_bytes: chunk.dictionary_page_bytes,
        data_page_bytes: chunk.data_page_bytes,
        statistics: statistics.to_owned(),
        bloom_filter: chunk.bloom_filter.map(|filter| BloomFilterRecord {
            fpp: filter.fpp,
            ndv: filter.ndv,
        }),
    }
}
