//! Layout of a Parquet file, read from its footer, page index and pages.

use std::sync::Arc;
use std::time::Instant;

use object_store::ObjectStore;
use object_store::path::Path;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use serde::Serialize;

use super::chunk::positive;
use super::error::{ENCRYPTED, unreadable};
use super::footer::{check_plausible, is_encrypted, rows_of};
use super::pages::{PageFacts, pages_of};
use super::reader::{FooterBytes, TAIL_BYTES, with_page_index};

/// Number of times that a footer is parsed. The shortest time counts, because disturbances only
/// make parsing longer.
const PARSES: usize = 3;

/// Bytes of the magic number at the beginning of a file.
const MAGIC_BYTES: u64 = 4;

/// Number of characters after which the value of a footer's key is cut.
const LONGEST_VALUE: usize = 200;

/// Parts of files to read in addition to the footers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Depth {
    pub row_groups: bool,
    /// Lists the pages. Reads and decompresses the whole file.
    pub pages: bool,
}

/// Facts about one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileFacts {
    pub path: String,
    pub file_bytes: u64,
    pub rows: u64,
    pub footer_bytes: u64,
    /// Shortest time of a few parses, without the time of reading.
    pub footer_parse_ns: u64,
    /// Version of the format in the footer.
    pub version: i32,
    pub created_by: Option<String>,
    /// Key-values of the footer. Long values are cut.
    pub key_values: Vec<(String, Option<String>)>,
    pub row_group_count: u64,
    /// Empty unless they were asked for.
    pub row_groups: Vec<RowGroupFacts>,
    /// Empty unless they were asked for.
    pub pages: Vec<PageRow>,
}

/// Facts about one row group of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowGroupFacts {
    pub row_group: u64,
    pub rows: u64,
    pub encoded_bytes: u64,
    pub compressed_bytes: u64,
    /// `column`, or `column desc`.
    pub sorted_by: Vec<String>,
}

/// Facts about one page of a column chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageRow {
    pub row_group: u64,
    pub column: String,
    pub page: u64,
    /// `dictionary`, `data v1` or `data v2`.
    pub kind: String,
    pub encoding: String,
    pub values: u64,
    pub encoded_bytes: u64,
    pub has_statistics: bool,
}

impl FileFacts {
    /// Reads a file of `file_bytes` bytes, with the parts that `depth` asks for. Returns its footer
    /// with the page index, and the facts. `path` is the file's name in messages.
    ///
    /// # Errors
    ///
    /// The reason why the file cannot be read, without its name.
    pub(crate) async fn read(
        store: &Arc<dyn ObjectStore>,
        object: &Path,
        path: &str,
        file_bytes: u64,
        depth: Depth,
    ) -> Result<(ParquetMetaData, FileFacts), String> {
        let stored = footer_of(store, object, file_bytes).await?;
        let (footer, footer_parse_ns) = parsed(&stored)?;
        check_plausible(&footer, file_bytes)
            .map_err(|reason| format!("its footer is corrupt: {reason}"))?;
        let footer = with_page_index(store, object, footer)
            .await
            .map_err(|error| format!("its page index cannot be read: {error}"))?;
        let about = footer.file_metadata();
        let key_values = about.key_value_metadata().into_iter().flatten();
        let mut facts = FileFacts {
            path: path.to_owned(),
            file_bytes,
            rows: rows_of(&footer),
            footer_bytes: stored.claimed_bytes(),
            footer_parse_ns,
            version: about.version(),
            created_by: about.created_by().map(str::to_owned),
            key_values: key_values
                .map(|entry| (entry.key.clone(), entry.value.as_deref().map(shortened)))
                .collect(),
            row_group_count: footer.num_row_groups() as u64,
            row_groups: Vec::new(),
            pages: Vec::new(),
        };
        for (index, row_group) in footer.row_groups().iter().enumerate() {
            if depth.row_groups {
                facts.row_groups.push(RowGroupFacts::of(index, row_group));
            }
            if depth.pages {
                let pages = page_rows(store, object, path, index, row_group).await?;
                facts.pages.extend(pages);
            }
        }
        Ok((footer, facts))
    }
}

