//! Panics, which are kept rather than shown: those of the engine's tasks become errors of the
//! query, which say enough.

use parking_lot::Mutex;

/// What the last panic said.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Keeps what panics say from here on.
pub(super) fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        *LAST.lock() = Some(panic.to_string());
    }));
}

/// What the last panic said; empty where there was none.
pub(super) fn last_panic() -> String {
    let last = LAST.lock();
    last.clone().unwrap_or_default()
}
