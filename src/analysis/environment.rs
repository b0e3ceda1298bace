//! Differences between the sides of a comparison, besides the one that is compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::agreement::{ResultsBetween, results_between};
use super::measured::counted;
use super::sides::{Member, Side, called};
use crate::record::{CacheState, DatasetRecord, EngineCache, Lane, Origin, RunRecord};

/// Facts about a host that are never the same, or that do not say how fast it is.
const OF_THE_MOMENT: [&str; 2] = ["memory_available_bytes", "file_systems"];

/// Sections of a config that are compared fact by fact elsewhere, or that a comparison is about.
const TOLD_ELSEWHERE: [&str; 3] = ["sweep", "variants", "scenarios"];

/// Longest value that is shown, in characters.
const LONGEST_VALUE: usize = 60;

/// A sentence per difference of versions, hosts, configs, engine settings, cache states, queries
/// and contents, with both values.
pub(super) fn differences(base: &Side, side: &Side, by: Option<&str>) -> Vec<String> {
    let (base, base_cells) = (&base.name, &base.cells);
    let (side, side_cells) = (&side.name, &side.cells);
    let mut told = BTreeSet::new();
    let mut tell = |what: String, one: &str, other: &str| {
        if one != other {
            // Long values are shown from where they begin to differ.
            let same = one.bytes().zip(other.bytes());
            let same = same.take_while(|(one, other)| one == other).count();
            let long = one.len().max(other.len()) > LONGEST_VALUE;
            let start = match long && same > LONGEST_VALUE / 2 {
                true => one.floor_char_boundary(same - LONGEST_VALUE / 3),
                false => 0,
            };
            let shown = |text: &str| excerpt(text, start);
            told.insert(format!(
                "{what}: {} ({base}), {} ({side})",
                shown(one),
                shown(other)
            ));
        }
    };
    for (place, member) in side_cells {
        let Some(first) = base_cells.get(place) else {
            continue;
        };
        let cell = format!("{}/{}", place.0, place.1);
        tell(
            format!("SQL of {}", place.0),
            &first.cell.sql,
            &member.cell.sql,
        );
        tell(
            format!("cache state of {cell}"),
            &state(first, place.2),
            &state(member, place.2),
        );
        for (key, (one, other)) in both(&first.cell.engine, &member.cell.engine) {
            tell(format!("engine: {key}"), &one, &other);
        }
        let contents = |member: &Member| fingerprints(member, |it| &it.content_fingerprint);
        // Lists of existing files differ in any case, so that equal results tell more than they do.
        let is_list = is_external(first) || is_external(member);
        if !is_list || between(first, member) != ResultsBetween::Equal {
            tell(
                format!("rows of {cell}, by their fingerprint"),
                &contents(first),
                &contents(member),
            );
        }
        let layouts = |member: &Member| fingerprints(member, |it| &it.layout_fingerprint);
        if first.cell.variant_name == member.cell.variant_name {
            tell(
                format!("layout of {cell}, by its fingerprint"),
                &layouts(first),
                &layouts(member),
            );
        }
        if first.record.run_id == member.record.run_id {
            continue;
        }
        for (key, (one, other)) in both(&first.record.versions, &member.record.versions) {
            tell(format!("version of {key}"), &one, &other);
        }
        for (key, (one, other)) in both(&first.record.system, &member.record.system) {
            if !OF_THE_MOMENT.iter().any(|it| key.starts_with(it)) {
                tell(format!("host: {key}"), &one, &other);
            }
        }
        tell(
            "host: file systems".to_owned(),
            &file_systems(first.record),
            &file_systems(member.record),
        );
        for (key, (one, other)) in both(&first.record.config, &member.record.config) {
            let section = key.split(['.', '[']).next().unwrap_or_default();
            if Some(key.as_str()) != by && !TOLD_ELSEWHERE.contains(&section) {
                tell(format!("config: {key}"), &one, &other);
            }
        }
    }
    told.into_iter().collect()
}

/// At most [`LONGEST_VALUE`] characters of a text, from byte `start` on.
pub(super) fn excerpt(text: &str, start: usize) -> String {
    let before = if start > 0 { "…" } else { "" };
    let text = &text[start..];
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{before}{}…", &text[..end]),
        None => format!("{before}{text}"),
    }
}

fn state(member: &Member, lane: Lane) -> String {
    let states: BTreeSet<&str> = counted(member.cell, lane)
        .map(|iteration| &iteration.figures.cache)
        .map(|cache| match (cache.state, cache.engine) {
            (state @ CacheState::Warm, EngineCache::Warm) => state.name(),
            (CacheState::Warm, EngineCache::Fresh) => "warm, the engine's fresh",
            (state, _) => state.name(),
        })
        .collect();
    states.into_iter().collect::<Vec<_>>().join(", ")
}

