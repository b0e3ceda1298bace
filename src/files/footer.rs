//! Facts in a footer, and checks of their plausibility.

use std::collections::HashMap;
use std::sync::Arc;

use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataBuilder};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::chunk::{chunk_range, is_repeated, positive};
use super::compact::Compact;
use crate::storage::{Chunk, FileLayout};

/// Returns the leaves of each top-level column, by the column's name.
pub(crate) fn leaves_by_root(schema: &SchemaDescriptor) -> HashMap<&str, Vec<&ColumnDescriptor>> {
    let mut by_root: HashMap<&str, Vec<&ColumnDescriptor>> = HashMap::new();
    for leaf in schema.columns() {
        let root = leaf.path().parts().first().map(String::as_str);
        by_root
            .entry(root.unwrap_or_default())
            .or_default()
            .push(leaf.as_ref());
    }
    by_root
}

/// Returns the value of a key in a footer.
pub(crate) fn key_value<'a>(metadata: &'a FileMetaData, key: &str) -> Option<&'a str> {
    let entries = metadata.key_value_metadata()?;
    let entry = entries.iter().find(|entry| entry.key == key)?;
    entry.value.as_deref()
}

/// Returns the places of a file's column chunks with their row groups and columns, in the order of
/// the file. Names that are those of `before`, of another file, are shared with it.
pub(crate) fn file_layout(metadata: &ParquetMetaData, before: Option<&FileLayout>) -> FileLayout {
    let schema = metadata.file_metadata().schema_descr();
    let roots = schema.root_schema().get_fields();
    let same = before.filter(|it| {
        it.columns.len() == roots.len()
            && it
                .columns
                .iter()
                .zip(roots)
                .all(|(known, root)| known == root.name())
    });
    let columns = match same {
        Some(before) => Arc::clone(&before.columns),
        None => roots.iter().map(|root| root.name().to_owned()).collect(),
    };
    let mut chunks = Vec::new();
    for (row_group, leaves) in metadata.row_groups().iter().enumerate() {
        chunks.extend(
            leaves
                .columns()
                .iter()
                .enumerate()
                .filter_map(|(leaf, chunk)| {
                    let (start, length) = chunk_range(chunk)?;
                    Some(Chunk {
                        range: start..start.saturating_add(length),
                        row_group: u32::try_from(row_group).unwrap_or(u32::MAX),
                        column: u32::try_from(schema.get_column_root_idx(leaf)).unwrap_or(u32::MAX),
                        encoded_bytes: positive(chunk.uncompressed_size()),
                    })
                }),
        );
    }
    chunks.sort_unstable_by_key(|chunk| chunk.range.start);
    let row_groups = metadata.row_groups().iter();
    FileLayout {
        chunks,
        row_group_rows: row_groups.map(|it| positive(it.num_rows())).collect(),
        columns,
    }
}

/// Largest number of rows that a file may claim. The engine multiplies rows by the bytes of a
/// value.
const MOST_ROWS: i64 = 1 << 48;

/// Checks that a footer is possible for a file of `file_bytes` bytes: there are no negative counts,
/// the counts agree, and every chunk is within the file. The engine trusts these figures, and
/// otherwise panics or allocates too much. The error names the problem and its place.
pub(crate) fn check_plausible(metadata: &ParquetMetaData, file_bytes: u64) -> Result<(), String> {
    let mut rows: i64 = 0;
    for (index, row_group) in metadata.row_groups().iter().enumerate() {
        rows = row_group
            .num_rows()
            .checked_add(rows)
            .filter(|rows| row_group.num_rows() >= 0 && *rows <= MOST_ROWS)
            .ok_or_else(|| format!("row group {index} claims {} rows", row_group.num_rows()))?;
        for chunk in row_group.columns() {
            let place = || {
                format!(
                    "row group {index}, column `{}`",
                    chunk.column_path().string()
                )
            };
            // A column without repetition has one value or null in every row.
            if !is_repeated(chunk) && chunk.num_values() != row_group.num_rows() {
                return Err(format!(
                    "{} claims {} values for {} rows",
                    place(),
                    chunk.num_values(),
                    row_group.num_rows()
                ));
            }
            let range = chunk_range(chunk)
                .filter(|_| chunk.uncompressed_size() >= 0 && chunk.num_values() >= 0);
            let Some((start, length)) = range else {
                return Err(format!("{} claims a negative offset or size", place()));
            };
            if start.checked_add(length).is_none_or(|end| end > file_bytes) {
                return Err(format!(
                    "{} claims {length} bytes at offset {start}, beyond the file's {file_bytes} bytes",
                    place()
                ));
            }
        }
    }
    // Some writers leave the sum at 0; see `row_caution`.
    let claimed = metadata.file_metadata().num_rows();
    if claimed != rows && claimed != 0 {
        return Err(format!(
            "the footer claims {} rows, its row groups add up to {rows}",
            metadata.file_metadata().num_rows()
        ));
    }
    Ok(())
}

/// Returns the sum of the rows of a file's row groups.
pub(crate) fn rows_of(metadata: &ParquetMetaData) -> u64 {
    let rows = metadata.row_groups().iter().map(|group| group.num_rows());
    rows.map(positive).sum()
}

/// Returns a footer with the sum of its row groups' rows, if the footer claims none although they
/// have some. None otherwise.
pub(crate) fn recounted(metadata: &ParquetMetaData) -> Option<ParquetMetaData> {
    let about = metadata.file_metadata();
    let rows = i64::try_from(rows_of(metadata)).ok()?;
    if about.num_rows() != 0 || rows == 0 {
        return None;
    }
    let about = FileMetaData::new(
        about.version(),
        rows,
        about.created_by().map(str::to_owned),
        about.key_value_metadata().cloned(),
        about.schema_descr_ptr(),
        about.column_orders().cloned(),
    );
    Some(
        ParquetMetaDataBuilder::new(about)
            .set_row_groups(metadata.row_groups().to_vec())
            .set_column_index(metadata.column_index().cloned())
            .set_offset_index(metadata.offset_index().cloned())
            .build(),
    )
}

/// Returns a caution if a footer's number of rows differs from that of its row groups. The rows of
/// the row groups are read.
pub(crate) fn row_caution(metadata: &ParquetMetaData) -> Option<String> {
    let claimed = metadata.file_metadata().num_rows();
    let rows = rows_of(metadata);
    (u64::try_from(claimed) != Ok(rows)).then(|| {
        format!(
            "its footer claims {claimed} rows, its row groups hold {rows}; these are read, and other readers may find none"
        )
    })
}

/// Returns a message if the rows in a row group differ from those that its footer claims.
pub(crate) fn row_difference(claimed: i64, rows: u64) -> Option<String> {
    (u64::try_from(claimed) != Ok(rows))
        .then(|| format!("its footer claims {claimed} rows, its pages hold {rows}"))
}

/// Returns true if the footer of a file that begins with `PAR1` declares encrypted columns: it then
/// has the field `encryption_algorithm`, which the `parquet` crate skips.
pub(super) fn is_encrypted(footer: &[u8]) -> bool {
    const ENCRYPTION_ALGORITHM: i16 = 8;
    let mut metadata = Compact::new(footer);
    let mut last = 0;
    while let Some(Some(field)) = metadata.field(last) {
        last = field.id;
        if field.id == ENCRYPTION_ALGORITHM {
            return true;
        }
        if metadata.skip(field.kind).is_none() {
            return false;
        }
    }
    false
}
