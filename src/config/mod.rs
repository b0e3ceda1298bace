//! The config: YAML as written, in DLIO's dialect and ours, becomes a validated [`Config`].
//!
//! The passes, each with a type of its own: text -> tree of values (`yaml`) -> the tree with the
//! command line applied (`overrides`) -> variants, each a tree (`sweep`) -> the tree with its
//! references resolved (`interpolate`) -> the tree of the right shape (`shape`) -> the raw mirror
//! (`raw`) -> the validated model (`model`). A syntax error ends the first pass; all other errors
//! are reported together.

mod choice;
mod codec;
mod columns;
mod dataset;
mod distribution;
mod dlio;
mod error;
mod findings;
mod fit;
mod input;
mod interpolate;
mod key_path;
mod kind;
mod layout;
mod leaf;
mod line;
mod load;
mod model;
mod number;
mod options;
mod origins;
mod overrides;
mod print;
mod raw;
mod redact;
mod reports;
mod shape;
mod storage;
mod sweep;
#[cfg(test)]
mod tests;
mod training;
mod validate;
mod variants;
mod verbs;
mod wrapper;
mod yaml;

pub use codec::Codec;
pub use dataset::USUAL_ROW_GROUP_ROWS;
pub use dlio::dlio_keys;
pub use error::ConfigError;
pub use input::{Overrides, Source};
pub use load::load;
pub use model::{
    BloomFilter, ChunkLayout, Column, Computation, Config, Connection, Dataset, Distribution,
    Dtype, Encoding, EndpointSpread, Evaluation, ExcludedSteps, HeldAgainst, Layout, Length,
    LengthDistribution, Loading, Measure, PageCache, Physical, Pool, ReadMode, Reader,
    RequestSettings, RowGroupSize, ScenarioSource, SortColumn, SortScope, Split, Statistics,
    Streams, TemplatePart, Tensors, ThrottleSettings, TimeUnit, Training, Until, Variant,
    VectorLayout,
};
pub use number::{Number, Value};
pub use print::{to_config_text, to_yaml};
pub use redact::{argument as without_secrets, url as without_secrets_of_urls};
pub use shape::json_schema;
pub use sweep::CONTROLS;
pub use variants::ORIGINAL;
