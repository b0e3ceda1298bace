//! The config: YAML as written, in DLIO's dialect and ours, becomes a validated [`Config`].
//!
//! In passes, each with a type of its own: text -> tree of values (`yaml`) -> the tree with the command line laid over it
//! (`overrides`) -> variants, each a tree (`sweep`) -> the tree with its references resolved (`interpolate`) -> the tree
//! of the right shape (`shape`) -> the raw mirror (`raw`) -> the validated model (`model`). Syntax errors end the first
//! pass; everything else that is wrong is reported in one go.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

mod choice;
mod codec;
mod columns;
mod dataset;
mod distribution;
mod dlio;
mod error;
mod fit;
mod interpolate;
mod key_path;
mod kind;
mod layout;
mod leaf;
mod line;
mod model;
mod near;
mod options;
mod origins;
mod overrides;
mod raw;
mod redact;
mod shape;
mod sweep;
mod template;
#[cfg(test)]
mod tests;
mod validate;
mod yaml;

pub use dlio::dlio_keys;
pub use error::ConfigError;
pub use model::{
    BloomFilter, ChunkLayout, Codec, Column, Config, Dataset, Distribution, Dtype, Encoding,
    Layout, Length, LengthDistribution, Measure, Number, PageCache, Physical, Pool, ReadMode,
    Reader, RowGroupSize, ScenarioSource, SortColumn, SortScope, Split, Statistics, Streams,
    TemplatePart, Throttled, TimeUnit, Until, Value, Variant, VectorLayout,
};
pub use redact::argument as without_secrets;
pub use shape::json_schema;
pub use sweep::CONTROL;

use error::{Placed, Problem};
use key_path::KeyPath;
use origins::{Layer, Origins, Overlay, Typed};
use raw::RawConfig;
use sweep::Draft;
use validate::{Findings, Meaning};

/// The text of a config and where it came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// As messages name it: a path, "the built-in quickstart" or "the command line".
    pub origin: String,
    /// YAML; empty is a config without keys.
    pub text: String,
    /// Folder of the file, which relative query paths may start from.
    pub folder: Option<PathBuf>,
}

/// What the command line changes.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `key.path=value`, the value in YAML's flow style.
    pub set: Vec<String>,
    /// `key.path=a,b,c`, each value in YAML's flow style.
    pub sweep: Vec<String>,
    /// Tables to add or replace: name, and path or URL.
    pub tables: Vec<(String, String)>,
}

/// Reads and validates a config.
///
/// # Errors
///
/// One syntax error, or everything else that is wrong, each with its key path.
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
        let message = format!(
            "a config is a mapping of keys, found {}",
            leaf::quoted(&tree)
        );
        reports.add(
            Problem::new(KeyPath::default(), message),
            &Typed::File(KeyPath::default()),
        );
        return Err(ConfigError::new(reports.placed));
    }
    for problem in wrapped.err().into_iter().chain(normalise(&mut tree)) {
        let typed = Typed::File(problem.path.clone());
        reports.add(problem, &typed);
    }
    let applied = overrides::apply(&mut tree, overrides);
    for problem in applied.problems {
        reports.add(problem, &Typed::CommandLine);
    }
    // What a name given twice means is known by now: the command line's value.
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
    let read = read_variants(&tree, drafts, &applied.overlays, &mut reports);
    match read {
        Some(read) if reports.placed.is_empty() => {
            notes.extend(read.notes);
            // What only variants make whole stays as it is written.
            let _ = interpolate::resolve(&mut tree);
            Ok(Config {
                variants: read.variants,
                scenarios: read.scenarios,
                measure: read.measure,
                notes,
                resolved: redact::tree(tree),
                folder: source.folder.clone(),
            })
        }
        _ => Err(ConfigError::new(reports.placed)),
    }
}

/// Problems with their places, as they are found.
struct Reports<'a> {
    source: &'a Source,
    /// Whether the file has everything below the top key `workload`.
    wrapped: bool,
    placed: Vec<Placed>,
}

impl Reports<'_> {
    fn add(&mut self, mut problem: Problem, typed: &Typed) {
        let typed = match typed {
            Typed::File(place) if self.wrapped => {
                problem.path = problem.path.within(WRAPPER);
                Typed::File(place.within(WRAPPER))
            }
            other => other.clone(),
        };
        self.placed.push(origins::place(
            problem,
            &typed,
            self.source,
            self.placed.len(),
        ));
    }
}

/// The top key that Hydra puts a workload below, as in the resolved config that DLIO writes beside its results.
const WRAPPER: &str = "workload";

