//! Tests the program as users run it: the binary, in an empty folder.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "../s3/mod.rs"]
mod s3;

mod bad_configs;
mod bad_files;
mod bad_queries;
mod bad_targets;
mod browser;
mod caches;
mod changing;
mod commands;
mod comparing;
mod dialect;
mod documented;
mod elsewhere;
mod environment;
mod estimates;
mod expectations;
mod external;
mod files;
mod formats;
mod generated;
mod harness;
mod hostile;
mod inspecting;
mod interruptions;
mod layouts;
mod learning;
mod learning_large_values;
mod measuring;
mod options;
mod other_servers;
mod outputs;
mod pages;
mod partitions;
mod recipes;
mod replaced;
mod sharing;
mod small_disks;
mod sources;
mod statistics;
mod stores;
mod terminal;
mod traces;
mod training;
mod types;
mod workers;
