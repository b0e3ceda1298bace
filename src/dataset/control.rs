//! Folders that a process has for itself for as long as it needs them, such as one beside a
//! dataset's tables that holds copies of its files while a run lasts. What a killed process leaves
//! of them, the next one that makes such a folder removes.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::storage::{Entry, EntryKind};

/// What the names of folders with copies of a dataset's files begin with.
pub const CONTROL_FOLDER: &str = "_bench.control.";

/// Locked by the process that a folder belongs to, for as long as it lives.
const LOCK_FILE: &str = "lock";

/// What the lock's file is called until it is locked.
const UNLOCKED_FILE: &str = "unlocked";

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct OwnedFolder {
    /// Closed before the folder goes: some file systems keep a file that is removed while it is
    /// open, and its folder.
    _lock: File,
    folder: TempDir,
}

impl OwnedFolder {
    /// Makes one below `root` whose name begins with `prefix`, and removes those of processes that
    /// were killed.
    pub fn create(root: &Path, prefix: &str) -> io::Result<Self> {
        // Whoever makes such a folder has the root locked meanwhile, so that one without a lock was
        // left by a process that was killed while making it. Not every file system locks folders;
        // where none can be locked, such a one stays.
        let making = File::open(root)?;
        let alone = making.try_lock().is_ok();
        for entry in fs::read_dir(root)?.flatten() {
            if is_named(&entry, prefix) && is_left(&entry.path(), alone) {
                // What this user may not remove is for another one to remove.
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

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn is_named(entry: &fs::DirEntry, prefix: &str) -> bool {
    let named = entry.file_name().to_string_lossy().starts_with(prefix);
    named && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Whether the process that a folder belongs to is gone. Of a folder without a lock, only whoever
/// is `alone` in making such folders knows.
fn is_left(folder: &Path, alone: bool) -> bool {
    // Some file systems lock only what may be written to.
    match File::options().write(true).open(folder.join(LOCK_FILE)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => alone && error.kind() == io::ErrorKind::NotFound && is_begun(folder),
    }
}

/// Whether a folder holds nothing yet but the lock that is not locked. Any other one without a lock
/// is not of this program's making.
fn is_begun(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.all(|name| name == UNLOCKED_FILE)
    })
}

/// Whether what lies in a dataset's folder is a folder with copies of its files.
pub(super) fn is_control(entry: &Entry) -> bool {
    entry.kind == EntryKind::Folder && entry.name.starts_with(CONTROL_FOLDER)
}

/// Whether the process that a folder belongs to is alive. One without a lock may be just being
/// made.
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
        // Who does not lock the root cannot tell it from one that is being made.
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
