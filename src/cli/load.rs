//! From arguments to a config.

use std::path::Path;

use super::arguments::{ConfigArguments, QueryArguments};
use super::exit::CommandError;
use crate::analysis::{summarise, summarise_measured};
use crate::config::{Config, Overrides, ScenarioSource, Source, load};
use crate::record::{RunRecord, read_record};
use crate::scenario::QUICKSTART;
use crate::session::KnownSources;
use crate::text_file::{MOST_WRITTEN_BYTES, read_text, text_of};

/// Loads the config that the arguments name: a file, the quickstart, or nothing but the tables of the command line.
pub(crate) fn config(
    arguments: &ConfigArguments,
    queries: Option<&QueryArguments>,
    more: &[String],
) -> Result<Config, CommandError> {
    let source = source(arguments, queries)?;
    config_of(&source, arguments, queries, more)
}

/// The text that the arguments name.
pub(crate) fn source(
    arguments: &ConfigArguments,
    queries: Option<&QueryArguments>,
) -> Result<Source, CommandError> {
    let names_tables = queries.is_some_and(|queries| !queries.table.is_empty());
    Ok(match &arguments.config {
        Some(path) => read(path)?,
        None if names_tables || arguments.source.is_some() => Source {
            origin: "the command line".to_owned(),
            text: String::new(),
            folder: None,
        },
        None => Source {
            origin: "the built-in quickstart".to_owned(),
            text: QUICKSTART.to_owned(),
            folder: None,
        },
    })
}

/// What [`of_parent`] reads.
pub(crate) fn for_child(text: &str, sources: &KnownSources) -> Result<String, serde_json::Error> {
    // JSON has no line break in it.
    Ok(format!("{}\n{text}", serde_json::to_string(sources)?))
}

/// The text that the process that has started this one read, and what it knows of sources, which
/// come by stdin.
pub(crate) fn of_parent(
    arguments: &ConfigArguments,
) -> Result<(Source, KnownSources), CommandError> {
    let bad = |error: String| CommandError::Usage(format!("stdin: {error}"));
    let told = text_of(std::io::stdin(), 2 * MOST_WRITTEN_BYTES)
        .map_err(|error| bad(error.to_string()))?;
    let (sources, text) = told
        .split_once('\n')
        .ok_or_else(|| bad("it has one line only".to_owned()))?;
    let sources = serde_json::from_str(sources).map_err(|error| bad(error.to_string()))?;
    let path = arguments.config.as_deref();
    let source = Source {
        origin: path.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string()),
        text: text.to_owned(),
        folder: path.and_then(Path::parent).map(Path::to_path_buf),
    };
    Ok((source, sources))
}

/// The config of a text, with what the arguments change of it.
pub(crate) fn config_of(
    source: &Source,
    arguments: &ConfigArguments,
    queries: Option<&QueryArguments>,
    more: &[String],
) -> Result<Config, CommandError> {
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
        .chain(more)
        .cloned()
        .collect();
    let overrides = Overrides {
        set,
        sweep: arguments.sweep.clone(),
        tables,
    };
    let mut config = load(source, &overrides)?;
    let named = queries.map(scenarios).unwrap_or_default();
    if !named.is_empty() {
        config.scenarios = named;
    }
    Ok(config)
}

/// What `--source` sets. Without a config, what is written goes into a folder of the source's name.
fn of_source(source: &str, without_config: bool) -> Vec<String> {
    // JSON's quotes are YAML's.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut set = vec![format!("dataset.source={}", quoted(source))];
    if without_config {
        let name = Path::new(source.trim_end_matches('/'))
            .file_stem()
            .map(|name| name.to_string_lossy().replace(['*', '?', '['], "_"))
            .filter(|name| !name.is_empty() && name != "..")
            .unwrap_or_else(|| "source".to_owned());
        set.push(format!(
            "dataset.data_folder={}",
            quoted(&format!("data/{name}"))
        ));
    }
    set
}

fn scenarios(queries: &QueryArguments) -> Vec<ScenarioSource> {
    let named = queries
        .query
        .iter()
        .map(|name| ScenarioSource::Named(name.clone()));
    let inline = queries.sql.iter().enumerate().map(|(index, sql)| {
        let name = if queries.sql.len() == 1 {
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

fn read(path: &Path) -> Result<Source, CommandError> {
    let origin = path.display().to_string();
    let text = read_text(path, MOST_WRITTEN_BYTES)
        .map_err(|error| CommandError::Usage(format!("{origin}: {error}")))?;
    Ok(Source {
        origin,
        text,
        folder: path.parent().map(Path::to_path_buf),
    })
}

/// Splits `name=value`; both sides are there.
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

/// A stored record, or a journal, with what its iterations come to, predictions included.
pub(super) fn record(file: &Path) -> Result<RunRecord, CommandError> {
    let mut record = read_record(file)?;
    summarise(&mut record);
    Ok(record)
}

/// Likewise, for those who show no predictions.
pub(super) fn measured(file: &Path) -> Result<RunRecord, CommandError> {
    let mut record = read_record(file)?;
    summarise_measured(&mut record);
    Ok(record)
}
