//! An object store that data lies in.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;

use super::local::local_store;
use super::paths::{StorageError, local_file};

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
        // One for all: a location of each of very many files is to take little memory.
        static LOCAL: LazyLock<Store> = LazyLock::new(|| {
            Store(Arc::new(Inner {
                objects: local_store(),
                url: ObjectStoreUrl::local_filesystem(),
                files: true,
            }))
        });
        LOCAL.clone()
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
}
