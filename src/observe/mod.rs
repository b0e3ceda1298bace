//! Observing executions: the state of the caches they find, the bytes they ask for, and what the
//! process and the host do meanwhile. A [`Watch`] begins over files, a state and a [`Ledger`], and
//! ends as [`record::Figures`](crate::record::Figures).

mod cache;
mod calls;
mod counting;
mod host;
mod ledger;
mod process;
mod store;
mod watch;

pub use cache::warm_alike;
pub use host::{Disturbance, HostUsage, memory_bytes, system};
pub use ledger::{Counters, Ledger, Touched};
pub use process::{cores, cpu_ns, device_read_bytes, reset_peak, resident_bytes};
pub use store::MeasuredStore;
pub use watch::{CacheSetting, ExecutionStart, Observation, Watch, WatchedFiles};
