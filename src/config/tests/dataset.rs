use rstest::rstest;

use super::*;

#[rstest]
#[case("./", "./data/", "data")]
#[case("./", "data/dlrm/", "data/dlrm")]
#[case("/mnt/", "data", "/mnt/data")]
#[case("root", "data", "root/data")]
#[case("/mnt", "/other/", "/other")]
#[case("/mnt", "file:///other/", "file:///other")]
#[case("file:///mnt", "data", "file:///mnt/data")]
#[case("./", "./", ".")]
#[case("./", "/", "/")]
fn the_data_folder_is_joined_to_the_storage_root(
    #[case] root: &str,
    #[case] folder: &str,
    #[case] expected: &str,
) {
    let text = format!(
        "dataset: {{data_folder: '{folder}'}}\nstorage: {{storage_type: local_fs, storage_root: '{root}'}}\n"
    );
    assert_eq!(dataset_of(&text).data_folder, expected);
}

#[rstest]
#[case(
    "dataset: {data_folder: 'sftp://user:secret@host/a'}",
    "x.yaml:1: dataset.data_folder: `sftp://host/a` is of no known store; known: a path, or a URL of file, s3,"
)]
#[case(
    "dataset: {}\nstorage: {storage_type: s33}",
    "x.yaml:2: storage.storage_type: `s33` is not a kind of storage; known: local_fs, parallel_fs, direct_fs, s3"
)]
#[case(
    "dataset: {}\nstorage: {storage_type: s3}",
    "x.yaml:2: storage.storage_root: is left out, and `storage_type: s3` has a bucket there"
)]
#[case(
    "dataset: {}\nstorage: {storage_type: s3, storage_root: /mnt/data}",
    "x.yaml:2: storage.storage_root: `/mnt/data` is a path, and `storage_type: s3` has a bucket there"
)]
#[case(
    "dataset: {}\nstorage: {options: {endpoint_url: 'user:secret@host'}}",
    "x.yaml:2: storage.options.endpoint_url: `user:secret@host` is not the URL of a server"
)]
#[case(
    "dataset: {}\nstorage: {options: {secret_access_key: 12345}}",
    "x.yaml:2: storage.options.secret_access_key: is not a text; put the secret in quotes"
)]
#[case(
    "dataset: {}\nstorage: {options: {endpint_url: 'http://host'}}",
    "x.yaml:2: storage.options.endpint_url: unknown key (did you mean `endpoint_url`?)"
)]
#[case(
    "dataset: {}\nstorage: {part_size: 1MiB}",
    "x.yaml:2: storage.part_size: 1048576 bytes are no size of a part; object stores take 5 MiB to 5 GiB"
)]
fn a_store_that_cannot_be_is_one_problem(#[case] text: &str, #[case] expected: &str) {
    let message = bad(text);
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

/// The spellings of several tools for one place.
#[rstest]
#[case("dataset: {data_folder: 's3://bucket/a/'}", "s3://bucket/a")]
#[case(
    "dataset: {data_folder: a}\nstorage: {storage_type: s3, storage_root: bucket}",
    "s3://bucket/a"
)]
#[case(
    "dataset: {data_folder: ./a}\nstorage: {storage_type: s3, storage_root: 's3://bucket/'}",
    "s3://bucket/a"
)]
#[case(
    "dataset: {data_folder: /a}\nstorage: {storage_type: s3, storage_root: bucket/b}",
    "s3://bucket/b/a"
)]
#[case(
    "dataset: {data_folder: a}\nstorage: {storage_root: 'az://box/b'}",
    "az://box/b/a"
)]
#[case(
    "dataset: {data_folder: 'gs://bucket/a'}\nstorage: {storage_type: s3, storage_root: other}",
    "gs://bucket/a"
)]
fn a_place_in_a_bucket_has_several_spellings(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(dataset_of(text).data_folder, expected);
}

