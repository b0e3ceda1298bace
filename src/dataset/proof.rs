//! Proof: compares the footer of a written file with the plan.

use arrow::datatypes::Schema;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::{CompressionCodec, Encoding as ParquetEncoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::DatasetError;
use super::properties::{asked_encoding, most_filter_bytes, page_encoding, sorting_columns};
use super::shortfalls::{OffRowGroups, Shortfalls};
use crate::config::{Encoding, Layout, RowGroupSize, Statistics};
use crate::files::{
    check_plausible, has_bounds, key_value, may_lack_bounds, may_lack_column_index, root_of,
};

/// Relative deviation from the wanted encoded bytes above which a full row group is counted as off.
/// Row groups by bytes are cut at a row count that a sample of the first rows gives, and later rows
/// may be of other sizes.
const ROW_GROUP_BYTES_TOLERANCE: f64 = 0.25;

/// Key in a footer for the identity of a file: its dataset and its place in it. The shape alone
/// does not identify a file: two files of different seeds have the same shape.
pub(crate) const IDENTITY_KEY: &str = "parquet-bench.file";

/// Subject of the difference if a file has another identity, or none.
pub(crate) const FILE_IDENTITY: &str = "the dataset and file in the footer";

/// Text in place of the identity if a file has none, because this program has not written it.
pub(crate) const NO_IDENTITY: &str = "missing";

/// Expected properties of one file.
pub(crate) struct ExpectedFile<'a> {
    pub(crate) file: &'a str,
    /// Identity that the footer must give: the dataset, and the file's place in it.
    pub(crate) identity: &'a str,
    pub(crate) schema: &'a Schema,
    pub(crate) layout: &'a Layout,
    pub(crate) rows: u64,
    /// Rows of every row group but the last.
    pub(crate) row_group_rows: u64,
}

/// Compares a footer with the expected properties of the file, such as rows, row groups, codec,
/// column types and statistics. Fails at the first difference. Returns the shortfalls, which no
/// writer could have avoided, as counts.
pub(crate) fn prove(
    metadata: &ParquetMetaData,
    file_bytes: u64,
    wanted: &ExpectedFile<'_>,
) -> Result<Shortfalls, DatasetError> {
    let parquet = |source| DatasetError::Parquet {
        path: wanted.file.to_owned(),
        source,
    };
    if let Some((what, found, asked)) =
        file_difference(metadata, file_bytes, wanted).map_err(parquet)?
    {
        return Err(DatasetError::FileNotAsAsked {
            file: wanted.file.to_owned(),
            what,
            found,
            wanted: asked,
        });
    }
    let mut shortfalls = Shortfalls::default();
    let sorting = sorting_columns(wanted.layout, metadata.file_metadata().schema_descr());
    for (index, row_group) in metadata.row_groups().iter().enumerate() {
        let differs = |column: Option<String>, (what, found, asked)| DatasetError::NotAsAsked {
            file: wanted.file.to_owned(),
            row_group: index,
            column,
            what,
            found,
            wanted: asked,
        };
        let last = index + 1 == metadata.num_row_groups();
        let asked_rows = match last {
            true => wanted.rows - index as u64 * wanted.row_group_rows,
            false => wanted.row_group_rows,
        };
        if row_group.num_rows() as u64 != asked_rows {
            let found = row_group.num_rows().to_string();
            let difference = ("the number of rows", found, asked_rows.to_string());
            return Err(differs(None, difference));
        }
        if let RowGroupSize::Bytes(asked) = wanted.layout.row_group
            && !last
        {
            count_off(row_group, asked, &mut shortfalls);
        }
        let found = row_group.sorting_columns().cloned().unwrap_or_default();
        if found != sorting {
            let difference = (
                "the sort order",
                format!("{found:?}"),
                format!("{sorting:?}"),
            );
            return Err(differs(None, difference));
        }
        for chunk in row_group.columns() {
            let column = chunk.column_path().string();
            let difference = chunk_difference(chunk, row_group.num_rows(), wanted, &mut shortfalls)
                .map_err(parquet)?;
            if let Some(difference) = difference {
                return Err(differs(Some(column), difference));
            }
        }
    }
    Ok(shortfalls)
}

/// Returns the first difference in the footer that concerns the file as a whole.
fn file_difference(
    metadata: &ParquetMetaData,
    file_bytes: u64,
    wanted: &ExpectedFile<'_>,
) -> Result<Option<FooterDifference>, ParquetError> {
    if let Err(found) = check_plausible(metadata, file_bytes) {
        return Ok(Some(("the footer", found, "a sound one".to_owned())));
    }
    let about = metadata.file_metadata();
    let identity = key_value(about, IDENTITY_KEY);
    if identity != Some(wanted.identity) {
        let found = identity.unwrap_or(NO_IDENTITY).to_owned();
        return Ok(Some((FILE_IDENTITY, found, wanted.identity.to_owned())));
    }
    let groups = metadata.num_row_groups() as u64;
    let asked_groups = wanted.rows.div_ceil(wanted.row_group_rows);
    for (what, found, asked) in [
        ("the number of rows", about.num_rows() as u64, wanted.rows),
        ("the number of row groups", groups, asked_groups),
    ] {
        if found != asked {
            return Ok(Some((what, found.to_string(), asked.to_string())));
        }
    }
    let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())?;
    Ok((schema.fields() != wanted.schema.fields()).then(|| {
        (
            "the schema",
            format!("{:?}", schema.fields()),
            format!("{:?}", wanted.schema.fields()),
        )
    }))
}

