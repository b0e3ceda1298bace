//! Layout of column chunks, per dataset and per column; columns of more types; sources.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;

const COLUMNS: &str = "[{name: id, dtype: int64}, {name: name, dtype: string, size: 8}, {name: flag, dtype: bool}, \
                       {name: half, dtype: float16}, {name: vector, dtype: float32, size: 4}]";

fn layout(keys: &str) -> Layout {
    dataset_of(&text(keys)).layout
}

fn text(keys: &str) -> String {
    format!("dataset:\n  num_samples_per_file: 100\n  parquet: {{columns: {COLUMNS}, {keys}}}\n")
}

fn columns(columns: &str) -> String {
    format!("dataset:\n  num_samples_per_file: 100\n  parquet: {{columns: [{columns}]}}\n")
}

#[test]
fn every_knob_of_the_dataset_takes_effect() {
    let found = layout(
        "encoding: plain, dictionary_page_bytes: 2KiB, data_page_bytes: 3KiB, data_page_rows: 50, writer_version: 2, \
         statistics: page, bloom_filter_fpp: 0.01, bloom_filter_ndv: 70, sort_by: [name desc, id], sort_scope: row_group",
    );
    let sort = |column: &str, descending| SortColumn {
        column: column.to_owned(),
        descending,
    };
    assert_eq!(
        found,
        Layout {
            row_group: RowGroupSize::Rows(1_000_000),
            vector_layout: VectorLayout::FixedSizeList,
            partition_by: Vec::new(),
            sort_by: vec![sort("name", true), sort("id", false)],
            sort_scope: SortScope::RowGroup,
            writer_version: 2,
            data_page_rows: 50,
            page_index: true,
            chunk: ChunkLayout {
                codec: Codec::None,
                encoding: Encoding::Plain,
                dictionary_page_bytes: 2048,
                data_page_bytes: 3072,
                statistics: Statistics::Page,
                bloom_filter: Some(BloomFilter {
                    fpp: 0.01,
                    ndv: Some(70)
                }),
            },
            columns: BTreeMap::new(),
        }
    );
    let without = layout("statistics: none, bloom_filter: false");
    assert!(!without.page_index);
    assert_eq!(without.chunk.bloom_filter, None);
}

#[test]
fn a_column_overrides_its_dataset() {
    let found = dataset_of(
        "dataset:\n  compression: zstd(5)\n  parquet:\n    bloom_filter: true\n    columns:\n      \
         - {name: a, dtype: int32, parquet: {compression: gzip, compression_level: 3, encoding: delta_binary_packed}}\n      \
         - {name: b, dtype: int32, parquet: {compression_level: 9, bloom_filter: false, statistics: none}}\n      \
         - {name: c, dtype: int32}\n",
    )
    .layout;
    assert_eq!(found.chunk_of("a").codec, Codec::Gzip(3));
    assert_eq!(found.chunk_of("a").encoding, Encoding::DeltaBinaryPacked);
    assert!(found.chunk_of("a").bloom_filter.is_some());
    assert_eq!(found.chunk_of("b").codec, Codec::Zstd(9));
    assert_eq!(found.chunk_of("b").bloom_filter, None);
    assert_eq!(found.chunk_of("b").statistics, Statistics::None);
    assert_eq!(found.chunk_of("c"), &found.chunk);
    assert_eq!(found.chunk.codec, Codec::Zstd(5));
}

#[test]
fn knobs_can_be_swept_for_the_dataset_and_for_a_column() {
    let config = good_with(
        &text("row_group_size: 10"),
        &[],
        &[
            "dataset.parquet.encoding=auto,plain",
            "dataset.parquet.columns.id.parquet.encoding=delta_binary_packed,byte_stream_split",
        ],
    );
    let found: Vec<_> = config
        .variants
        .iter()
        .map(|variant| {
            let layout = &variant.dataset.as_ref().unwrap().layout;
            (layout.chunk.encoding, layout.chunk_of("id").encoding)
        })
        .collect();
    let (delta, split) = (Encoding::DeltaBinaryPacked, Encoding::ByteStreamSplit);
    assert_eq!(
        found,
        [
            (Encoding::Auto, delta),
            (Encoding::Auto, split),
            (Encoding::Plain, delta),
            (Encoding::Plain, split)
        ]
    );
}

