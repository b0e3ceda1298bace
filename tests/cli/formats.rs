//! Sources that are not Parquet: every row is written with its values, or the file is refused
//! before anything is written.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date64Array, Decimal128Array, DictionaryArray,
    FixedSizeBinaryArray, Int64Array, RecordBatch, RunArray, StringArray, StringViewArray,
    TimestampSecondArray,
};
use arrow::datatypes::{
    DataType, Field, Float64Type, Int8Type, Int32Type, Int64Type, Schema, TimeUnit, UInt64Type,
};
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::ipc::{CompressionType, MetadataVersion};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use proptest::prelude::*;
use rstest::rstest;

use crate::files::{edit, rewrite, written};
use crate::harness::Place;

#[test]
fn types_come_from_all_rows() {
    let place = Place::new();
    let mut text = "a,b\n".to_owned();
    (0..1100).for_each(|row| text.push_str(&format!("{row},{row}\n")));
    text.push_str("1,3.5\n");
    place.write("mine.csv", &text);
    rewrite(&place, "mine.csv", &[]).succeeds();
    let column = written(&place, "b");
    assert_eq!(column.as_primitive::<Float64Type>().value(1100), 3.5);
}

#[test]
fn json_numbers_of_several_files_are_of_one_type() {
    let place = Place::new();
    place.write("mine/a.jsonl", "{\"a\":1}\n");
    place.write("mine/b.jsonl", "{\"a\":1.5}\n");
    rewrite(&place, "mine", &[]).succeeds();
    let column = written(&place, "a");
    assert_eq!(column.as_primitive::<Float64Type>().values(), &[1.0, 1.5]);
}

#[rstest]
#[case::array(" [{\"a\": 1},\n {\"a\": 2}]")]
#[case::pretty("[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n")]
#[case::arrays("[{\"a\":1}]\n[{\"a\":2}]")]
#[case::lines("{\"a\":1}\n\n{\"a\":2}")]
fn json_objects_are_rows_on_lines_and_in_arrays(#[case] text: &str) {
    let place = Place::new();
    place.write("mine.json", text);
    rewrite(&place, "mine.json", &[]).succeeds();
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 2]
    );
}

#[test]
fn a_folder_of_arrays_and_lines_is_read_whole() {
    let place = Place::new();
    place.write("mine/a.json", "[{\"a\":1}]");
    place.write("mine/b.json", "{\"a\":2}\n{\"a\":3}\n");
    rewrite(&place, "mine", &[]).succeeds();
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 2, 3]
    );
}

#[rstest]
#[case::cut("[{\"a\":1}", "EOF")]
#[case::rubbish_behind("[{\"a\":1}] x", "expected value")]
#[case::no_object("[{\"a\":1}, 2]", "an array of objects")]
#[case::a_key_twice("{\"a\":1,\"a\":2}", "`a` is there twice")]
#[case::lists_and_values("{\"a\":[1]}\n{\"a\":2}", "'a'")]
#[case::objects_and_values("{\"a\":{\"b\":1}}\n{\"a\":2}", "\"b\"")]
fn json_that_cannot_be_read_whole_is_refused_before_anything_is_written(
    #[case] text: &str,
    #[case] reason: &str,
) {
    let place = Place::new();
    place.write("mine.json", text);
    let said = rewrite(&place, "mine.json", &[]).fails(2, &["mine.json", reason]);
    assert!(!place.path("out").exists(), "{said:?}");
}

#[test]
fn numbers_that_floats_round_are_kept_or_said() {
    let place = Place::new();
    place.write(
        "mine.json",
        "{\"id\":18446744073709551615,\"x\":9007199254740993}\n{\"id\":1,\"x\":0.5}\n",
    );
    let said = rewrite(&place, "mine.json", &[]).succeeds().stderr;
    assert_eq!(
        written(&place, "id").as_primitive::<UInt64Type>().values(),
        &[u64::MAX, 1]
    );
    assert!(said.contains("`x` has numbers of more digits"), "{said}");
    assert!(!said.contains("`id`"), "{said}");
    let place = Place::new();
    place.write("mine.json", "{\"a\":{\"b\":[\"x\",1e2]},\"c\":1e300}\n");
    let said = rewrite(&place, "mine.json", &[]).succeeds().stderr;
    assert!(
        said.contains("`a.b` has numbers or booleans beside texts"),
        "{said}"
    );
    assert!(!said.contains("`c`"), "{said}");
}

