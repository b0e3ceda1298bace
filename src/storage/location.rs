//! Where data lies: a place in an object store, of which the files of this host are one.
//!
//! Its functions block. They are for threads that may wait: tasks of a runtime go through
//! `spawn_blocking`, or ask the store itself.

use std::cmp::Ordering;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{
    Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload,
};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::beyond::local_file;
use super::local::local_store;
use super::paths::{StorageError, local_path, object_path};
use crate::output::{Output, OutputError};
use crate::text_file::read_bytes;

/// An object store that data lies in. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: Arc<dyn ObjectStore>,
    url: ObjectStoreUrl,
    /// Whether its objects are files of this host.
    files: bool,
}

impl Store {
    /// The files of this host, by their absolute paths.
    pub fn local() -> Self {
        Store(Arc::new(Inner {
            objects: local_store(),
            url: ObjectStoreUrl::local_filesystem(),
            files: true,
        }))
    }

    /// Another store. `url` is a scheme and a host, such as `memory://data`.
    ///
    /// # Errors
    ///
    /// Where that is no such URL.
    pub fn of(url: &str, objects: Arc<dyn ObjectStore>) -> Result<Self, StorageError> {
        let parsed = ObjectStoreUrl::parse(url);
        let url = parsed.map_err(|error| StorageError::BadPath {
            location: url.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Store(Arc::new(Inner {
            objects,
            url,
            files: false,
        })))
    }

    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.0.objects
    }

    /// The URL that the engine knows the store by.
    pub fn url(&self) -> &ObjectStoreUrl {
        &self.0.url
    }

    /// Whether its objects are files of this host.
    pub fn is_local(&self) -> bool {
        self.0.files
    }

    /// The file of this host that an object is; none of another store.
    pub fn local_file(&self, object: &ObjectPath) -> Option<PathBuf> {
        local_file(object).ok().filter(|_| self.0.files)
    }

    /// An object's name in messages and records.
    pub fn shown(&self, object: &ObjectPath) -> String {
        match self.local_file(object) {
            Some(path) => path.display().to_string(),
            None => format!("{}{object}", self.0.url),
        }
    }

    /// The location of a file of this host. For [`Store::local`] only.
    pub(super) fn file(&self, path: PathBuf) -> Location {
        Location {
            store: self.clone(),
            key: Key::File(path),
        }
    }

    /// The location of an object by its name in a store of objects.
    pub(super) fn named(&self, name: &str) -> Location {
        Location {
            store: self.clone(),
            key: Key::Object(name.to_owned()),
        }
    }

    /// The location of an object.
    pub fn location_of(&self, object: &ObjectPath) -> Location {
        match self.local_file(object) {
            Some(path) => self.file(path),
            None => self.named(object.as_ref()),
        }
    }
}

/// The stores that locations may name.
#[derive(Debug, Clone)]
pub struct Stores {
    local: Store,
    others: Vec<Store>,
}

impl Default for Stores {
    /// The files of this host, and no other store.
    fn default() -> Self {
        Stores {
            local: Store::local(),
            others: Vec::new(),
        }
    }
}

impl Stores {
    /// The same, and another store.
    #[must_use]
    pub fn with(mut self, store: Store) -> Self {
        self.others.push(store);
        self
    }

    /// The files of this host.
    pub fn local(&self) -> &Store {
        &self.local
    }

    /// A location as a user wrote it: a path, a `file://` URL, or a URL of one of the stores.
    ///
    /// # Errors
    ///
    /// Where it names none of the stores, or no file can have such a path.
    pub fn location(&self, text: &str) -> Result<Location, StorageError> {
        for store in &self.others {
            if let Some(key) = text.strip_prefix(store.0.url.as_str()) {
                return Ok(store.named(key.trim_matches('/')));
            }
        }
        Ok(self.local.file(local_path(text)?))
    }
}

/// A place in a store: of a file, or of all files below it.
#[derive(Debug, Clone)]
pub struct Location {
    store: Store,
    key: Key,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// An absolute path on this host.
    File(PathBuf),
    /// Parts with `/` between them; empty for all of a store.
    Object(String),
}

/// A thing that lies below a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Folder,
    /// A link, a pipe, a device: nothing that data lies in.
    Other,
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.store.0.url == other.store.0.url && self.key == other.key
    }
}

impl Eq for Location {}

impl PartialOrd for Location {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the parts of paths and keys.
impl Ord for Location {
    fn cmp(&self, other: &Self) -> Ordering {
        let urls = self.store.0.url.as_str().cmp(other.store.0.url.as_str());
        urls.then_with(|| self.key.cmp(&other.key))
    }
}

/// As messages and records name it.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Key::File(path) => path.display().fmt(f),
            Key::Object(key) => write!(f, "{}{key}", self.store.0.url),
        }
    }
}

