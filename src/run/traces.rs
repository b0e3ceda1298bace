//! Files of traces: a line of JSON per cell.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunError;
use super::cells::CellPlan;
use crate::output::{Output, Replaces};
use crate::record::{EngineCache, RunRecord};
use crate::storage::{Trace, local_file};

/// Version of the lines.
const TRACE_VERSION: u32 = 1;

/// Larger files are refused rather than read into memory.
const LARGEST_FILE_BYTES: u64 = 4 << 30;

/// What one execution of a cell asked of its store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTrace {
    pub trace_version: u32,
    pub run_id: String,
    pub cell: String,
    /// Whether the engine had footers in its caches, or they are among the ranges.
    pub engine_cache: EngineCache,
    /// Copies of the query that ran at once.
    pub copies: u32,
    /// Sizes of the trace's files, in their order.
    pub file_bytes: Vec<u64>,
    pub trace: Trace,
}

/// Why a file of traces cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("{path}: {source}")]
    Read {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: it has {bytes} bytes; up to {LARGEST_FILE_BYTES} are read")]
    TooLarge { path: String, bytes: u64 },
    #[error("{path}: it holds no trace")]
    Empty { path: String },
    #[error("{path}, line {line}: {reason}")]
    Line {
        path: String,
        line: usize,
        reason: String,
    },
}

/// Writes what each cell but the control asks of the store.
pub(super) async fn write(
    output: &Output,
    record: &RunRecord,
    cells: &mut [CellPlan],
) -> Result<(), RunError> {
    let failed = |source| RunError::Io {
        path: output.path().display().to_string(),
        source,
    };
    let mut written = output.stage()?;
    for plan in cells
        .iter_mut()
        .filter(|plan| plan.record.control.is_none())
    {
        let trace = match plan.cell.recorded().await {
            Ok(trace) => trace,
            // That it cannot be executed has been told of.
            Err(error) if error.is_of_the_cell() => continue,
            Err(source) => {
                return Err(RunError::Measure {
                    scenario: plan.record.scenario.clone(),
                    variant: plan.variant.clone(),
                    source,
                });
            }
        };
        let kept = KeptTrace {
            trace_version: TRACE_VERSION,
            run_id: record.run_id.clone(),
            cell: plan.record.id.clone(),
            engine_cache: plan.cell.reader().engine_cache,
            copies: plan.cell.reader().streams.0,
            file_bytes: file_bytes(&trace).map_err(failed)?,
            trace: trace.as_ref().clone(),
        };
        let mut line = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .map_err(failed)?;
        line.push(b'\n');
        written.file().write_all(&line).map_err(failed)?;
    }
    Ok(written.publish()?)
}

/// Sizes of the files of a trace, as they are now.
pub(super) fn file_bytes(trace: &Trace) -> std::io::Result<Vec<u64>> {
    let sizes = trace.files.iter().map(|file| {
        let file = local_file(file).map_err(std::io::Error::other)?;
        Ok(std::fs::metadata(file)?.len())
    });
    sizes.collect()
}

/// Files of traces, by what every one begins with.
pub const TRACES: Replaces = Replaces::Kind {
    start: br#"{"trace_version""#,
    name: "one of traces",
};

/// Reads a file of traces, each of which can be replayed.
pub fn read_traces(file: &Path) -> Result<Vec<KeptTrace>, TraceError> {
    let path = || file.display().to_string();
    let failed = |source| TraceError::Read {
        path: path(),
        source,
    };
    let found = std::fs::metadata(file).map_err(failed)?;
    if !found.is_file() {
        let error = std::io::Error::other("it is not a regular file");
        return Err(failed(error));
    }
    let bytes = found.len();
    if bytes > LARGEST_FILE_BYTES {
        return Err(TraceError::TooLarge {
            path: path(),
            bytes,
        });
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let mut traces = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let bad = |reason: String| TraceError::Line {
            path: path(),
            line: index + 1,
            reason,
        };
        let kept: KeptTrace = serde_json::from_str(line).map_err(|error| {
            // The parser's line is always the first.
            bad(error.to_string().replace(" at line 1 column", " at column"))
        })?;
        if kept.trace_version > TRACE_VERSION {
            return Err(bad(format!(
                "its version is {}, and this program reads up to {TRACE_VERSION}",
                kept.trace_version
            )));
        }
        if let Some(problem) = kept.trace.problem() {
            return Err(bad(problem));
        }
        traces.push(kept);
    }
    match traces.is_empty() {
        true => Err(TraceError::Empty { path: path() }),
        false => Ok(traces),
    }
}
