//! Layout of column chunks: codec, encoding, pages, statistics, bloom filters.

use std::collections::BTreeMap;

use super::codec::{Codec, CodecText};
use super::columns::{ConfigColumns, RowKind};
use super::findings::Findings;
use super::key_path::KeyPath;
use super::leaf::{Bytes, Leaf, Positive};
use super::model::{
    BloomFilter, ChunkLayout, Column, Encoding, Physical, Statistics, VectorLayout,
};
use super::origins::Layer;
use super::raw::{RawChunk, RawParquet};

// Defaults of the `parquet` crate: `DEFAULT_*` in parquet::file::properties.
const DEFAULT_PAGE_BYTES: u64 = 1 << 20;
const DEFAULT_PAGE_ROWS: u64 = 20_000;
const DEFAULT_FPP: f64 = 0.05;

/// Place of the keys in the config, and the columns that they describe.
pub(super) struct LayoutPlace<'a> {
    /// Key path of the mapping that holds the keys.
    pub(super) path: &'a KeyPath,
    pub(super) columns: &'a ConfigColumns,
    pub(super) vector_layout: VectorLayout,
    pub(super) writer_version: u8,
}

impl LayoutPlace<'_> {
    /// Returns the physical types of a column's leaves, each with the type's name in configs.
    fn leaves(&self, column: &Column) -> Vec<(Physical, String)> {
        if column.dtype.is_nested() {
            return column
                .children
                .iter()
                .flat_map(|child| self.leaves(child))
                .collect();
        }
        let physical = match self.vector_layout {
            VectorLayout::Binary if column.is_vector() => Some(Physical::ByteArray),
            _ => column.dtype.physical(),
        };
        physical
            .into_iter()
            .map(|physical| (physical, column.dtype.to_string()))
            .collect()
    }

    fn fits(&self, column: &Column, encoding: Encoding) -> bool {
        self.leaves(column)
            .iter()
            .any(|(physical, _)| encoding.fits(*physical, self.writer_version))
    }
}

