//! The keys that a kind of distribution takes, beside those of every kind.

use super::draft::Draft;
use crate::config::model::{Distribution, Dtype};
use crate::config::raw::RawDistributionKeys;

/// The keys for the order of rows, of kinds that draw values one by one.
const ORDER_KEYS: [&str; 3] = ["sortedness", "cycle", "drift"];

/// The keys that a kind takes, and how they are read. Each kind's rules stand beside its check.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) draws: Draws,
    /// Beside those of every kind, and those for the order of rows.
    pub(super) keys: &'static [&'static str],
    /// Whether it takes [`ORDER_KEYS`].
    pub(super) ordered: bool,
    /// Whether neighbouring rows may share a draw, and draws come out of a pool: not where rows
    /// differ or follow another column's.
    pub(super) repeats: bool,
    /// Whether values of a drawn length can be made of it, where the column is string or binary.
    pub(super) has_length: bool,
    /// The distribution that the keys describe; none, and a problem, where something is wrong.
    pub(super) check: fn(&mut Draft<'_, '_>, RawDistributionKeys) -> Option<Distribution>,
}

impl Rules {
    /// The keys that it takes, beside those of every kind.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let order = ORDER_KEYS.into_iter().filter(|_| self.ordered);
        self.keys.iter().copied().chain(order)
    }
}

/// The types that a kind draws.
#[derive(Debug, Clone, Copy)]
pub(super) enum Draws {
    All,
    AllButBool,
    Numbers,
    Strings,
    Binary,
}

impl Draws {
    pub(super) fn includes(self, dtype: Dtype) -> bool {
        match self {
            Draws::All => true,
            Draws::AllButBool => dtype != Dtype::Bool,
            Draws::Numbers => dtype.draws_numbers(),
            Draws::Strings => matches!(dtype, Dtype::String | Dtype::LargeString),
            Draws::Binary => dtype == Dtype::Binary,
        }
    }

    /// As messages name them.
    pub(super) fn name(self) -> &'static str {
        match self {
            Draws::All => "all types",
            Draws::AllButBool => "all types but bool",
            Draws::Numbers => "numbers, dates, timestamps and decimals",
            Draws::Strings => "string and large_string",
            Draws::Binary => "binary",
        }
    }
}
