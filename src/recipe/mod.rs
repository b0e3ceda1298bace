//! Recipes: code that writes a layout with other tools, and what each of them cannot do.
//!
//! The code reads `input.parquet` and writes `output.parquet`. It writes the folder `output` if
//! there are partitions, and with Spark always.

mod copy;
mod duckdb;
mod knobs;
mod polars;
mod pyarrow;
mod python;
mod rust;
mod spark;
mod sql;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod tool;

use crate::record::{DatasetRecord, RunRecord};
use knobs::Knobs;
pub use tool::{Recipe, TOOLS};

/// Dataset of a variant that this program wrote: the first one that its cells read. `None` for a
/// variant of existing files, and in a record from before layouts were kept.
pub fn dataset_of<'a>(record: &'a RunRecord, variant: &str) -> Option<&'a DatasetRecord> {
    let cells = record.cells.iter().filter(|it| it.control.is_none());
    let mut ids = cells
        .filter(|it| it.variant_name == variant)
        .flat_map(|it| &it.dataset);
    ids.find_map(|id| {
        let mut datasets = record.datasets.iter();
        datasets.find(|it| it.id == *id && it.layout.is_some())
    })
}

/// Recipes of a dataset's layout, one for each of [`TOOLS`]. Empty if its layout is not known.
pub fn recipes(dataset: &DatasetRecord) -> Vec<Recipe> {
    let Some(knobs) = Knobs::of(dataset) else {
        return Vec::new();
    };
    vec![
        pyarrow::pyarrow(&knobs),
        pyarrow::pandas(&knobs),
        polars::polars(&knobs),
        duckdb::duckdb(&knobs),
        spark::spark(&knobs),
        copy::copy(&knobs),
        rust::rust(&knobs),
    ]
}

/// The layout in words: codec, row groups, order, partitions, an encoding other than the default,
/// statistics, page index, bloom filters, and columns with keys of their own. `None` if it is not
/// known.
pub fn in_words(dataset: &DatasetRecord) -> Option<String> {
    Some(Knobs::of(dataset)?.in_words())
}

/// The call that writes the layout with PyArrow, without the code before it. `None` if the layout
/// is not known.
pub fn short(dataset: &DatasetRecord) -> Option<String> {
    Some(pyarrow::call(&Knobs::of(dataset)?))
}
