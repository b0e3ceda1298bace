//! The layer that counts reads.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectStore, Result};

use super::ledger::Ledger;
use crate::storage::{ReadLayer, RequestPlanner, Store, counted_in, explained};

/// Height in a stack of layers at which reads are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Height {
    /// On top: counts the reads of the engine.
    Engine,
    /// Below all layers that change requests: counts the requests that reach the storage.
    Storage,
}

/// Counts answered reads in a ledger.
#[derive(Debug)]
pub(super) struct CountingLayer {
    below: Arc<dyn ObjectStore>,
    ledger: Arc<Ledger>,
    height: Height,
    /// Requests that the ranges would become, if they are counted instead of the ranges.
    as_if_by: Option<RequestPlanner>,
    /// Names files in messages.
    store: Store,
}

impl CountingLayer {
    /// Counts the reads of the engine, and rewords the errors that it gets.
    pub(super) fn of_engine(
        below: Arc<dyn ObjectStore>,
        ledger: Arc<Ledger>,
        store: Store,
    ) -> Self {
        CountingLayer {
            below,
            ledger,
            height: Height::Engine,
            as_if_by: None,
            store,
        }
    }

    /// Counts the requests that reach the storage.
    pub(super) fn of_storage(
        below: Arc<dyn ObjectStore>,
        ledger: Arc<Ledger>,
        store: Store,
    ) -> Self {
        CountingLayer {
            below,
            ledger,
            height: Height::Storage,
            as_if_by: None,
            store,
        }
    }

    /// Counts the requests that a plan makes of ranges, instead of the ranges.
    pub(super) fn counting_by(self, planner: Option<RequestPlanner>) -> Self {
        CountingLayer {
            as_if_by: planner,
            ..self
        }
    }

    fn count(&self, file: &Path, ranges: &[Range<u64>], started: Instant) {
        match self.height {
            Height::Engine => self.ledger.asked(file, ranges, started.elapsed()),
            Height::Storage => match &self.as_if_by {
                Some(planner) => self.ledger.sent(file, &planner.requests(file, ranges)),
                None => self.ledger.sent(file, ranges),
            },
        }
    }
}

#[async_trait]
impl ReadLayer for CountingLayer {
    const NAME: &'static str = "counted";

    fn below(&self) -> &Arc<dyn ObjectStore> {
        &self.below
    }

    async fn ranges(&self, file: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let started = Instant::now();
        let read = self.below.get_ranges(file, ranges);
        let read = match self.height {
            Height::Engine => read.await,
            Height::Storage => counted_in(Arc::clone(self.ledger.wire()), read).await,
        };
        match read {
            Ok(read) => {
                self.count(file, ranges, started);
                Ok(read)
            }
            Err(error) if self.height == Height::Engine => {
                let named = (file, self.store.shown(file));
                Err(explained(error, &self.below, named, ranges).await)
            }
            Err(error) => Err(error),
        }
    }

    async fn other(&self, file: &Path, options: GetOptions) -> Result<GetResult> {
        let started = Instant::now();
        let wire = Arc::clone(self.ledger.wire());
        let found = counted_in(wire, self.below.get_opts(file, options)).await?;
        self.count(file, std::slice::from_ref(&found.range), started);
        Ok(found)
    }
}
