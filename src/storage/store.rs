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

    /// Returns the URL by which the engine knows the store.
    pub fn url(&self) -> &ObjectStoreUrl {
        &self.0.url
    }

    /// True if the objects are files of this host.
    pub fn is_local(&self) -> bool {
        self.0.files
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
