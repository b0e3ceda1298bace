//! Files that are read for longer than a moment. Their state is kept from the first look, and
//! compared later.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use object_store::ObjectMeta;
use parking_lot::Mutex;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::location::Location;

use crate::exit_class::ExitClass;

/// Bytes at each end of a file that are hashed. A Parquet file ends with its footer, which has
/// other sizes, offsets or bounds if the content differs.
const END_BYTES: u64 = 4 << 10;

/// Error about a file that existed before.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("{location}: {source}")]
    Unreadable { location: String, source: io::Error },
    #[error("{location}: {source}")]
    Unreachable { location: String, source: io::Error },
    #[error("{location} was changed while it was used: {what}")]
    Changed { location: String, what: String },
}

impl InputError {
    pub fn class(&self) -> ExitClass {
        match self {
            InputError::Unreachable { .. } => ExitClass::Failed,
            InputError::Unreadable { .. } | InputError::Changed { .. } => ExitClass::Usage,
        }
    }
}

/// The state of files at the first look.
#[derive(Debug, Default)]
pub struct Inputs {
    files: Vec<Input>,
}

#[derive(Debug)]
struct Input {
    location: Location,
    /// State when the content was last found to be the same.
    identity: Mutex<Identity>,
    ends: u64,
}

/// State of a file that is known without opening it.
#[derive(Debug, Clone, PartialEq)]
enum Identity {
    File(FileIdentity),
    /// Size, time, tag and version, by the store.
    Object(Box<ObjectMeta>),
}

/// The file system's entry of a file, read without opening the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    bytes: u64,
    /// Time of modification in seconds and nanoseconds.
    modified: (i64, i64),
    /// Time of the inode's last change, which no program can set.
    changed: (i64, i64),
    inode: (u64, u64),
    /// Mode, owner, group and number of links. A change of these changes the inode, too.
    access: (u32, u32, u32, u64),
}

impl FileIdentity {
    fn of(found: &Metadata) -> Self {
        FileIdentity {
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            inode: (found.dev(), found.ino()),
            access: (found.mode(), found.uid(), found.gid(), found.nlink()),
        }
    }
}

/// Most files of a store behind a network that are looked at one by one.
const MOST_SAMPLED: usize = 64;

/// Returns up to `most` of some things: the first, the last, and others spread evenly between them.
pub fn sampled<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most.max(2) {
        return all.to_vec();
    }
    let last = all.len() - 1;
    (0..most).map(|it| all[it * last / (most - 1)]).collect()
}

