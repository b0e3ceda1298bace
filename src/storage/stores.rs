//! The stores that locations may name.

use super::location::Location;
use super::paths::{StorageError, local_path};
use super::store::Store;

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
            if let Some(key) = text.strip_prefix(store.url().as_str()) {
                return Ok(Location::named(store, key.trim_matches('/')));
            }
        }
        Ok(Location::of_file(local_path(text)?))
    }
}