#[test]
fn a_number_beyond_the_range_of_floats_stays_a_text() {
    let place = Place::new();
    place.write("mine.csv", "a\n0.5\n1e400\n");
    rewrite(&place, "mine.csv", &[]).succeeds();
    assert_eq!(written(&place, "a").as_string::<i32>().value(1), "1e400");
}

#[test]
fn folders_on_the_way_to_text_and_arrow_files_are_columns() {
    for extension in ["csv", "json", "arrow"] {
        let place = Place::new();
        for (folder, value) in [("k=01/n=1", 1), ("k=1/n=2", 2)] {
            let path = format!("mine/{folder}/a.{extension}");
            match extension {
                "csv" => _ = place.write(&path, format!("v\n{value}\n")),
                "json" => _ = place.write(&path, format!("{{\"v\":{value}}}")),
                _ => arrow_file(&place.path(&path), &[("v", ints(&[value]))]),
            }
        }
        rewrite(&place, "mine", &[]).succeeds();
        let texts = written(&place, "k");
        let texts: Vec<&str> = texts.as_string::<i32>().iter().flatten().collect();
        assert_eq!(texts, ["01", "1"], "{extension}");
        for name in ["n", "v"] {
            let numbers = written(&place, name);
            assert_eq!(numbers.as_primitive::<Int64Type>().values(), &[1, 2]);
        }
    }
}

#[test]
fn a_text_column_that_a_folder_names_too_is_refused() {
    let place = Place::new();
    place.write("mine/k=1/a.csv", "k\n2\n");
    rewrite(&place, "mine", &[]).fails(2, &["a.csv", "`k`", "`k=...`"]);
}

#[test]
fn empty_parts_beside_others_have_no_rows() {
    let place = Place::new();
    place.write("mine/a.csv", "");
    place.write("mine/b.csv", "a\n1\n");
    let said = rewrite(&place, "mine", &[]).succeeds().stderr;
    assert!(
        said.contains("files of 0 bytes, 1 of them") && said.contains("a.csv"),
        "{said}"
    );
    fs::remove_file(place.path("mine/b.csv")).unwrap();
    rewrite(&place, "mine", &["dataset.data_folder=no"]).fails(2, &["a.csv", "it is empty"]);
}

#[test]
fn rows_of_a_megabyte_are_read_a_few_at_a_time() {
    let place = Place::new();
    let long = "x".repeat(1 << 20);
    let mut text = "a,b\n".to_owned();
    (0..80).for_each(|row| text.push_str(&format!("{row},{long}\n")));
    place.write("mine.csv", text);
    rewrite(&place, "mine.csv", &["dataset.parquet.row_group_size=20"]).succeeds();
    assert_eq!(written(&place, "b").as_string::<i32>().value(79), long);
}

#[test]
fn objects_within_one_another_deeper_than_parquet_reads_are_refused() {
    let place = Place::new();
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    place.write("deep.json", deep(70));
    rewrite(&place, "deep.json", &[]).fails(2, &["deep.json", "`a`"]);
    assert!(!place.path("out").exists());
    place.write("good.json", deep(20));
    rewrite(&place, "good.json", &[]).succeeds();
}

