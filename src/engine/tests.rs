//! Options and queries that a session accepts or refuses, and its messages, without a file.

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::MemTable;
use rstest::rstest;

use super::*;

/// A session with these options and a table `train` of one column, `id`.
async fn with_options(
    reader: &Reader,
    options: &[(&str, &str)],
) -> Result<SessionContext, EngineError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let options: Vec<(String, String)> = options.iter().map(owned).collect();
    let context = session(reader, &options).await?;
    register(&context, "train", &["id".to_owned()]);
    Ok(context)
}

fn register(context: &SessionContext, table: &str, columns: &[String]) {
    let fields = columns.iter();
    let fields = fields.map(|name| Field::new(name, DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let provider = MemTable::try_new(schema, vec![vec![]]).unwrap();
    context.register_table(table, Arc::new(provider)).unwrap();
}

async fn usual() -> SessionContext {
    with_options(&Reader::default(), &[]).await.unwrap()
}

#[rstest]
#[case("CREATE TABLE t AS SELECT 1")]
#[case("CREATE VIEW v AS SELECT 1")]
#[case("DROP TABLE train")]
#[case("INSERT INTO train SELECT * FROM train")]
#[case("COPY train TO 'out.parquet'")]
#[case("EXPLAIN ANALYZE COPY train TO 'out.parquet'")]
#[case("SET datafusion.execution.batch_size = 1")]
#[case("PREPARE p AS SELECT 1")]
#[case("SELECT 1; SELECT 2")]
#[tokio::test]
async fn statements_that_change_something_are_not_read_only(#[case] sql: &str) {
    let context = usual().await;
    let error = plan(&context, sql).await.unwrap_err();
    assert!(
        matches!(error, EngineError::NotReadOnly { .. }),
        "{sql}: {error}"
    );
    let text = error.to_string();
    assert!(
        text.starts_with("only queries that read are run: "),
        "{text}"
    );
}

#[rstest]
#[case("SELECT id FROM train", &["train"])]
#[case("select ID from TRAIN", &["train"])]
#[case("WITH a AS (SELECT id FROM train) SELECT count(*) FROM a", &["train"])]
#[case("SELECT 1 WHERE EXISTS (SELECT * FROM train)", &["train"])]
#[case("VALUES (1), (2)", &[])]
#[tokio::test]
async fn queries_are_planned_and_name_their_tables(#[case] sql: &str, #[case] tables: &[&str]) {
    let planned = plan(&usual().await, sql).await.unwrap();
    let found = tables_of(&planned.logical);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, tables, "{sql}");
}

#[rstest]
#[case("SELECT id, count(*) FROM train GROUP BY id", true)]
#[case("SELECT row_number() OVER (ORDER BY id) FROM train", true)]
#[case("SELECT id FROM train WHERE id > 3 ORDER BY id", false)]
#[tokio::test]
async fn aggregations_and_windows_are_told_from_plain_reads(
    #[case] sql: &str,
    #[case] expected: bool,
) {
    let planned = plan(&usual().await, sql).await.unwrap();
    assert_eq!(has_aggregation(&planned.physical), expected, "{sql}");
}

#[tokio::test]
async fn an_unknown_table_is_named_beside_those_that_there_are() {
    let context = usual().await;
    register(&context, "other", &["id".to_owned()]);
    let error = plan(&context, "SELECT id FROM trian").await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, EngineError::BadQuery { .. }), "{text}");
    assert!(text.contains("trian"), "{text}");
    assert!(text.ends_with("; tables: other, train"), "{text}");
}

#[tokio::test]
async fn a_text_is_parsed_before_its_tables_are_there() {
    let context = usual().await;
    assert!(parse(&context, "SELECT x FROM no_such_table").is_ok());
    let error = parse(&context, "SELEC x").unwrap_err();
    assert!(matches!(error, EngineError::BadQuery { .. }), "{error}");
    let error = parse(&context, "SELECT 1; SELECT 2").unwrap_err();
    assert!(matches!(error, EngineError::NotReadOnly { .. }), "{error}");
}

