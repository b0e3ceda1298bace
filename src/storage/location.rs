//! Places of data: in an object store, where the files of this host are one store.
//!
//! The functions block until the store has answered. A task of a runtime that asks for much should
//! go through `spawn_blocking`, or ask the store itself.

use std::cmp::Ordering;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStoreExt, PutPayload};

use super::kept::kept;
use super::paths::{StorageError, object_path};
use super::store::Store;
use super::system::sync_file_system;
use super::wait::wait;
use crate::output::{Output, OutputError};
use crate::text_file::read_bytes;

/// A place in a store: of a file, or of all files below it.
#[derive(Debug, Clone)]
pub struct Location {
    store: Store,
    key: LocationKey,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum LocationKey {
    /// An absolute path on this host.
    File(PathBuf),
    /// Parts with `/` between them; empty for a whole store.
    Object(String),
}

/// An entry directly below a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Folder,
    /// A link, a pipe or a device, which hold no data.
    Other,
}

impl EntryKind {
    fn of(found: fs::FileType) -> Self {
        match () {
            () if found.is_file() => EntryKind::File,
            () if found.is_dir() => EntryKind::Folder,
            () => EntryKind::Other,
        }
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.store.url() == other.store.url() && self.key == other.key
    }
}

impl Eq for Location {}

impl PartialOrd for Location {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Orders by the parts of paths and keys.
impl Ord for Location {
    fn cmp(&self, other: &Self) -> Ordering {
        let urls = self.store.url().as_str().cmp(other.store.url().as_str());
        urls.then_with(|| match (&self.key, &other.key) {
            (LocationKey::File(path), LocationKey::File(other)) => path.cmp(other),
            (LocationKey::Object(key), LocationKey::Object(other)) => {
                key.split('/').cmp(other.split('/'))
            }
            (LocationKey::File(_), LocationKey::Object(_)) => Ordering::Less,
            (LocationKey::Object(_), LocationKey::File(_)) => Ordering::Greater,
        })
    }
}

/// Shows the location as in messages and records.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            LocationKey::File(path) => path.display().fmt(f),
            LocationKey::Object(key) => write!(f, "{}{key}", self.store.url()),
        }
    }
}

/// The real path of what exists, and of the part that exists of what does not.
fn real_path(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(real), ..) => real,
        (Err(_), Some(parent), Some(name)) => real_path(parent).join(name),
        // It ends in `..` or is a root, and is not there.
        (Err(_), ..) => PathBuf::from("/"),
    }
}

impl Location {
    /// Returns the location of a path on this host.
    pub fn of_file(path: PathBuf) -> Self {
        Location {
            store: Store::local(),
            key: LocationKey::File(path),
        }
    }

    /// Returns the location of an object in a store.
    pub fn of_object(store: &Store, object: &ObjectPath) -> Self {
        match store.local_file(object) {
            Some(path) => Location::of_file(path),
            None => Location::named(store, object.as_ref()),
        }
    }

    /// Returns the location of a name in a store of objects.
    pub(super) fn named(store: &Store, name: &str) -> Self {
        Location {
            store: store.clone(),
            key: LocationKey::Object(name.to_owned()),
        }
    }