#[test]
fn dates_that_are_none_stay_texts_and_times_have_a_type_that_all_readers_know() {
    let place = Place::new();
    place.write(
        "mine.csv",
        "no,time,zoned\n2020-02-30,2020-01-02 03:04:05,2020-01-01T02:00:00+02:00\n2020-02-29,,\n",
    );
    rewrite(&place, "mine.csv", &[]).succeeds();
    assert_eq!(
        written(&place, "no").as_string::<i32>().value(0),
        "2020-02-30"
    );
    let milliseconds = |zone: Option<&str>| {
        DataType::Timestamp(TimeUnit::Millisecond, zone.map(|zone| zone.into()))
    };
    assert_eq!(written(&place, "time").data_type(), &milliseconds(None));
    let zoned = written(&place, "zoned");
    assert_eq!(zoned.data_type(), &milliseconds(Some("UTC")));
    let midnight = zoned.as_primitive::<arrow::datatypes::TimestampMillisecondType>();
    assert_eq!(midnight.value(0), 1_577_836_800_000);
}

#[test]
fn line_ends_in_quotes_are_part_of_a_value_however_long_it_is() {
    let place = Place::new();
    let long = "line\n".repeat(20_000);
    place.write("mine.csv", format!("a,b\n1,\"{long}\"\n2,x\n"));
    rewrite(&place, "mine.csv", &[]).succeeds();
    assert_eq!(written(&place, "b").as_string::<i32>().value(0), long);
}

#[test]
fn what_a_csv_parser_passes_over_is_said() {
    let place = Place::new();
    place.write("blank.csv", "a\n1\n\n2\n");
    let said = rewrite(&place, "blank.csv", &[]).succeeds().stderr;
    assert!(said.contains("blank.csv: blank lines"), "{said}");
    for (text, words) in [
        ("a,b\n1,\"x\n2,y\n", "a quote is not closed"),
        (
            "a,b\n1,\"say \\\"hi\\\"\"\n",
            "go on behind a closing quote",
        ),
    ] {
        let place = Place::new();
        place.write("mine.csv", text);
        let said = rewrite(&place, "mine.csv", &[]).succeeds().stderr;
        assert!(said.contains(words), "{said}");
    }
    let place = Place::new();
    place.write("inch.csv", "a,b\n5\",x\n");
    let said = rewrite(&place, "inch.csv", &[]).succeeds().stderr;
    assert!(!said.contains("quote"), "{said}");
}

#[test]
fn separators_are_found_and_said() {
    let place = Place::new();
    place.write("mine.csv", "a;b\n1;2,5\n3;4\n");
    let said = rewrite(&place, "mine.csv", &[]).succeeds().stderr;
    assert!(said.contains("separated by ';'"), "{said}");
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 3]
    );
    assert_eq!(written(&place, "b").as_string::<i32>().value(0), "2,5");
    let place = Place::new();
    place.write("mine.tsv", "a,b\n1,2\n");
    let said = rewrite(&place, "mine.tsv", &[]).succeeds().stderr;
    assert!(said.contains("separated by ','"), "{said}");
    let place = Place::new();
    place.write("mine.csv", "a;b,c\n1;2,3\n");
    let said = rewrite(&place, "mine.csv", &[]).succeeds().stderr;
    assert!(said.contains("its header has ';' too"), "{said}");
}

#[test]
fn compressed_text_is_read() {
    let place = Place::new();
    let mut gz = Vec::new();
    // A stored block: a gzip file made without a library.
    let text = b"a,b\n1,x\n2,y\n";
    gz.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1]);
    gz.extend((text.len() as u16).to_le_bytes());
    gz.extend((!(text.len() as u16)).to_le_bytes());
    gz.extend(text);
    gz.extend(crc32(text).to_le_bytes());
    gz.extend((text.len() as u32).to_le_bytes());
    place.write("mine.csv.gz", gz);
    rewrite(&place, "mine.csv.gz", &[]).succeeds();
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 2]
    );
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_header_with_a_name_twice_is_refused_by_the_name() {
    let place = Place::new();
    place.write("mine.csv", "a,b,\"a\"\n1,2,3\n");
    rewrite(&place, "mine.csv", &[]).fails(2, &["mine.csv", "two of its columns are named", "a"]);
    place.write("mine.csv", "\u{feff}\"a\",b,a\n1,2,3\n");
    rewrite(&place, "mine.csv", &[]).fails(2, &["mine.csv", "two of its columns are named", "a"]);
}

