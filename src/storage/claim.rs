//! Names that one process has for itself: who writes a dataset.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::{Error, PutMode, PutPayload};

use super::location::{Location, wait};

/// A name that is claimed until this is dropped. On this host the file stays, in a store the object
/// goes.
#[derive(Debug)]
pub struct Claim {
    _file: Option<File>,
    object: Option<Location>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(object) = &self.object {
            // Nobody is left to tell; whoever claims it next is told that it is there.
            let _ = object.remove();
        }
    }
}

impl Location {
    /// Claims a name, by an empty file that is locked or made new, for as long as the claim lives;
    /// `shared` with others that share it. None while somebody else holds it.
    ///
    /// # Errors
    ///
    /// `Unsupported` where a claim is to be shared and the store has no locks.
    pub fn try_claim(&self, shared: bool) -> io::Result<Option<Claim>> {
        let Some(path) = self.local() else {
            return self.try_claim_object(shared);
        };
        let file = open_lock(path)?;
        let locked = match shared {
            true => file.try_lock_shared(),
            false => file.try_lock(),
        };
        match locked {
            Ok(()) if is_at(&file, path) => Ok(Some(Claim {
                _file: Some(file),
                object: None,
            })),
            // Whoever held it before has removed it; a lock of a file without a name keeps nobody
            // out.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn try_claim_object(&self, shared: bool) -> io::Result<Option<Claim>> {
        if shared {
            return Err(io::Error::new(
                ErrorKind::Unsupported,
                "several processes cannot write a dataset in this store together",
            ));
        }
        let (store, object) = (Arc::clone(self.store().objects()), self.object()?);
        let made = wait(async move {
            let create = PutMode::Create.into();
            match store.put_opts(&object, PutPayload::new(), create).await {
                Ok(_) => Ok(true),
                Err(Error::AlreadyExists { .. }) => Ok(false),
                Err(error) => Err(io::Error::other(error)),
            }
        })?;
        Ok(made.then(|| Claim {
            _file: None,
            object: Some(self.clone()),
        }))
    }

    /// As [`Location::try_claim`], waiting while somebody else holds the name; none where `stop`
    /// says to wait no longer.
    pub fn claim(&self, shared: bool, stop: &dyn Fn() -> bool) -> io::Result<Option<Claim>> {
        loop {
            if let Some(claim) = self.try_claim(shared)? {
                return Ok(Some(claim));
            }
            if stop() {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(50));
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
