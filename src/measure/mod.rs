//! Measuring: executions, their cache state, what they cost, and the order in which they are made.

mod cache;
mod cell;
mod execute;
mod expectation;
mod host;
mod lanes;
mod process;
mod schedule;

pub use cache::{Attested, establish, warm_alike};
pub use cell::{Cause, Cell, CellParts, MeasureError, Probe, Verified, offset_ns};
pub use execute::{Execution, execute};
pub use expectation::{Observed, evaluate};
pub use host::{Disturbance, HostUsage, system};
pub use lanes::source_of;
pub(crate) use process::cores;
pub use process::{device_read_bytes, memory_bytes, reset_peak, resident_bytes};
pub use schedule::{BLOCK, Schedule, Visit};
