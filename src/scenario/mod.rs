//! Scenarios: SQL queries with their expectations, from files, from the config, shipped, or made
//! from a list of columns.

mod directives;
mod shipped;

pub use directives::{Check, Comparator, DirectiveError, Expectation, Scenario};
pub use shipped::{QUICKSTART, SHIPPED};

use std::path::{Path, PathBuf};

use crate::config::{Column, ScenarioSource};
use crate::exit_class::ExitClass;
use crate::output::folder_of;
use crate::suggest::did_you_mean;
use crate::text_file::{MOST_WRITTEN_BYTES, read_text};

/// Reason why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// `near` follows the name, and names the nearest shipped scenario.
    #[error("`{name}` is no file, no folder and no shipped scenario{near}; shipped are {shipped}")]
    NotFound {
        name: String,
        near: String,
        shipped: String,
    },
    #[error("{path}: {source}")]
    Unreadable {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: the folder holds no *.sql files")]
    EmptyFolder { path: String },
    #[error("{origin}: {source}")]
    Directive {
        origin: String,
        source: DirectiveError,
    },
    #[error("two scenarios are named `{name}`: {first} and {second}")]
    Duplicate {
        name: String,
        first: String,
        second: String,
    },
}

impl ScenarioError {
    pub fn class(&self) -> ExitClass {
        ExitClass::Usage
    }
}

/// Reads and parses scenarios, in order. Relative paths are tried in the working folder, then in
/// `folder`; then the name is looked up among the shipped ones.
pub fn resolve(
    sources: &[ScenarioSource],
    folder: Option<&Path>,
) -> Result<Vec<Scenario>, ScenarioError> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for source in sources {
        let found = match source {
            ScenarioSource::Inline { name, sql } => vec![parse(name, name, sql)?],
            ScenarioSource::Named(name) => named(name, folder)?,
        };
        for scenario in found {
            if let Some(first) = scenarios.iter().find(|known| known.name == scenario.name) {
                return Err(ScenarioError::Duplicate {
                    name: scenario.name,
                    first: first.origin.clone(),
                    second: scenario.origin,
                });
            }
            scenarios.push(scenario);
        }
    }
    Ok(scenarios)
}

fn parse(name: &str, origin: &str, text: &str) -> Result<Scenario, ScenarioError> {
    directives::parse(name, origin, text).map_err(|source| ScenarioError::Directive {
        origin: origin.to_owned(),
        source,
    })
}

fn named(name: &str, folder: Option<&Path>) -> Result<Vec<Scenario>, ScenarioError> {
    if let Some(path) = found(name, folder) {
        return match path.is_dir() {
            true => from_folder(&path),
            false => Ok(vec![from_file(&path)?]),
        };
    }
    match shipped::find(name) {
        Some(sql) => Ok(vec![parse(name, &format!("shipped scenario {name}"), sql)?]),
        None => Err(ScenarioError::NotFound {
            name: name.to_owned(),
            near: did_you_mean(name, SHIPPED.iter().map(|(shipped, _)| *shipped)),
            shipped: SHIPPED
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// Returns the file or folder of that name, if it exists.
fn found(name: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let candidates = [
        Some(PathBuf::from(name)),
        folder.map(|folder| folder.join(name)),
    ];
    let mut candidates = candidates.into_iter().flatten();
    candidates.find(|path| path.exists())
}

/// True if a file that does not exist yet would be one of the scenarios of a name.
pub fn would_be_of(name: &str, folder: Option<&Path>, file: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    found(name, folder)
        .is_some_and(|path| path.is_dir() && is_sql(file) && real(&path) == real(folder_of(file)))
}

fn is_sql(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "sql")
}

fn from_folder(folder: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    let path = || folder.display().to_string();
    let unreadable = |source| ScenarioError::Unreadable {
        path: path(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_sql(&file) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(ScenarioError::EmptyFolder { path: path() });
    }
    files.sort();
    files.iter().map(|file| from_file(file)).collect()
}

fn from_file(file: &Path) -> Result<Scenario, ScenarioError> {
    let path = file.display().to_string();
    let text = read_text(file, MOST_WRITTEN_BYTES).map_err(|source| ScenarioError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    parse(&name, &path, &text)
}

/// Returns a scan of all columns of existing rows, except those that the config lists with `read:
/// false`.
pub fn source_scenario(columns: &[Column], table: &str) -> Scenario {
    let skipped: Vec<String> = columns
        .iter()
        .filter(|column| !column.read)
        .map(|column| format!("\"{}\"", column.name.replace('"', "\"\"")))
        .collect();
    let (description, exclude) = match skipped.as_slice() {
        [] => ("all columns".to_owned(), String::new()),
        skipped => (
            format!("all columns but {}", skipped.len()),
            format!(" EXCLUDE ({})", skipped.join(", ")),
        ),
    };
    Scenario {
        name: "scan".to_owned(),
        description: Some(description),
        sql: format!("SELECT *{exclude} FROM {}", from(table)),
        expectations: Vec::new(),
        nondeterministic: None,
        origin: "the source".to_owned(),
    }
}

/// A table's name as SQL reads it: in quotes where it has capitals.
fn from(table: &str) -> String {
    match table.chars().any(|it| it.is_ascii_uppercase()) {
        true => format!("\"{table}\""),
        false => table.to_owned(),
    }
}

/// Returns a scan of the columns with `read: true`, which a DLIO config reads.
pub fn default_scenario(columns: &[Column], table: &str) -> Scenario {
    let read: Vec<String> = columns
        .iter()
        .filter(|column| column.read)
        .map(|column| format!("\"{}\"", column.name.replace('"', "\"\"")))
        .collect();
    Scenario {
        name: "scan".to_owned(),
        description: Some(format!("{} of {} columns", read.len(), columns.len())),
        sql: format!("SELECT {} FROM {}", read.join(", "), from(table)),
        expectations: Vec::new(),
        nondeterministic: None,
        origin: "the columns with `read: true`".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
