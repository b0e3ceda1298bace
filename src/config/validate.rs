//! Turns the raw mirror into the validated model. Collects every problem instead of stopping at the
//! first.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::findings::Findings;
use super::key_path::KeyPath;
use super::leaf::{Leaf, flag_of, quoted};
use super::model::{
    Connection, Dataset, Measure, PageCache, ReadMode, Reader, ScenarioSource, Streams,
    ThrottleSettings, Training, Until,
};
use super::raw::{
    OneOrMany, RawConfig, RawMeasure, RawReader, RawScenario, RawScenarios, RawStorage, RawTable,
    RawThrottle,
};
use super::{dataset, storage, training};
use crate::record::{EngineCache, Lane};

/// DataFusion's name of `storage.footer_prefetch`.
const FOOTER_HINT: &str = "execution.parquet.metadata_size_hint";

/// The validated settings of one variant of a config.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) dataset: Option<Dataset>,
    pub(super) reader: Reader,
    pub(super) engine: Vec<(String, String)>,
    pub(super) tables: BTreeMap<String, String>,
    pub(super) scenarios: Vec<ScenarioSource>,
    pub(super) measure: Measure,
    pub(super) connection: Connection,
    pub(super) training: Training,
}

pub(super) fn validate(mut raw: RawConfig, findings: &mut Findings<'_>) -> Meaning {
    let top = KeyPath::default();
    let names_data = raw.dataset.is_some() || raw.tables.as_ref().is_some_and(|it| !it.is_empty());
    if !names_data {
        let about_checkpoints =
            |key: &String| key.starts_with("checkpoint.") || key == "workflow.checkpoint";
        let message = match findings.without_effect.iter().any(about_checkpoints) {
            true => {
                "is about checkpoints alone, and checkpoints are not measured here; give `dataset` or `tables`"
            }
            false => "names nothing to read; give `dataset` or `tables`",
        };
        findings.problem(&top, message);
    }
    let names_scenarios = raw.scenarios.is_some();
    let mut raw_measure = raw.measure.unwrap_or_default();
    let read_mode = raw
        .dataset
        .as_mut()
        .and_then(|dataset| dataset.parquet.as_mut())
        .and_then(|parquet| parquet.read_mode.take());
    let mut raw_storage = raw.storage.unwrap_or_default();
    let mut raw_reader = raw.reader.unwrap_or_default();
    let mut workflow = raw.workflow.unwrap_or_default();
    let reader = reader(
        &mut raw_reader,
        read_mode,
        &mut raw_storage,
        &mut raw_measure,
        findings,
    );
    let loop_sections = training::LoopSections {
        train: raw.train.unwrap_or_default(),
        evaluation: raw.evaluation.unwrap_or_default(),
        output: raw.output.unwrap_or_default(),
        metric: raw.metric.unwrap_or_default(),
        evaluates: workflow.evaluation.take(),
    };
    let training = training::training(loop_sections, &mut raw_reader, &reader, findings);
    let scenarios = scenarios(raw.scenarios, findings);
    let connection = storage::connection(&mut raw_storage, findings);
    let part_bytes = storage::part_bytes(&mut raw_storage, findings);
    let engine = options(raw.datafusion.unwrap_or_default(), findings);
    let footers = KeyPath::of(["storage", "footer_prefetch"]);
    if reader.requests.footer_prefetch_bytes.is_some() {
        if engine.iter().any(|(name, _)| name == FOOTER_HINT) {
            findings.problem(
                &footers,
                format!("stands beside `datafusion.{FOOTER_HINT}`, which means the same; give one of them"),
            );
        }
        if reader.engine_cache == EngineCache::Warm {
            findings.notes.push(format!(
                "`{footers}` has no effect on times, as footers stay in the engine's caches; with `measure.engine_cache: fresh` they are \
                 read within them"
            ));
        }
    }
    let dataset = raw.dataset.map(|dataset| {
        let sections = dataset::Sections {
            storage: &mut raw_storage,
            part_bytes,
            workflow,
        };
        dataset::validate(dataset, sections, findings)
    });
    if let Some(dataset) = &dataset {
        let reads_nothing = dataset.columns.iter().all(|column| !column.read);
        let described = !dataset.columns.is_empty() && dataset.source.is_none();
        if reads_nothing && described && !names_scenarios {
            let path = KeyPath::of(["dataset", "parquet", "columns"]);
            findings.problem(
                &path,
                "no column has `read: true`, so the default scenario reads none; set one, or give `scenarios`",
            );
        }
    }
    let own: Vec<&str> = dataset
        .iter()
        .flat_map(|dataset| [dataset.table.as_str(), "valid"])
        .collect();
    Meaning {
        reader,
        engine,
        tables: tables(raw.tables.unwrap_or_default(), &own, findings),
        measure: measure(raw_measure, findings),
        dataset,
        scenarios,
        connection,
        training,
    }
}

