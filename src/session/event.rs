//! Events of a run or another verb, for an observer that shows them.

use std::time::Duration;

use super::warning::Warning;
use crate::dataset::Progress;
use crate::record::{Kind, Lane, Phase, RunRecord};
use crate::storage::Location;

/// A step of a verb, which an observer may show.
#[derive(Debug)]
pub enum Event<'a> {
    /// A note about the config.
    Note(&'a str),
    /// A reason to trust figures less.
    Warning(&'a Warning),
    /// A dataset is about to be written.
    Begun {
        folder: &'a Location,
        writers: usize,
        /// Bytes that each writer holds in memory.
        row_group_bytes: u64,
    },
    Writing {
        dataset: usize,
        datasets: usize,
        folder: &'a Location,
        progress: Progress,
    },
    /// A cell is examined outside of the rounds: `what` names the examination, and `done` counts
    /// from 0.
    Looking {
        what: &'static str,
        done: usize,
        total: usize,
        scenario: &'a str,
        variant: &'a str,
    },
    Written {
        dataset: usize,
        datasets: usize,
        folder: &'a Location,
        files: u64,
        /// Number of files that an earlier, interrupted run had written.
        kept: u64,
        bytes: u64,
        /// Absent if files were kept.
        elapsed_ns: Option<u64>,
    },
    Reused {
        folder: &'a Location,
        files: u64,
        bytes: u64,
    },
    Opening {
        variant: &'a str,
        table: &'a str,
        files: usize,
    },
    /// An iteration is about to begin.
    Measuring {
        done: usize,
        total: usize,
        kind: Kind,
        round: u32,
        scenario: &'a str,
        variant: &'a str,
        /// Estimated time until the last round, from the rounds so far. It is an upper bound if
        /// rounds end early when intervals are narrow.
        left: Option<Duration>,
    },
    Measured {
        done: usize,
        total: usize,
    },
    /// An epoch of a training loop is about to begin.
    Training {
        phase: Phase,
        lane: Lane,
        epoch: u64,
        epochs: u64,
    },
    /// A number of accelerators is about to be measured.
    Trying {
        accelerators: u64,
    },
    /// Some rounds of a long run have been measured.
    SoFar {
        rounds: u32,
        /// The record, with its comparisons.
        record: &'a RunRecord,
    },
    Finished,
}

/// Shows events.
pub trait Observer: Send + Sync {
    fn event(&self, event: Event<'_>);
}
