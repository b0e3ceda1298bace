//! Generated datasets, in the steps: plan -> columns -> Parquet files -> proof -> manifest.
//!
//! A [`DatasetPlan`] is a plain value that describes the files to write and their places.
//! [`ensure()`] carries it out: it reuses existing files if their fingerprints match, continues
//! interrupted work, and otherwise writes the files, reads the footers back, and puts the manifest
//! in place last.

mod bound;
mod census;
mod clean;
mod control;
mod distinct;
mod ensure;
mod error;
mod find;
mod folder;
mod manifest;
mod names;
mod page_proof;
mod partition;
mod pipeline;
mod plain;
mod plan;
mod probe;
mod proof;
mod properties;
mod publish;
mod sample;
mod share;
mod shortfalls;
mod source;
mod threads;

pub use bound::{Bound, bound};
pub use clean::{Removal, removal, remove};
pub use control::{CONTROL_FOLDER, OwnedFolder};
pub use ensure::{EnsuredDataset, ensure};
pub use error::DatasetError;
pub use find::{FolderContent, find};
pub(crate) use folder::is_parquet;
pub use manifest::{Manifest, ManifestFile, ManifestTable};
pub use names::MANIFEST_FILE;
pub(crate) use partition::is_whole_number;
pub use partition::{DEFAULT_PARTITION, decode_partition_value};
pub(crate) use pipeline::encode::chunk_bytes;
pub use pipeline::target::Progress;
pub use plain::PlainFile;
pub(crate) use plan::fingerprint;
pub use plan::{DatasetPlan, TablePlan, place};
pub(crate) use plan::{grows_by, place_checked};
pub use probe::{Probe, probe};
pub(crate) use proof::IDENTITY_KEY;
pub use share::Share;
pub use shortfalls::{OffRowGroups, Shortfalls};
pub(crate) use source::SOURCE_TABLE;
pub use source::{KnownSource, PlainSource, SourceTable};
pub(crate) use threads::{THREAD_STACK, together};
