//! Folders beside a dataset's tables that hold copies of its files for as long as a run lasts.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// What their names begin with.
const PREFIX: &str = "_bench.control.";

/// Locked by the process that a folder belongs to, for as long as it lives.
const LOCK_FILE: &str = "lock";

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct ControlFolder {
    folder: TempDir,
    _lock: File,
}

impl ControlFolder {
    /// Makes one in a dataset's folder, and removes those of processes that were killed.
    pub fn create(root: &Path) -> io::Result<Self> {
        for entry in fs::read_dir(root)?.flatten() {
            if is_control(&entry) && !in_use(&entry.path()) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root)?;
        let lock = File::create_new(folder.path().join(LOCK_FILE))?;
        lock.try_lock()?;
        Ok(ControlFolder {
            folder,
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Whether what lies in a dataset's folder is such a folder.
pub(super) fn is_control(entry: &fs::DirEntry) -> bool {
    let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
    named && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Whether the process that a folder belongs to is alive. One without a lock is just being made.
pub(super) fn in_use(folder: &Path) -> bool {
    match File::open(folder.join(LOCK_FILE)) {
        Ok(lock) => lock.try_lock().is_err(),
        Err(_) => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_what_a_killed_one_left_goes_with_the_next() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("_bench.control.killed");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK_FILE), "").unwrap();
        fs::write(left.join("0.parquet"), "x").unwrap();
        fs::create_dir(root.path().join("train")).unwrap();
        let one = ControlFolder::create(root.path()).unwrap();
        assert!(!left.exists());
        let two = ControlFolder::create(root.path()).unwrap();
        assert!(one.path().exists() && in_use(one.path()));
        let path = one.path().to_path_buf();
        drop(one);
        assert!(!path.exists() && two.path().exists());
        drop(two);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
