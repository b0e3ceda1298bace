//! Names that one process claims for itself, such as the right to write a dataset.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};

use super::location::Location;
use super::wait::wait;

/// Time between two attempts to claim a name that another process holds.
const PAUSE: Duration = Duration::from_millis(50);
const OBJECT_PAUSE: Duration = Duration::from_millis(500);

/// Time between two signs of life of a claim that is an object, and time without one after which
/// nobody is taken to hold it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
const NO_LIFE: Duration = Duration::from_secs(60);

/// Age of such an object, by the clocks of this host and of the store, after which it may be
/// removed without looking twice. Clocks that differ by more are refused by stores.
const STALE: Duration = Duration::from_secs(15 * 60);

/// A claimed name, until this is dropped. On this host it is a locked file; the file stays, and the
/// lock ends with the process. In a store it is an object that is written again and again, and
/// removed with the claim; a killed process leaves it behind.
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
    Object(SignsOfLife),
    /// The claim has ended.
    Nothing,
}

impl Claim {
    /// Ends the claim, and removes its file or object.
    pub fn remove(mut self) {
        // The lock is held until the file has no name.
        let holds = std::mem::replace(&mut self.holds, Holds::Nothing);
        if let Holds::Lock { .. } = &holds {
            let _ = self.place.remove();
        }
        drop(holds);
    }

    /// True if another process has taken the claim over, since this one did not renew it in time.
    pub fn is_lost(&self) -> bool {
        match &self.holds {
            Holds::Object(signs) => signs.is_lost.load(Ordering::SeqCst),
            Holds::Lock { .. } | Holds::Nothing => false,
        }
    }
}

/// A thread that writes a claim's object again and again, until this is dropped.
#[derive(Debug)]
struct SignsOfLife {
    mark: Mark,
    is_lost: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SignsOfLife {
    fn of(mark: Mark) -> Self {
        let (stop, stopped) = channel();
        let is_lost = Arc::new(AtomicBool::new(false));
        let (renewed, lost) = (mark.clone(), Arc::clone(&is_lost));
        let sign = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(SIGN_OF_LIFE) {
                if !renewed.renew() {
                    lost.store(true, Ordering::SeqCst);
                    return;
                }
            }
        };
        // Without a thread there are no signs, and another process gives up waiting.
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(sign);
        SignsOfLife {
            mark,
            is_lost,
            stop: Some(stop),
            thread: thread.ok(),
        }
    }
}

impl Drop for SignsOfLife {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The last sign must not come after the removal.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // An error cannot be reported here. The next process that claims the name finds the object.
        if self.mark.is_own().unwrap_or(false) {
            let _ = self.mark.place.remove();
        }
    }
}

/// The object of a claim, whose content says who wrote it.
#[derive(Debug, Clone)]
struct Mark {
    place: Location,
    /// Number that no other claim has.
    nonce: String,
}

impl Mark {
    fn at(place: Location) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let nonce = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Mark { place, nonce })
    }

    /// Makes the object. False if there is one of another claim.
    fn make(&self) -> io::Result<bool> {
        let (store, path) = (
            Arc::clone(self.place.store().objects()),
            self.place.object()?,
        );
        let (content, create) = (self.content(), PutMode::Create.into());
        let made = wait(async move { store.put_opts(&path, content, create).await });
        match made {
            Ok(_) => Ok(true),
            // Stores give either error, also to a request that is made again after it succeeded.
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => self.is_own(),
            Err(error) => match self.is_own() {
                Ok(true) => Ok(true),
                _ => Err(self.place.failed(error)),
            },
        }
    }

    fn is_own(&self) -> io::Result<bool> {
        let found = self.place.read(LARGEST_CLAIM_BYTES)?;
        let found = found.as_deref().map(String::from_utf8_lossy);
        Ok(found.is_some_and(|found| found.contains(&self.nonce)))
    }

    /// Writes the object anew. False if it is another claim's meanwhile, or gone.
    fn renew(&self) -> bool {
        match self.is_own() {
            Ok(false) => false,
            // A store that does not answer now may answer the next time.
            Err(_) => true,
            Ok(true) => {
                if let Ok(object) = self.place.object() {
                    let (store, content) =
                        (Arc::clone(self.place.store().objects()), self.content());
                    let _ = wait(async move { store.put(&object, content).await });
                }
                true
            }
        }
    }

    fn content(&self) -> PutPayload {
        let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        PutPayload::from(format!(
            "host {}, process {}, at {now}, claim {}",
            hostname(),
            std::process::id(),
            self.nonce
        ))
    }
}

