use std::collections::BTreeMap;

use super::*;

/// The shape of MLPerf Storage's dlrm_b200.yaml.
const DLRM: &str = "
model:
  name: dlrm

framework: pytorch

workflow:
  generate_data: False
  train: True
  checkpoint: False

dataset:
  data_folder: data/dlrm/
  format: parquet
  num_files_train: 1024        # files
  num_samples_per_file: 4718592
  record_length_bytes: 761
  compression: none
  parquet:
    row_group_size: 6144
    read_mode: row_group
    generation_batch_size: 10000
    columns:
      - name: feature_000
        dtype: float16
        read: false
      - name: feature_001
        dtype: int8
        size: 1
      - name: feature_002
        dtype: float64

reader:
  data_loader: pytorch
  batch_size: 16384
  prefetch_size: 2
  read_threads: 4
  file_shuffle: seed

train:
  epochs: 1
  computation_time: 0.000375

metric:
  au: 0.70
";

#[test]
fn a_recommender_of_mlperf_storage_means_what_dlio_makes_of_it() {
    let config = good(DLRM);
    assert_eq!(names(&config), ["base"]);
    let variant = &config.variants[0];
    assert_eq!(
        variant.reader,
        Reader {
            read_threads: Some(4),
            batch_size: Some(16_384),
            ..Reader::default()
        }
    );
    let dataset = variant.dataset.as_ref().unwrap();
    assert_eq!(dataset.data_folder, "data/dlrm");
    assert_eq!(
        dataset.train,
        Split {
            files: 1024,
            subfolders: 0
        }
    );
    assert_eq!(dataset.rows_per_file, 4_718_592);
    assert_eq!(dataset.layout.row_group, RowGroupSize::Rows(6144));
    assert_eq!(dataset.layout.chunk.codec, Codec::None);
    assert!(!dataset.generate);
    let columns: Vec<_> = dataset
        .columns
        .iter()
        .map(|it| (it.name.as_str(), it.dtype, it.read))
        .collect();
    assert_eq!(
        columns,
        [
            ("feature_000", Dtype::Float16, false),
            ("feature_001", Dtype::Int8, true),
            ("feature_002", Dtype::Float64, true),
        ]
    );
}

#[test]
fn keys_of_dlio_without_effect_are_named_once_in_one_note() {
    let config = good_with(DLRM, &[], &["dataset.compression=none,snappy"]);
    assert_eq!(
        config.notes,
        [
            "these DLIO keys have no effect here: model.name, framework, workflow.train, workflow.checkpoint, \
          dataset.parquet.generation_batch_size, reader.data_loader, dataset.record_length_bytes"
        ]
    );
}

#[test]
fn every_key_without_effect_is_accepted_and_named() {
    for path in dlio::without_effect().flat_map(dlio::Section::paths) {
        let config = good_with("dataset: {}", &[&format!("{path}=1")], &[]);
        assert_eq!(
            config.notes,
            [format!("these DLIO keys have no effect here: {path}")]
        );
    }
}

#[test]
fn a_section_of_dlio_may_hold_mappings_and_a_model_may_be_a_name() {
    let config = good(
        "
model: resnet50
train: {computation_time: {mean: 1, stdev: 0.1}}
storage: {storage_options: {prefetch: eu}}
dataset: {hdf5: {chunk_dims: [1, 2]}}
",
    );
    assert_eq!(
        config.notes,
        [
            "these DLIO keys have no effect here: model, storage.storage_options.prefetch, dataset.hdf5.chunk_dims"
        ]
    );
}

#[test]
fn an_unknown_key_inside_a_section_without_effect_is_still_an_error() {
    let message = bad("dataset: {}\nmodel:\n  nmae: dlrm\n  parallelism: {tensr: 1}\n");
    assert_eq!(
        message,
        "x.yaml:3: model.nmae: unknown key (did you mean `name`?)\n\
         x.yaml:4: model.parallelism.tensr: unknown key (did you mean `tensor`?)"
    );
}