#[test]
fn options_of_stores_are_those_of_dlio_too() {
    let text = "
dataset: {data_folder: 's3://bucket/a'}
storage:
  options: {region: eu-west-1, timeout: 5s, retries: 3, ca_file: a.pem, anonymous: yes}
  storage_options: {endpoint_url: 'http://127.0.0.1:9000', region: us-east-1, s3_force_path_style: true, access_key_id: planted, prefetch: 4}
  use_mpi_endpoint_distribution: true
  concurrency: 7
  footer_prefetch: 0
";
    let config = good(text);
    let connection = &config.connection;
    assert_eq!(connection.region.as_deref(), Some("eu-west-1"));
    assert_eq!(connection.endpoints, ["http://127.0.0.1:9000"]);
    assert_eq!(
        (connection.path_style, connection.retries),
        (Some(true), Some(3))
    );
    assert_eq!(connection.spread, EndpointSpread::Rank);
    assert!(connection.anonymous);
    assert_eq!(
        connection.access_key_id.as_ref().unwrap().reveal(),
        "planted"
    );
    let requests = config.variants[0].reader.requests;
    assert_eq!(
        (requests.concurrency, requests.footer_prefetch_bytes),
        (Some(7), Some(0))
    );
    assert_eq!(config.notes.len(), 3, "{:?}", config.notes);
    assert!(
        config.notes[1].contains("credentials in the config (access_key_id)"),
        "{:?}",
        config.notes
    );
    assert!(
        config.notes[0].contains("storage.storage_options.prefetch"),
        "{:?}",
        config.notes
    );
    assert!(!format!("{config:?}").contains("planted"));
    let several =
        good("dataset: {}\nstorage: {endpoint_uris: ['http://a', 'http://b'], s3_max_attempts: 4}");
    assert_eq!(several.connection.endpoints, ["http://a", "http://b"]);
    assert_eq!(several.connection.retries, Some(3));
}

#[test]
fn files_for_evaluation_make_the_split_valid() {
    let dataset =
        dataset_of("dataset: {num_files_eval: 3, num_subfolders_eval: 2, num_subfolders_train: 4}");
    assert_eq!(
        dataset.valid,
        Some(Split {
            files: 3,
            subfolders: 2
        })
    );
    assert_eq!(
        dataset.train,
        Split {
            files: 8,
            subfolders: 4
        }
    );
}

#[rstest]
#[case("dataset: {record_length_bytes: 512}")]
#[case("dataset: {record_length: 512}")]
#[case("dataset: {record_length: 512, record_length_bytes: 512}")]
fn without_columns_a_row_is_one_binary_of_the_record_length(#[case] text: &str) {
    let columns = dataset_of(text).columns;
    assert_eq!(
        (columns[0].name.as_str(), columns[0].dtype, columns[0].size),
        ("data", Dtype::Binary, 512)
    );
}

#[rstest]
#[case("none", Codec::None)]
#[case("null", Codec::None)]
#[case("uncompressed", Codec::None)]
#[case("snappy", Codec::Snappy)]
#[case("lz4", Codec::Lz4)]
#[case("gzip", Codec::Gzip(6))]
#[case("brotli(11)", Codec::Brotli(11))]
#[case("zstd(9)", Codec::Zstd(9))]
fn a_codec_is_a_name_and_maybe_a_level(#[case] text: &str, #[case] expected: Codec) {
    assert_eq!(
        dataset_of(&format!("dataset: {{compression: {text}}}"))
            .layout
            .chunk
            .codec,
        expected
    );
}

#[test]
fn a_level_applies_where_the_codec_names_none() {
    assert_eq!(
        dataset_of("dataset: {compression: zstd, compression_level: 3}")
            .layout
            .chunk
            .codec,
        Codec::Zstd(3)
    );
    assert_eq!(
        dataset_of("dataset: {compression: zstd(3), compression_level: 3}")
            .layout
            .chunk
            .codec,
        Codec::Zstd(3)
    );
}

#[test]
fn a_codec_that_names_its_level_overrides_an_inherited_one() {
    let config = good_with(
        "dataset: {compression: zstd, compression_level: 3}",
        &[],
        &["dataset.compression=zstd,zstd(9),gzip"],
    );
    assert_eq!(codecs(&config), ["zstd(3)", "zstd(9)", "gzip(3)"]);
}

