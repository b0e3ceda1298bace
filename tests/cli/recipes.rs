//! `bench recipe`, and what the named tools write by it. The tests that run the tools need Python
//! with PyArrow, Polars, DuckDB and DataFusion: `BENCH_TEST_PYTHON`, or `python3`.

use std::process::Command;

use rstest::rstest;
use serde_json::Value;

use crate::harness::Place;

const CONFIG: &str = "\
dataset:
  data_folder: data
  num_files_train: 1
  num_samples_per_file: 20000
  seed: 10
  parquet:
    row_group_size: 4096
    columns:
      - { name: id, dtype: int64, distribution: { kind: sequence } }
      - { name: price, dtype: float64, distribution: { kind: uniform, min: 0, max: 100, null_fraction: 0.05 } }
      - { name: region, dtype: string, distribution: { kind: categorical, values: [north, south] } }
      - { name: name, dtype: string, size: 12 }
scenarios: [ { name: one, sql: SELECT sum(price) FROM train } ]
variants:
  input: { dataset.parquet.row_group_size: 20000 }
  plain: { dataset.compression: gzip(4), dataset.parquet.page_index: false }
  bare: { dataset.compression: lz4, dataset.parquet.statistics: none, dataset.parquet.encoding: plain }
  sorted: { dataset.compression: zstd(3), dataset.parquet.sort_by: [price desc], dataset.parquet.data_page_rows: 1000 }
  columns:
    dataset.compression: brotli(5)
    dataset.parquet.writer_version: 2
    dataset.parquet.columns.id.parquet: { encoding: delta_binary_packed }
    dataset.parquet.columns.name.parquet: { encoding: plain, compression: snappy, bloom_filter: true }
  parts: { dataset.compression: zstd(3), dataset.parquet.partition_by: [region], dataset.parquet.row_group_size: 2048 }
measure: { warmup: 0, rounds: 1, break_even: false, peak_memory: false }
";

/// A record of the config, and `input.parquet` with its rows.
fn measured() -> (Place, String) {
    let place = Place::with(CONFIG);
    place
        .bench()
        .args(["run", "bench.yaml", "--record", "r.json"])
        .run()
        .succeeds();
    let record: Value =
        serde_json::from_slice(&std::fs::read(place.path("r.json")).unwrap()).unwrap();
    let input = place
        .path(&location(&record, "input"))
        .join("train/img_0_of_1.parquet");
    std::fs::copy(input, place.path("input.parquet")).unwrap();
    let record = record.to_string();
    (place, record)
}

/// The folder of a variant's dataset.
fn location(record: &Value, variant: &str) -> String {
    let cells = record["cells"].as_array().unwrap();
    let cell = cells
        .iter()
        .find(|it| it["variant_name"] == variant)
        .unwrap();
    let datasets = record["datasets"].as_array().unwrap();
    let dataset = datasets
        .iter()
        .find(|it| it["id"] == cell["dataset"][0])
        .unwrap();
    dataset["location"].as_str().unwrap().to_owned()
}

#[test]
fn a_recipe_is_of_a_variant_of_the_record_and_of_no_other() {
    let (place, _) = measured();
    let recipe = |arguments: &[&str]| {
        place
            .bench()
            .args(["recipe", "r.json"])
            .args(arguments)
            .run()
    };
    let all = recipe(&["sorted"]);
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    assert!(
        all.stdout.starts_with(
            "sorted: zstd(3), row groups of 4,096 rows, sorted by price descending, statistics and page index\n\nPyArrow\n"
        ),
        "{}",
        all.stdout
    );
    for tool in [
        "pandas",
        "Polars",
        "DuckDB",
        "Spark",
        "DataFusion",
        "arrow-rs",
    ] {
        assert!(all.stdout.contains(&format!("\n\n{tool}\n    ")), "{tool}");
    }
    // Code alone goes to a pipe.
    let one = recipe(&["sorted", "--tool", "pyarrow"]);
    assert!(
        one.stdout.starts_with("import pyarrow.parquet as pq\n"),
        "{}",
        one.stdout
    );
    let unknown = recipe(&["sortde"]);
    assert_eq!(unknown.code, Some(2));
    assert_eq!(
        unknown.stderr,
        "error: there is no variant `sortde`; did you mean `sorted`? (variants: input, plain, bare, sorted, columns, parts)\n"
    );
}

#[test]
fn files_that_were_there_have_no_recipe() {
    let (place, _) = measured();
    place
        .bench()
        .args([
            "run",
            "--table",
            "t=input.parquet",
            "--sql",
            "SELECT count(*) FROM t",
            "--rounds",
            "1",
            "--record",
            "own.json",
        ])
        .run()
        .succeeds();
    let output = place.bench().args(["recipe", "own.json"]).run();
    assert_eq!(output.code, Some(2));
    assert!(
        output
            .stderr
            .contains("`bench inspect` shows how files are laid out"),
        "{}",
        output.stderr
    );
}

