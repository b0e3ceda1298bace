//! `bench compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::CompareArguments;
use super::exit::{self, CommandError};
use super::stdout::show;
use super::{load, print};
use crate::analysis::{across, gate};
use crate::record::{Preference, RunRecord};
use crate::report::{gate_line, gate_sentences, render_across};

pub(super) fn compare(arguments: &CompareArguments) -> Result<ExitCode, CommandError> {
    let mut records: Vec<(String, RunRecord)> = Vec::new();
    for (index, file) in arguments.records.iter().enumerate() {
        if arguments.records[..index].contains(file) {
            return Err(CommandError::Usage(format!(
                "{} is named twice",
                file.display()
            )));
        }
        let name = name_of(file, &arguments.records);
        records.push((name, load::measured(file, None)?));
    }
    let across = across(&records, arguments.by.as_deref())?;
    let gate = arguments.fail_if_slower.map(|limit| gate(&across, limit));
    let view = print::view(arguments.format, false, Preference::Balanced);
    let mut text = render_across(&across, gate.as_ref(), &view)?;
    let Some(gate) = gate else {
        return show(&text);
    };
    let failed = gate.fails(arguments.fail_if_inconclusive);
    let code = if failed { exit::EXPECTATION } else { 0 };
    let last = gate_line(&across, &gate, code);
    match view.format.is_for_readers() {
        true => text.push_str(&format!("\n{last}")),
        false => {
            let sentences = gate_sentences(&across, &gate).into_iter();
            let lines = sentences
                .filter(|_| failed)
                .chain([last.trim_end().to_owned()]);
            lines.for_each(|it| print::line(&it));
        }
    }
    let shown = show(&text)?;
    Ok(match failed {
        true => ExitCode::from(exit::EXPECTATION),
        false => shown,
    })
}

/// A file's name, or all of its path if another file has the same name.
fn name_of(file: &Path, all: &[PathBuf]) -> String {
    let same = all
        .iter()
        .filter(|other| other.file_name() == file.file_name());
    match file.file_name() {
        Some(name) if same.count() == 1 => name.to_string_lossy().into_owned(),
        _ => file.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_by_their_files_or_by_all_of_a_path_where_two_are_alike() {
        let all = ["a/run.json", "b/run.json", "b/other.json"].map(PathBuf::from);
        let names = all.each_ref().map(|file| name_of(file, &all));
        assert_eq!(names, ["a/run.json", "b/run.json", "other.json"]);
    }
}
