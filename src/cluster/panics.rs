//! Panics of a worker. The distributed engine takes a panic for the end of a task's rows, wherever
//! no other part of the plan catches it; so a worker keeps count of them.

use std::sync::Arc;

use parking_lot::Mutex;

/// Most messages that are kept.
const MOST_KEPT: usize = 16;

/// Panics of a process so far. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Panics(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    all: usize,
    /// The newest last.
    messages: Vec<String>,
}

impl Panics {
    /// Counts all panics of this process from here on, and passes them on to the hook that is
    /// there.
    pub fn of_process() -> Self {
        let panics = Panics::default();
        let counted = panics.clone();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            counted.add(panic.to_string());
            before(panic);
        }));
        panics
    }

    pub(super) fn add(&self, message: String) {
        let mut counted = self.0.lock();
        counted.all += 1;
        if counted.messages.len() == MOST_KEPT {
            counted.messages.remove(0);
        }
        counted.messages.push(message);
    }

    /// Number of panics so far.
    pub fn count(&self) -> usize {
        self.0.lock().all
    }

    /// Messages of the panics after the first so many.
    pub fn since(&self, before: usize) -> Vec<String> {
        let counted = self.0.lock();
        let new = (counted.all - before).min(counted.messages.len());
        counted.messages[counted.messages.len() - new..].to_vec()
    }
}
