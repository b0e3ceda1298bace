//! The control: the baseline's files once more, whose measurements differ from the baseline's by nothing but noise.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::datasets::{DatasetState, free_bytes};
use crate::dataset::CONTROL_PREFIX;
use crate::record::ControlKind;
use crate::storage::object_path;
use crate::table::TableFiles;
use crate::units;

/// What reports call it. Names of variants have no parentheses around all of them.
pub(crate) const CONTROL: &str = "(control)";

/// Files of more than this are not copied, in bytes; nor where the copy would take more than a tenth of the free space.
const MOST_COPIED_BYTES: u64 = 1 << 30;

/// A table's files, and the dataset that they are of.
pub(super) type Files<'a> = (TableFiles, Option<&'a DatasetState>);

/// Files that the control reads.
#[derive(Debug)]
pub struct Control {
    pub kind: ControlKind,
    /// Why they are the baseline's own, where they are.
    pub warning: Option<String>,
    /// Removed when this is dropped.
    _folders: Vec<TempDir>,
}

impl Control {
    /// Copies the files of tables byte for byte, beside the datasets that they are of. Existing files of others are never
    /// written beside, so that these are read once more themselves, as are files that are too large.
    pub(crate) fn of(tables: Vec<Files<'_>>) -> (Vec<Files<'_>>, Self) {
        let bytes = tables
            .iter()
            .flat_map(|(table, _)| &table.files)
            .map(|file| file.object.size)
            .sum::<u64>();
        let same = |why: String| Control {
            kind: ControlKind::SameFiles,
            warning: Some(format!(
                "the control reads the baseline's own files and no copy of them, as {why}"
            )),
            _folders: Vec::new(),
        };
        let root_of = |state: &Option<&DatasetState>| {
            let state = state.filter(|state| state.manifest().is_some())?;
            Some(state.plan.root.clone())
        };
        let roots: Option<Vec<_>> = tables.iter().map(|(_, state)| root_of(state)).collect();
        let Some(roots) = roots else {
            return (tables, same("they are not this program's".to_owned()));
        };
        if bytes > MOST_COPIED_BYTES {
            let limit = units::bytes(MOST_COPIED_BYTES);
            let why = format!("they have {}, more than {limit}", units::bytes(bytes));
            return (tables, same(why));
        }
        let free = roots.first().and_then(|root| free_bytes(root));
        if free.is_some_and(|free| bytes > free / 10) {
            let why = "a copy would take more than a tenth of the free space".to_owned();
            return (tables, same(why));
        }
        match copied(&tables, &roots) {
            Ok((copies, folders)) => {
                let control = Control {
                    kind: ControlKind::Copy,
                    warning: None,
                    _folders: folders,
                };
                (copies, control)
            }
            Err(error) => (tables, same(format!("they cannot be copied: {error}"))),
        }
    }
}

/// The same tables over copies of their files, and the folders of these.
fn copied<'a>(
    tables: &[Files<'a>],
    roots: &[PathBuf],
) -> io::Result<(Vec<Files<'a>>, Vec<TempDir>)> {
    let mut folders = Vec::new();
    let mut copies = tables.to_vec();
    for ((table, _), root) in copies.iter_mut().zip(roots) {
        let folder = tempfile::Builder::new()
            .prefix(CONTROL_PREFIX)
            .tempdir_in(root)?;
        for (index, file) in table.files.iter_mut().enumerate() {
            let copy = folder.path().join(format!("{index}.parquet"));
            copy_bytes(&file.path, &copy)?;
            file.object.location = object_path(&copy).map_err(io::Error::other)?;
            file.path = copy;
        }
        table.location = folder.path().display().to_string();
        folders.push(folder);
    }
    Ok((copies, folders))
}

/// Copies by reading and writing: what `std::fs::copy` asks of some file systems shares the blocks of the original.
fn copy_bytes(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, fs::File::create_new(to)?);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.sync_data(),
            bytes => to.write_all(&buffer[..bytes])?,
        }
    }
}
