//! What besides the thing compared is different between two sides of a comparison.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::across::{Member, Place};
use super::comparison::counted;
use crate::record::{CacheState, DatasetRecord, EngineCache, Lane, RunRecord};

/// Facts of a host that are never the same, or that say nothing of how fast it is.
const OF_THE_MOMENT: [&str; 2] = ["memory_available_bytes", "file_systems"];

/// Sections of a config that are compared fact by fact elsewhere, or are what a comparison is about.
const TOLD_ELSEWHERE: [&str; 3] = ["sweep", "variants", "scenarios"];

/// Values that are shown of a difference.
const LONGEST_VALUE: usize = 60;

/// A sentence per difference of versions, hosts, configs, engine settings, cache states, queries and contents, with both values.
pub(super) fn differences(
    (base, base_cells): (&str, &BTreeMap<Place, Member>),
    (side, side_cells): (&str, &BTreeMap<Place, Member>),
    by: Option<&str>,
) -> Vec<String> {
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
        tell(
            format!("rows of {cell}, by their fingerprint"),
            &contents(first),
            &contents(member),
        );
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

/// What stands in a text from a byte on.
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

fn file_systems(record: &RunRecord) -> String {
    let kinds: BTreeSet<String> = record
        .system
        .file_systems
        .iter()
        .map(|it| format!("{} on {}", it.fs_type, it.device))
        .collect();
    kinds.into_iter().collect::<Vec<_>>().join(", ")
}

/// Every leaf of two values by its path, as text, where one has it.
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
    // What cannot be serialised has no leaves; none of these types is such.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::analysis::across;
    use crate::record::fixture::codecs;

    #[test]
    fn what_else_differs_is_told_with_both_values() {
        let (mut one, mut two) = (codecs(), codecs());
        two.run_id = "two".to_owned();
        two.versions.datafusion = "56.0.0".to_owned();
        two.system.cores = 4;
        two.config = serde_json::json!({"dataset": {"seed": 11}});
        two.cells[1].sql = "SELECT 1".to_owned();
        let long = |end: &str| serde_json::json!(format!("{}{end}", "é".repeat(100)));
        (one.config["x"], two.config["x"]) = (long("ab"), long("ac"));
        two.datasets[0].content_fingerprint = "other rows".to_owned();
        let records = [("a.json".to_owned(), one), ("b.json".to_owned(), two)];
        let found = across(&records, None).unwrap().differences;
        for expected in [
            "version of datafusion: 55.0.0 (a.json), 56.0.0 (b.json)",
            "host: cores: 2 (a.json), 4 (b.json)",
            "config: dataset.seed: 10 (a.json), 11 (b.json)",
            "config: x: …ééééééééééab (a.json), …ééééééééééac (b.json)",
            "SQL of full_scan: SELECT * FROM train (a.json), SELECT 1 (b.json)",
            "rows of full_scan/none, by their fingerprint: rows of seed 10 (a.json), other rows (b.json)",
        ] {
            assert!(
                found.iter().any(|it| it == expected),
                "{expected}: {found:?}"
            );
        }
        assert_eq!(found.len(), 6);
    }
}
