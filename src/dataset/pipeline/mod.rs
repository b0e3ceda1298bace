//! The writing of a dataset's files, from row groups to proven files.
//!
//! Rows come from a [`source::RowGroups`]: [`generated`] ones are made column by column,
//! [`rewritten`] ones are read from existing files, and [`sorted`] brings either into an order.
//! [`schedule`] hands the columns of row groups to all threads, [`mod@file`] appends what they have
//! encoded, and [`prove`] reads back what was written.

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
