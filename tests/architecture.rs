//! Tests the rules of ARCHITECTURE.md on imports, by reading the source.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/planted.rs"]
mod planted;
#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use circles::circles;
use source::{By, Files, files_below, modules, names_of};

/// Rooms below both wings. Each imports only those before it.
#[rustfmt::skip]
const GROUND: &[&str] = &[
    "random",
    "units",
    "exit_class",
    "cancel",
    "output",
    "text_file",
    "suggest",
    "secret",
];

/// Rooms of each wing. Each imports only those before it.
#[rustfmt::skip]
const DESK: &[&str] = &[
    "statistics",
    "record",
    "analysis",
    "recipe",
    "report",
];
#[rustfmt::skip]
const WORKSHOP: &[&str] = &[
    "config",
    "storage",
    "observe",
    "engine",
    "digest",
    "content",
    "files",
    "dataset",
    "table",
    "scenario",
    "cluster",
    "measure",
    "loader",
    "learn",
];

/// Desk rooms that the workshop imports.
#[rustfmt::skip]
const SHARED: &[&str] = &[
    "statistics",
    "record",
];

/// Floors above both wings. A room imports everything below its floor, and nothing beside it.
#[rustfmt::skip]
const FLOORS: &[&[&str]] = &[
    &["session"],
    &["run", "train", "replay", "doctor"],
    &["cli"],
];

/// Crates, and the only rooms that use them.
#[rustfmt::skip]
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["cli", "report"]),
    ("serde_yaml", &["config"]),
    ("axum", &["cluster"]),
    ("rcgen", &["cluster"]),
    ("tonic", &["cluster"]),
];

/// Crates that only the workshop and the floors below `cli` use, together with crates that begin
/// with their names, such as `arrow_schema`.
const ENGINE: &[&str] = &["arrow", "parquet", "datafusion"];

/// Circles of files that are allowed, each with its reason.
#[rustfmt::skip]
const RECURSIONS: &[(&[&str], &str)] = &[
    (
        &["digest/hash.rs", "digest/nested.rs"],
        "a list's checksum is made of those of its items, which may be lists",
    ),
];

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// True if a room may import another of this crate.
fn may_import(room: &str, other: &str) -> bool {
    let before = |rooms: &[&str]| {
        let position = |name: &str| rooms.iter().position(|room| *room == name);
        matches!((position(room), position(other)), (Some(room), Some(other)) if other < room)
    };
    match floor_of(room) {
        Some(floor) => floor_of(other).is_none_or(|other| other < floor),
        None if GROUND.contains(&room) => before(GROUND),
        None if DESK.contains(&room) => GROUND.contains(&other) || before(DESK),
        None if WORKSHOP.contains(&room) => {
            GROUND.contains(&other) || SHARED.contains(&other) || before(WORKSHOP)
        }
        None => false,
    }
}

fn knows_engine(room: &str) -> bool {
    WORKSHOP.contains(&room) || floor_of(room).is_some_and(|floor| floor + 1 < FLOORS.len())
}

/// Returns a sentence for each forbidden import of a file.
fn violations_of(file: &str, text: &str) -> Vec<String> {
    let names = names_of(file);
    let room = names.first().map_or("", String::as_str);
    let mut found = BTreeSet::new();
    let modules = modules(&names, text).unwrap_or_else(|error| panic!("{file}: {error}"));
    for module in &modules {
        for path in &module.paths {
            let first = path.segments.first().map_or("", String::as_str);
            if ["crate", "self", "super"].contains(&first) {
                let other = room_of(&module.names, &path.segments);
                if let Some(other) =
                    other.filter(|other| *other != room && !may_import(room, other))
                {
                    found.insert(format!("`{room}` must not import `{other}`"));
                }
            } else if path.by != By::Code || path.segments.len() > 1 {
                let family =
                    |name: &&&str| first == **name || first.starts_with(&format!("{name}_"));
                let engine = ENGINE.iter().find(family).filter(|_| !knows_engine(room));
                let other = CRATES.iter().find(|(name, _)| *name == first);
                let other = other.filter(|(_, rooms)| !rooms.contains(&room));
                for name in engine.into_iter().chain(other.map(|(name, _)| name)) {
                    found.insert(format!("`{room}` must not know {name}"));
                }
            }
        }
    }
    found.into_iter().collect()
}

