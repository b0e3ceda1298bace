//! The format of files by their names.

use std::path::Path;

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::dataset::is_parquet;
use crate::storage::{Stores, list};

/// Kind of a file that holds rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Csv,
    Tsv,
    Json,
    Arrow,
}

/// Kind and compression of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::table) struct Format {
    pub(super) kind: FileKind,
    pub(super) compression: FileCompressionType,
}

impl Format {
    /// Finds the format by the extension of a file's name. `None` for Parquet, and for unknown
    /// extensions.
    pub(in crate::table) fn of(path: &Path) -> Option<Self> {
        let extension = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
        let (compression, inner) = match extension(path)?.as_str() {
            "gz" => (FileCompressionType::GZIP, path.with_extension("")),
            "bz2" => (FileCompressionType::BZIP2, path.with_extension("")),
            "xz" => (FileCompressionType::XZ, path.with_extension("")),
            "zst" => (FileCompressionType::ZSTD, path.with_extension("")),
            _ => (FileCompressionType::UNCOMPRESSED, path.to_path_buf()),
        };
        let kind = match extension(&inner)?.as_str() {
            "csv" => FileKind::Csv,
            "tsv" => FileKind::Tsv,
            "json" | "jsonl" | "ndjson" => FileKind::Json,
            "arrow" | "feather" | "ipc" if compression == FileCompressionType::UNCOMPRESSED => {
                FileKind::Arrow
            }
            _ => return None,
        };
        Some(Format { kind, compression })
    }

    /// Finds the format of files that are not Parquet, by the extension of the location. If a
    /// folder or a pattern names no Parquet files, the first file of a known format decides.
    pub(in crate::table) fn of_location(stores: &Stores, location: &str) -> Option<Self> {
        let place = stores.location(location).ok()?;
        let path = place.local()?;
        if let Some(format) = Format::of(path).filter(|_| !path.is_dir()) {
            return Some(format);
        }
        // If the location cannot be listed, the reader of Parquet reports it.
        let files = list(stores, location, &|_| true).ok()?.files;
        match files
            .iter()
            .any(|(file, _)| is_parquet(Path::new(&file.name())))
        {
            true => None,
            false => files
                .iter()
                .find_map(|(file, _)| Format::of(Path::new(&file.name()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PLAIN: FileCompressionType = FileCompressionType::UNCOMPRESSED;

    #[rstest]
    #[case("a.csv", Some((FileKind::Csv, PLAIN)))]
    #[case("a.b.TSV", Some((FileKind::Tsv, PLAIN)))]
    #[case("a.jsonl", Some((FileKind::Json, PLAIN)))]
    #[case("a.ndjson.Zst", Some((FileKind::Json, FileCompressionType::ZSTD)))]
    #[case("a.csv.gz", Some((FileKind::Csv, FileCompressionType::GZIP)))]
    #[case("a.feather", Some((FileKind::Arrow, PLAIN)))]
    #[case("a.feather.gz", None)]
    #[case("a.gz", None)]
    #[case("a.parquet", None)]
    #[case("csv", None)]
    fn formats_are_told_by_how_names_end(
        #[case] name: &str,
        #[case] expected: Option<(FileKind, FileCompressionType)>,
    ) {
        let expected = expected.map(|(kind, compression)| Format { kind, compression });
        assert_eq!(Format::of(Path::new(name)), expected);
    }
}
