//! Reading files of traces.

use std::path::Path;

use crate::exit_class::ExitClass;
use crate::session::KeptTrace;
use crate::text_file::read_text;

/// Larger files are refused rather than read into memory.
const LARGEST_FILE_BYTES: u64 = 4 << 30;

/// Reason why a file of traces cannot be used.
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

impl TraceError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }
}

/// Reads a file of traces, all of which must be replayable.
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
    use std::io::Write;

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

    /// Reads a file whose second line is this one.
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
