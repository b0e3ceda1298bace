//! The sections of the training loop: `train`, `evaluation`, `output`, `metric`, and parts of
//! `reader`.

use std::path::PathBuf;

use super::findings::Findings;
use super::key_path::KeyPath;
use super::leaf::{Leaf, ShuffleWord, StepTime};
use super::model::{
    Computation, Evaluation, ExcludedSteps, Loading, ReadMode, Reader, Shuffling, Training,
};
use super::raw::{
    RawComputation, RawComputationKeys, RawEvaluation, RawMetric, RawOutput, RawReader, RawTrain,
};
use crate::suggest::did_you_mean;

// DLIO's defaults: `ConfigArguments` in dlio_benchmark/utils/config.py.
const DEFAULT_SEED: u64 = 123;
const DEFAULT_PREFETCHED_BATCHES: u64 = 2;
const DEFAULT_TARGET: f64 = 0.9;
const DEFAULT_EXCLUDED_START: u64 = 1;

/// Decoded row groups that are kept for samples by index, if the config names no number.
const DEFAULT_CACHED_ROW_GROUPS: u64 = 8;

/// Most epochs, and most accelerators of one process, each of which has a thread and batches of its
/// own.
const MOST_EPOCHS: u64 = 1_000_000;
const MOST_ACCELERATORS: u64 = 4096;

/// Largest parameter of a distribution of times: an hour in seconds.
const LARGEST_PARAMETER: f64 = 3600.0;

/// Most rows of a batch, and most batches that may wait.
const MOST_BATCH_ROWS: u64 = 1 << 32;
const MOST_PREFETCHED: u64 = 1 << 20;

/// Key of the folder for results in DLIO's form.
const OUTPUT_FOLDER: &str = "output.folder";

/// True if a value is a folder that Hydra would make. There is none here, and the folder counts as
/// left out.
pub(super) fn is_left_to_hydra(path: &str, folder: &str) -> bool {
    let is_hydras = |resolver| folder.contains(resolver);
    path == OUTPUT_FOLDER && ["${hydra:", "${now:"].into_iter().any(is_hydras)
}

/// The sections that describe a training loop.
#[derive(Default)]
pub(super) struct LoopSections {
    pub(super) train: RawTrain,
    pub(super) evaluation: RawEvaluation,
    pub(super) output: RawOutput,
    pub(super) metric: RawMetric,
    /// `workflow.evaluation`.
    pub(super) evaluates: Option<Leaf<bool>>,
}

/// Validates the training loop. It takes the keys of `reader` that are about it.
pub(super) fn training(
    sections: LoopSections,
    raw_reader: &mut RawReader,
    reader: &Reader,
    findings: &mut Findings<'_>,
) -> Training {
    let path = KeyPath::of(["train"]);
    let LoopSections {
        train,
        evaluation,
        output,
        metric,
        evaluates,
    } = sections;
    let epochs = findings.take_count(&path.key("epochs"), train.epochs);
    let epochs = findings.at_most(&path.key("epochs"), epochs, MOST_EPOCHS);
    let accelerators = findings.take_count(&path.key("accelerators"), train.accelerators);
    let accelerators = findings.at_most(&path.key("accelerators"), accelerators, MOST_ACCELERATORS);
    let steps = findings.take(
        &path.key("total_training_steps"),
        train.total_training_steps,
    );
    let computation = computation(
        (path.key("computation_time"), train.computation_time),
        (
            path.key("computation_time_stdev"),
            train.computation_time_stdev,
        ),
        findings,
    );
    let output_path = KeyPath::of(["output"]);
    let excluded = output.metric.unwrap_or_default();
    let excluded_path = output_path.key("metric");
    let start = findings.take(
        &excluded_path.key("exclude_start_steps"),
        excluded.exclude_start_steps,
    );
    let end = findings.take(
        &excluded_path.key("exclude_end_steps"),
        excluded.exclude_end_steps,
    );
    let target = findings.take(&KeyPath::of(["metric", "au"]), metric.au);
    let folder = findings.take_text(&output_path.key("folder"), output.folder);
    Training {
        epochs: epochs.map_or(1, |epochs| epochs as u32),
        steps: steps.and_then(|steps| steps.0),
        computation,
        seed: findings
            .take(&path.key("seed"), train.seed)
            .unwrap_or(DEFAULT_SEED),
        seed_change_epoch: findings
            .take(&path.key("seed_change_epoch"), train.seed_change_epoch)
            .unwrap_or(true),
        accelerators: accelerators.map_or(1, |count| count as u32),
        barrier: findings
            .take(&path.key("barrier"), train.barrier)
            .unwrap_or(true),
        loading: loading(raw_reader, reader, findings),
        evaluation: evaluation_of(evaluation, evaluates, raw_reader, findings),
        target_utilization: target.map_or(DEFAULT_TARGET, |share| share.0),
        excluded_steps: ExcludedSteps {
            start: start.unwrap_or(DEFAULT_EXCLUDED_START),
            end: end.unwrap_or(0),
        },
        output_folder: folder
            .filter(|folder| !is_left_to_hydra(OUTPUT_FOLDER, folder))
            .map(PathBuf::from),
    }
}

