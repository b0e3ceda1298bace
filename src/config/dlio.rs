//! Keys of DLIO and MLPerf Storage: those that take effect here, and those that are accepted
//! although they mean nothing here.
//!
//! Source: `LoadConfig` in `dlio_benchmark/utils/config.py`, of Argonne's DLIO (2026-06) and of
//! MLCommons' fork of it (2026-07), and the workload files that the two projects and MLPerf Storage
//! publish.

use std::fmt::Write;

/// Key that marks a schema as that of a key without effect.
pub(super) const NO_EFFECT: &str = "x-no-effect";

/// Keys of one mapping.
pub(super) struct Section {
    /// Key path of the mapping; empty at the top.
    pub(super) path: &'static str,
    /// Subject of the keys, and the reason why they have no effect here.
    pub(super) why: &'static str,
    pub(super) keys: &'static [&'static str],
}

impl Section {
    const fn new(path: &'static str, why: &'static str, keys: &'static [&'static str]) -> Section {
        Section { path, why, keys }
    }

    /// Returns the full key paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = String> + '_ {
        self.keys.iter().map(move |key| match self.path {
            "" => (*key).to_owned(),
            path => format!("{path}.{key}"),
        })
    }
}

/// Keys that DLIO's parser knows and that have no effect here, outer mappings first.
pub(super) static KEYS: [Section; 16] = [
    Section::new(
        "",
        "the framework of the training loop; which files Hydra puts together, and where it works",
        &["framework", "defaults", "hydra"],
    ),
    Section::new(
        "model",
        "the model, which sizes checkpoints and names folders",
        &[
            "name",
            "type",
            "model_size",
            "model_size_bytes",
            "optimization_groups",
            "num_layers",
            "layer_parameters",
            "model_datatype",
            "optimizer_datatype",
        ],
    ),
    Section::new(
        "model.parallelism",
        "the model, which sizes checkpoints",
        &["tensor", "pipeline", "data", "zero_stage"],
    ),
    Section::new(
        "model.transformer",
        "the model, which sizes checkpoints",
        &[
            "vocab_size",
            "hidden_size",
            "ffn_hidden_size",
            "num_attention_heads",
            "num_kv_heads",
        ],
    ),
    Section::new(
        "storage",
        "which library talks to an object store; a rest after generating, which is synced here",
        &["storage_library", "post_generation_settle_seconds"],
    ),
    Section::new(
        "storage.storage_options",
        "which library talks to an object store, and that library's own settings",
        &[
            "storage_library",
            "uri_scheme",
            "use_full_object_uri",
            "prefetch_workers",
            "prefetch_window",
            "prefetch",
            "max_outstanding",
            "coalesce_rgs",
            "footer_cap",
            "footer_batch_size",
            "columns",
            "decode",
            "decode_output",
            "simulate_io",
        ],
    ),
    Section::new(
        "dataset",
        "other formats than Parquet; how DLIO generates; how it guesses names instead of listing \
         files, which are always listed here",
        &[
            "record_length_stdev",
            "record_length_resize",
            "record_length_bytes_stdev",
            "record_length_bytes_resize",
            "generation_buffer_size",
            "data_gen_method",
            "enable_chunking",
            "chunk_size",
            "chunking",
            "keep_files",
            "record_element_bytes",
            "record_element_type",
            "record_dims",
            "skip_listing",
            "listing_validation_interval",
            "num_files_generated",
        ],
    ),
    Section::new(
        "dataset.hdf5",
        "another format than Parquet",
        &["chunk_dims", "num_dset_per_record", "max_shape"],
    ),
    Section::new(
        "dataset.arrow",
        "another format than Parquet",
        &["columns", "generation_batch_size"],
    ),
    Section::new(
        "dataset.parquet",
        "how DLIO generates",
        &["generation_batch_size", "use_s3dlio_gen"],
    ),
    Section::new(
        "reader",
        "DLIO's data loaders: here the engine reads",
        &[
            "dont_use_mmap",
            "reader_classname",
            "multiprocessing_context",
            "data_loader",
            "data_loader_classname",
            "data_loader_sampler",
            "computation_threads",
            "write_threads",
            "file_access",
            "read_type",
            "transfer_size",
            "preprocess_time",
            "preprocess_time_stdev",
            "pin_memory",
            "transformed_record_dims",
            "transformed_record_element_type",
        ],
    ),
    Section::new(
        "checkpoint",
        "checkpoints, which are not measured here",
        &[
            "checkpoint_folder",
            "checkpoint_after_epoch",
            "epochs_between_checkpoints",
            "steps_between_checkpoints",
            "type",
            "mode",
            "checkpoint_mechanism_classname",
            "fsync",
            "time_between_checkpoints",
            "num_checkpoints_write",
            "num_checkpoints_read",
            "recovery_rank_shift",
            "rank_sync",
            "checkpoint_rank_sync",
            "randomize_tensor",
            "model_size",
            "optimization_groups",
            "num_layers",
            "layer_parameters",
        ],
    ),
    Section::new(
        "checkpoint.ksm",
        "checkpoints, which are not measured here",
        &[
            "madv_mergeable_id",
            "high_ram_trigger",
            "low_ram_exit",
            "await_time",
        ],
    ),
    Section::new("output", "DLIO's own log", &["log_file"]),
    Section::new(
        "workflow",
        "phases, of which each has a verb of its own here",
        &["train", "checkpoint", "profiling"],
    ),
    Section::new(
        "profiling",
        "profilers; the record has what the host did",
        &["profiler", "iostat_devices"],
    ),
];

