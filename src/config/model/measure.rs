//! Settings of the measurement: lanes, rounds and precision.

use std::time::Duration;

use crate::record::Lane;
use crate::statistics::SMALLEST_EFFECT;

/// Smallest number of rounds if the config gives none.
const DEFAULT_ROUNDS: u32 = 10;
const DEFAULT_PRECISION: f64 = 0.04;
const DEFAULT_TIME_BUDGET: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Untimed rounds before the measured ones.
    pub warmup: u32,
    /// Measured rounds, at least 1. With `until` this is the minimum.
    pub rounds: u32,
    /// Condition for ending after those rounds. Absent: the run ends right after them.
    pub until: Option<Until>,
    /// Smallest effect of interest, as a share.
    pub effect: f64,
    /// Seed of the order in which a round visits the cells.
    pub seed: u64,
    /// Lanes to time, each once.
    pub lanes: Vec<Lane>,
    /// True if the baseline is measured again, as a control that shows the effect of noise alone.
    /// Absent: it is measured again if there are several variants.
    pub control: Option<bool>,
    /// True if each cell is executed once in a separate process, to see how much memory it takes.
    pub peak_memory: bool,
    /// True if each cell's requests to the store are recorded with their times, to predict its time
    /// on other storage. Absent: they are recorded if there are several variants.
    pub break_even: Option<bool>,
    /// True if cold iterations drop the page cache of the whole host, which only root may do.
    pub drop_caches: bool,
}

/// Conditions under which there have been enough rounds. Either of them suffices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// Largest width of an interval, as a share: high / low - 1. Every interval must be this
    /// narrow.
    pub precision: f64,
    /// Time since the run began after which there have been enough rounds. Writing and opening the
    /// data counts for up to half of it.
    pub time_budget: Duration,
}

impl Until {
    /// Returns the same conditions with the time that is left for the rounds after the data took so
    /// long to prepare.
    pub fn after(self, preparing: Duration) -> Self {
        let counted = preparing.min(self.time_budget / 2);
        Until {
            time_budget: self.time_budget - counted,
            ..self
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preparing_takes_up_to_half_of_the_time() {
        let until = Until {
            precision: 0.04,
            time_budget: Duration::from_secs(60),
        };
        for (preparing, left) in [(0, 60), (10, 50), (30, 30), (3_600, 30)] {
            let after = until.after(Duration::from_secs(preparing));
            assert_eq!(after.time_budget, Duration::from_secs(left));
            assert_eq!(after.precision, until.precision);
        }
    }
}