/// Reads the end of a file. Fails if it is not a readable footer.
async fn footer_of(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    file_bytes: u64,
) -> Result<FooterBytes, String> {
    if file_bytes < TAIL_BYTES + MAGIC_BYTES {
        return Err(format!(
            "it has {file_bytes} bytes, which no Parquet file has"
        ));
    }
    let footer = FooterBytes::read(store, object, file_bytes)
        .await
        .map_err(|error| error.to_string())?;
    if footer.magic() == b"PARE" {
        return Err(ENCRYPTED.to_owned());
    }
    if footer.magic() != b"PAR1" {
        return Err("not a readable Parquet file: it does not end in PAR1".to_owned());
    }
    let length = footer.claimed_bytes();
    if length > file_bytes - TAIL_BYTES - MAGIC_BYTES {
        return Err(format!(
            "not a readable Parquet file: its footer claims {length} bytes, the file has \
             {file_bytes}"
        ));
    }
    Ok(footer)
}

/// Parses a footer. Returns it with the shortest time of parsing, in nanoseconds.
fn parsed(stored: &FooterBytes) -> Result<(ParquetMetaData, u64), String> {
    let mut parse_ns = u64::MAX;
    let mut footer = None;
    for _ in 0..PARSES {
        let started = Instant::now();
        let parsed = stored
            .parse()
            .map_err(|error| unreadable(&error.to_string()))?;
        let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        parse_ns = parse_ns.min(elapsed);
        footer = Some(parsed);
    }
    let footer = footer.ok_or_else(|| "its footer was not parsed".to_owned())?;
    match is_encrypted(stored.stored()) {
        true => Err(ENCRYPTED.to_owned()),
        false => Ok((footer, parse_ns)),
    }
}

impl RowGroupFacts {
    fn of(index: usize, row_group: &RowGroupMetaData) -> Self {
        let chunks = row_group.columns();
        let sorting = row_group.sorting_columns().into_iter().flatten();
        let sorted_by = sorting.map(|sort| {
            let leaf = usize::try_from(sort.column_idx).ok();
            let leaf = leaf.and_then(|leaf| chunks.get(leaf));
            let name = leaf.map_or_else(
                || format!("column {}", sort.column_idx),
                |leaf| leaf.column_path().string(),
            );
            format!("{name}{}", if sort.descending { " desc" } else { "" })
        });
        RowGroupFacts {
            row_group: index as u64,
            rows: positive(row_group.num_rows()),
            encoded_bytes: positive(row_group.total_byte_size()),
            compressed_bytes: chunks
                .iter()
                .map(|chunk| positive(chunk.compressed_size()))
                .sum(),
            sorted_by: sorted_by.collect(),
        }
    }
}

/// Returns all pages of a row group, column by column.
async fn page_rows(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    index: usize,
    row_group: &RowGroupMetaData,
) -> Result<Vec<PageRow>, String> {
    let rows = positive(row_group.num_rows());
    let mut found = Vec::new();
    for chunk in row_group.columns() {
        let column = chunk.column_path().string();
        let pages = pages_of(store, object, path, chunk, rows).await;
        let pages = pages
            .map_err(|error| format!("row group {index}, column `{column}`: {}", error.reason()))?;
        let pages = pages.iter().enumerate();
        found.extend(pages.map(|(number, page)| PageRow::of(index, &column, number, page)));
    }
    Ok(found)
}

impl PageRow {
    fn of(row_group: usize, column: &str, number: usize, page: &PageFacts) -> Self {
        PageRow {
            row_group: row_group as u64,
            column: column.to_owned(),
            page: number as u64,
            kind: match page.is_dictionary {
                true => "dictionary".to_owned(),
                false => format!("data v{}", page.version),
            },
            encoding: page.encoding.to_string(),
            values: page.values,
            encoded_bytes: page.bytes,
            has_statistics: page.has_statistics,
        }
    }
}

/// Returns a text, cut if it is long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
