//! Object stores: S3, Google Cloud Storage, Azure, and servers of HTTP.

mod address;
mod connect;
mod environment;
mod guard;
mod objects;
mod runtime;
mod wire_ledger;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use object_store::ObjectStore;
use parking_lot::Mutex;

pub(super) use runtime::started as network;
pub use wire_ledger::{WireLedger, counted_in};

use address::{Address, StoreKind};
use connect::clients;
use environment::Environment;
use guard::SignedQueries;
pub use guard::with_causes;
use objects::RemoteObjects;

use super::paths::StorageError;
use super::store::Store;
use crate::config::{Connection, EndpointSpread, without_secrets_of_urls};
use crate::secret::without_secrets;

/// Stores behind a network, each opened when a location first names it.
#[derive(Default)]
pub(super) struct RemoteStores {
    connection: Connection,
    /// Number of this process among those that work together.
    rank: u64,
    opened: Mutex<HashMap<String, (Store, SignedQueries)>>,
}

impl std::fmt::Debug for RemoteStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RemoteStores")
    }
}

impl RemoteStores {
    pub(super) fn new(connection: Connection, rank: u64) -> Self {
        RemoteStores {
            connection,
            rank,
            opened: Mutex::default(),
        }
    }

    /// True if a location names a store behind a network.
    pub(super) fn names(location: &str) -> bool {
        let scheme = location.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| scheme != "file")
    }

    /// Returns the store that a URL names, and the name of the place within it.
    pub(super) fn open(&self, location: &str) -> Result<(Store, String), StorageError> {
        let failed = |reason: String| StorageError::Unreachable {
            location: without_secrets_of_urls(location),
            reason: without_secrets(&reason),
        };
        let address = Address::parse(location).map_err(failed)?;
        let mut opened = self.opened.lock();
        let (store, queries) = match opened.get(&address.store) {
            Some(known) => known.clone(),
            None => {
                let new = self.connect(&address).map_err(failed)?;
                opened.insert(address.store.clone(), new.clone());
                new
            }
        };
        if let Some(query) = address.query {
            queries.lock().insert(format!("/{}", address.key), query);
        }
        Ok((store, address.key))
    }

    fn connect(&self, address: &Address) -> Result<(Store, SignedQueries), String> {
        let environment = Environment::of_process();
        let found = clients(address, &self.connection, &environment)?;
        let endpoints: Vec<Arc<str>> = found.of_endpoints.iter().map(|it| it.0.clone()).collect();
        let fixed = match self.connection.spread {
            EndpointSpread::Rank => Some((self.rank % endpoints.len() as u64) as usize),
            EndpointSpread::Requests => None,
        };
        let read_only = address.kind == StoreKind::Http;
        let objects: Arc<dyn ObjectStore> = Arc::new(RemoteObjects {
            kind: address.kind.name(),
            url: Arc::from(address.store.as_str()),
            clients: found.of_endpoints.into_iter().map(|it| it.1).collect(),
            fixed,
            next: AtomicUsize::default(),
            read_only,
        });
        let store = Store::remote(&address.store, objects, endpoints, read_only);
        let store = store.map_err(|error| error.to_string())?;
        Ok((store, found.queries))
    }
}
