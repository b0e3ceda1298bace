//! Stopping from another thread, as Ctrl-C does.

use std::sync::Arc;

use tokio::sync::watch;

/// A request to stop came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// A request to stop, shared by all who can make it and all who watch for it.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<State>>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    asked: bool,
    /// Number of existing [`Hold`]s.
    holds: usize,
}

impl Default for Cancel {
    fn default() -> Self {
        Cancel(Arc::new(watch::Sender::new(State::default())))
    }
}

impl Cancel {
    /// Requests to stop. Returns true if there is a [`Hold`], whose work must be cleaned up first.
    /// If not, the process may end at once.
    pub fn cancel(&self) -> bool {
        let mut held = false;
        self.0.send_modify(|state| {
            state.asked = true;
            held = state.holds > 0;
        });
        held
    }

    /// True if the request has been made.
    pub fn is_cancelled(&self) -> bool {
        self.0.borrow().asked
    }

    /// Waits for the request.
    pub async fn cancelled(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|state| state.asked).await;
    }

    /// Waits for a future, and drops it if the request comes before its end. If it has ended, its
    /// result is kept, even if the request came at the same time.
    pub async fn unless<T>(&self, future: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            done = future => Ok(done),
            () = self.cancelled() => Err(Interrupted),
        }
    }

    /// Keeps the process from ending at once as long as the returned value exists. It is for code
    /// that makes something that must be removed again or written to its end, and watches for the
    /// request meanwhile. `None` if the request has been made and there is no other hold, so that
    /// nothing is begun while the process ends.
    pub fn hold(&self) -> Option<Hold> {
        let mut taken = false;
        self.change(|state| {
            taken = !state.asked || state.holds > 0;
            state.holds += usize::from(taken);
        });
        taken.then(|| Hold(self.clone()))
    }

    /// Changes a part of the state that nobody waits for.
    fn change(&self, change: impl FnOnce(&mut State)) {
        self.0.send_if_modified(|state| {
            change(state);
            false
        });
    }
}

/// Keeps a request to stop from ending the process at once, until this is dropped.
#[derive(Debug)]
#[must_use = "it holds for as long as it is there"]
pub struct Hold(Cancel);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.change(|state| state.holds -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_whether_somebody_holds_on_to_something() {
        let cancel = Cancel::default();
        let (one, two) = (cancel.hold(), cancel.clone().hold());
        assert!(one.is_some() && two.is_some() && !cancel.is_cancelled());
        drop(one);
        assert!(cancel.cancel() && cancel.is_cancelled());
        drop(two);
        assert!(!cancel.cancel());
    }

    #[tokio::test]
    async fn what_has_come_to_its_end_is_kept_and_what_has_not_is_dropped() {
        let cancel = Cancel::default();
        cancel.cancel();
        assert_eq!(cancel.unless(async { 7 }).await, Ok(7));
        let pending = std::future::pending::<()>();
        assert_eq!(cancel.unless(pending).await, Err(Interrupted));
    }

    #[test]
    fn nothing_is_begun_once_the_process_may_end() {
        let cancel = Cancel::default();
        let outer = cancel.hold();
        cancel.cancel();
        let inner = cancel.hold();
        assert!(inner.is_some(), "what is under way may need it");
        drop((outer, inner));
        assert!(cancel.hold().is_none());
    }
}