impl Location {
    /// Claims a name, by locking an empty file or making an object, until the claim is dropped.
    /// With `shared`, other processes may share the claim. Waits while another process holds the
    /// name. `None` if `stop` returns true meanwhile.
    ///
    /// # Errors
    ///
    /// The file or the object cannot be made or read.
    pub fn claim(&self, shared: bool, stop: &dyn Fn() -> bool) -> io::Result<Option<Claim>> {
        match self.local() {
            Some(path) => self.claim_file(path, shared, stop),
            None => self.claim_object(shared, stop),
        }
    }

    /// Removes the object of a claim that nobody has renewed for so long that its holder must have
    /// been killed. Returns true if there was one.
    fn remove_stale_claim(&self) -> io::Result<bool> {
        let Some(found) = self.head()? else {
            return Ok(false);
        };
        let age = chrono::Utc::now().signed_duration_since(found.last_modified);
        let is_stale = age.to_std().is_ok_and(|age| age > STALE);
        if is_stale {
            self.remove()?;
        }
        Ok(is_stale)
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

    /// Makes the object of a claim, then looks for claims that it cannot stand beside: a shared one
    /// for the exclusive one, and the exclusive one for all. Each process makes its own object
    /// before it looks, so that of two processes at least one sees the other, and steps back.
    fn claim_object(&self, shared: bool, stop: &dyn Fn() -> bool) -> io::Result<Option<Claim>> {
        let own = match shared {
            true => self.shared_mark(),
            false => self.clone(),
        };
        let mark = Mark::at(own)?;
        // The content of the object in the way as it was last seen to change.
        let mut seen: Option<(Location, Bytes, Instant)> = None;
        loop {
            let in_the_way = match mark.make()? {
                true => match self.in_the_way(shared)? {
                    None => {
                        return Ok(Some(Claim {
                            place: mark.place.clone(),
                            holds: Holds::Object(SignsOfLife::of(mark)),
                        }));
                    }
                    Some(other) => {
                        mark.place.remove()?;
                        other
                    }
                },
                false => mark.place.clone(),
            };
            if in_the_way.remove_stale_claim()? {
                continue;
            }
            if stop() {
                return Ok(None);
            }
            let found = in_the_way.read(LARGEST_CLAIM_BYTES)?.unwrap_or_default();
            match &seen {
                Some((place, known, since)) if *place == in_the_way && *known == found => {
                    if since.elapsed() > NO_LIFE {
                        // Whoever held it was killed, or finds that it has lost it.
                        in_the_way.remove()?;
                    }
                }
                _ => seen = Some((in_the_way, found, Instant::now())),
            }
            // Two processes that stepped back for each other do not come back together.
            let part = Duration::from_millis(u64::from(std::process::id()) % 100 * 5);
            std::thread::sleep(OBJECT_PAUSE + part);
        }
    }

    /// Returns a name for this process's shared claim.
    fn shared_mark(&self) -> Location {
        let host = hostname().replace(['/', '.'], "-");
        self.named_beside(&format!("{SHARED}{host}-{}", std::process::id()))
    }

    fn named_beside(&self, suffix: &str) -> Location {
        let name = format!("{}{suffix}", self.name());
        match self.parent() {
            Some(folder) => folder.join(&name),
            None => self.clone(),
        }
    }

    /// Returns an object that keeps a claim from being made, if there is one.
    fn in_the_way(&self, shared: bool) -> io::Result<Option<Location>> {
        if shared {
            return Ok(self.head()?.map(|_| self.clone()));
        }
        let Some(folder) = self.parent() else {
            return Ok(None);
        };
        let marks = format!("{}{SHARED}", self.name());
        let entries = folder.entries()?.into_iter();
        let mut found = entries.filter(|entry| entry.name.starts_with(&marks));
        Ok(found.next().map(|entry| folder.join(&entry.name)))
    }
}

/// Part of the names of shared claims' objects, between the claimed name and the process.
const SHARED: &str = ".shared.";

/// Name of this host. `unknown` if the system does not tell.
pub fn hostname() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
    host.map_or_else(|_| "unknown".to_owned(), |host| host.trim().to_owned())
}

/// Most bytes of a claim's object.
const LARGEST_CLAIM_BYTES: u64 = 1 << 16;

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
