//! The parts that every verb needs before it measures: existing datasets, open tables, planned
//! queries, the control, the journal, events and errors.

mod check;
mod consent;
mod control;
mod datasets;
mod doubts;
mod error;
mod estimate;
mod event;
mod existing;
mod grid;
mod journal;
mod layout;
mod opening;
mod page_cache;
mod prepare;
mod reads;
mod results;
mod rounds;
mod traces;
mod unchanged;
mod warning;

pub use check::check;
pub use control::Control;
pub use datasets::{DatasetState, Datasets, KnownSources};
pub use error::{AtSite, Failure, SessionError, Site};
pub use estimate::{Disk, Estimate, Free, by_file_system, estimate, writers};
pub use event::{Event, Observer};
pub use existing::ExistingFiles;
pub(crate) use grid::Grid;
pub(crate) use journal::{RunJournal, rfc3339};
pub use opening::{CellPlan, OpenedRun, Slowdown, check_workers, existing, open, use_of_keys};
pub use prepare::{agreed, prepare};
pub use reads::reader_of;
pub(crate) use results::{check_results, keep_record};
pub(crate) use rounds::{Executor, visit_all};
pub(crate) use traces::TRACE_VERSION;
pub use traces::{KeptTrace, TRACES};
pub(crate) use unchanged::checked;
pub use unchanged::unchanged;
pub use warning::Warning;
