//! Files from elsewhere: footers that say what is not so, values that have no bounds, keys that are
//! too narrow, texts in many shapes. Each is rewritten with equal values, or refused in one line.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    IntervalDayTimeArray, ListArray, RecordBatch, StringArray, StringViewArray, StructArray,
};
use arrow::datatypes::{
    DataType, Field, Float64Type, Int8Type, Int32Type, Int64Type, IntervalDayTime, Schema,
};
use parquet::arrow::ArrowWriter;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet_bench::dataset::checksum::ResultDigest;
use proptest::prelude::*;
use rstest::rstest;

use crate::files::{
    change_statistics, edit, footer, footers, read, replace_footer, rewrite, with_nulls, write,
    written,
};
use crate::harness::{Place, at, cell};

#[test]
fn a_source_is_read_whatever_its_statistics_say() {
    let place = Place::new();
    let reals = Float64Array::from_iter((0..10).map(|row| match row {
        7 => Some(f64::NAN),
        _ => Some(1.0),
    }));
    let texts = StringArray::from_iter((0..10).map(|row| (row % 3 != 0).then_some("x")));
    let columns: [(&str, ArrayRef); 2] = [("real", Arc::new(reals)), ("text", Arc::new(texts))];
    write(&place.path("mine.parquet"), &columns);
    // As some writers leave it: bounds, and no count of nulls, which readers take for none.
    change_statistics(&place.path("mine.parquet"), |chunk| {
        chunk.statistics().map(|it| with_nulls(it, None))
    });
    rewrite(&place, "mine.parquet", &[]).succeeds();
    let real = written(&place, "real");
    let nan: Vec<usize> = (0..10)
        .filter(|row| real.as_primitive::<Float64Type>().value(*row).is_nan())
        .collect();
    assert_eq!(nan, [7]);
    assert_eq!(written(&place, "text").null_count(), 4);
}

