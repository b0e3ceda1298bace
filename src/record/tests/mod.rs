//! Records from the outside: writing them, and reading them back.
#![allow(clippy::unwrap_used)]

mod iteration;
mod journal;
mod store;
