//! Which file, which row group of it, and which of its columns cannot be read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use super::ENCRYPTED;
use super::page_header::is_encrypted;
use crate::engine::without_categories;

/// The first column of a row group that cannot be decoded, in words that name the file; none where
/// all can.
///
/// The engine's errors tell what is wrong with a page, and not which file it is in. This reads all
/// columns of every row group, one after the other, and is for after a failure. A panic of the
/// decoder counts as damage.
pub(crate) fn first_damage(files: &[PathBuf]) -> Option<String> {
    files
        .iter()
        .find_map(|file| damage_of(file).map(|what| format!("{}{what}", file.display())))
}

/// The bytes of a file's footer.
fn footer_of(path: &Path) -> io::Result<Vec<u8>> {
    const TAIL_BYTES: u64 = 8;
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let absent = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut length = [0; 4];
    file.read_exact_at(
        &mut length,
        size.checked_sub(TAIL_BYTES).ok_or_else(absent)?,
    )?;
    let length = u64::from(u32::from_le_bytes(length));
    let start = size.checked_sub(TAIL_BYTES + length).ok_or_else(absent)?;
    let mut footer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut footer, start)?;
    Ok(footer)
}

fn damage_of(path: &Path) -> Option<String> {
    let said = |error: &dyn std::fmt::Display| without_categories(&error.to_string()).to_owned();
    if footer_of(path).is_ok_and(|footer| is_encrypted(&footer)) {
        return Some(format!(": {ENCRYPTED}"));
    }
    let open = || File::open(path).map_err(|error| said(&error));
    let metadata = open().and_then(|file| {
        let options = ArrowReaderOptions::new();
        ArrowReaderMetadata::load(&file, options).map_err(|error| said(&error))
    });
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => return Some(format!(": {error}")),
    };
    let columns = metadata.parquet_schema().root_schema().get_fields();
    let row_groups = metadata.metadata().num_row_groups();
    let mut places =
        (0..row_groups).flat_map(|group| (0..columns.len()).map(move |it| (group, it)));
    places.find_map(|(row_group, root)| {
        let metadata = metadata.clone();
        let read = std::panic::catch_unwind(AssertUnwindSafe(|| -> Result<(), String> {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open()?, metadata);
            let mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
            let mut reader = builder
                .with_row_groups(vec![row_group])
                .with_projection(mask)
                .build()
                .map_err(|error| said(&error))?;
            reader.try_for_each(|batch| batch.map(|_| ()).map_err(|error| said(&error)))
        }));
        let what = match read {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(_) => "a page is corrupt".to_owned(),
        };
        let column = columns[root].name();
        Some(format!(
            ", row group {row_group}, column `{column}`: {what}"
        ))
    })
}
