//! Result files in the form of DLIO, for tools that read them. Their keys, units and quirks are
//! DLIO's: durations are texts with two decimals, times are local and have no zone, MB are MiB.
//!
//! Source: `statscounter.py` of MLCommons' DLIO (2026-07), and files that it has written.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arrow::datatypes::{DataType, Schema};
use chrono::{DateTime, Local};
use serde_json::{Map, Value, json};

use super::steps::PassSteps;
use crate::analysis::{PassSummary, TrainingRun};
use crate::observe::cores;
use crate::output::{Output, OutputError, Replaces};
use crate::record::{Lane, Phase, RunRecord, TrainingRecord, TrainingStep};
use crate::storage::hostname;

/// Name of the file about the whole run.
pub const SUMMARY: &str = "summary.json";

/// Bytes of a row of files as DLIO counts them: 8, 4, 2 or 1 for numbers, and 4 for a value of any
/// other type, however long it is.
pub(super) fn record_bytes(schema: &Schema) -> u64 {
    let value = |data_type: &DataType| match data_type {
        DataType::Boolean => 1,
        it if it.is_integer() || it.is_floating() => it.primitive_width().unwrap_or(4) as u64,
        _ => 4,
    };
    let column = |data_type: &DataType| match data_type {
        DataType::FixedSizeList(item, size) => {
            u64::try_from(*size).unwrap_or(0) * value(item.data_type())
        }
        other => value(other),
    };
    schema
        .fields()
        .iter()
        .map(|field| column(field.data_type()))
        .sum()
}

/// Names of the files that the accelerators `first..first + count` of `world` have.
fn file_names(first: u64, count: u64, world: u64) -> Vec<String> {
    let of_rank = |rank: u64| {
        [
            format!("{rank}_output.json"),
            format!("{rank}_per_epoch_stats.json"),
        ]
    };
    let mut names: Vec<String> = (first..first + count).flat_map(of_rank).collect();
    // Only a process that knows all of a run can sum it up.
    names.extend((count == world).then(|| SUMMARY.to_owned()));
    names
}

/// Refuses a folder that holds results of these accelerators already.
///
/// # Errors
///
/// A file is there, or could not be written.
pub(super) fn check_folder(
    folder: &Path,
    first: u64,
    count: u64,
    world: u64,
) -> Result<(), OutputError> {
    let refused = |path: PathBuf, why: String| OutputError::Refused {
        path,
        reason: format!("{why}; set output.folder to another one, or leave it out"),
    };
    std::fs::create_dir_all(folder).map_err(|source| {
        refused(
            folder.to_path_buf(),
            format!("this folder cannot be made: {source}"),
        )
    })?;
    for name in file_names(first, count, world) {
        Output::claim(&folder.join(name), Replaces::Nothing).map_err(|error| match error {
            OutputError::Refused { path, reason } => refused(path, reason),
            failed => failed,
        })?;
    }
    Ok(())
}

/// Writes the files of this process's accelerators, and the summary if these are all.
///
/// # Errors
///
/// A file cannot be written.
pub(super) fn write_files(
    folder: &Path,
    record: &RunRecord,
    steps: &[PassSteps],
) -> Result<(), OutputError> {
    let Some(training) = &record.training else {
        return Ok(());
    };
    let first = training.rank * training.accelerators;
    for place in 0..training.accelerators as usize {
        let rank = first + place as u64;
        let output = output_json(training, steps, place);
        write(&folder.join(format!("{rank}_output.json")), &output)?;
        let stats = per_epoch_stats(steps, place);
        write(&folder.join(format!("{rank}_per_epoch_stats.json")), &stats)?;
    }
    let records = std::slice::from_ref(record);
    if training.world_size == 1
        && let Some(Ok(run)) = TrainingRun::of(records)
    {
        write_summary(folder, &run)?;
    }
    Ok(())
}

/// Writes `summary.json` of a run whose ranks are all known.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_summary(folder: &Path, run: &TrainingRun<'_>) -> Result<PathBuf, OutputError> {
    let file = folder.join(SUMMARY);
    write(&file, &summary(run))?;
    Ok(file)
}

fn write(file: &Path, content: &Value) -> Result<(), OutputError> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|source| OutputError::Failed {
            path: folder.to_path_buf(),
            source,
        })?;
    }
    let text = format!("{content:#}\n");
    Output::claim(file, Replaces::Nothing)?.write(|file| file.write_all(text.as_bytes()))
}

/// A time as Python's `isoformat` writes a local one.
fn local(time: SystemTime) -> String {
    DateTime::<Local>::from(time)
        .format("%Y-%m-%dT%H:%M:%S%.6f")
        .to_string()
}