impl Inputs {
    /// Looks at files for the first time. In a store behind a network, up to [`MOST_SAMPLED`] stand
    /// for all: each read is held against the ETag of the first one.
    pub fn of<'a>(locations: impl IntoIterator<Item = &'a Location>) -> Result<Self, InputError> {
        let all: Vec<&Location> = locations.into_iter().collect();
        let is_remote = all.first().is_some_and(|it| it.store().is_remote());
        let files = match is_remote {
            true => sampled(&all, MOST_SAMPLED),
            false => all,
        };
        let files = files.into_iter().map(|location| {
            let unreadable = |source| InputError::Unreadable {
                location: location.to_string(),
                source,
            };
            let (identity, ends) = look(location).map_err(unreadable)?;
            Ok(Input {
                location: location.clone(),
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
    /// Another size or time of modification is a change. So is a changed inode if the time of
    /// modification was merely set back. New links and permissions do not change the content, and
    /// some network file systems assign new inodes; in these cases the ends of the file decide.
    ///
    /// # Errors
    ///
    /// Names the first file that has changed.
    pub fn check(&self) -> Result<(), InputError> {
        self.files.iter().try_for_each(Input::check)
    }

    /// Returns a hash of the ends of each file, which tells apart contents of equal size and time.
    pub fn ends(&self) -> Vec<u64> {
        self.files.iter().map(|file| file.ends).collect()
    }
}

impl Input {
    fn check(&self) -> Result<(), InputError> {
        let mut identity = self.identity.lock();
        let found = match (&*identity, self.location.local()) {
            (Identity::File(was), Some(path)) => difference_of_file(was, path),
            (Identity::Object(was), _) => difference_of_object(was, &self.location),
            (Identity::File(_), None) => return Ok(()),
        };
        let what = match found {
            Difference::None => return Ok(()),
            Difference::Some(what) => what,
            Difference::Unknown(source) => {
                return Err(InputError::Unreachable {
                    location: self.location.to_string(),
                    source,
                });
            }
            Difference::Perhaps => match look(&self.location) {
                Ok((is, ends)) if ends == self.ends => {
                    *identity = is;
                    return Ok(());
                }
                Ok(_) => "another file is in its place".to_owned(),
                Err(error) => error.to_string(),
            },
        };
        Err(InputError::Changed {
            location: self.location.to_string(),
            what,
        })
    }
}

/// Difference of a file from its earlier state, as far as it shows without opening the file.
enum Difference {
    None,
    /// The file has changed, in these words.
    Some(String),
    /// The ends of the file decide.
    Perhaps,
    /// The store does not say.
    Unknown(io::Error),
}

const GONE: &str = "it is gone";

fn difference_of_file(was: &FileIdentity, path: &Path) -> Difference {
    let is = match std::fs::metadata(path) {
        Ok(found) => FileIdentity::of(&found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Difference::Some(GONE.to_owned());
        }
        Err(error) => return Difference::Some(error.to_string()),
    };
    if *was == is {
        return Difference::None;
    }
    if was.bytes != is.bytes {
        return Difference::Some(of_sizes(was.bytes, is.bytes));
    }
    if was.modified != is.modified {
        return Difference::Some("it was written to".to_owned());
    }
    if was.changed != is.changed && (was.access == is.access || was.inode != is.inode) {
        return Difference::Some(
            "its inode was changed though its size and time were not, so that its content may be another"
                .to_owned(),
        );
    }
    Difference::Perhaps
}

fn difference_of_object(was: &ObjectMeta, location: &Location) -> Difference {
    match location.head() {
        Ok(Some(is)) if *was == is => Difference::None,
        Ok(Some(is)) if was.size != is.size => Difference::Some(of_sizes(was.size, is.size)),
        Ok(Some(_)) => Difference::Some("it was written to".to_owned()),
        Ok(None) => Difference::Some(GONE.to_owned()),
        Err(error) => Difference::Unknown(error),
    }
}

fn of_sizes(was: u64, is: u64) -> String {
    format!("it had {was} bytes, and has {is}")
}

/// Returns a file's identity, and a hash of its ends.
fn look(location: &Location) -> io::Result<(Identity, u64)> {
    let Some(path) = location.local() else {
        return look_at_object(location);
    };
    let file = File::open(path)?;
    let identity = FileIdentity::of(&file.metadata()?);
    let length = identity.bytes.min(END_BYTES);
    let mut end = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut end, 0)?;
    let first = xxh3_64(&end);
    file.read_exact_at(&mut end, identity.bytes - length)?;
    let ends = xxh3_64_with_seed(&end, first);
    Ok((Identity::File(identity), ends))
}

fn look_at_object(location: &Location) -> io::Result<(Identity, u64)> {
    let found = location.head()?.ok_or(io::ErrorKind::NotFound)?;
    let length = found.size.min(END_BYTES);
    let first = xxh3_64(&location.range(0..length)?);
    let end = location.range(found.size - length..found.size)?;
    let ends = xxh3_64_with_seed(&end, first);
    Ok((Identity::Object(Box::new(found)), ends))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::PathBuf;

    use super::*;

    /// Two files of one size, and the look at the first.
    fn files() -> (tempfile::TempDir, PathBuf, PathBuf, Inputs) {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "first content").unwrap();
        fs::write(&other, "other content").unwrap();
        let inputs = Inputs::of([&Location::of_file(one.clone())]).unwrap();
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
        let inputs = Inputs::of([&Location::of_file(one.clone())]).unwrap();
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
