//! Files of traces: a line of JSON per cell.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunError;
use super::cells::CellPlan;
use super::unchanged::unchanged;
use crate::output::{Output, Replaces};
use crate::record::{EngineCache, RunRecord};
use crate::storage::{Trace, local_file};
use crate::text_file::read_text;

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

impl KeptTrace {
    /// What is wrong with one that came from a file, if anything.
    fn problem(&self) -> Option<String> {
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

/// Why a file of traces cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("{path}: {source}")]
    Read {
        path: String,
        source: std::io::Error,
    },
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
        let trace = plan.cell.recorded().await;
        unchanged(&plan.cell).await?;
        let trace = match trace {
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
    let text = read_text(file, LARGEST_FILE_BYTES).map_err(|source| TraceError::Read {
        path: path(),
        source,
    })?;
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
        if let Some(problem) = kept.problem() {
            return Err(bad(problem));
        }
        traces.push(kept);
    }
    match traces.is_empty() {
        true => Err(TraceError::Empty { path: path() }),
        false => Ok(traces),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn kept() -> Value {
        json!({
            "trace_version": 1,
            "run_id": "run",
            "cell": "scan/base",
            "engine_cache": "warm",
            "copies": 1,
            "file_bytes": [100],
            "trace": {"files": ["a"], "streams": [[{"file": 0, "ranges": [[0, 10]]}]]},
        })
    }

    /// What is said of a file whose second line is this one.
    fn read(second: &Value) -> Result<Vec<KeptTrace>, TraceError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{}\n{second}", kept()).unwrap();
        read_traces(file.path())
    }

    #[test]
    fn a_trace_that_was_kept_is_read() {
        assert_eq!(read(&kept()).unwrap().len(), 2);
    }

    #[rstest]
    #[case::no_copies("copies", json!(0), "`copies` is 0")]
    #[case::no_version("trace_version", json!(0), "its version is 0")]
    #[case::newer("trace_version", json!(7), "its version is 7")]
    #[case::file_without_a_size("file_bytes", json!([]), "0 sizes, and the trace has 1 files")]
    #[case::size_without_a_file("file_bytes", json!([100, 7]), "2 sizes")]
    fn a_trace_that_cannot_be_is_refused_with_its_line(
        #[case] key: &str,
        #[case] value: Value,
        #[case] words: &str,
    ) {
        let mut bad = kept();
        bad[key] = value;
        let error = read(&bad).unwrap_err().to_string();
        assert!(
            error.contains("line 2: ") && error.contains(words),
            "{error}"
        );
    }
}
