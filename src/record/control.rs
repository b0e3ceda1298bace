//! The control: the baseline once more, whose ratio to itself shows noise alone.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// Files that a control reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ControlKind {
    /// A copy of the baseline's files, byte for byte.
    Copy,
    /// The baseline's files themselves.
    SameFiles,
}

impl ControlKind {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}
