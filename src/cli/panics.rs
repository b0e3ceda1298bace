//! Panics, which are kept rather than shown: those of the engine's tasks become errors of the
//! query, which say enough.

use parking_lot::Mutex;

use super::exit::{FAILED, of_panic, report};

/// Words of the panic of a thread whose signal stack the system refuses. It comes before anything
/// that could catch it, so that Rust would abort the program without an error.
const SIGNAL_STACK: &str = "alternative stack";

/// Message of the last panic.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Keeps the messages of panics from here on.
pub(super) fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let said = panic.to_string();
        // Held to the end of the program, so that one thread alone says it.
        let mut last = LAST.lock();
        if said.contains(SIGNAL_STACK) {
            let _ = report(&of_panic(&said));
            std::process::exit(i32::from(FAILED));
        }
        *last = Some(said);
    }));
}

/// Returns the message of the last panic. Empty if there was none.
pub(super) fn last_panic() -> String {
    let last = LAST.lock();
    last.clone().unwrap_or_default()
}
