//! Estimated values and their bounds.

/// A closed interval, and the confidence that it reaches, which is at least the requested one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// Between 0 and 1.
    pub confidence: f64,
}

/// A value and its interval. The interval is absent if the sample is too small for the requested
/// confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub interval: Option<Interval>,
}
