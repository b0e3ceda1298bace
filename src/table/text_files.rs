//! CSV, JSON lines and Arrow files as rows to write anew.

use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::prelude::SessionContext;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::json;

use super::check::doubled;
use super::unify::wider;
use crate::dataset::{fingerprint, is_parquet};
use crate::engine::plain_message;
use crate::storage::{CountingStore, Inputs, Listing, list, object_path};

/// Bytes of a file's beginning by which its separator is found.
const BEGINNING_BYTES: u64 = 64 << 10;

/// Separators of fields that are looked for where a comma gives a single column.
const SEPARATORS: [u8; 3] = [b';', b'\t', b'|'];

/// What rows are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Csv,
    Tsv,
    Json,
    Arrow,
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextFormat {
    kind: Kind,
    compression: FileCompressionType,
}

impl TextFormat {
    /// By how a file's name ends; none for Parquet, and for whatever is not known.
    fn of(path: &Path) -> Option<Self> {
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
        Some(TextFormat { kind, compression })
    }

    /// The format of files that are not Parquet. A folder without Parquet is of the format of its
    /// first file that is of any.
    pub(super) fn of_location(path: &Path) -> Option<Self> {
        if !path.is_dir() {
            return TextFormat::of(path);
        }
        let mut names: Vec<PathBuf> = std::fs::read_dir(path)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        names.sort();
        match names.iter().any(|name| name.is_dir() || is_parquet(name)) {
            true => None,
            false => names.iter().find_map(|name| TextFormat::of(name)),
        }
    }
}

/// Rows of files that are not Parquet.
pub(super) struct TextRows {
    pub(super) provider: Arc<dyn TableProvider>,
    pub(super) paths: Vec<PathBuf>,
    pub(super) bytes: u64,
    pub(super) fingerprint: String,
    pub(super) inputs: Inputs,
    pub(super) notes: Vec<String>,
}

/// Opens all files of a format behind a location. Types come from all rows.
pub(super) async fn open_text(
    context: &SessionContext,
    store: &Arc<CountingStore>,
    location: &str,
    format: TextFormat,
) -> Result<TextRows, String> {
    let named = location.to_owned();
    let looked = tokio::task::spawn_blocking(move || look_at(&named, format));
    let LookedAt {
        paths,
        bytes,
        fingerprint,
        inputs,
        notes,
        reader,
    } = looked.await.map_err(|error| error.to_string())??;
    let schema = schema_of(context, store, reader.as_ref(), format, &paths).await?;
    let urls = paths.iter().map(|path| {
        let url = url::Url::from_file_path(path)
            .map_err(|()| format!("{} is no path", path.display()))?;
        ListingTableUrl::parse(url.as_str()).map_err(|error| plain_message(&error))
    });
    let urls = urls.collect::<Result<Vec<_>, String>>()?;
    let options = ListingOptions::new(reader).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(schema);
    let table = ListingTable::try_new(config).map_err(|error| plain_message(&error))?;
    Ok(TextRows {
        provider: Arc::new(table),
        paths,
        bytes,
        fingerprint,
        inputs,
        notes,
    })
}

/// The files of a location, and how they are to be read.
struct LookedAt {
    paths: Vec<PathBuf>,
    bytes: u64,
    fingerprint: String,
    inputs: Inputs,
    notes: Vec<String>,
    reader: Arc<dyn FileFormat>,
}

