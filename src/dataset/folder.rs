//! The folder of a dataset on a local disk: what lies in it, who may write to it, and removing what
//! was left there. Bytes of data files come and go through an object store instead.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};
use walkdir::{DirEntry, WalkDir};

use super::error::DatasetError;
use super::names::{MANIFEST_FILE, UNFINISHED_FILE};
use crate::cancel::Cancel;
use crate::output::STAGED;

/// How long a process waits before it tries again to lock a folder.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Whether a file is Parquet by its name.
pub(crate) fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// Makes the folder, and those on the way to it.
pub(super) fn create(root: &Path) -> Result<(), DatasetError> {
    fs::create_dir_all(root).map_err(|error| DatasetError::io(root, error))
}

/// Whether anything bears a name, a link that leads nowhere included.
pub(super) fn is_taken(path: &Path) -> Result<bool, DatasetError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(DatasetError::io(path, error)),
    }
}

/// Bytes of a file; none where it is not there.
pub(super) fn bytes_of(path: &Path) -> Result<Option<u64>, DatasetError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DatasetError::io(path, error)),
    }
}

/// The entries of a folder; none where it is not there.
pub(super) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, DatasetError> {
    match fs::read_dir(folder).and_then(Iterator::collect) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|error| DatasetError::io(folder, error)),
    }
}

/// Whether there is anything but folders below one. What cannot be looked at counts as a file.
pub(super) fn holds_files(folder: &Path) -> bool {
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
pub(super) fn holds_parquet(root: &Path) -> Result<bool, DatasetError> {
    if !root.is_dir() {
        return entries(root).map(|_| false);
    }
    let mut seen = BTreeSet::new();
    let below = WalkDir::new(root).follow_links(true).into_iter();
    let below = below.filter_entry(|entry| {
        !entry.file_type().is_dir()
            || (entry.depth() == 0 || !is_own(entry.path()))
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
                    return Err(DatasetError::io(&path, source));
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

/// Whether a folder has the notes of this program.
pub(super) fn is_own(folder: &Path) -> bool {
    let notes = [MANIFEST_FILE, UNFINISHED_FILE];
    notes.iter().any(|note| folder.join(note).exists())
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
    root: &Path,
    name: &str,
    shared: bool,
    cancel: &Cancel,
) -> Result<File, DatasetError> {
    let path = root.join(name);
    let mut file = open_lock(&path)?;
    loop {
        let locked = match shared {
            true => file.try_lock_shared(),
            false => file.try_lock(),
        };
        match locked {
            Ok(()) if is_at(&file, &path) => return Ok(file),
            // Whoever held it before has removed it; a lock of a file without a name keeps nobody
            // out.
            Ok(()) => file = open_lock(&path)?,
            Err(TryLockError::WouldBlock) if cancel.is_cancelled() => {
                return Err(DatasetError::Interrupted);
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(DatasetError::io(&path, error)),
        }
    }
}

/// Opens, or makes, a file to be locked. Nothing is opened through a link, and what is there is
/// kept.
pub(super) fn open_lock(path: &Path) -> Result<File, DatasetError> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| DatasetError::io(path, error))
}

/// Whether a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |open: fs::Metadata, named: fs::Metadata| {
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    };
    file.metadata()
        .and_then(|open| Ok(same(open, fs::metadata(path)?)))
        .unwrap_or(false)
}

/// Writes all data of the file system that holds the folder to its device.
pub(super) fn sync(root: &Path) -> Result<(), DatasetError> {
    let folder = File::open(root).map_err(|error| DatasetError::io(root, error))?;
    nix::unistd::syncfs(&folder).map_err(|error| DatasetError::io(root, error.into()))
}

/// Removes what the object store's own temporary files left when a process was killed.
pub(super) fn remove_staged(root: &Path) -> Result<(), DatasetError> {
    for entry in entries(root)? {
        if entry.file_name().to_string_lossy().starts_with(STAGED) {
            remove_if_there(&entry.path())?;
        }
    }
    let mut folders: Vec<PathBuf> = vec![root.join("train"), root.join("valid")];
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            let kind = entry
                .file_type()
                .map_err(|error| DatasetError::io(&folder, error))?;
            let name = entry.file_name();
            let staged =
                name.to_string_lossy()
                    .rsplit_once(".parquet#")
                    .is_some_and(|(_, suffix)| {
                        !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
                    });
            if kind.is_dir() {
                folders.push(entry.path());
            } else if staged {
                remove_if_there(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// Removes the notes that match.
pub(super) fn remove_notes(
    root: &Path,
    matches: impl Fn(&str) -> bool,
) -> Result<(), DatasetError> {
    for entry in entries(root)? {
        if matches(&entry.file_name().to_string_lossy()) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove_if_there(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DatasetError::io(path, error)),
        _ => Ok(()),
    }
}