#[test]
fn a_table_says_what_was_answered_from_statistics() {
    let place = Place::new();
    let constant = Int64Array::from(vec![5; 10]);
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from_iter_values(0..10))),
        ("constant", Arc::new(constant)),
    ];
    write(&place.path("t/a.parquet"), &columns);
    let run = |sql: &str| {
        let bench = place
            .bench()
            .args(["run", "--table", "t=t", "--rounds", "1"]);
        bench
            .args(["--sql", sql, "--record", "record.json"])
            .run()
            .succeeds()
    };
    let record = |place: &Place| -> serde_json::Value {
        let text = fs::read(place.path("record.json")).unwrap();
        fs::remove_file(place.path("record.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let shown = run("SELECT id, constant FROM t").stdout;
    assert!(
        shown.contains("answered from statistics, and not read: constant"),
        "{shown}"
    );
    let found = record(&place);
    let found = cell(&found, "sql/base");
    assert_eq!(at(found, "from_statistics.0.column"), "constant");
    assert_eq!(at(found, "columns_read"), 1);

    let shown = run("SELECT count(*) FROM t").stdout;
    assert!(
        shown.contains("not read: the number of rows of t"),
        "{shown}"
    );
    record(&place);
    let shown = run("SELECT max(id) FROM t").stdout;
    assert!(
        shown.contains("answered from statistics, and not read: id"),
        "{shown}"
    );
    record(&place);
    let shown = run("SELECT (SELECT count(*) FROM t), (SELECT sum(id) FROM t)").stdout;
    assert!(
        shown.contains("not read: the number of rows of t"),
        "{shown}"
    );
    record(&place);
    for sql in ["SELECT sum(id) FROM t", "SELECT (SELECT sum(id) FROM t)"] {
        let shown = run(sql).stdout;
        assert!(!shown.contains("answered from statistics"), "{shown}");
        record(&place);
    }
}

#[test]
fn statistics_that_no_values_can_have_are_a_caution_and_mislead_no_planner() {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    let ids = (1000..1040).map(|id| (id != 1005).then_some(id));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter(ids));
    for (lie, words) in [
        (
            Statistics::int64(Some(1000), Some(1039), None, Some(60), false),
            "its statistics count more nulls than it has values",
        ),
        (
            Statistics::int64(Some(1039), Some(1000), None, Some(1), false),
            "by its statistics, its smallest value is greater than its largest",
        ),
    ] {
        write(&path, &[("id", Arc::clone(&ids))]);
        change_statistics(&path, |_| Some(lie.clone()));
        for sql in [
            "SELECT c FROM (SELECT count(id) AS c FROM t) WHERE c = 39",
            "SELECT id FROM t WHERE id > 1010",
            "SELECT a.id FROM t a JOIN t b ON a.id = b.id",
        ] {
            let bench = place
                .bench()
                .args(["run", "--table", "t=t", "--rounds", "1"]);
            let output = bench.args(["--sql", sql, "--format", "json"]).run();
            let output = output.succeeds();
            let caution = format!("column `id`: {words}");
            assert!(output.stderr.contains(&caution), "{sql}: {output:#?}");
            if sql.contains("count") {
                let rows = output.json();
                let rows = at(cell(&rows, "sql/base"), "iterations.0.rows").clone();
                assert_eq!(rows, 1, "{sql}");
            }
        }
    }
}

/// Makes a footer claim so many rows, of its only row group and of all.
fn claim_rows(path: &Path, rows: i64) {
    replace_footer(path, |metadata| {
        let about = metadata.file_metadata();
        let about = FileMetaData::new(
            about.version(),
            rows,
            about.created_by().map(str::to_owned),
            about.key_value_metadata().cloned(),
            about.schema_descr_ptr(),
            about.column_orders().cloned(),
        );
        let group = metadata.row_group(0);
        let columns = group.columns().iter().map(|chunk| {
            let builder = chunk.clone().into_builder();
            builder.set_num_values(rows).build().unwrap()
        });
        let columns = columns.collect();
        let builder = group.clone().into_builder().set_num_rows(rows);
        let group = builder.set_column_metadata(columns).build().unwrap();
        ParquetMetaDataBuilder::new(about)
            .set_row_groups(vec![group])
            .build()
    });
}

#[test]
fn a_source_whose_pages_hold_other_rows_than_its_footer_claims_is_named() {
    for (rows, layout) in [
        (39, "dataset.parquet.row_group_size=10"),
        (39, "dataset.parquet.sort_by=[id]"),
        (39, "dataset.parquet.partition_by=[id]"),
        (41, "dataset.parquet.row_group_size=10"),
    ] {
        let place = Place::new();
        let columns: [(&str, ArrayRef); 2] = [
            ("id", Arc::new(Int64Array::from_iter_values(0..40))),
            ("v", Arc::new(Int64Array::from_iter_values(0..40))),
        ];
        write(&place.path("mine.parquet"), &columns);
        claim_rows(&place.path("mine.parquet"), rows);
        let claim = format!("its footer claims {rows} rows, its pages hold 40");
        let words = ["mine.parquet, row group 0", claim.as_str()];
        rewrite(&place, "mine.parquet", &[layout]).fails(2, &words);
    }
}

#[test]
fn a_comparison_with_nan_is_a_caution_and_one_with_a_number_is_none() {
    let place = Place::new();
    let reals = (0..40).map(|row| if row == 7 { f64::NAN } else { f64::from(row) });
    let reals: ArrayRef = Arc::new(Float64Array::from_iter_values(reals));
    write(&place.path("t/a.parquet"), &[("real", reals)]);
    let run = |sql: &str| {
        let bench = place
            .bench()
            .args(["run", "--table", "t=t", "--rounds", "1"]);
        bench.args(["--sql", sql]).run().succeeds().stderr
    };
    let said = run("SELECT real FROM t WHERE real = 'NaN'::double");
    assert!(
        said.contains("column `real` is compared with NaN, which bounds in statistics leave out"),
        "{said}"
    );
    let said = run("SELECT real FROM t WHERE real > 5");
    assert!(!said.contains("NaN"), "{said}");
}

#[test]
fn bounds_that_cannot_be_trusted_are_a_caution_where_they_are_used() {
    let place = Place::new();
    let columns: [(&str, ArrayRef); 3] = [
        ("real", Arc::new(Float64Array::from(vec![1.0; 5]))),
        (
            "text",
            Arc::new(StringArray::from(vec![
                Some("a"),
                None,
                Some("b"),
                None,
                None,
            ])),
        ),
        ("id", Arc::new(Int64Array::from_iter_values(0..5))),
    ];
    let path = place.path("t/a.parquet");
    write(&path, &columns);
    let run = |sql: &str| {
        let bench = place
            .bench()
            .args(["run", "--table", "t=t", "--rounds", "1"]);
        bench.args(["--sql", sql]).run().succeeds().stderr
    };
    let said = run("SELECT real, text FROM t");
    assert!(
        said.contains("column `real` is answered from its bounds, which leave out NaN"),
        "{said}"
    );
    assert!(!said.contains("`text`"), "{said}");
    change_statistics(&path, |chunk| {
        let statistics = chunk.statistics()?;
        Some(match statistics {
            Statistics::ByteArray(it) => Statistics::byte_array(
                it.min_opt().cloned(),
                it.max_opt().cloned(),
                None,
                Some(3),
                true,
            ),
            other => with_nulls(other, Some(9)),
        })
    });
    let said = run("SELECT text FROM t WHERE text > 'a'");
    assert!(
        said.contains("column `text`: its bounds are of the deprecated kind"),
        "{said}"
    );
    let said = run("SELECT id FROM t");
    assert!(
        said.contains("column `id`: its statistics count more nulls than"),
        "{said}"
    );
    assert!(!said.contains("`text`"), "{said}");
}

fn lists(values: impl Iterator<Item = Option<Vec<Option<i32>>>>) -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values))
}

/// Columns of which a writer can give no bounds, by name.
fn without_bounds() -> Vec<(&'static str, ArrayRef)> {
    let field = Arc::new(Field::new("a", DataType::Int32, true));
    let inner: ArrayRef = Arc::new(Int32Array::from(vec![None; 30]));
    vec![
        (
            "nothing",
            Arc::new(StringArray::from(vec![None::<&str>; 30])),
        ),
        ("nan", Arc::new(Float64Array::from(vec![f64::NAN; 30]))),
        ("empty", lists((0..30).map(|_| Some(Vec::new())))),
        ("inner", Arc::new(StructArray::from(vec![(field, inner)]))),
    ]
}

#[test]
fn chunks_without_bounds_are_counted_and_the_rest_is_proven() {
    for statistics in ["chunk", "page"] {
        let place = Place::new();
        write(&place.path("mine.parquet"), &without_bounds());
        let set = format!("dataset.parquet.statistics={statistics}");
        let said = rewrite(&place, "mine.parquet", &[&set]).succeeds().stderr;
        assert!(said.contains("column chunks without bounds"), "{said}");
        for column in ["nothing", "nan", "empty", "inner"] {
            assert!(
                said.contains(&format!("`{column}` (1)")),
                "{column}: {said}"
            );
        }
    }
}

