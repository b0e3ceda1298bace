//! Recipes for PyArrow, and for pandas, which writes with it.

use super::knobs::{DICTIONARY_BYTES, Knobs, Leaf, PAGE_BYTES, PAGE_ROWS};
use super::python::{boolean, call as call_of, dictionary, list, text};
use super::tool::Recipe;

pub(super) fn pyarrow(knobs: &Knobs) -> Recipe {
    let mut code = String::from("import pyarrow.parquet as pq\n\n");
    code.push_str("table = pq.read_table(\"input.parquet\")\n");
    if knobs.is_sorted() {
        code.push_str(&format!("table = table.sort_by({})\n", order(knobs)));
    }
    code.push_str(&call_of(&function(knobs), &arguments(knobs)));
    Recipe {
        tool: "PyArrow",
        code,
        limits: limits(knobs),
    }
}

pub(super) fn pandas(knobs: &Knobs) -> Recipe {
    let mut code = String::from(
        "import pandas as pd\n\nframe = pd.read_parquet(\"input.parquet\", dtype_backend=\"pyarrow\")\n",
    );
    if knobs.is_sorted() {
        let columns = knobs.layout.sort_by.iter();
        let ascending = columns.clone().map(|it| boolean(!it.descending).to_owned());
        code.push_str(&format!(
            "frame = frame.sort_values({}, ascending={}, na_position=\"first\", kind=\"stable\")\n",
            list(columns.map(|it| text(&it.column))),
            list(ascending)
        ));
    }
    let mut all = vec![text(knobs.output())];
    all.extend(["engine=\"pyarrow\"".to_owned(), "index=False".to_owned()]);
    all.extend(arguments(knobs).into_iter().skip(2).filter(|it| {
        // There is no table yet whose schema it could name.
        !it.starts_with("sorting_columns")
    }));
    code.push_str(&call_of("frame.to_parquet", &all));
    Recipe {
        tool: "pandas",
        code,
        limits: limits(knobs),
    }
}

/// The call that writes the layout, in one line.
pub(super) fn call(knobs: &Knobs) -> String {
    let mut arguments = arguments(knobs);
    if knobs.is_sorted()
        && let Some(table) = arguments.first_mut()
    {
        *table = format!("table.sort_by({})", order(knobs));
    }
    let is_essential = |it: &String| !it.starts_with("sorting_columns");
    let arguments: Vec<String> = arguments.into_iter().filter(is_essential).collect();
    format!("{}({})", function(knobs), arguments.join(", "))
}

fn function(knobs: &Knobs) -> String {
    match knobs.is_partitioned() {
        true => "pq.write_to_dataset".to_owned(),
        false => "pq.write_table".to_owned(),
    }
}

/// Keys of a sort, nulls first.
fn order(knobs: &Knobs) -> String {
    list(knobs.layout.sort_by.iter().map(|sort| {
        let direction = if sort.descending {
            "descending"
        } else {
            "ascending"
        };
        format!("({}, \"{direction}\", \"at_start\")", text(&sort.column))
    }))
}

