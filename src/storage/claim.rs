//! Names that one process has for itself: who writes a dataset.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::{Error, PutMode, PutPayload};

use super::location::Location;
use super::wait::wait;

/// Time between two attempts to claim a name that somebody else holds.
const PAUSE: Duration = Duration::from_millis(50);

/// A name that is claimed until this is dropped. On this host it is a locked file, which stays, and
/// whose lock goes with the process; in a store it is an object, which goes with the claim, and
/// which a process that was killed leaves behind.
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
    /// Nothing any more.
    Nothing,
}

impl Claim {
    /// Gives the name up, and removes the file or object that stood for it.
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
            // Nobody is left to tell; whoever claims it next is told that it is there.
            let _ = self.place.remove();
        }
    }
}

impl Location {
    /// Claims a name, by an empty file that is locked or an object that is made, for as long as the
    /// claim lives; `shared` with others that share it. Waits while somebody else holds it; none
    /// where `stop` says to wait no longer.
    ///
    /// # Errors
    ///
    /// `Unsupported` where a claim is to be shared and the store has no locks.
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
                // Whoever held it before has removed it; a lock of a file without a name keeps
                // nobody out.
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

/// Whether a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |open: fs::Metadata, named: fs::Metadata| {
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    };
    file.metadata()
        .and_then(|open| Ok(same(open, fs::metadata(path)?)))
        .unwrap_or(false)
}

/// Opens, or makes, a file to be locked. Nothing is opened through a link, and what is there is
/// kept.
fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}
