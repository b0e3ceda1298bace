//! The format of files by their names.

use std::path::Path;

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::dataset::is_parquet;
use crate::storage::{Stores, list};

/// What rows are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Csv,
    Tsv,
    Json,
    Arrow,
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::table) struct Format {
    pub(super) kind: Kind,
    pub(super) compression: FileCompressionType,
}

impl Format {
    /// By how a file's name ends; none for Parquet, and for whatever is not known.
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
            "csv" => Kind::Csv,
            "tsv" => Kind::Tsv,
            "json" | "jsonl" | "ndjson" => Kind::Json,
            "arrow" | "feather" | "ipc" if compression == FileCompressionType::UNCOMPRESSED => {
                Kind::Arrow
            }
            _ => return None,
        };
        Some(Format { kind, compression })
    }

    /// The format of files that are not Parquet: that of their names, or of the first file that is
    /// of any where a folder or a pattern names no Parquet.
    pub(in crate::table) fn of_location(stores: &Stores, location: &str) -> Option<Self> {
        let place = stores.location(location).ok()?;
        let path = place.local()?;
        if let Some(format) = Format::of(path).filter(|_| !path.is_dir()) {
            return Some(format);
        }
        // What cannot be listed is for the reader of Parquet to name.
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
    #[case("a.csv", Some((Kind::Csv, PLAIN)))]
    #[case("a.b.TSV", Some((Kind::Tsv, PLAIN)))]
    #[case("a.jsonl", Some((Kind::Json, PLAIN)))]
    #[case("a.ndjson.Zst", Some((Kind::Json, FileCompressionType::ZSTD)))]
    #[case("a.csv.gz", Some((Kind::Csv, FileCompressionType::GZIP)))]
    #[case("a.feather", Some((Kind::Arrow, PLAIN)))]
    #[case("a.feather.gz", None)]
    #[case("a.gz", None)]
    #[case("a.parquet", None)]
    #[case("csv", None)]
    fn formats_are_told_by_how_names_end(
        #[case] name: &str,
        #[case] expected: Option<(Kind, FileCompressionType)>,
    ) {
        let expected = expected.map(|(kind, compression)| Format { kind, compression });
        assert_eq!(Format::of(Path::new(name)), expected);
    }
}
