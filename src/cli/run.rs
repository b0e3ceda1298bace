//! `bench run`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use super::arguments::RunArguments;
use super::exit::{self, CommandError, run_code};
use super::progress::Progress;
use super::{cancel_on_interrupt, check, load, print, runtime};
use crate::report::render;
use crate::run::{Options, run as run_config};

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
    if arguments.dry_run {
        return check::dry_run(&config);
    }
    let labels = arguments
        .label
        .iter()
        .map(|label| load::name_and_value("--label", label, "KEY=VALUE"))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let options = Options {
        baseline: arguments.baseline.clone(),
        labels,
        results: PathBuf::from(RESULTS),
        record: arguments.record.clone(),
        yes: arguments.yes,
        command_line: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
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
    print::line(&format!("record: {}", outcome.record_file.display()));
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
