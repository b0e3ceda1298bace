//! Recipe for DuckDB.

use super::knobs::{DICTIONARY_BYTES, Knobs, Leaf, PAGE_BYTES, PAGE_ROWS};
use super::sql::{order_by, quoted};
use super::tool::Recipe;
use crate::units;

/// Rows that DuckDB puts into a row group at a time.
const VECTOR_ROWS: u64 = 2048;

pub(super) fn duckdb(knobs: &Knobs) -> Recipe {
    let layout = knobs.layout;
    let order = order_by(knobs);
    let (codec, level) = knobs.codec();
    let codec = match codec {
        "none" => "uncompressed",
        "lz4" => "lz4_raw",
        codec => codec,
    };
    let mut options = vec!["FORMAT parquet".to_owned(), format!("COMPRESSION {codec}")];
    if codec == "zstd" {
        options.extend(level.map(|level| format!("COMPRESSION_LEVEL {level}")));
    }
    options.push(format!("ROW_GROUP_SIZE {}", knobs.row_group_rows));
    options.push(format!("PARQUET_VERSION v{}", layout.writer_version));
    if layout.chunk.encoding == "plain" {
        options.push("DICTIONARY_SIZE_LIMIT 1".to_owned());
    }
    if !knobs.has_bloom_filters() {
        options.push("WRITE_BLOOM_FILTER false".to_owned());
    } else if let Some(filter) = layout.chunk.bloom_filter {
        options.push(format!("BLOOM_FILTER_FALSE_POSITIVE_RATIO {}", filter.fpp));
    }
    if knobs.is_partitioned() {
        let columns: Vec<String> = layout.partition_by.iter().map(|it| quoted(it)).collect();
        options.push(format!("PARTITION_BY ({})", columns.join(", ")));
    }
    let code = format!(
        "COPY (SELECT * FROM 'input.parquet'{order})\nTO '{}' ({});\n",
        knobs.output(),
        options.join(", ")
    );
    Recipe {
        tool: "DuckDB",
        code,
        limits: limits(knobs, codec),
    }
}

fn limits(knobs: &Knobs, codec: &str) -> Vec<String> {
    let layout = knobs.layout;
    let mut limits = knobs.limits();
    if layout.page_index {
        limits.push(
            "it writes no page index, so that pages are not skipped: smaller row groups make up for some of it"
                .to_owned(),
        );
    }
    if !knobs.row_group_rows.is_multiple_of(VECTOR_ROWS) {
        limits.push(format!(
            "row groups have a multiple of {} rows",
            units::count(VECTOR_ROWS)
        ));
    }
    if knobs.any(|it| it.statistics == "none") {
        limits.push("it always writes statistics of column chunks".to_owned());
    }
    if matches!(codec, "gzip" | "brotli") {
        limits.push(format!("the level of {codec} cannot be set"));
    }
    if knobs.has_bloom_filters() {
        limits.push("it writes bloom filters of columns with dictionaries alone".to_owned());
    }
    let is_default = |leaf: &Leaf| matches!(leaf.chunk.encoding.as_str(), "auto" | "plain");
    if !knobs.leaves.iter().all(is_default)
        || knobs.any(|it| {
            it.dictionary_page_bytes != DICTIONARY_BYTES || it.data_page_bytes != PAGE_BYTES
        })
        || layout.data_page_rows != PAGE_ROWS
    {
        limits.push("it chooses encodings, dictionaries and pages by itself".to_owned());
    }
    if knobs.differ() {
        limits.push("one codec for all columns".to_owned());
    }
    limits
}
