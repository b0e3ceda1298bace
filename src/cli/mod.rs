//! The command line: arguments, printing, progress, exit codes.

mod arguments;
mod check;
mod clean;
mod cluster;
mod compare;
mod doctor;
pub mod exit;
mod explain;
mod generate;
mod generate_share;
mod inspect;
mod interrupt;
mod launcher;
mod learn;
mod load;
mod needed_memory;
mod outputs;
mod panics;
mod print;
mod progress;
mod recipe;
mod reference;
mod replay;
mod report;
mod run;
mod stdout;
mod table;
mod threads;
mod train;
mod worker;
mod workers;

pub use reference::{completions, manual, reference};

use std::process::ExitCode;

use clap::Parser;
use nix::sys::signal::{SigHandler, Signal, signal};

use arguments::{Arguments, Command};
use exit::CommandError;
use panics::{keep_panics, last_panic};
use stdout::{show, show_json};
use threads::on_large_stack;

/// Runs the program, and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A file-size limit should be an error of the write, not the end of the process.
    // SAFETY: ignoring a signal installs no handler of ours.
    let _ = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) };
    keep_panics();
    match on_large_stack(|| dispatch(&arguments.command)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => exit::report(&error),
        Err(()) => exit::report(&exit::of_panic(&last_panic())),
    }
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
        Command::Recipe(arguments) => recipe::recipe(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::Train(arguments) => train::train(arguments),
        Command::Replay(arguments) => replay::replay(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::Cluster(arguments) => cluster::cluster(arguments),
        Command::Worker(arguments) => worker::worker(arguments),
        Command::GenerateShare => generate_share::generate_share(),
        Command::NeededMemory => needed_memory::needed_memory(),
        Command::Schema => show_json(&crate::config::json_schema()),
        Command::Man => show(&manual().map_err(|error| CommandError::Failed(error.to_string()))?),
        Command::Completions { shell } => show(&completions(*shell)),
    }
}
