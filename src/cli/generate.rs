//! `bench generate`.

use std::process::ExitCode;

use super::arguments::GenerateArguments;
use super::exit::CommandError;
use super::progress::Progress;
use super::{cancel_on_interrupt, check, load, runtime, show_text};
use crate::run::{Event, Observer, prepare};
use crate::units;

pub(super) fn generate(arguments: &GenerateArguments) -> Result<ExitCode, CommandError> {
    let config = load::config(&arguments.config, None, &[])?;
    if arguments.dry_run {
        return check::dry_run(&config);
    }
    let progress = Progress::new();
    let runtime = runtime()?;
    let cancel = cancel_on_interrupt();
    let datasets = prepare(&runtime, &config, arguments.yes, &cancel, &progress)?;
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
            None => table.add_row(["existing files", "-", "-", "-", "-", "-", folder.as_str()]),
        };
    }
    show_text(&format!("{table}\n"))
}
