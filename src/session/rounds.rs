//! The one loop of rounds. It executes a visit, looks at its files again, and keeps the results
//! before the next visit begins.

use super::error::Failure;
use crate::cancel::Cancel;

/// Makes the executions of rounds, and keeps their results.
pub(crate) trait Executor {
    /// One execution that is to be made.
    type Visit: Copy;
    /// Outcome of an execution, or its error.
    type Done;

    /// Announces a visit. Returns false if the visit is left out.
    fn begin(&mut self, _visit: Self::Visit) -> bool {
        true
    }

    /// Establishes the cache state and executes once. It is dropped before its end if a request to
    /// stop comes.
    async fn execute(&mut self, visit: Self::Visit) -> Self::Done;

    /// Fails if a file that the visit read has changed, which makes its results useless.
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
pub(crate) async fn visit_all<E: Executor>(
    executor: &mut E,
    visits: impl IntoIterator<Item = E::Visit>,
    cancel: &Cancel,
) -> Result<(), Failure> {
    for visit in visits {
        if executor.begin(visit) {
            let done = cancel.unless(executor.execute(visit)).await?;
            // Between executions, untimed.
            let checked = executor.check(visit).await;
            executor.keep(visit, done, checked).await?;
        }
        executor.end();
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::session::SessionError;

    /// Records what happens to visits.
    #[derive(Default)]
    struct ScriptedExecutor {
        said: Vec<String>,
        left_out: Option<u32>,
        changed: Option<u32>,
        /// Visit during which a request to stop comes, and the flag by which it comes.
        stopped: Option<(u32, Cancel)>,
    }

    impl Executor for ScriptedExecutor {
        type Visit = u32;
        type Done = u32;

        fn begin(&mut self, visit: u32) -> bool {
            self.left_out != Some(visit)
        }

        async fn execute(&mut self, visit: u32) -> u32 {
            self.said.push(format!("execute {visit}"));
            if let Some((_, cancel)) = self.stopped.as_ref().filter(|(at, _)| *at == visit) {
                cancel.cancel();
                pending::<()>().await;
            }
            visit * 10
        }

        async fn check(&self, visit: u32) -> Result<(), Failure> {
            match self.changed == Some(visit) {
                true => Err(SessionError::Internal("changed".to_owned()).into()),
                false => Ok(()),
            }
        }

        async fn keep(
            &mut self,
            visit: u32,
            done: u32,
            checked: Result<(), Failure>,
        ) -> Result<(), Failure> {
            let is_fine = checked.is_ok();
            self.said.push(format!("keep {visit}: {done}, {is_fine}"));
            checked
        }

        fn end(&mut self) {
            self.said.push("end".to_owned());
        }
    }

    async fn visited(
        mut script: ScriptedExecutor,
        cancel: &Cancel,
    ) -> (Vec<String>, Result<(), Failure>) {
        let done = visit_all(&mut script, [1, 2], cancel).await;
        (script.said, done)
    }

    #[tokio::test]
    async fn a_visit_is_kept_before_the_next_one_begins() {
        let (said, done) = visited(ScriptedExecutor::default(), &Cancel::default()).await;
        done.unwrap();
        let expected = [
            "execute 1",
            "keep 1: 10, true",
            "end",
            "execute 2",
            "keep 2: 20, true",
            "end",
        ];
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn a_visit_that_is_left_out_is_not_executed_and_counts_all_the_same() {
        let script = ScriptedExecutor {
            left_out: Some(1),
            ..ScriptedExecutor::default()
        };
        let (said, done) = visited(script, &Cancel::default()).await;
        done.unwrap();
        assert_eq!(said, ["end", "execute 2", "keep 2: 20, true", "end"]);
    }

    #[tokio::test]
    async fn a_visit_whose_files_have_changed_is_kept_and_is_the_last_one() {
        let script = ScriptedExecutor {
            changed: Some(1),
            ..ScriptedExecutor::default()
        };
        let (said, done) = visited(script, &Cancel::default()).await;
        assert!(done.is_err());
        assert_eq!(said, ["execute 1", "keep 1: 10, false"]);
    }

    #[tokio::test]
    async fn a_request_to_stop_ends_an_execution_and_nothing_is_kept_of_it() {
        let cancel = Cancel::default();
        let script = ScriptedExecutor {
            stopped: Some((2, cancel.clone())),
            ..ScriptedExecutor::default()
        };
        let (said, done) = visited(script, &cancel).await;
        let error = done.unwrap_err();
        assert!(matches!(error.error(), SessionError::Interrupted(_)));
        assert_eq!(said, ["execute 1", "keep 1: 10, true", "end", "execute 2"]);
    }
}
