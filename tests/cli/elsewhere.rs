//! Files of other programs: footers with false claims, values without bounds, keys that are too
//! narrow, texts in many shapes. Each is rewritten with equal values, or refused in one line.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type};
use rstest::rstest;

use crate::files::{edit, footer, footers, lists, rewrite, write, written};
use crate::harness::{Place, at, cell};

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

/// Fills the pages of a file's second column with bytes that no codec produces.
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