/// Keys in published workload files that DLIO's parser does not read.
pub(super) static UNREAD: [Section; 8] = [
    Section::new(
        "",
        "logging; settings of generators",
        &["logging", "generator"],
    ),
    Section::new(
        "storage",
        "object stores and file systems of other kinds",
        &[
            "load_balance_strategy",
            "fsspec_plugin",
            "fsspec_extra_params",
        ],
    ),
    Section::new(
        "dataset",
        "sizes that others work out; a batch of rows that is generated at once; other storage",
        &[
            "total_disk_bytes",
            "generation_batch_size",
            "eval_num_samples_per_file",
            "daos_pool",
            "daos_cont",
        ],
    ),
    Section::new(
        "reader",
        "other storage, and the order of samples",
        &[
            "storage_library",
            "storage_options",
            "storage_root",
            "storage_type",
            "protocol",
            "data_loader_root",
            "endpoint_uris",
            "load_balance_strategy",
            "use_mpi_endpoint_distribution",
            "checkpoint_folder",
            "shuffle",
            "seed",
        ],
    ),
    Section::new("train", "the training loop", &["total_eval_steps"]),
    Section::new("evaluation", "the training loop", &["steps_between_evals"]),
    Section::new(
        "checkpoint",
        "checkpoints, which are not measured here",
        &[
            "checkpoint_daos_pool",
            "checkpoint_daos_cont",
            "checkpoint_mechanism",
            "model_datatype",
            "num_checkpoints",
            "optimizer_datatype",
            "recovery_after_steps",
        ],
    ),
    Section::new(
        "workflow",
        "phases other than generating and reading",
        &["do_eval", "debug"],
    ),
];

/// Returns all keys without effect.
pub(super) fn without_effect() -> impl Iterator<Item = &'static Section> {
    KEYS.iter().chain(&UNREAD)
}

