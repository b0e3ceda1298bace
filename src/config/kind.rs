//! The kinds of distributions: what each draws and which keys it takes.

use super::choice::Choice;
use super::model::Dtype;

/// The distributions, by their `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uniform,
    Normal,
    Zipf,
    Categorical,
    Sequence,
    Constant,
    Words,
}

impl Choice for Kind {
    const WHAT: &'static str = "a distribution";
    const ALL: &'static [(Self, &'static str)] = &[
        (Kind::Uniform, "uniform"),
        (Kind::Normal, "normal"),
        (Kind::Zipf, "zipf"),
        (Kind::Categorical, "categorical"),
        (Kind::Sequence, "sequence"),
        (Kind::Constant, "constant"),
        (Kind::Words, "words"),
    ];
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        Kind::ALL
            .iter()
            .find(|(other, _)| *other == self)
            .map_or("", |(_, name)| name)
    }

    /// What the kind draws, where it does not draw this type.
    pub(super) fn refuses(self, dtype: Dtype) -> Option<&'static str> {
        let (fits, draws) = match self {
            Kind::Uniform | Kind::Categorical | Kind::Constant => (true, ""),
            Kind::Normal | Kind::Sequence => (dtype.is_numeric(), "numbers"),
            Kind::Zipf => (dtype != Dtype::Bool, "numbers, string and binary"),
            Kind::Words => (dtype == Dtype::String, "string"),
        };
        (!fits).then_some(draws)
    }

    /// The keys that a kind takes, beside `kind` and `null_fraction`.
    pub(super) fn parameters(self) -> &'static [&'static str] {
        match self {
            Kind::Uniform => &["min", "max", "cardinality"],
            Kind::Normal => &["mean", "std_dev", "min", "max"],
            Kind::Zipf => &["exponent", "cardinality", "min"],
            Kind::Categorical => &["values", "cardinality", "min"],
            Kind::Sequence => &["start", "step", "cardinality", "min"],
            Kind::Constant => &["value"],
            Kind::Words => &["min", "max", "cardinality"],
        }
    }
}
