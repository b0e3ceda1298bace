//! `bench generate`.

use std::process::ExitCode;

use tokio::runtime::Runtime;

use super::arguments::GenerateArguments;
use super::exit::CommandError;
use super::generate_share::AllProgress;
use super::interrupt::cancel_on_interrupt;
use super::load::GivenConfig;
use super::progress::Progress;
use super::stdout::show_text;
use super::threads::runtime;
use super::{check, generate_share, launcher, load, workers};
use crate::cancel::Cancel;
use crate::cluster::Workers;
use crate::config::Config;
use crate::dataset::{FolderContent, Share};
use crate::session::{Datasets, Event, Failure, Observer, agreed, prepare, use_of_keys};
use crate::storage::Stores;
use crate::units;

pub(super) fn generate(arguments: &GenerateArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let config = load::config(&arguments.config, None)?.for_queries();
    if arguments.dry_run {
        return check::dry_run(&config);
    }
    let progress = Progress::new();
    let runtime = runtime()?;
    let workers = workers::connect(&runtime, &arguments.workers, &cancel)?;
    let datasets = match &workers {
        Some(workers) => by_workers(arguments, &runtime, &config, workers, &cancel, &progress)?,
        None => alone(arguments, &runtime, &config, &cancel, &progress)?,
    };
    progress.event(Event::Finished);
    datasets.warn(&progress);
    show_datasets(&datasets)
}

/// Writes what is missing, or this process's share of it.
fn alone(
    arguments: &GenerateArguments,
    runtime: &Runtime,
    config: &Config,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Datasets, CommandError> {
    let share = share(arguments)?;
    Ok(prepare(
        runtime,
        &Stores::reached_by(&config.connection, share.map_or(0, |it| it.rank())),
        config,
        arguments.yes,
        share,
        cancel,
        progress,
    )?)
}

/// Lets workers write what is missing, each its files, and finds what they have written.
fn by_workers(
    arguments: &GenerateArguments,
    runtime: &Runtime,
    config: &Config,
    workers: &Workers,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Datasets, CommandError> {
    if arguments.rank.is_some() {
        return Err(CommandError::Usage(
            "--rank and --workers are two ways to share the work; leave one of them out".to_owned(),
        ));
    }
    let mut of_variants = config.variants.iter().filter_map(|it| it.dataset.as_ref());
    if let Some(source) = of_variants.find_map(|it| it.source.as_ref()) {
        return Err(CommandError::Usage(format!(
            "dataset.source: {source}: existing rows are read in one stream, which several workers cannot share; run `bench generate` \
             without --workers"
        )));
    }
    let kept = config.connection.kept_from_workers();
    if !kept.is_empty() {
        return Err(CommandError::Usage(format!(
            "workers cannot {}",
            use_of_keys(&kept)
        )));
    }
    let stores = Stores::reached_by(&config.connection, 0);
    let datasets = agreed(runtime, &stores, config, arguments.yes, cancel, progress)?;
    let first = datasets.to_write().next();
    if let Some(folder) = first.map(|state| state.plan.root.clone()) {
        let given = GivenConfig::of(&arguments.config, None, &[])?;
        let jobs = generate_share::jobs(&given, workers.len())?;
        let all = AllProgress::of(workers.len(), folder, progress);
        let said = |worker: usize, line: &str| all.said(worker, line);
        let written = runtime.block_on(cancel.unless(workers.generate(&jobs, &said)));
        written.map_err(Failure::from)?.map_err(Failure::from)?;
    }
    // Everything is there now, so that nothing is written here.
    Ok(prepare(
        runtime, &stores, config, true, None, cancel, progress,
    )?)
}

fn show_datasets(datasets: &Datasets) -> Result<ExitCode, CommandError> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "dataset",
        "codec",
        "rows",
        "files",
        "row groups",
        "size",
        "folder",
    ]);
    for state in &datasets.all {
        let folder = state.plan.root.to_string();
        match state.manifest() {
            Some(manifest) => table.add_row([
                state.plan.id(),
                manifest.codec.clone(),
                units::count(manifest.rows()),
                units::count(manifest.files().count() as u64),
                units::count(manifest.row_groups()),
                units::bytes(manifest.file_bytes()),
                folder,
            ]),
            None => {
                let what = match state.found {
                    FolderContent::External { .. } => "existing files",
                    FolderContent::ToWrite
                    | FolderContent::Missing
                    | FolderContent::Complete(_) => "a part of it",
                };
                table.add_row([what, "-", "-", "-", "-", "-", folder.as_str()])
            }
        };
    }
    show_text(&format!("{table}\n"))
}

/// Share of the files that this process writes, by the arguments or else by a launcher's
/// environment. `None` for a lone process.
fn share(arguments: &GenerateArguments) -> Result<Option<Share>, CommandError> {
    match (arguments.rank, arguments.world_size) {
        (Some(rank), Some(world_size)) => {
            launcher::share_of(rank, world_size, "--rank and --world-size")
        }
        _ => Ok(launcher::launched()?.map(|(share, _)| share)),
    }
}
