//! Measuring: executions of a cell in its lanes, and the order in which they are made.

mod cell;
mod execute;
mod expectation;
mod lanes;
mod schedule;

pub use cell::{Cause, Cell, CellParts, MeasureError, Probe, Verified, offset_ns};
pub use execute::{Execution, execute};
pub use expectation::{Observed, evaluate};
pub use lanes::source_of;
pub use schedule::{BLOCK, Schedule, Visit};
