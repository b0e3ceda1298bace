//! Names of the kinds of distributions.

use strum::{IntoStaticStr, VariantArray};

/// Kind of a distribution, as its key `kind` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum DistributionKind {
    Uniform,
    Distinct,
    Normal,
    Lognormal,
    Quantiles,
    Zipf,
    Hotspot,
    Categorical,
    Sequence,
    RandomWalk,
    CorrelatedWith,
    Constant,
    Words,
    Template,
    Json,
    Compressible,
}

impl DistributionKind {
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}
