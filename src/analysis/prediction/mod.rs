//! Predictions of the fastest variant on each storage, by a simulation of what each variant asks
//! for.

mod crossings;
mod curves;
mod load;
mod own_storage;
mod predictions;
mod replicates;
mod simulation;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use curves::Curve;
pub use own_storage::{OwnStorage, own_storages};
pub use predictions::{LATENCY_NS, Predictions};
