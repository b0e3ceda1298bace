//! Opens all files of a format.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;
use serde_json::json;

use super::all_files::AllFiles;
use super::format::{FileKind, Format};
use super::rows::bad;
use super::{csv, ipc, json};
use crate::dataset::fingerprint;
use crate::engine::plain_message;
use crate::storage::{Inputs, Location, Stores, list};
use crate::table::error::TableError;
use crate::table::partitions::{partition_value, type_of_folders, with_partitions};
use crate::table::table_files::TableFile;

/// Rows of files that are not Parquet.
pub(in crate::table) struct OtherRows {
    pub(in crate::table) provider: Arc<dyn TableProvider>,
    pub(in crate::table) places: Vec<Location>,
    pub(in crate::table) rows: u64,
    /// Bytes of the files.
    pub(in crate::table) bytes: u64,
    pub(in crate::table) fingerprint: String,
    pub(in crate::table) inputs: Inputs,
    /// Notes on contents that are not read as they are, one sentence each.
    pub(in crate::table) notes: Vec<String>,
}

/// Opens all files of a format behind a location. With `unify`, Arrow files whose types only widen
/// have one schema.
pub(in crate::table) async fn open_rows(
    stores: &Stores,
    location: &str,
    format: Format,
    unify: bool,
) -> Result<OtherRows, TableError> {
    let (stores, named) = (stores.clone(), location.to_owned());
    let opened = tokio::task::spawn_blocking(move || open_all(&stores, &named, format, unify));
    opened
        .await
        .map_err(|error| bad(Path::new(location), &error))?
}

fn open_all(
    stores: &Stores,
    location: &str,
    format: Format,
    unify: bool,
) -> Result<OtherRows, TableError> {
    let at = Path::new(location);
    let is_wanted = move |path: &Path| Format::of(path) == Some(format);
    let listing = list(stores, location, &is_wanted).map_err(|error| TableError::Listing {
        table: String::new(),
        location: location.to_owned(),
        source: error,
    })?;
    let other = |place: &&Location| {
        Format::of(Path::new(&place.name())).is_some_and(|found| found != format)
    };
    let listed = listing.files.iter().map(|(place, _)| place);
    if let Some(other) = listing.others.iter().chain(listed).find(other) {
        let reason = "it is of another format than other files; a pattern names those of one";
        return Err(bad_place(other, &reason));
    }
    let inputs = Inputs::of(listing.files.iter().map(|(place, _)| place))?;
    let fingerprint = fingerprint_of(&listing.files, &inputs);
    let bytes = listing.files.iter().map(|(_, found)| found.size).sum();
    let (partition_by, files) = with_partitions("", &listing.base, listing.files)?;
    let mut places: Vec<Location> = files.iter().map(|file| file.place.clone()).collect();
    let (empty, filled): (Vec<TableFile>, Vec<TableFile>) =
        files.into_iter().partition(|file| file.object.size == 0);
    let mut notes = Vec::new();
    if let Some(first) = empty.first() {
        // Programs that write in parts leave empty files beside others.
        if filled.is_empty() || format.kind == FileKind::Arrow {
            return Err(bad_place(&first.place, &"it is empty (0 bytes)"));
        }
        let (count, shown) = (empty.len(), &first.place);
        notes.push(format!(
            "files of 0 bytes, {count} of them, have no rows, first {shown}"
        ));
        places = filled.iter().map(|file| file.place.clone()).collect();
    }
    let paths = places.iter().map(path_of);
    let paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    let look = match format.kind {
        FileKind::Csv => csv::look(location, &paths, format.compression, b',')?,
        FileKind::Tsv => csv::look(location, &paths, format.compression, b'\t')?,
        FileKind::Json => json::look(&paths, format.compression)?,
        FileKind::Arrow => ipc::look(&paths, unify)?,
    };
    notes.extend(look.notes);
    let folders = FolderValues::of(&partition_by, &filled, &look.schema)?;
    let fields = look.schema.fields().iter().chain(&folders.fields);
    let schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<FieldRef>>()));
    let stream = AllFiles {
        schema: Arc::clone(&schema),
        stored: look.schema,
        files: paths.into_iter().zip(folders.values).collect(),
        reader: look.reader,
    };
    let table = StreamingTable::try_new(schema, vec![Arc::new(stream)])
        .map_err(|error| bad(at, &plain_message(&error)))?;
    Ok(OtherRows {
        provider: Arc::new(table),
        places,
        rows: look.rows,
        bytes,
        fingerprint,
        inputs,
        notes,
    })
}

/// Partition columns, whose values come from folder names.
struct FolderValues {
    fields: Vec<FieldRef>,
    /// Values of each file.
    values: Vec<Vec<ScalarValue>>,
}

impl FolderValues {
    fn of(names: &[String], files: &[TableFile], stored: &Schema) -> Result<Self, TableError> {
        let mut folders = FolderValues {
            fields: Vec::new(),
            values: vec![Vec::new(); files.len()],
        };
        for (index, name) in names.iter().enumerate() {
            if let (Ok(_), Some(first)) = (stored.field_with_name(name), files.first()) {
                let reason = format!("it has a column `{name}`, and lies in a folder `{name}=...`");
                return Err(bad_place(&first.place, &reason));
            }
            let texts = files.iter().map(|file| file.partition[index].as_deref());
            let data_type = type_of_folders(texts.clone().flatten());
            for (values, text) in folders.values.iter_mut().zip(texts) {
                let value = partition_value(text, &data_type);
                values.push(value.map_err(|text| bad(Path::new(&text), &"it is no value"))?);
            }
            folders
                .fields
                .push(Arc::new(Field::new(name, data_type, true)));
        }
        Ok(folders)
    }
}

fn bad_place(place: &Location, reason: &dyn fmt::Display) -> TableError {
    bad(Path::new(&place.to_string()), reason)
}

/// Returns the path of a text or Arrow file. Fails if the file is not on this host.
fn path_of(place: &Location) -> Result<PathBuf, TableError> {
    let path = place.local().map(Path::to_owned);
    path.ok_or_else(|| {
        bad_place(
            place,
            &"only Parquet is read from a store; copy it to a folder",
        )
    })
}

fn fingerprint_of(files: &[(Location, ObjectMeta)], inputs: &Inputs) -> String {
    let files = files.iter().zip(inputs.ends());
    let list: Vec<_> = files
        .map(|((place, found), ends)| {
            let modified = found.last_modified;
            json!([
                place.to_string(),
                found.size,
                modified.timestamp_subsec_nanos(),
                modified.timestamp(),
                ends
            ])
        })
        .collect();
    fingerprint(&json!(list))
}