impl Location {
    /// A place on this host.
    pub fn of_file(path: PathBuf) -> Self {
        Location {
            store: Store::local(),
            key: Key::File(path),
        }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The path on this host, for what only files can do: direct reads, residency, memory maps,
    /// syncing. None in another store.
    pub fn local(&self) -> Option<&Path> {
        match &self.key {
            Key::File(path) => Some(path),
            Key::Object(_) => None,
        }
    }

    /// The path within the store.
    ///
    /// # Errors
    ///
    /// Where no object can have such a name.
    pub fn object(&self) -> Result<ObjectPath, StorageError> {
        match &self.key {
            Key::File(path) => object_path(path),
            Key::Object(key) => ObjectPath::parse(key).map_err(|error| StorageError::BadPath {
                location: self.to_string(),
                reason: error.to_string(),
            }),
        }
    }

    /// The parts of the name below another place, with `/` between them; none for one that does not
    /// lie below it.
    pub fn below(&self, base: &Location) -> Option<String> {
        match (&self.key, &base.key) {
            (Key::File(path), Key::File(base)) => {
                let below = path.strip_prefix(base).ok()?;
                Some(below.to_str()?.to_owned())
            }
            (Key::Object(key), Key::Object(base)) if base.is_empty() => Some(key.clone()),
            (Key::Object(key), Key::Object(base)) => {
                let below = key.strip_prefix(base.as_str())?;
                match below {
                    "" => Some(String::new()),
                    below => below.strip_prefix('/').map(str::to_owned),
                }
            }
            _ => None,
        }
    }

    /// Whether it is another place, or lies below it.
    pub fn is_below(&self, base: &Location) -> bool {
        match (&self.key, &base.key) {
            (Key::File(path), Key::File(base)) => path.starts_with(base),
            _ => self.store.0.url == base.store.0.url && self.below(base).is_some(),
        }
    }

    /// A place below this one; `/` stands between parts of `name`.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let key = match &self.key {
            Key::File(path) => Key::File(path.join(name)),
            Key::Object(key) if key.is_empty() => Key::Object(name.to_owned()),
            Key::Object(key) => Key::Object(format!("{key}/{name}")),
        };
        Location {
            store: self.store.clone(),
            key,
        }
    }

    /// The place that this one lies in; none at the top.
    pub fn parent(&self) -> Option<Self> {
        let key = match &self.key {
            Key::File(path) => Key::File(path.parent()?.to_owned()),
            Key::Object(key) if key.is_empty() => return None,
            Key::Object(key) => Key::Object(
                key.rsplit_once('/')
                    .map_or("", |(above, _)| above)
                    .to_owned(),
            ),
        };
        Some(Location {
            store: self.store.clone(),
            key,
        })
    }

    /// The name within the store, as a user wrote it.
    pub(super) fn name_in_store(&self) -> String {
        match &self.key {
            Key::File(path) => path.to_string_lossy().into_owned(),
            Key::Object(key) => key.clone(),
        }
    }

    /// The last part of the name; empty at the top.
    pub fn name(&self) -> String {
        match &self.key {
            Key::File(path) => {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            }
            Key::Object(key) => key.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }

    /// What is known of the file there without reading it; none where there is none.
    pub fn head(&self) -> io::Result<Option<ObjectMeta>> {
        let (store, object) = (Arc::clone(&self.store.0.objects), self.object()?);
        wait(async move {
            match store.head(&object).await {
                Ok(found) => Ok(Some(found)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(io::Error::other(error)),
            }
        })
    }

    /// Bytes of the file there; none where there is none.
    pub fn bytes(&self) -> io::Result<Option<u64>> {
        match &self.key {
            Key::File(path) => match fs::metadata(path) {
                Ok(found) => Ok(Some(found.len())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Key::Object(_) => Ok(self.head()?.map(|found| found.size)),
        }
    }

    /// Whether a file or a folder is there.
    pub fn exists(&self) -> bool {
        match &self.key {
            Key::File(path) => path.exists(),
            Key::Object(_) => self.bytes().is_ok_and(|it| it.is_some()) || self.is_folder(),
        }
    }

    /// Whether files may lie below it: a folder, or the beginning of objects' names.
    pub fn is_folder(&self) -> bool {
        match &self.key {
            Key::File(path) => path.is_dir(),
            Key::Object(_) => self.entries().is_ok_and(|entries| !entries.is_empty()),
        }
    }

    /// Reads a whole file of at most so many bytes; none where there is none.
    ///
    /// # Errors
    ///
    /// `FileTooLarge` for a larger one, `InvalidInput` for what is no file.
    pub fn read(&self, most_bytes: u64) -> io::Result<Option<Bytes>> {
        if let Key::File(path) = &self.key {
            return match read_bytes(path, most_bytes) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            };
        }
        let Some(found) = self.head()? else {
            return Ok(None);
        };
        if found.size > most_bytes {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.range(0..found.size).map(Some)
    }

    /// Reads a range of the file there.
    pub fn range(&self, range: std::ops::Range<u64>) -> io::Result<Bytes> {
        let (store, object) = (Arc::clone(&self.store.0.objects), self.object()?);
        wait(async move {
            if range.is_empty() {
                return Ok(Bytes::new());
            }
            let options = GetOptions {
                range: Some(GetRange::Bounded(range)),
                ..GetOptions::default()
            };
            let found = store.get_opts(&object, options).await;
            let found = found.map_err(io::Error::other)?;
            found.bytes().await.map_err(io::Error::other)
        })
    }

    /// Writes a file whole, in place of the one that is there.
    ///
    /// # Errors
    ///
    /// As those of [`Output::write`].
    pub fn write(&self, bytes: Vec<u8>) -> Result<(), OutputError> {
        if let Key::File(path) = &self.key {
            let output = Output::own(path.clone());
            return output.write(|file| io::Write::write_all(file, &bytes));
        }
        let put = |object: ObjectPath| {
            let store = Arc::clone(&self.store.0.objects);
            wait(async move { store.put(&object, PutPayload::from(bytes)).await })
        };
        let written = self.object().map_err(io::Error::from);
        let written = written.and_then(|object| put(object).map_err(io::Error::other));
        written.map(|_| ()).map_err(|source| OutputError::Failed {
            path: PathBuf::from(self.to_string()),
            source,
        })
    }

    /// Removes the file there, if there is one.
    pub fn remove(&self) -> io::Result<()> {
        let removed = match &self.key {
            Key::File(path) => fs::remove_file(path),
            Key::Object(_) => {
                let (store, object) = (Arc::clone(&self.store.0.objects), self.object()?);
                wait(async move {
                    match store.delete(&object).await {
                        Err(Error::NotFound { .. }) | Ok(()) => Ok(()),
                        Err(error) => Err(io::Error::other(error)),
                    }
                })
            }
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What lies directly below, in no order; nothing where nothing is there.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        if let Key::File(path) = &self.key {
            let listed = match fs::read_dir(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                listed => listed?,
            };
            return listed
                .map(|entry| {
                    let entry = entry?;
                    let kind = entry.file_type()?;
                    Ok(Entry {
                        name: entry.file_name().to_string_lossy().into_owned(),
                        kind: match () {
                            () if kind.is_file() => EntryKind::File,
                            () if kind.is_dir() => EntryKind::Folder,
                            () => EntryKind::Other,
                        },
                    })
                })
                .collect();
        }
        let (store, object) = (Arc::clone(&self.store.0.objects), self.object()?);
        let found = wait(async move {
            let found = store.list_with_delimiter(Some(&object)).await;
            found.map_err(io::Error::other)
        })?;
        let entry = |path: &ObjectPath, kind| {
            let name = path.filename().unwrap_or_default().to_owned();
            Entry { name, kind }
        };
        let files = found.objects.iter();
        let files = files.map(|it| entry(&it.location, EntryKind::File));
        let folders = found.common_prefixes.iter();
        let folders = folders.map(|it| entry(it, EntryKind::Folder));
        Ok(files.chain(folders).collect())
    }

    /// All objects below a place in a store, in the order of their paths. Files of this host are
    /// listed by [`list`](super::list), which follows links.
    pub fn objects_below(&self) -> io::Result<Vec<ObjectMeta>> {
        let (store, object) = (Arc::clone(&self.store.0.objects), self.object()?);
        let mut found: Vec<ObjectMeta> = wait(async move {
            let listed = store.list(Some(&object)).try_collect().await;
            listed.map_err(io::Error::other)
        })?;
        found.sort_by(|left, right| left.location.cmp(&right.location));
        Ok(found)
    }

    /// Makes the folder, where the store has folders.
    pub fn create_folder(&self) -> io::Result<()> {
        match &self.key {
            Key::File(path) => fs::create_dir_all(path),
            Key::Object(_) => Ok(()),
        }
    }

    /// Removes the folder where it is empty and the store has folders; leaves any other.
    pub fn remove_empty_folder(&self) {
        if let Key::File(path) = &self.key {
            let _ = fs::remove_dir(path);
        }
    }

    /// Brings everything that was written there to the device; stores do so by themselves.
    pub fn sync(&self) -> io::Result<()> {
        match &self.key {
            Key::File(path) => Ok(nix::unistd::syncfs(&File::open(path)?)?),
            Key::Object(_) => Ok(()),
        }
    }

    /// Claims a name, by an empty file that is locked or made new, for as long as the claim lives;
    /// `shared` with others that share it. None while somebody else holds it.
    ///
    /// # Errors
    ///
    /// `Unsupported` where a claim is to be shared and the store has no locks.
    pub fn try_claim(&self, shared: bool) -> io::Result<Option<Claim>> {
        let Key::File(path) = &self.key else {
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
        let (store, object) = (Arc::clone(&self.store.0.objects), self.object()?);
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

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        io::Error::new(ErrorKind::InvalidInput, error)
    }
}

/// Waits for a store. A thread of a runtime of several hands its other tasks over meanwhile.
fn wait<T>(future: impl Future<Output = T>) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| handle.block_on(future))
        }
        _ => futures::executor::block_on(future),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    /// A folder of this host and a place in a store: what holds of one holds of the other.
    fn places() -> (tempfile::TempDir, [Location; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let memory = Store::of("memory://test", Arc::new(InMemory::new())).unwrap();
        let stores = Stores::default().with(memory);
        let local = stores.location(&folder.path().join("data").display().to_string());
        let places = [
            local.unwrap(),
            stores.location("memory://test/data").unwrap(),
        ];
        (folder, places)
    }

    #[test]
    fn files_are_written_read_listed_and_removed_alike() {
        let (_folder, places) = places();
        for place in places {
            assert!(!place.exists() && place.entries().unwrap().is_empty());
            place.create_folder().unwrap();
            let file = place.join("note");
            assert_eq!(
                (file.read(10).unwrap(), file.bytes().unwrap()),
                (None, None)
            );
            file.write(b"one".to_vec()).unwrap();
            file.write(b"two".to_vec()).unwrap();
            assert_eq!(file.read(3).unwrap().unwrap(), "two");
            assert_eq!(file.bytes().unwrap(), Some(3));
            assert_eq!(file.range(1..3).unwrap(), "wo");
            let kind = file.read(2).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::FileTooLarge, "{place}");
            place.join("below").create_folder().unwrap();
            place.join("below/x").write(Vec::new()).unwrap();
            let mut entries = place.entries().unwrap();
            entries.sort_by(|left, right| left.name.cmp(&right.name));
            let entry = |name: &str, kind| Entry {
                name: name.to_owned(),
                kind,
            };
            let expected = [
                entry("below", EntryKind::Folder),
                entry("note", EntryKind::File),
            ];
            assert_eq!(entries, expected);
            assert!(place.is_folder() && !file.is_folder());
            file.remove().unwrap();
            file.remove().unwrap();
            assert!(!file.exists() && place.exists());
            place.sync().unwrap();
        }
    }

    #[test]
    fn a_name_is_claimed_by_one_at_a_time() {
        let (_folder, places) = places();
        for place in places {
            place.create_folder().unwrap();
            let lock = place.join("lock");
            let held = lock.try_claim(false).unwrap().unwrap();
            assert!(lock.try_claim(false).unwrap().is_none(), "{place}");
            assert!(lock.claim(false, &|| true).unwrap().is_none());
            drop(held);
            assert!(lock.claim(false, &|| false).unwrap().is_some());
        }
    }

    #[test]
    fn parts_of_names_are_joined_and_taken_apart_alike() {
        let (folder, places) = places();
        for place in &places {
            let below = place.join("train/a=b%20c");
            assert_eq!(below.name(), "a=b%20c");
            let parent = below.parent().unwrap();
            assert_eq!(
                (parent.name().as_str(), &parent),
                ("train", &place.join("train"))
            );
            assert!(below.object().unwrap().as_ref().ends_with("train/a=b%20c"));
            let again = place.store().location_of(&below.object().unwrap());
            assert_eq!((&again, again.to_string()), (&below, below.to_string()));
        }
        assert_eq!(places[1].join("x").to_string(), "memory://test/data/x");
        assert_eq!(places[1].local(), None);
        assert_eq!(
            places[0].local(),
            Some(folder.path().join("data").as_path())
        );
    }

    #[test]
    fn a_url_of_no_known_store_is_refused_by_name() {
        let error = Stores::default().location("s3://bucket/key").unwrap_err();
        assert!(error.to_string().contains("s3://bucket/key"), "{error}");
    }
}
