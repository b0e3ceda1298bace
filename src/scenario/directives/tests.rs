//! Tests of the directives.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn read(text: &str) -> Scenario {
    parse("recent", "recent.sql", text).unwrap()
}

fn refusal(text: &str) -> String {
    parse("recent", "recent.sql", text).unwrap_err().to_string()
}

/// The only check of a scenario that has this directive.
fn check(directive: &str) -> Check {
    let scenario = read(&format!("-- {directive}\nSELECT 1"));
    assert_eq!(scenario.expectations.len(), 1);
    scenario.expectations[0].check.clone()
}

#[test]
fn every_directive_is_read() {
    let text = "-- description: label and one feature\n\
                -- expect_columns: label, feature_011, day\n\
                -- expect_row_groups_pruned: >= 0.9\n\
                -- expect_rows: 1000\n\
                -- expect_plan: DataSourceExec\n\
                -- nondeterministic: LIMIT without ORDER BY\n\
                SELECT label, feature_011 FROM train WHERE day >= 300\n";
    let scenario = read(text);
    assert_eq!(scenario.name, "recent");
    assert_eq!(scenario.origin, "recent.sql");
    assert_eq!(
        scenario.description.as_deref(),
        Some("label and one feature")
    );
    assert_eq!(
        scenario.nondeterministic.as_deref(),
        Some("LIMIT without ORDER BY")
    );
    assert_eq!(scenario.sql, text);
    let names: Vec<_> = scenario
        .expectations
        .iter()
        .map(|expectation| expectation.name)
        .collect();
    assert_eq!(
        names,
        [
            "expect_columns",
            "expect_row_groups_pruned",
            "expect_rows",
            "expect_plan"
        ]
    );
    let checks: Vec<_> = scenario
        .expectations
        .iter()
        .map(|expectation| expectation.check.to_string())
        .collect();
    assert_eq!(
        checks,
        [
            "label, feature_011, day",
            ">= 0.9",
            "= 1000",
            "DataSourceExec"
        ]
    );
    assert_eq!(
        scenario.expectations[1].text,
        "expect_row_groups_pruned: >= 0.9"
    );
    assert!(
        scenario
            .expectations
            .iter()
            .all(|expectation| expectation.only.is_empty())
    );
}

#[test]
fn sql_without_directives_is_a_scenario() {
    let scenario = read("SELECT 1");
    assert_eq!(scenario.description, None);
    assert_eq!(scenario.expectations, []);
    assert_eq!(scenario.nondeterministic, None);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let scenario = read("\u{feff}-- description: all\r\n-- expect_rows: 3\r\nSELECT 1\r\n");
    assert_eq!(scenario.description.as_deref(), Some("all"));
    assert_eq!(
        scenario.expectations[0].check,
        Check::Rows(Comparator::Equal, 3)
    );
    assert_eq!(scenario.expectations[0].text, "expect_rows: 3");
    assert!(scenario.sql.starts_with("-- description"));
}

#[rstest]
#[case::no_blanks("--expect_rows:3")]
#[case::many_blanks("   --   expect_rows  :   3   ")]
#[case::behind_a_blank_line("\n\n-- expect_rows: 3")]
#[case::behind_a_block_comment("/* a licence\n /* in */ two\n */\n-- expect_rows: 3")]
#[case::behind_another_comment("-- by hand\n--\n-- expect_rows: 3")]
fn directives_may_stand_anywhere_above_the_sql(#[case] head: &str) {
    assert_eq!(
        read(&format!("{head}\nSELECT 1")).expectations[0].check,
        Check::Rows(Comparator::Equal, 3)
    );
}

#[rstest]
#[case::prose("-- this reads every column, and more: all rows")]
#[case::one_word("-- note: see the handbook")]
#[case::word_alone("-- description of the query")]
#[case::prose_with_expect("-- expect nothing of it")]
#[case::address("-- https://example.org/expect_rows")]
#[case::ruler("------------------")]
#[case::empty("--")]
#[case::bracket("-- [1] a footnote: there")]
#[case::open_bracket("-- see [the footnote: there")]
#[case::in_block_comment("/*\n-- expect_rowz: 3\n*/")]
fn other_comments_are_left_alone(#[case] comment: &str) {
    let scenario = read(&format!("{comment}\nSELECT 1\n{comment}\n"));
    assert_eq!(scenario.expectations, []);
    assert_eq!(scenario.description, None);
}

