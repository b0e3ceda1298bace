//! Configs from arguments.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::arguments::{ConfigArguments, QueryArguments};
use super::exit::CommandError;
use crate::analysis::{Predictions, distinct, rebase, summarise, summarise_measured};
use crate::config::{Config, Overrides, ScenarioSource, Source, load};
use crate::record::{RunRecord, read_record};
use crate::scenario::QUICKSTART;
use crate::suggest::nearest;
use crate::text_file::{MOST_WRITTEN_BYTES, read_text};

/// A config as a command line gives it: a text, and the settings that are laid over it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct GivenConfig {
    /// Name of the text in messages.
    pub(super) origin: String,
    pub(super) text: String,
    /// Folder of the file with the text. Absent if the text is not from a file.
    pub(super) folder: Option<OsString>,
    pub(super) set: Vec<String>,
    pub(super) sweep: Vec<String>,
    pub(super) tables: Vec<(String, String)>,
    /// True if the source's own files are a variant, too.
    pub(super) with_original: bool,
    /// Values of `--query` and `--sql`, which replace the config's scenarios.
    pub(super) queries: Vec<String>,
    pub(super) sql: Vec<String>,
    /// True if the number of rounds is exactly the one that is set, whatever the config says about
    /// precision.
    pub(super) has_exact_rounds: bool,
}

impl GivenConfig {
    /// Reads the file that the arguments name. Without one, the text is the quickstart, or empty if
    /// tables or a source are named. `more` is set last.
    pub(super) fn of(
        arguments: &ConfigArguments,
        queries: Option<&QueryArguments>,
        more: &[String],
    ) -> Result<Self, CommandError> {
        let names_tables = queries.is_some_and(|queries| !queries.table.is_empty());
        let (origin, text) = match &arguments.config {
            Some(path) => read(path)?,
            None if names_tables || arguments.source.is_some() => {
                ("the command line".to_owned(), String::new())
            }
            None => ("the built-in quickstart".to_owned(), QUICKSTART.to_owned()),
        };
        let mut tables: Vec<(String, String)> = Vec::new();
        for table in queries.map(|queries| &queries.table).into_iter().flatten() {
            let (name, location) = name_and_value("--table", table, "NAME=URL")?;
            if tables.iter().any(|(known, _)| *known == name) {
                return Err(CommandError::Usage(format!(
                    "--table {table}: there already is a table `{name}`"
                )));
            }
            tables.push((name, location));
        }
        let own = match &arguments.source {
            Some(source) => of_source(source, arguments.config.is_none()),
            None => Vec::new(),
        };
        let unify = arguments
            .unify_schemas
            .then(|| "reader.unify_schemas=true".to_owned());
        let set = own
            .iter()
            .chain(&unify)
            .chain(&arguments.set)
            .chain(&arguments.params)
            .chain(more);
        let folder = arguments.config.as_deref().and_then(Path::parent);
        Ok(GivenConfig {
            origin,
            text,
            folder: folder.map(|folder| folder.as_os_str().to_owned()),
            set: set.cloned().collect(),
            sweep: arguments.sweep.clone(),
            tables,
            with_original: queries.is_some_and(|queries| queries.original.with_original),
            queries: queries.map_or_else(Vec::new, |queries| queries.query.clone()),
            sql: queries.map_or_else(Vec::new, |queries| queries.sql.clone()),
            has_exact_rounds: false,
        })
    }

    /// The config of the text and all settings.
    pub(super) fn config(&self) -> Result<Config, CommandError> {
        let source = Source {
            origin: self.origin.clone(),
            text: self.text.clone(),
            folder: self.folder.as_ref().map(PathBuf::from),
        };
        let overrides = Overrides {
            set: self.set.clone(),
            sweep: self.sweep.clone(),
            tables: self.tables.clone(),
            with_original: self.with_original,
        };
        let mut config = load(&source, &overrides)?;
        let named = self.scenarios();
        if !named.is_empty() {
            config.scenarios = named;
        }
        if self.has_exact_rounds {
            config.measure.until = None;
        }
        Ok(config)
    }

