//! Recipe for Spark.

use super::knobs::{Knobs, Leaf};
use super::python::{boolean, list, text};
use super::tool::Recipe;

pub(super) fn spark(knobs: &Knobs) -> Recipe {
    let layout = knobs.layout;
    let (codec, level) = knobs.codec();
    let codec_option = match codec {
        "none" => "uncompressed",
        "lz4" => "lz4_raw",
        codec => codec,
    };
    let mut options = vec![("compression".to_owned(), text(codec_option))];
    let level_key = match codec {
        "zstd" => Some("parquet.compression.codec.zstd.level"),
        "gzip" => Some("zlib.compress.level"),
        "brotli" => Some("compression.brotli.quality"),
        _ => None,
    };
    options.extend(
        level_key
            .zip(level)
            .map(|(key, level)| (key.to_owned(), level.to_string())),
    );
    let number = |key: &str, value: u64| (key.to_owned(), value.to_string());
    options.extend([
        number("parquet.block.row.count.limit", knobs.row_group_rows),
        number("parquet.page.size", layout.chunk.data_page_bytes),
        number("parquet.page.row.count.limit", layout.data_page_rows),
        number(
            "parquet.dictionary.page.size",
            layout.chunk.dictionary_page_bytes,
        ),
        (
            "parquet.writer.version".to_owned(),
            text(&format!("PARQUET_{}_0", layout.writer_version)),
        ),
        (
            "parquet.enable.dictionary".to_owned(),
            text(&boolean(layout.chunk.encoding != "plain").to_lowercase()),
        ),
    ]);
    for leaf in &knobs.leaves {
        if let Some(filter) = leaf.chunk.bloom_filter {
            let ndv = filter.ndv.unwrap_or(knobs.row_group_rows);
            let key = |name: &str| format!("parquet.bloom.filter.{name}#{}", leaf.dotted());
            options.push((key("enabled"), text("true")));
            options.push((key("expected.ndv"), ndv.to_string()));
            options.push((key("fpp"), filter.fpp.to_string()));
        }
    }
    let mut code = String::from(
        "from pyspark.sql import SparkSession, functions as F\n\n\
         spark = SparkSession.builder.getOrCreate()\n\
         frame = spark.read.parquet(\"input.parquet\").coalesce(1)\n",
    );
    if knobs.is_sorted() {
        let keys = layout.sort_by.iter().map(|sort| {
            let order = if sort.descending { "desc" } else { "asc" };
            format!("F.{order}_nulls_first({})", text(&sort.column))
        });
        code.push_str(&format!(
            "frame = frame.sortWithinPartitions({})\n",
            list(keys).trim_start_matches('[').trim_end_matches(']')
        ));
    }
    code.push_str("(\n    frame.write\n");
    for (key, value) in options {
        code.push_str(&format!("    .option({}, {value})\n", text(&key)));
    }
    if knobs.is_partitioned() {
        let columns: Vec<String> = layout.partition_by.iter().map(|it| text(it)).collect();
        code.push_str(&format!("    .partitionBy({})\n", columns.join(", ")));
    }
    code.push_str("    .parquet(\"output\")\n)\n");
    Recipe {
        tool: "Spark",
        code,
        limits: limits(knobs, codec),
    }
}

fn limits(knobs: &Knobs, codec: &str) -> Vec<String> {
    let layout = knobs.layout;
    let mut limits = vec![format!(
        "parquet.block.row.count.limit needs parquet-java 1.16; before that, row groups end by bytes alone \
             (parquet.block.size, here about {})",
        knobs.row_group_bytes
    )];
    limits.extend(knobs.limits());
    if !layout.page_index && layout.chunk.statistics != "none" {
        limits.push("it always writes a page index".to_owned());
    }
    if knobs.any(|it| it.statistics == "none") {
        limits.push("it always writes statistics".to_owned());
    }
    if codec == "brotli" {
        limits.push("its codec brotli needs a library of its own".to_owned());
    }
    let is_default = |leaf: &Leaf| {
        matches!(
            leaf.chunk.encoding.as_str(),
            "auto" | "plain" | "dictionary"
        )
    };
    if !knobs.leaves.iter().all(is_default) {
        limits.push("it chooses encodings by itself, but for dictionaries".to_owned());
    }
    if knobs.differ() {
        limits.push("one codec for all columns".to_owned());
    }
    limits
}
