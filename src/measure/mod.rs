//! Measuring: executions, their cache state, what they cost, and the order in which they are made.

mod cache;
mod cell;
mod execute;
mod expectation;
mod process;
mod schedule;

pub use cache::establish_warm;
pub(crate) use cell::unknown_cache;
pub use cell::{Cause, Cell, MeasureError, Probe, Verified, offset_ns};
pub use execute::{Execution, execute};
pub use expectation::{Observed, evaluate};
pub(crate) use process::cores;
pub use process::{memory_bytes, system};
pub use schedule::order;
