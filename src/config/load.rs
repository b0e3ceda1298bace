//! The passes in their order, from text to a validated config.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::error::{ConfigError, Problem};
use super::input::{Overrides, Source};
use super::key_path::KeyPath;
use super::leaf::quoted;
use super::model::Config;
use super::origins::{Origins, TypedPlace};
use super::raw::RawConfig;
use super::reports::Reports;
use super::sweep::{self, Draft};
use super::variants::Variants;
use super::wrapper::without_wrapper;
use super::{interpolate, options, overrides, redact, shape, storage, variants, verbs, yaml};

/// Reads and validates a config.
///
/// # Errors
///
/// One syntax error, or all other problems, each with its key path.
pub fn load(source: &Source, overrides: &Overrides) -> Result<Config, ConfigError> {
    let mut tree = match yaml::parse(&source.text) {
        Ok(Json::Null) => Json::Object(Map::new()),
        Ok(tree) => tree,
        Err(error) => return Err(ConfigError::of_yaml(&redact::url(&source.origin), error)),
    };
    let wrapped = without_wrapper(&mut tree);
    let mut reports = Reports {
        source,
        wrapped: wrapped == Ok(true),
        placed: Vec::new(),
    };
    if !tree.is_object() {
        let message = format!("a config is a mapping of keys, found {}", quoted(&tree));
        reports.add(
            Problem::new(KeyPath::default(), message),
            &TypedPlace::File(KeyPath::default()),
        );
        return Err(ConfigError::new(reports.placed));
    }
    for problem in wrapped.err().into_iter().chain(normalise(&mut tree)) {
        let typed = TypedPlace::File(problem.path.clone());
        reports.add(problem, &typed);
    }
    let applied = overrides::apply(&mut tree, overrides);
    storage::expand_variables(&mut tree);
    redact::learn(&tree);
    for problem in applied.problems {
        reports.add(problem, &TypedPlace::CommandLine);
    }
    // If a name occurs twice now, the second value is the command line's and overrides the first.
    options::flatten(&mut tree);
    let (sweep, variants) = sweep_sections(&tree, &Origins(applied.overlays.clone()), &mut reports);
    let plan = sweep::plan(sweep, variants, applied.axes, &applied.set);
    for (problem, typed) in plan.problems {
        reports.add(problem, &typed);
    }
    let mut notes = plan.notes;
    let drafts = if plan.drafts.is_empty() {
        vec![Draft::base()]
    } else {
        plan.drafts
    };
    let mut read = variants::read(&tree, drafts, &applied.overlays, &mut reports);
    if overrides.with_original
        && let Some(Err(problem)) = read.as_mut().map(Variants::add_original)
    {
        reports.add(problem, &TypedPlace::CommandLine);
    }
    match read {
        Some(read) if reports.placed.is_empty() => {
            notes.extend(read.notes);
            // References that only resolve within a variant stay as written.
            let _ = interpolate::resolve(&mut tree);
            Ok(Config {
                variants: read.variants,
                scenarios: read.scenarios,
                measure: read.measure,
                connection: read.connection,
                training: read.training,
                keys_of_training: verbs::keys_of_training(&tree),
                keys_of_queries: verbs::keys_of_queries(&tree),
                notes,
                resolved: redact::tree(tree),
                folder: source.folder.clone(),
            })
        }
        _ => Err(ConfigError::new(reports.placed)),
    }
}

/// Brings a file's tree into the canonical spelling that the other passes expect.
fn normalise(tree: &mut Json) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(dataset @ Json::Null) = tree.get_mut("dataset") {
        // An empty `dataset:` means DLIO's default dataset.
        *dataset = Json::Object(Map::new());
    }
    if let Some(map) = tree.as_object_mut()
        && let Some(reader) = map.remove("data_reader")
        && map.insert("reader".to_owned(), reader).is_some()
    {
        let message = "stands beside `reader`, which means the same; give one of them";
        problems.push(Problem::new(KeyPath::of(["data_reader"]), message));
    }
    problems.extend(options::flatten(tree));
    problems
}

/// Returns the sections `sweep:` and `variants:`, and reports problems of their shape.
fn sweep_sections(
    tree: &Json,
    origins: &Origins,
    reports: &mut Reports<'_>,
) -> (Map<String, Json>, Map<String, Json>) {
    let part = |key: &str| tree.get(key).map(|value| (key.to_owned(), value.clone()));
    let sections = Json::Object(part("sweep").into_iter().chain(part("variants")).collect());
    let shaped = shape::check(&sections);
    for problem in shaped.problems {
        let typed = origins.typed(&problem.path);
        reports.add(problem, &typed);
    }
    match RawConfig::deserialize(shaped.tree) {
        Ok(raw) => (
            raw.sweep.unwrap_or_default(),
            raw.variants.unwrap_or_default(),
        ),
        Err(_) => Default::default(),
    }
}
