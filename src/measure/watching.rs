//! Makes the parts of a cell's measurement: a store in layers, a ledger, a session and a watch.

use std::sync::Arc;

use super::cell::Cell;
use super::error::MeasureError;
use super::measurement::Measurement;
use super::observing::Observing;
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

    /// Makes the parts of a measurement in this process, even if workers execute the query.
    pub(super) fn measurement_here(
        &self,
        source: &ByteSource,
    ) -> Result<Measurement, MeasureError> {
        let ledger = self.ledger();
        let store = self.measured_store(source, &ledger);
        self.measurement_here_of(ledger, store)
    }

    fn measurement_of(
        &self,
        ledger: Arc<Ledger>,
        store: MeasuredStore,
    ) -> Result<Measurement, MeasureError> {
        let mut measurement = self.measurement_here_of(ledger, store)?;
        if let Some(deployment) = &self.deployment {
            let (exchange, context) = deployment.measurement(&measurement.context)?;
            measurement.exchange = Some(exchange);
            measurement.context = context;
        }
        Ok(measurement)
    }

    fn measurement_here_of(
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
            exchange: None,
        })
    }

    /// Brings the caches into the variant's state, untimed, and begins to watch executions: here,
    /// or on the workers.
    pub async fn watch<'a>(
        &self,
        source: &ByteSource,
        measurement: &'a Measurement,
    ) -> Result<Observing<'a>, MeasureError> {
        let watch = self.watch_here(source, &measurement.ledger).await?;
        if let Some(exchange) = &measurement.exchange {
            exchange.begin(self.cache_setting(source)).await?;
        }
        Ok(Observing::new(watch, measurement))
    }

    fn cache_setting(&self, source: &ByteSource) -> CacheSetting {
        CacheSetting {
            page_cache: self.reader.cache,
            engine: self.reader.engine_cache,
            whole_host: self.drop_caches,
            origin: match source {
                ByteSource::Memory(_) => ByteOrigin::Memory,
                _ if self.store.is_remote() || self.deployment.is_some() => ByteOrigin::Network,
                _ => ByteOrigin::Files,
            },
        }
    }

    /// Does the same for executions in this process alone.
    pub async fn watch_here(
        &self,
        source: &ByteSource,
        ledger: &Arc<Ledger>,
    ) -> Result<Watch, MeasureError> {
        let setting = self.cache_setting(source);
        let files = WatchedFiles {
            paths: Arc::clone(&self.files),
            bytes: self.file_bytes(),
        };
        Watch::begin(files, setting, Arc::clone(ledger))
            .await
            .map_err(|error| MeasureError::defect(error.to_string()))
    }
}
