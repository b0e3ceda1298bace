//! The folder of a dataset: what lies in it, who may write to it, and removing what was left there.
//! Links, `/proc` and staged files are matters of this host's folders alone.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};
use walkdir::{DirEntry, WalkDir};

use super::error::DatasetError;
use super::names::{MANIFEST_FILE, UNFINISHED_FILE};
use crate::cancel::Cancel;
use crate::output::STAGED;
use crate::storage::{Claim, Entry, EntryKind, Location};

/// Whether a file is Parquet by its name.
pub(crate) fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// Makes the folder, and those on the way to it.
pub(super) fn create(root: &Location) -> Result<(), DatasetError> {
    root.create_folder()
        .map_err(|error| DatasetError::io(root, error))
}

/// Whether anything bears a name, a link that leads nowhere included.
pub(super) fn is_taken(place: &Location) -> Result<bool, DatasetError> {
    let kind = place.kind();
    Ok(kind
        .map_err(|error| DatasetError::io(place, error))?
        .is_some())
}

/// Bytes of a file; none where it is not there.
pub(super) fn bytes_of(place: &Location) -> Result<Option<u64>, DatasetError> {
    place
        .bytes()
        .map_err(|error| DatasetError::io(place, error))
}

/// The entries of a folder; none where it is not there.
pub(super) fn entries(folder: &Location) -> Result<Vec<Entry>, DatasetError> {
    folder
        .entries()
        .map_err(|error| DatasetError::io(folder, error))
}

/// Whether there is anything but folders below one. What cannot be looked at counts as a file.
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

/// Whether a folder holds Parquet anywhere below that this program did not write. Folders with a
/// manifest, or with the note of an unfinished dataset, are its own. Links are followed, each
/// folder is looked at once, and the system's `/proc` is not, whose links lead everywhere.
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
                // A link that leads nowhere is what its name says.
                path
            }
        };
        if is_parquet(&path) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// As [`holds_parquet`], for a place in a store.
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

/// Notes by which a folder is this program's.
const NOTES: [&str; 2] = [MANIFEST_FILE, UNFINISHED_FILE];

/// Whether a folder has the notes of this program.
pub(super) fn is_own(folder: &Location) -> bool {
    NOTES.iter().any(|note| folder.join(note).exists())
}

fn is_of_the_system(folder: &Path) -> bool {
    statfs(folder).is_ok_and(|found| found.filesystem_type() == PROC_SUPER_MAGIC)
}

/// Whether a folder has not been seen by another name.
fn is_new(folder: &DirEntry, seen: &mut BTreeSet<(u64, u64)>) -> bool {
    match folder.metadata() {
        Ok(found) => seen.insert((found.dev(), found.ino())),
        // The walk itself says why.
        Err(_) => true,
    }
}

/// Holds a lock of the folder until dropped, `shared` with others that do; waits while another
/// process holds it.
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

/// Brings everything that was written to the folder to its device.
pub(super) fn sync(root: &Location) -> Result<(), DatasetError> {
    root.sync().map_err(|error| DatasetError::io(root, error))
}

/// Removes what the object store's own temporary files left when a process was killed. Stores
/// elsewhere keep parts of an upload out of sight.
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

/// Removes a file; one that is not there is no error.
pub(super) fn remove_if_there(place: &Location) -> Result<(), DatasetError> {
    place
        .remove()
        .map_err(|error| DatasetError::io(place, error))
}
