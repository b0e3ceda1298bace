//! How a program ends that an error has ended. Each error says its own class, and `cli` has a code
//! for each.

/// Class of an error, by whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    /// While running: a query's own error, a full disk, results that disagree.
    Failed,
    /// Wrong usage, config, query or data.
    Usage,
    /// A request to stop.
    Interrupted,
}
