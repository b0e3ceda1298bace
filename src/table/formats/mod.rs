//! CSV, JSON and Arrow files as rows to write anew.
//!
//! All files are read once before anything is written: their rows are counted, and their columns
//! get types that hold each of their values.

mod all_files;
mod csv;
mod format;
mod ipc;
mod json;
mod open;
mod rows;

pub(super) use format::Format;
pub(super) use open::open_rows;
