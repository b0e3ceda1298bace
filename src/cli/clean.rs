//! `bench clean`.

use std::fmt::Write;
use std::process::ExitCode;

use super::arguments::CleanArguments;
use super::exit::CommandError;
use super::stdout::show_text;
use super::threads::runtime;
use super::{load, print};
use crate::dataset::{removal, remove};
use crate::session::{Datasets, Failure};
use crate::storage::Stores;
use crate::units;

pub(super) fn clean(arguments: &CleanArguments) -> Result<ExitCode, CommandError> {
    let config = load::config(&arguments.config, None)?;
    let plans = runtime()?.block_on(Datasets::plans(
        &Stores::reached_by(&config.connection, 0),
        &config,
    ))?;
    let mut removals = Vec::new();
    for plan in &plans {
        let found = removal(plan).map_err(Failure::from)?;
        removals.extend(found);
    }
    let mut text = String::new();
    for removal in &removals {
        let failed = |_| CommandError::Failed("a list cannot be written".to_owned());
        writeln!(
            text,
            "{}: {} files, {}",
            removal.root,
            units::count(removal.files.len() as u64),
            units::bytes(removal.bytes)
        )
        .map_err(failed)?;
        for note in &removal.notes {
            writeln!(text, "  {note}").map_err(failed)?;
        }
    }
    match (removals.is_empty(), arguments.yes) {
        (true, _) => print::line("this config owns no dataset that is there"),
        (false, true) => {
            for removal in &removals {
                remove(removal).map_err(Failure::from)?;
            }
            print::line("removed");
        }
        (false, false) => print::line("nothing was removed; add --yes to remove this"),
    }
    show_text(&text)
}
