//! `bench` measures how fast a Parquet layout can be read, by SQL, on a given storage system.

pub mod random;

pub mod units;

pub mod exit_class;

pub mod cancel;

pub mod output;

pub mod text_file;

pub mod suggest;

pub mod secret;

// The desk: knows numbers, never Arrow, Parquet or DataFusion.
pub mod statistics;

pub mod record;

pub mod analysis;

pub mod recipe;

pub mod report;

// The workshop: makes and measures.
pub mod config;

pub mod storage;

pub mod observe;

pub mod engine;

pub mod digest;

pub mod content;

pub mod files;

pub mod dataset;

pub mod table;

pub mod scenario;

pub mod cluster;

pub mod measure;

pub mod loader;

pub mod learn;

// The floors above both wings.
pub mod session;

pub mod run;

pub mod train;

pub mod replay;

pub mod doctor;

pub mod cli;