/// Returns the codec at its level. The later layer decides: a level of a later layer replaces the
/// one that the codec names, and a level that a later layer's codec names replaces an earlier
/// level. Different levels of the same layer are a problem.
pub(super) fn codec(
    text: CodecText,
    level: Option<u64>,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Codec {
    let (name_path, level_path) = (path.key("compression"), path.key("compression_level"));
    let layers = (
        findings.origins.layer_of(&name_path),
        findings.origins.layer_of(&level_path),
    );
    let (used, from) = match (text.level, level) {
        (Some(own), Some(other)) if own != other && layers.0 == layers.1 => {
            let place = match layers.0 {
                Layer::File => "in the config",
                Layer::CommandLine => "on the command line",
                Layer::Variant => "in a variant",
            };
            findings.problem(
                &level_path,
                format!("{other} disagrees with `{}({own})`, which stands beside it {place}; give one level", text.name()),
            );
            (Some(own), &name_path)
        }
        (Some(own), Some(_)) if layers.0 >= layers.1 => (Some(own), &name_path),
        (Some(own), None) => (Some(own), &name_path),
        (_, level) => (level, &level_path),
    };
    if level.is_some() && !text.has_levels() {
        findings.notes.push(format!(
            "`{level_path}` has no effect on the codec {}, which has no levels",
            text.name()
        ));
    }
    text.at(used).unwrap_or_else(|message| {
        findings.problem(from, message);
        Codec::None
    })
}

pub(super) fn writer_version(
    raw: &mut RawParquet,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> u8 {
    let path = path.key("writer_version");
    match findings.take(&path, raw.writer_version.take()) {
        None | Some(1) => 1,
        Some(2) => 2,
        Some(other) => {
            findings.problem(
                &path,
                format!("{other} is not a writer version; known: 1, 2"),
            );
            1
        }
    }
}

pub(super) fn data_page_rows(
    raw: &mut RawParquet,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> u64 {
    findings
        .take_count(&path.key("data_page_rows"), raw.data_page_rows.take())
        .unwrap_or(DEFAULT_PAGE_ROWS)
}

/// Returns the layout of columns without keys of their own. An encoding applies only to the columns
/// that it fits; a note names the others.
pub(super) fn of_dataset(
    raw: &mut RawParquet,
    codec: Codec,
    described: RowKind,
    place: &LayoutPlace<'_>,
    findings: &mut Findings<'_>,
) -> ChunkLayout {
    let default = ChunkLayout {
        codec,
        encoding: Encoding::Auto,
        dictionary_page_bytes: DEFAULT_PAGE_BYTES,
        data_page_bytes: DEFAULT_PAGE_BYTES,
        statistics: Statistics::Chunk,
        bloom_filter: None,
    };
    let keys = RawChunk {
        compression: None,
        compression_level: None,
        encoding: raw.encoding.take(),
        dictionary_page_bytes: raw.dictionary_page_bytes.take(),
        data_page_bytes: raw.data_page_bytes.take(),
        statistics: raw.statistics.take(),
        bloom_filter: raw.bloom_filter.take(),
        bloom_filter_fpp: raw.bloom_filter_fpp.take(),
        bloom_filter_ndv: raw.bloom_filter_ndv.take(),
    };
    let chunk = over(keys, &default, place.path, findings);
    let unfit: Vec<&str> = place
        .columns
        .columns
        .iter()
        .filter(|column| !place.fits(column, chunk.encoding))
        .map(|column| column.name.as_str())
        .collect();
    if described != RowKind::Source && !unfit.is_empty() {
        let encoding = chunk.encoding.name();
        if unfit.len() == place.columns.columns.len() && place.columns.broken.is_empty() {
            findings.problem(
                &place.path.key("encoding"),
                format!("`{encoding}` fits none of the columns"),
            );
        } else {
            findings.notes.push(format!(
                "`{encoding}` does not fit the type of {}; these keep the writer's own encoding",
                named(&unfit)
            ));
        }
    }
    chunk
}

/// Returns a list such as `` `a`, `b` and 3 more ``.
fn named(names: &[&str]) -> String {
    const MOST_NAMED: usize = 6;
    let shown: Vec<String> = names
        .iter()
        .take(MOST_NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns the layout of a column with keys of its own.
pub(super) fn of_column(
    mut raw: RawChunk,
    name: &str,
    dataset: &ChunkLayout,
    described: RowKind,
    place: &LayoutPlace<'_>,
    findings: &mut Findings<'_>,
) -> ChunkLayout {
    let path = place.path;
    let text = findings.take(&path.key("compression"), raw.compression.take());
    let level = findings.take(&path.key("compression_level"), raw.compression_level.take());
    let mut inherited = dataset.clone();
    let inherited_text = CodecText::of(dataset.codec);
    match (text, level) {
        (None, None) => {}
        (Some(text), level) => inherited.codec = codec(text, level, path, findings),
        (None, level) => {
            let named = CodecText {
                level: None,
                ..inherited_text
            };
            inherited.codec = codec(named, level, path, findings);
        }
    }
    let encoding_given = raw.encoding.is_some();
    let chunk = over(raw, &inherited, path, findings);
    let column = place.columns.named(name);
    if encoding_given
        && described != RowKind::Source
        && let Some(column) = column.filter(|column| !place.fits(column, chunk.encoding))
    {
        let (physical, dtype) = match place.leaves(column).as_slice() {
            [one] => (Some(one.0), one.1.clone()),
            _ => (None, column.dtype.to_string()),
        };
        let vector = if column.is_vector() {
            "a vector of "
        } else {
            ""
        };
        let known = physical.map_or_else(String::new, |physical| {
            let fitting = Encoding::fitting(physical, place.writer_version);
            format!("; fitting: {}", fitting.join(", "))
        });
        findings.problem(
            &path.key("encoding"),
            format!(
                "`{}` does not fit {vector}{dtype} in files of version {}{known}",
                chunk.encoding.name(),
                place.writer_version
            ),
        );
    }
    chunk
}

/// Returns the inherited layout with the keys of a mapping applied to it, except the codec's.
fn over(
    raw: RawChunk,
    inherited: &ChunkLayout,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> ChunkLayout {
    let mut bytes = |key: &str, leaf: Option<Leaf<Bytes>>, inherited: u64| {
        findings
            .take(&path.key(key), leaf)
            .map_or(inherited, |bytes| bytes.0)
    };
    let dictionary_page_bytes = bytes(
        "dictionary_page_bytes",
        raw.dictionary_page_bytes,
        inherited.dictionary_page_bytes,
    );
    let data_page_bytes = bytes(
        "data_page_bytes",
        raw.data_page_bytes,
        inherited.data_page_bytes,
    );
    let statistics = findings.take(&path.key("statistics"), raw.statistics);
    let encoding = findings.take(&path.key("encoding"), raw.encoding);
    ChunkLayout {
        codec: inherited.codec,
        encoding: encoding.unwrap_or(inherited.encoding),
        dictionary_page_bytes,
        data_page_bytes,
        statistics: statistics.unwrap_or(inherited.statistics),
        bloom_filter: bloom_filter(
            raw.bloom_filter,
            raw.bloom_filter_fpp,
            raw.bloom_filter_ndv,
            inherited.bloom_filter,
            path,
            findings,
        ),
    }
}

/// Returns the bloom filter, if one is wanted. `bloom_filter_fpp` or `bloom_filter_ndv` alone asks
/// for a filter, too.
fn bloom_filter(
    wanted: Option<Leaf<bool>>,
    fpp: Option<Leaf<f64>>,
    ndv: Option<Leaf<Positive>>,
    inherited: Option<BloomFilter>,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Option<BloomFilter> {
    let (fpp_path, ndv_path) = (path.key("bloom_filter_fpp"), path.key("bloom_filter_ndv"));
    let wanted_given = wanted.is_some();
    let wanted = findings.take(&path.key("bloom_filter"), wanted);
    let (fpp_given, ndv_given) = (fpp.is_some(), ndv.is_some());
    let fpp = findings.take(&fpp_path, fpp);
    let ndv = findings.take_count(&ndv_path, ndv);
    // Below 1e-9 the writer's arithmetic runs out of digits; above 0.5 a filter is of little use.
    if let Some(fpp) = fpp.filter(|fpp| !(1e-9..=0.5).contains(fpp)) {
        findings.problem(
            &fpp_path,
            format!("{fpp} does not lie between 1e-9 and 0.5"),
        );
    }
    let parameters = fpp_given || ndv_given;
    if wanted == Some(false) {
        if parameters {
            // This is no error, because a sweep over `bloom_filter` may turn the filter off in one
            // variant while the other keys stay.
            findings.notes.push(format!(
                "`{}` is false, so that `bloom_filter_fpp` and `bloom_filter_ndv` have no effect",
                path.key("bloom_filter")
            ));
        }
        return None;
    }
    if !wanted_given && !parameters {
        return inherited;
    }
    let default = inherited.unwrap_or(BloomFilter {
        fpp: DEFAULT_FPP,
        ndv: None,
    });
    Some(BloomFilter {
        fpp: fpp.unwrap_or(default.fpp),
        ndv: ndv.or(default.ndv),
    })
}

/// Returns true if files have page indexes. An index holds the statistics of pages, so it is a
/// problem to ask for one without statistics.
pub(super) fn page_index(
    raw: &mut RawParquet,
    chunk: &ChunkLayout,
    columns: &BTreeMap<String, ChunkLayout>,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> bool {
    let path = path.key("page_index");
    let wanted = findings.take(&path, raw.page_index.take());
    let has = |wanted: Statistics| {
        chunk.statistics == wanted || columns.values().any(|chunk| chunk.statistics == wanted)
    };
    let any = has(Statistics::Chunk) || has(Statistics::Page);
    match wanted {
        Some(true) if !any => {
            findings.problem(
                &path,
                "a page index needs statistics; set `statistics` to chunk or page",
            );
        }
        Some(false) if has(Statistics::Page) => {
            findings.problem(
                &path,
                "the writer has page statistics only together with a page index; set it to true, or `statistics` to chunk",
            );
        }
        _ => {}
    }
    wanted.unwrap_or(any)
}
