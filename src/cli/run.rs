//! `bench run`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::RunArguments;
use super::exit::{self, CommandError, run_code};
use super::progress::Progress;
use super::{cancel_on_interrupt, check, load, print, runtime};
use crate::config::without_secrets;
use crate::report::render;
use crate::run::{Options, run as run_config, with_baseline_first};

/// Folder of journals and records, below the working folder.
const RESULTS: &str = "results";

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, CommandError> {
    let rounds = arguments
        .rounds
        .map(|rounds| format!("measure.rounds={rounds}"));
    let config = load::config(
        &arguments.config,
        Some(&arguments.queries),
        rounds.as_slice(),
    )?;
    let labels = arguments
        .label
        .iter()
        .map(|label| load::name_and_value("--label", label, "KEY=VALUE"))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    if let Some(file) = &arguments.record {
        check_target("--record", file)?;
    }
    if arguments.dry_run {
        return check::dry_run(&with_baseline_first(
            &config,
            arguments.baseline.as_deref(),
        )?);
    }
    let options = Options {
        baseline: arguments.baseline.clone(),
        labels,
        results: PathBuf::from(RESULTS),
        record: arguments.record.clone(),
        yes: arguments.yes,
        command_line: std::env::args_os()
            .map(|argument| without_secrets(&argument.to_string_lossy()))
            .collect(),
    };
    let runtime = runtime()?;
    let cancel = cancel_on_interrupt();
    let outcome = run_config(&runtime, &config, &options, &cancel, &Progress::new());
    // A query that ignores its cancellation must not hold the program.
    runtime.shutdown_background();
    let outcome = outcome?;

    let failed_expectation = outcome.failed_expectation();
    let shown = render(&outcome.record, arguments.format.into(), print::width())?;
    print::data(&shown).map_err(|error| CommandError::Failed(format!("stdout: {error}")))?;
    let kept = outcome.record_file.as_ref().unwrap_or(&outcome.journal);
    print::line(&format!("record: {}", kept.display()));
    if let Some(error) = outcome.ended_by {
        let code = run_code(&error);
        if code == exit::INTERRUPTED {
            print::line(
                "interrupted; what was measured until then is shown, and kept in the journal",
            );
            return Ok(ExitCode::from(code));
        }
        return Err(error.into());
    }
    Ok(ExitCode::from(if failed_expectation {
        exit::EXPECTATION
    } else {
        exit::DONE
    }))
}

/// Refuses a file that cannot be written because of where it is, before hours are spent on what goes into it.
fn check_target(flag: &str, file: &Path) -> Result<(), CommandError> {
    let refused = |reason: &str| {
        Err(CommandError::Usage(format!(
            "{flag} {}: {reason}",
            file.display()
        )))
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        return refused("its folder does not exist");
    }
    if file.is_dir() {
        return refused("it is a folder");
    }
    Ok(())
}
