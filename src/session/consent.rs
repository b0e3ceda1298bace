//! Consent to writing much, and what a host has no room for.

use super::datasets::{DatasetState, Datasets};
use super::error::{Failure, SessionError};
use super::estimate::{Estimate, Free, blocks_of, bounded, by_file_system, estimate, writers};
use crate::dataset::DatasetPlan;
use crate::units;

/// Writing more than this asks for consent, and so does more than half of the free space.
const LARGE_BYTES: u64 = 10_000_000_000;

/// Refuses to write what a disk may not be able to hold, and what is large without consent: more
/// than 10 GB, or more than half of the free space. What it cannot hold by the best guess, or by
/// the number of files, is refused whatever was agreed to.
pub(super) fn ask_consent(datasets: &Datasets, yes: bool) -> Result<(), Failure> {
    for state in datasets.to_write() {
        writers(&state.plan)?;
    }
    let disks = by_file_system(datasets.to_write(), |state| &state.plan.root);
    disks
        .iter()
        .try_for_each(|states| Ok(ask_consent_for(states, yes)?))
}

/// As [`ask_consent`], for datasets on one file system.
fn ask_consent_for(states: &[&DatasetState], yes: bool) -> Result<(), SessionError> {
    let Some(first) = states.first() else {
        return Ok(());
    };
    let folder = &first.plan.root;
    let most = together(states, bounded)?;
    let free = Free::of(folder);
    // What an interrupted writing has left is there already.
    let there: u64 = states.iter().map(|state| blocks_of(&state.plan.root)).sum();
    let half = free.map_or(u64::MAX, |free| free.bytes / 2);
    let is_large = most.values.max(most.most_blocks()) > LARGE_BYTES || most.most_blocks() > half;
    let fits = free
        .is_none_or(|free| free.has_room(most.most_blocks().saturating_sub(there), most.inodes()));
    if fits && (yes || !is_large) {
        return Ok(());
    }
    let all = together(states, estimate)?;
    let left = free.map_or_else(String::new, |free| {
        format!(", where {} are free", free.in_words())
    });
    let reason = format!("{} would be written below {}{left}", all.in_words(), folder);
    let likely = all.likely_blocks().saturating_sub(there);
    match free {
        Some(free) if there == 0 && !free.has_inodes(all.inodes()) => {
            let inodes = units::count(all.inodes());
            let reason = format!("{reason}; it takes {inodes} inodes");
            Err(SessionError::Full { reason })
        }
        Some(free) if likely > free.bytes => Err(SessionError::Full { reason }),
        _ if yes => Ok(()),
        _ if !fits => Err(SessionError::Consent {
            reason: format!("{reason}; it may fill the disk"),
        }),
        _ => Err(SessionError::Consent { reason }),
    }
}

/// What datasets will take together.
fn together(
    states: &[&DatasetState],
    of_one: impl Fn(&DatasetPlan) -> Result<Estimate, SessionError>,
) -> Result<Estimate, SessionError> {
    let all = states.iter().map(|state| of_one(&state.plan));
    let all: Vec<Estimate> = all.collect::<Result<_, _>>()?;
    Ok(Estimate::sum(all.iter()))
}
