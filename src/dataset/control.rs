//! Folders that belong to one process while it runs, such as the one in a dataset's folder that
//! holds copies of its files during a run. If a process is killed, the next one that makes such a
//! folder removes what it has left.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::storage::{Entry, EntryKind};

/// Prefix of the names of folders with copies of a dataset's files.
pub const CONTROL_FOLDER: &str = "_bench.control.";

/// File that is locked by the process to which a folder belongs, while the process lives.
const LOCK_FILE: &str = "lock";

/// Name of the lock's file until it is locked.
const UNLOCKED_FILE: &str = "unlocked";

/// A folder that is removed when this value is dropped.
#[derive(Debug)]
pub struct OwnedFolder {
    /// The lock, closed before the folder is removed: some file systems keep a file that is removed
    /// while it is open, and its folder.
    _lock: File,
    folder: TempDir,
}

impl OwnedFolder {
    /// Makes a folder below `root` whose name begins with `prefix`, and removes the folders of
    /// processes that were killed.
    pub fn create(root: &Path, prefix: &str) -> io::Result<Self> {
        // Each process locks the root while it makes such a folder. A folder without a lock was
        // therefore left by a process that was killed while making it. Not every file system locks
        // folders; if the root cannot be locked, such a folder stays.
        let making = File::open(root)?;
        let alone = making.try_lock().is_ok();
        for entry in fs::read_dir(root)?.flatten() {
            if is_named(&entry, prefix) && is_left(&entry.path(), alone) {
                // If this user may not remove the folder, it is left for another user.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(root)?;
        let unlocked = folder.path().join(UNLOCKED_FILE);
        let lock = File::create_new(&unlocked)?;
        lock.try_lock()?;
        fs::rename(&unlocked, folder.path().join(LOCK_FILE))?;
        Ok(OwnedFolder {
            _lock: lock,
            folder,
        })
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn is_named(entry: &fs::DirEntry, prefix: &str) -> bool {
    let named = entry.file_name().to_string_lossy().starts_with(prefix);
    named && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Returns true if the process to which a folder belongs is gone. A folder without a lock can only
/// be judged if this process is `alone` in making such folders; otherwise the result is false.
fn is_left(folder: &Path, alone: bool) -> bool {
    // Some file systems only lock files that are open for writing.
    match File::options().write(true).open(folder.join(LOCK_FILE)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => alone && error.kind() == io::ErrorKind::NotFound && is_begun(folder),
    }
}

/// Returns true if a folder contains nothing but the file of a lock that is not locked yet. Any
/// other folder without a lock is not of this program's making.
fn is_begun(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.all(|name| name == UNLOCKED_FILE)
    })
}

/// Returns true if an entry of a dataset's folder is a folder with copies of its files.
pub(super) fn is_control(entry: &Entry) -> bool {
    entry.kind == EntryKind::Folder && entry.name.starts_with(CONTROL_FOLDER)
}

/// Returns true if the process to which a folder belongs is alive. A folder without a lock counts
/// as in use, because it may be in the making.
pub(super) fn in_use(folder: &Path) -> bool {
    !is_left(folder, false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn create(root: &tempfile::TempDir) -> OwnedFolder {
        OwnedFolder::create(root.path(), CONTROL_FOLDER).unwrap()
    }

    #[test]
    fn a_folder_goes_with_its_owner_and_what_a_killed_one_left_goes_with_the_next() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("_bench.control.killed");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK_FILE), "").unwrap();
        fs::write(left.join("0.parquet"), "x").unwrap();
        fs::create_dir(root.path().join("train")).unwrap();
        let one = create(&root);
        assert!(!left.exists());
        let two = create(&root);
        assert!(one.path().exists() && in_use(one.path()));
        let path = one.path().to_path_buf();
        drop(one);
        assert!(!path.exists() && two.path().exists());
        drop(two);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_whose_maker_was_killed_before_it_had_a_lock_goes_with_the_next() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("_bench.control.killed");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(UNLOCKED_FILE), "").unwrap();
        // Without a lock of the root, it looks like a folder in the making.
        assert!(in_use(&left));
        let next = create(&root);
        assert!(!left.exists() && next.path().exists());
    }

    #[test]
    fn folders_of_another_kind_and_files_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let others = ["_bench.doctor.x", "_bench.controls", "x_bench.control."];
        for other in others {
            fs::create_dir(root.path().join(other)).unwrap();
        }
        fs::write(root.path().join("_bench.control.file"), "").unwrap();
        drop(create(&root));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 4);
    }
}