fn look_at(location: &str, format: TextFormat) -> Result<LookedAt, String> {
    let is_wanted = move |path: &Path| TextFormat::of(path) == Some(format);
    let Listing { files, others, .. } =
        list(location, &is_wanted).map_err(|error| error.to_string())?;
    if let Some(other) = others.iter().find(|it| TextFormat::of(it).is_some()) {
        return Err(format!(
            "{}: it is of another format than the files before; a pattern names those of one",
            other.display()
        ));
    }
    let Some((first, _)) = files.first() else {
        return Err("no such file or folder".to_owned());
    };
    let inputs = Inputs::of(files.iter().map(|(path, _)| path.as_path()));
    let inputs = inputs.map_err(|error| error.to_string())?;
    let list: Vec<_> = files
        .iter()
        .zip(inputs.ends())
        .map(|((path, found), ends)| {
            json!([path, found.len(), found.mtime_nsec(), found.mtime(), ends])
        })
        .collect();
    let mut notes = Vec::new();
    let reader: Arc<dyn FileFormat> = match format.kind {
        Kind::Csv | Kind::Tsv => {
            let separator = match format.kind {
                Kind::Tsv => b'\t',
                _ => {
                    let Separator { found, doubted } =
                        separator(&beginning(first, format.compression)?);
                    if found != b',' {
                        notes.push(format!(
                            "fields of {location} are separated by {:?}",
                            char::from(found)
                        ));
                    }
                    if let Some(other) = doubted {
                        notes.push(format!(
                            "{location} is read as a single column: its header has {:?}, which does not cut all of the first \
                             lines alike; fields are separated by commas, and by tabs in files called .tsv",
                            char::from(other)
                        ));
                    }
                    found
                }
            };
            same_headers(&files, format, separator)?;
            Arc::new(
                CsvFormat::default()
                    .with_schema_infer_max_rec(usize::MAX)
                    .with_delimiter(separator)
                    .with_file_compression_type(format.compression),
            )
        }
        Kind::Json => {
            let beginning = beginning(first, format.compression)?;
            let is_array = beginning
                .iter()
                .find(|byte| !byte.is_ascii_whitespace())
                .is_some_and(|byte| *byte == b'[');
            Arc::new(
                JsonFormat::default()
                    .with_schema_infer_max_rec(usize::MAX)
                    .with_newline_delimited(!is_array)
                    .with_file_compression_type(format.compression),
            )
        }
        Kind::Arrow => Arc::new(ArrowFormat),
    };
    Ok(LookedAt {
        bytes: files.iter().map(|(_, found)| found.len()).sum(),
        fingerprint: fingerprint(&json!(list)),
        paths: files.into_iter().map(|(path, _)| path).collect(),
        inputs,
        notes,
        reader,
    })
}

