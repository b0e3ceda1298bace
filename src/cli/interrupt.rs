//! Signals that ask the program to stop: Ctrl-C; SIGTERM, by which batch systems end what they
//! started; and SIGHUP, which comes when a terminal or a connection goes away.

use std::future::pending;
use std::io;
use std::mem::MaybeUninit;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tokio::signal::unix::{self, SignalKind};

use super::exit::{self, CommandError};
use super::panics::last_panic;
use super::{print, threads};
use crate::cancel::Cancel;

/// Longest time that stderr may take for a line. A terminal that is stopped, or a pipe that is
/// full, takes none.
const TO_SAY: Duration = Duration::from_secs(1);

/// Longest time that the program may take to stop. Batch systems kill a process that has not
/// stopped after about that time.
const TO_STOP: Duration = Duration::from_secs(30);

/// Watches for signals from here on. If nothing has to be put in order first, the first signal ends
/// the process at once, as it may be waiting for a pipe that nobody writes to. Otherwise the first
/// signal asks the program to stop, and the second one ends the process.
///
/// The watch has a thread and a runtime of its own, since a join that never yields starves the
/// signals of the runtime it runs on.
pub(super) fn cancel_on_interrupt() -> Result<Cancel, CommandError> {
    let failed = |why: &str| CommandError::Failed(format!("signals cannot be watched for: {why}"));
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let (sender, watching) = channel();
    threads::small()
        .spawn(move || watch(&asked, &sender))
        .map_err(|error| threads::refused(&error))?;
    match watching.recv() {
        Ok(Ok(())) => Ok(cancel),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        // The watch panicked.
        Err(_) => {
            let said = last_panic();
            Err(exit::of_limit(&said).unwrap_or_else(|| failed(&said)))
        }
    }
}

/// Reports that signals can be watched for, or why not, then watches until the process ends.
fn watch(asked: &Cancel, watching: &Sender<io::Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = watching.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let mut signals = match Signals::new() {
            Ok(signals) => signals,
            Err(error) => {
                let _ = watching.send(Err(error));
                return;
            }
        };
        let _ = watching.send(Ok(()));
        signals.next().await;
        if asked.cancel() {
            say(|| print::line("stopping; another Ctrl-C exits at once"));
            tokio::select! {
                () = signals.next() => {}
                () = tokio::time::sleep(TO_STOP) => say(|| {
                    print::line(&format!("not stopped after {} s; exiting", TO_STOP.as_secs()));
                }),
            }
        } else {
            say(|| print::error(&["interrupted".to_owned()], &[]));
        }
        std::process::exit(i32::from(exit::INTERRUPTED));
    });
}

struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    /// Absent if this process was started to ignore that signal, as nohup(1) does.
    hang_up: Option<unix::Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let hang_up = match is_ignored(libc::SIGHUP) {
            true => None,
            false => Some(unix::signal(SignalKind::hangup())?),
        };
        Ok(Signals {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up,
        })
    }

    /// Waits for the next signal of any kind.
    async fn next(&mut self) {
        let Signals {
            interrupt,
            terminate,
            hang_up,
        } = self;
        let hung_up = async {
            match hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
    }
}

/// Returns true if this process ignores a signal.
fn is_ignored(signal: libc::c_int) -> bool {
    let mut found = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action, sigaction(2) only reports the present one, for which there is
    // room; and all zeros are a valid one.
    unsafe {
        let told = libc::sigaction(signal, std::ptr::null(), found.as_mut_ptr()) == 0;
        told && found.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Prints something, and waits for that no longer than [`TO_SAY`]. Prints nothing if no thread can
/// start for it.
fn say(words: impl FnOnce() + Send + 'static) {
    let (said, heard) = channel();
    let speaking = threads::small().spawn(move || {
        words();
        let _ = said.send(());
    });
    if speaking.is_ok() {
        let _ = heard.recv_timeout(TO_SAY);
    }
}