#[rstest]
#[case::other_order("a,b\n1,2\n", "b,a\n1,2\n", "headers must be the same")]
#[case::other_names("a,b\n1,2\n", "a,c\n1,2\n", "headers must be the same")]
#[case::doubled_later("a,b\n1,2\n", "a,a\n1,2\n", "two of its columns are named `a`")]
fn csv_files_whose_fields_do_not_lie_alike_are_refused(
    #[case] one: &str,
    #[case] other: &str,
    #[case] words: &str,
) {
    for extension in ["csv", "tsv"] {
        let place = Place::new();
        let text = |text: &str| match extension {
            "tsv" => text.replace(',', "\t"),
            _ => text.to_owned(),
        };
        place.write(&format!("mine/1.{extension}"), text(one));
        place.write(&format!("mine/2.{extension}"), text(other));
        rewrite(&place, "mine", &[]).fails(2, &["mine/2.", words]);
    }
}

#[test]
fn a_folder_of_several_formats_is_refused_by_the_file_that_would_be_left_out() {
    for other in ["b.csv.gz", "b.jsonl", "b.tsv"] {
        let place = Place::new();
        place.write("mine/a.csv", "a,b\n1,2\n");
        place.write(&format!("mine/{other}"), "a,b\n3,4\n");
        rewrite(&place, "mine", &[]).fails(2, &[other, "of another format"]);
    }
}

type Column<'a> = (&'a str, ArrayRef);

/// Returns the bytes of an Arrow file, or of a stream, with batches of the same columns.
fn arrow_bytes(
    batches: &[&[Column<'_>]],
    is_stream: bool,
    compression: Option<CompressionType>,
) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    arrow_bytes_with(batches, is_stream, options)
}

fn arrow_bytes_with(
    batches: &[&[Column<'_>]],
    is_stream: bool,
    options: IpcWriteOptions,
) -> Vec<u8> {
    let batches: Vec<RecordBatch> = batches
        .iter()
        .map(|columns| {
            let fields = columns
                .iter()
                .map(|(name, column)| Field::new(*name, column.data_type().clone(), true));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            let arrays = columns.iter().map(|(_, column)| Arc::clone(column));
            RecordBatch::try_new(schema, arrays.collect()).unwrap()
        })
        .collect();
    let schema = batches[0].schema();
    let mut bytes = Vec::new();
    if is_stream {
        let mut writer = StreamWriter::try_new_with_options(&mut bytes, &schema, options).unwrap();
        batches
            .iter()
            .for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
    } else {
        let mut writer = FileWriter::try_new_with_options(&mut bytes, &schema, options).unwrap();
        batches
            .iter()
            .for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
    }
    bytes
}

fn arrow_file(path: &Path, columns: &[Column<'_>]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, arrow_bytes(&[columns], false, None)).unwrap();
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

#[test]
fn arrow_columns_are_read_by_their_names() {
    let place = Place::new();
    arrow_file(
        &place.path("mine/1.arrow"),
        &[("a", ints(&[1])), ("b", ints(&[2]))],
    );
    arrow_file(
        &place.path("mine/2.arrow"),
        &[("b", ints(&[3])), ("a", ints(&[4]))],
    );
    rewrite(&place, "mine", &[]).succeeds();
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 4]
    );
    assert_eq!(
        written(&place, "b").as_primitive::<Int64Type>().values(),
        &[2, 3]
    );
}

#[test]
fn arrow_files_of_other_types_are_refused_or_widened() {
    let place = Place::new();
    let narrow: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1]));
    arrow_file(&place.path("mine/1.arrow"), &[("a", narrow)]);
    arrow_file(&place.path("mine/2.arrow"), &[("a", ints(&[2]))]);
    rewrite(&place, "mine", &[]).fails(2, &["2.arrow", "`a`", "--unify-schemas"]);
    rewrite(&place, "mine", &["reader.unify_schemas=true"]).succeeds();
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 2]
    );
}