#[test]
fn a_level_laid_over_a_codec_that_names_one_replaces_it() {
    let config = good_with(
        "dataset: {compression: zstd(9)}",
        &[],
        &["dataset.compression_level=1,2"],
    );
    assert_eq!(codecs(&config), ["zstd(1)", "zstd(2)"]);
    let config = good_with(
        "dataset: {compression: zstd(9)}",
        &["dataset.compression_level=4"],
        &[],
    );
    assert_eq!(codecs(&config), ["zstd(4)"]);
}

#[test]
fn an_inherited_level_is_noted_where_the_codec_has_none() {
    let config = good_with(
        "dataset: {compression_level: 3}",
        &[],
        &["dataset.compression=none,snappy,lz4,zstd"],
    );
    assert_eq!(codecs(&config), ["none", "snappy", "lz4", "zstd(3)"]);
    for (note, codec) in config.notes.iter().zip(["none", "snappy", "lz4"]) {
        assert_eq!(
            *note,
            format!(
                "`dataset.compression_level` has no effect on the codec {codec}, which has no levels"
            )
        );
    }
    assert_eq!(config.notes.len(), 3);
}

#[rstest]
#[case("dataset: {compression: zstd(9), compression_level: 3}", &[], "in the config")]
#[case("dataset: {}", &["dataset.compression=zstd(9)", "dataset.compression_level=3"], "on the command line")]
#[case("dataset: {}\nvariants: {v: {dataset.compression: zstd(9), dataset.compression_level: 3}}", &[], "in a variant")]
fn two_levels_in_one_place_that_disagree_are_an_error(
    #[case] text: &str,
    #[case] set: &[&str],
    #[case] place: &str,
) {
    let message = bad_with(text, set, &[]);
    assert!(
        message.contains(&format!(
            "3 disagrees with `zstd(9)`, which stands beside it {place}"
        )),
        "{message}"
    );
}

#[test]
fn a_level_out_of_its_codecs_range_names_the_range() {
    assert_eq!(
        bad("dataset:\n  compression: gzip\n  compression_level: 10\n"),
        "x.yaml:3: dataset.compression_level: 10 is not a level of gzip; it has 0 to 9"
    );
    let message = bad_with(
        "dataset: {compression_level: 15}",
        &[],
        &["dataset.compression=zstd,gzip"],
    );
    assert_eq!(
        message,
        "x.yaml:1: dataset.compression_level: 15 is not a level of gzip; it has 0 to 9 (variant `gzip`)"
    );
}

#[test]
fn row_groups_end_by_rows_or_by_bytes() {
    let size = |keys: &str| {
        dataset_of(&format!("dataset: {{parquet: {{{keys}}}}}"))
            .layout
            .row_group
    };
    assert_eq!(size("row_group_size: 6144"), RowGroupSize::Rows(6144));
    assert_eq!(size("row_group_bytes: 4096"), RowGroupSize::Bytes(4096));
    assert_eq!(
        size("row_group_bytes: 128MiB"),
        RowGroupSize::Bytes(128 << 20)
    );
    assert_eq!(
        size("row_group_bytes: 64MB"),
        RowGroupSize::Bytes(64_000_000)
    );
    assert!(
        bad("dataset: {parquet: {row_group_size: 1, row_group_bytes: 1}}")
            .contains("give one of them")
    );
    let config = good_with(
        "dataset: {parquet: {row_group_size: 5}}",
        &["dataset.parquet.row_group_bytes=1MiB"],
        &[],
    );
    assert_eq!(
        config.variants[0]
            .dataset
            .as_ref()
            .unwrap()
            .layout
            .row_group,
        RowGroupSize::Bytes(1 << 20)
    );
}

#[test]
fn the_vector_layout_is_taken() {
    let layout = |name: &str| {
        dataset_of(&format!("dataset: {{parquet: {{vector_layout: {name}}}}}"))
            .layout
            .vector_layout
    };
    assert_eq!(layout("list"), VectorLayout::List);
    assert_eq!(layout("binary"), VectorLayout::Binary);
    assert_eq!(layout("fixed_size_list"), VectorLayout::FixedSizeList);
}

