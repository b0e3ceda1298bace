use std::collections::BTreeSet;

use super::*;

/// Keys that `LoadConfig` of the two versions of DLIO reads, and other keys of current files of
/// MLPerf Storage.
const READ_BY_DLIO: &str = "
framework
storage.storage_type storage.storage_root storage.storage_options storage.storage_library
storage.post_generation_settle_seconds
dataset.record_length_bytes dataset.record_length_bytes_stdev dataset.record_length_bytes_resize
dataset.num_files_train dataset.num_files_eval dataset.generation_buffer_size dataset.num_samples_per_file
dataset.data_folder dataset.num_subfolders_train dataset.num_subfolders_eval dataset.enable_chunking
dataset.chunk_size dataset.compression dataset.compression_level dataset.file_prefix dataset.format
dataset.data_gen_method dataset.keep_files dataset.record_element_bytes dataset.record_element_type
dataset.record_dims dataset.skip_listing dataset.listing_validation_interval dataset.num_files_generated
dataset.parquet.columns dataset.parquet.row_group_size dataset.parquet.partition_by
dataset.parquet.generation_batch_size dataset.parquet.use_s3dlio_gen dataset.parquet.read_mode
dataset.arrow.columns dataset.arrow.generation_batch_size
dataset.hdf5.chunk_dims dataset.hdf5.num_dset_per_record dataset.hdf5.max_shape
reader.dont_use_mmap reader.reader_classname reader.multiprocessing_context reader.data_loader
reader.data_loader_classname reader.data_loader_sampler reader.read_threads reader.write_threads
reader.computation_threads reader.batch_size reader.batch_size_eval reader.prefetch_size reader.file_shuffle
reader.file_access reader.shuffle_size reader.sample_shuffle reader.read_type reader.transfer_size
reader.odirect reader.preprocess_time reader.preprocess_time_stdev reader.pin_memory
reader.transformed_record_dims reader.transformed_record_element_type
train.epochs train.total_training_steps train.seed_change_epoch train.computation_time
train.computation_time_stdev train.seed
evaluation.eval_time evaluation.eval_time_stdev evaluation.eval_after_epoch evaluation.epochs_between_evals
checkpoint.checkpoint_folder checkpoint.checkpoint_after_epoch checkpoint.epochs_between_checkpoints
checkpoint.steps_between_checkpoints checkpoint.type checkpoint.checkpoint_mechanism_classname checkpoint.fsync
checkpoint.time_between_checkpoints checkpoint.num_checkpoints_write checkpoint.num_checkpoints_read
checkpoint.recovery_rank_shift checkpoint.rank_sync checkpoint.mode checkpoint.randomize_tensor
checkpoint.ksm.madv_mergeable_id checkpoint.ksm.high_ram_trigger checkpoint.ksm.low_ram_exit
checkpoint.ksm.await_time
model.name model.type model.model_size_bytes model.optimization_groups model.num_layers model.layer_parameters
model.model_datatype model.optimizer_datatype
model.parallelism.tensor model.parallelism.pipeline model.parallelism.data model.parallelism.zero_stage
model.transformer.vocab_size model.transformer.hidden_size model.transformer.ffn_hidden_size
model.transformer.num_attention_heads model.transformer.num_kv_heads
output.folder output.log_file output.metric.exclude_start_steps output.metric.exclude_end_steps
workflow.train workflow.generate_data workflow.evaluation workflow.checkpoint workflow.profiling
profiling.profiler profiling.iostat_devices
metric.au
logging dataset.total_disk_bytes dataset.generation_batch_size workflow.debug
";

#[test]
fn every_key_that_dlio_reads_takes_effect_or_is_named_as_without() {
    for key in READ_BY_DLIO.split_whitespace() {
        let taken = dlio::TAKEN.iter().any(|(taken, _)| *taken == key);
        match load(
            &source("dataset: {}"),
            &overrides(&[&format!("{key}=1")], &[]),
        ) {
            Ok(config) => {
                let note = format!("these DLIO keys have no effect here: {key}");
                assert_eq!(config.notes.contains(&note), !taken, "{key}");
            }
            // A value that this key does not take.
            Err(error) => {
                let message = error.to_string();
                assert!(taken && !message.contains("unknown key"), "{message}");
            }
        }
    }
}

#[test]
fn every_key_that_the_page_says_takes_effect_does() {
    let schema = json_schema();
    for (key, _) in dlio::TAKEN {
        let pointer = format!("/properties/{}", key.replace('.', "/properties/"));
        let found = schema.pointer(&pointer);
        let without = found.is_some_and(|schema| schema.get(dlio::NO_EFFECT).is_some());
        assert!(found.is_some() && !without, "{key}");
    }
}

#[test]
fn the_page_names_every_key() {
    let page = dlio_keys();
    for key in READ_BY_DLIO.split_whitespace() {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn no_key_stands_in_two_tables() {
    let taken = dlio::TAKEN.iter().map(|(key, _)| (*key).to_owned());
    let others = dlio::without_effect().flat_map(dlio::Section::paths);
    let mut seen = BTreeSet::new();
    for key in taken.chain(others) {
        assert!(seen.insert(key.clone()), "{key}");
    }
}

#[test]
fn a_section_that_dlio_does_not_read_may_hold_anything() {
    let config = good(
        "dataset: {}\nlogging: {level: INFO, handlers: [a]}\ngenerator: {num_workers: 32}\nstorage: {load_balance_strategy: round_robin}\n",
    );
    assert_eq!(
        config.notes,
        ["these DLIO keys have no effect here: logging, generator, storage.load_balance_strategy"]
    );
}

#[test]
fn keys_of_one_word_name_their_place() {
    for (text, expected) in [
        (
            "dataset: {parquet_row_group_size: 5}",
            "dataset.parquet_row_group_size: unknown key (did you mean `dataset.parquet.row_group_size`?)",
        ),
        (
            "dataset: {}\nparquet_field_specs: []",
            "parquet_field_specs: unknown key (did you mean `dataset.parquet.columns`?)",
        ),
        (
            "dataset: {parquet_compression: snappy}",
            "dataset.parquet_compression: unknown key (did you mean `dataset.compression`?)",
        ),
    ] {
        let message = bad(text);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn secrets_of_the_reader_are_kept_out_of_the_record() {
    let config =
        good("dataset: {}\nreader: {storage_options: {secret_access_key: abc, region: eu}}");
    let options = config.resolved.pointer("/reader/storage_options").unwrap();
    assert_eq!(
        *options,
        json!({"secret_access_key": "<removed>", "region": "eu"})
    );
}
