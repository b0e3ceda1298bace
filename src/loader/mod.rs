//! Loads batches for training: readers fill them with rows of the engine in a chosen order, and the
//! loops of accelerators take them.

mod accelerator;
mod batches;
mod buffer;
mod compute;
mod on_demand;
mod order;
mod pass;
mod readers;
mod tensors;

pub use accelerator::Steps;
#[cfg(test)]
pub(crate) use batches::EpochBatches;
pub use order::{Batching, EpochKey};
pub use pass::{Pass, PassOutcome, RowShare, TrainingTable, engine_rows, usual_readers};