/// Validates the settings for reading a variant, whose keys are in several sections.
fn reader(
    raw: &mut RawReader,
    read_mode: Option<Leaf<ReadMode>>,
    raw_storage: &mut RawStorage,
    measure: &mut RawMeasure,
    findings: &mut Findings<'_>,
) -> Reader {
    let path = KeyPath::of(["reader"]);
    let measured = KeyPath::of(["measure"]);
    let direct_fs =
        matches!(&raw_storage.storage_type, Some(Leaf(Ok(kind))) if kind == storage::DIRECT_FS);
    let odirect = findings.take(&path.key("odirect"), raw.odirect.take());
    let direct = odirect.unwrap_or(direct_fs);
    let cache = findings.take(&measured.key("cache"), measure.cache.take());
    if let Some(cache) = cache.filter(|cache| direct && *cache != PageCache::Direct) {
        let by = match odirect {
            Some(_) => path.key("odirect"),
            None => KeyPath::of(["storage", "storage_type"]),
        };
        findings.problem(
            &by,
            format!(
                "reads past the page cache, but `measure.cache` is `{}`; leave one of them out",
                cache.name()
            ),
        );
    }
    let cache = match direct {
        true => PageCache::Direct,
        false => cache.unwrap_or_default(),
    };
    let unify_schemas = findings.take(&path.key("unify_schemas"), raw.unify_schemas.take());
    let engine_cache = findings.take(&measured.key("engine_cache"), measure.engine_cache.take());
    let threads_path = path.key("read_threads");
    let read_threads = findings.take(&threads_path, raw.read_threads.take());
    let read_threads = findings.at_most(&threads_path, read_threads, MOST_READERS);
    let streams = findings.take_count(&measured.key("streams"), measure.streams.take());
    let workers_path = measured.key("workers");
    let workers = findings.take_count(&workers_path, measure.workers.take());
    let workers = findings.at_most(&workers_path, workers, MOST_WORKERS);
    let held_against = findings.take(&measured.key("held_against"), measure.held_against.take());
    let memory_limit = findings.take(&measured.key("memory_limit"), measure.memory_limit.take());
    let read_mode_path = KeyPath::of(["dataset", "parquet", "read_mode"]);
    let requests = storage::requests(raw_storage, findings);
    let throttle = raw_storage.throttle.take();
    let throttle = throttle.and_then(|throttle| throttled(throttle, findings));
    if throttle.is_some() && cache == PageCache::Direct {
        findings.problem(
            &KeyPath::of(["storage", "throttle"]),
            "serves reads through the page cache, and these are to pass it by; leave one of them out",
        );
    }
    Reader {
        throttle,
        requests,
        // In DLIO, 0 means that the main thread reads.
        read_threads: read_threads.map(|threads| threads.max(1)),
        batch_size: findings.take_count(&path.key("batch_size"), raw.batch_size.take()),
        read_mode: findings
            .take(&read_mode_path, read_mode)
            .unwrap_or_default(),
        cache,
        engine_cache: engine_cache.unwrap_or(match cache {
            PageCache::Warm => EngineCache::Warm,
            PageCache::Cold | PageCache::Direct => EngineCache::Fresh,
        }),
        streams: streams_of(&measured.key("streams"), streams, findings),
        memory_limit_bytes: memory_limit.map(|bytes| bytes.0),
        unify_schemas: unify_schemas.unwrap_or(false),
        workers: workers.and_then(|workers| u32::try_from(workers).ok()),
        held_against: held_against.unwrap_or_default(),
    }
}

