//! Writes a dataset's files, from row groups to proven files.
//!
//! Rows come from a [`source::RowGroups`]: [`generated`] ones are made column by column,
//! [`rewritten`] ones are read from existing files, and [`sorted`] sorts either. [`schedule`]
//! distributes the columns of row groups over all threads, [`mod@file`] appends the encoded columns
//! to files, and [`prove`] reads written files back.

pub(crate) mod encode;
mod file;
mod format;
pub(crate) mod generated;
mod prove;
mod reading;
pub(crate) mod rewritten;
mod rows;
mod schedule;
mod sorted;
pub(crate) mod source;
pub(crate) mod target;
pub(crate) mod written;
