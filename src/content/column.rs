//! Builder of the generators of columns.

use std::sync::Arc;

use arrow::datatypes::Fields;

use super::error::ContentError;
use super::field::{element_of_list, field_of};
use super::follow::LeadingColumn;
use super::generator::{ColumnGenerator, Most, Nulls};
use super::identity;
use super::lengths::{DrawnLengths, Lengths};
use super::maker::Maker;
use super::nested;
use super::recipe::Recipe;
use super::repeat::Repeat;
use super::scalars;
use crate::config::{Column, Distribution, Dtype, VectorLayout};
use crate::random::Key;

/// Bytes of the largest array. Larger arrays take more memory and save no time.
const ARRAY_BYTES: u64 = 16 << 20;

impl ColumnGenerator {
    /// Makes the generator of a column. `table` is "train" or "valid", and `total_rows` its number
    /// of rows. Takes some milliseconds if the distribution has a table of its own. For a column
    /// that follows another one, see [`ColumnGenerator::among`].
    pub fn new(
        seed: u64,
        table: &str,
        column: &Column,
        total_rows: u64,
        vector_layout: VectorLayout,
    ) -> Result<Self, ContentError> {
        Self::among(seed, table, column, &[], total_rows, vector_layout)
    }

    /// Makes the generator of a column that may follow another one of `columns`.
    pub fn among(
        seed: u64,
        table: &str,
        column: &Column,
        columns: &[Column],
        total_rows: u64,
        vector_layout: VectorLayout,
    ) -> Result<Self, ContentError> {
        Table {
            seed,
            name: table,
            columns,
            vector_layout,
        }
        .column(column, &column.name, total_rows, columns.len())
    }
}

/// Settings that are the same for all columns of a table.
#[derive(Clone, Copy)]
struct Table<'a> {
    seed: u64,
    name: &'a str,
    columns: &'a [Column],
    vector_layout: VectorLayout,
}

/// Maker of a column's arrays, with the sizes of its values.
struct ColumnMaker {
    maker: Maker,
    lengths: Lengths,
    /// Largest content of a row, for each leaf.
    most: Vec<Most>,
}

