//! Rows that share a draw: neighbours in runs, and rows that choose from a pool.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::ContentError;
use super::ranks::{Ranks, Zipf};
use super::rows::RowNumbers;
use crate::config::{Column, Pool};
use crate::random::Key;

/// Rows per block. Each block begins a run, which limits the search for a run's start.
const BLOCK: u64 = 65_536;

/// Number of blocks whose runs are kept in memory while unordered rows are made.
const MOST_BLOCKS: usize = 4096;

/// Rows that use the draw of another row.
#[derive(Clone)]
pub(super) struct Repeat {
    runs: Option<Runs>,
    pool: Option<(Key, Arc<Ranks>)>,
}

/// Runs of rows. Every row begins a run with the same probability, which makes lengths geometric.
#[derive(Clone, Copy)]
struct Runs {
    key: Key,
    /// Threshold out of 2^53.
    threshold: u64,
}

impl Repeat {
    /// Makes the repetitions of a column. A pool has no more values than the table has rows.
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

    /// Returns the first row of each row's run. None if every row is a run of its own.
    pub(super) fn starts(&self, rows: RowNumbers<'_>) -> Option<Vec<u64>> {
        let runs = self.runs?;
        let mut starts = Vec::with_capacity(rows.len());
        let mut last: Option<(u64, u64)> = None;
        let mut blocks = HashMap::new();
        rows.each(|row| {
            let start = match last {
                // Ascending rows share a run unless a new one begins between them.
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

    /// Returns the number that each row chooses in the pool. None without a pool.
    pub(super) fn chosen(&self, rows: RowNumbers<'_>) -> Option<Vec<u64>> {
        let (key, ranks) = self.pool.as_ref()?;
        Some(ranks.fill(*key, rows, 1, |number| number))
    }
}

impl Runs {
    fn begins(self, row: u64) -> bool {
        row.is_multiple_of(BLOCK) || self.key.word(row) >> 11 < self.threshold
    }

    /// Returns the first row of a row's run. Searches a few rows backwards, then in a table of the
    /// block's runs.
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
