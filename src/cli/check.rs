//! `bench check`, and what `--dry-run` shows.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::ExitCode;

use super::arguments::CheckArguments;
use super::exit::CommandError;
use super::progress::Progress;
use super::{load, runtime, show_text};
use crate::config::{Config, PageCache, ReadMode, ScenarioSource, Variant, to_yaml};
use crate::dataset::{Found, probe};
use crate::measure::memory_bytes;
use crate::record::EngineCache;
use crate::run::{DatasetState, Datasets, RunError, check as check_cells, free_bytes, writers};
use crate::units;

/// MLPerf Storage wants datasets of five times the host's memory, so that the page cache cannot serve them.
const MLPERF_MEMORY_FACTOR: u64 = 5;

pub(super) fn check(arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let config = load::config(&arguments.config, None, &[])?;
    let yaml = to_yaml(&config.resolved).map_err(CommandError::Failed)?;
    show_text(&format!(
        "# resolved config\n{yaml}\n{}",
        describe(&config)?
    ))
}

/// What a run of the config would write and measure.
pub(super) fn dry_run(config: &Config) -> Result<ExitCode, CommandError> {
    show_text(&describe(config)?)
}

fn describe(config: &Config) -> Result<String, CommandError> {
    let mut text = String::new();
    let failed = |_| CommandError::Failed("a description cannot be written".to_owned());
    for note in &config.notes {
        writeln!(text, "note: {note}").map_err(failed)?;
    }
    let runtime = runtime()?;
    let datasets = runtime.block_on(Datasets::place(config))?;
    runtime.block_on(check_cells(config, &datasets, &Progress::new()))?;
    writeln!(text, "# variants (the first is the baseline)").map_err(failed)?;
    for (variant, dataset) in config.variants.iter().zip(&datasets.of_variant) {
        let dataset = dataset
            .and_then(|index| datasets.all.get(index))
            .map(|state| state.plan.id());
        let dataset =
            dataset.map_or_else(|| "existing files".to_owned(), |id| format!("dataset {id}"));
        writeln!(text, "{}: {dataset}{}", variant.name, reading(variant)).map_err(failed)?;
    }
    if !datasets.all.is_empty() {
        writeln!(text, "\n# datasets").map_err(failed)?;
    }
    for state in &datasets.all {
        text.push_str(&dataset(state)?);
    }
    let to_write = datasets.bytes_to_write()?;
    if let Some((folder, _)) = to_write.first() {
        let total: u64 = to_write.iter().map(|(_, bytes)| bytes).sum();
        let free = free_bytes(folder).map_or_else(|| "unknown".to_owned(), units::bytes);
        writeln!(
            text,
            "\nto write: up to {} (before compression); free on disk: {free}",
            units::bytes(total)
        )
        .map_err(failed)?;
    }
    if !config.scenarios.is_empty() {
        writeln!(text, "\n# scenarios").map_err(failed)?;
        for scenario in &config.scenarios {
            match scenario {
                ScenarioSource::Named(name) => writeln!(text, "{name}"),
                ScenarioSource::Inline { name, sql } => writeln!(text, "{name}: {sql}"),
            }
            .map_err(failed)?;
        }
    }
    writeln!(text, "\n# measurement\n{}", measurement(config)).map_err(failed)?;
    Ok(text)
}