/// Arguments of the call that writes: the table, the place, and one for each knob.
fn arguments(knobs: &Knobs) -> Vec<String> {
    let layout = knobs.layout;
    let chunk = &layout.chunk;
    let mut all = vec!["table".to_owned(), text(knobs.output())];
    if knobs.is_partitioned() {
        let columns = list(layout.partition_by.iter().map(|it| text(it)));
        all.push(format!("partition_cols={columns}"));
        // Threads would mix the rows of a partition.
        all.push("use_threads=False".to_owned());
    }
    all.extend(codecs(knobs));
    all.push(format!("row_group_size={}", knobs.row_group_rows));
    if chunk.data_page_bytes != PAGE_BYTES {
        all.push(format!("data_page_size={}", chunk.data_page_bytes));
    }
    if layout.data_page_rows != PAGE_ROWS {
        all.push(format!("max_rows_per_page={}", layout.data_page_rows));
    }
    if layout.data_page_rows < 1024 {
        all.push(format!("write_batch_size={}", layout.data_page_rows));
    }
    if chunk.dictionary_page_bytes != DICTIONARY_BYTES {
        all.push(format!(
            "dictionary_pagesize_limit={}",
            chunk.dictionary_page_bytes
        ));
    }
    all.extend(encodings(knobs));
    if layout.writer_version == 2 {
        all.push("data_page_version=\"2.0\"".to_owned());
    }
    match knobs.common(|leaf| leaf.chunk.statistics != "none") {
        Some(true) => {}
        Some(false) => all.push("write_statistics=False".to_owned()),
        None => {
            let with = knobs
                .leaves
                .iter()
                .filter(|it| it.chunk.statistics != "none");
            let with = list(with.map(|it| text(&path(it))));
            all.push(format!("write_statistics={with}"));
        }
    }
    if layout.page_index {
        all.push("write_page_index=True".to_owned());
    }
    if knobs.has_bloom_filters() {
        let filters = knobs.leaves.iter().filter_map(|leaf| {
            let filter = leaf.chunk.bloom_filter?;
            let ndv = filter.ndv.unwrap_or(knobs.row_group_rows);
            let options = format!("{{\"ndv\": {ndv}, \"fpp\": {}}}", filter.fpp);
            Some((path(leaf), options))
        });
        all.push(format!("bloom_filter_options={}", dictionary(filters)));
    }
    if knobs.is_sorted() && !knobs.is_partitioned() {
        let keys = layout.sort_by.iter().map(|sort| {
            let direction = if sort.descending {
                "descending"
            } else {
                "ascending"
            };
            format!("({}, \"{direction}\")", text(&sort.column))
        });
        all.push(format!(
            "sorting_columns=pq.SortingColumn.from_ordering(table.schema, {}, \"at_start\")",
            list(keys)
        ));
    }
    all
}

/// Path of a leaf in files of PyArrow, which names the elements of lists as the standard does.
fn path(leaf: &Leaf) -> String {
    leaf.dotted().replace(".list.item", ".list.element")
}

fn codecs(knobs: &Knobs) -> Vec<String> {
    let chunk = &knobs.layout.chunk;
    if knobs
        .common(|leaf| (leaf.chunk.codec.clone(), leaf.chunk.level))
        .is_some()
        || !knobs.differ()
    {
        let mut all = vec![format!("compression={}", text(&chunk.codec))];
        all.extend(
            chunk
                .level
                .map(|level| format!("compression_level={level}")),
        );
        return all;
    }
    let codecs = knobs
        .leaves
        .iter()
        .map(|it| (path(it), text(&it.chunk.codec)));
    let mut all = vec![format!("compression={}", dictionary(codecs))];
    let levels = || {
        let leaves = knobs.leaves.iter();
        leaves.filter_map(|it| Some((path(it), it.chunk.level?.to_string())))
    };
    if levels().next().is_some() {
        all.push(format!("compression_level={}", dictionary(levels())));
    }
    all
}

fn encodings(knobs: &Knobs) -> Vec<String> {
    let mut all = Vec::new();
    match knobs.common(|leaf| leaf.has_dictionary()) {
        Some(true) => {}
        Some(false) => all.push("use_dictionary=False".to_owned()),
        None => {
            let with = knobs.leaves.iter().filter(|it| it.has_dictionary());
            all.push(format!(
                "use_dictionary={}",
                list(with.map(|it| text(&path(it))))
            ));
        }
    }
    let encoded = || {
        let leaves = knobs.leaves.iter();
        leaves.filter_map(|it| Some((path(it), text(&it.encoding()?))))
    };
    if encoded().next().is_some() {
        all.push(format!("column_encoding={}", dictionary(encoded())));
    }
    all
}

fn limits(knobs: &Knobs) -> Vec<String> {
    let mut limits = knobs.limits();
    if knobs.layout.page_index {
        limits.push("without write_page_index=True it writes no page index".to_owned());
    }
    let pages = |leaf: &Leaf| (leaf.chunk.data_page_bytes, leaf.chunk.dictionary_page_bytes);
    if knobs.common(pages).is_none() && knobs.differ() {
        limits.push("sizes of pages and dictionaries are those of all columns".to_owned());
    }
    limits
}
