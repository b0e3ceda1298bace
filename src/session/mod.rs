//! What every verb needs before it measures: datasets that are there, tables that are open, queries that are planned; the
//! control, the journal, events and errors.

mod control;
mod datasets;
mod error;
mod estimate;
mod event;
mod existing;
mod journal;
mod opening;
mod prepare;
mod reads;
mod traces;
mod unchanged;
mod versions;

pub use control::Control;
pub use datasets::{DatasetState, Datasets, KnownSources, writers};
pub use error::RunError;
pub(crate) use error::on_variant;
pub use estimate::{Disk, Estimate, Free, by_file_system, estimate};
pub use event::{Event, Observer};
pub use existing::Existing;
pub(crate) use journal::Journaled;
pub(crate) use opening::scenarios;
pub use opening::{CellPlan, Opened, check, existing, open};
pub use prepare::prepare;
pub use reads::reader_of;
pub(crate) use traces::TRACE_VERSION;
pub use traces::{KeptTrace, TRACES};
pub(crate) use unchanged::checked;
pub use unchanged::unchanged;
pub(crate) use versions::build;