/// How a variant is read, where it is not as usual.
fn reading(variant: &Variant) -> String {
    let reader = &variant.reader;
    let mut words = Vec::new();
    if reader.cache != PageCache::Warm || reader.engine_cache != EngineCache::Warm {
        words.push(format!(
            "page cache {}, engine's caches {}",
            reader.cache.name(),
            reader.engine_cache.name()
        ));
    }
    if reader.read_mode == ReadMode::WholeFile {
        words.push("whole files in memory".to_owned());
    }
    if reader.streams.0 > 1 {
        words.push(format!("{} copies of a query at once", reader.streams.0));
    }
    if let Some(throttle) = reader.throttle {
        let bandwidth = throttle.bytes_per_s.map_or_else(
            || "any bandwidth".to_owned(),
            |bytes| units::bytes_per_second(bytes as f64),
        );
        words.push(format!(
            "as slow as a storage of {bandwidth} and a latency of {}",
            units::duration_ns(throttle.latency.as_nanos() as f64)
        ));
    }
    if let Some(bytes) = reader.memory_limit_bytes {
        words.push(format!("memory limited to {}", units::bytes(bytes)));
    }
    words.iter().map(|word| format!("; {word}")).collect()
}

fn measurement(config: &Config) -> String {
    let measure = &config.measure;
    let rounds = match measure.until {
        None => format!("{} measured rounds", measure.rounds),
        Some(until) => format!(
            "at least {} measured rounds, until every interval is within {} or {} have gone by,",
            measure.rounds,
            units::percent(until.precision),
            units::duration_ns(until.time_budget.as_nanos() as f64)
        ),
    };
    let lanes: Vec<&str> = measure.lanes.iter().map(|lane| lane.name()).collect();
    let distinct = |word: fn(&Variant) -> &'static str| {
        let words: BTreeSet<&str> = config.variants.iter().map(word).collect();
        words.into_iter().collect::<Vec<_>>().join(", ")
    };
    let control = match measure.control.unwrap_or(config.variants.len() > 1) {
        true => " and the control",
        false => "",
    };
    format!(
        "{} warm-up and {rounds} of every scenario on {} variant(s){control}\nlanes: {}\npage cache: {}; the engine's own \
         caches: {}",
        measure.warmup,
        config.variants.len(),
        lanes.join(", "),
        distinct(|variant| variant.reader.cache.name()),
        distinct(|variant| variant.reader.engine_cache.name()),
    )
}

fn dataset(state: &DatasetState) -> Result<String, CommandError> {
    let plan = &state.plan;
    let bytes = plan.expected_arrow_bytes().map_err(RunError::from)?;
    let rows = plan.rows();
    let files: u64 = plan.tables.iter().map(|table| table.split.files).sum();
    let (memory, _) = memory_bytes();
    let found = match &state.found {
        Found::Complete(manifest) => {
            format!("complete, {} in files", units::bytes(manifest.file_bytes()))
        }
        Found::ToWrite => "to be written".to_owned(),
        Found::External => "existing files, read as they are".to_owned(),
    };
    let partitions = match plan.spec.layout.partition_by.as_slice() {
        [] => String::new(),
        columns => format!(", each split by {}", columns.join(", ")),
    };
    let mut text = format!(
        "{} ({})\n  {}: {found}\n  {} rows, {} columns, {} files{partitions}\n  about {} of values, {:.2} times this \
         host's memory; MLPerf Storage asks for {MLPERF_MEMORY_FACTOR} times\n",
        plan.id(),
        plan.spec.layout.chunk.codec,
        plan.root.display(),
        units::count(rows),
        plan.table_schema().fields().len(),
        units::count(files),
        units::bytes(bytes),
        if memory == 0 {
            f64::NAN
        } else {
            bytes as f64 / memory as f64
        },
    );
    if matches!(state.found, Found::ToWrite) {
        let row_group = plan.expected_row_group_bytes().map_err(RunError::from)?;
        let writers = writers(plan)?;
        text.push_str(&format!(
            "  {writers} writers, each with a row group of about {} in memory\n",
            units::bytes(row_group)
        ));
        if let Some(probe) = probe(plan).map_err(RunError::from)? {
            text.push_str(&format!(
                "  by a probe of {} rows: about {} in files, {} to generate and encode\n",
                units::count(probe.rows),
                units::bytes(probe.file_bytes_of(rows)),
                units::duration_ns(probe.elapsed_ns_of(rows, writers))
            ));
        }
    }
    Ok(text)
}
