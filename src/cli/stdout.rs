//! What a command answers with on stdout, which ends it well.

use std::process::ExitCode;

use serde::Serialize;

use super::exit::{self, CommandError};
use super::print;
use crate::report::visible;

/// Puts data on stdout.
pub(super) fn show(text: &str) -> Result<ExitCode, CommandError> {
    print::data(text).map_err(|error| CommandError::Failed(format!("stdout: {error}")))?;
    Ok(ExitCode::from(exit::DONE))
}

/// Puts a value on stdout as JSON, which is indented.
pub(super) fn show_json(value: &impl Serialize) -> Result<ExitCode, CommandError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::Failed(error.to_string()))?;
    show(&format!("{json}\n"))
}

/// Puts text for people on stdout: what comes from configs and files is made visible, line by line.
pub(super) fn show_text(text: &str) -> Result<ExitCode, CommandError> {
    let visible: Vec<String> = text.lines().map(visible).collect();
    show(&format!("{}\n", visible.join("\n")))
}
