//! What happens, told to whoever shows it.

use std::time::Duration;

use super::warning::Warning;
use crate::dataset::Progress;
use crate::record::Kind;
use crate::storage::Location;

/// Step of a verb, for whoever shows it.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something to know about the config.
    Note(&'a str),
    /// Something that makes figures less than they could be.
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
    /// Something is looked at besides the rounds: `what`, of a cell, the first being 0.
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
        /// Files that an interrupted run before this one had written.
        kept: u64,
        bytes: u64,
        /// Absent where files were kept.
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
        /// Time until the last round, from what those before took; at most, where rounds end when
        /// intervals are narrow.
        left: Option<Duration>,
    },
    Measured {
        done: usize,
        total: usize,
    },
    Finished,
}

/// Whoever shows events.
pub trait Observer: Send + Sync {
    fn event(&self, event: Event<'_>);
}
