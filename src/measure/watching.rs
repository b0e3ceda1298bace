//! Makes the parts of a cell's measurement: a store in layers, a ledger, a session and a watch.

use std::sync::Arc;

use super::cell::Cell;
use super::error::MeasureError;
use super::measurement::Measurement;
use crate::engine::measured;
use crate::observe::{ByteOrigin, CacheSetting, Ledger, MeasuredStore, Watch, WatchedFiles};
use crate::storage::ByteSource;

impl Cell {
    /// Makes an empty ledger of the query's files.
    pub fn ledger(&self) -> Arc<Ledger> {
        let files = self.tables.iter().flat_map(|table| {
            let layouts = table.layouts.iter().cloned();
            table.objects.iter().cloned().zip(layouts)
        });
        Arc::new(Ledger::new(files))
    }

    /// Builds a store whose reads come from `source` and count in a ledger.
    pub fn measured_store(&self, source: &ByteSource, ledger: &Arc<Ledger>) -> MeasuredStore {
        MeasuredStore::new(&self.store, source, &self.reader.requests, ledger)
    }

    /// Makes the parts of one measurement, whose reads come from `source`.
    pub fn measurement(&self, source: &ByteSource) -> Result<Measurement, MeasureError> {
        let ledger = self.ledger();
        let store = self.measured_store(source, &ledger);
        self.measurement_of(ledger, store)
    }

    /// Does the same with a store that also records the calls.
    pub(super) fn recording(&self, source: &ByteSource) -> Result<Measurement, MeasureError> {
        let ledger = self.ledger();
        let store = self.measured_store(source, &ledger).recording();
        self.measurement_of(ledger, store)
    }

    fn measurement_of(
        &self,
        ledger: Arc<Ledger>,
        store: MeasuredStore,
    ) -> Result<Measurement, MeasureError> {
        let context = measured(
            &self.context,
            &self.reader,
            self.store.url(),
            store.objects(),
        )?;
        Ok(Measurement {
            ledger,
            store,
            context,
        })
    }

    /// Brings the caches into the variant's state, untimed, and begins to watch executions.
    pub async fn watch(
        &self,
        source: &ByteSource,
        ledger: &Arc<Ledger>,
    ) -> Result<Watch, MeasureError> {
        let setting = CacheSetting {
            page_cache: self.reader.cache,
            engine: self.reader.engine_cache,
            whole_host: self.drop_caches,
            origin: match source {
                ByteSource::Memory(_) => ByteOrigin::Memory,
                _ if self.store.is_remote() => ByteOrigin::Network,
                _ => ByteOrigin::Files,
            },
        };
        let files = WatchedFiles {
            paths: Arc::clone(&self.files),
            bytes: self.file_bytes(),
        };
        Watch::begin(files, setting, Arc::clone(ledger))
            .await
            .map_err(|error| MeasureError::defect(error.to_string()))
    }

    /// Brings the page cache into that state once more.
    pub(super) async fn prepare(&self, watch: &mut Watch) -> Result<(), MeasureError> {
        let prepared = watch.prepare().await;
        prepared.map_err(|error| MeasureError::defect(error.to_string()))
    }
}