#[rstest]
#[case::behind_code("SELECT 1 -- expect_rows: 3")]
#[case::in_a_string("SELECT 'it''s\n-- expect_rows: 3\n'")]
#[case::in_a_quoted_name("SELECT 1 AS \"a\n-- expect_rows: 3\n\"")]
fn what_only_looks_like_a_comment_line_is_no_directive(#[case] sql: &str) {
    assert_eq!(read(sql).expectations, []);
}

#[rstest]
#[case(
    "expect_row: 3",
    "unknown directive `expect_row`; the nearest is `expect_rows`"
)]
#[case(
    "expect_colums: a",
    "unknown directive `expect_colums`; the nearest is `expect_columns`"
)]
#[case(
    "descripton: x",
    "unknown directive `descripton`; the nearest is `description`"
)]
#[case(
    "Description: x",
    "unknown directive `Description`; the nearest is `description`"
)]
#[case(
    "EXPECT_ROWS: 3",
    "unknown directive `EXPECT_ROWS`; the nearest is `expect_rows`"
)]
#[case(
    "expect-rows: 3",
    "unknown directive `expect-rows`; the nearest is `expect_rows`"
)]
#[case(
    "expect rows: 3",
    "unknown directive `expect rows`; the nearest is `expect_rows`"
)]
#[case(
    "expect_row[a=1]: 3",
    "unknown directive `expect_row`; the nearest is `expect_rows`"
)]
#[case(
    "expect_row[a=1: 3",
    "unknown directive `expect_row`; the nearest is `expect_rows`"
)]
#[case(
    "non_deterministic: x",
    "unknown directive `non_deterministic`; the nearest is `nondeterministic`"
)]
#[case(
    "expect_row_groups: 1",
    "unknown directive `expect_row_groups`; the nearest is `expect_rows`"
)]
#[case(
    "expect: 3",
    "unknown directive `expect`; known are description, expect_columns, expect_plan, expect_row_groups_pruned, \
     expect_rows, nondeterministic"
)]
fn a_misspelt_directive_is_refused_with_the_nearest(
    #[case] directive: &str,
    #[case] message: &str,
) {
    assert_eq!(
        refusal(&format!("-- all of it\n-- {directive}\nSELECT 1")),
        format!("line 2: {message}")
    );
}

#[test]
fn an_expectation_without_a_colon_is_refused() {
    assert_eq!(
        refusal("-- expect_rows 1000\nSELECT 1"),
        "line 1: `expect_rows` wants a colon before its value, as in `-- expect_rows: ...`"
    );
}

#[test]
fn a_directive_below_the_first_line_of_sql_is_refused() {
    assert_eq!(
        refusal("SELECT 1\n-- expect_rows: 1\n"),
        "line 2: `expect_rows` has no effect below the first line of SQL; move it to the top"
    );
}

#[rstest]
#[case::nothing("")]
#[case::blanks(" \n\t\n")]
#[case::comments("-- description: nothing\n/* at all */\n")]
#[case::semicolons("-- x\n;;\n")]
#[case::block_comment_without_end("/* SELECT 1")]
#[case::byte_order_mark("\u{feff}")]
fn a_text_without_sql_is_refused(#[case] text: &str) {
    assert_eq!(
        refusal(text),
        "there is no SQL in it, only comments and blanks"
    );
}

#[rstest]
#[case("description")]
#[case("nondeterministic")]
fn what_a_scenario_has_once_is_refused_twice(#[case] name: &str) {
    assert_eq!(
        refusal(&format!("-- {name}: a\n--\n-- {name}: b\nSELECT 1")),
        format!("line 3: `{name}` is there already, on line 1")
    );
}

#[test]
fn one_figure_may_have_two_bounds() {
    let scenario = read("-- expect_rows: >= 10\n-- expect_rows: < 20\nSELECT 1");
    assert_eq!(
        scenario.expectations[0].check,
        Check::Rows(Comparator::AtLeast, 10)
    );
    assert_eq!(
        scenario.expectations[1].check,
        Check::Rows(Comparator::Below, 20)
    );
}

