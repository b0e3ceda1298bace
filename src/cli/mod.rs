//! The command line: arguments, printing, progress, exit codes.

mod arguments;
mod check;
mod clean;
mod compare;
mod doctor;
pub mod exit;
mod explain;
mod generate;
mod inspect;
mod interrupt;
mod launcher;
mod learn;
mod load;
mod needed_memory;
mod print;
mod progress;
mod reference;
mod replay;
mod report;
mod run;
mod threads;

pub use reference::{manual, reference};

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use nix::sys::signal::{SigHandler, Signal, signal};

use crate::output::{Output, Replaces};
use crate::report::visible;
use arguments::{Arguments, Command};
use exit::CommandError;
use interrupt::cancel_on_interrupt;
use reference::shown_commands;
use threads::{on_large_stack, runtime};

/// What the last panic said. Panics of the engine's tasks become errors of the query, which say enough.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs the program, and gives its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A file-size limit is to be an error of the write, not the end of the process.
    // SAFETY: ignoring a signal installs no handler of ours.
    let _ = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) };
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic.to_string());
    }));
    match on_large_stack(|| dispatch(&arguments.command)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => exit::report(&error),
        Err(()) => exit::report(&exit::of_panic(&last_panic())),
    }
}

fn last_panic() -> String {
    let last = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    last.clone().unwrap_or_default()
}

fn dispatch(command: &Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Run(arguments) => run::run(arguments),
        Command::Generate(arguments) => generate::generate(arguments),
        Command::Explain(arguments) => explain::explain(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::Clean(arguments) => clean::clean(arguments),
        Command::Inspect(arguments) => inspect::inspect(arguments),
        Command::Learn(arguments) => learn::learn(arguments),
        Command::Report(arguments) => report::report(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::Replay(arguments) => replay::replay(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::NeededMemory => needed_memory::needed_memory(),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&crate::config::json_schema())
                .map_err(|error| CommandError::Failed(error.to_string()))?;
            show(&format!("{schema}\n"))
        }
        Command::Man => show(&manual().map_err(|error| CommandError::Failed(error.to_string()))?),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut shown_commands(), "bench", &mut script);
            show(&String::from_utf8_lossy(&script))
        }
    }
}

/// A file that a flag names to be written, as `example` would be, checked before any work is done.
fn output(
    flag: &str,
    example: &str,
    file: &Path,
    replaces: Replaces,
) -> Result<Output, CommandError> {
    if file.as_os_str() == "-" {
        return Err(CommandError::Usage(format!(
            "{flag} -: this goes to a file, and not to stdout; name one, such as {example}"
        )));
    }
    Output::claim(file, replaces).map_err(|error| CommandError::Usage(format!("{flag} {error}")))
}

/// The error of an output that lies where it would be read by later calls, as data or as a query.
fn would_be_read(flag: &str, output: &Output, reader: &str) -> CommandError {
    CommandError::Usage(format!(
        "{flag} {}: {reader} would have this file, too, from then on; name one in another folder, or \
         one that ends in another way",
        output.path().display()
    ))
}

/// Puts data on stdout, which ends a command well.
fn show(text: &str) -> Result<ExitCode, CommandError> {
    print::data(text).map_err(|error| CommandError::Failed(format!("stdout: {error}")))?;
    Ok(ExitCode::from(exit::DONE))
}

/// Puts text for people on stdout: what comes from configs and files is made visible, line by line.
fn show_text(text: &str) -> Result<ExitCode, CommandError> {
    let visible: Vec<String> = text.lines().map(visible).collect();
    show(&format!("{}\n", visible.join("\n")))
}
