//! Classes of errors that end a program. Each error has a class, and `cli` has an exit code for
//! each class.

/// Class of an error, by its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    /// A failure while running: a query's own error, a full disk, results that disagree.
    Failed,
    /// Wrong usage, config, query or data.
    Usage,
    /// A request to stop.
    Interrupted,
}
