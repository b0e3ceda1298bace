//! `bench check`, and the output of `--dry-run`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::ExitCode;

use super::arguments::CheckArguments;
use super::exit::CommandError;
use super::load::GivenConfig;
use super::progress::Progress;
use super::stdout::show_text;
use super::table::table;
use super::threads::runtime;
use crate::config::{Config, PageCache, ReadMode, ScenarioSource, Variant, to_yaml};
use crate::dataset::{DatasetPlan, FolderContent};
use crate::observe::memory_bytes;
use crate::record::EngineCache;
use crate::session::{
    DatasetState, Datasets, Disk, Estimate, Event, ExistingFiles, Failure, Free, Observer,
    by_file_system, check as check_cells, estimate, existing, open, writers,
};
use crate::storage::Stores;
use crate::train::{Demand, Fleet, MLPERF_MEMORY_FACTOR};
use crate::units;

pub(super) fn check(arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let mut given = GivenConfig::of(&arguments.config, None, &[])?;
    given.with_original = arguments.original.with_original;
    let config = given.config()?;
    if let Some(accelerators) = arguments.accelerators {
        let fleet = Fleet {
            accelerators,
            hosts: arguments.hosts,
            host_memory_bytes: arguments.host_memory.unwrap_or_else(|| memory_bytes().0),
        };
        return show_text(&demand(&config, fleet)?);
    }
    let yaml = to_yaml(&config.resolved).map_err(CommandError::Failed)?;
    // A config can be shown without its data, so that missing datasets are no error here.
    let datasets = runtime()?.block_on(Datasets::look(
        &Stores::reached_by(&config.connection, 0),
        &config,
    ))?;
    show_text(&format!(
        "# resolved config\n{yaml}\n{}",
        describe(&config, &datasets)?
    ))
}

/// Describes what accelerators would ask of a storage system.
fn demand(config: &Config, fleet: Fleet) -> Result<String, CommandError> {
    let dataset = config.variants.first().and_then(|it| it.dataset.as_ref());
    let Some(dataset) = dataset.filter(|it| it.source.is_none()) else {
        return Err(CommandError::Usage(
            "--accelerators: sizes come from the columns of `dataset`, and the config has none"
                .to_owned(),
        ));
    };
    let found = Demand::of(dataset, &config.training, fleet);
    let Some((samples, (all, read))) = found.samples_per_s.zip(found.bytes_per_s()) else {
        return Err(CommandError::Usage(
            "--accelerators: a step takes no time; set train.computation_time to that of the accelerator, as 0.000375".to_owned(),
        ));
    };
    let target = found.target_utilization;
    let at_target = format!("at AU {}", units::percent(target));
    let mut rows = table(&["", "at AU 100 %", &at_target, "of each accelerator"], 1);
    let count = fleet.accelerators as f64;
    let mut row = |name: String, rate: f64, shown: &dyn Fn(f64) -> String| {
        rows.add_row([name, shown(rate), shown(rate * target), shown(rate / count)]);
    };
    let number = |rate: f64| units::count(rate.round() as u64);
    row("samples/s".to_owned(), samples, &number);
    let bytes = |name: &str, bytes: f64| format!("{name}, {} a row", units::bytes(bytes as u64));
    row(
        bytes("all columns", found.row_bytes),
        all,
        &units::bytes_per_second,
    );
    row(
        bytes("read columns", found.read_row_bytes),
        read,
        &units::bytes_per_second,
    );
    if let Some(groups) = found.row_groups_per_s() {
        row("row groups/s".to_owned(), groups, &number);
        let ranges = groups * found.columns_read as f64;
        row(
            format!("ranges/s, {} a row group", found.columns_read),
            ranges,
            &number,
        );
    }
    Ok(format!(
        "{} accelerators on {} host(s) of {}, batches of {} rows\n{rows}\nBytes are those of values, before encoding and compression. \
         A range is a column chunk; near ones become one request (storage.coalesce_gap).\n\
         files, by the rules of MLPerf Storage: at least {}\n  {} for 5 times the memory of all hosts; {} for 500 steps of each \
         accelerator in an epoch\n",
        units::count(fleet.accelerators),
        units::count(fleet.hosts),
        units::bytes(fleet.host_memory_bytes),
        units::count(config.training.loading.batch_rows),
        units::count(found.files()),
        units::count(found.files_for_memory),
        units::count(found.files_for_steps),
    ))
}

