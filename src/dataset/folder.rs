//! The folder of a dataset: its entries, its locks, and the removal of leftovers. Links, `/proc`
//! and staged files only matter for folders of this host.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::error::DatasetError;
use super::names::{MANIFEST_FILE, UNFINISHED_FILE};
use crate::cancel::Cancel;
use crate::output::STAGED;
use crate::storage::{Claim, Entry, EntryKind, Location, is_of_the_system};

/// Returns true if a file's name is that of a Parquet file.
pub(crate) fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// Creates the folder, and its parents if necessary.
pub(super) fn create(root: &Location) -> Result<(), DatasetError> {
    root.create_folder()
        .map_err(|error| DatasetError::io(root, error))
}

/// Returns true if something exists under a name, even a broken link.
pub(super) fn is_taken(place: &Location) -> Result<bool, DatasetError> {
    let kind = place.kind();
    Ok(kind
        .map_err(|error| DatasetError::io(place, error))?
        .is_some())
}

/// Returns the size of a file in bytes. None if it does not exist.
pub(super) fn bytes_of(place: &Location) -> Result<Option<u64>, DatasetError> {
    place
        .bytes()
        .map_err(|error| DatasetError::io(place, error))
}

/// Returns the entries of a folder. Empty if it does not exist.
pub(super) fn entries(folder: &Location) -> Result<Vec<Entry>, DatasetError> {
    folder
        .entries()
        .map_err(|error| DatasetError::io(folder, error))
}

/// Returns true if a folder contains anything but folders, at any depth. An entry that cannot be
/// inspected counts as a file.
pub(super) fn holds_files(folder: &Location) -> bool {
    let Some(folder) = folder.local() else {
        return folder
            .objects_below()
            .map_or(true, |found| !found.is_empty());
    };
    let is_file = |entry: walkdir::Result<DirEntry>| match entry {
        Ok(entry) => !entry.file_type().is_dir(),
        Err(error) => error
            .io_error()
            .is_none_or(|error| error.kind() != ErrorKind::NotFound),
    };
    WalkDir::new(folder).into_iter().any(is_file)
}

/// Returns true if a folder contains, at any depth, Parquet files that this program did not write.
/// Subfolders with a manifest, or with the note of an unfinished dataset, are this program's own.
/// Links are followed and each folder is visited once. The system's `/proc` is skipped, because its
/// links lead everywhere.
pub(super) fn holds_parquet(root: &Location) -> Result<bool, DatasetError> {
    let Some(path) = root.local() else {
        return holds_objects(root);
    };
    if !path.is_dir() {
        return entries(root).map(|_| false);
    }
    let root = path;
    let mut seen = BTreeSet::new();
    let below = WalkDir::new(root).follow_links(true).into_iter();
    let below = below.filter_entry(|entry| {
        !entry.file_type().is_dir()
            || (entry.depth() == 0 || !is_own(&Location::of_file(entry.path().to_owned())))
                && !is_of_the_system(entry.path())
                && is_new(entry, &mut seen)
    });
    for entry in below {
        let path = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry.into_path(),
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                if let (true, Some(source)) = (path.is_dir(), error.into_io_error()) {
                    return Err(DatasetError::io(path.display(), source));
                }
                // A broken link is judged by its name.
                path
            }
        };
        if is_parquet(&path) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does the same as [`holds_parquet`] for a place in an object store.
fn holds_objects(root: &Location) -> Result<bool, DatasetError> {
    let found = root.objects_below();
    let found = found.map_err(|error| DatasetError::io(root, error))?;
    let places = found.iter();
    let places: Vec<Location> = places
        .map(|object| Location::of_object(root.store(), &object.location))
        .collect();
    let is_note = |place: &&Location| NOTES.contains(&place.name().as_str());
    let own = places.iter().filter(is_note).filter_map(Location::parent);
    let own: BTreeSet<Location> = own.filter(|folder| folder != root).collect();
    let is_own = |place: &Location| own.iter().any(|folder| place.below(folder).is_some());
    let mut parquet = places
        .iter()
        .filter(|place| is_parquet(Path::new(&place.name())));
    Ok(parquet.any(|place| !is_own(place)))
}

/// Names of the notes that mark a folder as this program's own.
const NOTES: [&str; 2] = [MANIFEST_FILE, UNFINISHED_FILE];

/// Returns true if a folder has a note of this program.
pub(super) fn is_own(folder: &Location) -> bool {
    NOTES.iter().any(|note| folder.join(note).exists())
}

/// Returns true if a folder has not been visited yet, under whatever name.
fn is_new(folder: &DirEntry, seen: &mut BTreeSet<(u64, u64)>) -> bool {
    match folder.metadata() {
        Ok(found) => seen.insert((found.dev(), found.ino())),
        // The walk itself reports the error.
        Err(_) => true,
    }
}

/// Locks the folder until the returned claim is dropped; `shared` locks can be held together. Waits
/// while another process holds the lock. Fails if it is cancelled meanwhile.
pub(super) fn lock(
    root: &Location,
    name: &str,
    shared: bool,
    cancel: &Cancel,
) -> Result<Claim, DatasetError> {
    let place = root.join(name);
    let claimed = place.claim(shared, &|| cancel.is_cancelled());
    let claimed = claimed.map_err(|error| DatasetError::io(&place, error))?;
    claimed.ok_or(DatasetError::Interrupted)
}

/// Flushes everything that was written to the folder to its device.
pub(super) fn sync(root: &Location) -> Result<(), DatasetError> {
    root.sync().map_err(|error| DatasetError::io(root, error))
}

/// Removes temporary files of the object store that a killed process left. Other stores keep the
/// parts of an upload out of sight.
pub(super) fn remove_staged(root: &Location) -> Result<(), DatasetError> {
    if root.local().is_none() {
        return Ok(());
    }
    remove_notes(root, |name| name.starts_with(STAGED))?;
    let mut folders: Vec<Location> = vec![root.join("train"), root.join("valid")];
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            let suffix = entry.name.rsplit_once(".parquet#");
            let staged = suffix.is_some_and(|(_, suffix)| {
                !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
            });
            if entry.kind == EntryKind::Folder {
                folders.push(folder.join(&entry.name));
            } else if staged {
                remove_if_there(&folder.join(&entry.name))?;
            }
        }
    }
    Ok(())
}

/// Removes the notes that match.
pub(super) fn remove_notes(
    root: &Location,
    matches: impl Fn(&str) -> bool,
) -> Result<(), DatasetError> {
    for entry in entries(root)? {
        if matches(&entry.name) {
            remove_if_there(&root.join(&entry.name))?;
        }
    }
    Ok(())
}

/// Removes a file. A missing file is no error.
pub(super) fn remove_if_there(place: &Location) -> Result<(), DatasetError> {
    place
        .remove()
        .map_err(|error| DatasetError::io(place, error))
}
