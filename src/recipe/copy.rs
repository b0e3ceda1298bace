//! Recipe for DataFusion's `COPY`.

use super::knobs::{Knobs, Leaf, codec_name};
use super::sql::{literal, order_by};
use super::tool::Recipe;
use crate::record::ChunkLayoutRecord;

pub(super) fn copy(knobs: &Knobs) -> Recipe {
    let layout = knobs.layout;
    let partitioned = match knobs.is_partitioned() {
        true => {
            // Quotes would be part of the name there.
            format!(" PARTITIONED BY ({})", layout.partition_by.join(", "))
        }
        false => String::new(),
    };
    let mut options = vec![
        (
            "max_row_group_size".to_owned(),
            knobs.row_group_rows.to_string(),
        ),
        (
            "writer_version".to_owned(),
            format!("{}.0", layout.writer_version),
        ),
        (
            "data_page_row_count_limit".to_owned(),
            layout.data_page_rows.to_string(),
        ),
        (
            "data_pagesize_limit".to_owned(),
            layout.chunk.data_page_bytes.to_string(),
        ),
        (
            "dictionary_page_size_limit".to_owned(),
            layout.chunk.dictionary_page_bytes.to_string(),
        ),
    ];
    let common = knobs.common_encoding();
    options.extend(of_chunk(&layout.chunk, common, knobs, false));
    for leaf in knobs.leaves.iter().filter(|it| can_be_named(it)) {
        let of_leaf = match knobs.has_own(leaf) {
            true => of_chunk(leaf.chunk, leaf.fitting_encoding(), knobs, true),
            false if leaf.fitting_encoding() == common => Vec::new(),
            false => of_encoding(leaf.fitting_encoding()),
        };
        let path = leaf.dotted();
        let of_leaf = of_leaf.into_iter();
        options.extend(of_leaf.map(|(key, value)| (format!("{key}::{path}"), value)));
    }
    let options: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("  {} {}", literal(&format!("format.{key}")), literal(value)))
        .collect();
    let place = match knobs.is_partitioned() {
        true => "output/",
        false => knobs.output(),
    };
    let code = format!(
        "CREATE EXTERNAL TABLE input STORED AS PARQUET LOCATION 'input.parquet';\n\
         COPY (SELECT * FROM input{})\nTO '{place}' STORED AS PARQUET{partitioned} OPTIONS (\n{}\n);\n",
        order_by(knobs),
        options.join(",\n")
    );
    Recipe {
        tool: "DataFusion",
        code,
        limits: limits(knobs),
    }
}

/// Returns true if options can name a leaf: dots in names would be taken for the next level.
fn can_be_named(leaf: &Leaf) -> bool {
    !leaf.path.iter().any(|name| name.contains('.'))
}

/// Options for an encoding.
fn of_encoding(encoding: &str) -> Vec<(String, String)> {
    let has_dictionary = matches!(encoding, "auto" | "dictionary");
    let mut options = vec![("dictionary_enabled".to_owned(), has_dictionary.to_string())];
    if !has_dictionary {
        options.push(("encoding".to_owned(), encoding.to_owned()));
    }
    options
}

/// Options that columns may have of their own.
fn of_chunk(
    chunk: &ChunkLayoutRecord,
    encoding: &str,
    knobs: &Knobs,
    is_column: bool,
) -> Vec<(String, String)> {
    let codec = match chunk.codec.as_str() {
        "none" => "uncompressed".to_owned(),
        "lz4" => "lz4_raw".to_owned(),
        codec => codec_name(codec, chunk.level),
    };
    let statistics = match chunk.statistics.as_str() {
        "none" => "none",
        _ if knobs.layout.page_index => "page",
        _ => "chunk",
    };
    let key = |key: &str, value: String| (key.to_owned(), value);
    let mut options = vec![
        key("compression", codec),
        key("statistics_enabled", statistics.to_owned()),
    ];
    options.extend(of_encoding(encoding));
    if let Some(filter) = chunk.bloom_filter {
        let name = match is_column {
            true => "bloom_filter_enabled",
            false => "bloom_filter_on_write",
        };
        options.push(key(name, "true".to_owned()));
        options.push(key("bloom_filter_fpp", filter.fpp.to_string()));
        let ndv = filter.ndv.unwrap_or(knobs.row_group_rows);
        options.push(key("bloom_filter_ndv", ndv.to_string()));
    }
    options
}

fn limits(knobs: &Knobs) -> Vec<String> {
    let layout = knobs.layout;
    let mut limits = knobs.limits();
    if !layout.page_index {
        limits.push("it always writes offset indexes".to_owned());
    }
    if knobs.is_sorted() {
        limits.push("footers do not say by which columns rows are sorted".to_owned());
    }
    let pages = |chunk: &ChunkLayoutRecord| (chunk.data_page_bytes, chunk.dictionary_page_bytes);
    if layout
        .columns
        .values()
        .any(|it| pages(it) != pages(&layout.chunk))
    {
        limits.push("sizes of pages and dictionaries are those of all columns".to_owned());
    }
    let common = knobs.common_encoding();
    let has_options = |leaf: &&Leaf| knobs.has_own(leaf) || leaf.fitting_encoding() != common;
    let of_leaves = knobs.leaves.iter().filter(has_options);
    let unnamed = of_leaves
        .filter(|it| !can_be_named(it))
        .map(|it| it.dotted());
    let unnamed: Vec<String> = unnamed.collect();
    if !unnamed.is_empty() {
        limits.push(format!(
            "a column with a dot in its name can have no options of its own: {}",
            unnamed.join(", ")
        ));
    }
    let is_word = |name: &&String| {
        let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
        name.chars().all(is_plain) && !name.starts_with(|it: char| it.is_ascii_digit())
    };
    if let Some(name) = layout.partition_by.iter().find(|it| !is_word(it)) {
        limits.push(format!(
            "PARTITIONED BY takes plain names alone: give {name} another one"
        ));
    }
    limits
}
