//! Knobs of a layout, as recipes need them: by leaf column if columns differ.

use crate::record::{ChunkLayoutRecord, DatasetRecord, LayoutRecord};
use crate::units;

/// Defaults of this program's writer, which most other writers share.
pub(super) const PAGE_BYTES: u64 = 1 << 20;
pub(super) const DICTIONARY_BYTES: u64 = 1 << 20;
pub(super) const PAGE_ROWS: u64 = 20_000;

pub(super) struct Knobs<'a> {
    pub(super) layout: &'a LayoutRecord,
    pub(super) leaves: Vec<Leaf<'a>>,
    /// Rows of a row group: as asked for, or the mean over the files if row groups end by bytes.
    pub(super) row_group_rows: u64,
    /// Encoded bytes of a row group: the mean over the files.
    pub(super) row_group_bytes: u64,
}

/// A leaf column of the files.
pub(super) struct Leaf<'a> {
    /// Names from the top-level column downwards. Names may have dots.
    pub(super) path: Vec<&'a str>,
    /// Name of its top-level column.
    pub(super) column: &'a str,
    pub(super) chunk: &'a ChunkLayoutRecord,
    /// Encodings found in the footers.
    found: &'a [String],
}

impl Leaf<'_> {
    /// Names with dots between them, as most tools take them.
    pub(super) fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// Encoding that was asked for and that the leaf has, by its name in Parquet. `None` if it is
    /// the writer's choice, plain or a dictionary.
    pub(super) fn encoding(&self) -> Option<String> {
        let name = self.chunk.encoding.to_uppercase();
        let is_choice = matches!(name.as_str(), "AUTO" | "PLAIN" | "DICTIONARY");
        (!is_choice && self.found.contains(&name)).then_some(name)
    }

    /// Encoding that was asked for as configs name it, or `auto` if the leaf's type does not fit
    /// it.
    pub(super) fn fitting_encoding(&self) -> &str {
        match self.chunk.encoding.as_str() {
            asked @ ("auto" | "plain" | "dictionary") => asked,
            asked if self.encoding().is_some() => asked,
            _ => "auto",
        }
    }

    /// Returns true if the writer may make a dictionary.
    pub(super) fn has_dictionary(&self) -> bool {
        self.chunk.encoding != "plain" && self.encoding().is_none()
    }
}

impl<'a> Knobs<'a> {
    /// Returns `None` if the layout of the dataset is not known.
    pub(super) fn of(dataset: &'a DatasetRecord) -> Option<Self> {
        let layout = dataset.layout.as_ref()?;
        let leaves = dataset.columns.iter().flat_map(|found| {
            let column = found.name.as_str();
            let leaf = move |path: Vec<&'a str>, found: &'a [String]| Leaf {
                path,
                column,
                chunk: layout.chunk_of(column),
                found,
            };
            let nested = found.leaves.iter().map(move |it| {
                let path = it.path.iter().map(String::as_str);
                leaf(path.collect(), &it.encodings)
            });
            let is_leaf = found.leaves.is_empty();
            let own = is_leaf.then(|| leaf(vec![column], &found.encodings));
            nested.chain(own)
        });
        let groups = dataset.row_groups.max(1);
        let bytes: u64 = dataset.columns.iter().map(|it| it.encoded_bytes).sum();
        let mean = dataset.rows.div_ceil(groups).max(1);
        Some(Knobs {
            layout,
            leaves: leaves.collect(),
            row_group_rows: layout.row_group_rows.unwrap_or(mean),
            row_group_bytes: (bytes / groups).max(1),
        })
    }

    /// Encoding of the leaves without keys of their own, as configs name it, if it fits all of
    /// them, or else `auto`; leaves that it fits then need options of their own.
    pub(super) fn common_encoding(&self) -> &str {
        let asked = self.layout.chunk.encoding.as_str();
        let mut common = self.leaves.iter().filter(|it| !self.has_own(it));
        match common.all(|it| it.fitting_encoding() == asked) {
            true => asked,
            false => "auto",
        }
    }

    /// Returns true if a leaf's column has keys of its own.
    pub(super) fn has_own(&self, leaf: &Leaf) -> bool {
        self.layout.columns.contains_key(leaf.column)
    }

    /// Returns true if columns have layouts of their own.
    pub(super) fn differ(&self) -> bool {
        !self.layout.columns.is_empty()
    }

    /// A value that all leaves have. `None` if they differ.
    pub(super) fn common<T: PartialEq>(&self, of: impl Fn(&Leaf) -> T) -> Option<T> {
        let mut values = self.leaves.iter().map(&of);
        let first = values.next()?;
        values.all(|it| it == first).then_some(first)
    }

