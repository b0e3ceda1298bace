//! Records from outside: what is written of them, and what is read back.
#![allow(clippy::unwrap_used)]

mod iteration;
mod journal;
mod store;