/// Returns the throttle, or none if it slows nothing down.
fn throttled(raw: RawThrottle, findings: &mut Findings<'_>) -> Option<ThrottleSettings> {
    let path = KeyPath::of(["storage", "throttle"]);
    let bandwidth = findings.take(&path.key("bandwidth"), raw.bandwidth);
    let latency = findings.take(&path.key("latency"), raw.latency);
    let throttled = ThrottleSettings {
        bytes_per_s: bandwidth.and_then(|bandwidth| bandwidth.0),
        latency: latency.map_or(Duration::ZERO, |latency| latency.0),
    };
    (throttled.bytes_per_s.is_some() || !throttled.latency.is_zero()).then_some(throttled)
}

/// Most readers. Each has a stream and buffers of its own.
const MOST_READERS: u64 = 1 << 16;

/// Most workers that share a query.
const MOST_WORKERS: u64 = 4096;

/// Largest number of copies of a query. Each has tasks and buffers of its own.
const MOST_STREAMS: u64 = 1024;

fn streams_of(path: &KeyPath, streams: Option<u64>, findings: &mut Findings<'_>) -> Streams {
    match streams {
        None => Streams::default(),
        Some(streams) if streams <= MOST_STREAMS => Streams(streams as u32),
        Some(streams) => {
            findings.problem(
                path,
                format!(
                    "{streams} is more than the {MOST_STREAMS} copies of a query that run at once"
                ),
            );
            Streams::default()
        }
    }
}

/// Returns the engine's options as text. An earlier pass has flattened their names.
fn options(raw: Map<String, Json>, findings: &mut Findings<'_>) -> Vec<(String, String)> {
    let path = KeyPath::of(["datafusion"]);
    let mut options = Vec::new();
    for (name, value) in raw {
        let text = match value {
            // Only `yes` and `no` of YAML 1.1's words are taken for booleans here, because an
            // option may use `on` as a word of its own.
            Json::String(text) if matches!(text.to_ascii_lowercase().as_str(), "yes" | "no") => {
                flag_of(&text).map_or(text, |flag| flag.to_string())
            }
            Json::String(text) => text,
            Json::Bool(flag) => flag.to_string(),
            Json::Number(number) => number.to_string(),
            other => {
                findings.problem(
                    &path.key(&name),
                    format!(
                        "{} is not a value of an option; write text, a number or a boolean",
                        quoted(&other)
                    ),
                );
                continue;
            }
        };
        options.push((name, text));
    }
    options
}

fn tables(
    raw: BTreeMap<String, RawTable>,
    own: &[&str],
    findings: &mut Findings<'_>,
) -> BTreeMap<String, String> {
    let section = KeyPath::of(["tables"]);
    let mut tables = BTreeMap::new();
    for (name, table) in raw {
        let path = section.key(&name);
        if !dataset::is_identifier(&name) {
            findings.problem(&path, dataset::not_a_table(&name));
        } else if own.contains(&name.as_str()) {
            findings.problem(
                &path,
                format!("`{name}` is the dataset's own table; choose another name"),
            );
        }
        let location = match table {
            RawTable::Path(leaf) => findings.take_location(&path, Some(leaf)),
            RawTable::Keys(keys) if keys.path.is_none() => {
                findings.problem(&path, "needs a `path`");
                None
            }
            RawTable::Keys(keys) => findings.take_location(&path.key("path"), keys.path),
        };
        tables.extend(location.map(|location| (name, location)));
    }
    tables
}

