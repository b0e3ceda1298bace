//! `bench generate`.

use std::process::ExitCode;

use super::arguments::GenerateArguments;
use super::exit::CommandError;
use super::interrupt::cancel_on_interrupt;
use super::progress::Progress;
use super::stdout::show_text;
use super::threads::runtime;
use super::{check, launcher, load};
use crate::dataset::{FolderContent, Share};
use crate::session::{Event, Observer, prepare};
use crate::storage::Stores;
use crate::units;

pub(super) fn generate(arguments: &GenerateArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let config = load::config(&arguments.config, None)?.for_queries();
    if arguments.dry_run {
        return check::dry_run(&config);
    }
    let share = share(arguments)?;
    let progress = Progress::new();
    let runtime = runtime()?;
    let datasets = prepare(
        &runtime,
        &Stores::reached_by(&config.connection, share.map_or(0, |it| it.rank())),
        &config,
        arguments.yes,
        share,
        &cancel,
        &progress,
    )?;
    progress.event(Event::Finished);
    datasets.warn(&progress);

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