#[tokio::test]
async fn a_reader_and_options_set_the_session() {
    let reader = Reader {
        read_threads: Some(3),
        batch_size: Some(77),
        ..Reader::default()
    };
    let context = with_options(&reader, &[]).await.unwrap();
    let set = settings(&context, &reader, false);
    assert_eq!((set.target_partitions, set.batch_size), (3, 77));
    assert_eq!(set.metadata_cache_limit_bytes, 1 << 30);
    assert_eq!(set.memory_limit_bytes, None);
    assert!(set.throttle.is_none());

    let options = [
        ("runtime.metadata_cache_limit", "2G"),
        ("execution.batch_size", "99"),
    ];
    let context = with_options(&reader, &options).await.unwrap();
    let set = settings(&context, &reader, false);
    assert_eq!(set.metadata_cache_limit_bytes, 2 << 30);
    assert_eq!(set.batch_size, 99, "the engine's own option comes last");
}

#[rstest]
#[case(&[("execution.batch_sizes", "1")], "datafusion.execution.batch_sizes: not an option of DataFusion; did you mean `execution.batch_size`?")]
#[case(&[("qqqqqqqqqqqqqqqqqqqq", "1")], "datafusion.qqqqqqqqqqqqqqqqqqqq: not an option of DataFusion")]
#[tokio::test]
async fn an_unknown_option_is_named_with_the_nearest(
    #[case] options: &[(&str, &str)],
    #[case] expected: &str,
) {
    let error = with_options(&Reader::default(), options).await.err();
    let error = error.unwrap();
    assert_eq!(error.to_string(), expected);
}

#[rstest]
#[case("execution.batch_size", "many")]
#[case("runtime.metadata_cache_limit", "it's much")]
#[tokio::test]
async fn a_bad_value_of_an_option_is_named(#[case] name: &str, #[case] value: &str) {
    let options = [(name, value)];
    let error = with_options(&Reader::default(), &options).await.err();
    let error = error.unwrap();
    assert!(matches!(error, EngineError::BadOption { .. }), "{error}");
    let expected = format!("datafusion.{name}: `{value}` does not do: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[rstest]
#[case("SELECT * FROM wide", true)]
#[case("select  *  from WIDE -- all of it", true)]
#[case("SELECT * FROM \"wide\"", true)]
#[case("SELECT * FROM \"WIDE\"", false)]
#[case("SELECT * FROM wide LIMIT 1", false)]
#[case("SELECT * FROM wide WHERE c0 > 1", false)]
#[case("SELECT c0 FROM wide", false)]
#[case("SELECT * FROM wide, train", false)]
#[case("SELECT * FROM train", false)]
#[tokio::test]
async fn only_a_scan_of_a_whole_wide_table_is_planned_without_names(
    #[case] sql: &str,
    #[case] expected: bool,
) {
    let context = usual().await;
    let columns: Vec<String> = (0..WIDE_TABLE_COLUMNS).map(|it| format!("c{it}")).collect();
    register(&context, "wide", &columns);
    let found = whole_table(&context, sql).await;
    assert_eq!(found.is_some(), expected, "{sql}");
    let columns = found.map(|frame| frame.schema().fields().len());
    assert!(columns.is_none_or(|columns| columns == WIDE_TABLE_COLUMNS));
}

#[rstest]
#[case("no such file", "no such file")]
#[case("Parquet error: no magic", "no magic")]
#[case("External: Parquet error: External error: no magic", "no magic")]
#[case("no Parquet error: here", "no Parquet error: here")]
fn categories_before_a_message_are_left_out(#[case] message: &str, #[case] expected: &str) {
    assert_eq!(without_categories(message), expected);
}

#[test]
fn messages_are_one_line_and_ask_for_no_report() {
    let of = |error: DataFusionError| plain_message(&error);
    assert_eq!(
        of(DataFusionError::Plan("no\n\n   such".to_owned())),
        "Error during planning: no such"
    );
    assert_eq!(
        of(DataFusionError::Internal("a list is too short".to_owned())),
        "the engine failed: a list is too short."
    );
    let inner = DataFusionError::External("Arrow error: too wide".into());
    assert_eq!(of(inner.context("while reading")), "too wide");
}