#[test]
fn an_encoding_of_the_dataset_leaves_the_columns_alone_that_it_does_not_fit() {
    let config = good(&text("encoding: byte_stream_split"));
    assert!(
        config.notes.iter().any(|note| note
            .contains("`byte_stream_split` does not fit the type of `name`, `flag`; these keep")),
        "{:?}",
        config.notes
    );
}

#[rstest]
#[case("encoding: byte_stream_spilt", "did you mean `byte_stream_split`?")]
#[case("writer_version: 3", "3 is not a writer version; known: 1, 2")]
#[case("statistics: none, page_index: true", "a page index needs statistics")]
#[case(
    "statistics: page, page_index: false",
    "only together with a page index"
)]
#[case("bloom_filter_fpp: 1.5", "1.5 does not lie between 1e-9 and 0.5")]
#[case("sort_by: [nmae]", "`nmae` is not a column (did you mean `name`?)")]
#[case("sort_by: [id, id desc]", "`id` is given twice")]
#[case("sort_by: vector", "`vector` has several values in a row")]
#[case(
    "sort_by: id, partition_by: id",
    "`id` is a partition column, which has one value in a file"
)]
#[case(
    "sort_scope: file",
    "stands without `sort_by`, so there is nothing to sort by"
)]
#[case("data_page_rows: 0", "is not a whole number of 1 or more")]
#[case("data_page_bytes: 0", "is not a number of bytes")]
fn knobs_that_make_no_sense_are_refused(#[case] keys: &str, #[case] expected: &str) {
    let message = bad(&text(keys));
    assert!(message.contains(expected), "{message}");
}

#[rstest]
#[case(
    "string",
    "",
    "byte_stream_split",
    "string",
    "plain, dictionary, delta_length_byte_array, delta_byte_array"
)]
#[case("bool", "", "dictionary", "bool", "auto, plain, rle")]
#[case("float64", "", "delta_binary_packed", "float64", "byte_stream_split")]
#[case("int32", "", "rle", "int32", "delta_binary_packed")]
#[case("float16", "", "dictionary", "float16", "delta_byte_array")]
#[case(
    "int8",
    "size: 3, ",
    "delta_byte_array",
    "a vector of int8",
    "dictionary"
)]
fn an_encoding_that_does_not_fit_a_column_is_refused(
    #[case] dtype: &str,
    #[case] size: &str,
    #[case] encoding: &str,
    #[case] named: &str,
    #[case] fitting: &str,
) {
    let keys = format!("{{name: c, dtype: {dtype}, {size}parquet: {{encoding: {encoding}}}}}");
    let message = bad(&columns(&keys));
    let expected = format!(
        "dataset.parquet.columns.c.parquet.encoding: `{encoding}` does not fit {named} in files of version 1; fitting: "
    );
    assert!(message.contains(&expected), "{message}");
    assert!(message.contains(fitting), "{message}");
}

#[test]
fn an_encoding_that_fits_no_column_is_refused() {
    let message = bad(&columns("{name: a, dtype: string}, {name: b, dtype: bool}")
        .replace("parquet: {", "parquet: {encoding: byte_stream_split, "));
    assert!(
        message.contains("`byte_stream_split` fits none of the columns"),
        "{message}"
    );
}

#[rstest]
#[case(
    "date32",
    "{kind: uniform, min: 2024-01-01, max: 2024-12-31}",
    integer(19_723),
    integer(20_088)
)]
#[case(
    "timestamp(ms)",
    "{kind: uniform, min: '1970-01-01T00:00:01.5Z', max: '1970-01-02 00:00:00'}",
    integer(1_500),
    integer(86_400_000)
)]
#[case(
    "timestamp(ns)",
    "{kind: uniform, min: '1970-01-01T01:00:00+01:00', max: 1970-01-02}",
    integer(0),
    integer(86_400_000_000_000)
)]
#[case("'decimal128(10, 2)'", "{kind: uniform, min: -0.29, max: 12}", integer(-29), integer(1_200))]
#[case("date32", "uniform", integer(18_262), integer(20_088))]
fn dates_times_and_decimals_are_numbers_of_their_unit(
    #[case] dtype: &str,
    #[case] distribution: &str,
    #[case] min: Option<Number>,
    #[case] max: Option<Number>,
) {
    let keys = format!("dtype: {dtype}, distribution: {distribution}");
    let column = dataset_of(&one_column(&keys)).columns.remove(0);
    assert_eq!(
        column.distribution,
        Distribution::Uniform {
            min,
            max,
            cardinality: None
        }
    );
}

