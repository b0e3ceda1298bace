//! How much is measured, how often, and how exactly.

use std::time::Duration;

use crate::record::Lane;
use crate::statistics::SMALLEST_EFFECT;

/// Fewest rounds where none are asked for.
const DEFAULT_ROUNDS: u32 = 10;
const DEFAULT_PRECISION: f64 = 0.04;
const DEFAULT_TIME_BUDGET: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Untimed rounds before the measured ones.
    pub warmup: u32,
    /// Measured rounds, at least 1; the fewest, where there is an `until`.
    pub rounds: u32,
    /// When to end after that; at once where left out.
    pub until: Option<Until>,
    /// Smallest effect of interest, as a share.
    pub effect: f64,
    /// Seed of the order in which a round visits the cells.
    pub seed: u64,
    /// The lanes that are timed, each once.
    pub lanes: Vec<Lane>,
    /// Whether the baseline is measured again, to see what noise alone does; where left out, it is
    /// where there are variants to compare.
    pub control: Option<bool>,
    /// Whether a process of its own executes each cell once, to see how much memory it takes.
    pub peak_memory: bool,
    /// Whether what each cell asks of the store is kept with its times, from which times on other
    /// storage are predicted; where left out, it is where there are variants to compare.
    pub break_even: Option<bool>,
    /// Whether cold iterations drop the page cache of the whole host, which only root may.
    pub drop_caches: bool,
}

/// When there have been enough rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// Every interval is at most this wide, as a share: high / low - 1.
    pub precision: f64,
    /// Or so much time has gone by since the first warm-up.
    pub time_budget: Duration,
}

impl Default for Until {
    fn default() -> Self {
        Until {
            precision: DEFAULT_PRECISION,
            time_budget: DEFAULT_TIME_BUDGET,
        }
    }
}

impl Default for Measure {
    fn default() -> Self {
        Measure {
            warmup: 1,
            rounds: DEFAULT_ROUNDS,
            until: Some(Until::default()),
            effect: SMALLEST_EFFECT,
            seed: 42,
            lanes: vec![Lane::EndToEnd],
            control: None,
            peak_memory: true,
            break_even: None,
            drop_caches: false,
        }
    }
}
