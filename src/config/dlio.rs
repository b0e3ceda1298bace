//! Keys of DLIO and MLPerf Storage that a workload file may have and that mean nothing here.
//!
//! Source: `LoadConfig` in `dlio_benchmark/utils/config.py`, of Argonne's DLIO and of MLCommons' fork of it.

/// Marks a schema as that of a key without effect.
pub(super) const NO_EFFECT: &str = "x-no-effect";

/// Key path of a mapping, outer ones first -> its keys without effect. The empty path is the top.
pub(super) const KEYS: [(&str, &[&str]); 18] = [
    ("", &["framework", "defaults", "hydra"]),
    (
        "model",
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
    (
        "model.parallelism",
        &["tensor", "pipeline", "data", "zero_stage"],
    ),
    (
        "model.transformer",
        &[
            "vocab_size",
            "hidden_size",
            "ffn_hidden_size",
            "num_attention_heads",
            "num_kv_heads",
        ],
    ),
    (
        "storage",
        &[
            "storage_options",
            "storage_library",
            "s3_region",
            "s3_endpoint",
            "s3_force_path_style",
            "s3_max_attempts",
        ],
    ),
    (
        "dataset",
        &[
            "record_length_stdev",
            "record_length_resize",
            "record_length_bytes_stdev",
            "record_length_bytes_resize",
            "generation_buffer_size",
            "enable_chunking",
            "chunk_size",
            "chunking",
            "keep_files",
            "record_element_bytes",
            "record_element_type",
            "record_dims",
        ],
    ),
    (
        "dataset.hdf5",
        &["chunk_dims", "num_dset_per_record", "max_shape"],
    ),
    ("dataset.parquet", &["generation_batch_size"]),
    (
        "reader",
        &[
            "dont_use_mmap",
            "reader_classname",
            "multiprocessing_context",
            "data_loader",
            "data_loader_classname",
            "data_loader_sampler",
            "computation_threads",
            "batch_size_eval",
            "prefetch_size",
            "file_shuffle",
            "file_access",
            "shuffle_size",
            "sample_shuffle",
            "read_type",
            "transfer_size",
            "preprocess_time",
            "preprocess_time_stdev",
            "pin_memory",
            "transformed_record_dims",
            "transformed_record_element_type",
        ],
    ),
    (
        "train",
        &[
            "epochs",
            "total_training_steps",
            "seed_change_epoch",
            "computation_time",
            "computation_time_stdev",
        ],
    ),
    (
        "evaluation",
        &[
            "eval_time",
            "eval_time_stdev",
            "eval_after_epoch",
            "epochs_between_evals",
        ],
    ),
    (
        "checkpoint",
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
    (
        "checkpoint.ksm",
        &[
            "madv_mergeable_id",
            "high_ram_trigger",
            "low_ram_exit",
            "await_time",
        ],
    ),
    ("output", &["folder", "log_file"]),
    (
        "output.metric",
        &["exclude_start_steps", "exclude_end_steps"],
    ),
    (
        "workflow",
        &["train", "evaluation", "checkpoint", "profiling"],
    ),
    ("profiling", &["profiler", "iostat_devices"]),
    ("metric", &["au"]),
];