fn loading(raw: &mut RawReader, reader: &Reader, findings: &mut Findings<'_>) -> Loading {
    let path = KeyPath::of(["reader"]);
    let prefetched = findings.take(&path.key("prefetch_size"), raw.prefetch_size.take());
    let prefetched = findings.at_most(&path.key("prefetch_size"), prefetched, MOST_PREFETCHED);
    let cached = findings.take_count(&path.key("cached_row_groups"), raw.cached_row_groups.take());
    let mut shuffles = |key: &str, word: Option<Leaf<ShuffleWord>>| {
        let word = findings.take(&path.key(key), word);
        word.is_some_and(|word| word.0 != Shuffling::Off)
    };
    let shuffles_files = shuffles("file_shuffle", raw.file_shuffle.take());
    let shuffles_rows = shuffles("sample_shuffle", raw.sample_shuffle.take());
    let shuffle_rows = findings.take_count(&path.key("shuffle_size"), raw.shuffle_size.take());
    if shuffle_rows.is_some() && !shuffles_rows {
        findings
            .notes
            .push("`reader.shuffle_size` has no effect without `reader.sample_shuffle`".to_owned());
    }
    if cached.is_some() && reader.read_mode != ReadMode::OnDemand {
        findings.problem(
            &path.key("cached_row_groups"),
            "is for samples by index; set `dataset.parquet.read_mode: on_demand`, or leave it out",
        );
    }
    let batch_path = path.key("batch_size");
    Loading {
        batch_rows: findings
            .at_most(&batch_path, reader.batch_size, MOST_BATCH_ROWS)
            .unwrap_or(1),
        readers: reader.read_threads,
        prefetched_batches: prefetched.unwrap_or(DEFAULT_PREFETCHED_BATCHES),
        drop_last: findings
            .take(&path.key("drop_last"), raw.drop_last.take())
            .unwrap_or(true),
        shuffles_files,
        shuffles_rows,
        shuffle_rows,
        access: reader.read_mode,
        cached_row_groups: cached.unwrap_or(DEFAULT_CACHED_ROW_GROUPS),
        tensors: findings
            .take(&path.key("tensors"), raw.tensors.take())
            .unwrap_or_default(),
    }
}

fn evaluation_of(
    raw: RawEvaluation,
    evaluates: Option<Leaf<bool>>,
    reader: &mut RawReader,
    findings: &mut Findings<'_>,
) -> Option<Evaluation> {
    let path = KeyPath::of(["evaluation"]);
    let evaluates = findings.take(&KeyPath::of(["workflow", "evaluation"]), evaluates);
    let batch_path = KeyPath::of(["reader", "batch_size_eval"]);
    let batch_rows = findings.take_count(&batch_path, reader.batch_size_eval.take());
    let batch_rows = findings.at_most(&batch_path, batch_rows, MOST_BATCH_ROWS);
    let mut epoch = |key: &str, count| {
        let path = path.key(key);
        let count = findings.take_count(&path, count);
        findings
            .at_most(&path, count, MOST_EPOCHS)
            .map_or(1, |count| count as u32)
    };
    let after_epoch = epoch("eval_after_epoch", raw.eval_after_epoch);
    let every_epochs = epoch("epochs_between_evals", raw.epochs_between_evals);
    let computation = computation(
        (path.key("eval_time"), raw.eval_time),
        (path.key("eval_time_stdev"), raw.eval_time_stdev),
        findings,
    );
    evaluates.unwrap_or(false).then(|| Evaluation {
        batch_rows: batch_rows.unwrap_or(1),
        computation,
        after_epoch,
        every_epochs,
    })
}

/// Names of the distributions of computation times, with the keys of each.
const KINDS: [(&str, &[&str]); 5] = [
    ("normal", &["mean", "stdev"]),
    ("uniform", &["min", "max"]),
    ("gamma", &["shape", "scale"]),
    ("exponential", &["scale"]),
    ("poisson", &["lam"]),
];

