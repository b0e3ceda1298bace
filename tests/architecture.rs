//! The rules of ARCHITECTURE.md about who may import whom, read from the source.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Rooms of each wing, each importing those before it only.
#[rustfmt::skip]
const DESK: &[&str] = &[
    "units",
    "exit_class",
    "cancel",
    "output",
    "text_file",
    "statistics",
    "record",
    "analysis",
    "report",
];
#[rustfmt::skip]
const WORKSHOP: &[&str] = &[
    "config",
    "storage",
    "engine",
    "dataset",
    "table",
    "scenario",
    "measure",
    "learn",
];
/// What every verb needs before it measures: the room that imports both wings.
const SESSION: &str = "session";
/// Verbs that measure: each imports the session and both wings, and no other verb.
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "run",
    "replay",
    "doctor",
];
/// Desk rooms that the workshop imports.
#[rustfmt::skip]
const SHARED: &[&str] = &[
    "units",
    "exit_class",
    "cancel",
    "output",
    "text_file",
    "statistics",
    "record",
];

/// Crates, and the only rooms that know them.
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["cli", "report"]),
    ("serde_yaml", &["config"]),
    ("arrow", MAKERS),
    ("parquet", MAKERS),
    ("datafusion", MAKERS),
];
/// Rooms that know Arrow, Parquet and DataFusion.
#[rustfmt::skip]
const MAKERS: &[&str] = &[
    "config",
    "storage",
    "engine",
    "dataset",
    "table",
    "scenario",
    "measure",
    "learn",
    "session",
    "run",
    "replay",
    "doctor",
];

/// All rooms, each behind those that it may import.
fn rooms() -> impl Iterator<Item = &'static str> {
    let above = [SESSION].into_iter().chain(VERBS.iter().copied());
    let wings = DESK.iter().chain(WORKSHOP).copied();
    wings.chain(above).chain(["cli"])
}

/// What a room may import from this crate.
fn may_import(room: &str, other: &str) -> bool {
    let before = |rooms: &[&str]| {
        let position = |name: &str| rooms.iter().position(|room| *room == name);
        matches!((position(room), position(other)), (Some(room), Some(other)) if other < room)
    };
    match room {
        "cli" => true,
        _ if VERBS.contains(&room) => other != "cli" && !VERBS.contains(&other),
        SESSION => other != "cli" && !VERBS.contains(&other),
        _ if DESK.contains(&room) => before(DESK),
        _ if WORKSHOP.contains(&room) => SHARED.contains(&other) || before(WORKSHOP),
        _ => false,
    }
}

/// The text without comments and the insides of strings, so that only code is left.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some((open, close)) = raw_string(rest) {
            let end = rest[open..].find(&close);
            end.map_or(rest.len(), |end| open + end + close.len())
        } else if first == '"' {
            string_length(rest)
        } else if ["'\"'", "'\\''", "'\\\\'"]
            .iter()
            .any(|quoted| rest.starts_with(quoted))
        {
            rest[1..].find('\'').map_or(1, |end| end + 2)
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skip..];
    }
    code
}

/// Length of the opening of a raw string, and how it closes.
fn raw_string(text: &str) -> Option<(usize, String)> {
    let hashes = text.strip_prefix('r')?;
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    hashes[count..]
        .starts_with('"')
        .then(|| (count + 2, format!("\"{}", "#".repeat(count))))
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_part_of_a_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// First names of the paths that begin with `prefix`, with those of `prefix{a::b, c}`.
fn names_after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(is_part_of_a_name) || code[..at].ends_with("::") {
            continue;
        }
        let rest = code[at + prefix.len()..].trim_start();
        match rest.strip_prefix('{') {
            None => names.push(name_at(rest)),
            Some(group) => names.extend(members(group).into_iter().map(name_at)),
        }
    }
    names
}

fn name_at(text: &str) -> String {
    text.chars()
        .take_while(|character| is_part_of_a_name(*character))
        .collect()
}

/// The members of a `{...}` group, given what follows its opening.
fn members(group: &str) -> Vec<&str> {
    let mut members = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                members.push(group[start..at].trim());
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    members.retain(|member| !member.is_empty());
    members
}

/// Sentences about what a file of `room` must not do that lies `depth` modules below the crate's root.
fn violations_at(room: &str, depth: usize, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut found = BTreeSet::new();
    // Enough `super::` lead to the root as well; more than that only out of modules within the file.
    let from_above = (depth..depth + 2).flat_map(|supers| {
        let names = names_after(&code, &"super::".repeat(supers));
        names.into_iter().filter(|name| is_room(name))
    });
    for other in names_after(&code, "crate::").into_iter().chain(from_above) {
        if other != room && !may_import(room, &other) {
            found.insert(format!("`{room}` must not import `{other}`"));
        }
    }
    for (name, rooms) in CRATES {
        // `arrow_schema` and `datafusion_common` are known where `arrow` and `datafusion` are.
        let known = paths_of_crate(&code, name);
        if known && !rooms.contains(&room) {
            found.insert(format!("`{room}` must not know {name}"));
        }
    }
    found.into_iter().collect()
}