#[test]
fn pages_without_bounds_cost_the_column_index_and_not_the_run() {
    let place = Place::new();
    let reals = (0..400).map(|row| if row < 200 { f64::from(row) } else { f64::NAN });
    let nulls = (0..400).map(|row| match row < 200 {
        true => Some(vec![Some(row)]),
        false => Some(vec![None, None]),
    });
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from_iter_values(0..400))),
        ("real", Arc::new(Float64Array::from_iter_values(reals))),
        ("list", lists(nulls)),
    ];
    write(&place.path("mine.parquet"), &columns);
    for more in [
        "dataset.parquet.sort_by=[id]",
        "dataset.parquet.sort_by=[real]",
    ] {
        let set = [
            "dataset.parquet.data_page_rows=100",
            "dataset.parquet.statistics=page",
            more,
        ];
        let said = rewrite(&place, "mine.parquet", &set).succeeds().stderr;
        assert!(said.contains("have no column index: "), "{said}");
        assert!(
            said.contains("`real` (1)") && !said.contains("`id` (1)"),
            "{said}"
        );
        let chunks = footers(&place.path("out"));
        let has_index = |leaf: usize| {
            chunks[0]
                .1
                .row_group(0)
                .column(leaf)
                .column_index_offset()
                .is_some()
        };
        assert!(has_index(0) && !has_index(1));
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn row_groups_by_bytes_may_be_off_where_rows_become_wider() {
    let place = Place::new();
    let texts = (0..150_000).map(|row| match row < 75_000 {
        true => "x".to_owned(),
        false => format!("{:09}", row * 7919 % 100_003),
    });
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from_iter_values(0..150_000))),
        ("text", Arc::new(StringArray::from_iter_values(texts))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(place.path("mine.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let set = ["dataset.parquet.row_group_bytes=65536"];
    let said = rewrite(&place, "mine.parquet", &set).succeeds().stderr;
    assert!(
        said.contains("row groups are cut by rows, whose width changes"),
        "{said}"
    );
    let manifest = fs::read(place.path("out/_bench_manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let off = at(&manifest, "shortfalls.row_group_bytes");
    assert!(at(off, "row_groups").as_u64().unwrap() > 0);
    let largest = at(off, "largest_bytes").as_u64().unwrap();
    let footers = footers(&place.path("out"));
    let groups = footers[0].1.row_groups().iter();
    let found = groups.map(|group| group.total_byte_size() as u64).max();
    assert_eq!(found, Some(largest));
}

/// Four files of 60 categories each, none of them shared, with keys of 8 bits.
fn categories(place: &Place) {
    for day in 0..4 {
        let shops: Vec<String> = (0..60)
            .map(|shop| format!("shop-{}", day * 60 + shop))
            .collect();
        let shops: DictionaryArray<Int8Type> = shops.iter().map(String::as_str).collect();
        let days = Int64Array::from(vec![day; 60]);
        let columns: [(&str, ArrayRef); 2] = [("shop", Arc::new(shops)), ("day", Arc::new(days))];
        write(&place.path(&format!("mine/{day}.parquet")), &columns);
    }
}

#[rstest]
#[case("dataset.parquet.sort_by=[shop desc]", 1)]
#[case("dataset.compression=zstd", 1)]
#[case("dataset.parquet.partition_by=[shop]", 240)]
fn categories_of_many_files_find_room_in_one(#[case] set: &str, #[case] files: usize) {
    let place = Place::new();
    categories(&place);
    rewrite(&place, "mine", &[set]).succeeds();
    let written = place.parquet_paths("out");
    assert_eq!(written.len(), files);
    let rows: usize = written
        .iter()
        .flat_map(|file| read(file))
        .map(|it| it.num_rows())
        .sum();
    assert_eq!(rows, 240);
    // What this program wrote can be grouped as well as what it read.
    for table in ["t=mine", "t=out"] {
        let bench = place
            .bench()
            .args(["run", "--table", table, "--rounds", "1"]);
        let sql = "SELECT shop, count(*) FROM t GROUP BY shop";
        let output = bench
            .args(["--sql", sql, "--format", "json"])
            .run()
            .succeeds();
        let record = output.json();
        assert_eq!(at(cell(&record, "sql/base"), "iterations.0.rows"), 240);
    }
}

#[test]
fn categories_and_views_of_strings_make_partitions() {
    let names = || (0..40).map(|row| ["a", "b c", "d/e"][row % 3]);
    let dictionary: DictionaryArray<Int8Type> = names().collect();
    let columns: [(&str, ArrayRef); 2] = [
        ("dictionary", Arc::new(dictionary)),
        ("view", Arc::new(StringViewArray::from_iter_values(names()))),
    ];
    for (name, column) in columns {
        let place = Place::new();
        let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
        write(&place.path("mine.parquet"), &[("id", id), ("kind", column)]);
        rewrite(
            &place,
            "mine.parquet",
            &["dataset.parquet.partition_by=[kind]"],
        )
        .succeeds();
        assert_eq!(place.parquet_paths("out").len(), 3, "{name}");
    }
}

/// A file of a single column with an annotation that Arrow has no type for.
fn annotated(path: &Path, message: &str, write: impl FnOnce(&mut SerializedFileWriter<File>)) {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    write(&mut writer);
    writer.close().unwrap();
}

fn intervals(path: &Path, months: i32) {
    let message = "message m { required fixed_len_byte_array(12) iv (INTERVAL); }";
    annotated(path, message, |writer| {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let bytes: Vec<u8> = [months, 3, 4]
            .iter()
            .flat_map(|it| it.to_le_bytes())
            .collect();
        let values = vec![FixedLenByteArray::from(bytes); 10];
        column
            .typed::<FixedLenByteArrayType>()
            .write_batch(&values, None, None)
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
    });
}

#[test]
fn months_of_intervals_are_never_dropped_in_silence() {
    let place = Place::new();
    intervals(&place.path("months.parquet"), 5);
    let words = ["months.parquet", "column `iv`", "months", "drop"];
    rewrite(&place, "months.parquet", &[]).fails(2, &words);
    assert!(!place.path("out").exists());
    intervals(&place.path("days.parquet"), 0);
    rewrite(&place, "days.parquet", &[]).succeeds();
    let expected = IntervalDayTimeArray::from(vec![IntervalDayTime::new(3, 4); 10]);
    assert_eq!(written(&place, "iv").as_ref(), &expected as &dyn Array);
}

#[test]
fn annotations_and_key_values_are_kept_or_their_loss_is_said() {
    let place = Place::new();
    let texts = |path: &Path, annotation: &str| {
        let message = format!("message m {{ required binary text ({annotation}); }}");
        annotated(path, &message, |writer| {
            writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), "{}".to_owned()));
            let mut group = writer.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let values = vec![ByteArray::from("{}"); 4];
            column
                .typed::<ByteArrayType>()
                .write_batch(&values, None, None)
                .unwrap();
            column.close().unwrap();
            group.close().unwrap();
        });
    };
    texts(&place.path("json.parquet"), "JSON");
    let said = rewrite(&place, "json.parquet", &[]).succeeds().stderr;
    assert!(!said.contains("annotated"), "{said}");
    let annotation = |metadata: &FileMetaData| {
        format!("{:?}", metadata.schema_descr().column(0).logical_type_ref())
    };
    let (_, found) = &footers(&place.path("out"))[0];
    assert!(annotation(found.file_metadata()).contains("Json"));
    assert_eq!(key_value(found, "geo").as_deref(), Some("{}"));
    fs::remove_dir_all(place.path("out")).unwrap();

    texts(&place.path("bson.parquet"), "BSON");
    let said = rewrite(&place, "bson.parquet", &[]).succeeds().stderr;
    assert!(
        said.contains("column `text` is annotated BSON, and is written as"),
        "{said}"
    );
}

#[test]
fn times_of_day_in_utc_lose_that_and_it_is_said() {
    let place = Place::new();
    let message = "message m { required int32 t (TIME(MILLIS,true)); }";
    annotated(&place.path("mine.parquet"), message, |writer| {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values = column.typed::<parquet::data_type::Int32Type>();
        values.write_batch(&[1, 2], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    });
    let said = rewrite(&place, "mine.parquet", &[]).succeeds().stderr;
    let words = "column `t` is annotated TIME in UTC, and is written as TIME";
    assert!(said.contains(words), "{said}");
}

fn key_value(metadata: &ParquetMetaData, key: &str) -> Option<String> {
    let mut entries = metadata.file_metadata().key_value_metadata()?.iter();
    entries.find(|entry| entry.key == key)?.value.clone()
}

#[test]
fn key_values_that_files_do_not_agree_on_are_named() {
    let place = Place::new();
    for (name, value) in [("a", "1"), ("b", "2")] {
        let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![ids]).unwrap();
        fs::create_dir_all(place.path("mine")).unwrap();
        let file = File::create(place.path(&format!("mine/{name}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema, None).unwrap();
        for (key, value) in [("same", "x"), ("part", value)] {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_owned()));
        }
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    let said = rewrite(&place, "mine", &[]).succeeds().stderr;
    assert!(
        said.contains("do not agree on are not kept: part"),
        "{said}"
    );
    let (_, found) = &footers(&place.path("out"))[0];
    assert_eq!(key_value(found, "same").as_deref(), Some("x"));
    assert_eq!(key_value(found, "part"), None);
}

#[test]
fn key_values_that_name_columns_are_kept_where_no_partition_takes_any() {
    let place = Place::new();
    let column = || -> ArrayRef { Arc::new(Int64Array::from(vec![1])) };
    let batch = RecordBatch::try_from_iter([("id", column()), ("p", column())]).unwrap();
    let file = File::create(place.path("mine.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    let naming = ["pandas", "org.apache.spark.sql.parquet.row.metadata"];
    for key in ["other", naming[0], naming[1]] {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), "{}".to_owned()));
    }
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    for (layout, kept) in [
        (&[][..], true),
        (&["dataset.parquet.partition_by=[p]"], false),
    ] {
        let said = rewrite(&place, "mine.parquet", layout).succeeds().stderr;
        assert_eq!(!said.contains("takes out of the files"), kept, "{said}");
        let (_, found) = &footers(&place.path("out"))[0];
        assert_eq!(key_value(found, "other").as_deref(), Some("{}"));
        for key in naming {
            assert_eq!(key_value(found, key).is_some(), kept, "{key}");
            assert_eq!(!said.contains(key), kept, "{said}");
        }
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn a_column_that_some_files_lack_is_null_there_which_is_said() {
    let place = Place::new();
    let column = || -> ArrayRef { Arc::new(Int64Array::from(vec![1, 2])) };
    write(
        &place.path("t/a.parquet"),
        &[("a", column()), ("b", column())],
    );
    for name in ["b", "c"] {
        write(
            &place.path(&format!("t/{name}.parquet")),
            &[("a", column())],
        );
    }
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let run = bench.args(["--sql", "SELECT * FROM t"]).run().succeeds();
    let rewritten = rewrite(&place, "t", &[]).succeeds();
    for said in [run.stderr, rewritten.stderr] {
        for words in [
            "column `b` is missing in 2 of 3 files, first ",
            "t/b.parquet: null for their rows",
        ] {
            assert!(said.contains(words), "{said}");
        }
        assert!(!said.contains("column `a`"), "{said}");
    }
    assert_eq!(written(&place, "b").null_count(), 4);
}

#[test]
fn types_that_parquet_cannot_hold_are_refused_before_anything_is_written() {
    let place = Place::new();
    let months = arrow::array::IntervalMonthDayNanoArray::from(vec![
        arrow::datatypes::IntervalMonthDayNano::new(1, 2, 3),
    ]);
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch =
        RecordBatch::try_from_iter([("id", id), ("months", Arc::new(months) as ArrayRef)]).unwrap();
    let file = File::create(place.path("mine.arrow")).unwrap();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let words = [
        "mine.arrow",
        "column `months`",
        "cannot be written as Parquet",
    ];
    rewrite(&place, "mine.arrow", &[]).fails(2, &words);
    assert!(!place.path("out").exists());
}

#[test]
fn a_footer_that_claims_no_rows_beside_sound_row_groups_is_read_with_a_caution() {
    let place = Place::new();
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
    let path = place.path("t/a.parquet");
    write(&path, &[("id", id)]);
    // In Thrift's compact form: field 3 of 64 bits, 40 in zigzag, and field 4, a list.
    let claim = [0x16, 80, 0x19];
    edit(&path, |bytes| {
        let found = bytes.windows(3).rposition(|it| it == claim).unwrap();
        bytes[found + 1] = 0;
    });
    assert_eq!(footer(&path).file_metadata().num_rows(), 0);
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let output = bench
        .args(["--sql", "SELECT id FROM t", "--format", "json"])
        .run();
    let output = output.succeeds();
    assert!(
        output.stderr.contains("its footer claims 0 rows"),
        "{output:?}"
    );
    assert_eq!(
        at(cell(&output.json(), "sql/base"), "iterations.0.rows"),
        40
    );
    let said = rewrite(&place, "t", &[]).succeeds().stderr;
    assert!(said.contains("its footer claims 0 rows"), "{said}");
    assert_eq!(written(&place, "id").len(), 40);
    let inspected = place.bench().args(["inspect", "t"]).run().succeeds();
    assert!(inspected.stdout.contains("40 rows"), "{}", inspected.stdout);
}

#[rstest]
#[case("_delta_log/0.json", "Delta")]
#[case(".hoodie/hoodie.properties", "Hudi")]
#[case("metadata/v1.metadata.json", "Iceberg")]
fn folders_of_table_formats_are_read_with_one_caution(#[case] mark: &str, #[case] format: &str) {
    let place = Place::new();
    crate::files::write_small(&place.path("t/a.parquet"));
    place.write(&format!("t/{mark}"), "{}");
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let said = bench
        .args(["--sql", "SELECT id FROM t"])
        .run()
        .succeeds()
        .stderr;
    assert_eq!(
        said.matches(&format!("a table of {format}")).count(),
        1,
        "{said}"
    );
    let said = rewrite(&place, "t", &[]).succeeds().stderr;
    assert_eq!(
        said.matches(&format!("a table of {format}")).count(),
        1,
        "{said}"
    );
}

#[test]
fn files_of_other_names_are_read_by_a_pattern_and_the_message_says_so() {
    let place = Place::new();
    crate::files::write_small(&place.path("t/000000_0"));
    place.write("t/.000000_0.crc", "x");
    let run = |table: &str| {
        let bench = place
            .bench()
            .args(["run", "--table", table, "--rounds", "1"]);
        bench.args(["--sql", "SELECT id FROM t"]).run()
    };
    run("t=t").fails(
        2,
        &[
            "holds no Parquet files",
            "it holds 000000_0",
            "hint:",
            "'t/*'",
        ],
    );
    run("t=t/*").succeeds();
}

#[test]
fn schemas_that_only_widen_are_one_table_where_it_is_asked_for() {
    let place = Place::new();
    let number = |wide: bool| -> ArrayRef {
        match wide {
            false => Arc::new(Int32Array::from(vec![1, 2])),
            true => Arc::new(Int64Array::from(vec![1 << 40, 4])),
        }
    };
    let pair = |fields: &[&str]| -> ArrayRef {
        let fields = fields.iter().map(|name| {
            let field = Arc::new(Field::new(*name, DataType::Int64, true));
            (field, Arc::new(Int64Array::from(vec![7, 8])) as ArrayRef)
        });
        Arc::new(StructArray::from(fields.collect::<Vec<_>>()))
    };
    let more: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    write(
        &place.path("t/a.parquet"),
        &[("n", number(false)), ("s", pair(&["a"]))],
    );
    write(
        &place.path("t/b.parquet"),
        &[
            ("n", number(true)),
            ("s", pair(&["a", "b"])),
            ("more", more),
        ],
    );
    let run = |more: &[&str]| {
        let bench = place
            .bench()
            .args(["run", "--table", "t=t", "--rounds", "1"]);
        bench
            .args(["--sql", "SELECT * FROM t", "--format", "json"])
            .args(more)
            .run()
    };
    run(&[]).fails(
        2,
        &["b.parquet", "column `n` is Int64", "hint: --unify-schemas"],
    );
    let record = run(&["--unify-schemas"]).succeeds().json();
    assert_eq!(at(cell(&record, "sql/base"), "iterations.0.rows"), 4);
    rewrite(&place, "t", &[]).fails(2, &["--unify-schemas"]);
    rewrite(&place, "t", &["reader.unify_schemas=true"]).succeeds();
    assert_eq!(
        written(&place, "n").as_primitive::<Int64Type>().values(),
        &[1, 2, 1 << 40, 4]
    );
    assert_eq!(written(&place, "more").null_count(), 2);
    let pairs = written(&place, "s");
    let added = pairs.as_struct().column_by_name("b").unwrap();
    assert_eq!(added.as_primitive::<Int64Type>().null_count(), 2);
}

#[test]
fn bounds_of_files_that_are_read_as_a_wider_type_are_not_compared_with_others() {
    let place = Place::new();
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![1000, 7]));
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![4, 5]));
    write(&place.path("t/a.parquet"), &[("n", narrow)]);
    write(&place.path("t/b.parquet"), &[("n", wide)]);
    for (sql, rows) in [
        (
            "SELECT n FROM t WHERE n = (SELECT max(n) FROM t) AND n = 1000",
            1,
        ),
        ("SELECT n FROM t WHERE n > 6", 2),
        ("SELECT n FROM t WHERE n < 5", 1),
    ] {
        let bench = place
            .bench()
            .args(["run", "--table", "t=t", "--rounds", "1"]);
        let bench = bench.args(["--unify-schemas", "--sql", sql, "--format", "json"]);
        let record = bench.run().succeeds().json();
        assert_eq!(
            at(cell(&record, "sql/base"), "iterations.0.rows"),
            rows,
            "{sql}"
        );
    }
}

