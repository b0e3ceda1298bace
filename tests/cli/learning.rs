//! `bench learn`: a config whose data is like existing files.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int32Array,
    Int64Array, IntervalYearMonthArray, LargeStringArray, ListArray, NullArray, RecordBatch,
    StringArray, StructArray, TimestampMillisecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rstest::rstest;
use serde_json::Value;

use crate::files::{self, footer};
use crate::harness::{Place, at};

pub const ROWS: usize = 4_000;
pub const CITIES: [&str; 5] = ["Amsterdam", "Berlin", "Copenhagen", "Dublin", "Edinburgh"];

/// A number that looks random.
pub fn hash(row: usize) -> usize {
    let mixed = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as usize
}

pub fn rows() -> std::ops::Range<usize> {
    0..ROWS
}

/// Columns as tables have them: an id, times, skewed and clustered categories, a series, text,
/// nulls, nested values.
pub fn batch() -> RecordBatch {
    let mut level = 20.0;
    let series = rows().map(|row| {
        level += (hash(row) % 201) as f64 / 100.0 - 1.0;
        (level * 10.0_f64).round() / 10.0
    });
    let text = rows().map(|row| {
        let words = (0..3 + hash(row) % 8).map(|word| CITIES[hash(row * 31 + word) % 5]);
        words.collect::<Vec<_>>().join(" ")
    });
    let tags = rows().map(|row| {
        let tags = 0..hash(row + 7) % 4;
        Some(
            tags.map(|tag| Some((hash(row * 5 + tag) % 10) as i32))
                .collect::<Vec<_>>(),
        )
    });
    let place = StructArray::from(vec![
        (
            Arc::new(Field::new("lat", DataType::Float64, true)),
            Arc::new(Float64Array::from_iter_values(
                rows().map(|row| (hash(row) % 18_000) as f64 / 100.0 - 90.0),
            )) as ArrayRef,
        ),
        (
            Arc::new(Field::new("code", DataType::Int32, true)),
            Arc::new(Int32Array::from_iter_values(
                rows().map(|row| (hash(row / 50) % 900) as i32),
            )) as ArrayRef,
        ),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "id",
            Arc::new(Int64Array::from_iter_values(
                rows().map(|row| 70_123 + 3 * row as i64),
            )),
        ),
        (
            "seen",
            Arc::new(
                TimestampMillisecondArray::from_iter_values(rows().map(|row| {
                    1_700_000_000_000 + row as i64 * 60_000 + (hash(row) % 60_000) as i64
                }))
                .with_timezone("UTC"),
            ),
        ),
        (
            "city",
            Arc::new(StringArray::from_iter(rows().map(|row| {
                (!hash(row).is_multiple_of(4)).then(|| CITIES[hash(row / 9) % 5])
            }))),
        ),
        (
            "count",
            Arc::new(Int32Array::from_iter_values(
                rows().map(|row| (1_000 / (1 + hash(row) % 1_000)) as i32),
            )),
        ),
        (
            "temperature",
            Arc::new(Float64Array::from_iter_values(series)),
        ),
        ("comment", Arc::new(StringArray::from_iter_values(text))),
        (
            "serial",
            Arc::new(StringArray::from_iter_values(
                rows().map(|row| format!("XK-{:06}", hash(row) % 1_000_000)),
            )),
        ),
        (
            "paid",
            Arc::new(BooleanArray::from_iter(
                rows().map(|row| Some(!hash(row).is_multiple_of(10))),
            )),
        ),
        (
            "status",
            Arc::new(StringArray::from_iter_values(rows().map(|_| "secret"))),
        ),
        (
            "nothing",
            Arc::new(Int32Array::from_iter(rows().map(|_| None))),
        ),
        (
            "tags",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(tags)),
        ),
        ("place", Arc::new(place)),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

pub fn write(path: &Path, batch: &RecordBatch) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(1_000))
        .set_column_compression("comment".into(), Compression::SNAPPY)
        .set_column_dictionary_enabled("seen".into(), false)
        .set_column_bloom_filter_enabled("serial".into(), true)
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

pub fn learn(place: &Place, location: &str, more: &[&str]) -> Value {
    let bench = place.bench();
    let bench = bench.args(["learn", location, "-o", "like.yaml", "--format", "json"]);
    bench.args(more).run().succeeds().json()
}