/// Returns the distribution of a time, and of a standard deviation that is given beside it.
fn computation(
    (path, time): (KeyPath, Option<RawComputation>),
    (std_dev_path, std_dev): (KeyPath, Option<Leaf<f64>>),
    findings: &mut Findings<'_>,
) -> Computation {
    let std_dev = findings.take(&std_dev_path, std_dev);
    let found = match time {
        None => Computation::Constant(0.0),
        Some(RawComputation::Time(leaf)) => {
            let seconds = findings
                .take(&path, Some(leaf))
                .map_or(0.0, |StepTime(it)| it);
            Computation::Constant(seconds)
        }
        Some(RawComputation::Keys(keys)) => drawn(*keys, &path, findings),
    };
    match (found, std_dev) {
        (found, None) => found,
        (Computation::Constant(mean), Some(std_dev)) => {
            normal(mean, std_dev, &std_dev_path, findings)
        }
        (found, Some(_)) => {
            findings.problem(
                &std_dev_path,
                format!("stands beside a distribution in `{path}`; leave it out"),
            );
            found
        }
    }
}

fn normal(mean: f64, std_dev: f64, path: &KeyPath, findings: &mut Findings<'_>) -> Computation {
    if !(0.0..=LARGEST_PARAMETER).contains(&std_dev) {
        findings.problem(
            path,
            format!("{std_dev:e} is not a standard deviation; write a number from 0 to {LARGEST_PARAMETER}"),
        );
        return Computation::Constant(mean);
    }
    match std_dev {
        0.0 => Computation::Constant(mean),
        std_dev => Computation::Normal { mean, std_dev },
    }
}

fn drawn(keys: RawComputationKeys, path: &KeyPath, findings: &mut Findings<'_>) -> Computation {
    let names_kind = keys.kind.is_some();
    let kind = match findings.take(&path.key("type"), keys.kind) {
        Some(kind) => kind,
        None if names_kind => return Computation::Constant(0.0),
        None => "normal".to_owned(),
    };
    let given = [
        ("mean", keys.mean),
        ("stdev", keys.stdev),
        ("min", keys.min),
        ("max", keys.max),
        ("shape", keys.shape),
        ("scale", keys.scale),
        ("lam", keys.lam),
    ];
    let names = KINDS.iter().map(|(name, _)| *name);
    let Some((_, own)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let near = did_you_mean(&kind, names.clone());
        let known: Vec<&str> = names.collect();
        let known = known.join(", ");
        findings.problem(
            &path.key("type"),
            format!("`{kind}` is not a distribution of times; known: {known}{near}"),
        );
        return Computation::Constant(0.0);
    };
    let mut values = [None; 7];
    // Keys with a problem of their own, which are not missing.
    let mut unreadable = Vec::new();
    for ((name, leaf), value) in given.into_iter().zip(&mut values) {
        if leaf.is_some() && !own.contains(&name) {
            let message = format!("is no key of `{kind}`, which has {}", own.join(", "));
            findings.problem(&path.key(name), message);
        }
        let is_given = leaf.is_some();
        *value = findings.take(&path.key(name), leaf);
        if is_given && value.is_none() {
            unreadable.push(name);
        }
    }
    let [mean, std_dev, min, max, shape, scale, lam] = values;
    let mut needed = |name: &str, value: Option<f64>| match value {
        None if unreadable.contains(&name) => 0.0,
        Some(value) if (0.0..=LARGEST_PARAMETER).contains(&value) => value,
        Some(value) => {
            findings.problem(
                &path.key(name),
                format!("{value} is not a number from 0 to {LARGEST_PARAMETER}"),
            );
            0.0
        }
        None => {
            findings.problem(path, format!("needs `{name}` for `{kind}`"));
            0.0
        }
    };
    match kind.as_str() {
        "uniform" => {
            let (min, max) = (needed("min", min), needed("max", max));
            if min > max {
                findings.problem(&path.key("max"), format!("{max} is below `min`, {min}"));
            }
            Computation::Uniform { min, max }
        }
        "gamma" => {
            let (shape, scale) = (needed("shape", shape), needed("scale", scale));
            if shape == 0.0 {
                findings.problem(&path.key("shape"), "must be above 0");
            }
            Computation::Gamma { shape, scale }
        }
        "exponential" => Computation::Exponential {
            scale: needed("scale", scale),
        },
        "poisson" => Computation::Poisson {
            mean: needed("lam", lam),
        },
        _ => {
            let mean = needed("mean", mean);
            normal(mean, std_dev.unwrap_or(0.0), &path.key("stdev"), findings)
        }
    }
}
