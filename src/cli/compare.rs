//! `bench compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::CompareArguments;
use super::exit::{self, CommandError};
use super::{load, print, show};
use crate::analysis::{across, gate};
use crate::record::{Preference, RunRecord};
use crate::report::render_across;

pub(super) fn compare(arguments: &CompareArguments) -> Result<ExitCode, CommandError> {
    let mut records: Vec<(String, RunRecord)> = Vec::new();
    for file in &arguments.records {
        let name = name_of(file, &arguments.records);
        records.push((name, load::record(file)?));
    }
    let across = across(&records, arguments.by.as_deref())?;
    let gate = arguments.fail_if_slower.map(|limit| gate(&across, limit));
    let view = print::view(arguments.format.into(), false, Preference::Balanced);
    let shown = show(&render_across(&across, gate.as_ref(), &view)?)?;
    let failed = gate.is_some_and(|gate| {
        !gate.slower.is_empty() || arguments.fail_if_inconclusive && !gate.inconclusive.is_empty()
    });
    Ok(match failed {
        true => ExitCode::from(exit::EXPECTATION),
        false => shown,
    })
}

/// A file's name, or all of its path where another one has that name.
fn name_of(file: &Path, all: &[PathBuf]) -> String {
    let same = all
        .iter()
        .filter(|other| other.file_name() == file.file_name());
    match file.file_name() {
        Some(name) if same.count() == 1 => name.to_string_lossy().into_owned(),
        _ => file.display().to_string(),
    }
}