    fn scenarios(&self) -> Vec<ScenarioSource> {
        let named = self.queries.iter().cloned().map(ScenarioSource::Named);
        let inline = self.sql.iter().enumerate().map(|(index, sql)| {
            let name = if self.sql.len() == 1 {
                "sql".to_owned()
            } else {
                format!("sql_{}", index + 1)
            };
            ScenarioSource::Inline {
                name,
                sql: sql.clone(),
            }
        });
        named.chain(inline).collect()
    }
}

/// The config that the arguments give.
pub(super) fn config(
    arguments: &ConfigArguments,
    queries: Option<&QueryArguments>,
) -> Result<Config, CommandError> {
    GivenConfig::of(arguments, queries, &[])?.config()
}

/// Keys that `--source` sets. Without a config, rewritten files go into a folder below `data/` that
/// has the source's name.
fn of_source(source: &str, without_config: bool) -> Vec<String> {
    // Strings in JSON's quotes are valid YAML.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (table, source) = named(source);
    let mut set = vec![format!("dataset.source={}", quoted(source))];
    set.extend(table.map(|table| format!("dataset.table={}", quoted(table))));
    if without_config {
        let name = folder_name(source);
        set.push(format!(
            "dataset.data_folder={}",
            quoted(&format!("data/{name}"))
        ));
    }
    set
}

/// Name of the folder for rewritten files: that of the source, after its folder if it lies in one,
/// so that sources of one name in several folders do not share it.
fn folder_name(source: &str) -> String {
    let path = Path::new(source.trim_end_matches('/'));
    let is_pattern = |name: &str| name.contains(['*', '?', '[']);
    let named = |part: Option<&OsStr>| {
        let name = part?.to_string_lossy().into_owned();
        (!name.is_empty() && name != ".." && name != "." && !is_pattern(&name)).then_some(name)
    };
    let folder = named(path.parent().and_then(Path::file_name));
    let parts: Vec<String> = [folder, named(path.file_stem())]
        .into_iter()
        .flatten()
        .collect();
    match parts.is_empty() {
        true => "source".to_owned(),
        false => parts.join("_"),
    }
}

/// The table's name and the location of `t=my.parquet`. What is a path as a whole has no name.
fn named(source: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        !name.is_empty() && name.chars().all(is_word)
    };
    match source.split_once('=') {
        Some((name, location)) if is_name(name) && !Path::new(source).exists() => {
            (Some(name), location)
        }
        _ => (None, source),
    }
}

/// A file's name in messages, and its text.
fn read(path: &Path) -> Result<(String, String), CommandError> {
    let origin = path.display().to_string();
    let text = read_text(path, MOST_WRITTEN_BYTES)
        .map_err(|error| CommandError::Usage(format!("{origin}: {error}")))?;
    Ok((origin, text))
}

/// Splits `name=value`. An empty side is an error.
pub(crate) fn name_and_value(
    flag: &str,
    text: &str,
    form: &str,
) -> Result<(String, String), CommandError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(CommandError::Usage(format!(
            "{flag} {text}: it takes {form}"
        ))),
    }
}

/// A stored record or a journal, summarised, with its predictions.
///
/// All variants are compared with `baseline` if one is named.
pub(super) fn predicted(
    file: &Path,
    baseline: Option<&str>,
) -> Result<(RunRecord, Predictions), CommandError> {
    let mut record = rebased(file, baseline)?;
    let predictions = summarise(&mut record);
    Ok((record, predictions))
}

/// A stored record or a journal, summarised without predictions.
pub(super) fn measured(file: &Path, baseline: Option<&str>) -> Result<RunRecord, CommandError> {
    let mut record = rebased(file, baseline)?;
    summarise_measured(&mut record);
    Ok(record)
}