/// A local time, of one that a record has.
fn local_of(text: &str, after_ns: u64) -> String {
    let time: Option<DateTime<chrono::Utc>> = text.parse().ok();
    let time = time.map(SystemTime::from).unwrap_or(SystemTime::UNIX_EPOCH);
    local(time + std::time::Duration::from_nanos(after_ns))
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// A file of /proc as names and texts.
fn pairs(path: &str, skip: impl Fn(&str) -> bool) -> Map<String, Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let pairs = pairs.filter(|(name, _)| !skip(name));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), json!(value.trim())))
        .collect()
}

/// Entries about this host that two of the files have.
fn host() -> (Map<String, Value>, Map<String, Value>, f64) {
    // The last processor's pairs replace those of the others.
    let cpu = pairs("/proc/cpuinfo", |name| name.trim() == "processor");
    let memory = pairs("/proc/meminfo", |_| false);
    let total = memory
        .get("MemTotal")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let kibibytes: f64 = total.trim_end_matches(" kB").parse().unwrap_or(0.0);
    (cpu, memory, kibibytes / f64::from(1 << 20))
}

/// GiB of rows that each host reads, by declared sizes.
fn data_size_per_host_gb(training: &TrainingRecord, world: u64, hosts: u64) -> f64 {
    let per_rank = training.rows / world.max(1);
    let ranks = world.div_ceil(hosts.max(1));
    (ranks * per_rank * training.record_bytes) as f64 / f64::from(1 << 30)
}

fn summary(run: &TrainingRun<'_>) -> Value {
    let Some(training) = run.training() else {
        return json!({});
    };
    let records = &run.records;
    let mut hosts: Vec<&str> = Vec::new();
    for record in records {
        if let Some(training) = &record.training
            && !hosts.contains(&training.hostname.as_str())
        {
            hosts.push(&training.hostname);
        }
    }
    let world = training.world_size * training.accelerators;
    // What /proc says is known of this host alone.
    let (cpu, memory, _) = match hosts.as_slice() {
        [only] if *only == hostname() => host(),
        _ => Default::default(),
    };
    let host_count = hosts.len() as u64;
    let size_gb = data_size_per_host_gb(training, world, host_count);
    let of_host = |name: &str| {
        let mut records = records.iter();
        let is_of = |record: &&&RunRecord| {
            record
                .training
                .as_ref()
                .is_some_and(|training| training.hostname == name)
        };
        records.find(is_of).map(|record| &record.system)
    };
    let systems: Vec<_> = hosts.iter().filter_map(|name| of_host(name)).collect();
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let memories: Vec<f64> = systems
        .iter()
        .map(|it| gib(it.memory_total_bytes))
        .collect();
    let caching: Vec<u8> = memories
        .iter()
        .map(|memory| u8::from(size_gb <= *memory))
        .collect();
    let cpus: Vec<u64> = systems
        .iter()
        .map(|it| it.cores_online.max(it.cores))
        .collect();
    let metric: Map<String, Value> = metric(run, training, Phase::Train, "train")
        .into_iter()
        .chain(metric(run, training, Phase::Evaluation, "eval"))
        .collect();
    let first = records.first();
    let started = first.map_or_else(String::new, |it| local_of(&it.started_at, 0));
    let ended = first.and_then(|it| it.training.as_ref()?.epochs.last());
    let ended = ended.map_or_else(String::new, |epoch| {
        local_of(&epoch.started_at, epoch.figures.elapsed_ns)
    });
    json!({
        "start": started,
        "num_accelerators": world,
        "num_hosts": host_count,
        "hostname": training.hostname,
        "metric": metric,
        "num_files_train": training.files,
        "num_files_eval": training.files_of_evaluation,
        "num_samples_per_file": training.rows / training.files.max(1),
        "host_cpu_count": cpus,
        "host_processor_name": "",
        "potential_caching": caching,
        "host_cpuinfo": cpu,
        "host_meminfo": memory,
        "host_memory_GB": memories,
        "data_size_per_host_GB": size_gb,
        "epochs": training.epochs_asked,
        "end": ended,
    })
}

/// The nine figures of a phase. Empty if there was no such pass.
fn metric(
    run: &TrainingRun<'_>,
    training: &TrainingRecord,
    phase: Phase,
    prefix: &str,
) -> Vec<(String, Value)> {
    let passes = run.passes.iter();
    let passes = passes.filter(|it| it.phase == phase && it.lane == Lane::EndToEnd);
    let passes: Vec<&PassSummary> = passes.collect();
    if passes.is_empty() {
        return Vec::new();
    }
    let percent = |it: &&PassSummary| it.measured_utilization.unwrap_or(0.0) * 100.0;
    let au: Vec<f64> = passes.iter().map(percent).collect();
    let rates: Vec<f64> = passes
        .iter()
        .map(|it| it.dlio_samples_per_s.unwrap_or(0.0))
        .collect();
    let to_mib = training.record_bytes as f64 / f64::from(1 << 20);
    let ((au_mean, au_deviation), (rate, rate_deviation)) = (mean(&au), mean(&rates));
    let met = match au_mean >= training.target_utilization * 100.0 {
        true => "success",
        false => "fail",
    };
    let key = |name: &str| format!("{prefix}_{name}");
    vec![
        (key("au_percentage"), json!(au)),
        (key("au_mean_percentage"), json!(au_mean)),
        (key("au_meet_expectation"), json!(met)),
        (key("au_stdev_percentage"), json!(au_deviation)),
        (key("throughput_samples_per_second"), json!(rates)),
        (key("throughput_mean_samples_per_second"), json!(rate)),
        (
            key("throughput_stdev_samples_per_second"),
            json!(rate_deviation),
        ),
        (key("io_mean_MB_per_second"), json!(rate * to_mib)),
        (
            key("io_stdev_MB_per_second"),
            json!(rate_deviation * to_mib),
        ),
    ]
}