    /// Returns the location with links resolved. It need not exist; links in the part of its path
    /// that exists are followed. Object stores have no links.
    pub fn with_links_resolved(&self) -> Self {
        match self.local() {
            None => self.clone(),
            Some(path) => Location::of_file(real_path(path)),
        }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the path on this host, for operations that only files have: direct reads, residency,
    /// memory maps, syncing. `None` in another store.
    pub fn local(&self) -> Option<&Path> {
        match &self.key {
            LocationKey::File(path) => Some(path),
            LocationKey::Object(_) => None,
        }
    }

    /// Returns the path within the store.
    ///
    /// # Errors
    ///
    /// No object can have such a name.
    pub fn object(&self) -> Result<ObjectPath, StorageError> {
        match &self.key {
            LocationKey::File(path) => object_path(path),
            LocationKey::Object(key) => {
                ObjectPath::parse(key).map_err(|error| StorageError::BadPath {
                    location: self.to_string(),
                    reason: error.to_string(),
                })
            }
        }
    }

    /// Returns the parts of the name below another place, with `/` between them. `None` if it does
    /// not lie below that place.
    pub fn below(&self, base: &Location) -> Option<String> {
        match (&self.key, &base.key) {
            (LocationKey::File(path), LocationKey::File(base)) => {
                let below = path.strip_prefix(base).ok()?;
                Some(below.to_str()?.to_owned())
            }
            (LocationKey::Object(key), LocationKey::Object(base)) if base.is_empty() => {
                Some(key.clone())
            }
            (LocationKey::Object(key), LocationKey::Object(base)) => {
                let below = key.strip_prefix(base.as_str())?;
                match below {
                    "" => Some(String::new()),
                    below => below.strip_prefix('/').map(str::to_owned),
                }
            }
            _ => None,
        }
    }

    /// True if the location equals `base`, or lies below it.
    pub fn is_below(&self, base: &Location) -> bool {
        match (&self.key, &base.key) {
            (LocationKey::File(path), LocationKey::File(base)) => path.starts_with(base),
            _ => self.store.url() == base.store.url() && self.below(base).is_some(),
        }
    }

    /// Returns a location below this one; `/` separates the parts of `name`.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let key = match &self.key {
            LocationKey::File(path) => LocationKey::File(path.join(name)),
            LocationKey::Object(key) if key.is_empty() => LocationKey::Object(name.to_owned()),
            LocationKey::Object(key) => LocationKey::Object(format!("{key}/{name}")),
        };
        Location {
            store: self.store.clone(),
            key,
        }
    }

    /// Returns the location that contains this one. `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let key = match &self.key {
            LocationKey::File(path) => LocationKey::File(path.parent()?.to_owned()),
            LocationKey::Object(key) if key.is_empty() => return None,
            LocationKey::Object(key) => LocationKey::Object(
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

    /// Returns the cause of a store's error. The caller names the place.
    pub(super) fn failed(&self, error: Error) -> io::Error {
        let Error::Generic { source, .. } = error else {
            return io::Error::other(error);
        };
        let said = source.to_string();
        match said.strip_prefix(&self.to_string()) {
            Some(cause) => io::Error::other(cause.trim_start_matches([':', ',', ' ']).to_owned()),
            None => io::Error::other(source),
        }
    }

    /// Returns the name within the store, as a user wrote it.
    pub(super) fn name_in_store(&self) -> String {
        match &self.key {
            LocationKey::File(path) => path.to_string_lossy().into_owned(),
            LocationKey::Object(key) => key.clone(),
        }
    }

    /// Returns the last part of the name. Empty at the top.
    pub fn name(&self) -> String {
        match &self.key {
            LocationKey::File(path) => {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            }
            LocationKey::Object(key) => key.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }

    /// Returns size and time of the file, without reading it. `None` if there is no file.
    pub fn head(&self) -> io::Result<Option<ObjectMeta>> {
        let (store, object) = (Arc::clone(self.store.objects()), self.object()?);
        match wait(async move { store.head(&object).await }) {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Returns the size of the file in bytes. `None` if there is no file.
    pub fn bytes(&self) -> io::Result<Option<u64>> {
        match &self.key {
            LocationKey::File(path) => match fs::metadata(path) {
                Ok(found) => Ok(Some(found.len())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            LocationKey::Object(_) => Ok(self.head()?.map(|found| found.size)),
        }
    }

    /// True if a file or a folder exists there.
    pub fn exists(&self) -> bool {
        match &self.key {
            LocationKey::File(path) => path.exists(),
            LocationKey::Object(_) => self.bytes().is_ok_and(|it| it.is_some()) || self.is_folder(),
        }
    }

    /// True if files may lie below it: it is a folder, or the beginning of objects' names.
    pub fn is_folder(&self) -> bool {
        match &self.key {
            LocationKey::File(path) => path.is_dir(),
            LocationKey::Object(_) => self.entries().is_ok_and(|entries| !entries.is_empty()),
        }
    }

    /// Reads a whole file of at most `most_bytes` bytes. `None` if there is no file.
    ///
    /// # Errors
    ///
    /// `FileTooLarge` if the file is larger, `InvalidInput` if it is not a regular file.
    pub fn read(&self, most_bytes: u64) -> io::Result<Option<Bytes>> {
        if let LocationKey::File(path) = &self.key {
            return match read_bytes(path, most_bytes) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            };
        }
        let (store, object) = (Arc::clone(self.store.objects()), self.object()?);
        // One request, as another process may write the object anew between two.
        let read = wait(async move {
            let found = store.get(&object).await?;
            match found.meta.size > most_bytes {
                true => Ok(None),
                false => found.bytes().await.map(Some),
            }
        });
        match read {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            Ok(None) => Err(ErrorKind::FileTooLarge.into()),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Reads a range of the file.
    pub fn range(&self, range: std::ops::Range<u64>) -> io::Result<Bytes> {
        let (store, object) = (Arc::clone(self.store.objects()), self.object()?);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let read = wait(async move { store.get_opts(&object, options).await?.bytes().await });
        read.map_err(|error| self.failed(error))
    }

    /// Writes a whole file, and replaces an existing one.
    ///
    /// # Errors
    ///
    /// The same as those of [`Output::write`].
    pub fn write(&self, bytes: Vec<u8>) -> Result<(), OutputError> {
        if let LocationKey::File(path) = &self.key {
            let output = Output::own(path.clone());
            return output.write(|file| io::Write::write_all(file, &bytes));
        }
        let put = |object: ObjectPath| {
            let (store, length) = (self.store.clone(), bytes.len() as u64);
            wait(async move {
                let put = store
                    .objects()
                    .put(&object, PutPayload::from(bytes))
                    .await?;
                kept(&store, &object, length, &put).await
            })
        };
        let written = self.object().map_err(io::Error::from);
        let written = written.and_then(|object| put(object).map_err(|error| self.failed(error)));
        written.map_err(|source| OutputError::Failed {
            path: PathBuf::from(self.to_string()),
            source,
        })
    }

    /// Removes the file, if there is one.
    pub fn remove(&self) -> io::Result<()> {
        let removed = match &self.key {
            LocationKey::File(path) => fs::remove_file(path),
            LocationKey::Object(_) => {
                let (store, object) = (Arc::clone(self.store.objects()), self.object()?);
                match wait(async move { store.delete(&object).await }) {
                    Err(Error::NotFound { .. }) | Ok(()) => Ok(()),
                    Err(error) => Err(self.failed(error)),
                }
            }
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes files of one store, those that exist, by as few requests as it takes.
    pub fn remove_all(places: &[Location]) -> io::Result<()> {
        let Some(first) = places.first() else {
            return Ok(());
        };
        if !first.store.is_remote() {
            return places.iter().try_for_each(Location::remove);
        }
        let objects = places.iter().map(Location::object);
        let objects: Vec<ObjectPath> = objects.collect::<Result<_, _>>()?;
        let store = Arc::clone(first.store.objects());
        let removed = wait(async move {
            let named = futures::stream::iter(objects.into_iter().map(Ok)).boxed();
            let removed = store.delete_stream(named).map(|removed| match removed {
                Err(Error::NotFound { .. }) | Ok(_) => Ok(()),
                Err(error) => Err(error),
            });
            removed.try_collect::<()>().await
        });
        removed.map_err(|error| first.failed(error))
    }

    /// Returns the kind of the entry, and does not follow a link. `None` if nothing exists there.
    pub fn kind(&self) -> io::Result<Option<EntryKind>> {
        let LocationKey::File(path) = &self.key else {
            return Ok(self.bytes()?.map(|_| EntryKind::File));
        };
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Some(EntryKind::of(found.file_type()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the entries directly below, in no order. Empty if nothing exists there. Names that are
    /// not UTF-8 (this program makes none) are listed in a readable form that does not lead to the
    /// entry.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        if let LocationKey::File(path) = &self.key {
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
                        kind: EntryKind::of(kind),
                    })
                })
                .collect();
        }
        let (store, object) = (Arc::clone(self.store.objects()), self.object()?);
        let found = wait(async move { store.list_with_delimiter(Some(&object)).await });
        let found = found.map_err(|error| self.failed(error))?;
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

    /// Lists all objects below a place in a store, in the order of their paths. Files of this host
    /// are listed by [`list`](super::list), which follows links.
    pub fn objects_below(&self) -> io::Result<Vec<ObjectMeta>> {
        let (store, object) = (Arc::clone(self.store.objects()), self.object()?);
        let found = wait(async move { store.list(Some(&object)).try_collect().await });
        let mut found: Vec<ObjectMeta> = found.map_err(|error| self.failed(error))?;
        found.sort_by(|left, right| left.location.cmp(&right.location));
        Ok(found)
    }

    /// Makes the folder, if the store has folders.
    pub fn create_folder(&self) -> io::Result<()> {
        match &self.key {
            LocationKey::File(path) => fs::create_dir_all(path),
            LocationKey::Object(_) => Ok(()),
        }
    }

    /// Removes the folder if it is empty and the store has folders. Does nothing else.
    pub fn remove_empty_folder(&self) {
        if let LocationKey::File(path) = &self.key {
            let _ = fs::remove_dir(path);
        }
    }

    /// Writes the whole file system of this place to its device. Other stores do so by themselves.
    pub fn sync(&self) -> io::Result<()> {
        match &self.key {
            LocationKey::File(path) => sync_file_system(&File::open(path)?),
            LocationKey::Object(_) => Ok(()),
        }
    }
}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        io::Error::new(ErrorKind::InvalidInput, error)
    }
}
