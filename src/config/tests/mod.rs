//! Tests of the config from outside: the meaning of a text, and the messages for a bad one.
#![allow(clippy::unwrap_used)]

use serde_json::{Value as Json, json};

use super::*;

mod bad_input;
mod dataset;
mod distributions;
mod dlio_dialect;
mod interpolation;
mod keys;
mod layout;
mod overriding;
mod schema;
mod sweeping;
mod workload;
mod wrapper;

fn source(text: &str) -> Source {
    Source {
        origin: "x.yaml".to_owned(),
        text: text.to_owned(),
        folder: None,
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    load(&source(text), &Overrides::default())
}

fn good(text: &str) -> Config {
    good_with(text, &[], &[])
}

fn good_with(text: &str, set: &[&str], sweep: &[&str]) -> Config {
    load(&source(text), &overrides(set, sweep)).unwrap()
}

/// Returns the message of a config that must not load.
fn bad(text: &str) -> String {
    bad_with(text, &[], &[])
}

fn bad_with(text: &str, set: &[&str], sweep: &[&str]) -> String {
    load(&source(text), &overrides(set, sweep))
        .unwrap_err()
        .to_string()
}

fn overrides(set: &[&str], sweep: &[&str]) -> Overrides {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Overrides {
        set: owned(set),
        sweep: owned(sweep),
        ..Overrides::default()
    }
}

/// Returns the dataset of a config's first variant.
fn dataset_of(text: &str) -> Dataset {
    good(text).variants.remove(0).dataset.unwrap()
}

/// Returns a dataset of 1000 rows and one column, with the given keys in addition to `name: c`.
fn one_column(keys: &str) -> String {
    format!(
        "dataset:\n  num_files_train: 10\n  num_samples_per_file: 100\n  parquet: {{columns: [{{name: c, {keys}}}]}}\n"
    )
}

fn names(config: &Config) -> Vec<&str> {
    config
        .variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect()
}

fn codecs(config: &Config) -> Vec<String> {
    let datasets = config
        .variants
        .iter()
        .map(|variant| variant.dataset.as_ref().unwrap());
    datasets
        .map(|dataset| dataset.layout.chunk.codec.to_string())
        .collect()
}

#[test]
fn a_config_text_reads_back_as_what_it_was_made_of() {
    let names = [
        "plain",
        "no",
        "null",
        "5",
        "a: b",
        "{x}",
        "#x",
        "",
        " x",
        "quote\"d",
        "it's",
        "new\nline",
        "\u{7f}\u{85}\u{2028}\u{feff}",
        "\u{1f600}",
        "__columns__",
        "-",
        "true",
        "1e5",
        "y",
    ];
    let columns: Vec<Json> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            json!({
                "name": format!("{index}{name}"),
                "dtype": "string",
                "distribution": { "kind": "categorical", "values": [name, format!("{name}!")], "weights": [0.25, 1] },
            })
        })
        .collect();
    let config =
        json!({ "dataset": { "seed": 7, "parquet": { "row_group_size": 5, "columns": columns } } });
    let text = to_config_text(&config).unwrap();
    assert_eq!(yaml::parse(&text).unwrap(), config, "{text}");
    assert_eq!(text.lines().count(), 5 + names.len(), "{text}");
}
