//! The data that is kept on disk about a run: versioned types of its own, the journal and the
//! store.
//!
//! Other programs may rely on the names of the fields. Within one `schema_version` fields are only
//! added.

mod cache;
mod cell;
mod conclusion;
mod control;
mod dataset;
mod event;
mod figures;
mod files;
#[cfg(test)]
pub(crate) mod fixture;
mod iteration;
mod journal;
mod layout;
mod non_finite;
mod outcome;
mod percentiles;
mod profile;
mod run;
mod store;
mod system;
#[cfg(test)]
mod tests;
mod training;
mod wire;
mod worker;

pub use cache::{Cache, CacheState, ColdEvidence, EngineCache};
pub use cell::{
    CellRecord, EngineRecord, ExpectationResult, FromStatistics, ThrottleRecord, as_written,
};
pub use conclusion::{Conclusion, ConclusionKind, ConfidenceLevel, RunConfidence};
pub use control::ControlKind;
pub use dataset::{ColumnRecord, DatasetRecord, LeafRecord, Origin, WriteRecord};
pub use event::{ApplyError, Event};
pub use figures::{Checksum, Column, Field, Figures, StoreCalls, Unit};
pub use files::RecordError;
pub use iteration::{Iteration, Kind, Lane, Scan, Status};
pub use journal::Journal;
pub use layout::{BloomFilterRecord, ChunkLayoutRecord, LayoutRecord, SortRecord};
pub use outcome::{
    Binds, BreakEven, Ceilings, Comparison, Contrast, Crossing, CrossingPoint, Doubt, Finding,
    FindingKind, LaneNoise, LedgerSummary, Noise, Overall, PredictionCheck, Preference,
    RankedVariant, Ranking, Scaling, Standing, Stretch, Summary, Verdict,
};
pub use percentiles::Percentiles;
pub use profile::{RequestProfile, StoreCall};
pub use run::{ANALYSIS_VERSION, EndOfRounds, RunRecord, SCHEMA_VERSION, StopReason, Versions};
pub use store::{read_record, to_json, write_record};
pub use system::{Build, Disturbance, FileSystem, System};
pub use training::{
    AcceleratorEpoch, AcceleratorSearch, AcceleratorTrial, EpochRecord, Phase,
    RowGroupCacheFigures, StepTimes, TimelineStretch, TrainingRecord, TrainingStep, Utilization,
};
pub use wire::{EndpointFigures, RequestsRecord, RetryCounts, StoreRecord, WireFigures};
pub use worker::{WorkerFigures, WorkerRecord};