fn integer(value: i128) -> Option<Number> {
    Some(Number::Integer(value))
}

#[test]
fn lists_and_structs_hold_columns() {
    let column = dataset_of(&columns(
        "{name: s, dtype: struct, fields: [x, {name: tags, dtype: list, distribution: {length: {max: 3, distribution: zipf}}, \
         item: {dtype: string, size: 4, distribution: {kind: uniform, null_fraction: 0.5}}}]}",
    ))
    .columns
    .remove(0);
    assert_eq!(column.dtype, Dtype::Struct);
    let names: Vec<&str> = column
        .children
        .iter()
        .map(|child| child.name.as_str())
        .collect();
    assert_eq!(names, ["x", "tags"]);
    let tags = &column.children[1];
    assert_eq!(
        tags.length,
        Some(Length {
            min: 0,
            max: 3,
            distribution: LengthDistribution::Zipf
        })
    );
    assert_eq!(tags.children[0].null_fraction, 0.5);
}

#[rstest]
#[case(
    "{name: c, dtype: list, distribution: {length: {max: 3}}}",
    "needs an `item`"
)]
#[case(
    "{name: c, dtype: list, item: {dtype: int8}}",
    ".distribution.length: is missing"
)]
#[case("{name: c, dtype: struct}", "needs `fields`")]
#[case(
    "{name: c, dtype: struct, fields: [a, a]}",
    "a field `a` is there already"
)]
#[case("{name: c, dtype: int8, item: {dtype: int8}}", "applies to lists")]
#[case(
    "{name: c, dtype: struct, fields: [{name: f, dtype: int9}]}",
    ".fields.f.dtype: `int9` is not a column type"
)]
#[case(
    "{name: c, dtype: list, distribution: {kind: zipf, length: {max: 1}}, item: {dtype: int8}}",
    "give it to its `item`"
)]
#[case("{name: c, dtype: date32, size: 3}", "3 does not fit date32")]
#[case("{name: c, dtype: 'decimal128(39, 2)'}", "is not a decimal")]
#[case("{name: c, dtype: timestamp(m)}", "known: s, ms, us, ns")]
#[case(
    "{name: c, dtype: timestamp(us), time_zone: Mars}",
    "`Mars` is not a time zone"
)]
#[case("{name: c, dtype: int64, time_zone: UTC}", "applies to timestamps")]
#[case(
    "{name: c, dtype: date32, distribution: {kind: uniform, min: 2024-13-01}}",
    "is not a date32; write `2026-01-31`"
)]
#[case(
    "{name: c, dtype: 'decimal128(4, 1)', distribution: {kind: constant, value: 0.25}}",
    "has more than the 1 digits"
)]
#[case(
    "{name: c, dtype: int8, distribution: distinct}",
    "800 is more than the 256 values"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: lognormal, mean: 300}}",
    "300 is the logarithm of more than 127"
)]
#[case(
    "{name: c, dtype: 'decimal128(38,38)', distribution: {kind: normal, std_dev: 0.1}}",
    "wider than the range of values"
)]
#[case(
    "{name: c, dtype: int64, distribution: {kind: zipf, exponent: 0}}",
    "0 is not above 0"
)]
#[case(
    "{name: c, dtype: int64, distribution: {kind: hotspot, hot_fraction: 1}}",
    "does not lie between 0 and 1"
)]
#[case(
    "{name: c, dtype: int64, distribution: {kind: categorical, values: [1, 2], weights: [1]}}",
    "lists 1 weights for 2 values"
)]
#[case(
    "{name: c, dtype: int64, distribution: {kind: categorical, values: [1, 2], weights: [0, 0]}}",
    "leaves no value"
)]
#[case(
    "{name: c, dtype: int64, distribution: {kind: categorical, cardinality: 3, weights: [1]}}",
    "stands without `values`"
)]
#[case(
    "{name: c, dtype: int64, distribution: {kind: uniform, sortedness: 1.5}}",
    "is not a share"
)]
#[case(
    "{name: c, dtype: string, distribution: {kind: uniform, sortedness: 0.5}}",
    "applies to single numbers"
)]
#[case(
    "{name: c, dtype: string, size: 4, distribution: {kind: uniform, length: {max: 3}}}",
    "stands beside `size`"
)]
#[case(
    "{name: c, dtype: string, distribution: {kind: uniform, length: {min: 4, max: 3}}}",
    "4 is more than `max`, which is 3"
)]
#[case(
    "{name: c, dtype: string, distribution: {kind: json, length: {max: 3}}}",
    "does not apply to `json` of string"
)]
#[case(
    "{name: c, dtype: binary, distribution: {kind: compressible}}",
    "needs a `compressibility`"
)]
#[case(
    "{name: c, dtype: string, distribution: {kind: template, template: x}}",
    "has no placeholder"
)]
#[case(
    "{name: c, dtype: string, distribution: {kind: template, template: '{row}', cardinality: 4}}",
    "has no effect"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: correlated_with}}",
    "needs a `column`"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: correlated_with, column: d}}",
    "`d` is not a column"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: correlated_with, column: c}}",
    "follows itself in a circle: c -> c"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: correlated_with, column: d}}, {name: d, dtype: int8, distribution: {kind: correlated_with, column: c}}",
    "circle: c -> d -> c"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: correlated_with, column: v}}, {name: v, size: 3}",
    "`v` has several values in a row"
)]
#[case(
    "{name: c, dtype: int8, distribution: {kind: random_walk, min: 3}}",
    "stands without `max`"
)]
#[case(
    "{name: c, dtype: uint8, distribution: {kind: sequence, cardinality: 10, jitter: 250}}",
    "leave the range of uint8"
)]
fn columns_that_make_no_sense_are_refused(#[case] keys: &str, #[case] expected: &str) {
    let message = bad(&columns(keys));
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_row_of_columns_that_follow_one_another_has_an_end() {
    let row = |length: usize| {
        let follower = |n: usize| {
            format!(
                ", {{name: c{n}, distribution: {{kind: correlated_with, column: c{}}}}}",
                n - 1
            )
        };
        let followers: String = (1..length).map(follower).collect();
        columns(&format!("{{name: c0}}{followers}"))
    };
    assert_eq!(dataset_of(&row(16)).columns.len(), 16);
    let message = bad(&row(17));
    assert!(
        message.contains(
            "columns.c16.distribution.column: makes more than 16 columns that follow one another: c16 -> c15 -> "
        ),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn more_distinct_values_than_rows_are_refused() {
    let message = bad(&one_column(
        "dtype: int64, distribution: {kind: distinct, cardinality: 1001}",
    ));
    assert!(
        message.contains("1001 distinct values do not fit into 1000 rows"),
        "{message}"
    );
}

#[test]
fn a_source_needs_no_columns_and_refuses_what_describes_rows() {
    let dataset = dataset_of(
        "dataset: {source: x.parquet, parquet: {partition_by: a, sort_by: b, columns: [{name: a, parquet: {encoding: plain}}]}}",
    );
    assert_eq!(dataset.source.as_deref(), Some("x.parquet"));
    assert_eq!(dataset.train.files, 1);
    assert_eq!(dataset.layout.chunk_of("a").encoding, Encoding::Plain);
    assert!(
        dataset_of("dataset: {source: x.parquet}")
            .columns
            .is_empty()
    );
    for (keys, expected) in [
        (
            "num_samples_per_file: 5",
            "dataset.num_samples_per_file: describes generated rows",
        ),
        ("seed: 5", "dataset.seed: describes generated rows"),
        (
            "parquet: {columns: [{name: a, dtype: int8}]}",
            "columns.a.dtype: describes generated rows",
        ),
        (
            "num_files_train: 2, parquet: {partition_by: a}",
            "where each partition is one file",
        ),
    ] {
        let message = bad(&format!("dataset: {{source: x.parquet, {keys}}}\n"));
        assert!(message.contains(expected), "{message}");
    }
}
