//! What the iterations of a record come to: summaries, comparisons with the baseline, and whether results agree; and what several
//! records come to together.

mod across;
mod agreement;
mod break_even;
mod ceilings;
mod comparison;
mod environment;
mod findings;
mod gate;
mod history;
mod overall;
mod ranking;
mod series;
mod simulate;

pub use across::{Across, AcrossError, Between, Compared, across};
pub use agreement::{
    Difference, DifferentContent, Disagreement, different_content, disagreements, nan_may_be_pruned,
};
pub use break_even::{Curve, LATENCY_NS, Predictions};
pub use comparison::{
    control_log_ratios, family, rounds_for, summarise, summarise_measured, widest_interval,
};
pub use gate::{Gate, gate};
pub use history::{Change, History, LEAST_RUNS, Point, history};
