//! Steps of passes, which are kept until the result files are written.

use std::time::SystemTime;

use crate::loader::Steps;
use crate::record::{Phase, Utilization};

/// Steps of one pass, for the result files in DLIO's form.
pub(super) struct PassSteps {
    pub(super) phase: Phase,
    pub(super) epoch: u64,
    pub(super) started: SystemTime,
    pub(super) ended: SystemTime,
    /// Steps of each accelerator, and its utilization.
    pub(super) steps: Vec<Steps>,
    pub(super) utilizations: Vec<Utilization>,
}
