//! Files of a dataset, before and after they are written.

use std::collections::BTreeMap;

use parquet::file::metadata::ParquetMetaData;

use crate::dataset::manifest::ManifestFile;
use crate::dataset::partition::PartitionKey;
use crate::dataset::shortfalls::Shortfalls;
use crate::files::Columns;

/// One file of a dataset, written or not.
pub(crate) struct DataFile {
    /// Index among the plan's tables.
    pub(crate) table: usize,
    /// Path relative to the dataset's folder.
    pub(crate) path: String,
    pub(crate) partition: PartitionKey,
    pub(crate) rows: u64,
}

/// A file that was written and proven.
pub(crate) struct WrittenFile {
    pub(crate) file: DataFile,
    pub(crate) bytes: u64,
    pub(crate) metadata: ParquetMetaData,
    pub(crate) shortfalls: Shortfalls,
}

/// Totals of all files. They are added up as files finish, so footers need not stay in memory.
#[derive(Default)]
pub(crate) struct WrittenFiles {
    /// Number of files that an earlier call had written.
    pub(crate) kept: u64,
    pub(crate) tables: BTreeMap<usize, Vec<ManifestFile>>,
    pub(crate) columns: Columns,
    pub(crate) shortfalls: Shortfalls,
    /// True if fewer threads wrote than were wanted.
    pub(crate) short_of_threads: bool,
}

impl WrittenFiles {
    pub(crate) fn add(&mut self, written: WrittenFile) {
        let WrittenFile {
            file,
            bytes,
            metadata,
            shortfalls,
        } = written;
        self.columns.add(&metadata);
        self.shortfalls.add(&shortfalls);
        self.tables
            .entry(file.table)
            .or_default()
            .push(ManifestFile {
                path: file.path,
                rows: u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0),
                bytes,
                row_groups: metadata.num_row_groups() as u64,
                partition: file.partition,
            });
    }
}