#[test]
fn nothing_but_nulls_in_lists_of_one_file_takes_no_values_from_another() {
    let place = Place::new();
    let nothing = Arc::new(Field::new("item", DataType::Null, true));
    let nulls: ArrayRef = Arc::new(arrow::array::NullArray::new(0));
    let offsets = arrow::buffer::OffsetBuffer::new(vec![0, 0, 0].into());
    let empty: ArrayRef = Arc::new(ListArray::new(nothing, offsets, nulls, None));
    write(&place.path("t/a.parquet"), &[("list", empty)]);
    let values = lists([Some(vec![Some(1), Some(2)]), None].into_iter());
    write(&place.path("t/b.parquet"), &[("list", values)]);
    rewrite(&place, "t", &[]).succeeds();
    let list = written(&place, "list");
    let values = list.as_list::<i32>().values();
    assert_eq!(values.as_primitive::<Int32Type>().values(), &[1, 2]);
}

#[test]
fn items_that_may_be_null_in_one_file_may_be_null() {
    let place = Place::new();
    let list = |nullable: bool| -> ArrayRef {
        let field = Arc::new(Field::new("item", DataType::Int32, nullable));
        let offsets = arrow::buffer::OffsetBuffer::new(vec![0, 1].into());
        let values: ArrayRef = match nullable {
            true => Arc::new(Int32Array::from(vec![None])),
            false => Arc::new(Int32Array::from(vec![5])),
        };
        Arc::new(ListArray::new(field, offsets, values, None))
    };
    write(&place.path("t/a.parquet"), &[("list", list(false))]);
    write(&place.path("t/b.parquet"), &[("list", list(true))]);
    rewrite(&place, "t", &[]).succeeds();
    let column = written(&place, "list");
    let values = column.as_list::<i32>().values();
    assert_eq!(values.null_count(), 1);
}

