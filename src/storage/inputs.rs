//! Files that are read for longer than a moment: what they were when they were first looked at, and
//! whether they still are.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::exit_class::ExitClass;

/// Bytes at each end of a file that are hashed. A Parquet file ends with its footer, where any
/// other content has other sizes, offsets or bounds.
const END_BYTES: u64 = 4 << 10;

/// What is the matter with a file that was there before.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} was changed while it was used: {what}", path.display())]
    Changed { path: PathBuf, what: String },
}

impl InputError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }
}

/// Files as they were when they were first looked at.
#[derive(Debug, Default)]
pub struct Inputs {
    files: Vec<Input>,
}

#[derive(Debug)]
struct Input {
    path: PathBuf,
    /// As it was when it was last found to have the same content.
    identity: Mutex<Identity>,
    ends: u64,
}

/// What the file system says of a file, without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Change of the inode, which no program can set.
    changed: (i64, i64),
    inode: (u64, u64),
    /// What else changes an inode: mode, owner, group, and the number of links.
    access: (u32, u32, u32, u64),
}

impl Identity {
    fn of(found: &Metadata) -> Self {
        Identity {
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            inode: (found.dev(), found.ino()),
            access: (found.mode(), found.uid(), found.gid(), found.nlink()),
        }
    }
}

impl Inputs {
    /// Looks at files for the first time.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Self, InputError> {
        let files = paths.into_iter().map(|path| {
            let unreadable = |source| InputError::Unreadable {
                path: path.to_owned(),
                source,
            };
            let (identity, ends) = look(path).map_err(unreadable)?;
            Ok(Input {
                path: path.to_owned(),
                identity: Mutex::new(identity),
                ends,
            })
        });
        Ok(Inputs {
            files: files.collect::<Result<_, _>>()?,
        })
    }

    /// Looks at all files again.
    ///
    /// Another size or time of modification is a change, and so is an inode that was changed for no
    /// other reason than that its time of modification was set back. New links and permissions
    /// change no content, and some network file systems give inodes anew: there the ends of the
    /// file decide.
    ///
    /// # Errors
    ///
    /// Names the first file that is not what it was.
    pub fn check(&self) -> Result<(), InputError> {
        self.files.iter().try_for_each(Input::check)
    }

    /// Hashes of the ends of each file, by which contents of one size and time differ.
    pub fn ends(&self) -> Vec<u64> {
        self.files.iter().map(|file| file.ends).collect()
    }
}

impl Input {
    fn check(&self) -> Result<(), InputError> {
        let changed = |what: String| {
            Err(InputError::Changed {
                path: self.path.clone(),
                what,
            })
        };
        let mut identity = self.identity.lock();
        let (was, is) = match std::fs::metadata(&self.path) {
            Ok(found) => (*identity, Identity::of(&found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return changed("it is gone".to_owned());
            }
            Err(error) => return changed(error.to_string()),
        };
        if was == is {
            return Ok(());
        }
        if was.bytes != is.bytes {
            return changed(format!("it had {} bytes, and has {}", was.bytes, is.bytes));
        }
        if was.modified != is.modified {
            return changed("it was written to".to_owned());
        }
        if was.changed != is.changed && (was.access == is.access || was.inode != is.inode) {
            return changed("its inode was changed though its size and time were not, so that its content may be another".to_owned());
        }
        match look(&self.path) {
            Ok((is, ends)) if ends == self.ends => {
                *identity = is;
                Ok(())
            }
            Ok(_) => changed("another file is in its place".to_owned()),
            Err(error) => changed(error.to_string()),
        }
    }
}

/// A file's identity, and a hash of its ends.
fn look(path: &Path) -> io::Result<(Identity, u64)> {
    let file = File::open(path)?;
    let identity = Identity::of(&file.metadata()?);
    let length = identity.bytes.min(END_BYTES);
    let mut end = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut end, 0)?;
    let first = xxh3_64(&end);
    file.read_exact_at(&mut end, identity.bytes - length)?;
    Ok((identity, xxh3_64_with_seed(&end, first)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    /// Two files of one size, and the look at the first.
    fn files() -> (tempfile::TempDir, PathBuf, PathBuf, Inputs) {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "first content").unwrap();
        fs::write(&other, "other content").unwrap();
        let inputs = Inputs::of([one.as_path()]).unwrap();
        inputs.check().unwrap();
        (folder, one, other, inputs)
    }

    fn restore_times(file: &Path, like: &Metadata) {
        let times = fs::FileTimes::new()
            .set_modified(like.modified().unwrap())
            .set_accessed(like.accessed().unwrap());
        File::options()
            .write(true)
            .open(file)
            .unwrap()
            .set_times(times)
            .unwrap();
    }

    /// Writes into a file and sets its time back, until the clock of the file system has moved on.
    fn overwrite(file: &Path, content: &[u8], at: u64) {
        let was = fs::metadata(file).unwrap();
        let changed = |found: &Metadata| (found.ctime(), found.ctime_nsec());
        while changed(&fs::metadata(file).unwrap()) == changed(&was) {
            let open = File::options().write(true).open(file).unwrap();
            open.write_all_at(content, at).unwrap();
            restore_times(file, &was);
        }
    }

    fn what(inputs: &Inputs) -> String {
        inputs.check().unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_grows_shrinks_or_goes_is_named() {
        let (_folder, one, _, inputs) = files();
        let mut file = File::options().append(true).open(&one).unwrap();
        file.write_all(b"more").unwrap();
        let found = what(&inputs);
        assert!(found.contains("had 13 bytes, and has 17"), "{found}");
        assert!(found.contains(one.to_str().unwrap()), "{found}");
        file.set_len(3).unwrap();
        assert!(what(&inputs).contains("and has 3"));
        fs::remove_file(&one).unwrap();
        assert!(what(&inputs).contains("it is gone"));
    }

    #[test]
    fn content_of_the_same_size_and_time_is_a_change_all_the_same() {
        let (_folder, one, other, inputs) = files();
        let was = fs::metadata(&one).unwrap();
        restore_times(&other, &was);
        fs::rename(&other, &one).unwrap();
        assert!(what(&inputs).contains(one.to_str().unwrap()));

        let (_folder, one, _, inputs) = files();
        overwrite(&one, b"other content", 0);
        assert!(what(&inputs).contains("its inode was changed"));
    }

    #[test]
    fn a_change_far_from_both_ends_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        fs::write(&one, vec![0; 1 << 20]).unwrap();
        let inputs = Inputs::of([one.as_path()]).unwrap();
        overwrite(&one, b"other", 1 << 19);
        assert!(what(&inputs).contains("its inode was changed"));
    }

    #[test]
    fn links_and_permissions_are_no_change() {
        let (folder, one, _, inputs) = files();
        fs::hard_link(&one, folder.path().join("link")).unwrap();
        inputs.check().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&one, mode).unwrap();
        inputs.check().unwrap();
    }
}
