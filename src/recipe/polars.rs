//! Recipe for Polars.

use super::knobs::{DICTIONARY_BYTES, Knobs, Leaf, PAGE_BYTES, PAGE_ROWS};
use super::python::{boolean, call, list, text};
use super::tool::Recipe;

pub(super) fn polars(knobs: &Knobs) -> Recipe {
    let layout = knobs.layout;
    let mut code =
        String::from("import polars as pl\n\nframe = pl.read_parquet(\"input.parquet\")\n");
    if knobs.is_sorted() {
        let columns = layout.sort_by.iter();
        let descending = columns.clone().map(|it| boolean(it.descending).to_owned());
        code.push_str(&format!(
            "frame = frame.sort({}, descending={}, nulls_last=False, maintain_order=True)\n",
            list(columns.map(|it| text(&it.column))),
            list(descending)
        ));
    }
    let (codec, level) = knobs.codec();
    let codec = if codec == "none" {
        "uncompressed"
    } else {
        codec
    };
    let mut arguments = vec![text(knobs.output()), format!("compression={}", text(codec))];
    arguments.extend(level.map(|level| format!("compression_level={level}")));
    arguments.push(format!("row_group_size={}", knobs.row_group_rows));
    if layout.chunk.data_page_bytes != PAGE_BYTES {
        arguments.push(format!("data_page_size={}", layout.chunk.data_page_bytes));
    }
    arguments.push(format!(
        "statistics={}",
        boolean(layout.chunk.statistics != "none")
    ));
    if knobs.is_partitioned() {
        let columns = list(layout.partition_by.iter().map(|it| text(it)));
        arguments.push(format!("partition_by={columns}"));
    }
    code.push_str(&call("frame.write_parquet", &arguments));
    Recipe {
        tool: "Polars",
        code,
        limits: limits(knobs),
    }
}

fn limits(knobs: &Knobs) -> Vec<String> {
    let layout = knobs.layout;
    let mut limits = knobs.limits();
    if !layout.page_index {
        limits.push("it always writes a page index".to_owned());
    }
    if knobs.has_bloom_filters() {
        limits.push("it writes no bloom filters".to_owned());
    }
    if knobs.is_partitioned() {
        limits.push("row groups of a partition may be smaller".to_owned());
        limits.push("files keep the columns that they are partitioned by".to_owned());
    }
    let is_default = |leaf: &Leaf| leaf.encoding().is_none() && leaf.chunk.encoding == "auto";
    if !knobs.leaves.iter().all(is_default)
        || knobs.any(|it| it.dictionary_page_bytes != DICTIONARY_BYTES)
    {
        limits.push("it chooses encodings and dictionaries by itself".to_owned());
    } else {
        limits.push("it makes dictionaries of strings alone".to_owned());
    }
    if layout.data_page_rows != PAGE_ROWS || layout.writer_version == 2 {
        limits.push("rows of a page and the version of pages cannot be set".to_owned());
    }
    if knobs.differ() {
        limits.push("one codec and page size for all columns".to_owned());
    }
    limits
}
