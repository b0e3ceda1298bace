//! Statistics in footers that are absent, wrong or impossible, and columns for which no writer can
//! make statistics.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    StructArray,
};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use parquet::arrow::ArrowWriter;
use parquet::data_type::ByteArray;
use parquet::file::metadata::{FileMetaData, ParquetMetaDataBuilder};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet_bench::digest::ResultDigest;
use proptest::prelude::*;

use crate::files::{
    change_statistics, footers, lists, read, replace_footer, rewrite, with_nulls, write, written,
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
    // Some writers store bounds without a count of nulls, which readers take for 0.
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

/// Makes a footer claim `rows` rows, in its only row group and in total.
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

/// Returns columns for which a writer can make no bounds, by name.
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

/// Kind of a column of a generated file.
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

/// False claim of a footer's statistics.
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

/// Returns the rows below a folder, with the partition column `p` from the names of folders.
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