#[test]
fn files_are_read_in_row_groups_unless_the_mode_is_default() {
    let mode = |text: &str| good(text).variants[0].reader.read_mode;
    assert_eq!(
        mode("dataset: {parquet: {read_mode: row_group}}"),
        ReadMode::RowGroup
    );
    assert_eq!(mode("dataset: {}"), ReadMode::RowGroup);
    assert_eq!(
        mode("dataset: {parquet: {read_mode: default}}"),
        ReadMode::WholeFile
    );
}

#[rstest]
#[case("partition_by: year", &["year"])]
#[case("partition_by: [year, flag]", &["year", "flag"])]
#[case("partition_by: [text]", &["text"])]
#[case("partition_by: null", &[])]
#[case("partition_by: []", &[])]
fn partition_columns_are_one_or_several_or_none(#[case] keys: &str, #[case] expected: &[&str]) {
    assert_eq!(dataset_of(&partitioned(keys)).layout.partition_by, expected);
}

fn partitioned(keys: &str) -> String {
    format!(
        "dataset:
  parquet:
    {keys}
    columns:
      - {{name: year, dtype: int16}}
      - {{name: flag, dtype: bool}}
      - {{name: text, dtype: string}}
      - {{name: vector, dtype: int8, size: 3}}
      - {{name: real}}
      - {{name: 'a=b', dtype: int8}}
"
    )
}

#[rstest]
#[case("yaer", "`yaer` is not a column (did you mean `year`?)")]
#[case("[year, year]", "`year` is given twice")]
#[case(
    "vector",
    "`vector` is a vector of int8; partition columns are integers, bool, string or date32"
)]
#[case(
    "real",
    "`real` is float32; partition columns are integers, bool, string or date32"
)]
#[case("a=b", "`a=b` cannot name a folder")]
#[case("[1]", "`1` is not text; put it in quotes: `\"1\"`")]
#[case("''", "`` is not a column")]
fn other_partition_columns_are_refused(#[case] value: &str, #[case] expected: &str) {
    let message = bad(&partitioned(&format!("partition_by: {value}")));
    assert!(
        message.starts_with(&format!(
            "x.yaml:3: dataset.parquet.partition_by: {expected}"
        )),
        "{message}"
    );
}

#[test]
fn partitioning_by_all_columns_is_refused() {
    let message = bad("dataset: {parquet: {partition_by: [a], columns: [{name: a, dtype: int8}]}}");
    assert!(message.contains("takes all of the columns"), "{message}");
}

