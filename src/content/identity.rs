//! The inputs that determine a column's values, except the row number.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::error::ContentError;
use crate::config::{Column, Distribution, Dtype, Length, Number, Pool};
use crate::random::Key;

/// Version of the generated content. Must be raised whenever the content of any column changes.
pub const GENERATOR_VERSION: u32 = 3;

/// Fields that determine a column's key. They are listed one by one, so new fields of [`Column`]
/// leave existing content unchanged. Nested columns have keys of their own.
#[derive(Serialize)]
struct ColumnIdentity<'a> {
    generator_version: u32,
    seed: u64,
    table: &'a str,
    name: &'a str,
    dtype: Dtype,
    size: u64,
    distribution: &'a Distribution,
    null_fraction: f64,
    sortedness: f64,
    length: Option<Length>,
    followed: Option<u64>,
    #[serde(skip_serializing_if = "is_one")]
    run_length: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<Pool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multiple_of: Option<Number>,
}
fn is_one(number: &f64) -> bool {
    *number == 1.0
}

/// Returns the key of a column's words. `path` distinguishes a nested column from the one that
/// contains it, and `followed` is the key of the column that this one follows.
pub(super) fn key(
    seed: u64,
    table: &str,
    column: &Column,
    path: &str,
    followed: Option<Key>,
) -> Result<Key, ContentError> {
    let identity = ColumnIdentity {
        generator_version: GENERATOR_VERSION,
        seed,
        table,
        name: path,
        dtype: column.dtype,
        size: column.size,
        distribution: &column.distribution,
        null_fraction: column.null_fraction,
        sortedness: column.sortedness,
        length: column.length,
        followed: followed.map(|followed| followed.0),
        run_length: column.run_length,
        cycle: column.cycle,
        drift: column.drift,
        pool: column.pool,
        multiple_of: column.multiple_of,
    };
    Ok(Key(xxh3_64(&serde_json::to_vec(&identity)?)))
}