#[test]
fn what_is_learned_generates_files_of_the_same_types_and_layout() {
    let place = Place::new();
    write(&place.path("mine.parquet"), &batch());
    let learned = learn(&place, "mine.parquet", &[]);
    assert_eq!(at(&learned, "rows"), ROWS);
    assert_eq!(at(&learned, "columns").as_array().unwrap().len(), 12);
    place
        .bench()
        .args(["generate", "like.yaml"])
        .run()
        .succeeds();

    let (original, alike) = (footer(&place.path("mine.parquet")), {
        let files = files::footers(&place.path("data/like_mine"));
        assert_eq!(files.len(), 1);
        files[0].1.clone()
    });
    assert_eq!(
        alike.file_metadata().num_rows(),
        original.file_metadata().num_rows()
    );
    assert_eq!(alike.num_row_groups(), original.num_row_groups());
    let pairs = original.row_group(0).columns().iter();
    for (original, alike) in pairs.zip(alike.row_group(0).columns()) {
        let name = original.column_path().string();
        assert_eq!(alike.column_type(), original.column_type(), "{name}");
        assert_eq!(
            alike.column_descr().logical_type_ref(),
            original.column_descr().logical_type_ref(),
            "{name}"
        );
        assert_eq!(alike.compression(), original.compression(), "{name}");
        assert_eq!(
            alike.dictionary_page_offset().is_some(),
            original.dictionary_page_offset().is_some(),
            "{name}"
        );
        assert_eq!(
            alike.bloom_filter_offset().is_some(),
            original.bloom_filter_offset().is_some(),
            "{name}"
        );
        assert_eq!(
            alike.offset_index_offset().is_some(),
            original.offset_index_offset().is_some(),
            "{name}"
        );
    }
}

/// Returns the mean over codecs of the columns' errors, as a share of the bytes of a row.
fn weighted_error(learned: &Value) -> f64 {
    let columns = at(learned, "columns").as_array().unwrap();
    let of_codec = |codec: usize| {
        let (mut apart, mut all) = (0.0, 0.0);
        for column in columns {
            let of_row = |key: &str| {
                let bytes = at(column, &format!("sizes.{codec}.{key}"))
                    .as_f64()
                    .unwrap();
                bytes / column["values"].as_f64().unwrap()
            };
            let original = of_row("original_bytes");
            apart += (of_row("alike_bytes") - original).abs();
            all += original;
        }
        apart / all
    };
    (0..5).map(of_codec).sum::<f64>() / 5.0
}

#[test]
fn a_look_alike_takes_about_as_many_bytes_with_every_codec() {
    let place = Place::new();
    write(&place.path("mine.parquet"), &batch());
    let learned = learn(&place, "mine.parquet", &[]);
    let median = at(&learned, "median_error").as_f64().unwrap();
    assert!(median < 0.15, "{median}");
    let weighted = at(&learned, "weighted_error").as_f64().unwrap();
    let expected = weighted_error(&learned);
    assert!((weighted - expected).abs() < 1e-9, "{weighted} {expected}");
    for column in at(&learned, "columns").as_array().unwrap() {
        let sizes = column["sizes"].as_array().unwrap();
        assert_eq!(sizes.len(), 5);
        for sizes in sizes {
            let (original, alike) = (
                sizes["original_bytes"].as_f64().unwrap(),
                sizes["alike_bytes"].as_f64().unwrap(),
            );
            assert!(
                alike / original < 2.0 && original / alike < 2.0,
                "{column:#}"
            );
        }
    }
    // The shown figures are counted: the sizes of a column that is written alike.
    let shown = place
        .bench()
        .args(["learn", "mine.parquet", "-o", "again.yaml"])
        .run()
        .succeeds();
    for words in [
        "4,000 rows, 4,000 of them looked at",
        "temperature",
        "error by bytes",
        "median error",
    ] {
        assert!(shown.stdout.contains(words), "{words}\n{}", shown.stdout);
    }
    assert!(
        shown.stderr.contains("next: bench run again.yaml"),
        "{}",
        shown.stderr
    );
    let text = |name: &str| fs::read_to_string(place.path(name)).unwrap();
    assert_eq!(
        text("like.yaml"),
        text("again.yaml"),
        "learning is repeatable"
    );
}

