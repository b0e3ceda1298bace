//! Queries that cannot or must not be run.

use std::fs;

use rstest::rstest;

use crate::harness::{Output, Place};

/// Checks that a run is refused after the dataset was made, and before anything was measured.
fn refused(place: &Place, arguments: &[&str], words: &[&str]) -> Output {
    place.generate();
    let before = place.files();
    let output = place.run(arguments).fails(2, words);
    assert_eq!(place.files(), before, "something was written");
    output
}

#[rstest]
#[case::no_sql("SELEC id FROM train", &["SELEC"])]
#[case::empty("  -- nothing\n", &["no SQL"])]
#[case::unknown_column("SELECT idd FROM train", &["idd", "Did you mean 'train.id'?"])]
#[case::unknown_table("SELECT id FROM trian", &["trian", "train"])]
#[case::unknown_function("SELECT sqroot(id) FROM train", &["sqroot"])]
#[case::two_statements("SELECT 1; SELECT 2", &["only queries that read", "single SQL statement"])]
#[case::ddl("CREATE TABLE t AS SELECT 1", &["only queries that read", "DDL"])]
#[case::external("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 'data'", &["only queries that read", "DDL"])]
#[case::drop("DROP TABLE train", &["only queries that read", "DDL"])]
#[case::insert("INSERT INTO train SELECT * FROM train", &["only queries that read", "DML"])]
#[case::delete("DELETE FROM train", &["only queries that read", "DML"])]
#[case::copy("COPY train TO 'out.parquet'", &["only queries that read", "COPY"])]
#[case::set("SET datafusion.execution.batch_size = 1", &["only queries that read"])]
#[case::prepare("PREPARE p AS SELECT 1", &["only queries that read"])]
#[case::explained_copy(
    "EXPLAIN ANALYZE COPY (SELECT * FROM train) TO 'out.parquet'",
    &["only queries that read", "COPY"]
)]
#[case::absolute_path("SELECT * FROM '/etc/x.parquet'", &["/etc/x.parquet", "not found", "tables: train"])]
#[case::quoted_path("SELECT * FROM 'data/train/img_0_of_2.parquet'", &["not found", "tables: train"])]
#[case::url("SELECT * FROM \"file:///etc/x.parquet\"", &["file:///etc/x.parquet", "not found"])]
#[case::function("SELECT * FROM read_parquet('/etc/x.parquet')", &["read_parquet"])]
#[case::inner_write("WITH w AS (INSERT INTO train SELECT * FROM train) SELECT * FROM w", &["train"])]
#[case::bare_path("SELECT * FROM x.parquet", &["x.parquet", "not found"])]
fn a_query_that_does_not_only_read_is_refused(#[case] sql: &str, #[case] words: &[&str]) {
    let words: Vec<&str> = words.iter().copied().chain(["sql"]).collect();
    refused(&Place::tiny(), &["--sql", sql], &words);
}

#[test]
fn a_table_outside_of_the_config_cannot_be_reached_even_where_it_exists() {
    let place = Place::tiny();
    let secret = place.path("secret.parquet");
    crate::files::write_small(&secret);
    let sql = format!("SELECT * FROM '{}'", secret.display());
    refused(&place, &["--sql", &sql], &["secret.parquet", "not found"]);
}

#[test]
fn a_query_that_names_no_file_is_told_what_ships() {
    let words = ["`full_scn`", "did you mean `full_scan`?", "point_lookup"];
    refused(&Place::tiny(), &["--query", "full_scn"], &words);
}

#[test]
fn a_folder_without_sql_is_named() {
    let place = Place::tiny();
    place.write("queries/readme.txt", "");
    refused(
        &place,
        &["--query", "queries"],
        &["queries", "no *.sql files"],
    );
}

#[test]
fn a_query_file_that_is_no_text_is_named() {
    let place = Place::tiny();
    place.write("latin1.sql", b"SELECT '\xe4' FROM train");
    refused(&place, &["--query", "latin1.sql"], &["latin1.sql", "UTF-8"]);
}

#[test]
fn a_query_file_that_is_itself_a_folder_of_folders_is_named() {
    let place = Place::tiny();
    fs::create_dir_all(place.path("q.sql/deeper")).unwrap();
    refused(&place, &["--query", "q.sql"], &["q.sql"]);
}

#[rstest]
#[case::misspelt("-- expect_row: 3\nSELECT 1", &["q.sql", "expect_row", "expect_rows"])]
#[case::no_number("-- expect_rows: many\nSELECT 1", &["q.sql", "expect_rows", "many"])]
#[case::a_share_above_one("-- expect_row_groups_pruned: >= 90\nSELECT 1", &["q.sql", "expect_row_groups_pruned"])]
fn a_directive_that_cannot_be_meant_is_refused(#[case] sql: &str, #[case] words: &[&str]) {
    let place = Place::tiny();
    place.write("q.sql", sql);
    refused(&place, &["--query", "q.sql"], words);
}

#[test]
fn two_scenarios_of_one_name_are_refused() {
    let place = Place::tiny();
    place.write("a/q.sql", "SELECT 1");
    place.write("b/q.sql", "SELECT 2");
    let words = ["`q`", "a/q.sql", "b/q.sql"];
    refused(&place, &["--query", "a", "--query", "b"], &words);
}

#[test]
fn a_query_that_cannot_be_found_is_told_before_data_is_written() {
    let place = Place::tiny();
    let before = place.files();
    place
        .run(&["--query", "nowhere.sql"])
        .fails(2, &["nowhere.sql"]);
    assert_eq!(place.files(), before);
    let explain = place
        .bench()
        .args(["explain", "bench.yaml", "--query", "nowhere.sql"]);
    explain.run().fails(2, &["nowhere.sql"]);
    place.run(&["--sql", "SELEC 1"]).fails(2, &["SELEC"]);
    assert_eq!(place.files(), before);
}

#[rstest]
#[case::unknown_column("SELECT idd FROM train")]
#[case::write("COPY train TO 'out.parquet'")]
fn a_query_that_cannot_be_planned_is_told_before_data_is_written(#[case] sql: &str) {
    let place = Place::tiny();
    place.run(&["--sql", sql]).fails(2, &["sql"]);
    assert!(!place.path("data").exists());
}

#[test]
fn an_error_while_executing_names_the_scenario_and_keeps_the_journal() {
    let place = Place::tiny();
    let output = place.run(&["--sql", "SELECT 1 / (id - 3) FROM train"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    output.says_one_error(&["scenario `sql`", "Divide by zero"]);
    let journal = fs::read_to_string(place.journal()).unwrap();
    assert!(journal.contains(r#""status":"failed""#), "{journal}");
}