/// Mean and population standard deviation.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    (mean, (square / count).sqrt())
}

/// Name of a phase's only block.
fn block(phase: Phase) -> &'static str {
    match phase {
        Phase::Train => "block1",
        Phase::Evaluation => "eval",
    }
}

fn output_json(training: &TrainingRecord, steps: &[PassSteps], place: usize) -> Value {
    let (cpu, memory, memory_gb) = host();
    let world = training.world_size * training.accelerators;
    let size_gb = data_size_per_host_gb(training, world, 1);
    let mut output = Map::from_iter([
        ("host_memory_GB".to_owned(), json!(memory_gb)),
        ("host_cpu_count".to_owned(), json!(cores())),
        ("host_processor_name".to_owned(), json!("")),
        ("host_cpuinfo".to_owned(), json!(cpu)),
        ("host_meminfo".to_owned(), json!(memory)),
        (
            "potential_caching".to_owned(),
            json!(u8::from(size_gb <= memory_gb)),
        ),
    ]);
    for pass in steps {
        let (Some(done), Some(rates)) = (pass.steps.get(place), pass.utilizations.get(place))
        else {
            continue;
        };
        let times = |figure: fn(&TrainingStep) -> u64| -> Vec<f64> {
            done.steps
                .iter()
                .map(|step| seconds(figure(step)))
                .collect()
        };
        let entry = output
            .entry(pass.epoch.to_string())
            .or_insert_with(|| json!({}));
        let samples: u64 = done.steps.iter().map(|step| step.samples).sum();
        let throughput = match pass.phase {
            Phase::Train => rates.samples_per_s.unwrap_or(0.0),
            // Nothing of an evaluation is excluded.
            Phase::Evaluation => samples as f64 / seconds(done.elapsed_ns.max(1)),
        };
        let block = block(pass.phase);
        let of_block = [
            ("load", json!(times(|step| step.waiting_ns))),
            (
                "proc",
                json!(times(|step| step.waiting_ns + step.compute_ns)),
            ),
            ("compute", json!(times(|step| step.compute_ns))),
            ("throughput", json!(throughput)),
            (
                "au",
                json!(rates.measured_utilization.unwrap_or(0.0) * 100.0),
            ),
        ];
        for (key, value) in of_block {
            entry[key][block] = value;
        }
        entry["host_meminfo"] = json!(memory);
        entry["end"] = json!(local(pass.ended));
    }
    output.insert("hostname".to_owned(), json!(training.hostname));
    Value::Object(output)
}

fn per_epoch_stats(steps: &[PassSteps], place: usize) -> Value {
    let mut stats = Map::new();
    for pass in steps {
        let Some(done) = pass.steps.get(place) else {
            continue;
        };
        let duration = format!("{:.2}", seconds(done.elapsed_ns));
        let (start, end) = (local(pass.started), local(pass.ended));
        let block_of = json!({"start": start, "end": end, "duration": duration});
        let entry = stats
            .entry(pass.epoch.to_string())
            .or_insert_with(|| json!({}));
        match pass.phase {
            Phase::Train => {
                *entry =
                    json!({"start": start, "block1": block_of, "end": end, "duration": duration});
            }
            Phase::Evaluation => {
                entry["eval"] = block_of;
                // DLIO moves the end of the epoch behind the evaluation, and keeps its duration.
                entry["end"] = json!(end);
            }
        }
    }
    Value::Object(stats)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn a_row_has_the_bytes_that_dlio_counts() {
        let vector = |item: DataType, size: i32| {
            DataType::FixedSizeList(Arc::new(Field::new("item", item, true)), size)
        };
        let types = [
            (DataType::Float64, 8),
            (DataType::Float16, 2),
            (DataType::Int8, 1),
            (DataType::Boolean, 1),
            (DataType::Utf8View, 4),
            (DataType::BinaryView, 4),
            (DataType::Date32, 4),
            (vector(DataType::Float32, 10), 40),
        ];
        let fields = types.iter().enumerate();
        let fields: Vec<Field> = fields
            .map(|(index, (data_type, _))| Field::new(index.to_string(), data_type.clone(), true))
            .collect();
        let expected: u64 = types.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(record_bytes(&Schema::new(fields)), expected);
    }
}