#[test]
fn no_value_leaves_unless_it_may() {
    let place = Place::new();
    write(&place.path("mine.parquet"), &batch());
    learn(&place, "mine.parquet", &[]);
    let learned = fs::read_to_string(place.path("like.yaml")).unwrap();
    for word in CITIES.iter().chain(&["secret", "XK", "70123", "17000"]) {
        assert!(!learned.contains(word), "{word}\n{learned}");
    }
    fs::remove_file(place.path("like.yaml")).unwrap();
    learn(&place, "mine.parquet", &["--keep-values"]);
    let learned = fs::read_to_string(place.path("like.yaml")).unwrap();
    for word in CITIES.iter().chain(&["secret", "XK", "70123"]) {
        assert!(learned.contains(word), "{word}\n{learned}");
    }
}

#[test]
fn folders_of_partitions_are_learned_with_their_keys() {
    let place = Place::new();
    let batch = batch().project(&[0, 4]).unwrap();
    for (index, key) in ["red", "green", "blue"].into_iter().enumerate() {
        let part = batch.slice(index * 1_000, 1_000);
        write(&place.path(&format!("table/colour={key}/a.parquet")), &part);
    }
    let learned = learn(&place, "table", &[]);
    assert_eq!(at(&learned, "rows"), 3_000);
    let text = fs::read_to_string(place.path("like.yaml")).unwrap();
    assert!(text.contains("partition_by"), "{text}");
    assert!(!text.contains("green"), "{text}");
    place
        .bench()
        .args(["generate", "like.yaml"])
        .run()
        .succeeds();
    let files = place.parquet("data/like_table");
    assert_eq!(files.len(), 3, "{:?}", files.keys());
    assert!(files.keys().all(|name| name.contains("colour=")));
}

#[test]
fn a_type_that_is_not_generated_is_left_out_and_named() {
    let place = Place::new();
    let spans: ArrayRef = Arc::new(IntervalYearMonthArray::from_value(14, 50));
    let only = RecordBatch::try_from_iter([("span", Arc::clone(&spans))]).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50));
    let both = RecordBatch::try_from_iter([("span", spans), ("number", numbers)]).unwrap();
    let writes = |name: &str, batch: &RecordBatch| {
        let file = File::create(place.path(name)).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    };
    writes("both.parquet", &both);
    let learned = learn(&place, "both.parquet", &[]);
    let note = at(&learned, "notes.0").as_str().unwrap();
    assert!(note.starts_with("`span` is left out"), "{note}");
    writes("only.parquet", &only);
    place
        .bench()
        .args(["learn", "only.parquet", "-o", "only.yaml"])
        .run()
        .fails(2, &["only.parquet", "none of its columns can be generated"]);
    assert!(!place.path("only.yaml").exists());
}

/// Generates the look-alike, and returns its rows.
fn alike(place: &Place, folder: &str) -> RecordBatch {
    place
        .bench()
        .args(["generate", "like.yaml"])
        .run()
        .succeeds();
    let (path, _) = files::footers(&place.path(folder)).remove(0);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let reader = reader.with_batch_size(1 << 20).build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

#[test]
fn nulls_are_as_frequent_where_they_were() {
    let rows = 0..2_000;
    let nulls = || NullBuffer::from_iter(rows.clone().map(|row| hash(row) % 5 > 1));
    let child: ArrayRef =
        Arc::new(Int32Array::from_iter(rows.clone().map(|row| {
            (hash(row) % 5 > 1).then_some((hash(row + 9) % 50) as i32)
        })));
    let structs = StructArray::new(
        vec![Field::new("x", DataType::Int32, true)].into(),
        vec![child],
        Some(nulls()),
    );
    let numbers = Float32Array::from_iter_values((0..8_000).map(|row| (hash(row) % 997) as f32));
    let element = Arc::new(Field::new("element", DataType::Float32, false));
    let vectors = FixedSizeListArray::new(element, 4, Arc::new(numbers), Some(nulls()));
    let columns: [(&str, ArrayRef); 2] = [("s", Arc::new(structs)), ("v", Arc::new(vectors))];
    let place = Place::new();
    write(
        &place.path("mine.parquet"),
        &RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true)))
            .unwrap(),
    );
    learn(&place, "mine.parquet", &[]);
    let made = alike(&place, "data/like_mine");
    let share = |array: &dyn Array| array.null_count() as f64 / array.len() as f64;
    let structs = made.column_by_name("s").unwrap();
    assert!((share(structs) - 0.4).abs() < 0.05, "{}", share(structs));
    // The struct's field was null only together with the struct.
    let DataType::Struct(fields) = structs.data_type() else {
        panic!("{}", structs.data_type());
    };
    assert!(!fields[0].is_nullable());
    let vectors = made.column_by_name("v").unwrap();
    assert!((share(vectors) - 0.4).abs() < 0.05, "{}", share(vectors));
}

