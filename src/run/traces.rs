//! Files of traces: a line of JSON per cell.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RunError;
use super::cells::CellPlan;
use crate::record::{EngineCache, RunRecord};
use crate::storage::Trace;

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
    pub streams: u32,
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
    file: &Path,
    record: &RunRecord,
    cells: &mut [CellPlan],
) -> Result<(), RunError> {
    let failed = |source| RunError::Io {
        path: file.display().to_string(),
        source,
    };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let mut written = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    for plan in cells
        .iter_mut()
        .filter(|plan| plan.record.control.is_none())
    {
        let measured = plan.cell.recorded().await;
        let trace = measured.map_err(|source| RunError::Measure {
            scenario: plan.record.scenario.clone(),
            variant: plan.variant.clone(),
            source,
        })?;
        let kept = KeptTrace {
            trace_version: TRACE_VERSION,
            run_id: record.run_id.clone(),
            cell: plan.record.id.clone(),
            engine_cache: plan.cell.reader().engine_cache,
            streams: plan.cell.reader().streams.0,
            trace: trace.as_ref().clone(),
        };
        let mut line = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .map_err(failed)?;
        line.push(b'\n');
        written.write_all(&line).map_err(failed)?;
    }
    written
        .persist(file)
        .map_err(|error| failed(error.error))
        .map(|_| ())
}

/// Reads a file of traces, each of which can be replayed.
pub fn read_traces(file: &Path) -> Result<Vec<KeptTrace>, TraceError> {
    let path = || file.display().to_string();
    let failed = |source| TraceError::Read {
        path: path(),
        source,
    };
    let bytes = std::fs::metadata(file).map_err(failed)?.len();
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
        let kept: KeptTrace = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
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