/// 300 categories in one file whose keys are said to have 8 bits, as a file has them that was made
/// of several.
#[test]
fn categories_beyond_their_keys_in_one_file_are_read() {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    let wide: DictionaryArray<Int32Type> = (0..300)
        .map(|it| format!("kind {it}"))
        .collect::<Vec<_>>()
        .iter()
        .map(String::as_str)
        .collect();
    let narrow: DictionaryArray<Int8Type> = ["x"].into_iter().collect();
    let said = Schema::new(vec![Field::new("kind", narrow.data_type().clone(), true)]);
    let batch = RecordBatch::try_from_iter([("kind", Arc::new(wide) as ArrayRef)]).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let options =
        parquet::arrow::arrow_writer::ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let file = File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap();
    let encoded = parquet::arrow::encode_arrow_schema(&said);
    writer.append_key_value_metadata(KeyValue::new("ARROW:schema".to_owned(), encoded));
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    rewrite(&place, "t", &[]).succeeds();
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let sql = "SELECT kind FROM t";
    let record = bench
        .args(["--sql", sql, "--format", "json"])
        .run()
        .succeeds()
        .json();
    assert_eq!(at(cell(&record, "sql/base"), "iterations.0.rows"), 300);
}

#[test]
fn two_thousand_columns_are_scanned_and_rewritten() {
    let place = Place::new();
    let names: Vec<String> = (0..2000).map(|column| format!("c{column}")).collect();
    let column: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let columns: Vec<(&str, ArrayRef)> = names
        .iter()
        .map(|name| (name.as_str(), Arc::clone(&column)))
        .collect();
    write(&place.path("t/a.parquet"), &columns);
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let record = bench.args(["--format", "json"]).run().succeeds().json();
    assert_eq!(at(cell(&record, "scan_t/base"), "columns_read"), 2000);
    rewrite(&place, "t", &[]).succeeds();
    assert_eq!(
        footers(&place.path("out"))[0].1.row_group(0).num_columns(),
        2000
    );
}

