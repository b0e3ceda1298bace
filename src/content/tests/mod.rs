#![allow(clippy::unwrap_used, clippy::panic)]

mod columns;
mod errors;
mod following;
mod numbers;
mod order;
mod ranks;
mod rows;
mod texts;