fn paths_of_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = &code[..at];
        let family = matches!(name, "arrow" | "parquet" | "datafusion");
        let after = &code[at + name.len()..];
        let rest = match family {
            true if after.starts_with('_') => after.trim_start_matches(is_part_of_a_name),
            _ => after,
        };
        let is_path =
            rest.starts_with("::") || (before.ends_with("use ") && rest.starts_with([';', ' ']));
        is_path && !before.ends_with(is_part_of_a_name) && !before.ends_with("::")
    })
}

fn violations(room: &str, text: &str) -> Vec<String> {
    violations_at(room, 2, text)
}

fn is_room(name: &str) -> bool {
    rooms().any(|room| room == name)
}

#[test]
fn rooms_import_only_what_they_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut rooms = BTreeSet::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let below = path.strip_prefix(&source).unwrap();
            let room = below
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_str()
                .unwrap();
            let room = room.trim_end_matches(".rs");
            if ["main", "lib"].contains(&room) {
                continue;
            }
            rooms.insert(room.to_owned());
            let text = fs::read_to_string(&path).unwrap();
            let depth = below.components().count() - usize::from(below.ends_with("mod.rs"));
            for violation in violations_at(room, depth, &text) {
                found.push(format!("{}: {violation}", below.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let known: BTreeSet<String> = self::rooms().map(str::to_owned).collect();
    assert_eq!(rooms, known, "a new room needs a place in the order");
}

#[test]
fn lib_lists_the_rooms_in_the_order_that_the_rules_follow() {
    let text = include_str!("../src/lib.rs");
    let listed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let expected: Vec<&str> = rooms().collect();
    assert_eq!(listed, expected);
}

#[test]
fn planted_violations_are_found() {
    for (room, text) in [
        ("report", "use crate::config::Config;"),
        ("analysis", "fn f() -> crate::report::Format { todo!() }"),
        ("storage", "use crate::{units, dataset::Manifest};"),
        (
            "measure",
            "use crate::{\n    record::{Lane, Kind},\n    run::Event,\n};",
        ),
        ("measure", "use crate::analysis;"),
        ("run", "use crate::cli::exit;"),
        ("run", "use crate::replay::replay;"),
        ("doctor", "use crate::run::run;"),
        ("session", "use crate::run::Options;"),
        ("session", "use crate::cli::exit;"),
        ("measure", "use crate::session::Event;"),
        ("session", "use clap::Parser;"),
        ("record", "use arrow::array::Array;"),
        ("record", "use arrow_schema::Schema;"),
        ("statistics", "let x = parquet::basic::Type::INT32;"),
        ("run", "use clap::Parser;"),
        ("run", "use indicatif::ProgressBar;"),
        ("dataset", "use comfy_table::Table;"),
        ("scenario", "serde_yaml::from_str(text)"),
        ("cli", "use datafusion::prelude::*;"),
        ("unheard_of", "use crate::units;"),
    ] {
        assert_eq!(violations(room, text).len(), 1, "{room}: {text}");
    }
}

#[test]
fn detours_over_the_parent_module_are_found() {
    let detour = "use super::super::run::Event;";
    assert_eq!(violations_at("measure", 2, detour).len(), 1);
    assert_eq!(
        violations_at("measure", 1, "use super::{run::Event, units};").len(),
        1
    );
    assert_eq!(
        violations_at("measure", 2, "use super::run::Event;"),
        [""; 0]
    );
    assert_eq!(violations_at("measure", 3, detour), [""; 0]);
}

#[test]
fn what_is_allowed_is_not_found() {
    for (room, text) in [
        (
            "report",
            "use crate::analysis::summarise; use comfy_table::Table;",
        ),
        (
            "record",
            "// crate::config\n/* crate::run */ let x = \"use crate::config\";",
        ),
        (
            "record",
            "let x = r#\"a \" crate::config\"#; let y = '\"'; use crate::units;",
        ),
        ("measure", "use crate::{record::Kind, table::OpenTable};"),
        (
            "run",
            "use crate::{analysis, measure}; use datafusion::prelude::SessionContext;",
        ),
        ("session", "use crate::{analysis, measure, table};"),
        (
            "replay",
            "use crate::{measure, session::KeptTrace, statistics};",
        ),
        ("cli", "use crate::{doctor, run::run}; use clap::Parser;"),
        (
            "analysis",
            "let parquet = 1; let narrow::x = other::parquet::y;",
        ),
        ("dataset", "use crate::dataset::plan::DatasetPlan;"),
    ] {
        assert_eq!(violations(room, text), [""; 0], "{room}: {text}");
    }
}
