//! The validated model: the settings of a config, with every default filled in.
//!
//! The rest of the program may rely on these types: counts are positive, names are unique, levels
//! are within their codec's range, distributions fit their column's type.

mod column;
mod dataset;
mod distribution;
mod dtype;
mod layout;
mod measure;
mod reading;
mod storage;
mod training;
mod workload;

pub use column::{Column, Length, LengthDistribution, Pool};
pub use dataset::{Dataset, Split};
pub use distribution::{Distribution, TemplatePart};
pub(super) use dtype::DECIMAL_DIGITS;
pub use dtype::{Dtype, Physical, TimeUnit};
pub use layout::{
    BloomFilter, ChunkLayout, Encoding, Layout, RowGroupSize, SortColumn, SortScope, Statistics,
    VectorLayout,
};
pub use measure::{Measure, Until};
pub use reading::{HeldAgainst, PageCache, ReadMode, Reader, Streams, ThrottleSettings};
pub use storage::{Connection, EndpointSpread, RequestSettings};
pub(super) use training::Shuffling;
pub use training::{Computation, Evaluation, ExcludedSteps, Loading, Tensors, Training};
pub use workload::{Config, ScenarioSource, Variant};