#[test]
fn a_partition_column_with_a_problem_of_its_own_is_reported_once() {
    let message =
        bad("dataset: {parquet: {partition_by: [a], columns: [{name: a, dtype: int9}, b]}}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("columns.a.dtype"), "{message}");
}

#[rstest]
#[case(
    "num_files_train: 0",
    "num_files_train: `0` is not a whole number of 1 or more"
)]
#[case(
    "num_files_train: -1",
    "num_files_train: `-1` is not a whole number of 1 or more"
)]
#[case(
    "num_files_train: 1.5",
    "num_files_train: `1.5` is not a whole number of 1 or more"
)]
#[case(
    "num_files_train: many",
    "num_files_train: `many` is not a whole number of 1 or more"
)]
#[case(
    "num_files_train: [1]",
    "num_files_train: expected a whole number, found a list"
)]
#[case(
    "num_files_eval: -1",
    "num_files_eval: `-1` is not a whole number of 0 or more"
)]
#[case("num_subfolders_train: -1", "num_subfolders_train: `-1`")]
#[case("num_subfolders_eval: -1", "num_subfolders_eval: `-1`")]
#[case("num_samples_per_file: 0", "num_samples_per_file: `0`")]
#[case(
    "num_files_train: 4294967296, num_samples_per_file: 4294967296",
    "num_samples_per_file: 4294967296 files of 4294967296 rows are more rows than 64 bits can count"
)]
#[case("record_length: 0", "record_length: `0`")]
#[case(
    "record_length_bytes: 3000000000",
    "record_length_bytes: 3000000000 is longer than the 2147483647"
)]
#[case(
    "record_length: 1, record_length_bytes: 2",
    "record_length: 1 disagrees with `record_length_bytes`, which is 2; give one of them, or both alike"
)]
#[case("seed: -1", "seed: `-1` is not a whole number of 0 or more")]
#[case(
    "format: tfrecord",
    "format: `tfrecord` is not a format that this program reads; known: parquet"
)]
#[case("file_prefix: a/b", "file_prefix: `a/b` cannot start a file name")]
#[case("file_prefix: ''", "file_prefix: must not be empty")]
#[case("data_folder: ''", "data_folder: must not be empty")]
#[case(
    "compression: zstdd",
    "compression: `zstdd` is not a codec; known: none, snappy, gzip, brotli, lz4, zstd (did you mean `zstd`?)"
)]
#[case("compression: 3", "compression: `3` is not a codec")]
#[case("compression_level: -1, compression: zstd", "compression_level: `-1`")]
#[case("parquet: {row_group_size: 0}", "parquet.row_group_size: `0`")]
#[case(
    "parquet: {row_group_bytes: 12 parsecs}",
    "parquet.row_group_bytes: `12 parsecs` is not a number of bytes"
)]
#[case(
    "parquet: {vector_layout: lists}",
    "parquet.vector_layout: `lists` is not a vector layout; known: fixed_size_list, list, binary (did you mean `list`?)"
)]
#[case(
    "parquet: {read_mode: fast}",
    "parquet.read_mode: `fast` is not a read mode; known: default, row_group"
)]
#[case("parquet: {columns: []}", "parquet.columns: lists no column")]
#[case(
    "parquet: {columns: [{dtype: int8}]}",
    "parquet.columns[0]: needs a `name`"
)]
#[case(
    "parquet: {columns: [{name: ''}]}",
    "parquet.columns[0].name: must not be empty"
)]
#[case(
    "parquet: {columns: [{name: 5}]}",
    "parquet.columns[0].name: `5` is not text"
)]
#[case(
    "parquet: {columns: [a, a]}",
    "parquet.columns[1]: a column `a` is there already"
)]
#[case("parquet: {columns: [5]}", "parquet.columns[0].name: `5` is not text")]
#[case(
    "parquet: {columns: [null]}",
    "parquet.columns[0].name: an empty value is not text"
)]
#[case(
    "parquet: {columns: [{name: a, size: 0}]}",
    "parquet.columns.a.size: `0`"
)]
#[case(
    "parquet: {columns: [{name: a, size: 2147483648}]}",
    "parquet.columns.a.size: 2147483648 is longer than the 2147483647"
)]
#[case(
    "parquet: {columns: [{name: a, dtype: bool, size: 2}]}",
    "parquet.columns.a.size: 2 does not fit bool; size makes a vector of numeric types only"
)]
#[case(
    "parquet: {columns: [{name: a, dtype: flaot32}]}",
    "parquet.columns.a.dtype: `flaot32` is not a column type; known: int8"
)]
#[case(
    "parquet: {columns: [{name: a, read: maybe}]}",
    "parquet.columns.a.read: `maybe` is not a boolean; write `true` or `false`"
)]
#[case(
    "parquet: {columns: [{name: a, read: false}]}",
    "parquet.columns: no column has `read: true`"
)]
fn bad_values_name_their_key_path(#[case] keys: &str, #[case] expected: &str) {
    let message = bad(&format!("dataset: {{{keys}}}"));
    assert!(
        message.starts_with(&format!("x.yaml:1: dataset.{expected}")),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn columns_that_nobody_reads_are_fine_beside_scenarios() {
    good("dataset: {parquet: {columns: [{name: a, read: false}]}}\nscenarios: [q.sql]\n");
}

#[test]
fn the_largest_numbers_are_kept_whole() {
    assert_eq!(
        dataset_of("dataset: {seed: 18446744073709551615}").seed,
        u64::MAX
    );
    assert!(bad("dataset: {seed: 18446744073709551616}").contains("does not fit 64 bits"));
}