#[test]
fn what_is_left_out_has_the_defaults_of_dlio() {
    let dataset = dataset_of("dataset:\n");
    assert_eq!(
        dataset,
        Dataset {
            data_folder: "data".to_owned(),
            part_bytes: None,
            file_prefix: "img".to_owned(),
            train: Split {
                files: 8,
                subfolders: 0
            },
            names_files: false,
            valid: None,
            rows_per_file: 1,
            seed: 123,
            source: None,
            table: "train".to_owned(),
            columns: vec![Column {
                name: "data".to_owned(),
                dtype: Dtype::Binary,
                size: 65_536,
                read: true,
                distribution: Distribution::Uniform {
                    min: None,
                    max: None,
                    cardinality: None
                },
                null_fraction: 0.0,
                sortedness: 0.0,
                length: None,
                run_length: 1.0,
                cycle: None,
                drift: None,
                pool: None,
                multiple_of: None,
                time_zone: None,
                children: Vec::new(),
            }],
            layout: Layout {
                row_group: RowGroupSize::Rows(1_000_000),
                vector_layout: VectorLayout::FixedSizeList,
                partition_by: Vec::new(),
                sort_by: Vec::new(),
                sort_scope: SortScope::File,
                writer_version: 1,
                data_page_rows: 20_000,
                page_index: true,
                chunk: ChunkLayout {
                    codec: Codec::None,
                    encoding: Encoding::Auto,
                    dictionary_page_bytes: 1 << 20,
                    data_page_bytes: 1 << 20,
                    statistics: Statistics::Chunk,
                    bloom_filter: None,
                },
                columns: BTreeMap::new(),
            },
            generate: true,
        }
    );
}

#[test]
fn data_reader_is_another_name_of_reader() {
    let config = good("dataset: {}\ndata_reader: {batch_size: 7}\n");
    assert_eq!(config.variants[0].reader.batch_size, Some(7));
    let config = good_with("dataset: {}", &["data_reader.batch_size=8"], &[]);
    assert_eq!(config.variants[0].reader.batch_size, Some(8));
    assert_eq!(
        bad("dataset: {}\ndata_reader: {batch_size: no}\n"),
        "x.yaml:2: reader.batch_size: `no` is not a whole number of 1 or more"
    );
    assert!(bad("dataset: {}\nreader: {}\ndata_reader: {}\n").contains("give one of them"));
}

#[test]
fn booleans_of_yaml_1_1_are_booleans() {
    let config = good(
        "dataset: {}\nworkflow: {generate_data: No}\nreader: {odirect: OFF}\ndatafusion: {a.b: Yes}\n",
    );
    assert!(!config.variants[0].dataset.as_ref().unwrap().generate);
    assert_eq!(
        config.variants[0].engine,
        [("a.b".to_owned(), "true".to_owned())]
    );
}

#[test]
fn the_seed_of_training_changes_no_content() {
    assert_eq!(dataset_of("dataset: {seed: 7}").seed, 7);
    for text in ["dataset: {}", "dataset: {}\ntrain: {seed: 8}"] {
        assert_eq!(dataset_of(text).seed, 123);
    }
    let both = good("dataset: {seed: 7}\ntrain: {seed: 8}");
    assert_eq!(both.variants[0].dataset.as_ref().unwrap().seed, 7);
    assert_eq!(both.training.seed, 8);
}

#[test]
fn a_column_may_be_only_a_name() {
    let dataset = dataset_of("dataset: {parquet: {columns: [a, {name: b}]}}");
    for column in &dataset.columns {
        assert_eq!(
            (column.dtype, column.size, column.read),
            (Dtype::Float32, 1, true)
        );
    }
}

