//! The parts that one measurement needs.

use std::sync::Arc;

use datafusion::prelude::SessionContext;

use crate::cluster::Exchange;
use crate::observe::{Ledger, MeasuredStore};

/// Store that one measurement reads through, and ledger that counts its reads.
pub struct Measurement {
    pub ledger: Arc<Ledger>,
    pub store: MeasuredStore,
    /// Session whose plans are bound to that store.
    pub context: SessionContext,
    /// Present if its plans run on workers.
    pub exchange: Option<Exchange>,
}
