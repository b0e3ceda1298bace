//! The problems of a config, each with its place.

use std::fmt;

use super::key_path::KeyPath;
use super::yaml::YamlError;
use crate::exit_class::ExitClass;

/// Largest number of problems that are shown. The others are only counted.
pub(super) const MOST_PROBLEMS_SHOWN: usize = 100;

/// Characters after which a message is cut off. A longer one quotes a very long text.
const LONGEST_MESSAGE_CHARACTERS: usize = 1000;

/// A problem at a key path, before its place in the file or on the command line is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) path: KeyPath,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(path: KeyPath, message: impl Into<String>) -> Problem {
        Problem {
            path,
            message: message.into(),
            hint: None,
        }
    }
}

/// All problems of a config, one line each: `configs/x.yaml:12: dataset.format: ...`.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.lines().join("\n"))]
pub struct ConfigError {
    problems: Vec<PlacedProblem>,
}

/// A problem and the place where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlacedProblem {
    /// Name of the file, or "the command line".
    pub(super) origin: String,
    /// Line, counted from 1.
    pub(super) line: Option<usize>,
    /// Key path. Empty if the problem is about the config as a whole.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl ConfigError {
    /// Sorts the problems by their lines; those without a line come last.
    pub(super) fn new(mut problems: Vec<PlacedProblem>) -> ConfigError {
        problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        ConfigError { problems }
    }

    pub(super) fn of_yaml(origin: &str, error: YamlError) -> ConfigError {
        let YamlError {
            line,
            path,
            message,
            hint,
        } = error;
        ConfigError {
            problems: vec![PlacedProblem {
                origin: origin.to_owned(),
                line,
                path,
                message,
                hint,
            }],
        }
    }

    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }

    /// Returns suggestions for the user, one sentence each, without repetition.
    pub fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for hint in self
            .problems
            .iter()
            .filter_map(|problem| problem.hint.as_ref())
        {
            if !hints.contains(hint) {
                hints.push(hint.clone());
            }
        }
        hints
    }

    /// Returns a line for each problem that is shown, and one with the number of the others.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .problems
            .iter()
            .take(MOST_PROBLEMS_SHOWN)
            .map(PlacedProblem::to_string)
            .collect();
        let hidden = self.problems.len().saturating_sub(MOST_PROBLEMS_SHOWN);
        if hidden > 0 {
            lines.push(format!("... and {hidden} more problems"));
        }
        lines
    }
}

impl fmt::Display for PlacedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        // A message may quote long text with line breaks, but each problem must be one line.
        let message: String = self.message.replace(['\n', '\r'], " ");
        match message.char_indices().nth(LONGEST_MESSAGE_CHARACTERS) {
            Some((end, _)) => write!(f, ": {}...", message.get(..end).unwrap_or_default()),
            None => write!(f, ": {message}"),
        }
    }
}
