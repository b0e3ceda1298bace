//! The stores that locations may name.

use std::sync::Arc;

use super::location::Location;
use super::paths::{StorageError, local_path};
use super::remote::RemoteStores;
use super::store::Store;
use crate::config::Connection;

/// The stores that locations may name.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    /// Stores besides the files of this host, which locations may always name.
    others: Vec<Store>,
    /// Stores behind a network.
    remote: Arc<RemoteStores>,
}

impl Stores {
    /// Returns stores that are reached as a config says. `rank` is the number of this process among
    /// those that work together.
    pub fn reached_by(connection: &Connection, rank: u64) -> Self {
        Stores {
            others: Vec::new(),
            remote: Arc::new(RemoteStores::new(connection.clone(), rank)),
        }
    }

    /// Adds another store.
    #[must_use]
    pub fn with(mut self, store: Store) -> Self {
        self.others.push(store);
        self
    }

    /// Parses a location as a user wrote it: a path, a `file://` URL, or a URL of one of the
    /// stores.
    ///
    /// # Errors
    ///
    /// It names none of the stores, or no file can have such a path.
    pub fn location(&self, text: &str) -> Result<Location, StorageError> {
        for store in &self.others {
            let url = store.url().as_str().trim_end_matches('/');
            match text.strip_prefix(url) {
                Some(key) if key.is_empty() || key.starts_with('/') => {
                    return Ok(Location::named(store, key.trim_matches('/')));
                }
                _ => {}
            }
        }
        if RemoteStores::names(text) {
            let (store, name) = self.remote.open(text)?;
            return Ok(Location::named(&store, &name));
        }
        Ok(Location::of_file(local_path(text)?))
    }
}
