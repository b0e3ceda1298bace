//! Keys that only one of the verbs uses: `bench train`, or those that run queries.

use serde_json::Value as Json;

/// Keys and sections that take effect in training alone.
const OF_TRAINING: [&str; 13] = [
    "train",
    "evaluation",
    "workflow.evaluation",
    "output.folder",
    "output.metric",
    "metric.au",
    "reader.batch_size_eval",
    "reader.prefetch_size",
    "reader.file_shuffle",
    "reader.sample_shuffle",
    "reader.shuffle_size",
    "reader.drop_last",
    "reader.tensors",
];

/// Keys and sections that take effect in queries alone.
const OF_QUERIES: [&str; 14] = [
    "scenarios",
    "tables",
    "measure.warmup",
    "measure.rounds",
    "measure.precision",
    "measure.time_budget",
    "measure.effect",
    "measure.streams",
    "measure.workers",
    "measure.held_against",
    "measure.control",
    "measure.peak_memory",
    "measure.break_even",
    "measure.seed",
];

/// Returns the given keys that take effect in training alone.
pub(super) fn keys_of_training(tree: &Json) -> Vec<String> {
    given(tree, &OF_TRAINING)
}

/// True if a key path takes effect in training alone.
pub(super) fn is_of_training(key: &str) -> bool {
    OF_TRAINING.contains(&key)
}

/// Returns the given keys that take effect in queries alone.
pub(super) fn keys_of_queries(tree: &Json) -> Vec<String> {
    given(tree, &OF_QUERIES)
}

fn given(tree: &Json, keys: &[&str]) -> Vec<String> {
    let is_given = |key: &&&str| {
        let pointer = format!("/{}", key.replace('.', "/"));
        let found = tree.pointer(&pointer);
        found.is_some_and(|value| !value.is_null())
    };
    keys.iter()
        .filter(is_given)
        .map(|key| (*key).to_owned())
        .collect()
}
