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
mod learn;
mod load;
mod print;
mod progress;
mod reference;
mod replay;
mod report;
mod run;

pub use reference::{manual, reference};

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::{CommandFactory, Parser};
use nix::sys::signal::{SigHandler, Signal, signal};
use tokio::runtime::Runtime;
use tokio::signal::unix;

use crate::dataset::Cancel;
use crate::output::{Output, Replaces};
use crate::report::visible;
use arguments::{Arguments, Command};
use exit::CommandError;

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
    match on_large_stack(|| dispatch(arguments.command)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => exit::report(&error),
        Err(()) => {
            let said = LAST_PANIC
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .unwrap_or_default();
            exit::report(&CommandError::Failed(format!(
                "this is a defect of bench, please report it: {said}"
            )))
        }
    }
}

/// Stack of the main thread and of the engine's threads, in bytes. SQL is parsed and planned by recursion, and a thousand
/// conditions are not a reason to abort. Only what is used of a stack takes memory.
const MAIN_STACK: usize = 1 << 30;
const ENGINE_STACK: usize = 256 << 20;

/// Runs the program on a thread with room; a panic is an error without a value.
fn on_large_stack(
    work: impl FnOnce() -> Result<ExitCode, CommandError> + Send,
) -> Result<Result<ExitCode, CommandError>, ()> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(MAIN_STACK);
        match builder.spawn_scoped(scope, work) {
            Ok(thread) => thread.join().map_err(|_| ()),
            Err(error) => Ok(Err(CommandError::Failed(format!(
                "a thread cannot start: {error}"
            )))),
        }
    })
}

fn dispatch(command: Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Generate(arguments) => generate::generate(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Clean(arguments) => clean::clean(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Learn(arguments) => learn::learn(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&crate::config::json_schema())
                .map_err(|error| CommandError::Failed(error.to_string()))?;
            show(&format!("{schema}\n"))
        }
        Command::Man => show(&manual().map_err(|error| CommandError::Failed(error.to_string()))?),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "bench", &mut script);
            show(&String::from_utf8_lossy(&script))
        }
    }
}

/// A file that a flag names to be written, checked before any work is done.
fn output(flag: &str, file: &std::path::Path, replaces: Replaces) -> Result<Output, CommandError> {
    Output::claim(file, replaces).map_err(|error| CommandError::Usage(format!("{flag} {error}")))
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

/// The runtime that queries run on.
fn runtime() -> Result<Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(ENGINE_STACK)
        .build()
        .map_err(|error| CommandError::Failed(format!("the runtime cannot start: {error}")))
}

/// Watches for Ctrl-C, and for SIGTERM, by which batch systems end what they started: the first asks to stop, the second exits at once.
///
/// The watch has a thread and a runtime of its own, since a join that never yields starves the signals of the runtime it
/// runs on.
fn cancel_on_interrupt() -> Cancel {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        runtime.block_on(async {
            let Ok(mut terminated) = unix::signal(unix::SignalKind::terminate()) else {
                return;
            };
            loop {
                tokio::select! {
                    pressed = tokio::signal::ctrl_c() => if pressed.is_err() { return },
                    _ = terminated.recv() => {}
                }
                if asked.is_cancelled() {
                    std::process::exit(i32::from(exit::INTERRUPTED));
                }
                asked.cancel();
                print::line("stopping; another Ctrl-C exits at once");
            }
        });
    });
    cancel
}