/// A column of a generated file.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Constant,
    ConstantOrNan,
    ConstantOrNull,
    Nan,
    Null,
    Real,
    List,
}

const KINDS: [Kind; 7] = [
    Kind::Constant,
    Kind::ConstantOrNan,
    Kind::ConstantOrNull,
    Kind::Nan,
    Kind::Null,
    Kind::Real,
    Kind::List,
];

fn column_of(kind: Kind, seeds: &[u8]) -> ArrayRef {
    let reals = |value: &dyn Fn(u8) -> Option<f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter(
            seeds.iter().map(|seed| value(*seed)),
        ))
    };
    match kind {
        Kind::Constant => reals(&|_| Some(1.0)),
        Kind::ConstantOrNan => reals(&|seed| Some(if seed % 4 == 0 { f64::NAN } else { 1.0 })),
        Kind::ConstantOrNull => {
            let texts = seeds.iter().map(|seed| (seed % 3 != 0).then_some("x"));
            Arc::new(StringArray::from_iter(texts))
        }
        Kind::Nan => reals(&|_| Some(f64::NAN)),
        Kind::Null => reals(&|_| None),
        Kind::Real => reals(&|seed| match seed % 8 {
            0 => None,
            1 => Some(f64::NAN),
            2 => Some(-0.0),
            3 => Some(f64::INFINITY),
            _ => Some(f64::from(seed)),
        }),
        Kind::List => lists(seeds.iter().map(|seed| match seed % 5 {
            0 => None,
            1 => Some(Vec::new()),
            2 => Some(vec![None, None]),
            _ => Some(vec![Some(i32::from(*seed)), None]),
        })),
    }
}

