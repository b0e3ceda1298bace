//! Everything that comes before measuring: checks, consent, and the writing of what is missing.

use tokio::runtime::Runtime;

use super::datasets::Datasets;
use super::error::RunError;
use super::event::{Event, Observer};
use super::opening::check;
use crate::config::Config;
use crate::dataset::{Cancel, Share};

/// Gets the datasets of a config ready: whatever can be told to be wrong comes first, then consent to writing, then the
/// writing of what is missing.
pub fn prepare(
    runtime: &Runtime,
    config: &Config,
    yes: bool,
    share: Option<Share>,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Datasets, RunError> {
    for note in &config.notes {
        observer.event(Event::Note(note));
    }
    let placed_and_checked = async {
        let datasets = Datasets::place(config).await?;
        check(config, &datasets, observer).await?;
        Ok(datasets)
    };
    let mut datasets = runtime.block_on(async {
        tokio::select! {
            datasets = placed_and_checked => datasets,
            () = cancel.cancelled() => Err(RunError::Interrupted),
        }
    })?;
    for note in datasets.source_notes() {
        observer.event(Event::Note(&note));
    }
    datasets.ask_consent(yes)?;
    datasets.ensure(runtime, share, cancel, observer)?;
    Ok(datasets)
}
