//! `bench needed-memory`, for this program's own use: a run starts it for each cell. It reads a
//! line of JSON that names a cell and has its config, executes that cell and nothing else, and
//! writes a line of JSON with the memory that was resident.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exit::CommandError;
use super::load::GivenConfig;
use super::progress::Progress;
use super::stdout::show;
use super::threads::runtime;
use crate::cancel::Cancel;
use crate::run::{NeededMemory, needed_memory as needed_by};
use crate::session::KnownSources;
use crate::storage::end_with_parent;
use crate::text_file::{MOST_WRITTEN_BYTES, text_of};

/// Name of the command.
const COMMAND: &str = "needed-memory";

/// Limit of a request in bytes: JSON may need six bytes for a byte of a config.
const LARGEST_REQUEST_BYTES: u64 = 8 * MOST_WRITTEN_BYTES;

/// Interval at which the process is checked for its end.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// Request to the process.
#[derive(Debug, Serialize, Deserialize)]
struct Request<'a> {
    cell: Cow<'a, str>,
    /// The config as it was when the run began, whatever has become of its file.
    config: Cow<'a, GivenConfig>,
    sources: Cow<'a, KnownSources>,
}

/// Answers a request on stdin. It watches for no signals, as the process that waits for the answer
/// ends it.
pub(super) fn needed_memory() -> Result<ExitCode, CommandError> {
    let bad = |error: String| CommandError::Usage(format!("stdin: {error}"));
    let line = text_of(std::io::stdin(), LARGEST_REQUEST_BYTES);
    let line = line.map_err(|error| bad(error.to_string()))?;
    let request: Request<'_> =
        serde_json::from_str(&line).map_err(|error| bad(error.to_string()))?;
    let config = request.config.config()?;
    let (cell, sources) = (&request.cell, &request.sources);
    let needed = needed_by(&runtime()?, &config, cell, sources, &Progress::new())?;
    let reply = serde_json::to_string(&needed);
    let reply = reply.map_err(|error| CommandError::Failed(error.to_string()))?;
    show(&format!("{reply}\n"))
}

/// Starts this program again to execute one cell, and reads its answer. The error says why there is
/// no answer.
pub(super) fn ask(
    cell: &str,
    config: &GivenConfig,
    sources: &KnownSources,
    cancel: &Cancel,
) -> Result<NeededMemory, String> {
    let failed = |error: std::io::Error| error.to_string();
    let request = Request {
        cell: Cow::Borrowed(cell),
        config: Cow::Borrowed(config),
        sources: Cow::Borrowed(sources),
    };
    let request = serde_json::to_string(&request).map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: the function may be called between fork and exec.
    unsafe {
        // The child must not outlive its parent.
        command.pre_exec(end_with_parent);
    }
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that ended early says why.
        let _ = writeln!(stdin, "{request}");
    }
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if cancel.is_cancelled() => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it was interrupted".to_owned());
            }
            None => std::thread::sleep(ASK_EVERY),
        }
    };
    let mut reply = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut reply).map_err(failed)?;
    }
    match serde_json::from_str(&reply) {
        Ok(needed) if status.success() => Ok(needed),
        _ => {
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                stderr.read_to_string(&mut said).map_err(failed)?;
            }
            let error = said.lines().find_map(|line| line.strip_prefix("error: "));
            let error = error.map_or_else(String::new, |error| format!(": {error}"));
            Err(format!("a process of its own failed ({status}){error}"))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_request_is_one_line_and_comes_back_as_it_was() {
        let config = GivenConfig {
            origin: "my.yaml".to_owned(),
            text: "dataset:\n  seed: 7 # \"seven\"\n".to_owned(),
            folder: Some(OsString::from_vec(b"/data/\xff".to_vec())),
            set: vec!["measure.rounds=5".to_owned()],
            tables: vec![("t".to_owned(), "x.parquet".to_owned())],
            sql: vec!["SELECT 1".to_owned()],
            ..GivenConfig::default()
        };
        let request = Request {
            cell: Cow::Borrowed("scan/base"),
            config: Cow::Owned(config),
            sources: Cow::Owned(KnownSources::new()),
        };
        let line = serde_json::to_string(&request).unwrap();
        assert!(!line.contains('\n'), "{line}");
        let back: Request<'_> = serde_json::from_str(&line).unwrap();
        assert_eq!((&back.cell, &back.config), (&request.cell, &request.config));
    }
}
