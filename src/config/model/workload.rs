//! A whole workload, and its variants.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::dataset::Dataset;
use super::measure::Measure;
use super::reading::Reader;

/// A whole workload: the variants to measure, the scenarios to run on each, and how to measure
/// them.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Never empty. The first is the baseline.
    pub variants: Vec<Variant>,
    /// As written; empty means one scan of the columns with `read: true`.
    pub scenarios: Vec<ScenarioSource>,
    pub measure: Measure,
    /// Keys that were accepted without effect, a sentence for each.
    pub notes: Vec<String>,
    /// The config after overrides, before variants are applied; what the run record keeps.
    pub resolved: serde_json::Value,
    /// Folder of the config file, tried for relative query paths after the working folder.
    pub folder: Option<PathBuf>,
}

/// One member of a sweep: the base config with `settings` applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Unique within the config.
    pub name: String,
    /// Key path -> value, as given by the sweep or the `variants:` list. Empty where nothing is
    /// swept.
    pub settings: BTreeMap<String, serde_json::Value>,
    pub dataset: Option<Dataset>,
    pub reader: Reader,
    /// DataFusion options, name -> value as text (`execution.parquet.pushdown_filters` -> `true`),
    /// in the order written; the prefix `datafusion.` is left off.
    pub engine: Vec<(String, String)>,
    /// Existing files: table name -> path, glob or URL as written.
    pub tables: BTreeMap<String, String>,
}

/// Where a scenario's SQL comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScenarioSource {
    /// A file, a folder of `*.sql` files, or the name of a shipped scenario.
    Named(String),
    /// SQL written in the config or on the command line.
    Inline { name: String, sql: String },
}
