//! Types and annotations of other writers: kept, lost with a note, or refused.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Int64Array, IntervalDayTimeArray, RecordBatch,
    StringViewArray,
};
use arrow::datatypes::{DataType, Field, Int8Type, Int32Type, IntervalDayTime, Schema};
use parquet::arrow::ArrowWriter;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rstest::rstest;

use crate::files::{footers, read, rewrite, write, written};
use crate::harness::{Place, at, cell};

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
    // The rewritten files can be grouped as well as the original ones.
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

/// Writes a file of a single column with an annotation for which Arrow has no type.
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

/// 300 categories in one file whose keys claim to have 8 bits, as in a file that was merged from
/// several.
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