/// Takes a config out of the top key that all of it is below. Tells whether there was one.
fn without_wrapper(tree: &mut Json) -> Result<bool, Problem> {
    // Hydra's own, which mean nothing here.
    const BESIDE: [&str; 2] = ["hydra", "defaults"];
    let Some(map) = tree.as_object_mut() else {
        return Ok(false);
    };
    let Some(workload) = map.remove(WRAPPER) else {
        return Ok(false);
    };
    let refused = |message: String| Err(Problem::new(KeyPath::of([WRAPPER]), message));
    if let Some(other) = map.keys().find(|key| !BESIDE.contains(&key.as_str())) {
        return refused(format!(
            "stands beside `{other}`; a config is below `workload` as a whole, or not at all"
        ));
    }
    match workload {
        Json::Object(workload) => {
            map.extend(workload);
            Ok(true)
        }
        Json::Null => Ok(true),
        other => refused(format!(
            "expected a mapping, found {}",
            leaf::quoted(&other)
        )),
    }
}

/// Brings a file's tree into the one spelling that the other passes know.
fn normalise(tree: &mut Json) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(dataset @ Json::Null) = tree.get_mut("dataset") {
        // `dataset:` with nothing below it is the dataset that DLIO makes by default.
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

/// `sweep:` and `variants:`, and what is wrong with their shape.
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

/// What the drafts mean.
struct Read {
    variants: Vec<Variant>,
    scenarios: Vec<ScenarioSource>,
    measure: Measure,
    notes: Vec<String>,
}

/// Reads every draft over the base. Nothing where none could be read; problems go to `reports`.
fn read_variants(
    tree: &Json,
    drafts: Vec<Draft>,
    command_line: &[Overlay],
    reports: &mut Reports<'_>,
) -> Option<Read> {
    let mut base = tree.clone();
    if let Some(map) = base.as_object_mut() {
        map.remove("sweep");
        map.remove("variants");
    }
    let count = drafts.len();
    let mut gathered = Gathered::default();
    let mut variants = Vec::new();
    let mut shared = None;
    for draft in drafts {
        let Some(meaning) = gathered.read(base.clone(), &draft, command_line) else {
            continue;
        };
        let settings = draft.settings.into_iter();
        variants.push(Variant {
            name: draft.name,
            settings: settings
                .map(|setting| (setting.key, redact::tree(setting.value)))
                .collect(),
            dataset: meaning.dataset,
            reader: meaning.reader,
            engine: meaning.engine,
            tables: meaning.tables,
        });
        shared = Some((meaning.scenarios, meaning.measure));
    }
    gathered.report(count, reports);
    let (scenarios, measure) = shared?;
    let mut notes = gathered.notes.all;
    notes.extend(same_variants(&variants));
    let cold = |variant: &Variant| variant.reader.cache == PageCache::Cold;
    if measure.drop_caches && !variants.iter().any(cold) {
        notes.push(
            "`measure.drop_caches` has no effect, as no variant has `measure.cache: cold`"
                .to_owned(),
        );
    }
    Some(Read {
        variants,
        scenarios,
        measure,
        notes,
    })
}

/// Problems and notes of all variants, each once.
#[derive(Default)]
struct Gathered {
    problems: Vec<(Problem, Typed, Vec<String>)>,
    /// (key path, message) -> position in `problems`.
    known: BTreeMap<(String, String), usize>,
    notes: Distinct,
    without_effect: Distinct,
}

/// Texts in the order in which they came, each once. There may be one for each of very many
/// columns.
#[derive(Default)]
struct Distinct {
    all: Vec<String>,
    known: HashSet<String>,
}

impl Distinct {
    fn add(&mut self, text: String) {
        if self.known.insert(text.clone()) {
            self.all.push(text);
        }
    }
}

impl Gathered {
    fn read(&mut self, mut tree: Json, draft: &Draft, command_line: &[Overlay]) -> Option<Meaning> {
        let mut origins = Origins(command_line.to_vec());
        let mut problems = Vec::new();
        for setting in &draft.settings {
            match key_path::set(&mut tree, &setting.key, setting.value.clone()) {
                Ok(place) => {
                    let typed = setting.typed.clone();
                    origins.0.push(Overlay {
                        place,
                        layer: Layer::Variant,
                        typed,
                    });
                }
                Err(message) => {
                    let problem = Problem::new(KeyPath::of([setting.key.as_str()]), message);
                    problems.push((problem, setting.typed.clone()));
                }
            }
        }
        let mut malformed = interpolate::resolve(&mut tree);
        options::flatten(&mut tree);
        let shaped = shape::check(&tree);
        malformed.extend(shaped.problems);
        let mut findings = Findings {
            origins: &origins,
            problems: Vec::new(),
            notes: Vec::new(),
            without_effect: shaped.without_effect,
        };
        let meaning = match serde_path_to_error::deserialize::<_, RawConfig>(shaped.tree) {
            Ok(raw) => Some(validate::validate(raw, &mut findings)),
            Err(error) => {
                let path = KeyPath::of([error.path().to_string().as_str()]);
                findings.problem(&path, error.inner().to_string());
                None
            }
        };
        // What leads nowhere, or has the wrong shape, is empty for those who look next: they have nothing new to say of it.
        let mut told: BTreeSet<String> = BTreeSet::new();
        malformed.retain(|problem| told.insert(problem.path.to_string()));
        let news = findings.problems.into_iter();
        let news = news.filter(|problem| !told.contains(&problem.path.to_string()));
        for problem in malformed.into_iter().chain(news) {
            let typed = origins.typed(&problem.path);
            problems.push((problem, typed));
        }
        for (problem, typed) in problems {
            self.problem(problem, typed, &draft.name);
        }
        for (new, all) in [
            (findings.notes, &mut self.notes),
            (findings.without_effect, &mut self.without_effect),
        ] {
            new.into_iter().for_each(|one| all.add(one));
        }
        meaning
    }

    fn problem(&mut self, problem: Problem, typed: Typed, variant: &str) {
        let key = (problem.path.to_string(), problem.message.clone());
        match self
            .known
            .get(&key)
            .and_then(|position| self.problems.get_mut(*position))
        {
            Some((_, _, names)) => names.push(variant.to_owned()),
            None => {
                self.known.insert(key, self.problems.len());
                self.problems
                    .push((problem, typed, vec![variant.to_owned()]));
            }
        }
    }

    /// Reports the problems, with the variants that have them where not all do, and finishes the notes.
    fn report(&mut self, variants: usize, reports: &mut Reports<'_>) {
        for (mut problem, typed, names) in std::mem::take(&mut self.problems) {
            if names.len() < variants {
                problem.message = format!("{} ({})", problem.message, variants_named(&names));
            }
            reports.add(problem, &typed);
        }
        if !self.without_effect.all.is_empty() {
            let keys = self.without_effect.all.join(", ");
            self.notes
                .all
                .insert(0, format!("these DLIO keys have no effect here: {keys}"));
        }
    }
}

/// ``variants `a`, `b` and 3 more``
fn variants_named(names: &[String]) -> String {
    const MOST_NAMED: usize = 4;
    let named: Vec<String> = names
        .iter()
        .take(MOST_NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    let word = if names.len() == 1 {
        "variant"
    } else {
        "variants"
    };
    let more = match names.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{word} {}{more}", named.join(", "))
}

/// A note per variant that means the same as an earlier one: comparing the two shows noise only.
fn same_variants(variants: &[Variant]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for Variant {
        name,
        dataset,
        reader,
        engine,
        tables,
        ..
    } in variants
    {
        let meaning = format!("{dataset:?} {reader:?} {engine:?} {tables:?}");
        match known.get(&meaning) {
            Some(earlier) => {
                notes.push(format!("variant `{name}` means the same as `{earlier}`"));
            }
            None => _ = known.insert(meaning, name),
        }
    }
    notes
}

/// A resolved config as YAML, which is read back as it is.
pub fn to_yaml(resolved: &serde_json::Value) -> Result<String, String> {
    let mut resolved = resolved.clone();
    interpolate::escape(&mut resolved);
    serde_yaml::to_string(&resolved).map_err(|error| error.to_string())
}

/// A config as YAML that people can edit: each column on a line of its own, as in the configs that ship.
pub fn to_config_text(config: &Json) -> Result<String, String> {
    let mut config = config.clone();
    let columns = config
        .pointer_mut("/dataset/parquet")
        .and_then(Json::as_object_mut)
        .and_then(|parquet| parquet.insert("columns".to_owned(), json!(COLUMNS_HERE)));
    let Some(mut columns @ Json::Array(_)) = columns else {
        return Err("it has no list of columns".to_owned());
    };
    interpolate::escape(&mut columns);
    let mut lines = String::new();
    for column in columns.as_array().into_iter().flatten() {
        lines.push_str("\n    - ");
        flow(column, &mut lines)?;
    }
    Ok(to_yaml(&config)?.replacen(&format!(" {COLUMNS_HERE}"), &lines, 1))
}

const COLUMNS_HERE: &str = "__columns__";

/// YAML's flow style: that of JSON, with spaces, and with keys as they are.
fn flow(value: &Json, text: &mut String) -> Result<(), String> {
    match value {
        Json::Object(keys) if !keys.is_empty() => {
            for (index, (key, value)) in keys.iter().enumerate() {
                text.push_str(if index == 0 { "{ " } else { ", " });
                text.push_str(key);
                text.push_str(": ");
                flow(value, text)?;
            }
            text.push_str(" }");
        }
        Json::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                flow(item, text)?;
            }
            text.push(']');
        }
        Json::String(plain) if is_plain(plain) => text.push_str(plain),
        other => {
            let json = serde_json::to_string(other).map_err(|error| error.to_string())?;
            for character in json.chars() {
                // JSON leaves these as they are in its strings, and YAML has them as escapes only.
                match character {
                    '\u{7f}'..='\u{9f}'
                    | '\u{2028}'
                    | '\u{2029}'
                    | '\u{feff}'
                    | '\u{fffe}'
                    | '\u{ffff}' => {
                        text.push_str(&format!("\\u{:04x}", u32::from(character)));
                    }
                    character => text.push(character),
                }
            }
        }
    }
    Ok(())
}

/// Whether YAML takes a text as it is, for a text: a name that begins with a letter and is no word of YAML 1.1's.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 4] = ["null", "nan", "inf", "infinity"];
    let named = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    named && leaf::flag_of(text).is_none() && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}