fn rebased(file: &Path, baseline: Option<&str>) -> Result<RunRecord, CommandError> {
    let mut record = read_record(file)?;
    if record.training.is_some() {
        return Err(CommandError::Training {
            file: file.display().to_string(),
        });
    }
    if let Some(variant) = baseline
        && !rebase(&mut record, variant)
    {
        return Err(no_variant(&record, variant));
    }
    Ok(record)
}

/// Error about a variant that a record lacks, with the names of those that it has.
pub(super) fn no_variant(record: &RunRecord, variant: &str) -> CommandError {
    let names = variants(record);
    let hint = nearest(variant, names.iter().copied());
    let hint = hint.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    CommandError::Usage(format!(
        "there is no variant `{variant}`{hint} (variants: {})",
        names.join(", ")
    ))
}

/// Names of a record's variants in the order of their cells, without controls.
pub(super) fn variants(record: &RunRecord) -> Vec<&str> {
    let cells = record.cells.iter().filter(|it| it.control.is_none());
    distinct(cells.map(|it| it.variant_name.as_str())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::{Arguments, Command};

    /// Reads a command line of `bench explain`.
    fn given(line: &[&str]) -> Result<GivenConfig, CommandError> {
        let line = ["bench", "explain"].iter().chain(line);
        let Command::Explain(arguments) = Arguments::try_parse_from(line).unwrap().command else {
            unreachable!("another command");
        };
        let more = ["measure.rounds=9".to_owned()];
        GivenConfig::of(&arguments.config, Some(&arguments.queries), &more)
    }

    #[test]
    fn without_a_config_it_is_the_quickstart_or_the_command_line() {
        assert_eq!(given(&[]).unwrap().text, QUICKSTART);
        for line in [["--table", "t=x.parquet"], ["--source", "x.csv"]] {
            let given = given(&line).unwrap();
            assert_eq!(
                (given.origin.as_str(), given.text.as_str()),
                ("the command line", "")
            );
        }
    }

    #[test]
    fn flags_set_keys_in_an_order_in_which_the_more_precise_comes_later() {
        let line = ["--set", "a=1", "--unify-schemas", "--source", "in/my.csv"];
        assert_eq!(
            given(&line).unwrap().set,
            [
                "dataset.source=\"in/my.csv\"",
                "dataset.data_folder=\"data/in_my\"",
                "reader.unify_schemas=true",
                "a=1",
                "measure.rounds=9"
            ]
        );
    }

    #[test]
    fn tables_have_names_of_their_own() {
        let tables = given(&["--table", "t=x", "--table", "u=a=b"])
            .unwrap()
            .tables;
        let expected = [("t", "x"), ("u", "a=b")];
        assert_eq!(tables, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        for line in [
            ["--table", "t=x", "--table", "t=y"],
            ["--table", "t=", "--table", "u=x"],
        ] {
            assert!(
                matches!(given(&line), Err(CommandError::Usage(_))),
                "{line:?}"
            );
        }
    }

    #[test]
    fn sql_is_numbered_where_there_is_more_than_one() {
        let names = |line: &[&str]| -> Vec<String> {
            let scenarios = given(line).unwrap().scenarios();
            let name = |it: ScenarioSource| match it {
                ScenarioSource::Named(name) | ScenarioSource::Inline { name, .. } => name,
            };
            scenarios.into_iter().map(name).collect()
        };
        assert_eq!(names(&["--sql", "SELECT 1", "--query", "q"]), ["q", "sql"]);
        assert_eq!(
            names(&["--sql", "SELECT 1", "--sql", "SELECT 2"]),
            ["sql_1", "sql_2"]
        );
    }

    #[test]
    fn exact_rounds_leave_precision_out() {
        let mut given =
            given(&["--table", "t=x.parquet", "--set", "measure.precision=0.02"]).unwrap();
        let config = given.config().unwrap();
        assert!(config.measure.rounds == 9 && config.measure.until.is_some());
        given.has_exact_rounds = true;
        assert_eq!(given.config().unwrap().measure.until, None);
    }
}