/// Shows what a run of the config would write and measure.
pub(super) fn dry_run(config: &Config) -> Result<ExitCode, CommandError> {
    let datasets = runtime()?.block_on(Datasets::place(
        &Stores::reached_by(&config.connection, 0),
        config,
    ))?;
    show_text(&describe(config, &datasets)?)
}

fn describe(config: &Config, datasets: &Datasets) -> Result<String, CommandError> {
    let mut text = String::new();
    let failed = |_| CommandError::Failed("a description cannot be written".to_owned());
    for note in &config.notes {
        writeln!(text, "note: {note}").map_err(failed)?;
    }
    let runtime = runtime()?;
    let progress = Progress::new();
    runtime.block_on(check_cells(config, datasets, &progress))?;
    if datasets.all.iter().all(is_there) {
        // Nothing will be written first, so that every query can be planned on its files.
        let mut config = config.clone();
        config.measure.control = Some(false);
        runtime.block_on(open(&config, datasets, None, None, &progress))?;
    }
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
    let mut disks = BTreeMap::new();
    for states in by_file_system(datasets.to_write(), |state| &state.plan.root) {
        let first = states.first();
        let probed = first.and_then(|it| Disk::probe(&it.plan.root, runtime.handle()).ok());
        if let Some(disk) = probed {
            disks.extend(states.into_iter().map(|state| (&state.plan.root, disk)));
        }
    }
    let mut to_write = Vec::new();
    for (index, state) in datasets.all.iter().enumerate() {
        let existing = runtime.block_on(existing(config, datasets, index, &progress))?;
        let estimate = match state.found {
            FolderContent::ToWrite | FolderContent::Missing => {
                Some(estimate(&state.plan).map_err(Failure::from)?)
            }
            FolderContent::Complete(_) | FolderContent::External { .. } => None,
        };
        text.push_str(&dataset(
            is_dlio(config),
            state,
            existing.as_ref(),
            estimate.as_ref(),
        )?);
        if let (Some(estimate), FolderContent::ToWrite) = (estimate, &state.found) {
            text.push_str(&time(&state.plan, &estimate, disks.get(&state.plan.root))?);
            to_write.push((&state.plan.root, estimate));
        }
    }
    progress.event(Event::Finished);
    for disk in by_file_system(to_write, |(folder, _)| folder) {
        let Some((folder, _)) = disk.first() else {
            continue;
        };
        let all = Estimate::sum(disk.iter().map(|(_, estimate)| estimate));
        let free = Free::of(folder).map_or_else(|| "unknown".to_owned(), |free| free.in_words());
        let most = all.in_words();
        writeln!(
            text,
            "\nto write: {}; free there: {free}",
            most.trim_end_matches(',')
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

/// Words on how a variant is read, if it is not read as usual. Empty otherwise.
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
        true => " and the controls",
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

fn is_there(state: &DatasetState) -> bool {
    matches!(
        state.found,
        FolderContent::Complete(_) | FolderContent::External { .. }
    )
}

/// Returns true if a config has a section that only DLIO's have.
fn is_dlio(config: &Config) -> bool {
    let sections = ["workflow", "framework", "model"].into_iter();
    sections
        .map(|it| config.resolved.get(it))
        .any(|it| it.is_some())
}

fn dataset(
    is_dlio: bool,
    state: &DatasetState,
    existing: Option<&ExistingFiles>,
    estimate: Option<&Estimate>,
) -> Result<String, CommandError> {
    let plan = &state.plan;
    let mut values = plan.expected_arrow_bytes().map_err(Failure::from)?;
    let (mut rows, mut files) = (
        plan.rows(),
        plan.tables
            .iter()
            .map(|table| table.split.files)
            .sum::<u64>(),
    );
    let mut split = match plan.spec.layout.partition_by.as_slice() {
        [] => String::new(),
        columns => format!(", each split by {}", columns.join(", ")),
    };
    let found = match &state.found {
        FolderContent::Complete(manifest) => {
            format!("complete, {} in files", units::bytes(manifest.file_bytes()))
        }
        FolderContent::ToWrite => "to be written".to_owned(),
        FolderContent::Missing => "missing, and `workflow.generate_data` is false".to_owned(),
        FolderContent::External { .. } => "existing files, read as they are".to_owned(),
    };
    let mut notes = String::new();
    let mut found_bytes = String::new();
    if let Some(existing) = existing {
        let row_bytes = values as f64 / rows.max(1) as f64;
        (rows, files) = (existing.rows, existing.files);
        values = (row_bytes * rows as f64) as u64;
        split = String::new();
        found_bytes = format!(", {} in files", units::bytes(existing.file_bytes));
        notes = existing
            .notes
            .iter()
            .map(|note| format!("  {note}\n"))
            .collect();
    }
    let (memory, _) = memory_bytes();
    let of_memory = match memory {
        0 => f64::NAN,
        memory => values as f64 / memory as f64,
    };
    // Nobody else needs to know.
    let asked = match is_dlio {
        true => format!("; MLPerf Storage asks for {MLPERF_MEMORY_FACTOR} times"),
        false => String::new(),
    };
    let mut text = format!(
        "{} ({})\n  {}: {found}{found_bytes}\n  {} rows, {} columns, {} files{split}\n  about {} of values, \
         {of_memory:.2} times this host's memory{asked}\n{notes}",
        plan.id(),
        plan.spec.layout.chunk.codec,
        plan.root,
        units::count(rows),
        plan.table_schema().fields().len(),
        units::count(files),
        units::bytes(values),
    );
    if let Some(estimate) = estimate {
        text.push_str(&room(estimate));
    }
    Ok(text)
}

/// Room that the files of a dataset will take on a disk, in words. Empty if it is not known.
fn room(estimate: &Estimate) -> String {
    let (Some(bound), Some(probe)) = (estimate.bound, estimate.probe) else {
        return String::new();
    };
    format!(
        "  by a probe of {} rows: about {} in files\n  at most {} in {} files with {} row groups, {} on disk\n",
        units::count(probe.rows),
        units::bytes(estimate.file_bytes),
        units::bytes(bound.bytes),
        units::count(bound.files),
        units::count(bound.row_groups),
        units::bytes(bound.blocks)
    )
}

/// Time to write a dataset, and memory that it takes, in words.
fn time(
    plan: &DatasetPlan,
    estimate: &Estimate,
    disk: Option<&Disk>,
) -> Result<String, CommandError> {
    let row_group = plan.expected_row_group_bytes().map_err(Failure::from)?;
    let (writers, rows) = (writers(plan).map_err(Failure::from)?, plan.rows());
    let mut text = format!(
        "  {writers} writers, each with a row group of about {} in memory\n",
        units::bytes(row_group)
    );
    let Some(probe) = estimate.probe else {
        return Ok(text);
    };
    let encoding = units::duration_ns(probe.elapsed_ns_of(rows, writers));
    let whole = disk.and_then(|disk| disk.elapsed_ns_of(estimate, rows, writers));
    text.push_str(&match whole {
        Some(whole) => format!(
            "  about {} to write: {encoding} to generate and encode, the rest to write, sync and prove files as fast as a \
             probe of the disk did\n",
            units::duration_ns(whole)
        ),
        None => {
            format!("  about {encoding} to generate and encode; writing, syncing and proving take longer\n")
        }
    });
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Source, load};

    fn config(text: &str) -> Config {
        let source = Source {
            origin: "test".to_owned(),
            text: format!("tables: {{ t: x.parquet }}\n{text}"),
            folder: None,
        };
        load(&source, &Overrides::default()).unwrap()
    }

    #[test]
    fn nothing_is_said_of_a_variant_that_is_read_as_usual() {
        assert_eq!(reading(&config("").variants[0]), "");
    }

    #[test]
    fn what_is_unusual_about_how_a_variant_is_read_is_said() {
        let config = config("measure: { streams: 3, memory_limit: 1GB, cache: cold }\n");
        let said = reading(&config.variants[0]);
        for words in [
            "; page cache cold, engine's caches ",
            "; 3 copies of a query at once",
            "; memory limited to 1.00 GB",
        ] {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn exact_rounds_and_a_precision_are_told_apart() {
        let exact = config("measure: { rounds: 7, warmup: 2 }\n");
        let said = measurement(&exact);
        assert!(
            said.starts_with("2 warm-up and 7 measured rounds of every scenario on 1 variant(s)\n"),
            "{said}"
        );
        let precise = config("measure: { rounds: 7, precision: 0.02, time_budget: 60s }\n");
        let said = measurement(&precise);
        assert!(
            said.contains("at least 7 measured rounds, until every interval is within 2"),
            "{said}"
        );
    }
}