/// Returns the room that a path from the crate's root or from a module leads to.
fn room_of<'a>(module: &'a [String], segments: &'a [String]) -> Option<&'a str> {
    let mut place: Vec<&str> = module.iter().map(String::as_str).collect();
    for segment in segments {
        match segment.as_str() {
            "crate" => place.clear(),
            "self" => {}
            "super" => _ = place.pop(),
            name => place.push(name),
        }
    }
    place.first().copied().filter(|name| *name != "self")
}

fn source() -> Files {
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn all_rooms() -> Vec<&'static str> {
    let floors = FLOORS.iter().flat_map(|rooms| rooms.iter());
    let rooms = GROUND.iter().chain(DESK).chain(WORKSHOP).chain(floors);
    rooms.copied().collect()
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut found = Vec::new();
    let mut rooms = BTreeSet::new();
    for (file, text) in source() {
        let room = names_of(&file).into_iter().next();
        let Some(room) = room.filter(|room| room != "main") else {
            continue;
        };
        rooms.insert(room);
        for violation in violations_of(&file, &text) {
            found.push(format!("{file}: {violation}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let known: BTreeSet<String> = all_rooms().into_iter().map(str::to_owned).collect();
    assert_eq!(rooms, known, "a new room needs a place in the order");
}

#[test]
fn lib_lists_the_rooms_in_the_order_that_the_rules_follow() {
    let text = include_str!("../src/lib.rs");
    let listed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(listed, all_rooms());
}

#[test]
fn modules_use_each_other_in_no_circle() {
    let mut found = circles(&source());
    for (files, reason) in RECURSIONS {
        let known: BTreeSet<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let before = found.len();
        found.retain(|circle| circle.files != known);
        assert!(
            found.len() < before,
            "there is no such circle any more: {files:?}, as {reason}"
        );
    }
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(
        found.is_empty(),
        "move what both use into a module below them:\n{}",
        found.join("\n")
    );
}

/// Most columns of a comment line. Only a longer name may exceed it.
const COMMENT_COLUMNS: usize = 100;

#[test]
fn comments_are_wrapped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut long = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for (file, text) in files_below(&root.join(folder)) {
            for (number, line) in text.lines().enumerate() {
                let comment = line.trim_start().strip_prefix("//");
                let has_several_words = comment.is_some_and(|it| it.split_whitespace().count() > 2);
                if has_several_words && line.chars().count() > COMMENT_COLUMNS {
                    long.push(format!("{folder}/{file}:{}", number + 1));
                }
            }
        }
    }
    assert!(
        long.is_empty(),
        "longer than {COMMENT_COLUMNS} columns:\n{}",
        long.join("\n")
    );
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
        (
            "statistics",
            "fn f() { let x = parquet::basic::Type::INT32; }",
        ),
        ("run", "use clap::Parser;"),
        ("run", "use indicatif::ProgressBar;"),
        ("dataset", "use comfy_table::Table;"),
        ("scenario", "fn f() { serde_yaml::from_str(text) }"),
        ("cli", "use datafusion::prelude::*;"),
        ("unheard_of", "use crate::units;"),
        (
            "run",
            "fn f() { println!(\"{}\", crate::cli::exit::code()) }",
        ),
        ("record", "#[derive(clap::Parser)] struct Options;"),
        ("record", "mod inner { use super::super::config::Config; }"),
        (
            "record",
            "#[cfg(test)] mod tests { use crate::report::Format; }",
        ),
    ] {
        assert_eq!(
            violations_of(&format!("{room}/mod.rs"), text).len(),
            1,
            "{room}: {text}"
        );
    }
}

#[test]
fn detours_over_the_parent_module_are_found() {
    let detour = "use super::super::run::Event;";
    assert_eq!(violations_of("measure/cell.rs", detour).len(), 1);
    assert_eq!(
        violations_of("measure/mod.rs", "use super::{run::Event, units};").len(),
        1
    );
    assert_eq!(
        violations_of("measure/cell.rs", "use super::run::Event;"),
        [""; 0]
    );
    assert_eq!(violations_of("observe/host/usage.rs", detour), [""; 0]);
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
            "// crate::config\n/* crate::run */ fn f() { let x = \"use crate::config\"; }",
        ),
        (
            "record",
            "fn f() { let x = r#\"a \" crate::config\"#; let y = '\"'; use crate::units; }",
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
            "fn f() { let parquet = 1; let narrow::x = other::parquet::y; }",
        ),
        ("dataset", "use crate::dataset::plan::DatasetPlan;"),
        ("record", "pub(in crate::record) struct Known;"),
        (
            "record",
            "mod run { use super::run::Known; use self::cli; }",
        ),
    ] {
        assert_eq!(
            violations_of(&format!("{room}/mod.rs"), text),
            [""; 0],
            "{room}: {text}"
        );
    }
}