/// What a footer says of statistics that is not so.
#[derive(Debug, Clone, Copy)]
enum Lie {
    None,
    NoNullCounts,
    NoNulls,
    /// Bounds that are one value, whatever the values are.
    OneValue,
}

fn lie(path: &Path, lie: Lie) {
    change_statistics(path, |chunk| {
        let statistics = chunk.statistics()?;
        match (lie, statistics) {
            (Lie::None, _) => None,
            (Lie::NoNullCounts, it) => Some(with_nulls(it, None)),
            (Lie::NoNulls, it) => Some(with_nulls(it, Some(0))),
            (Lie::OneValue, Statistics::Double(_)) => Some(Statistics::double(
                Some(5.0),
                Some(5.0),
                None,
                Some(0),
                false,
            )),
            (Lie::OneValue, Statistics::ByteArray(_)) => {
                let value = Some(ByteArray::from("y"));
                Some(Statistics::byte_array(
                    value.clone(),
                    value,
                    None,
                    Some(0),
                    false,
                ))
            }
            (Lie::OneValue, it) => Some(with_nulls(it, Some(0))),
        }
    });
}

fn digest_of(batches: &[RecordBatch]) -> (u64, String) {
    let mut digest = ResultDigest::new(&batches[0].schema(), false);
    batches
        .iter()
        .for_each(|batch| digest.update(batch).unwrap());
    (digest.rows(), digest.finish().exact)
}

/// The rows below a folder, with the partition column `p` out of the names of folders.
fn rows_below(place: &Place, schema: &Arc<Schema>) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    for path in place.parquet_paths("out") {
        let partition = path.components().find_map(|part| {
            let value = part.as_os_str().to_str()?.strip_prefix("p=")?.to_owned();
            value.parse::<i32>().ok()
        });
        for batch in read(&path) {
            let columns =
                schema
                    .fields()
                    .iter()
                    .map(|field| match batch.column_by_name(field.name()) {
                        Some(column) => Arc::clone(column),
                        None => Arc::new(Int32Array::from(vec![partition; batch.num_rows()])),
                    });
            let columns: Vec<ArrayRef> = columns.collect();
            batches.push(RecordBatch::try_new(Arc::clone(schema), columns).unwrap());
        }
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_source_comes_out_with_its_rows_whatever_its_footers_say(
        kinds in prop::collection::vec(prop::sample::select(KINDS.to_vec()), 1..5),
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..120), 1..4),
        statistics in prop::sample::select(vec![
            EnabledStatistics::None, EnabledStatistics::Chunk, EnabledStatistics::Page,
        ]),
        told in prop::sample::select(vec![Lie::None, Lie::NoNullCounts, Lie::NoNulls, Lie::OneValue]),
        layout in prop::sample::subsequence(vec![
            "dataset.parquet.statistics=page",
            "dataset.parquet.data_page_rows=7",
            "dataset.parquet.row_group_size=16",
            "dataset.parquet.sort_by=[c0 desc]",
            "dataset.parquet.partition_by=[p]",
        ], 0..5),
    ) {
        let place = Place::new();
        let mut drawn = Vec::new();
        for (index, seeds) in files.iter().enumerate() {
            let p: ArrayRef = Arc::new(Int32Array::from_iter_values(
                seeds.iter().map(|seed| i32::from(seed % 3)),
            ));
            let named = kinds.iter().enumerate().map(|(index, kind)| {
                (format!("c{index}"), column_of(*kind, seeds), true)
            });
            let columns = named.chain([("p".to_owned(), p, true)]);
            let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
            let path = place.write(&format!("mine/{index}.parquet"), "");
            let properties = WriterProperties::builder()
                .set_statistics_enabled(statistics)
                .set_max_row_group_row_count(Some(50))
                .set_offset_index_disabled(true)
                .build();
            let file = File::create(&path).unwrap();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            lie(&path, told);
            drawn.push(batch);
        }
        let sortable = !matches!(kinds[0], Kind::List);
        let layout: Vec<&str> = layout
            .into_iter()
            .filter(|key| sortable || !key.contains("sort_by"))
            .collect();
        rewrite(&place, "mine", &layout).succeeds();
        let schema = drawn[0].schema();
        let keeps_order = !layout.iter().any(|key| key.contains("_by="));
        if keeps_order {
            let in_order = |batches: &[RecordBatch]| {
                let rows = arrow::compute::concat_batches(&schema, batches).unwrap();
                format!("{:?}", rows.columns())
            };
            prop_assert_eq!(in_order(&rows_below(&place, &schema)), in_order(&drawn));
        }
        prop_assert_eq!(digest_of(&rows_below(&place, &schema)), digest_of(&drawn));
    }
}