/// Learns from 4 000 numbers, a quarter of them null, in row groups of 1 000, whose footers claim
/// other counts. Returns the learned share of nulls, and the notes.
fn nulls_learned(told: impl Fn(i64) -> u64) -> (Option<f64>, String) {
    let place = Place::new();
    let path = place.path("mine.parquet");
    let numbers = Int64Array::from_iter(rows().map(|row| (row % 4 > 0).then_some(row as i64)));
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1_000))
        .build();
    write_plain(&path, Arc::new(numbers), properties);
    files::change_statistics(&path, |chunk| {
        let nulls = told(chunk.num_values());
        let statistics = chunk.statistics();
        statistics.map(|it| files::with_nulls(it, Some(nulls)))
    });
    let learned = learn(&place, "mine.parquet", &[]);
    let config = fs::read_to_string(place.path("like.yaml")).unwrap();
    let share = config.lines().find_map(|line| {
        let (_, share) = line.split_once("null_fraction: ")?;
        let end = share.find(|character: char| !character.is_ascii_digit() && character != '.');
        share[..end.unwrap_or(share.len())].parse().ok()
    });
    (share, at(&learned, "notes").to_string())
}

#[test]
fn counts_of_nulls_that_the_values_contradict_are_not_believed() {
    let (share, notes) = nulls_learned(|_| 250);
    assert_eq!(share, Some(0.25));
    assert!(!notes.contains("not believed"), "{notes}");
    let all_null: fn(i64) -> u64 = |values| values as u64;
    let none: fn(i64) -> u64 = |_| 0;
    let other: fn(i64) -> u64 = |_| 260;
    for told in [all_null, none, other] {
        let (share, notes) = nulls_learned(told);
        assert_eq!(share, Some(0.25), "{notes}");
        assert!(notes.contains("250 of 1,000 rows are null"), "{notes}");
        assert!(notes.contains("not believed"), "{notes}");
    }
    let more: fn(i64) -> u64 = |values| values as u64 + 1;
    let most: fn(i64) -> u64 = |_| i64::MAX as u64;
    for told in [more, most] {
        let (share, notes) = nulls_learned(told);
        assert_eq!(share, Some(0.25), "{notes}");
        let words = "`column`: more nulls are counted than there are values";
        assert!(notes.contains(words), "{notes}");
    }
}

/// Writes a single column in a file that does not store Arrow's types.
pub fn write_plain(path: &Path, array: ArrayRef, properties: WriterProperties) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let batch = RecordBatch::try_from_iter([("column", array)]).unwrap();
    let options = ArrowWriterOptions::new()
        .with_skip_arrow_metadata(true)
        .with_properties(properties);
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Learns from a folder, and returns the columns, which do not depend on its name.
fn columns_learned(place: &Place, folder: &str) -> Value {
    let output = format!("{folder}.yaml");
    let bench = place.bench();
    let bench = bench.args(["learn", folder, "-o", &output, "--format", "json"]);
    at(&bench.run().succeeds().json(), "columns").clone()
}

#[test]
fn files_whose_columns_are_in_another_order_are_learned_by_name() {
    let place = Place::new();
    let (one, other) = (batch().slice(0, 2_000), batch().slice(2_000, 2_000));
    let backwards: Vec<usize> = (0..other.num_columns()).rev().collect();
    for folder in ["same", "other"] {
        write(&place.path(&format!("{folder}/a.parquet")), &one);
    }
    write(&place.path("same/b.parquet"), &other);
    let other = other.project(&backwards).unwrap();
    write(&place.path("other/b.parquet"), &other);
    let learned = columns_learned(&place, "other");
    // The order of the first file counts.
    assert_eq!(at(&learned, "0.column"), "id");
    assert_eq!(learned, columns_learned(&place, "same"));
}