#[rstest]
#[case("a", &["a"])]
#[case("a,b ,  c", &["a", "b", "c"])]
#[case("none", &[])]
#[case("", &[])]
#[case("\"none\"", &["none"])]
#[case("\"with blank\", \"with, comma\", \"with \"\"quotes\"\"\"", &["with blank", "with, comma", "with \"quotes\""])]
#[case("Straße, a.b, a-b", &["Straße", "a.b", "a-b"])]
fn columns_are_read(#[case] value: &str, #[case] columns: &[&str]) {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    assert_eq!(
        check(&format!("expect_columns: {value}")),
        Check::Columns(columns)
    );
}

#[rstest]
#[case::trailing_comma("a, b,")]
#[case::empty_name("a,,b")]
#[case::blank_between("a b")]
#[case::explanation("a, b (and no other)")]
#[case::open_quote("\"a")]
#[case::empty_quotes("\"\"")]
#[case::text_behind_quotes("\"a\"b")]
fn lists_of_columns_that_are_none_are_refused(#[case] value: &str) {
    assert_eq!(
        refusal(&format!("-- expect_columns: {value}\nSELECT 1")),
        format!(
            "line 1: `expect_columns` cannot be `{value}`; it takes column names with commas between them, in double \
             quotes where they hold more than letters, digits and signs, or `none`"
        )
    );
}

#[test]
fn a_column_named_twice_is_refused() {
    assert_eq!(
        refusal("-- expect_columns: a, b, \"a\"\nSELECT 1"),
        "line 1: `expect_columns` names the column `a` twice"
    );
}

#[rstest]
#[case("0.9", Comparator::Equal, 0.9)]
#[case("= 1", Comparator::Equal, 1.0)]
#[case("== 0", Comparator::Equal, 0.0)]
#[case(">= 0.9", Comparator::AtLeast, 0.9)]
#[case("<=.5", Comparator::AtMost, 0.5)]
#[case("> 0", Comparator::Above, 0.0)]
#[case("< 1e-1", Comparator::Below, 0.1)]
fn shares_of_row_groups_are_read(
    #[case] value: &str,
    #[case] comparator: Comparator,
    #[case] share: f64,
) {
    assert_eq!(
        check(&format!("expect_row_groups_pruned: {value}")),
        Check::RowGroupsPruned(comparator, share)
    );
}

#[rstest]
#[case("1000", Comparator::Equal, 1000)]
#[case("1_000_000", Comparator::Equal, 1_000_000)]
#[case(">= 10", Comparator::AtLeast, 10)]
#[case(">=10", Comparator::AtLeast, 10)]
#[case("<= 18446744073709551615", Comparator::AtMost, u64::MAX)]
#[case("> 0", Comparator::Above, 0)]
fn row_counts_are_read(#[case] value: &str, #[case] comparator: Comparator, #[case] rows: u64) {
    assert_eq!(
        check(&format!("expect_rows: {value}")),
        Check::Rows(comparator, rows)
    );
}

#[rstest]
#[case("expect_row_groups_pruned", "")]
#[case("expect_row_groups_pruned", ">=")]
#[case("expect_row_groups_pruned", "1.1")]
#[case("expect_row_groups_pruned", "-0.1")]
#[case("expect_row_groups_pruned", "90%")]
#[case("expect_row_groups_pruned", "NaN")]
#[case("expect_row_groups_pruned", "=> 0.9")]
#[case("expect_row_groups_pruned", ">= 0.9 (of all)")]
#[case("expect_rows", "")]
#[case("expect_rows", "many")]
#[case("expect_rows", "-1")]
#[case("expect_rows", "+1")]
#[case("expect_rows", "1.5")]
#[case("expect_rows", "_1")]
#[case("expect_rows", "18446744073709551616")]
#[case("expect_plan", "")]
#[case("description", "")]
#[case("nondeterministic", "")]
fn bad_values_are_refused_with_the_good_ones(#[case] name: &str, #[case] value: &str) {
    let takes = match name {
        "expect_row_groups_pruned" => {
            "a share from 0 to 1, or a comparison with one: `0.9`, `>= 0.9`, `<= 0.9`, `> 0.9`, `< 0.9`"
        }
        "expect_rows" => {
            "a number of rows, or a comparison with one: `1000`, `>= 10`, `<= 10`, `> 10`, `< 10`"
        }
        "expect_plan" => "text that the physical plan contains, such as `DataSourceExec`",
        "description" => "a sentence",
        _ => "the reason why results differ between executions",
    };
    assert_eq!(
        refusal(&format!("\n-- {name}: {value}\nSELECT 1")),
        format!("line 2: `{name}` cannot be `{value}`; it takes {takes}")
    );
}

