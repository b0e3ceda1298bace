//! The keys that a kind of distribution takes, besides those that all kinds share.

use super::draft::DistributionDraft;
use crate::config::model::{Distribution, Dtype};
use crate::config::raw::RawDistributionKeys;

/// Keys for the order of rows. Kinds that draw values one by one take them.
const ORDER_KEYS: [&str; 3] = ["sortedness", "cycle", "drift"];

/// The keys that a kind takes, and the function that reads them. Each kind's rules are next to its
/// function.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) draws: Draws,
    /// Keys of the kind alone: neither those that all kinds share nor those for the order of rows.
    pub(super) keys: &'static [&'static str],
    /// True if the kind takes [`ORDER_KEYS`].
    pub(super) ordered: bool,
    /// True if neighbouring rows may share a draw and draws may come from a pool. False for kinds
    /// whose rows all differ or follow another column.
    pub(super) repeats: bool,
    /// True if string and binary values of the kind may have drawn lengths.
    pub(super) has_length: bool,
    /// Reads the distribution that the keys describe. None, with a problem added, if something is
    /// wrong.
    pub(super) check:
        fn(&mut DistributionDraft<'_, '_>, RawDistributionKeys) -> Option<Distribution>,
}

impl Rules {
    /// Returns the keys that the kind takes, besides those that all kinds share.
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

    /// Returns the name in messages.
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
