//! Queries on several hosts.
//!
//! A coordinator plans a query for its [`Workers`] with `datafusion-distributed`, and each worker
//! ([`ListeningWorker`]) runs the tasks of its own files. What that engine does in silence is
//! mended here: docs/method.md has a line for each.

mod channel;
mod deployment;
mod error;
mod fence;
mod generation;
mod message;
mod panics;
mod placement;
mod roots;
mod scan_node;
mod security;
mod server;
mod worker;
mod workers;

pub use channel::worker_of;
pub use deployment::{Crew, Deployment, Exchange};
pub use error::ClusterError;
pub use generation::Generate;
pub use message::{TableScans, WorkerFacts, WorkerReport};
pub use panics::Panics;
pub use placement::PLANNED_ALIKE;
pub use roots::Roots;
pub use security::{ClientSecurity, TOKEN_VARIABLE, TlsFiles};
pub use server::{ListeningWorker, Log};
pub use worker::WorkerSettings;
pub use workers::Workers;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