/// DLIO's keys that take effect here, with the effect of each.
pub(super) const TAKEN: [(&str, &str); 50] = [
    (
        "workflow.generate_data",
        "whether missing data is generated; left out, it is true (DLIO: false)",
    ),
    (
        "storage.storage_type",
        "`local_fs` and `parallel_fs` are local files, `direct_fs` too, and reads pass the page \
         cache by; `s3` is a bucket",
    ),
    (
        "storage.storage_root",
        "where a relative `dataset.data_folder` starts; with `s3` a bucket, with or without `s3://`",
    ),
    (
        "storage.storage_options",
        "`endpoint_url`, `region`, `access_key_id`, `secret_access_key`, `session_token`, \
         `s3_force_path_style` and `s3_max_attempts`, as `storage.options` has them",
    ),
    ("storage.endpoint_uris", "several servers of one store"),
    (
        "storage.use_mpi_endpoint_distribution",
        "true: each rank has one of these servers",
    ),
    ("storage.s3_region", "the region"),
    ("storage.s3_endpoint", "the URL of the server"),
    (
        "storage.s3_force_path_style",
        "the bucket stands in the path",
    ),
    ("storage.s3_max_attempts", "attempts of a request"),
    ("dataset.data_folder", "the dataset's folder"),
    (
        "dataset.format",
        "`parquet`; other formats are refused, and `--set dataset.format=parquet` runs their shape",
    ),
    ("dataset.num_files_train", "files of the table `train`"),
    ("dataset.num_files_eval", "files of the table `valid`"),
    (
        "dataset.num_subfolders_train",
        "folders that the files are spread over",
    ),
    (
        "dataset.num_subfolders_eval",
        "folders that the files are spread over",
    ),
    ("dataset.num_samples_per_file", "rows per file"),
    (
        "dataset.record_length_bytes",
        "bytes of the one column of a dataset without columns, rounded; beside columns without effect",
    ),
    ("dataset.record_length", "the same"),
    ("dataset.file_prefix", "how names of files begin"),
    (
        "dataset.compression",
        "the codec (DLIO writes Parquet without any, whatever this says)",
    ),
    (
        "dataset.compression_level",
        "the codec's level, where it has levels",
    ),
    (
        "dataset.parquet.columns",
        "names, types and sizes of columns; `read` chooses those of the default scenario. \
         `dtype: list` with `size` is a list of that length",
    ),
    (
        "dataset.parquet.row_group_size",
        "rows per row group; left out, 1 000 000 (DLIO: 1 024)",
    ),
    ("dataset.parquet.partition_by", "Hive folders"),
    (
        "dataset.parquet.read_mode",
        "`row_group` or `default`, the projection of a whole file in memory",
    ),
    (
        "reader.read_threads",
        "partitions that the engine reads at once",
    ),
    ("reader.batch_size", "rows per batch of the engine"),
    ("reader.odirect", "reads pass the page cache by"),
    ("data_reader", "another name of `reader`"),
    (
        "reader.batch_size_eval",
        "`bench train`: rows per batch of an evaluation",
    ),
    (
        "reader.prefetch_size",
        "`bench train`: finished batches that may wait for the loop (DLIO's Parquet loader ignores it)",
    ),
    (
        "reader.file_shuffle",
        "`bench train`: the order of files (DLIO's Parquet loader reads every epoch in one order)",
    ),
    (
        "reader.sample_shuffle",
        "`bench train`: the order of rows (DLIO's Parquet loader ignores it)",
    ),
    (
        "reader.shuffle_size",
        "`bench train`: rows that are shuffled together",
    ),
    ("train.epochs", "`bench train`: epochs"),
    (
        "train.total_training_steps",
        "`bench train`: most steps of each epoch",
    ),
    (
        "train.seed",
        "`bench train`: seed of the shuffles; content comes from `dataset.seed` alone",
    ),
    (
        "train.seed_change_epoch",
        "`bench train`: each epoch has an order of its own",
    ),
    (
        "train.computation_time",
        "`bench train`: time that a step computes; an unknown distribution is an error (DLIO: no time at all)",
    ),
    (
        "train.computation_time_stdev",
        "`bench train`: its standard deviation",
    ),
    (
        "evaluation.eval_time",
        "`bench train`: time that a step of an evaluation computes",
    ),
    (
        "evaluation.eval_time_stdev",
        "`bench train`: its standard deviation",
    ),
    (
        "evaluation.eval_after_epoch",
        "`bench train`: first epoch with an evaluation",
    ),
    (
        "evaluation.epochs_between_evals",
        "`bench train`: epochs between evaluations",
    ),
    (
        "workflow.evaluation",
        "`bench train`: evaluates on the table `valid`",
    ),
    (
        "output.folder",
        "`bench train`: folder of the result files in DLIO's form",
    ),
    (
        "output.metric.exclude_start_steps",
        "`bench train`: steps at the beginning that do not count; left out, 1",
    ),
    (
        "output.metric.exclude_end_steps",
        "`bench train`: steps at the end that do not count",
    ),
    (
        "metric.au",
        "`bench train`: utilization that is aimed at; left out, 0.9",
    ),
];