#[test]
fn an_expectation_is_limited_to_variants() {
    let scenario = read(
        "-- expect_row_groups_pruned[dataset.parquet.statistics=page , dataset.compression = zstd(3)]: >= 0.9\nSELECT 1",
    );
    let only = [
        ("dataset.parquet.statistics", "page"),
        ("dataset.compression", "zstd(3)"),
    ];
    assert_eq!(
        scenario.expectations[0].only,
        only.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(
        scenario.expectations[0].check,
        Check::RowGroupsPruned(Comparator::AtLeast, 0.9)
    );
}

#[rstest]
#[case("[]", "", "`` has no `=`")]
#[case("[a]", "a", "`a` has no `=`")]
#[case("[=1]", "=1", "`=1` has no key path")]
#[case("[a=]", "a=", "`a=` has no value")]
#[case("[a=1,]", "a=1,", "`` has no `=`")]
#[case("[a=1, a=2]", "a=1, a=2", "`a` cannot have two values at once")]
fn limits_that_name_no_variants_are_refused(
    #[case] limit: &str,
    #[case] found: &str,
    #[case] problem: &str,
) {
    let message = refusal(&format!("-- expect_rows{limit}: 3\nSELECT 1"));
    assert!(
        message.starts_with(&format!(
            "line 1: `[{found}]` does not name variants: {problem}; write"
        )),
        "{message}"
    );
}

#[test]
fn a_limit_that_is_not_closed_is_refused() {
    let message = refusal("-- expect_rows[a=1: 3\nSELECT 1");
    assert!(
        message
            .starts_with("line 1: `[a=1: 3]` does not name variants: the bracket is not closed;"),
        "{message}"
    );
}

#[test]
fn a_description_cannot_be_limited() {
    assert_eq!(
        refusal("-- description[a=1]: x\nSELECT 1"),
        "line 1: `description` cannot be limited to variants; only expectations can"
    );
}

#[rstest]
#[case(Comparator::AtLeast, [false, true, true])]
#[case(Comparator::AtMost, [true, true, false])]
#[case(Comparator::Above, [false, false, true])]
#[case(Comparator::Below, [true, false, false])]
#[case(Comparator::Equal, [false, true, false])]
fn comparisons_hold_below_at_and_above(#[case] comparator: Comparator, #[case] holds: [bool; 3]) {
    assert_eq!(
        [0.0, 0.1, 0.2].map(|found| comparator.holds(found, 0.1)),
        holds
    );
    assert_eq!(
        [9.0, 10.0, 11.0].map(|found| comparator.holds(found, 10.0)),
        holds
    );
    // 1 - 9/10, which is a little less than 0.1 in binary.
    assert_eq!(comparator.holds(1.0 - 0.9, 0.1), holds[1]);
    assert!(!comparator.holds(f64::NAN, 0.1));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse("any", "any", &text);
    }

    /// Random characters seldom form a directive, so these texts are built from parts of
    /// directives.
    #[test]
    fn no_arrangement_of_directive_parts_makes_it_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "--", "-", " ", "\n", "\r\n", ":", "[", "]", "=", ",", "\"", "'", "`", "/*", "*/", ";", "SELECT 1", "none",
                "expect", "expect_rows", "expect_columns", "expect_plan", "expect_row_groups_pruned", "description",
                "nondeterministic", "descripton", ">=", "<", "0.9", "10", "é", "\u{feff}",
            ]),
            0..40,
        )
    ) {
        let text = parts.concat();
        if let Ok(scenario) = parse("any", "any", &text) {
            prop_assert!(text.ends_with(&scenario.sql));
            for expectation in &scenario.expectations {
                prop_assert!(text.contains(&expectation.text));
            }
        }
    }
}