/// Counts a full row group whose bytes are far from the wanted number.
fn count_off(row_group: &RowGroupMetaData, asked: u64, shortfalls: &mut Shortfalls) {
    let found = u64::try_from(row_group.total_byte_size()).unwrap_or(0);
    let off = (found as f64 / asked as f64 - 1.0).abs();
    // A row group of one row cannot be cut smaller. One of a few rows can only be cut to within a
    // row.
    let one_row = 1.0 / row_group.num_rows() as f64;
    if row_group.num_rows() > 1 && off > ROW_GROUP_BYTES_TOLERANCE + one_row {
        shortfalls.add_row_groups(OffRowGroups {
            asked_bytes: asked,
            row_groups: 1,
            smallest_bytes: found,
            largest_bytes: found,
        });
    }
}

type FooterDifference = (&'static str, String, String);

/// Returns the first difference of a column chunk in the footer: its subject, the value found, and
/// the value wanted. A dictionary that the writer gave up is no difference; it is counted with the
/// column.
fn chunk_difference(
    chunk: &ColumnChunkMetaData,
    rows: i64,
    wanted: &ExpectedFile<'_>,
    shortfalls: &mut Shortfalls,
) -> Result<Option<FooterDifference>, ParquetError> {
    let ExpectedFile {
        layout,
        row_group_rows,
        ..
    } = wanted;
    let column = root_of(chunk);
    let asked = layout.chunk_of(column);
    let codec = CompressionCodec::from(asked.codec.compression()?);
    let found = CompressionCodec::from(chunk.compression());
    let there = |there: bool| if there { "there" } else { "missing" }.to_owned();
    if found != codec {
        return Ok(Some((
            "the codec",
            format!("{found:?}"),
            format!("{codec:?}"),
        )));
    }
    if rows == 0 {
        return Ok(None);
    }
    let statistics = chunk.statistics().is_some();
    let wanted = asked.statistics != Statistics::None;
    if statistics != wanted {
        return Ok(Some(("the statistics", there(statistics), there(wanted))));
    }
    let bounded = has_bounds(chunk);
    if wanted && !bounded {
        if !may_lack_bounds(chunk) {
            return Ok(Some((
                "the bounds of its values",
                there(false),
                there(true),
            )));
        }
        let chunks = shortfalls.without_bounds.entry(column.to_owned());
        *chunks.or_default() += 1;
    }
    let bloom = chunk.bloom_filter_offset().is_some();
    let wanted = asked.bloom_filter.is_some();
    if bloom != wanted {
        return Ok(Some(("the bloom filter", there(bloom), there(wanted))));
    }
    if let (Some(asked), Some(bytes)) = (asked.bloom_filter, chunk.bloom_filter_length()) {
        let most = most_filter_bytes(asked, *row_group_rows);
        if u64::try_from(bytes).is_ok_and(|bytes| bytes > most) {
            return Ok(Some((
                "the size of the bloom filter",
                format!("{bytes} bytes"),
                format!("up to {most}"),
            )));
        }
    }
    let offset_index = chunk.offset_index_offset().is_some();
    if offset_index != layout.page_index {
        return Ok(Some((
            "the offset index",
            there(offset_index),
            there(layout.page_index),
        )));
    }
    let column_index = chunk.column_index_offset().is_some();
    let wanted = layout.page_index && asked.statistics != Statistics::None;
    if wanted && bounded && !column_index && may_lack_column_index(chunk) {
        let chunks = shortfalls.without_column_index.entry(column.to_owned());
        *chunks.or_default() += 1;
    } else if column_index != wanted && (bounded || !wanted) {
        return Ok(Some((
            "the column index",
            there(column_index),
            there(wanted),
        )));
    }
    let encoding = asked_encoding(layout, column, chunk.column_descr().physical_type());
    let pages: Vec<ParquetEncoding> = chunk
        .page_encoding_stats_mask()
        .map(|mask| mask.encodings().collect())
        .unwrap_or_default();
    if let Some(wanted) = page_encoding(encoding)
        && (pages != [wanted] || chunk.dictionary_page_offset().is_some())
    {
        return Ok(Some((
            "the encoding of its pages",
            format!("{pages:?}"),
            format!("{wanted:?}"),
        )));
    }
    if encoding == Encoding::Dictionary && pages.is_empty() {
        return Ok(Some((
            "the encoding of its pages",
            "unknown".to_owned(),
            "a dictionary".to_owned(),
        )));
    }
    Ok(None)
}
