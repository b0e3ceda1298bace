//! Exit codes, and the display of errors.

use std::error::Error;
use std::process::ExitCode;

use super::print;
use crate::analysis::{AcrossError, MergeError};
use crate::config::ConfigError;
use crate::engine::without_categories;
use crate::exit_class::ExitClass;
use crate::learn::LearnError;
use crate::output::OutputError;
use crate::record::RecordError;
use crate::replay::TraceError;
use crate::report::{ReportError, visible};
use crate::session::{Failure, SessionError};

/// Done.
pub const DONE: u8 = 0;
/// Failed while running: a query's own error, a full disk, results that disagree.
pub const FAILED: u8 = 1;
/// Wrong usage, config, query or data.
pub const USAGE: u8 = 2;
/// An expectation of a scenario, or a gate, failed.
pub const EXPECTATION: u8 = 3;
/// Interrupted by Ctrl-C, by SIGTERM, or because the terminal has gone away.
pub const INTERRUPTED: u8 = 130;

/// Reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Session(#[from] Failure),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Learn(#[from] LearnError),
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Across(#[from] AcrossError),
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error("{file}: a training run has no variants to compare; `bench report` shows it")]
    Training { file: String },
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
}

impl CommandError {
    pub(crate) fn code(&self) -> u8 {
        code_of(self.class())
    }

    fn class(&self) -> ExitClass {
        match self {
            CommandError::Config(error) => error.class(),
            CommandError::Session(error) => error.class(),
            CommandError::Record(error) => error.class(),
            CommandError::Report(error) => error.class(),
            CommandError::Learn(error) => error.class(),
            CommandError::Trace(error) => error.class(),
            CommandError::Output(error) => error.class(),
            CommandError::Across(error) => error.class(),
            CommandError::Merge(error) => error.class(),
            CommandError::Training { .. } | CommandError::Usage(_) => ExitClass::Usage,
            CommandError::Failed(_) => ExitClass::Failed,
        }
    }

    /// Lines of `text`, which shows this error. A config has a line for each problem, and the
    /// engine's message about a query may have several. Any other line break is part of a name.
    fn lines(&self, text: &str) -> Vec<String> {
        if let CommandError::Config(error) = self {
            return error.lines();
        }
        let CommandError::Session(failure) = self else {
            return vec![text.to_owned()];
        };
        let SessionError::Engine(error) = failure.error() else {
            return vec![text.to_owned()];
        };
        let said = error.to_string();
        match text.split_once(&said) {
            Some((before, after)) => format!("{}{said}{}", visible(before), visible(after))
                .lines()
                .map(|line| line.trim_start_matches('\t').to_owned())
                .collect(),
            None => vec![text.to_owned()],
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            CommandError::Config(error) => error.hints(),
            CommandError::Session(error) => error.hint().into_iter().collect(),
            CommandError::Across(error) => error.hint().map(str::to_owned).into_iter().collect(),
            CommandError::Record(_)
            | CommandError::Report(_)
            | CommandError::Learn(_)
            | CommandError::Trace(_)
            | CommandError::Output(_)
            | CommandError::Merge(_)
            | CommandError::Training { .. }
            | CommandError::Usage(_)
            | CommandError::Failed(_) => Vec::new(),
        }
    }
}

/// The exit code of a class of errors.
fn code_of(class: ExitClass) -> u8 {
    match class {
        ExitClass::Failed => FAILED,
        ExitClass::Usage => USAGE,
        ExitClass::Interrupted => INTERRUPTED,
    }
}

/// Messages of the system when it refuses something, each with the limit that causes it.
const LIMITS: [(&str, &str); 3] = [
    ("Resource temporarily unavailable", "ulimit -u, ulimit -v"),
    ("Cannot allocate memory", "ulimit -v"),
    ("Too many open files", "ulimit -n"),
];

/// Error for a panic with this message.
pub(crate) fn of_panic(said: &str) -> CommandError {
    of_limit(said).unwrap_or_else(|| {
        CommandError::Failed(format!(
            "this is a defect of bench, please report it: {said}"
        ))
    })
}

/// Error for a panic that a limit of the host has caused, as some crates panic when they get no
/// thread or no file. `None` for any other panic.
pub(crate) fn of_limit(said: &str) -> Option<CommandError> {
    let (words, limit) = LIMITS.iter().find(|(words, _)| said.contains(words))?;
    Some(CommandError::Failed(format!(
        "the system refused what the program needs: {words}; the limits of this host ({limit}) are too low"
    )))
}

/// Hint at the limit of the host that may be behind an error, if the error says only what the
/// system has refused.
fn hint_of_limit(text: &str) -> Option<String> {
    let (_, limit) = LIMITS.iter().find(|(words, _)| text.contains(words))?;
    (!text.contains("ulimit")).then(|| format!("a limit of this host ({limit}) may be too low"))
}

/// Shows an error on stderr, each of its causes once and its hints on lines of their own, and
/// returns the exit code.
pub(crate) fn report(error: &CommandError) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        // Libraries put their category before text that is otherwise the same.
        if !text.contains(without_categories(&words)) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = source.source();
    }
    let mut hints = error.hints();
    hints.extend(hint_of_limit(&text));
    print::error(&error.lines(&text), &hints);
    ExitCode::from(error.code())
}

#[cfg(test)]
mod tests;
