//! What the iterations of a record come to: summaries, comparisons with the baseline, and whether results agree.

mod agreement;
mod comparison;

pub use agreement::{Difference, DifferentContent, Disagreement, different_content, disagreements};
pub use comparison::summarise;
