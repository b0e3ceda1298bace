//! Existing rows, written in other layouts.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date64Array, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray,
    RecordBatch, StringArray, TimestampMicrosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{Int32Type, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::data_type::{Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rstest::rstest;

use crate::files::footers;
use crate::harness::{Place, at, cell};

const ROWS: i64 = 1000;

fn batch(first: i64) -> RecordBatch {
    let numbers = || first..first + ROWS;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(numbers()))),
        (
            "group",
            Arc::new(Int32Array::from_iter(
                numbers().map(|row| (row % 7 != 0).then_some((row % 3) as i32)),
            )),
        ),
        (
            "text",
            Arc::new(StringArray::from_iter(numbers().map(|row| {
                (row % 5 != 0).then(|| format!("text {}", row * 7919 % 1000))
            }))),
        ),
        (
            "kind",
            Arc::new(
                numbers()
                    .map(|row| ["a", "b"][(row % 2) as usize])
                    .collect::<DictionaryArray<Int32Type>>(),
            ),
        ),
        (
            "real",
            Arc::new(Float64Array::from_iter_values(
                numbers().map(|row| if row == 3 { f64::NAN } else { row as f64 / 3.0 }),
            )),
        ),
        (
            "time",
            Arc::new(TimestampMicrosecondArray::from_iter_values(numbers()).with_timezone("UTC")),
        ),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
                numbers().map(|row| (row % 4 != 0).then(|| vec![Some(row as i32), None])),
            )),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

fn write(path: &Path, batches: &[RecordBatch]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(300))
        .build();
    let mut writer = ArrowWriter::try_new(
        File::create(path).unwrap(),
        batches[0].schema(),
        Some(properties),
    )
    .unwrap();
    batches
        .iter()
        .for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
}

fn place() -> Place {
    let place = Place::new();
    write(&place.path("mine/a.parquet"), &[batch(0)]);
    write(&place.path("mine/b.parquet"), &[batch(ROWS)]);
    place
}

fn schema_of(path: &Path) -> Schema {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    Schema::new(builder.schema().fields().clone())
}

#[test]
fn one_command_compares_codecs_on_ones_own_file() {
    let place = place();
    let output = place
        .bench()
        .args([
            "run",
            "--source",
            "mine/a.parquet",
            "--sweep",
            "dataset.compression=none,zstd(9)",
        ])
        .args(["--rounds", "1", "--format", "json"])
        .run()
        .succeeds();
    let record = output.json();
    let datasets = at(&record, "datasets").as_array().unwrap();
    assert_eq!(datasets.len(), 2);
    for dataset in datasets {
        assert_eq!(at(dataset, "source"), "mine/a.parquet");
        assert_eq!(at(dataset, "rows"), ROWS);
        assert!(at(dataset, "write.elapsed_ns").as_u64().unwrap() > 0);
    }
    assert!(datasets[0]["file_bytes"].as_u64() > datasets[1]["file_bytes"].as_u64());
    let found = footers(&place.path("data/mine_a"));
    assert_eq!(found.len(), 2);
    let wanted = schema_of(&place.path("mine/a.parquet"));
    for (path, _) in found {
        assert_eq!(schema_of(&path), wanted);
    }
}

#[rstest]
#[case(&["dataset.num_files_train=3", "dataset.parquet.row_group_size=100"], 3)]
#[case(&["dataset.parquet.row_group_bytes=20kB", "dataset.compression=snappy"], 1)]
#[case(&["dataset.parquet.partition_by=group"], 4)]
#[case(&["dataset.parquet.sort_by=[text desc, id]"], 1)]
#[case(&["dataset.parquet.sort_by=text", "dataset.parquet.sort_scope=row_group", "dataset.parquet.row_group_size=150"], 1)]
#[case(&["dataset.parquet.columns=[{name: text, parquet: {encoding: delta_byte_array, compression: gzip}}]"], 1)]
fn rows_stay_the_same_in_every_layout(#[case] set: &[&str], #[case] files: usize) {
    let place = place();
    let mut arguments = vec![
        "generate",
        "--source",
        "mine",
        "--set",
        "dataset.data_folder=out",
    ];
    for key in set {
        arguments.extend(["--set", key]);
    }
    // The program itself compares rows and checksum with the source.
    place.bench().args(&arguments).run().succeeds();
    let found = footers(&place.path("out"));
    assert_eq!(found.len(), files);
    let rows: i64 = found
        .iter()
        .map(|(_, footer)| footer.file_metadata().num_rows())
        .sum();
    assert_eq!(rows, 2 * ROWS);
    place.bench().args(&arguments).run().succeeds();
}