/// Refuses a header that has a name twice, which the engine would take for one column, and headers
/// that differ: the engine reads fields by their place.
fn same_headers(
    files: &[(PathBuf, Metadata)],
    format: TextFormat,
    separator: u8,
) -> Result<(), String> {
    let mut first: Option<(&Path, Vec<String>)> = None;
    for (path, _) in files {
        let shown = path.display();
        let names = header_of(&beginning(path, format.compression)?, separator);
        if let Some(name) = doubled(names.iter().map(String::as_str)) {
            return Err(format!(
                "{shown}: two of its columns are named `{name}`; give each a name of its own"
            ));
        }
        match &first {
            None => first = Some((path, names)),
            Some((other, known)) if *known != names => {
                return Err(format!(
                    "{shown}: its header is {}, that of {} is {}; fields are read by their place, so that headers must be the \
                     same",
                    names.join(", "),
                    other.display(),
                    known.join(", ")
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The names in a CSV header.
fn header_of(beginning: &[u8], separator: u8) -> Vec<String> {
    let Some(header) = records(beginning).into_iter().next() else {
        return Vec::new();
    };
    let mut quoted = false;
    let fields = header.split(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == separator
    });
    let name = |field: &[u8]| {
        let text = String::from_utf8_lossy(field);
        text.trim_start_matches('\u{feff}')
            .trim()
            .trim_matches('"')
            .to_owned()
    };
    fields.map(name).collect()
}

/// The records of a CSV text that are not blank; a line end within quotes ends none.
fn records(text: &[u8]) -> Vec<&[u8]> {
    let mut quoted = false;
    let lines = text.split(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == b'\n'
    });
    lines
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .collect()
}

/// The columns of all files, each of a type that holds what it has in each of them.
async fn schema_of(
    context: &SessionContext,
    store: &Arc<CountingStore>,
    reader: &dyn FileFormat,
    format: TextFormat,
    paths: &[PathBuf],
) -> Result<SchemaRef, String> {
    let objects = Arc::clone(store) as Arc<dyn ObjectStore>;
    let state = context.state();
    let mut merged: Option<Schema> = None;
    for path in paths {
        let shown = path.display();
        let object = object_path(path).map_err(|error| error.to_string())?;
        let meta = objects
            .head(&object)
            .await
            .map_err(|error| format!("{shown}: {error}"))?;
        if meta.size == 0 {
            return Err(format!("{shown}: it is empty (0 bytes)"));
        }
        let schema = reader
            .infer_schema(&state, &objects, &[meta])
            .await
            .map_err(|error| format!("{shown}: {}", plain_message(&error)))?;
        // The engine reads the columns of Arrow files by their place.
        if let (Kind::Arrow, Some(known)) = (format.kind, &merged)
            && known.fields() != schema.fields()
        {
            return Err(format!(
                "{shown}: its columns are not those of the files before, in name, type and order; Arrow files are read by the \
                 place of columns, so that these must be the same"
            ));
        }
        merged = Some(match merged {
            None => schema.as_ref().clone(),
            Some(merged) => merge(format.kind, merged, &schema)
                .map_err(|reason| format!("{shown}: {reason}"))?,
        });
    }
    Ok(Arc::new(merged.unwrap_or_else(Schema::empty)))
}

/// The type of a column that files of text have as two types: the one that the reader would have
/// found in a single file.
fn type_of_both(kind: Kind, left: &DataType, right: &DataType) -> Option<DataType> {
    let number = |it: &DataType| matches!(it, DataType::Int64 | DataType::Float64);
    match kind {
        Kind::Csv | Kind::Tsv | Kind::Json if number(left) && number(right) => {
            Some(if left == right {
                left.clone()
            } else {
                DataType::Float64
            })
        }
        Kind::Csv | Kind::Tsv => wider(left, right).or(Some(DataType::Utf8)),
        Kind::Json | Kind::Arrow => wider(left, right),
    }
}

fn merge(kind: Kind, known: Schema, found: &Schema) -> Result<Schema, String> {
    let mut fields: Vec<Field> = known
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    for field in found.fields() {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            None => fields.push(field.as_ref().clone().with_nullable(true)),
            Some(known) => {
                let wide = type_of_both(kind, known.data_type(), field.data_type());
                let Some(wide) = wide else {
                    return Err(format!(
                        "column `{}` is {}, and {} in the files before",
                        field.name(),
                        field.data_type(),
                        known.data_type()
                    ));
                };
                let nullable = known.is_nullable() || field.is_nullable();
                *known = known.clone().with_data_type(wide).with_nullable(nullable);
            }
        }
    }
    for known in &mut fields {
        if found.field_with_name(known.name()).is_err() {
            *known = known.clone().with_nullable(true);
        }
    }
    Ok(Schema::new_with_metadata(fields, known.metadata().clone()))
}

/// The first bytes of a file, decompressed.
fn beginning(path: &Path, compression: FileCompressionType) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(failed)?;
    let reader = compression
        .convert_read(file)
        .map_err(|error| plain_message(&error))?;
    let mut bytes = Vec::new();
    reader
        .take(BEGINNING_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

/// What separates the fields of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Separator {
    found: u8,
    /// Another one that the header has, where the one found gives a single column.
    doubted: Option<u8>,
}

/// A comma, unless the header has none, and another separator cuts all of the first records into as
/// many fields as the header.
fn separator(beginning: &[u8]) -> Separator {
    let complete = (beginning.len() as u64) < BEGINNING_BYTES;
    let mut records = records(beginning);
    // The last one may be cut.
    if !complete && records.len() > 1 {
        records.pop();
    }
    let fields = |record: &[u8], separator: u8| {
        let mut quoted = false;
        let separators = record.iter().filter(|byte| {
            quoted ^= **byte == b'"';
            !quoted && **byte == separator
        });
        1 + separators.count()
    };
    let of = |found, doubted| Separator { found, doubted };
    let Some(header) = records.first() else {
        return of(b',', None);
    };
    if fields(header, b',') > 1 {
        return of(b',', None);
    }
    let mut in_header = SEPARATORS.into_iter().filter(|it| fields(header, *it) > 1);
    let cuts_alike = |separator: &u8| {
        let of_header = fields(header, *separator);
        records
            .iter()
            .all(|record| fields(record, *separator) == of_header)
    };
    match in_header.clone().find(cuts_alike) {
        Some(found) => of(found, None),
        None => of(b',', in_header.next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a,b\n1,2\n", b',', None)]
    #[case("a;b\n1,5;2,5\n", b';', None)]
    #[case("a\tb\n1\t2", b'\t', None)]
    #[case("a|b\n\"x|y\"|2\n", b'|', None)]
    #[case("a;b\n\"two\nlines\";2\n", b';', None)]
    #[case("text\nsome; more\nwithout\n", b',', None)]
    #[case("a;b\n1;2\n3\n", b',', Some(b';'))]
    #[case("one\n1\n", b',', None)]
    #[case("", b',', None)]
    fn separators_are_found_by_the_header_and_the_first_records(
        #[case] text: &str,
        #[case] found: u8,
        #[case] doubted: Option<u8>,
    ) {
        assert_eq!(separator(text.as_bytes()), Separator { found, doubted });
    }
}
