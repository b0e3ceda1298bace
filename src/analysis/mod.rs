//! What the iterations of a record come to: summaries, comparisons with the baseline, and whether results agree.

mod agreement;
mod ceilings;
mod comparison;
mod findings;

pub use agreement::{Difference, DifferentContent, Disagreement, different_content, disagreements};
pub use comparison::{control_log_ratios, family, rounds_for, summarise, widest_interval};