#[test]
fn a_partition_by_a_column_that_the_source_has_not_is_refused() {
    let place = place();
    let bench = place.bench().args(["generate", "--source", "mine"]);
    let set = [
        "dataset.data_folder=out",
        "dataset.parquet.partition_by=[kind_text, group]",
    ];
    let bench = bench.args(set.iter().flat_map(|key| ["--set", *key]));
    let words = "source mine: has no column `kind_text`; it has id, group, text";
    bench.run().fails(2, &[words]);
}

#[rstest]
#[case("x.csv", "a,b\n1,x\n2,\n3,\"y,z\"\n")]
#[case("x.tsv", "a\tb\n1\tx\n2\t\n3\ty\n")]
#[case(
    "x.jsonl",
    "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2}\n{\"a\": 3, \"b\": \"y\"}\n"
)]
fn other_formats_are_read(#[case] name: &str, #[case] text: &str) {
    let place = Place::new();
    place.write(name, text);
    let output = place
        .bench()
        .args([
            "run",
            "--source",
            name,
            "--sql",
            "SELECT sum(a) FROM train",
            "--rounds",
            "1",
            "--format",
            "json",
        ])
        .run()
        .succeeds();
    assert_eq!(at(&output.json(), "datasets.0.rows"), 3);
}

#[test]
fn a_changed_source_is_written_anew_elsewhere_only() {
    let place = place();
    let generate = || {
        place
            .bench()
            .args(["generate", "--source", "mine/a.parquet"])
            .run()
    };
    generate().succeeds();
    assert!(generate().succeeds().stderr.contains("reusing 1 files"));
    write(&place.path("mine/a.parquet"), &[batch(5)]);
    generate().fails(2, &["holds another dataset"]);
}

#[rstest]
#[case("mine", "mine")]
#[case("mine", "mine/out")]
#[case("mine/a.parquet", "mine")]
fn a_source_is_never_the_target(#[case] source: &str, #[case] folder: &str) {
    let place = place();
    let before = place.files();
    let folder = format!("dataset.data_folder={folder}");
    place
        .bench()
        .args(["generate", "--source", source, "--set", &folder])
        .run()
        .fails(
            2,
            &[
                "would be written to",
                "set dataset.data_folder to another folder",
            ],
        );
    assert_eq!(place.files(), before);
}

#[test]
fn bad_sources_are_named() {
    let place = place();
    place.write("empty.csv", "a,b\n");
    place.write("bad.parquet", "not parquet");
    let other =
        RecordBatch::try_from_iter([("id", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)])
            .unwrap();
    write(&place.path("mixed/a.parquet"), &[batch(0)]);
    write(&place.path("mixed/b.parquet"), &[other]);
    for (source, words) in [
        ("no.parquet", ["no.parquet", "no such file or folder"]),
        ("no.csv", ["no.csv", "no such file or folder"]),
        ("empty.csv", ["empty.csv", "holds no rows"]),
        (
            "bad.parquet",
            ["bad.parquet", "not a readable Parquet file"],
        ),
        ("mixed", ["column `id` is Utf8", "wanted is Int64"]),
    ] {
        place
            .bench()
            .args(["generate", "--source", source])
            .run()
            .fails(2, &words);
    }
    let bad = |set: &str, words: &[&str]| {
        let output = place
            .bench()
            .args(["generate", "--source", "mine", "--set", set])
            .run();
        output.fails(2, words);
    };
    bad(
        "dataset.parquet.partition_by=real",
        &["cannot be partitioned by `real`, which is Float64"],
    );
    bad(
        "dataset.parquet.sort_by=list",
        &["cannot be sorted by `list`"],
    );
    bad(
        "dataset.parquet.columns=[{name: x, parquet: {encoding: plain}}]",
        &["has no column `x`"],
    );
    bad(
        "dataset.parquet.columns=[{name: text, parquet: {encoding: byte_stream_split}}]",
        &["the column `text`, which the encoding `byte_stream_split` does not fit: it is Utf8"],
    );
    bad(
        "dataset.parquet.encoding=rle",
        &["has no column that the encoding `rle` fits"],
    );
    assert!(!place.path("data").exists());
}