#[test]
fn files_that_store_one_column_in_several_types_of_text_are_learned_together() {
    let place = Place::new();
    let names = || (0..500).map(|row| format!("name {}", hash(row) % 90));
    let columns: [(&str, ArrayRef); 3] = [
        ("a", Arc::new(NullArray::new(500))),
        ("b", Arc::new(StringArray::from_iter_values(names()))),
        ("c", Arc::new(LargeStringArray::from_iter_values(names()))),
    ];
    for (file, array) in columns {
        let batch = RecordBatch::try_from_iter_with_nullable([("name", array, true)]).unwrap();
        write(&place.path(&format!("names/{file}.parquet")), &batch);
    }
    let learned = columns_learned(&place, "names");
    assert_eq!(at(&learned, "0.dtype"), "string");
    assert_eq!(at(&learned, "0.values"), 1_500);
}

#[rstest]
#[case::nothing_there("missing.parquet", "no such file")]
#[case::no_files("empty", "holds no Parquet files")]
#[case::no_rows("rowless.parquet", "holds no rows")]
#[case::no_parquet("text.parquet", "does not end in PAR1")]
#[case::encrypted("encrypted.parquet", "encrypted")]
#[case::cut("cut.parquet", "does not end in PAR1")]
#[case::bad_footer(
    "footer.parquet",
    "parquet-rs, which this program reads with, cannot read it"
)]
#[case::bad_pages("pages.parquet", "pages.parquet")]
#[case::other_schemas("mixed", "files of one schema")]
#[case::other_types("types", "its column `id` is Utf8")]
#[case::not_there("s3://bucket/x.parquet", "no connection to http://127.0.0.1:1")]
#[case::no_store("sftp://host/x.parquet", "`sftp` is the scheme of no known store")]
fn bad_files_are_named_and_nothing_is_written(#[case] location: &str, #[case] words: &str) {
    let place = Place::new();
    let good = place.path("good.parquet");
    files::write_small(&good);
    let bytes = fs::read(&good).unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    place.write("text.parquet", "a text that is longer than a footer");
    let none = Int64Array::from_iter_values(0..0);
    files::write(&place.path("rowless.parquet"), &[("id", Arc::new(none))]);
    let end = bytes.len();
    let changed = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        place.write(name, bytes);
    };
    changed("encrypted.parquet", &|bytes| {
        bytes[end - 4..].copy_from_slice(b"PARE")
    });
    changed("cut.parquet", &|bytes| bytes.truncate(end / 2));
    changed("footer.parquet", &|bytes| {
        bytes[end - 200..end - 8].fill(0xff)
    });
    changed("pages.parquet", &|bytes| bytes[4..end / 3].fill(0xff));
    files::write_small(&place.path("mixed/a.parquet"));
    let ids = || Arc::new(Int64Array::from_iter_values(0..100));
    files::write(&place.path("mixed/b.parquet"), &[("id", ids())]);
    let names = StringArray::from_iter_values((0..100).map(|id| id.to_string()));
    files::write(&place.path("types/a.parquet"), &[("id", ids())]);
    files::write(&place.path("types/b.parquet"), &[("id", Arc::new(names))]);
    place
        .bench()
        .args(["learn", location, "-o", "like.yaml"])
        .run()
        .fails(2, &[words]);
    assert!(!place.path("like.yaml").exists());
}

#[rstest]
#[case::there_already("there.yaml", "it is not overwritten")]
#[case::no_folder("nowhere/like.yaml", "its folder does not exist")]
#[case::a_folder("folder", "it is a folder")]
fn a_config_goes_where_nothing_is(#[case] output: &str, #[case] words: &str) {
    let place = Place::new();
    files::write_small(&place.path("small.parquet"));
    place.write("there.yaml", "mine: true\n");
    fs::create_dir(place.path("folder")).unwrap();
    let before = place.files();
    place
        .bench()
        .args(["learn", "small.parquet", "-o", output])
        .run()
        .fails(2, &["--output", output, words]);
    assert_eq!(place.files(), before);
}