#[test]
fn an_arrow_column_named_twice_is_refused() {
    let place = Place::new();
    let columns = [("a", ints(&[1])), ("a", ints(&[2])), ("b", ints(&[3]))];
    arrow_file(&place.path("mine.arrow"), &columns);
    rewrite(&place, "mine.arrow", &[]).fails(2, &["mine.arrow", "are named `a`"]);
}

#[test]
fn arrow_categories_of_several_files_have_room() {
    let place = Place::new();
    for file in 0..3 {
        let names: Vec<String> = (0..100).map(|row| format!("{file} {row}")).collect();
        let kinds: DictionaryArray<Int8Type> = names.iter().map(String::as_str).collect();
        arrow_file(
            &place.path(&format!("mine/{file}.arrow")),
            &[("kind", Arc::new(kinds))],
        );
    }
    rewrite(&place, "mine", &[]).succeeds();
    let kinds = arrow::compute::cast(&written(&place, "kind"), &DataType::Utf8).unwrap();
    assert_eq!(kinds.as_string::<i32>().value(299), "2 99");
}

#[test]
fn arrow_types_that_parquet_lacks_are_written_as_ones_that_it_has_and_that_is_said() {
    let place = Place::new();
    let runs: RunArray<Int32Type> = ["x", "x", "y"].into_iter().collect();
    let columns: [Column<'_>; 3] = [
        (
            "second",
            Arc::new(TimestampSecondArray::from(vec![1, 2, -3])),
        ),
        (
            "date",
            Arc::new(Date64Array::from(vec![0, 86_400_000, -86_400_000])),
        ),
        ("runs", Arc::new(runs)),
    ];
    arrow_file(&place.path("mine.arrow"), &columns);
    let said = rewrite(&place, "mine.arrow", &[]).succeeds().stderr;
    for name in ["second", "date", "runs"] {
        assert!(said.contains(&format!("`{name}` is ")), "{said}");
    }
    let milliseconds = DataType::Timestamp(TimeUnit::Millisecond, None);
    assert_eq!(written(&place, "second").data_type(), &milliseconds);
    assert_eq!(written(&place, "date").data_type(), &milliseconds);
    let runs = written(&place, "runs");
    let texts: Vec<&str> = runs.as_string::<i32>().iter().flatten().collect();
    assert_eq!(texts, ["x", "x", "y"]);
    let far: ArrayRef = Arc::new(TimestampSecondArray::from(vec![i64::MAX]));
    arrow_file(&place.path("far.arrow"), &[("t", far)]);
    rewrite(&place, "far.arrow", &["dataset.data_folder=far"]).fails(2, &["far.arrow", "`t`"]);
}

#[test]
fn arrow_dictionaries_of_any_values_come_out_with_their_values() {
    let place = Place::new();
    let keys = arrow::array::Int8Array::from(vec![Some(1), None, Some(0)]);
    let of = |values: ArrayRef| -> ArrayRef {
        Arc::new(DictionaryArray::try_new(keys.clone(), values).unwrap())
    };
    let bytes = FixedSizeBinaryArray::try_from_iter([b"ab", b"cd"].into_iter()).unwrap();
    let decimals = Decimal128Array::from(vec![150, -25])
        .with_precision_and_scale(20, 2)
        .unwrap();
    let columns: [Column<'_>; 4] = [
        ("bytes", of(Arc::new(bytes))),
        ("bools", of(Arc::new(BooleanArray::from(vec![true, false])))),
        ("decimals", of(Arc::new(decimals))),
        ("views", of(Arc::new(StringViewArray::from(vec!["x", "y"])))),
    ];
    arrow_file(&place.path("mine.arrow"), &columns);
    rewrite(&place, "mine.arrow", &[]).succeeds();
    // Reads the file like a reader that does not know Arrow's types.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let file = File::open(&place.parquet_paths("out")[0]).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let shown = |name: &str| -> Vec<String> {
        let column = batch.column_by_name(name).unwrap();
        let options = arrow::util::display::FormatOptions::default();
        let shown = arrow::util::display::ArrayFormatter::try_new(column, &options).unwrap();
        (0..3).map(|row| shown.value(row).to_string()).collect()
    };
    assert_eq!(shown("bytes"), ["6364", "", "6162"]);
    assert_eq!(shown("bools"), ["false", "", "true"]);
    assert_eq!(shown("decimals"), ["-0.25", "", "1.50"]);
    assert_eq!(shown("views"), ["y", "", "x"]);
}

