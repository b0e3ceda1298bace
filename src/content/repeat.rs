//! Rows that share a draw: neighbours in runs, and rows that choose out of a pool.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::ContentError;
use super::ranks::{Ranks, Zipf};
use super::rows::Rows;
use crate::config::{Column, Pool};
use crate::random::Key;

/// Every block of so many rows begins a run, so that no run must be followed further back.
const BLOCK: u64 = 65_536;

/// Blocks whose runs are remembered while rows are made that are not in order.
const MOST_BLOCKS: usize = 4096;

/// Rows that take the draw of another one.
#[derive(Clone)]
pub(super) struct Repeat {
    runs: Option<Runs>,
    pool: Option<(Key, Arc<Ranks>)>,
}

/// Each row begins a run with one probability, so that lengths are geometric.
#[derive(Clone, Copy)]
struct Runs {
    key: Key,
    /// Out of 2^53.
    threshold: u64,
}

impl Repeat {
    /// No pool holds more values than there are rows.
    pub(super) fn new(key: Key, column: &Column, total_rows: u64) -> Result<Self, ContentError> {
        const RUN: u64 = u64::from_le_bytes(*b"run from");
        const POOL: u64 = u64::from_le_bytes(*b"the pool");
        let ranks = |pool: Pool| -> Result<Ranks, ContentError> {
            let size = pool.size.clamp(1, total_rows.max(1));
            Ok(match pool.exponent > 0.0 {
                true => Ranks::Zipf(Zipf::new(pool.exponent, size)?),
                false => Ranks::Alike { count: size },
            })
        };
        Ok(Repeat {
            runs: (column.run_length > 1.0).then(|| Runs {
                key: key.derive(RUN),
                threshold: ((1_u64 << 53) as f64 / column.run_length) as u64,
            }),
            pool: match column.pool {
                Some(pool) => Some((key.derive(POOL), Arc::new(ranks(pool)?))),
                None => None,
            },
        })
    }

    /// The first rows of the runs that rows stand in; none where each row is a run.
    pub(super) fn starts(&self, rows: Rows<'_>) -> Option<Vec<u64>> {
        let runs = self.runs?;
        let mut starts = Vec::with_capacity(rows.len());
        let mut last: Option<(u64, u64)> = None;
        let mut blocks = HashMap::new();
        rows.each(|row| {
            let start = match last {
                // Rows in order share their run unless a new one begins on the way.
                Some((before, start)) if before <= row && before / BLOCK == row / BLOCK => {
                    let between = (before..row).rev().map(|before| before + 1);
                    between
                        .into_iter()
                        .find(|row| runs.begins(*row))
                        .unwrap_or(start)
                }
                _ => runs.start(row, &mut blocks),
            };
            last = Some((row, start));
            starts.push(start);
        });
        Some(starts)
    }

    /// The numbers in the pool that rows choose; none without a pool.
    pub(super) fn chosen(&self, rows: Rows<'_>) -> Option<Vec<u64>> {
        let (key, ranks) = self.pool.as_ref()?;
        Some(ranks.fill(*key, rows, 1, |number| number))
    }
}

impl Runs {
    fn begins(self, row: u64) -> bool {
        row.is_multiple_of(BLOCK) || self.key.word(row) >> 11 < self.threshold
    }

    /// The first row of a row's run: looked for on the way back where that is short, else in a
    /// table of its block.
    fn start(self, row: u64, blocks: &mut HashMap<u64, Vec<u64>>) -> u64 {
        const SHORT: u64 = 64;
        let block = row - row % BLOCK;
        let near = row.saturating_sub(SHORT).max(block)..=row;
        if let Some(start) = near.rev().find(|row| self.begins(*row)) {
            return start;
        }
        if blocks.len() == MOST_BLOCKS {
            blocks.clear();
        }
        let starts = blocks.entry(block).or_insert_with(|| {
            (block..block + BLOCK)
                .filter(|row| self.begins(*row))
                .collect()
        });
        let after = starts.partition_point(|start| *start <= row);
        after.checked_sub(1).map_or(block, |at| starts[at])
    }
}
