//! Parquet files: the contents of their footers, page indexes and pages, and their defects.
//!
//! [`read_footer`] is the only way to read a footer, apart from the engine's own. [`Columns`] adds
//! up facts about columns from footers: for the proof after writing, for tables, `inspect` and
//! `learn`.

mod annotations;
mod bounds;
mod chunk;
mod columns;
mod compact;
mod damage;
mod doubts;
mod error;
mod facts;
mod footer;
mod intervals;
mod keys;
mod page_header;
mod page_limits;
mod pages;
mod reader;
mod stretches;

pub(crate) use annotations::{Annotation, add_annotations, changed_annotations};
pub(crate) use bounds::Bounds;
pub(crate) use chunk::{has_bounds, may_lack_bounds, may_lack_column_index, root_of};
pub use columns::{ColumnFacts, Columns};
pub(crate) use damage::{first_damage, first_damage_of};
pub(crate) use doubts::{add_doubts, hides_nan, impossible_columns};
pub use error::FileError;
pub(crate) use error::{unreadable, without_panic};
pub use facts::{Depth, FileFacts, PageRow, RowGroupFacts};
pub(crate) use footer::{
    check_plausible, file_layout, key_value, leaves_by_root, recounted, row_caution,
    row_difference, rows_of,
};
pub(crate) use intervals::{dropped_of_intervals, holds_intervals};
pub(crate) use keys::{wide_schema, with_wide_dictionaries, with_wide_keys};
pub use pages::{PageFacts, pages_of};
pub(crate) use reader::{StoreReader, read_footer};
pub(crate) use stretches::{SampleFile, Stretch, Then};
