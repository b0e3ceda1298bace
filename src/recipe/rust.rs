//! Recipe for the Rust crates arrow and parquet.

use super::knobs::Knobs;
use super::tool::Recipe;
use crate::record::ChunkLayoutRecord;

pub(super) fn rust(knobs: &Knobs) -> Recipe {
    let layout = knobs.layout;
    let mut calls = vec![
        format!(
            "set_max_row_group_row_count(Some({}))",
            knobs.row_group_rows
        ),
        format!(
            "set_writer_version(WriterVersion::PARQUET_{}_0)",
            layout.writer_version
        ),
        format!("set_data_page_row_count_limit({})", layout.data_page_rows),
        format!("set_data_page_size_limit({})", layout.chunk.data_page_bytes),
        format!(
            "set_dictionary_page_size_limit({})",
            layout.chunk.dictionary_page_bytes
        ),
    ];
    if layout.data_page_rows < 1024 {
        calls.push(format!("set_write_batch_size({})", layout.data_page_rows));
    }
    if !layout.page_index {
        calls.push("set_offset_index_disabled(true)".to_owned());
    }
    let common = knobs.common_encoding();
    calls.extend(of_chunk(&layout.chunk, common, knobs, None));
    for leaf in &knobs.leaves {
        let parts = leaf.path.iter().map(|it| format!("{it:?}.into()"));
        let path = format!(
            "ColumnPath::new(vec![{}])",
            parts.collect::<Vec<_>>().join(", ")
        );
        if !knobs.has_own(leaf) {
            if leaf.fitting_encoding() != common {
                calls.extend(of_encoding(leaf.fitting_encoding(), Some(&path)));
            }
            continue;
        }
        calls.push(format!(
            "set_column_data_page_size_limit({path}, {})",
            leaf.chunk.data_page_bytes
        ));
        calls.push(format!(
            "set_column_dictionary_page_size_limit({path}, {})",
            leaf.chunk.dictionary_page_bytes
        ));
        calls.extend(of_chunk(
            leaf.chunk,
            leaf.fitting_encoding(),
            knobs,
            Some(&path),
        ));
    }
    let calls: Vec<String> = calls.iter().map(|it| format!("    .{it}\n")).collect();
    let code = format!(
        "let properties = WriterProperties::builder()\n{}    .build();\n\
         let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;\n\
         for batch in batches {{\n    writer.write(&batch)?;\n}}\nwriter.close()?;\n",
        calls.concat()
    );
    Recipe {
        tool: "arrow-rs",
        code,
        limits: limits(knobs),
    }
}

/// A call of the builder, for the column of a path or for all columns.
fn setter(name: &str, path: Option<&str>, value: &str) -> String {
    match path {
        Some(path) => format!("set_column_{name}({path}, {value})"),
        None => format!("set_{name}({value})"),
    }
}

/// Calls for an encoding.
fn of_encoding(encoding: &str, path: Option<&str>) -> Vec<String> {
    match encoding {
        "auto" | "dictionary" => Vec::new(),
        encoding => vec![
            setter("dictionary_enabled", path, "false"),
            setter(
                "encoding",
                path,
                &format!("Encoding::{}", encoding.to_uppercase()),
            ),
        ],
    }
}

/// Calls that columns may have of their own, for the column of this path, or for all columns
/// without a path.
fn of_chunk(
    chunk: &ChunkLayoutRecord,
    encoding: &str,
    knobs: &Knobs,
    path: Option<&str>,
) -> Vec<String> {
    let call = |name: &str, value: String| setter(name, path, &value);
    let codec = match (chunk.codec.as_str(), chunk.level) {
        ("none", _) => "Compression::UNCOMPRESSED".to_owned(),
        ("lz4", _) => "Compression::LZ4_RAW".to_owned(),
        ("gzip", Some(level)) => format!("Compression::GZIP(GzipLevel::try_new({level})?)"),
        ("brotli", Some(level)) => format!("Compression::BROTLI(BrotliLevel::try_new({level})?)"),
        ("zstd", Some(level)) => format!("Compression::ZSTD(ZstdLevel::try_new({level})?)"),
        (codec, _) => format!("Compression::{}", codec.to_uppercase()),
    };
    let statistics = match chunk.statistics.as_str() {
        "none" => "None",
        _ if knobs.layout.page_index => "Page",
        _ => "Chunk",
    };
    let mut calls = vec![
        call("compression", codec),
        call(
            "statistics_enabled",
            format!("EnabledStatistics::{statistics}"),
        ),
    ];
    if chunk.statistics == "page" {
        calls.push(call("write_page_header_statistics", "true".to_owned()));
    }
    calls.extend(of_encoding(encoding, path));
    if let Some(filter) = chunk.bloom_filter {
        let ndv = filter.ndv.unwrap_or(knobs.row_group_rows);
        calls.push(call("bloom_filter_enabled", "true".to_owned()));
        calls.push(call("bloom_filter_fpp", filter.fpp.to_string()));
        calls.push(call("bloom_filter_max_ndv", ndv.to_string()));
    }
    calls
}

fn limits(knobs: &Knobs) -> Vec<String> {
    let mut limits: Vec<String> = knobs.by_rows().into_iter().collect();
    if knobs.is_sorted() {
        limits.push(
            "it does not sort: sort the batches first, and name the order by set_sorting_columns"
                .to_owned(),
        );
    }
    if knobs.is_partitioned() {
        limits.push("it writes one file: open a writer for each partition".to_owned());
    }
    limits
}