fn scenarios(raw: Option<RawScenarios>, findings: &mut Findings<'_>) -> Vec<ScenarioSource> {
    let section = KeyPath::of(["scenarios"]);
    let mut sources: Vec<ScenarioSource> = Vec::new();
    let written = match raw {
        None => return sources,
        Some(RawScenarios::One(leaf)) => {
            let named = findings
                .take_text(&section, Some(leaf))
                .map(ScenarioSource::Named);
            sources.extend(named);
            return sources;
        }
        Some(RawScenarios::Many(written)) => written,
    };
    if written.is_empty() {
        findings.problem(
            &section,
            "lists no scenario; leave it out for the default one",
        );
    }
    let mut names = HashSet::new();
    for (index, scenario) in written.into_iter().enumerate() {
        let path = section.item(index, None);
        let source = match scenario {
            RawScenario::Named(leaf) => findings
                .take_text(&path, Some(leaf))
                .map(ScenarioSource::Named),
            RawScenario::Keys(keys) => {
                for (key, missing) in [("name", keys.name.is_none()), ("sql", keys.sql.is_none())] {
                    if missing {
                        findings.problem(&path, format!("needs a `{key}`"));
                    }
                }
                let name = findings.take_text(&path.key("name"), keys.name);
                let sql = findings.take_text(&path.key("sql"), keys.sql);
                name.zip(sql)
                    .map(|(name, sql)| ScenarioSource::Inline { name, sql })
            }
        };
        let Some(source) = source else { continue };
        if names.insert(name_of(&source).to_owned()) {
            sources.push(source);
        } else {
            findings.problem(&path, format!("`{}` is listed twice", name_of(&source)));
        }
    }
    sources
}

fn name_of(source: &ScenarioSource) -> &str {
    match source {
        ScenarioSource::Named(name) | ScenarioSource::Inline { name, .. } => name,
    }
}

fn measure(raw: RawMeasure, findings: &mut Findings<'_>) -> Measure {
    let path = KeyPath::of(["measure"]);
    let default = Measure::default();
    let warmup = findings.take(&path.key("warmup"), raw.warmup);
    let rounds = findings.take_count(&path.key("rounds"), raw.rounds);
    let precision = findings.take(&path.key("precision"), raw.precision);
    let time_budget = findings.take(&path.key("time_budget"), raw.time_budget);
    // A config that gives only a number of rounds gets exactly that number.
    let until = (rounds.is_none() || precision.is_some() || time_budget.is_some()).then(|| {
        let default = Until::default();
        Until {
            precision: precision.map_or(default.precision, |share| share.0),
            time_budget: time_budget.map_or(default.time_budget, |span| span.0),
        }
    });
    let effect = findings.take(&path.key("effect"), raw.effect);
    Measure {
        warmup: rounds_of(&path.key("warmup"), warmup, findings).unwrap_or(default.warmup),
        rounds: rounds_of(&path.key("rounds"), rounds, findings).unwrap_or(default.rounds),
        until,
        effect: effect.map_or(default.effect, |share| share.0),
        seed: findings
            .take(&path.key("seed"), raw.seed)
            .unwrap_or(default.seed),
        lanes: lanes(raw.lanes, &path.key("lanes"), findings).unwrap_or(default.lanes),
        control: findings.take(&path.key("control"), raw.control),
        peak_memory: findings
            .take(&path.key("peak_memory"), raw.peak_memory)
            .unwrap_or(default.peak_memory),
        break_even: findings.take(&path.key("break_even"), raw.break_even),
        drop_caches: findings
            .take(&path.key("drop_caches"), raw.drop_caches)
            .unwrap_or(default.drop_caches),
    }
}

/// Returns each lane once, in the order of the reports.
fn lanes(
    raw: Option<OneOrMany<Leaf<Lane>>>,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Option<Vec<Lane>> {
    let mut lanes = BTreeSet::new();
    let named = raw?.into_vec();
    let names_none = named.is_empty();
    for (index, leaf) in named.into_iter().enumerate() {
        lanes.extend(findings.take(&path.item(index, None), Some(leaf)));
    }
    if names_none {
        findings.problem(path, "names no lane; leave it out for `end_to_end`");
    }
    Some(lanes.into_iter().collect())
}

fn rounds_of(path: &KeyPath, count: Option<u64>, findings: &mut Findings<'_>) -> Option<u32> {
    let count = count?;
    let rounds = u32::try_from(count).ok();
    if rounds.is_none() {
        findings.problem(
            path,
            format!(
                "{count} is more than the {} rounds that a run may have",
                u32::MAX
            ),
        );
    }
    rounds
}
