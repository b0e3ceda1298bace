//! Workers of a run.

use std::sync::Arc;

use crate::cluster::{ClusterError, Workers};
use crate::config::Measure;
use crate::record::Lane;

/// Workers that execute the queries of a run.
#[derive(Debug, Clone)]
pub struct WorkersOfRun {
    pub workers: Arc<Workers>,
    /// True if the run goes on without those that are lost.
    pub tolerates_losses: bool,
}

/// Refuses what workers cannot do.
pub(super) fn refuse_for_workers(measure: &Measure, traces: bool) -> Result<(), ClusterError> {
    let other = measure.lanes.iter().find(|lane| **lane != Lane::EndToEnd);
    let what = match other {
        Some(lane) => format!(
            "time the lane `{}`: no trace of all workers' reads is kept",
            lane.name()
        ),
        None if traces => "write a trace of their reads; leave --trace out".to_owned(),
        None if measure.break_even == Some(true) => {
            "record the requests that measure.break_even predicts from; leave it out".to_owned()
        }
        None => return Ok(()),
    };
    Err(ClusterError::NotDistributed { what })
}
