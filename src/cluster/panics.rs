//! Panics of a worker. The distributed engine takes a panic for the end of a task's rows, wherever
//! no other part of the plan catches it; so a worker keeps count of them.

use std::sync::LazyLock;

use parking_lot::Mutex;

/// Messages of all panics of this process, the newest last.
static MESSAGES: LazyLock<Mutex<(usize, Vec<String>)>> = LazyLock::new(Mutex::default);

/// Most messages that are kept.
const MOST_KEPT: usize = 16;

/// Keeps panics from here on, and passes them on to the hook that is there.
pub fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let mut messages = MESSAGES.lock();
        messages.0 += 1;
        if messages.1.len() == MOST_KEPT {
            messages.1.remove(0);
        }
        messages.1.push(panic.to_string());
        drop(messages);
        before(panic);
    }));
}

/// Number of panics so far.
pub(super) fn count() -> usize {
    MESSAGES.lock().0
}

/// Messages of the panics after the first so many.
pub(super) fn since(before: usize) -> Vec<String> {
    let messages = MESSAGES.lock();
    let new = (messages.0 - before).min(messages.1.len());
    messages.1[messages.1.len() - new..].to_vec()
}