impl Table<'_> {
    /// Makes the generator of a column. `path` distinguishes a nested column from the one that
    /// contains it. `depth` is the largest number of columns that it may follow, directly and
    /// indirectly.
    fn column(
        self,
        column: &Column,
        path: &str,
        total_rows: u64,
        depth: usize,
    ) -> Result<ColumnGenerator, ContentError> {
        let row_bytes = column.dtype.value_bytes().saturating_mul(column.size);
        if row_bytes > i32::MAX as u64 {
            return Err(ContentError::TooLong(row_bytes));
        }
        let followed = self.followed(column, total_rows, depth)?;
        let followed_key = followed.as_ref().map(|generator| generator.key);
        let key = identity::key(self.seed, self.name, column, path, followed_key)?;
        let followed = followed.map(|generator| LeadingColumn::new(generator, total_rows));
        let recipe = Recipe {
            column,
            key,
            total_rows,
            vector_layout: self.vector_layout,
            followed: followed.transpose()?,
        };
        let ColumnMaker {
            maker,
            lengths,
            most,
        } = match column.dtype {
            Dtype::List => self.list(column, key, path, total_rows, depth)?,
            Dtype::Struct => self.structure(column, path, total_rows, depth)?,
            _ => scalar(recipe)?,
        };
        Ok(ColumnGenerator {
            key,
            field: field_of(column, self.vector_layout),
            nulls: Nulls::new(key, column.null_fraction),
            repeat: Repeat::new(key, column, total_rows)?,
            maker: Arc::new(maker),
            bytes_per_row: arrow_bytes(column, lengths.mean),
            max_rows: (ARRAY_BYTES / lengths.longest.max(1)).max(1) as usize,
            most,
        })
    }

    /// Makes the generator of the column that a column follows. None if it follows none.
    fn followed(
        self,
        column: &Column,
        total_rows: u64,
        depth: usize,
    ) -> Result<Option<ColumnGenerator>, ContentError> {
        let Distribution::CorrelatedWith { with, .. } = &column.distribution else {
            return Ok(None);
        };
        let unable = || ContentError::Followed(with.clone());
        let other = self.columns.iter().find(|column| &column.name == with);
        let (other, depth) = other.zip(depth.checked_sub(1)).ok_or_else(unable)?;
        if other.is_vector() || other.dtype.is_nested() {
            return Err(unable());
        }
        self.column(other, &other.name, total_rows, depth).map(Some)
    }

    fn list(
        self,
        column: &Column,
        key: Key,
        path: &str,
        total_rows: u64,
        depth: usize,
    ) -> Result<ColumnMaker, ContentError> {
        let (Some(item), Some(length)) = (column.children.first(), column.length) else {
            return Err(ContentError::Unfit);
        };
        let lengthening = DrawnLengths::new(key, length)?;
        let items = total_rows.saturating_mul(length.max);
        let child = self.column(item, &format!("{path}.item"), items, depth)?;
        let most = child.most.iter().map(|item| Most {
            values: item.values.saturating_mul(length.max.max(1)),
            bytes: item.bytes.saturating_mul(length.max),
        });
        let most = most.collect();
        let lengths = Lengths {
            longest: length.max.saturating_mul(longest_row(&child)).max(1),
            mean: lengthening.mean() * child.bytes_per_row,
        };
        let field = Arc::new(element_of_list(column, self.vector_layout));
        ColumnMaker {
            maker: nested::list_maker(field, child, lengthening),
            lengths,
            most,
        }
        .checked()
    }

    fn structure(
        self,
        column: &Column,
        path: &str,
        total_rows: u64,
        depth: usize,
    ) -> Result<ColumnMaker, ContentError> {
        let children = column
            .children
            .iter()
            .map(|child| self.column(child, &format!("{path}.{}", child.name), total_rows, depth))
            .collect::<Result<Vec<_>, _>>()?;
        let lengths = Lengths {
            longest: children.iter().map(longest_row).sum(),
            mean: children.iter().map(|child| child.bytes_per_row).sum(),
        };
        let most = children.iter().flat_map(|child| child.most.iter().copied());
        let most = most.collect();
        let fields: Fields = children.iter().map(ColumnGenerator::field).collect();
        ColumnMaker {
            maker: nested::struct_maker(fields, children),
            lengths,
            most,
        }
        .checked()
    }
}

fn scalar(recipe: Recipe<'_>) -> Result<ColumnMaker, ContentError> {
    let (column, vector_layout) = (recipe.column, recipe.vector_layout);
    let (maker, lengths) = scalars::maker(recipe)?;
    let is_list = column.is_vector() && vector_layout != VectorLayout::Binary;
    let most = Most {
        values: if is_list { column.size } else { 1 },
        bytes: lengths.longest,
    };
    ColumnMaker {
        maker,
        lengths,
        most: vec![most],
    }
    .checked()
}

impl ColumnMaker {
    /// Fails if a row can be longer than an array allows.
    fn checked(self) -> Result<Self, ContentError> {
        match self.lengths.longest > i32::MAX as u64 {
            true => Err(ContentError::TooLong(self.lengths.longest)),
            false => Ok(self),
        }
    }
}

/// Returns the bytes of the longest row, or a little more.
fn longest_row(generator: &ColumnGenerator) -> u64 {
    (ARRAY_BYTES / generator.max_rows as u64).max(1)
}

/// Returns the mean logical bytes of a row, given the mean bytes of a value. Numbers count in every
/// row; other values count if the row is not null, with 4 bytes for the length in any case, or 8
/// for large strings.
fn arrow_bytes(column: &Column, mean_length: f64) -> f64 {
    let valid = 1.0 - column.null_fraction;
    match column.dtype {
        Dtype::Struct => mean_length,
        Dtype::LargeString => 8.0 + mean_length * valid,
        Dtype::List | Dtype::String | Dtype::Binary => 4.0 + mean_length * valid,
        _ if column.is_vector() => 4.0 + mean_length * valid,
        _ => column.dtype.value_bytes() as f64,
    }
}
