//! A whole workload, and its variants.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::dataset::Dataset;
use super::measure::Measure;
use super::reading::Reader;
use super::storage::Connection;
use super::training::Training;

/// A whole workload: the variants to measure, the scenarios to run on each, and how to measure
/// them.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Variants, at least one. The first is the baseline.
    pub variants: Vec<Variant>,
    /// Scenarios as written. Empty: one scan of the columns with `read: true`.
    pub scenarios: Vec<ScenarioSource>,
    pub measure: Measure,
    pub connection: Connection,
    /// The training loop, which `bench train` alone runs.
    pub training: Training,
    /// One sentence per remark on the config, such as keys that were accepted without effect.
    pub notes: Vec<String>,
    /// Given keys that take effect in training alone.
    pub keys_of_training: Vec<String>,
    /// Given keys that take effect in queries alone.
    pub keys_of_queries: Vec<String>,
    /// The config after overrides, before variants are applied. The run record keeps it.
    pub resolved: serde_json::Value,
    /// Folder of the config file. Relative query paths are looked up here after the working folder.
    pub folder: Option<PathBuf>,
}

impl Config {
    /// Adds a note on the keys that verbs other than training do not use.
    #[must_use]
    pub fn for_queries(mut self) -> Config {
        if !self.keys_of_training.is_empty() {
            let keys = self.keys_of_training.join(", ");
            self.notes.push(format!(
                "these keys take effect in `bench train` alone: {keys}"
            ));
        }
        self
    }

    /// Adds a note on the keys that training does not use.
    #[must_use]
    pub fn for_training(mut self) -> Config {
        let mut unused = self.keys_of_queries.clone();
        if self
            .variants
            .iter()
            .all(|variant| variant.dataset.is_none())
        {
            unused.retain(|key| key != "tables");
        }
        if !unused.is_empty() {
            self.notes.push(format!(
                "these keys take no effect in `bench train`: {}",
                unused.join(", ")
            ));
        }
        let training = &self.training;
        match &training.evaluation {
            None if self
                .resolved
                .get("evaluation")
                .is_some_and(|it| !it.is_null()) =>
            {
                self.notes.push(
                    "`evaluation` has no effect without `workflow.evaluation: true`".to_owned(),
                );
            }
            Some(evaluation) if evaluation.after_epoch > training.epochs => {
                self.notes.push(format!(
                    "nothing is evaluated: `evaluation.eval_after_epoch` is {}, and `train.epochs` {}",
                    evaluation.after_epoch, training.epochs
                ));
            }
            _ => {}
        }
        self
    }
}

/// One member of a sweep: the base config with `settings` applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Name, unique within the config.
    pub name: String,
    /// Key path -> value, as given by `sweep:` or `variants:`. Empty if nothing is swept.
    pub settings: BTreeMap<String, serde_json::Value>,
    pub dataset: Option<Dataset>,
    pub reader: Reader,
    /// DataFusion options, name -> value as text (`execution.parquet.pushdown_filters` -> `true`),
    /// in the order written; the prefix `datafusion.` is left off.
    pub engine: Vec<(String, String)>,
    /// Existing files: table name -> path, glob or URL as written.
    pub tables: BTreeMap<String, String>,
}

/// Source of a scenario's SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScenarioSource {
    /// A file, a folder of `*.sql` files, or the name of a shipped scenario.
    Named(String),
    /// SQL written in the config or on the command line.
    Inline { name: String, sql: String },
}
