//! Place of a process among those that train together.

/// Place of a process among those that train together. They do not talk to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    pub rank: u64,
    pub world_size: u64,
    /// Processes on this host.
    pub local_size: u64,
}

impl Default for Rank {
    fn default() -> Self {
        Rank {
            rank: 0,
            world_size: 1,
            local_size: 1,
        }
    }
}
