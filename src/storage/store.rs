//! An object store that holds data.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;

use super::local::local_store;
use super::paths::{StorageError, local_file};

/// An object store that holds data. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: Arc<dyn ObjectStore>,
    url: ObjectStoreUrl,
    /// True if the objects are files of this host.
    files: bool,
    /// Present if the store is behind a network.
    remote: Option<RemoteFacts>,
}

/// Facts of a store behind a network.
#[derive(Debug)]
struct RemoteFacts {
    /// URLs of its servers, without users and passwords.
    endpoints: Vec<Arc<str>>,
    /// True if it takes no writes.
    read_only: bool,
}

impl Store {
    /// Returns the store of this host's files, by their absolute paths.
    pub fn local() -> Self {
        // All locations share one, so that each of very many locations takes little memory.
        static LOCAL: LazyLock<Store> = LazyLock::new(|| {
            Store(Arc::new(Inner {
                objects: local_store(),
                url: ObjectStoreUrl::local_filesystem(),
                files: true,
                remote: None,
            }))
        });
        LOCAL.clone()
    }

    /// Makes another store. `url` is a scheme and a host, such as `memory://data`.
    ///
    /// # Errors
    ///
    /// `url` is not such a URL.
    pub fn of(url: &str, objects: Arc<dyn ObjectStore>) -> Result<Self, StorageError> {
        Store::made(url, objects, None)
    }

    /// Makes a store behind a network, with the URLs of its servers.
    pub(super) fn remote(
        url: &str,
        objects: Arc<dyn ObjectStore>,
        endpoints: Vec<Arc<str>>,
        read_only: bool,
    ) -> Result<Self, StorageError> {
        let facts = RemoteFacts {
            endpoints,
            read_only,
        };
        Store::made(url, objects, Some(facts))
    }

    fn made(
        url: &str,
        objects: Arc<dyn ObjectStore>,
        remote: Option<RemoteFacts>,
    ) -> Result<Self, StorageError> {
        let parsed = ObjectStoreUrl::parse(url);
        let url = parsed.map_err(|error| StorageError::BadPath {
            location: url.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Store(Arc::new(Inner {
            objects,
            url,
            files: false,
            remote,
        })))
    }

    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.0.objects
    }

    /// Returns the URL by which the engine knows the store.
    pub fn url(&self) -> &ObjectStoreUrl {
        &self.0.url
    }

    /// True if the objects are files of this host.
    pub fn is_local(&self) -> bool {
        self.0.files
    }

    /// True if the store is behind a network.
    pub fn is_remote(&self) -> bool {
        self.0.remote.is_some()
    }

    /// True if the store takes no writes.
    pub fn is_read_only(&self) -> bool {
        self.0.remote.as_ref().is_some_and(|it| it.read_only)
    }

    /// Returns the URLs of the store's servers, without users and passwords. Empty for files of
    /// this host.
    pub fn endpoints(&self) -> Vec<String> {
        let remote = self.0.remote.as_ref();
        let endpoints = remote.map(|it| it.endpoints.iter().map(ToString::to_string));
        endpoints.into_iter().flatten().collect()
    }

    /// Returns the file of this host that an object is. `None` in another store.
    pub fn local_file(&self, object: &ObjectPath) -> Option<PathBuf> {
        local_file(object).ok().filter(|_| self.0.files)
    }

    /// Returns an object's name in messages and records.
    pub fn shown(&self, object: &ObjectPath) -> String {
        match self.local_file(object) {
            Some(path) => path.display().to_string(),
            None => format!("{}{object}", self.0.url),
        }
    }
}
