//! Results of a record's iterations: summaries, comparisons with the baseline, predictions, and the
//! agreement of results. Also comparisons of several records.

mod across;
mod agreement;
mod between_runs;
mod ceilings;
mod comparison;
mod conclude;
mod environment;
mod findings;
mod gate;
mod history;
mod measured;
mod overall;
mod precision;
mod prediction;
mod ranking;
mod scaling;
mod series;
mod sides;
mod summarise;
mod summary;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod training;
mod uncertainty;
mod utilization;
mod verdict;

pub use across::{Across, SideComparison, across};
pub use agreement::{
    Difference, DifferentContent, Disagreement, different_content, disagreements, nan_may_be_pruned,
};
pub use between_runs::Between;
pub use comparison::{control_log_ratios, family};
pub use gate::{Gate, GateOutcome, gate};
pub use history::{Change, History, Point, history, least_runs};
pub use measured::{Common, distinct, rebase, repeated};
pub use overall::{OverBaseline, PairedTime};
pub use precision::{rounds_lacking, widest_interval};
pub use prediction::{Curve, LATENCY_NS, OwnStorage, Predictions, own_storages};
pub use ranking::MOST_RANKED;
pub use scaling::{CellShares, Share};
pub use sides::AcrossError;
pub use summarise::{summarise, summarise_measured};
pub use training::{MergeError, PassSummary, TrainingRun, WorstAccelerator};
pub use utilization::{step_times, timeline, utilization};
pub use verdict::rounds_for;
