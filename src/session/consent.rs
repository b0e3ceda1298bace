//! Asks for consent to writing much, and refuses data that a host has no room for.

use super::datasets::{DatasetState, Datasets};
use super::error::{Failure, SessionError};
use super::estimate::{Estimate, Free, blocks_of, bounded, by_file_system, estimate, writers};
use crate::dataset::DatasetPlan;
use crate::units;

/// Bytes beyond which writing needs consent. More than half of the free space needs it, too.
const LARGE_BYTES: u64 = 10_000_000_000;

/// Refuses to write data that a disk may not be able to hold, or that is large, without consent.
/// Large is more than 10 GB, or more than half of the free space. Data that the disk cannot hold by
/// the best guess, or by the number of files, is refused even with consent.
pub(super) fn ask_consent(datasets: &Datasets, yes: bool) -> Result<(), Failure> {
    for state in datasets.to_write() {
        writers(&state.plan)?;
    }
    let disks = by_file_system(datasets.to_write(), |state| &state.plan.root);
    disks
        .iter()
        .try_for_each(|states| Ok(ask_consent_for(states, yes)?))
}

/// Does the same as [`ask_consent`] for datasets on one file system.
fn ask_consent_for(states: &[&DatasetState], yes: bool) -> Result<(), SessionError> {
    let Some(first) = states.first() else {
        return Ok(());
    };
    let folder = &first.plan.root;
    let most = together(states, bounded)?;
    let place = Room {
        folder: folder.to_string(),
        free: Free::of(folder),
        there: states.iter().map(|state| blocks_of(&state.plan.root)).sum(),
    };
    allowed(&place, &most, || together(states, estimate), yes)
}

/// Room for datasets that are to be written.
struct Room {
    /// Folder, by its name in messages.
    folder: String,
    /// Absent if the file system does not report it.
    free: Option<Free>,
    /// Bytes of the disk that an interrupted run has taken already.
    there: u64,
}

/// Checks that `most` may be written to a place. If that is not clear yet, the best guess decides,
/// which needs a probe.
fn allowed(
    place: &Room,
    most: &Estimate,
    guess: impl FnOnce() -> Result<Estimate, SessionError>,
    yes: bool,
) -> Result<(), SessionError> {
    let (folder, free, there) = (&place.folder, place.free, place.there);
    let half = free.map_or(u64::MAX, |free| free.bytes / 2);
    let is_large = most.values.max(most.most_blocks()) > LARGE_BYTES || most.most_blocks() > half;
    let fits = free
        .is_none_or(|free| free.has_room(most.most_blocks().saturating_sub(there), most.inodes()));
    if fits && (yes || !is_large) {
        return Ok(());
    }
    let all = guess()?;
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

/// Returns the estimate of all datasets together.
fn together(
    states: &[&DatasetState],
    of_one: impl Fn(&DatasetPlan) -> Result<Estimate, SessionError>,
) -> Result<Estimate, SessionError> {
    let all = states.iter().map(|state| of_one(&state.plan));
    let all: Vec<Estimate> = all.collect::<Result<_, _>>()?;
    Ok(Estimate::sum(all.iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Bound;

    const GB: u64 = 1_000_000_000;

    /// Files that take at most `most` bytes of a disk, and `guess` by the best guess.
    fn estimated(most: u64, guess: u64) -> Estimate {
        Estimate {
            values: most,
            bound: Some(Bound {
                bytes: most,
                blocks: most,
                inodes: 11,
                files: 9,
                row_groups: 9,
            }),
            probe: None,
            file_bytes: guess,
            blocks: guess,
        }
    }

    fn place(free: u64, there: u64) -> Room {
        Room {
            folder: "data".to_owned(),
            free: Some(Free {
                bytes: free,
                inodes: Some(1000),
                block_bytes: 4096,
            }),
            there,
        }
    }

    /// Results without consent and with it.
    fn both(place: &Room, most: u64, guess: u64) -> [Result<(), SessionError>; 2] {
        let estimate = estimated(most, guess);
        [false, true].map(|yes| allowed(place, &estimate, || Ok(estimate), yes))
    }

    #[test]
    fn what_is_small_is_written_without_consent_and_without_a_probe() {
        let small = estimated(GB, GB);
        let probed = || Err(SessionError::Internal("probed".to_owned()));
        assert!(allowed(&place(100 * GB, 0), &small, probed, false).is_ok());
        let unknown = Room {
            free: None,
            ..place(0, 0)
        };
        assert!(allowed(&unknown, &small, probed, false).is_ok());
    }

    #[test]
    fn more_than_10_gb_takes_consent_however_much_is_free() {
        let all = place(1000 * GB, 0);
        let [without, with] = both(&all, 10 * GB, GB);
        assert!(without.is_ok() && with.is_ok());
        let [without, with] = both(&all, 10 * GB + 1, GB);
        assert!(matches!(without, Err(SessionError::Consent { .. })));
        assert!(with.is_ok());
    }

    #[test]
    fn more_than_half_of_what_is_free_takes_consent() {
        let [without, with] = both(&place(6 * GB, 0), 3 * GB, GB);
        assert!(without.is_ok() && with.is_ok());
        let [without, with] = both(&place(6 * GB, 0), 4 * GB, GB);
        assert!(
            matches!(&without, Err(SessionError::Consent { reason }) if !reason.contains("fill")),
            "{without:?}"
        );
        assert!(with.is_ok());
    }

    #[test]
    fn what_may_fill_the_disk_and_likely_will_not_takes_consent() {
        let [without, with] = both(&place(5 * GB, 0), 6 * GB, GB);
        assert!(
            matches!(&without, Err(SessionError::Consent { reason }) if reason.ends_with("it may fill the disk")),
            "{without:?}"
        );
        assert!(with.is_ok());
    }

    #[test]
    fn what_likely_does_not_fit_is_refused_whatever_was_agreed_to() {
        for result in both(&place(5 * GB, 0), 7 * GB, 6 * GB) {
            assert!(
                matches!(result, Err(SessionError::Full { .. })),
                "{result:?}"
            );
        }
    }

    #[test]
    fn too_many_files_are_refused_whatever_was_agreed_to() {
        let mut few = place(100 * GB, 0);
        few.free = few.free.map(|free| Free {
            inodes: Some(10),
            ..free
        });
        for result in both(&few, GB, GB) {
            assert!(
                matches!(&result, Err(SessionError::Full { reason }) if reason.ends_with("it takes 11 inodes")),
                "{result:?}"
            );
        }
    }

    #[test]
    fn what_an_interrupted_writing_has_left_needs_no_room() {
        for result in both(&place(2 * GB, 0), 4 * GB, 4 * GB) {
            assert!(
                matches!(result, Err(SessionError::Full { .. })),
                "{result:?}"
            );
        }
        let [without, with] = both(&place(2 * GB, 3 * GB), 4 * GB, 4 * GB);
        assert!(matches!(without, Err(SessionError::Consent { .. })));
        assert!(with.is_ok());
    }

    #[test]
    fn a_sum_is_of_all_and_has_no_bound_where_one_has_none() {
        let (one, other) = (estimated(3, 1), estimated(5, 2));
        let sum = Estimate::sum([one, other].iter());
        assert_eq!((sum.most_blocks(), sum.likely_blocks()), (8, 3));
        assert_eq!((sum.values, sum.inodes()), (8, 22));
        let unbound = Estimate {
            bound: None,
            ..other
        };
        let sum = Estimate::sum([one, unbound].iter());
        assert_eq!((sum.most_blocks(), sum.likely_blocks()), (3, 0));
        assert_eq!(sum.inodes(), 0);
    }
}