fn fingerprints(member: &Member, of: fn(&DatasetRecord) -> &String) -> String {
    let datasets = member.record.datasets.iter();
    let used = datasets.filter(|dataset| member.cell.dataset.contains(&dataset.id));
    let mut all: Vec<&str> = used.map(|dataset| of(dataset).as_str()).collect();
    all.sort_unstable();
    all.join(" ")
}

fn is_external(member: &Member) -> bool {
    let mut datasets = member.record.datasets.iter();
    datasets.any(|it| it.origin == Origin::External && member.cell.dataset.contains(&it.id))
}

fn file_systems(record: &RunRecord) -> String {
    let kinds: BTreeSet<String> = record
        .system
        .file_systems
        .iter()
        .map(|it| format!("{} on {}", it.fs_type, it.device))
        .collect();
    kinds.into_iter().collect::<Vec<_>>().join(", ")
}

/// Every leaf that one of two values has, by its path, as texts. `-` stands for an absent one.
fn both(one: &impl Serialize, other: &impl Serialize) -> BTreeMap<String, (String, String)> {
    let mut all: BTreeMap<String, (String, String)> = BTreeMap::new();
    let absent = || ("-".to_owned(), "-".to_owned());
    for (path, value) in leaves(one) {
        all.entry(path).or_insert_with(absent).0 = value;
    }
    for (path, value) in leaves(other) {
        all.entry(path).or_insert_with(absent).1 = value;
    }
    all
}

fn leaves(value: &impl Serialize) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // A value that cannot be serialised has no leaves. None of these types is such a value.
    let mut left = vec![(
        String::new(),
        serde_json::to_value(value).unwrap_or_default(),
    )];
    while let Some((path, value)) = left.pop() {
        let below = |key: &str| match path.is_empty() {
            true => key.to_owned(),
            false => format!("{path}.{key}"),
        };
        match value {
            Value::Object(map) => left.extend(map.into_iter().map(|(key, it)| (below(&key), it))),
            Value::Array(list) => {
                let list = list.into_iter().enumerate();
                left.extend(list.map(|(index, it)| (format!("{path}[{index}]"), it)));
            }
            Value::Null => {}
            Value::String(text) => found.push((path, text)),
            other => found.push((path, other.to_string())),
        }
    }
    found
}

/// Doubts about a comparison that come from records as a whole.
pub(super) fn doubts(records: &[(String, RunRecord)]) -> Vec<String> {
    let mut told = Vec::new();
    for (index, (file, record)) in records.iter().enumerate() {
        if !record.complete {
            told.push(format!("{file} did not come to its end"));
        }
        let expectations = record.cells.iter().flat_map(|cell| &cell.expectations);
        let failed = expectations.filter(|it| !it.passed).count();
        if failed > 0 {
            told.push(format!("in {file}, {failed} expectation(s) failed"));
        }
        let same = records[..index]
            .iter()
            .find(|(_, other)| other.run_id == record.run_id);
        if let Some((first, _)) = same {
            told.push(format!("{file} is the same run as {first}, by its run_id"));
        }
    }
    told
}

/// Results of the cells of all other sides, compared with those of the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ResultsAcross {
    /// A sentence per cell that read equal rows by the same SQL, but came to different results.
    pub(super) disagreements: Vec<String>,
    /// Number of cells whose results are equal, out of `cells` that both sides have.
    pub(super) equal: usize,
    pub(super) cells: usize,
}

pub(super) fn results(base: &Side, others: &[Side]) -> ResultsAcross {
    let mut found = ResultsAcross::default();
    let cells = base.cells.iter();
    for (place, first) in cells.filter(|(place, _)| place.2 == Lane::EndToEnd) {
        for side in others {
            let Some(second) = side.cells.get(place) else {
                continue;
            };
            found.cells += 1;
            match between(first, second) {
                ResultsBetween::Equal => found.equal += 1,
                ResultsBetween::Disagree(difference) => {
                    let (cell, first, second) = (called(place), &base.name, &side.name);
                    let told = format!("{cell} ({first}, {second}): {difference}");
                    found.disagreements.push(told);
                }
                ResultsBetween::Other | ResultsBetween::Unknown => {}
            }
        }
    }
    found
}

fn between(first: &Member, second: &Member) -> ResultsBetween {
    results_between((first.record, first.cell), (second.record, second.cell))
}
