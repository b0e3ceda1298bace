//! Exit codes, and how errors are shown.

use std::error::Error;
use std::process::ExitCode;

use super::print;
use crate::analysis::AcrossError;
use crate::config::ConfigError;
use crate::dataset::DatasetError;
use crate::learn::LearnError;
use crate::measure::{Cause, MeasureError};
use crate::output::OutputError;
use crate::record::RecordError;
use crate::report::ReportError;
use crate::run::{RunError, TraceError};

/// Done.
pub const DONE: u8 = 0;
/// Failed while running: a query's own error, a full disk, results that disagree.
pub const FAILED: u8 = 1;
/// Wrong usage, config, query or data.
pub const USAGE: u8 = 2;
/// An expectation of a scenario, or a gate, failed.
pub const EXPECTATION: u8 = 3;
/// Interrupted: by Ctrl-C, by SIGTERM, or as the terminal has gone away.
pub const INTERRUPTED: u8 = 130;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Run(#[from] RunError),
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
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
}

impl CommandError {
    pub(crate) fn code(&self) -> u8 {
        match self {
            CommandError::Config(_)
            | CommandError::Usage(_)
            | CommandError::Record(_)
            | CommandError::Trace(_)
            | CommandError::Across(_)
            | CommandError::Output(OutputError::Refused { .. }) => USAGE,
            CommandError::Learn(LearnError::Interrupted) => INTERRUPTED,
            CommandError::Learn(
                LearnError::Table(_) | LearnError::Dataset(_) | LearnError::Unlearnable { .. },
            ) => USAGE,
            CommandError::Learn(_)
            | CommandError::Report(_)
            | CommandError::Output(OutputError::Failed { .. })
            | CommandError::Failed(_) => FAILED,
            CommandError::Run(error) => run_code(error),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            CommandError::Config(error) => error.hints(),
            CommandError::Run(error) => error.hint().into_iter().collect(),
            CommandError::Across(error) => error.hint().map(str::to_owned).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

pub(crate) fn run_code(error: &RunError) -> u8 {
    match error {
        RunError::Interrupted | RunError::Dataset(DatasetError::Interrupted) => INTERRUPTED,
        RunError::Dataset(
            DatasetError::OtherDataset { .. }
            | DatasetError::Changed { .. }
            | DatasetError::Foreign { .. }
            | DatasetError::ForeignSwept { .. }
            | DatasetError::Missing { .. }
            | DatasetError::BadManifest { .. }
            | DatasetError::TooManyPartitions { .. }
            | DatasetError::UnnameablePartition { .. }
            | DatasetError::LongPartition { .. }
            | DatasetError::Content { .. }
            | DatasetError::Source { .. }
            | DatasetError::Damaged { .. }
            | DatasetError::Busy { .. }
            | DatasetError::InUse { .. }
            | DatasetError::Input(_)
            | DatasetError::Output(OutputError::Refused { .. })
            | DatasetError::Storage(_),
        ) => USAGE,
        RunError::Measure {
            source:
                MeasureError::Execution {
                    cause: Cause::BadInput,
                    ..
                },
            ..
        } => USAGE,
        RunError::Storage(_)
        | RunError::Table { .. }
        | RunError::Input { .. }
        | RunError::Scenario(_)
        | RunError::Engine { .. }
        | RunError::Query { .. }
        | RunError::Consent { .. }
        | RunError::Full { .. }
        | RunError::Results { .. }
        | RunError::Direct { .. }
        | RunError::Memoryless { .. }
        | RunError::SameCell { .. }
        | RunError::DropCaches
        | RunError::Missing { .. }
        | RunError::Replay { .. }
        | RunError::Memory { .. }
        | RunError::Output(OutputError::Refused { .. })
        | RunError::UnknownBaseline { .. } => USAGE,
        _ => FAILED,
    }
}

/// Messages of the system when it refuses something, each with the limit that causes it.
const LIMITS: [(&str, &str); 3] = [
    ("Resource temporarily unavailable", "ulimit -u, ulimit -v"),
    ("Cannot allocate memory", "ulimit -v"),
    ("Too many open files", "ulimit -n"),
];

/// The error that a panic stands for.
pub(crate) fn of_panic(said: &str) -> CommandError {
    of_limit(said).unwrap_or_else(|| {
        CommandError::Failed(format!(
            "this is a defect of bench, please report it: {said}"
        ))
    })
}

/// The error of a panic that a limit of the host has caused: some crates panic when they get no
/// thread or no file.
pub(crate) fn of_limit(said: &str) -> Option<CommandError> {
    let (words, limit) = LIMITS.iter().find(|(words, _)| said.contains(words))?;
    Some(CommandError::Failed(format!(
        "the system refused what the program needs: {words}; the limits of this host ({limit}) are too low"
    )))
}

/// Shows an error on stderr, each of its causes once and its hints on lines of their own, and gives the exit code.
pub(crate) fn report(error: &CommandError) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = source.source();
    }
    print::error(&text, &error.hints());
    ExitCode::from(error.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_came_of_a_limit_of_the_host_is_no_defect() {
        let said = "panicked at tokio/src/runtime/blocking/pool.rs:386:17:\nOS can't spawn worker thread: Resource \
                    temporarily unavailable (os error 11)";
        let error = of_panic(said);
        assert_eq!(error.code(), FAILED);
        assert_eq!(
            error.to_string(),
            "the system refused what the program needs: Resource temporarily unavailable; the limits of this host (ulimit -u, \
             ulimit -v) are too low"
        );
        let files = "failed to create UnixStream: Os { code: 24, kind: Uncategorized, message: \"Too many open files\" }";
        assert!(of_panic(files).to_string().contains("ulimit -n"));
        let defect = of_panic("index out of bounds").to_string();
        assert!(defect.contains("defect of bench") && defect.contains("index out of bounds"));
    }
}
