//! Sources of scenarios, and their names.

use std::fs;

use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::config::{Config, Overrides, Source, load};

fn columns(text: &str) -> Vec<Column> {
    let source = Source {
        origin: "test".to_owned(),
        text: format!("dataset: {{ parquet: {{ columns: [{text}] }} }}"),
        folder: None,
    };
    let Config { mut variants, .. } = load(&source, &Overrides::default()).unwrap();
    variants.remove(0).dataset.unwrap().columns
}

/// A folder with files of SQL.
fn folder(files: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in files {
        fs::write(folder.path().join(file), "SELECT 1").unwrap();
    }
    folder
}

fn inline(name: &str) -> ScenarioSource {
    ScenarioSource::Inline {
        name: name.to_owned(),
        sql: "SELECT 1".to_owned(),
    }
}

fn named(name: impl ToString) -> ScenarioSource {
    ScenarioSource::Named(name.to_string())
}

#[rstest]
#[case(
    "{ name: a, dtype: int8 }, { name: b, dtype: int8 }",
    r#""a", "b""#,
    "*"
)]
#[case(
    "{ name: a, dtype: int8 }, { name: b, dtype: int8, read: false }",
    r#""a""#,
    r#"* EXCLUDE ("b")"#
)]
#[case(
    "{ name: 'a\"c', dtype: int8 }, { name: 'b\"c', dtype: int8, read: false }",
    r#""a""c""#,
    r#"* EXCLUDE ("b""c")"#
)]
fn scans_read_the_columns_that_are_to_be_read(
    #[case] text: &str,
    #[case] of_dataset: &str,
    #[case] of_source: &str,
) {
    let columns = columns(text);
    let sql = |columns: &str| format!("SELECT {columns} FROM train");
    assert_eq!(default_scenario(&columns, "train").sql, sql(of_dataset));
    assert_eq!(source_scenario(&columns, "train").sql, sql(of_source));
}

#[test]
fn files_of_a_folder_come_by_their_names_and_others_are_left_alone() {
    let folder = folder(&["b.sql", "a.sql", "notes.txt"]);
    let sources = [named(folder.path().display()), inline("last")];
    let found = resolve(&sources, None).unwrap();
    let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "last"]);
    assert!(found[0].origin.ends_with("a.sql"), "{}", found[0].origin);
}

#[test]
fn relative_names_are_looked_for_beside_the_config_before_the_shipped_ones() {
    let folder = folder(&["full_scan"]);
    let source = [named("full_scan")];
    let beside = resolve(&source, Some(folder.path())).unwrap();
    assert_eq!(beside[0].sql.trim(), "SELECT 1");
    let shipped = resolve(&source, None).unwrap();
    assert_eq!(shipped[0].origin, "shipped scenario full_scan");
}

#[test]
fn two_scenarios_of_one_name_are_refused_with_both_origins() {
    let folder = folder(&["a.sql"]);
    let file = folder.path().join("a.sql").display().to_string();
    let error = resolve(&[inline("a"), named(&file)], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("two scenarios are named `a`: a and {file}")
    );
}

#[rstest]
#[case("full_scn", Some("(did you mean `full_scan`?)"))]
#[case("nothing_like_any_of_them", None)]
fn an_unknown_name_is_told_the_nearest_shipped_one(
    #[case] name: &str,
    #[case] expected: Option<&str>,
) {
    let error = resolve(&[named(name)], None).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("`{name}` is no file")), "{text}");
    assert!(text.contains("; shipped are full_scan, "), "{text}");
    match expected {
        Some(nearest) => assert!(text.contains(nearest), "{text}"),
        None => assert!(!text.contains("did you mean"), "{text}"),
    }
}

#[test]
fn a_folder_without_sql_is_refused() {
    let folder = folder(&["notes.txt"]);
    let path = folder.path().display();
    let error = resolve(&[named(&path)], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{path}: the folder holds no *.sql files")
    );
}

#[test]
fn a_file_that_is_not_there_yet_would_be_a_scenario_by_its_folder_and_name() {
    let (folder, other) = (folder(&[]), folder(&[]));
    let name = folder.path().display().to_string();
    let would = |file: PathBuf| would_be_of(&name, None, &file);
    assert!(would(folder.path().join("new.sql")));
    assert!(!would(folder.path().join("new.txt")));
    assert!(!would(other.path().join("new.sql")));
    assert!(!would_be_of(
        "full_scan",
        None,
        &folder.path().join("new.sql")
    ));
}
