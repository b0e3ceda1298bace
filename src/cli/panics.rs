//! Panics, which are kept rather than shown: those of the engine's tasks become errors of the
//! query, which say enough.

use parking_lot::Mutex;

/// Message of the last panic.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Keeps the messages of panics from here on.
pub(super) fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        *LAST.lock() = Some(panic.to_string());
    }));
}

/// Returns the message of the last panic. Empty if there was none.
pub(super) fn last_panic() -> String {
    let last = LAST.lock();
    last.clone().unwrap_or_default()
}
