//! Datasets and existing files as DataFusion tables.
//!
//! A [`TableFiles`] lists the files of a table, from a manifest or from a listing. [`open`] reads
//! every footer, checks it, and returns an [`OpenTable`]: the provider that the engine scans, and
//! the facts about the files.

mod check;
mod discover;
mod error;
mod footers;
mod formats;
mod gather;
mod inspect;
mod layouts;
mod look;
mod merge;
mod open;
mod partitions;
mod provider;
mod recount;
mod source;
mod statistics;
mod table_files;
mod unify;
mod writable;

pub(crate) use check::doubled;
pub use discover::{
    discover, existing_tables, from_manifest, would_be_of_source, would_be_of_table,
};
pub use error::TableError;
pub use gather::KeyValues;
pub use inspect::{Inspection, inspect};
pub use layouts::layouts;
pub(crate) use look::{look, look_again};
pub use open::{OpenTable, open};
pub use source::open_source;
pub use table_files::{TableFile, TableFiles};
pub(crate) use unify::same_values;
