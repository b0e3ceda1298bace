//! The kinds of distributions: what each draws and which keys it takes.

use strum::{IntoStaticStr, VariantArray};

use super::model::Dtype;

/// The distributions, by their `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Kind {
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

impl Kind {
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// What the kind draws, where it does not draw this type.
    pub(super) fn refuses(self, dtype: Dtype) -> Option<&'static str> {
        const NUMBERS: &str = "numbers, dates, timestamps and decimals";
        const TEXT: &str = "string and large_string";
        let strings = matches!(dtype, Dtype::String | Dtype::LargeString);
        let (fits, draws) = match self {
            Kind::Uniform | Kind::Categorical | Kind::Constant | Kind::CorrelatedWith => (true, ""),
            Kind::Normal
            | Kind::Lognormal
            | Kind::Quantiles
            | Kind::Sequence
            | Kind::RandomWalk => (dtype.draws_numbers(), NUMBERS),
            Kind::Zipf | Kind::Hotspot | Kind::Distinct => {
                (dtype != Dtype::Bool, "all types but bool")
            }
            Kind::Words | Kind::Template | Kind::Json => (strings, TEXT),
            Kind::Compressible => (dtype == Dtype::Binary, "binary"),
        };
        (!fits).then_some(draws)
    }

    /// The keys that a kind takes, beside `kind`, `null_fraction`, `length`, `run_length` and `pool`.
    pub(super) fn parameters(self) -> &'static [&'static str] {
        match self {
            Kind::Uniform => &[
                "min",
                "max",
                "cardinality",
                "multiple_of",
                "sortedness",
                "cycle",
                "drift",
            ],
            Kind::Distinct => &["min", "max", "cardinality"],
            Kind::Normal | Kind::Lognormal => &[
                "mean",
                "std_dev",
                "min",
                "max",
                "cardinality",
                "multiple_of",
                "sortedness",
                "cycle",
                "drift",
            ],
            Kind::Quantiles => &["values", "multiple_of", "sortedness", "cycle", "drift"],
            Kind::Zipf => &[
                "exponent",
                "cardinality",
                "min",
                "sortedness",
                "cycle",
                "drift",
            ],
            Kind::Hotspot => &[
                "cardinality",
                "hot_fraction",
                "hot_share",
                "min",
                "sortedness",
                "cycle",
                "drift",
            ],
            Kind::Categorical => &[
                "values",
                "weights",
                "cardinality",
                "min",
                "sortedness",
                "cycle",
                "drift",
            ],
            Kind::Sequence => &["start", "step", "jitter", "cardinality", "min"],
            Kind::RandomWalk => &["start", "step", "min", "max", "multiple_of"],
            Kind::CorrelatedWith => &[
                "column",
                "correlation",
                "mean",
                "std_dev",
                "min",
                "max",
                "cardinality",
            ],
            Kind::Constant => &["value"],
            Kind::Words => &["min", "max", "cardinality"],
            Kind::Template => &["template", "exponent", "cardinality"],
            Kind::Json => &["min", "max", "cardinality"],
            Kind::Compressible => &["compressibility"],
        }
    }

    /// Whether neighbouring rows may share a draw, and draws come out of a pool: not where rows differ or follow another
    /// column's.
    pub(super) fn repeats(self) -> bool {
        !matches!(self, Kind::Distinct | Kind::CorrelatedWith)
    }

    /// Whether values of a drawn length can be made of it, where the column is string or binary.
    pub(super) fn has_length(self) -> bool {
        matches!(
            self,
            Kind::Uniform
                | Kind::Distinct
                | Kind::Zipf
                | Kind::Hotspot
                | Kind::Words
                | Kind::Compressible
        )
    }
}
