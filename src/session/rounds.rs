//! The one loop of rounds: each visit is executed, its files are looked at again, and what came of
//! it is kept before the next visit begins.

use super::error::Failure;
use crate::cancel::Cancel;

/// What is executed in rounds.
pub(crate) trait Visited {
    /// One execution to be made.
    type Visit: Copy;
    /// What an execution came to, or why it did not.
    type Done;

    /// Announces a visit. False where it is left out.
    fn begin(&mut self, _visit: Self::Visit) -> bool {
        true
    }

    /// Establishes the cache state and executes once. Dropped before its end where a request to
    /// stop comes.
    async fn execute(&mut self, visit: Self::Visit) -> Self::Done;

    /// Fails where a file that the visit read is not what it was, so that whatever came of it is of
    /// no use.
    async fn check(&self, visit: Self::Visit) -> Result<(), Failure>;

    async fn keep(
        &mut self,
        visit: Self::Visit,
        done: Self::Done,
        checked: Result<(), Failure>,
    ) -> Result<(), Failure>;

    /// Announces that a visit is over, or was left out.
    fn end(&mut self) {}
}

/// Makes visits one after the other.
pub(crate) async fn visit_all<V: Visited>(
    visited: &mut V,
    visits: impl IntoIterator<Item = V::Visit>,
    cancel: &Cancel,
) -> Result<(), Failure> {
    for visit in visits {
        if visited.begin(visit) {
            let done = cancel.unless(visited.execute(visit)).await?;
            // Between executions, untimed.
            let checked = visited.check(visit).await;
            visited.keep(visit, done, checked).await?;
        }
        visited.end();
    }
    Ok(())
}