/// Parts of a layout that a tool cannot write, by the figures of `bench inspect`.
fn lacks(tool: &str) -> &'static [&'static str] {
    match tool {
        "pyarrow" => &[],
        "datafusion" => &["sort_position", "sort_descending", "offset_index_chunks"],
        "polars" => &[
            "sort_position",
            "sort_descending",
            "dictionary_chunks",
            "bloom_filter_chunks",
            "encoding",
        ],
        "duckdb" => &[
            "sort_position",
            "sort_descending",
            "dictionary_chunks",
            "bloom_filter_chunks",
            "encoding",
            "column_index_chunks",
            "offset_index_chunks",
            "statistics_chunks",
        ],
        _ => unreachable!("{tool}"),
    }
}

/// How a recipe of a tool is run in the folder.
const RUN: &str = "
import sys
tool, code = sys.argv[1], open(sys.argv[2]).read()
if tool == 'duckdb':
    import duckdb
    duckdb.sql(code)
elif tool == 'datafusion':
    import datafusion
    context = datafusion.SessionContext()
    for statement in code.split(';\\n'):
        if statement.strip():
            context.sql(statement).collect()
else:
    exec(compile(code, tool, 'exec'))
";

/// Rows of the output, in its order where it is sorted.
const CHECK: &str = "
import sys
import pyarrow.parquet as pq
place, descending = sys.argv[1], sys.argv[2] == 'sorted'
rows = pq.read_table(place, partitioning=None)
assert rows.num_rows == 20000, rows.num_rows
wanted = pq.read_table('input.parquet')
assert sorted(rows['id'].to_pylist()) == wanted['id'].to_pylist()
if descending:
    prices = rows['price'].to_pylist()
    nulls = [it for it in prices if it is None]
    values = [it for it in prices if it is not None]
    assert prices == nulls + values and values == sorted(values, reverse=True)
";

fn python(place: &Place, arguments: &[&str]) {
    let python = std::env::var("BENCH_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(python)
        .args(arguments)
        .current_dir(place.root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Figures of every column, and the rows of a row group.
fn inspected(place: &Place, location: &str) -> Value {
    let output = place
        .bench()
        .args(["inspect", location, "--columns", "--format", "json"])
        .run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

#[rstest]
#[ignore = "needs Python with PyArrow, Polars, DuckDB and DataFusion"]
fn tools_write_the_layout_that_was_measured_but_for_what_is_said(
    #[values("pyarrow", "polars", "duckdb", "datafusion")] tool: &str,
) {
    let (place, record) = measured();
    let record: Value = serde_json::from_str(&record).unwrap();
    place.write("run.py", RUN);
    place.write("check.py", CHECK);
    for variant in ["plain", "bare", "sorted", "columns", "parts"] {
        let recipe = place
            .bench()
            .args(["recipe", "r.json", variant, "--tool", tool])
            .run();
        assert_eq!(recipe.code, Some(0), "{}", recipe.stderr);
        place.write("recipe", &recipe.stdout);
        let output = match variant {
            "parts" => "output",
            _ => "output.parquet",
        };
        let _ = std::fs::remove_file(place.path(output));
        python(&place, &["run.py", tool, "recipe"]);
        python(&place, &["check.py", output, variant]);
        let (wanted, found) = (
            inspected(&place, &location(&record, variant)),
            inspected(&place, output),
        );
        assert_eq!(found["rows"], wanted["rows"]);
        compare(tool, variant, &wanted, &found);
    }
}

fn compare(tool: &str, variant: &str, wanted: &Value, found: &Value) {
    let lacks = lacks(tool);
    let of = |inspected: &Value, name: &str| {
        let columns = inspected["columns"].as_array().unwrap();
        columns
            .iter()
            .find(|it| it["column"] == name)
            .cloned()
            .unwrap()
    };
    // A tool with one codec for all columns has that of most.
    let one_codec = matches!(tool, "polars" | "duckdb");
    let columns = wanted["columns"].as_array().unwrap();
    for column in columns {
        let name = column["column"].as_str().unwrap();
        let other = of(found, name);
        let said = format!("{tool}, {variant}, {name}: {other} instead of {column}");
        if !(one_codec && variant == "columns" && name == "name") {
            assert_eq!(other["codecs"], column["codecs"], "{said}");
        }
        if variant != "parts" || tool == "pyarrow" {
            assert_eq!(other["chunks"], column["chunks"], "{said}");
        }
        for figure in [
            "statistics_chunks",
            "column_index_chunks",
            "offset_index_chunks",
            "bloom_filter_chunks",
            "dictionary_chunks",
        ] {
            // All of them, or none.
            let share = |of: &Value| of[figure].as_u64().unwrap() > 0;
            let adds_index = tool == "polars" && figure.ends_with("_index_chunks");
            if !lacks.contains(&figure) && !adds_index {
                assert_eq!(share(&other), share(column), "{figure}: {said}");
            }
        }
        for figure in ["sort_position", "sort_descending"] {
            if !lacks.contains(&figure) {
                assert_eq!(other[figure], column[figure], "{figure}: {said}");
            }
        }
        let delta = Value::from("DELTA_BINARY_PACKED");
        if !lacks.contains(&"encoding") && column["encodings"].as_array().unwrap().contains(&delta)
        {
            assert!(
                other["encodings"].as_array().unwrap().contains(&delta),
                "{said}"
            );
        }
    }
}
