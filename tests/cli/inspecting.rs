//! `bench inspect`: the layout of files.

use serde_json::Value;

use crate::harness::{Place, TINY, at};

fn generated(set: &[&str]) -> Place {
    let place = Place::with(TINY);
    let mut arguments = vec!["generate", "bench.yaml"];
    for key in set {
        arguments.extend(["--set", key]);
    }
    place.bench().args(arguments).run().succeeds();
    place
}

fn inspect(place: &Place, more: &[&str]) -> Value {
    let bench = place.bench().args(["inspect", "data", "--format", "json"]);
    bench.args(more).run().succeeds().json()
}

fn column<'a>(inspection: &'a Value, name: &str) -> &'a Value {
    let columns = at(inspection, "columns").as_array().unwrap();
    columns
        .iter()
        .find(|column| column["column"] == name)
        .unwrap()
}

#[test]
fn a_summary_tells_rows_sizes_codecs_and_footers() {
    let place = generated(&["dataset.compression=zstd"]);
    let output = place.bench().args(["inspect", "data"]).run().succeeds();
    for words in [
        "200 rows, 3 leaf columns, 2 files, 6 row groups",
        "codecs ZSTD",
        "offset index 18 of 18",
        "bloom filter 0 of 18",
        "sorted by nothing that the footers tell",
        "parsed in",
        "parquet-bench.file:",
    ] {
        assert!(output.stdout.contains(words), "{words}:\n{}", output.stdout);
    }
}

#[test]
fn json_tells_everything_of_every_column() {
    let place = generated(&[
        "dataset.compression=gzip",
        "dataset.parquet.sort_by=[region, id desc]",
        "dataset.parquet.columns.id.parquet.bloom_filter=true",
        "dataset.parquet.columns.region.parquet.encoding=dictionary",
    ]);
    let found = inspect(&place, &["--row-groups", "--pages"]);
    assert_eq!(
        (at(&found, "rows"), at(&found, "row_groups")),
        (&200.into(), &6.into())
    );
    let id = column(&found, "id");
    assert_eq!(id["codecs"], serde_json::json!(["GZIP"]));
    assert_eq!((&id["min"], &id["max"]), (&"0".into(), &"199".into()));
    assert_eq!(
        (&id["sort_position"], &id["sort_descending"]),
        (&2.into(), &true.into())
    );
    assert_eq!(
        (&id["chunks"], &id["bloom_filter_chunks"], &id["pages"]),
        (&6.into(), &6.into(), &6.into())
    );
    let region = column(&found, "region");
    assert_eq!(
        (&region["min"], &region["max"]),
        (&"north".into(), &"south".into())
    );
    assert_eq!(
        (&region["dictionary_chunks"], &region["fallback_chunks"]),
        (&6.into(), &0.into())
    );
    assert_eq!(
        (&region["values"], &region["nulls"]),
        (&200.into(), &0.into())
    );
    let group = at(&found, "files.0.row_groups.2");
    assert_eq!(
        (&group["rows"], &group["sorted_by"]),
        (&20.into(), &serde_json::json!(["region", "id desc"]))
    );
    let pages = at(&found, "files.1.pages").as_array().unwrap();
    let dictionary = pages
        .iter()
        .find(|page| page["column"] == "region")
        .unwrap();
    assert_eq!(
        (&dictionary["kind"], &dictionary["values"]),
        (&"dictionary".into(), &1.into())
    );
    assert!(at(&found, "files.0.footer_bytes").as_u64().unwrap() > 100);
    assert!(at(&found, "files.0.footer_parse_ns").as_u64().unwrap() > 0);
    // The sum of all chunks equals the footers' figures.
    let sizes = |name| -> u64 {
        let columns = at(&found, "columns").as_array().unwrap();
        columns
            .iter()
            .map(|column| column[name].as_u64().unwrap())
            .sum()
    };
    assert!(
        sizes("compressed_bytes") > 0
            && sizes("compressed_bytes") < at(&found, "file_bytes").as_u64().unwrap()
    );
}

