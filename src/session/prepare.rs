//! The steps before measuring: checks, consent, and writing missing datasets.

use tokio::runtime::Runtime;

use super::check::check;
use super::consent::ask_consent;
use super::datasets::Datasets;
use super::error::Failure;
use super::event::{Event, Observer};
use crate::cancel::Cancel;
use crate::config::Config;
use crate::dataset::Share;
use crate::storage::Stores;

/// Prepares the datasets of a config: first it reports all faults that can be known, then asks for
/// consent to writing, then writes what is missing.
pub fn prepare(
    runtime: &Runtime,
    stores: &Stores,
    config: &Config,
    yes: bool,
    share: Option<Share>,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Datasets, Failure> {
    let mut datasets = agreed(runtime, stores, config, yes, cancel, observer)?;
    datasets.ensure(runtime, share, cancel, observer)?;
    Ok(datasets)
}

/// Does the same without writing, which somebody else does.
pub fn agreed(
    runtime: &Runtime,
    stores: &Stores,
    config: &Config,
    yes: bool,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Datasets, Failure> {
    for note in &config.notes {
        observer.event(Event::Note(note));
    }
    let placed_and_checked = async {
        let datasets = Datasets::place(stores, config).await?;
        check(config, &datasets, observer).await?;
        Ok::<_, Failure>(datasets)
    };
    let datasets = runtime.block_on(cancel.unless(placed_and_checked))??;
    for note in datasets.source_notes() {
        observer.event(Event::Note(&note));
    }
    ask_consent(&datasets, yes)?;
    Ok(datasets)
}
