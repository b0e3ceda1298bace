//! The means of one measurement.

use std::sync::Arc;

use datafusion::prelude::SessionContext;

use crate::observe::{Ledger, MeasuredStore};

/// Store that one measurement reads through, and ledger in which its reads are counted.
pub(super) struct Measurement {
    pub(super) ledger: Arc<Ledger>,
    pub(super) store: MeasuredStore,
    /// The session whose plans bind that store.
    pub(super) context: SessionContext,
}
