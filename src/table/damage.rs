//! Which file, and which row group of it, cannot be read.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The first row group that cannot be decoded, in words that name the file; none where all can.
///
/// The engine's errors tell what is wrong with a page, and not which file it is in. This reads all columns of every row
/// group, and is for after a failure. A panic of the decoder counts as damage.
pub(crate) fn first_damage(files: &[PathBuf]) -> Option<String> {
    files
        .iter()
        .find_map(|file| damage_of(file).map(|what| format!("{}{what}", file.display())))
}

fn damage_of(path: &Path) -> Option<String> {
    let open = || -> Result<ParquetRecordBatchReaderBuilder<File>, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())
    };
    let row_groups = match open() {
        Ok(builder) => builder.metadata().num_row_groups(),
        Err(error) => return Some(format!(": {error}")),
    };
    (0..row_groups).find_map(|row_group| {
        let read = std::panic::catch_unwind(|| -> Result<(), String> {
            let reader = open()?
                .with_row_groups(vec![row_group])
                .build()
                .map_err(|error| error.to_string())?;
            reader
                .into_iter()
                .try_for_each(|batch| batch.map(|_| ()).map_err(|error| error.to_string()))
        });
        match read {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!(", row group {row_group}: {error}")),
            Err(_) => Some(format!(", row group {row_group}: a page is corrupt")),
        }
    })
}
