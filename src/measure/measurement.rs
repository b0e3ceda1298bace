//! The parts that one measurement needs.

use std::sync::Arc;

use datafusion::prelude::SessionContext;

use crate::observe::{Ledger, MeasuredStore};

/// Store that one measurement reads through, and ledger that counts its reads.
pub(super) struct Measurement {
    pub(super) ledger: Arc<Ledger>,
    pub(super) store: MeasuredStore,
    /// Session whose plans are bound to that store.
    pub(super) context: SessionContext,
}
