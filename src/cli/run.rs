//! `bench run`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::{LaneArgument, RunArguments};
use super::exit::{self, CommandError};
use super::interrupt::cancel_on_interrupt;
use super::load::GivenConfig;
use super::outputs::{output, refuse_details_without_tables, would_be_read};
use super::progress::Progress;
use super::stdout::show;
use super::threads::{leave, runtime};
use super::{check, launcher, load, needed_memory, print, workers};
use crate::config::{Config, without_secrets};
use crate::exit_class::ExitClass;
use crate::output::{Output, Replaces};
use crate::report::{Format, View, html, kept_at, render};
use crate::run::{Options, Outcome, WorkersOfRun, run as run_config, with_baseline_first};
use crate::session::{KnownSources, TRACES, reader_of};
use crate::storage::Stores;

/// Folder of journals and records, below the working folder.
pub(super) const RESULTS: &str = "results";

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, CommandError> {
    launcher::refuse_several_runs()?;
    refuse_details_without_tables(arguments.format, arguments.details)?;
    let cancel = cancel_on_interrupt()?;
    let mut given = GivenConfig::of(&arguments.config, Some(&arguments.queries), &set(arguments))?;
    given.has_exact_rounds = arguments.rounds.is_some();
    let config = given.config()?.for_queries();
    let labels = arguments
        .label
        .iter()
        .map(|label| load::name_and_value("--label", label, "KEY=VALUE"))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let (record, trace) = outputs(arguments, &config)?;
    if arguments.dry_run {
        return check::dry_run(&with_baseline_first(
            &config,
            arguments.baseline.as_deref(),
        )?);
    }
    let runtime = runtime()?;
    let workers = workers::connect(&runtime, &arguments.workers, &cancel)?;
    let asked = cancel.clone();
    let options = Options {
        stores: Stores::reached_by(&config.connection, 0),
        baseline: arguments.baseline.clone(),
        labels,
        results: PathBuf::from(RESULTS),
        record,
        yes: arguments.yes,
        command_line: std::env::args_os()
            .map(|argument| without_secrets(&argument.to_string_lossy()))
            .collect(),
        trace,
        memory: Some(Arc::new(move |cell: &str, sources: &KnownSources| {
            needed_memory::ask(cell, &given, sources, &asked)
        })),
        slowdown: None,
        workers: workers.map(|workers| WorkersOfRun {
            workers,
            tolerates_losses: arguments.tolerate_lost_workers,
        }),
    };
    let outcome = run_config(&runtime, &config, &options, &cancel, &Progress::new());
    leave(runtime);
    let outcome = outcome?;

    let failed_expectation = outcome.failed_expectation();
    let view = print::view(arguments.format, arguments.details, arguments.prefer);
    let page = outcome
        .record_file
        .as_deref()
        .filter(|_| view.format.is_for_readers())
        .and_then(|file| page_beside(file, &outcome, &view));
    let kept = outcome.record_file.as_ref().unwrap_or(&outcome.journal);
    let mut text = render(&outcome.record, &view)?;
    match view.format {
        Format::Table => {
            let mut datasets = outcome.record.datasets.iter();
            let has_layouts = datasets.any(|it| it.layout.is_some());
            text.push_str(&kept_at(kept, page.as_deref(), has_layouts));
        }
        _ => print::line(&format!("record: {}", kept.display())),
    }
    let shown = show(&text);
    if shown.is_err() {
        // The measurements are kept nevertheless.
        print::line(&format!("record: {}", kept.display()));
    }
    let done = shown?;
    if let Some(error) = outcome.ended_by {
        if error.class() == ExitClass::Interrupted {
            print::line(
                "interrupted; what was measured until then is shown, and kept in the journal",
            );
            return Ok(ExitCode::from(exit::INTERRUPTED));
        }
        return Err(error.into());
    }
    Ok(match failed_expectation {
        true => ExitCode::from(exit::EXPECTATION),
        false => done,
    })
}

/// Writes the page beside the record. A page that cannot be written causes a warning and no more,
/// as the measurements are kept in any case.
fn page_beside(record_file: &Path, outcome: &Outcome, view: &View) -> Option<PathBuf> {
    let file = record_file.with_extension("html");
    let page = html(&outcome.record, &outcome.predictions, view);
    let written = Output::own(file.clone()).write(|file| file.write_all(page.as_bytes()));
    match written {
        Ok(()) => Some(file),
        Err(error) => {
            print::line(&format!("warning: the page is not written: {error}"));
            None
        }
    }
}

/// Files that `--record` and `--trace` name. They must differ, and the config must not read them.
fn outputs(
    arguments: &RunArguments,
    config: &Config,
) -> Result<(Option<Output>, Option<Output>), CommandError> {
    let record = arguments.record.as_deref();
    let record = record.map(|file| output("--record", "record.json", file, Replaces::Nothing));
    let record = record.transpose()?;
    let trace = arguments.trace.as_deref();
    let trace = trace.map(|file| output("--trace", "my.trace", file, TRACES));
    let trace = trace.transpose()?;
    if let (Some(record), Some(trace)) = (&record, &trace)
        && record.is_at(trace)
    {
        return Err(CommandError::Usage(format!(
            "--trace {}: --record goes to the same file",
            trace.path().display()
        )));
    }
    for (flag, output) in [("--record", &record), ("--trace", &trace)] {
        if let Some(output) = output
            && let Some(reader) = reader_of(config, output.path())
        {
            return Err(would_be_read(flag, output, &reader));
        }
    }
    Ok((record, trace))
}

/// Keys of the config that flags set.
fn set(arguments: &RunArguments) -> Vec<String> {
    let rounds = arguments
        .rounds
        .map(|rounds| format!("measure.rounds={rounds}"));
    let cache = arguments
        .cache
        .map(|cache| format!("measure.cache={}", cache.name()));
    rounds
        .into_iter()
        .chain(cache)
        .chain(lanes(&arguments.lane))
        .collect()
}

/// Key that sets the lanes, if any are named.
pub(super) fn lanes(named: &[LaneArgument]) -> Option<String> {
    let mut lanes: Vec<&str> = Vec::new();
    for lane in named {
        match lane {
            LaneArgument::EndToEnd => lanes.push("end_to_end"),
            LaneArgument::Storage => lanes.push("storage"),
            LaneArgument::Compute => lanes.push("compute"),
            LaneArgument::All => lanes.extend(["end_to_end", "storage", "compute"]),
        }
    }
    (!lanes.is_empty()).then(|| format!("measure.lanes=[{}]", lanes.join(", ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;
    use rstest::rstest;

    use super::*;
    use crate::cli::arguments::{Arguments, Command};

    #[rstest]
    #[case::nothing(&[], &[])]
    #[case::rounds_and_cache(
        &["--cache", "direct", "--rounds", "5"],
        &["measure.rounds=5", "measure.cache=direct"]
    )]
    #[case::lanes(&["--lane", "storage,compute"], &["measure.lanes=[storage, compute]"])]
    #[case::all_lanes(&["--lane", "all"], &["measure.lanes=[end_to_end, storage, compute]"])]
    fn flags_of_a_run_set_keys_of_measure(#[case] flags: &[&str], #[case] expected: &[&str]) {
        let line = ["bench", "run"].iter().chain(flags);
        let Command::Run(arguments) = Arguments::try_parse_from(line).unwrap().command else {
            unreachable!("another command");
        };
        assert_eq!(set(&arguments), expected);
    }
}