#[test]
fn what_columns_lose_is_said() {
    let place = Place::new();
    let days = Date64Array::from_iter_values((0..10).map(|day| day * 86_400_000));
    let seconds = TimestampSecondArray::from_iter_values(0..10);
    let columns: [(&str, ArrayRef); 2] = [("day", Arc::new(days)), ("second", Arc::new(seconds))];
    write(
        &place.path("dates.parquet"),
        &[RecordBatch::try_from_iter(columns).unwrap()],
    );
    let schema = parse_message_type("message old { required int96 moment; }").unwrap();
    let file = File::create(place.path("old.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let moments: Vec<Int96> = (0..10)
        .map(|nanosecond| {
            let mut moment = Int96::new();
            moment.set_data(nanosecond, 0, 2_440_589);
            moment
        })
        .collect();
    column
        .typed::<Int96Type>()
        .write_batch(&moments, None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    for (source, notes) in [
        (
            "dates.parquet",
            ["`day` counts milliseconds", "`second` counts seconds"],
        ),
        (
            "old.parquet",
            ["`moment` is INT96", "written as microseconds"],
        ),
    ] {
        let output = place
            .bench()
            .args(["generate", "--source", source])
            .run()
            .succeeds();
        for note in notes {
            assert!(output.stderr.contains(note), "{note}\n{}", output.stderr);
        }
    }
}

/// Datasets contain everything that is measured of a source, even if a separate process measures
/// memory.
#[test]
fn a_source_that_is_gone_once_its_datasets_are_written_is_not_missed() {
    let place = Place::new();
    let rows = (0..100).map(|row| format!("{row},{},{}\n", row % 3, ["a", "b"][row % 2]));
    let source = place.write("mine.csv", format!("id,g,h\n{}", rows.collect::<String>()));
    let bench = place.bench().args(["run", "--source", "mine.csv"]);
    let bench = bench.args(["--set", "dataset.data_folder=out"]);
    let bench = bench.args(["--set", "dataset.parquet.partition_by=[g, h]"]);
    let bench = bench.args(["--sweep", "dataset.compression=none,zstd"]);
    let mut running = bench.args(["--rounds", "10", "--format", "json"]).start();
    running.wait_for(&place, "iteration", 1);
    std::fs::remove_file(source).unwrap();
    let output = running.end().succeeds();
    assert!(!output.stderr.contains("not known"), "{}", output.stderr);
    let record = output.json();
    for variant in ["none", "zstd"] {
        let cell = cell(&record, &format!("scan/{variant}"));
        assert!(
            cell["peak_memory_bytes"].as_u64() > Some(1 << 20),
            "{cell:#}"
        );
    }
}

/// A place with a generated file as `my.parquet`.
fn with_own_file() -> Place {
    let place = Place::tiny();
    place.generate();
    let written = place.parquet_paths("data").remove(0);
    place.write("my.parquet", std::fs::read(&written).unwrap());
    place
}

#[test]
fn a_source_may_have_a_name_in_sql() {
    let place = with_own_file();
    let sweep = ["--sweep", "dataset.compression=none,zstd", "--rounds", "1"];
    let run = |source: &str, sql: &str| {
        let bench = place
            .bench()
            .args(["run", "--source", source, "--sql", sql]);
        bench.args(sweep).args(["--format", "json"]).run()
    };
    let record = run("t=my.parquet", "SELECT id FROM t WHERE region = 'north'")
        .succeeds()
        .json();
    assert_eq!(record["datasets"][0]["tables"][0], "t");
    assert!(
        record["datasets"][0]["source"]
            .as_str()
            .unwrap()
            .ends_with("my.parquet")
    );
    // Other names of the same files are no other dataset.
    let other = run("u=my.parquet", "SELECT id FROM u").succeeds();
    assert!(other.stderr.contains("reusing 1 files"), "{}", other.stderr);
    let wrong = run("t=my.parquet", "SELECT id FROM train");
    wrong.fails(2, &["train' not found; tables: t"]);
    let default = [
        "run",
        "--source",
        "t=my.parquet",
        "--rounds",
        "1",
        "--format",
        "json",
    ];
    let record = place.bench().args(default).run().succeeds().json();
    assert_eq!(record["cells"][0]["sql"], "SELECT * FROM t");
    // A path as a whole is no name.
    let own = std::fs::read(place.path("my.parquet")).unwrap();
    place.write("a=b.parquet", own);
    run("a=b.parquet", "SELECT id FROM train").succeeds();
    let bad = ["--set", "dataset.table=valid"];
    let bench = place.bench().args(["check", "bench.yaml"]).args(bad);
    bench.run().fails(2, &["dataset.table", "num_files_eval"]);
}

#[test]
fn the_original_is_the_baseline_if_it_is_wanted() {
    let place = with_own_file();
    let before = std::fs::read(place.path("my.parquet")).unwrap();
    let run = |source: &str, more: &[&str]| {
        let bench = place.bench().args(["run", "--source", source]);
        let bench = bench.args(["--with-original", "--rounds", "2", "--format", "json"]);
        bench.args(more).run()
    };
    let sweep = ["--sweep", "dataset.compression=none,zstd"];
    let record = run("t=my.parquet", &sweep).succeeds().json();
    let cells = record["cells"].as_array().unwrap();
    let named: Vec<(&str, &str)> = cells
        .iter()
        .filter(|cell| cell["control"].is_null())
        .map(|cell| {
            (
                cell["variant_name"].as_str().unwrap(),
                cell["sql"].as_str().unwrap(),
            )
        })
        .collect();
    let sql = "SELECT * FROM t";
    assert_eq!(named, [("original", sql), ("none", sql), ("zstd", sql)]);
    assert_eq!(
        cells[0]["variant"],
        serde_json::json!({ "tables.t": "my.parquet" })
    );
    let checksum = |cell: &serde_json::Value| cell["iterations"][0]["checksum"].clone();
    assert!(checksum(&cells[0]).is_string() || checksum(&cells[0]).is_object());
    assert!(
        cells
            .iter()
            .all(|cell| checksum(cell) == checksum(&cells[0]))
    );
    for comparison in record["comparisons"].as_array().unwrap() {
        assert_eq!(comparison["baseline"], "scan/original");
    }
    let origins = record["datasets"].as_array().unwrap().iter();
    let origins: Vec<&str> = origins.map(|it| it["origin"].as_str().unwrap()).collect();
    assert_eq!(origins, ["external", "generated", "generated"]);
    assert_eq!(std::fs::read(place.path("my.parquet")).unwrap(), before);
    // One layout alone can be held against the original, and so can another order of columns.
    let partitioned = ["--set", "dataset.parquet.partition_by=[region]"];
    let record = run("t=my.parquet", &partitioned).succeeds().json();
    assert_eq!(record["cells"][0]["variant_name"], "original");
    assert_eq!(record["cells"].as_array().unwrap().len(), 3);
    // The memory of the original is measured by another process.
    assert!(record["cells"][0]["peak_memory_bytes"].is_u64());
    place.write("my.csv", "id\n1\n");
    let written = place.files();
    run("my.csv", &sweep).fails(
        2,
        &["original", "my.csv", "only Parquet", "--with-original"],
    );
    assert_eq!(place.files(), written);
    let none = ["run", "bench.yaml", "--with-original"];
    let none = place.bench().args(none).run();
    none.fails(2, &["dataset.source", "--with-original", "--source"]);
    place.write(
        "named.yaml",
        "dataset: { source: my.parquet, data_folder: out }\nvariants: { original: { dataset.compression: zstd } }\n",
    );
    let named = ["run", "named.yaml", "--with-original"];
    let named = place.bench().args(named).run();
    named.fails(2, &["variants", "`original`", "another name"]);
    assert!(!place.path("out").exists());
}
