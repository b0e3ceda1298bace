//! Contents of the columns of a generated dataset.
//!
//! A value is a function of the seed, the table, the column's name and specification, the row
//! number and [`GENERATOR_VERSION`]. It does not depend on batch boundaries, threads, partitions or
//! the layout. Rows can be made in any order and number, and are the same on every platform: the
//! arithmetic is that of IEEE 754, and logarithms and powers come from `libm`.

mod bools;
mod byte_arrays;
mod characters;
mod column;
mod compressible;
mod distributions;
mod error;
mod field;
mod floats;
mod follow;
mod generator;
mod identity;
mod index;
mod integers;
mod lengths;
mod maker;
mod nested;
mod normal;
mod numbers;
mod numeric;
mod ordered;
mod ranks;
mod recipe;
mod rejection;
mod repeat;
mod rows;
mod scalars;
mod sources;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod vocabulary;
mod walk;

pub use self::error::ContentError;
pub(crate) use self::field::scalar_type_of;
pub use self::field::{field_of, scalar_type};
pub use self::generator::ColumnGenerator;
pub(crate) use self::generator::Most;
pub use self::identity::GENERATOR_VERSION;