#[test]
fn one_column_can_be_looked_at_alone() {
    let place = generated(&[]);
    let found = inspect(&place, &["--column", "vector", "--pages"]);
    let names: Vec<&Value> = at(&found, "columns")
        .as_array()
        .unwrap()
        .iter()
        .map(|column| &column["column"])
        .collect();
    assert_eq!(names, ["vector.list.element"]);
    let pages = at(&found, "files.0.pages").as_array().unwrap();
    assert!(
        pages
            .iter()
            .all(|page| page["column"] == "vector.list.element")
    );
    let output = place
        .bench()
        .args(["inspect", "data", "--column", "x"])
        .run();
    output.fails(
        2,
        &["--column x: there is no such column", "id, region, vector"],
    );
}

#[test]
fn no_damage_makes_the_program_panic() {
    let place = generated(&[]);
    let good = place.parquet("data").pop_first().unwrap().1;
    let footer =
        u32::from_le_bytes(good[good.len() - 8..good.len() - 4].try_into().unwrap()) as usize;
    let start = good.len() - 8 - footer;
    // Damages the Arrow schema in the footer, which is written as text, and the bytes around it.
    for step in 0..60 {
        let mut bad = good.clone();
        let at = start + step * footer / 60;
        bad[at] ^= 0x15;
        place.write("bad.parquet", bad);
        let output = place
            .bench()
            .args(["inspect", "bad.parquet", "--columns", "--pages"])
            .run();
        assert!(matches!(output.code, Some(0 | 2)), "{at}: {output:?}");
        assert!(
            !output.stderr.contains("defect of bench"),
            "{at}: {}",
            output.stderr
        );
    }
}

#[test]
fn what_is_no_parquet_is_refused() {
    let place = generated(&[]);
    let (name, good) = place.parquet("data").pop_first().unwrap();
    let _ = name;
    place.write("short.parquet", "PAR1");
    place.write(
        "text.parquet",
        "this is not a Parquet file, but long enough to be one",
    );
    let mut encrypted = good.clone();
    let end = encrypted.len();
    encrypted[end - 4..].copy_from_slice(b"PARE");
    place.write("encrypted.parquet", encrypted);
    let mut long = good.clone();
    long[end - 8..end - 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    place.write("long.parquet", long);
    let mut damaged = good;
    damaged[end - 200..end - 8].fill(0xff);
    place.write("damaged.parquet", damaged);
    for (file, words) in [
        ("none.parquet", "no such file or folder"),
        ("short.parquet", "which no Parquet file has"),
        ("text.parquet", "does not end in PAR1"),
        ("encrypted.parquet", "it is encrypted"),
        ("long.parquet", "its footer claims"),
        ("damaged.parquet", "damaged.parquet"),
    ] {
        place
            .bench()
            .args(["inspect", file])
            .run()
            .fails(2, &[file, words]);
    }
}

#[test]
fn an_order_that_readers_can_make_little_use_of_is_warned_of() {
    let sorted = "dataset.parquet.sort_by=[id]";
    let warning = |set: &[&str]| {
        let place = generated(set);
        let warnings = inspect(&place, &[])["warnings"].clone();
        let shown = place.bench().args(["inspect", "data"]).run().succeeds();
        let first = warnings[0].as_str().map(str::to_owned);
        let is_shown = |it: &String| shown.stdout.ends_with(&format!("\nwarning: {it}\n"));
        assert!(first.as_ref().is_none_or(is_shown), "{}", shown.stdout);
        first.unwrap_or_default()
    };
    assert_eq!(warning(&[]), "");
    assert_eq!(warning(&[sorted]), "");
    let without_index = "dataset.parquet.page_index=false";
    let told = warning(&[sorted, without_index]);
    assert!(
        told.starts_with(
            "rows are sorted by id, but there is no page index: a filter skips row groups"
        ),
        "{told}"
    );
    let one_group = "dataset.parquet.row_group_size=1000";
    let told = warning(&[sorted, without_index, one_group]);
    assert!(
        told.contains("a filter skips nothing within a file"),
        "{told}"
    );
    let told = warning(&[sorted, one_group]);
    assert!(
        told.contains("each file is a single row group: a reader"),
        "{told}"
    );
}