/// Beginnings of comments that say that something is told before they say of what.
const RIDDLES: [&str; 3] = ["What ", "Whether ", "Of "];

#[test]
fn comments_begin_with_their_subject() {
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for (path, text) in files_below(&root) {
            found.extend(riddles(&text).map(|line| format!("{folder}/{path}:{line}")));
        }
    }
    assert!(
        found.is_empty(),
        "comments begin with What, Whether or Of:\n{}",
        found.join("\n")
    );
}

/// Numbers of the lines at which such a comment begins: after a line that is no comment, or an
/// empty one.
fn riddles(text: &str) -> impl Iterator<Item = usize> {
    let mut begins = true;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim_start();
        let comment = ["///", "//!"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        let was_begin =
            std::mem::replace(&mut begins, comment.is_none_or(|it| it.trim().is_empty()));
        let comment = comment?.trim_start();
        (was_begin && RIDDLES.iter().any(|it| comment.starts_with(it))).then_some(index + 1)
    })
}

#[test]
fn a_riddle_is_found_at_the_beginning_of_a_comment_alone() {
    let text = "/// What it is.\nfn a() {}\n/// A word.\n/// Of course.\n///\n/// Whether so.\n";
    assert_eq!(riddles(text).collect::<Vec<_>>(), [1, 6]);
}

/// Wings, each with its rooms: types of one wing have names of their own, so that a name means one
/// thing there.
fn wings() -> [(&'static str, Vec<&'static str>); 4] {
    [
        ("the ground", GROUND.to_vec()),
        ("the desk", DESK.to_vec()),
        ("the workshop", WORKSHOP.to_vec()),
        ("the floors", FLOORS.concat()),
    ]
}

/// Names of the types that a file defines outside of its tests.
fn types_of(text: &str) -> impl Iterator<Item = &str> {
    let before_tests = text.lines().take_while(|line| *line != "mod tests {");
    before_tests.filter_map(|line| {
        let mut words = line.split(' ');
        let mut first = words.next()?;
        if first.starts_with("pub") {
            // `pub(in crate::config)` has a space in it.
            first = words.find(|word| !word.ends_with(')'))?;
        }
        let is_type = ["struct", "enum", "trait", "type", "union"].contains(&first);
        let name = words.next().filter(|_| is_type)?;
        name.split(|it: char| !it.is_alphanumeric()).next()
    })
}

#[test]
fn no_type_name_stands_twice_in_a_wing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files_below(&root);
    let is_test = |path: &str| path.split('/').any(|it| it == "tests" || it == "tests.rs");
    for (wing, rooms) in wings() {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let mut twice = Vec::new();
        for (path, text) in files.iter().filter(|(path, _)| !is_test(path)) {
            let room = path.split('/').next().unwrap_or_default();
            if !rooms.contains(&room.trim_end_matches(".rs")) {
                continue;
            }
            for name in types_of(text) {
                if let Some(first) = known.insert(name.to_owned(), path.clone()) {
                    twice.push(format!("{name}: {first}, {path}"));
                }
            }
        }
        assert!(!known.is_empty(), "{wing} has no types");
        assert!(twice.is_empty(), "{wing}:\n{}", twice.join("\n"));
    }
}

#[test]
fn a_type_is_found_whoever_may_see_it() {
    let text = "pub struct A<T>(T);\nenum B {\n    C,\n}\npub(crate) trait D: Send {}\npub(in crate::config) type E = u8;\n\
                pub fn f() {}\n    struct Inner;\n#[cfg(test)]\nmod tests {\nstruct G;\n";
    assert_eq!(types_of(text).collect::<Vec<_>>(), ["A", "B", "D", "E"]);
}
