//! `bench generate`.

use std::process::ExitCode;

use super::arguments::GenerateArguments;
use super::exit::CommandError;
use super::progress::Progress;
use super::{cancel_on_interrupt, check, load, runtime, show_text};
use crate::dataset::{Found, Share};
use crate::run::{Event, Observer, prepare};
use crate::units;

pub(super) fn generate(arguments: &GenerateArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let config = load::config(&arguments.config, None, &[])?;
    if arguments.dry_run {
        return check::dry_run(&config);
    }
    let share = share(arguments)?;
    let progress = Progress::new();
    let runtime = runtime()?;
    let datasets = prepare(&runtime, &config, arguments.yes, share, &cancel, &progress)?;
    progress.event(Event::Finished);

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
        let folder = state.plan.root.display().to_string();
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
                    Found::External { .. } => "existing files",
                    Found::ToWrite | Found::Missing | Found::Complete(_) => "a part of it",
                };
                table.add_row([what, "-", "-", "-", "-", "-", folder.as_str()])
            }
        };
    }
    show_text(&format!("{table}\n"))
}

/// Environment variables that tell a process its rank and how many there are: of Open MPI, Slurm and PyTorch.
const LAUNCHERS: [(&str, &str); 3] = [
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("RANK", "WORLD_SIZE"),
];

/// This process's share of the files: by the arguments, else by a launcher's environment. None for a process alone.
fn share(arguments: &GenerateArguments) -> Result<Option<Share>, CommandError> {
    let (rank, world_size, said) = match (arguments.rank, arguments.world_size) {
        (Some(rank), Some(world_size)) => (rank, world_size, "--rank and --world-size".to_owned()),
        _ => {
            let found = LAUNCHERS.iter().find_map(|(rank, size)| {
                let read = |name: &str| std::env::var(name).ok();
                Some((read(rank)?, read(size)?, format!("{rank} and {size}")))
            });
            let Some((rank, world_size, said)) = found else {
                return Ok(None);
            };
            let number = |text: &str| {
                text.trim().parse::<u64>().map_err(|_| {
                    CommandError::Usage(format!("{said}: `{text}` is not a whole number"))
                })
            };
            (number(&rank)?, number(&world_size)?, said)
        }
    };
    if world_size > Share::MOST {
        return Err(CommandError::Usage(format!(
            "{said}: {world_size} is more than the {} processes that may write together",
            Share::MOST
        )));
    }
    let share = Share::new(rank, world_size).ok_or_else(|| {
        CommandError::Usage(format!(
            "{said}: rank {rank} is not below the world size, which is {world_size}; ranks count from 0"
        ))
    })?;
    Ok((world_size > 1).then_some(share))
}
