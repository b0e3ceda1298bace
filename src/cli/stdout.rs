//! Answers of commands on stdout. A command that has given one ends with [`exit::DONE`].

use std::process::ExitCode;

use serde::Serialize;

use super::exit::{self, CommandError};
use super::print;
use crate::report::visible;

/// Writes data to stdout.
pub(super) fn show(text: &str) -> Result<ExitCode, CommandError> {
    print::data(text).map_err(|error| CommandError::Failed(format!("stdout: {error}")))?;
    Ok(ExitCode::from(exit::DONE))
}

/// Writes a value to stdout as indented JSON.
pub(super) fn show_json(value: &impl Serialize) -> Result<ExitCode, CommandError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::Failed(error.to_string()))?;
    show(&format!("{json}\n"))
}

/// Writes text for people to stdout. Invisible characters in a line, which come from configs and
/// files, are shown as codes.
pub(super) fn show_text(text: &str) -> Result<ExitCode, CommandError> {
    let visible: Vec<String> = text.lines().map(visible).collect();
    show(&format!("{}\n", visible.join("\n")))
}