    /// Codec and level of columns without keys of their own.
    pub(super) fn codec(&self) -> (&str, Option<u32>) {
        (&self.layout.chunk.codec, self.layout.chunk.level)
    }

    pub(super) fn is_partitioned(&self) -> bool {
        !self.layout.partition_by.is_empty()
    }

    pub(super) fn is_sorted(&self) -> bool {
        !self.layout.sort_by.is_empty()
    }

    /// Place to which recipes write.
    pub(super) fn output(&self) -> &'static str {
        match self.is_partitioned() {
            true => "output",
            false => "output.parquet",
        }
    }

    /// Returns true if `is_other` is true for the layout of columns without keys of their own, or
    /// for that of any other column.
    pub(super) fn any(&self, is_other: impl Fn(&ChunkLayoutRecord) -> bool) -> bool {
        is_other(&self.layout.chunk) || self.layout.columns.values().any(is_other)
    }

    pub(super) fn has_bloom_filters(&self) -> bool {
        self.any(|chunk| chunk.bloom_filter.is_some())
    }

    /// Limit of every tool that sorts whole tables, if the layout sorts within row groups.
    fn sorts_wider(&self) -> Option<String> {
        (self.is_sorted() && self.layout.sort_scope == "row_group").then(|| {
            "rows are sorted over the whole file here, not within each row group".to_owned()
        })
    }

    /// Limit of every tool that keeps the order of rows with equal keys, if rows are sorted.
    fn keeps_ties(&self) -> Option<String> {
        self.is_sorted().then(|| {
            "rows with equal keys keep their order here; in the files that were measured they have any order, so that their \
             other columns may take more bytes"
                .to_owned()
        })
    }

    /// Limit of every tool whose row groups end only by rows, if those of the layout end by bytes.
    pub(super) fn by_rows(&self) -> Option<String> {
        let bytes = self.layout.row_group_bytes?;
        Some(format!(
            "row groups end by rows, here {} as in the files that were measured, not by {}",
            units::count(self.row_group_rows),
            units::bytes(bytes)
        ))
    }

    /// Limit of tools that write no statistics in page headers, if the layout has these.
    fn page_headers(&self) -> Option<String> {
        self.any(|chunk| chunk.statistics == "page").then(|| {
            "it writes no statistics in page headers, or decides by itself (few readers use them)"
                .to_owned()
        })
    }

    /// Limits that most tools have.
    pub(super) fn limits(&self) -> Vec<String> {
        let limits = [
            self.by_rows(),
            self.sorts_wider(),
            self.keeps_ties(),
            self.page_headers(),
        ];
        limits.into_iter().flatten().collect()
    }

    pub(super) fn in_words(&self) -> String {
        let chunk = &self.layout.chunk;
        let mut words = vec![codec_name(&chunk.codec, chunk.level)];
        words.push(
            match (self.layout.row_group_rows, self.layout.row_group_bytes) {
                (_, Some(bytes)) => format!("row groups of {}", units::bytes(bytes)),
                (rows, None) => format!(
                    "row groups of {} rows",
                    units::count(rows.unwrap_or_default())
                ),
            },
        );
        if self.is_sorted() {
            let columns = self.layout.sort_by.iter().map(|sort| {
                let order = if sort.descending { " descending" } else { "" };
                format!("{}{order}", sort.column)
            });
            words.push(format!(
                "sorted by {}",
                columns.collect::<Vec<_>>().join(", ")
            ));
        }
        if self.is_partitioned() {
            words.push(format!(
                "partitioned by {}",
                self.layout.partition_by.join(", ")
            ));
        }
        if chunk.encoding != "auto" {
            words.push(format!("encoding {}", chunk.encoding));
        }
        words.push(match (chunk.statistics.as_str(), self.layout.page_index) {
            ("none", _) => "no statistics".to_owned(),
            (_, true) => "statistics and page index".to_owned(),
            (_, false) => "statistics, no page index".to_owned(),
        });
        if self.has_bloom_filters() {
            words.push("bloom filters".to_owned());
        }
        if self.differ() {
            let names: Vec<&str> = self.layout.columns.keys().map(String::as_str).collect();
            words.push(format!("of its own: {}", names.join(", ")));
        }
        words.join(", ")
    }
}

/// A codec with its level, as in configs.
pub(super) fn codec_name(codec: &str, level: Option<u32>) -> String {
    match level {
        Some(level) => format!("{codec}({level})"),
        None => codec.to_owned(),
    }
}