/// Fills the pages of a file's second column with what no codec gives.
fn corrupt(path: &Path) {
    let chunk = footer(path).row_group(0).column(1).byte_range();
    edit(path, |bytes| {
        let (start, end) = (chunk.0 as usize, (chunk.0 + chunk.1) as usize);
        bytes[start + 20..end].fill(0xff);
    });
}

#[test]
fn a_corrupt_page_is_named_with_its_file_row_group_and_column_by_every_command() {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    crate::files::write_small(&path);
    corrupt(&path);
    let where_it_is = "t/a.parquet, row group 0, column `name`: ";
    rewrite(&place, "t", &[]).fails(2, &[where_it_is]);
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let output = bench.args(["--sql", "SELECT * FROM t"]).run();
    assert_eq!(output.code, Some(2));
    output.says_one_error(&[where_it_is]);
    for command in [
        vec!["inspect", "t", "--pages"],
        vec!["learn", "t", "-o", "c.yaml"],
    ] {
        let output = place.bench().args(command).run();
        let output = output.fails(2, &["t/a.parquet", "row group 0, column `name`: "]);
        assert_eq!(output.error().matches("a.parquet").count(), 1, "{output:?}");
        assert!(!output.error().contains("arquet error: "), "{output:?}");
    }
}

#[test]
fn encrypted_columns_are_named_as_such_by_every_command() {
    let place = Place::new();
    let path = place.path("t/a.parquet");
    crate::files::write_small(&path);
    corrupt(&path);
    // Field 8 of the footer, behind the field 7: a struct with a field 1 that is an empty struct.
    edit(&path, |bytes| {
        let end = bytes.len() - 8;
        assert_eq!(bytes[end - 1], 0, "the end of a struct");
        bytes.splice(end - 1..end - 1, [0x1c, 0x1c, 0, 0]);
        let at = bytes.len() - 8;
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) + 4;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    });
    let words = [
        "a.parquet",
        "it is encrypted, and encrypted files are not read",
    ];
    rewrite(&place, "t", &[]).fails(2, &words);
    let bench = place
        .bench()
        .args(["run", "--table", "t=t", "--rounds", "1"]);
    let output = bench.args(["--sql", "SELECT * FROM t"]).run();
    assert_eq!(output.code, Some(2));
    output.says_one_error(&words);
    for command in [vec!["inspect", "t"], vec!["learn", "t", "-o", "c.yaml"]] {
        place.bench().args(command).run().fails(2, &words);
    }
}

#[test]
fn rows_of_nan_that_the_engine_prunes_are_explained() {
    let place = Place::new();
    let reals = (0..40).map(|row| if row == 7 { f64::NAN } else { 1.0 });
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from_iter_values(0..40))),
        ("real", Arc::new(Float64Array::from_iter_values(reals))),
    ];
    write(&place.path("mine.parquet"), &columns);
    let sweep = ["--sweep", "dataset.parquet.statistics=none,chunk"];
    let bench = place
        .bench()
        .args(["run", "--source", "mine.parquet", "--rounds", "1"]);
    let sql = "SELECT id FROM train WHERE real <> 1.0";
    let output = bench.args(sweep).args(["--sql", sql]).run();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stdout.contains("bounds in statistics leave out NaN"),
        "{output:?}"
    );
    output.says_one_error(&[
        "equal rows gave different results",
        "hint: bounds in statistics",
    ]);
}

#[test]
fn a_date_that_no_calendar_has_is_a_number_and_no_error_in_a_cell() {
    let place = Place::new();
    let days = arrow::array::Date32Array::from(vec![1, i32::MAX]);
    write(&place.path("far.parquet"), &[("day", Arc::new(days))]);
    let output = place
        .bench()
        .args(["inspect", "far.parquet", "--columns"])
        .run()
        .succeeds();
    assert!(output.stdout.contains("1970-01-02"), "{}", output.stdout);
    assert!(
        output.stdout.contains(&i32::MAX.to_string()),
        "{}",
        output.stdout
    );
    assert!(!output.stdout.contains("rror"), "{}", output.stdout);
}
