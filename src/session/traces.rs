//! Files of traces: a line of JSON per cell.

use serde::{Deserialize, Serialize};

use crate::output::Replaces;
use crate::record::EngineCache;
use crate::storage::Trace;

/// Version of the lines.
pub(crate) const TRACE_VERSION: u32 = 1;

/// Calls that one execution of a cell made of its store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTrace {
    pub trace_version: u32,
    pub run_id: String,
    pub cell: String,
    /// State of the engine's caches. If they were not warm, footers are among the ranges.
    pub engine_cache: EngineCache,
    /// Copies of the query that ran at once.
    pub copies: u32,
    /// URL of the store behind a network that the files lie in. Absent for files of this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Sizes of the trace's files, in their order.
    pub file_bytes: Vec<u64>,
    pub trace: Trace,
}

impl KeptTrace {
    /// Returns the fault of a trace that came from a file, if it has one.
    pub(crate) fn problem(&self) -> Option<String> {
        if !(1..=TRACE_VERSION).contains(&self.trace_version) {
            return Some(format!(
                "its version is {}, and this program reads 1 to {TRACE_VERSION}",
                self.trace_version
            ));
        }
        if self.copies == 0 {
            return Some("`copies` is 0, and at least one copy of the query ran".to_owned());
        }
        let (files, sizes) = (self.trace.files.len(), self.file_bytes.len());
        if files != sizes {
            return Some(format!(
                "`file_bytes` has {sizes} sizes, and the trace has {files} files"
            ));
        }
        self.trace.problem()
    }
}

/// Files of traces, recognized by their first bytes.
pub const TRACES: Replaces = Replaces::Kind {
    start: br#"{"trace_version""#,
    name: "one of traces",
};
