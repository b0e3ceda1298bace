//! Applies each draft of a variant to the base config and validates the result.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value as Json;

use super::error::Problem;
use super::findings::Findings;
use super::key_path::KeyPath;
use super::model::{Connection, Measure, PageCache, ScenarioSource, Training, Variant};
use super::origins::{Layer, Origins, Overlay, TypedPlace};
use super::raw::RawConfig;
use super::reports::Reports;
use super::sweep::Draft;
use super::validate::{self, Meaning};
use super::{interpolate, key_path, options, redact, shape};

/// Name of the variant that reads a source's own files.
pub const ORIGINAL: &str = "original";

/// The variants of a config, and the settings that they share.
pub(super) struct Variants {
    pub(super) variants: Vec<Variant>,
    pub(super) scenarios: Vec<ScenarioSource>,
    pub(super) measure: Measure,
    pub(super) connection: Connection,
    pub(super) training: Training,
    pub(super) notes: Vec<String>,
}

/// Applies every draft to the base and validates it. None if no draft could be read. Problems go to
/// `reports`.
pub(super) fn read(
    tree: &Json,
    drafts: Vec<Draft>,
    command_line: &[Overlay],
    reports: &mut Reports<'_>,
) -> Option<Variants> {
    let mut base = tree.clone();
    if let Some(map) = base.as_object_mut() {
        map.remove("sweep");
        map.remove("variants");
    }
    let count = drafts.len();
    let mut gathered = VariantReports::default();
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
        shared = Some((
            meaning.scenarios,
            meaning.measure,
            meaning.connection,
            meaning.training,
        ));
    }
    gathered.report(count, reports);
    let (scenarios, measure, connection, training) = shared?;
    let mut notes = gathered.notes.all;
    notes.extend(same_variants(&variants));
    let cold = |variant: &Variant| variant.reader.cache == PageCache::Cold;
    if measure.drop_caches && !variants.iter().any(cold) {
        notes.push(
            "`measure.drop_caches` has no effect, as no variant has `measure.cache: cold`"
                .to_owned(),
        );
    }
    Some(Variants {
        variants,
        scenarios,
        measure,
        connection,
        training,
        notes,
    })
}

impl Variants {
    /// Puts a variant first that reads the source's own files as they are, otherwise in the way of
    /// the first variant.
    ///
    /// # Errors
    ///
    /// The first variant has no source, or there is a variant of that name.
    pub(super) fn add_original(&mut self) -> Result<(), Problem> {
        if self.variants.iter().any(|it| it.name == ORIGINAL) {
            let message =
                format!("`{ORIGINAL}` is the variant of --with-original; choose another name");
            return Err(Problem::new(KeyPath::of(["variants"]), message));
        }
        let first = self.variants.first();
        let source = first.and_then(|it| Some((it, it.dataset.as_ref()?)));
        let source = source.and_then(|(it, dataset)| Some((it, dataset, dataset.source.as_ref()?)));
        let Some((first, dataset, source)) = source else {
            let message = "--with-original reads the files of a source, and there is none; name it with --source, as in --source t=my.parquet";
            return Err(Problem::new(KeyPath::of(["dataset", "source"]), message));
        };
        let name = dataset.table.clone();
        let key = format!("tables.{name}");
        let mut tables = first.tables.clone();
        tables.insert(name, source.clone());
        let original = Variant {
            name: ORIGINAL.to_owned(),
            settings: BTreeMap::from([(key, Json::from(redact::url(source)))]),
            dataset: None,
            reader: first.reader,
            engine: first.engine.clone(),
            tables,
        };
        self.variants.insert(0, original);
        Ok(())
    }
}

/// Problems and notes of all variants, each once.
#[derive(Default)]
struct VariantReports {
    problems: Vec<(Problem, TypedPlace, Vec<String>)>,
    /// (key path, message) -> position in `problems`.
    known: BTreeMap<(String, String), usize>,
    notes: Distinct,
    without_effect: Distinct,
}

/// Texts in the order in which they were added, each once. A set makes this fast, because there may
/// be one text for each of very many columns.
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

impl VariantReports {
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
        // A value that could not be resolved or has the wrong shape is empty for the validation,
        // whose problems at the same place are therefore left out.
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

    fn problem(&mut self, problem: Problem, typed: TypedPlace, variant: &str) {
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

    /// Reports the problems and finishes the notes. A problem that not all variants have names the
    /// variants that have it.
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

/// Returns text such as ``variants `a`, `b` and 3 more``.
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

/// Returns a note for each variant that has the same settings as an earlier one: a comparison of
/// the two shows only noise.
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