#[test]
fn a_column_that_an_arrow_file_lacks_is_null_there_which_is_said() {
    let place = Place::new();
    arrow_file(
        &place.path("mine/1.arrow"),
        &[("a", ints(&[1])), ("b", ints(&[2]))],
    );
    arrow_file(&place.path("mine/2.arrow"), &[("a", ints(&[3]))]);
    let said = rewrite(&place, "mine", &[]).succeeds().stderr;
    assert!(
        said.contains("column `b` is missing in 1 of 2 files"),
        "{said}"
    );
    assert!(written(&place, "b").is_null(1));
}

#[rstest]
#[case::file(false)]
#[case::stream(true)]
fn arrow_of_before_version_0_15_is_read(#[case] is_stream: bool) {
    let place = Place::new();
    let columns: [Column<'_>; 1] = [("a", ints(&[1, 2]))];
    let options = IpcWriteOptions::try_new(8, true, MetadataVersion::V4).unwrap();
    let bytes = arrow_bytes_with(&[&columns], is_stream, options);
    place.write("mine.arrow", bytes);
    rewrite(&place, "mine.arrow", &[]).succeeds();
    assert_eq!(
        written(&place, "a").as_primitive::<Int64Type>().values(),
        &[1, 2]
    );
}

#[test]
fn what_lies_behind_the_end_of_a_stream_is_not_left_out_in_silence() {
    let place = Place::new();
    let columns: [Column<'_>; 1] = [("a", ints(&[1, 2]))];
    let stream = arrow_bytes(&[&columns], true, None);
    place.write("mine.arrow", [stream.clone(), stream].concat());
    rewrite(&place, "mine.arrow", &[]).fails(2, &["mine.arrow", "follow the end of its stream"]);
}

#[rstest]
#[case::feather_1(b"FEA1....FEA1", "Feather file of version 1")]
#[case::text(b"a,b\n1,2\n", "neither an Arrow file nor an Arrow stream")]
#[case::only_a_start(b"ARROW1\0\0", "corrupt, or the file is cut")]
fn what_is_no_arrow_file_is_refused_in_a_line(#[case] bytes: &[u8], #[case] reason: &str) {
    let place = Place::new();
    place.write("mine.arrow", bytes);
    rewrite(&place, "mine.arrow", &[]).fails(2, &["mine.arrow", reason]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Arrow has no checksums, so a changed value is not a fault that it detects.
    #[test]
    fn a_damaged_arrow_file_is_read_or_refused_in_a_line(
        (is_stream, is_compressed) in any::<(bool, bool)>(),
        place_of_byte in any::<proptest::sample::Index>(),
        byte in prop_oneof![Just(0), Just(127), Just(255), any::<u8>()],
    ) {
        let place = Place::new();
        let text: ArrayRef = Arc::new(StringArray::from_iter_values((0..50).map(|row| format!("v{}", row % 7))));
        let kinds: DictionaryArray<Int32Type> = (0..50).map(|row| ["x", "y"][row % 2]).collect();
        let columns: [Column<'_>; 3] = [
            ("a", Arc::new(Int64Array::from_iter_values(0..50))),
            ("text", text),
            ("kind", Arc::new(kinds)),
        ];
        let compression = is_compressed.then_some(CompressionType::ZSTD);
        let bytes = arrow_bytes(&[&columns, &columns], is_stream, compression);
        let at = place_of_byte.index(bytes.len());
        place.write("mine.arrow", bytes);
        edit(&place.path("mine.arrow"), |bytes| bytes[at] = byte);
        let output = rewrite(&place, "mine.arrow", &[]);
        if output.code != Some(0) {
            output.fails(2, &["mine.arrow"]);
        }
    }
}
