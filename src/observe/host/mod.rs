//! The host: its properties, and disturbances of a measurement on it.

mod cgroup;
mod container;
mod disturbance;
mod kernel;
mod memory;
mod mounts;
mod system;
mod usage;

pub use memory::memory_bytes;
pub use system::system;
pub use usage::HostUsage;