#[test]
fn merge_keys_and_aliases_are_applied() {
    let dataset = dataset_of(
        "
dataset:
  parquet:
    columns:
      - &base {name: a, dtype: int8, size: 3}
      - {<<: *base, name: b}
      - {<<: [{name: c}, *base], dtype: int16}
",
    );
    let columns: Vec<_> = dataset
        .columns
        .iter()
        .map(|it| (it.name.as_str(), it.dtype, it.size))
        .collect();
    assert_eq!(
        columns,
        [
            ("a", Dtype::Int8, 3),
            ("b", Dtype::Int8, 3),
            ("c", Dtype::Int16, 3)
        ]
    );
}

#[test]
fn a_list_with_a_size_has_so_many_elements_in_each_row() {
    let list = |keys: &str| dataset_of(&one_column(keys)).columns.remove(0);
    let column = list("dtype: list, size: 16");
    let exactly = |elements| Length {
        min: elements,
        max: elements,
        distribution: LengthDistribution::Uniform,
    };
    assert_eq!(
        (column.dtype, column.size, column.length),
        (Dtype::List, 1, Some(exactly(16)))
    );
    assert_eq!(column.children[0].dtype, Dtype::Float32);
    let column =
        list("dtype: list, size: 1, item: {dtype: int64}, distribution: {null_fraction: 0.5}");
    assert_eq!(column.children[0].dtype, Dtype::Int64);
    assert_eq!(
        (column.length, column.null_fraction),
        (Some(exactly(1)), 0.5)
    );
    let message = bad(&one_column(
        "dtype: list, size: 2, distribution: {length: {max: 3}}",
    ));
    assert!(
        message.contains("columns.c.size: stands beside `distribution.length`"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_record_length_with_a_fraction_is_rounded_and_that_is_said_once() {
    let config = good_with(
        "dataset: {record_length_bytes: 114660.07}",
        &[],
        &["dataset.compression=none,snappy"],
    );
    for variant in &config.variants {
        assert_eq!(variant.dataset.as_ref().unwrap().columns[0].size, 114_660);
    }
    assert_eq!(
        config.notes,
        ["`dataset.record_length_bytes` is 114660.07, and counts as 114660"]
    );
    // It has no effect there.
    let beside = good("dataset: {record_length_bytes: 1.5, parquet: {columns: [a]}}");
    assert_eq!(
        beside.notes,
        ["these DLIO keys have no effect here: dataset.record_length_bytes"]
    );
}

#[test]
fn parallel_and_direct_file_systems_are_local_files() {
    let cache = |text: &str| good(text).variants[0].reader.cache;
    let of = |kind: &str| format!("dataset: {{}}\nstorage: {{storage_type: {kind}}}\n");
    assert_eq!(cache(&of("parallel_fs")), PageCache::Warm);
    assert_eq!(cache(&of("direct_fs")), PageCache::Direct);
    // The reader's own key overrides the kind of storage.
    let buffered = format!("{}reader: {{odirect: false}}\n", of("direct_fs"));
    assert_eq!(cache(&buffered), PageCache::Warm);
    let warm = format!("{}measure: {{cache: warm}}\n", of("direct_fs"));
    assert_eq!(
        bad(&warm),
        "x.yaml:2: storage.storage_type: reads past the page cache, but `measure.cache` is `warm`; leave one of them out"
    );
}

#[test]
fn what_is_not_parquet_or_not_local_says_what_would_run() {
    let hints = |text: &str| read(text).unwrap_err().hints();
    for format in ["npz", "jpeg", "png", "tfrecord", "hdf5", "csv"] {
        let hint = hints(&format!("dataset: {{format: {format}}}"));
        assert!(hint[0].contains("--set dataset.format=parquet"), "{hint:?}");
    }
    assert_eq!(hints("dataset: {format: parqet}"), Vec::<String>::new());
    let hint = hints("dataset: {}\nstorage: {storage_type: s3dlio}");
    assert!(hint[0].contains("as in gs://bucket/folder"), "{hint:?}");
}
