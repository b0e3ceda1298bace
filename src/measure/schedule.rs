//! The order in which rounds visit the cells and their lanes.

use std::ops::Range;

use crate::record::{Kind, Lane};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Number of rounds of a block.
pub const BLOCK: u32 = 5;

/// One iteration that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    pub cell: usize,
    pub lane: Lane,
    pub round: u32,
    /// Position within its round, from 0.
    pub position: u32,
    /// Number of the block that contains the round. Absent if there are no blocks.
    pub block: Option<u32>,
}

/// The cells and lanes of a run, which are shuffled.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub cells: usize,
    pub lanes: Vec<Lane>,
    pub seed: u64,
    /// True if a cell has the rounds of a block one after the other, because the files of all cells
    /// do not fit in memory together. It then reads its files once per block instead of once per
    /// round.
    pub blocked: bool,
}

impl Schedule {
    /// Returns the iterations of some rounds. The order is a function of the seed, the kind of
    /// rounds and their numbers, so a run can be repeated; all orders are equally likely. The cells
    /// of every second block come in the reverse order of the block before, so each cell is as
    /// often early as late.
    pub fn visits(&self, kind: Kind, rounds: Range<u32>) -> Vec<Visit> {
        let mut visits = Vec::new();
        let span = if self.blocked { BLOCK } else { 1 };
        for first in rounds.clone().step_by(span as usize) {
            let block = first..(first + span).min(rounds.end);
            if !self.blocked {
                let order = order(self.cells * self.lanes.len(), self.seed, kind, first);
                let items = order.into_iter().enumerate().map(|(position, item)| Visit {
                    cell: item / self.lanes.len(),
                    lane: self.lanes[item % self.lanes.len()],
                    round: first,
                    position: u32::try_from(position).unwrap_or(u32::MAX),
                    block: None,
                });
                visits.extend(items);
                continue;
            }
            let number = first / span;
            let mut cells = order(self.cells, self.seed, kind, number / 2);
            if number % 2 == 1 {
                cells.reverse();
            }
            for (place, cell) in cells.into_iter().enumerate() {
                for round in block.clone() {
                    let seed = self.seed.wrapping_add(cell as u64 + 1);
                    let lanes = order(self.lanes.len(), seed, kind, round);
                    visits.extend(lanes.into_iter().enumerate().map(|(index, lane)| Visit {
                        cell,
                        lane: self.lanes[lane],
                        round,
                        position:
                            u32::try_from(place * self.lanes.len() + index).unwrap_or(u32::MAX),
                        block: Some(number),
                    }));
                }
            }
        }
        visits
    }
}

/// Returns the numbers below `things`, shuffled.
fn order(things: usize, seed: u64, kind: Kind, round: u32) -> Vec<usize> {
    let key = |thing: usize| {
        let mut bytes = [0_u8; 13];
        bytes[..8].copy_from_slice(&(thing as u64).to_le_bytes());
        bytes[8..12].copy_from_slice(&round.to_le_bytes());
        bytes[12] = u8::from(kind == Kind::Measured);
        xxh3_64_with_seed(&bytes, seed)
    };
    let mut things: Vec<usize> = (0..things).collect();
    things.sort_by_key(|thing| (key(*thing), *thing));
    things
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    fn schedule(blocked: bool) -> Schedule {
        Schedule {
            cells: 7,
            lanes: vec![Lane::EndToEnd, Lane::Storage],
            seed: 1,
            blocked,
        }
    }

    #[rstest]
    fn every_round_visits_every_lane_of_every_cell_once(
        #[values(false, true)] blocked: bool,
        #[values(1, 4, 5, 13)] rounds: u32,
    ) {
        let visits = schedule(blocked).visits(Kind::Measured, 0..rounds);
        let different: BTreeSet<_> = visits
            .iter()
            .map(|visit| (visit.round, visit.cell, visit.lane))
            .collect();
        let places: BTreeSet<_> = visits
            .iter()
            .map(|visit| (visit.round, visit.position))
            .collect();
        let expected = 14 * rounds as usize;
        assert_eq!(
            (visits.len(), different.len(), places.len()),
            (expected, expected, expected)
        );
    }

    #[test]
    fn a_block_has_a_cell_at_a_time_and_the_next_one_the_other_way_round() {
        let visits = schedule(true).visits(Kind::Measured, 0..2 * BLOCK);
        let mut cells: Vec<usize> = visits.iter().map(|visit| visit.cell).collect();
        cells.dedup();
        let (first, second) = (&cells[..7], &cells[6..]);
        let reversed: Vec<usize> = first.iter().rev().copied().collect();
        assert_eq!(second, reversed);
    }

    #[test]
    fn the_order_depends_on_seed_kind_and_round_and_on_nothing_else() {
        let base = order(10, 1, Kind::Measured, 0);
        assert_eq!(base, order(10, 1, Kind::Measured, 0));
        assert_ne!(base, order(10, 2, Kind::Measured, 0));
        assert_ne!(base, order(10, 1, Kind::Warmup, 0));
        assert_ne!(base, order(10, 1, Kind::Measured, 1));
    }

    #[test]
    fn each_cell_comes_first_about_equally_often() {
        let mut first = [0_u32; 5];
        for round in 0..5000 {
            first[order(5, 42, Kind::Measured, round)[0]] += 1;
        }
        assert!(
            first.iter().all(|count| (850..1150).contains(count)),
            "{first:?}"
        );
    }
}
