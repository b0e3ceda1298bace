//! Names that one process claims for itself, such as the right to write a dataset.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::{Error, PutMode, PutPayload};

use super::location::Location;
use super::wait::wait;

/// Time between two attempts to claim a name that another process holds.
const PAUSE: Duration = Duration::from_millis(50);

/// A claimed name, until this is dropped. On this host it is a locked file; the file stays, and the
/// lock ends with the process. In a store it is an object that is removed with the claim; a killed
/// process leaves it behind.
#[derive(Debug)]
pub struct Claim {
    place: Location,
    holds: Holds,
}

#[derive(Debug)]
enum Holds {
    /// The lock of an open file.
    Lock {
        _file: File,
    },
    Object,
    /// The claim has ended.
    Nothing,
}

impl Claim {
    /// Ends the claim, and removes its file or object.
    pub fn remove(mut self) {
        // The lock is held until the file has no name.
        let holds = std::mem::replace(&mut self.holds, Holds::Nothing);
        let _ = self.place.remove();
        drop(holds);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if matches!(self.holds, Holds::Object) {
            // An error cannot be reported here. The next process that claims the name finds the
            // object.
            let _ = self.place.remove();
        }
    }
}

impl Location {
    /// Claims a name, by locking an empty file or making an object, until the claim is dropped.
    /// With `shared`, other processes may share the claim. Waits while another process holds the
    /// name. `None` if `stop` returns true meanwhile.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the claim is shared and the store has no locks.
    pub fn claim(&self, shared: bool, stop: &dyn Fn() -> bool) -> io::Result<Option<Claim>> {
        match self.local() {
            Some(path) => self.claim_file(path, shared, stop),
            None => self.claim_object(shared, stop),
        }
    }

    fn claim_file(
        &self,
        path: &Path,
        shared: bool,
        stop: &dyn Fn() -> bool,
    ) -> io::Result<Option<Claim>> {
        let mut file = open_lock(path)?;
        loop {
            let locked = match shared {
                true => file.try_lock_shared(),
                false => file.try_lock(),
            };
            match locked {
                Ok(()) if is_at(&file, path) => {
                    return Ok(Some(Claim {
                        place: self.clone(),
                        holds: Holds::Lock { _file: file },
                    }));
                }
                // The previous holder has removed the file. A lock on a file without a name keeps
                // no other process out.
                Ok(()) => file = open_lock(path)?,
                Err(TryLockError::WouldBlock) if stop() => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn claim_object(&self, shared: bool, stop: &dyn Fn() -> bool) -> io::Result<Option<Claim>> {
        if shared {
            return Err(io::Error::new(
                ErrorKind::Unsupported,
                "several processes cannot write a dataset in this store together",
            ));
        }
        let object = self.object()?;
        loop {
            let (store, object) = (Arc::clone(self.store().objects()), object.clone());
            let create = PutMode::Create.into();
            let made =
                wait(async move { store.put_opts(&object, PutPayload::new(), create).await });
            match made {
                Ok(_) => {
                    return Ok(Some(Claim {
                        place: self.clone(),
                        holds: Holds::Object,
                    }));
                }
                Err(Error::AlreadyExists { .. }) if stop() => return Ok(None),
                Err(Error::AlreadyExists { .. }) => std::thread::sleep(PAUSE),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}

/// True if a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |open: fs::Metadata, named: fs::Metadata| {
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    };
    file.metadata()
        .and_then(|open| Ok(same(open, fs::metadata(path)?)))
        .unwrap_or(false)
}

/// Opens or makes a file to be locked. Links are not followed, and existing content is kept.
fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}
