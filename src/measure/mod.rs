//! Measuring: executions of a cell in its lanes, and the order in which they are made.

mod cell;
mod error;
mod execute;
mod expectation;
mod lanes;
mod measurement;
mod observing;
mod scans;
mod schedule;
mod verified;
mod watching;

pub use cell::{Cell, CellParts, IterationPlace, Trial, offset_ns};
pub use error::{Cause, MeasureError};
pub use execute::{Execution, execute};
pub use expectation::{CellBehaviour, evaluate};
pub use measurement::Measurement;
pub use schedule::{BLOCK, Schedule, Visit};
pub use verified::VerifiedResult;