/// Names of one word that DLIO's own objects and some files use for keys, with the key path of
/// each.
const FLAT: [(&str, &str); 12] = [
    ("parquet_columns", "dataset.parquet.columns"),
    ("parquet_field_specs", "dataset.parquet.columns"),
    ("parquet_row_group_size", "dataset.parquet.row_group_size"),
    ("parquet_num_row_groups", "dataset.parquet.row_group_size"),
    ("parquet_partition_by", "dataset.parquet.partition_by"),
    ("parquet_read_mode", "dataset.parquet.read_mode"),
    ("parquet_compression", "dataset.compression"),
    (
        "parquet_generation_batch_size",
        "dataset.parquet.generation_batch_size",
    ),
    ("parquet_use_s3dlio_gen", "dataset.parquet.use_s3dlio_gen"),
    ("do_train", "workflow.train"),
    ("do_checkpoint", "workflow.checkpoint"),
    ("do_profiling", "workflow.profiling"),
];

/// Returns the key path that a key of one word stands for.
pub(super) fn place_of_flat(key: &str) -> Option<&'static str> {
    FLAT.iter()
        .find(|(flat, _)| *flat == key)
        .map(|(_, place)| *place)
}

/// Values of DLIO's `dataset.format` other than `parquet`.
pub(super) const OTHER_FORMATS: [&str; 15] = [
    "tfrecord",
    "hdf5",
    "hdf5_opt",
    "csv",
    "npz",
    "npy",
    "dlio_npz",
    "dlio_tfrecord",
    "jpeg",
    "jpg",
    "png",
    "arrow",
    "indexed_binary",
    "mmap_indexed_binary",
    "synthetic",
];

/// Returns a page in markdown with the effect of each of DLIO's keys.
pub fn dlio_keys() -> String {
    let mut page = "# Keys of DLIO and MLPerf Storage\n\nMade from the program's own tables; `BENCH_UPDATE_DOCS=1 \
                    cargo test` writes it anew. Every key that DLIO's parser knows is accepted, at the top of a file \
                    or below `workload:`. What has no effect is named once, in a note. Other keys are errors.\n\n\
                    ## Keys that take effect\n\n| key | here |\n|---|---|\n"
        .to_owned();
    // Writing to a string cannot fail.
    for (key, here) in TAKEN {
        let _ = writeln!(page, "| `{key}` | {here} |");
    }
    for (title, sections) in [
        ("Keys without effect", KEYS.as_slice()),
        (
            "Keys of published files that DLIO does not read, without effect here, too",
            UNREAD.as_slice(),
        ),
    ] {
        let _ = writeln!(
            page,
            "\n## {title}\n\n| keys | what they are about |\n|---|---|"
        );
        for section in sections {
            let keys: Vec<String> = section.paths().map(|key| format!("`{key}`")).collect();
            let _ = writeln!(page, "| {} | {} |", keys.join(", "), section.why);
        }
    }
    page.push_str(
        "\n## Keys of one word\n\nThey are errors that name the place.\n\n| key | place |\n|---|---|\n",
    );
    for (flat, place) in FLAT {
        let _ = writeln!(page, "| `{flat}` | `{place}` |");
    }
    page
}
