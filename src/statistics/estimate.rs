//! Values with the bounds that a sample sets to them.

/// A closed interval and the confidence that it reaches, which is at least what was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// 0 to 1.
    pub confidence: f64,
}

/// A value, with its interval where the sample is large enough for the confidence asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub interval: Option<Interval>,
}
