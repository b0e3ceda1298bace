//! Observes executions: the state of the caches before them, the bytes that they ask for, and the
//! resources that the process and the host use meanwhile. A [`Watch`] begins with files, a state
//! and a [`Ledger`], and ends as [`record::Figures`](crate::record::Figures).

mod cache;
mod calls;
mod counting;
mod host;
mod ledger;
mod process;
mod store;
mod versions;
mod watch;

pub use cache::warm_alike;
pub use host::{HostUsage, memory_bytes, system};
pub use ledger::{Counters, Ledger, ReadParts};
pub use process::{
    ProcessStat, cores, cpu_ns, device_read_bytes, give_memory_back, give_memory_back_by,
    reset_peak, resident_bytes, space_of_processes,
};
pub use store::MeasuredStore;
pub use versions::{build, build_name, versions};
pub use watch::{ByteOrigin, CacheSetting, ExecutionStart, Observation, Watch, WatchedFiles};
