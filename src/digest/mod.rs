//! Reduces the result of a query to a few numbers that do not depend on the order of its rows: a
//! checksum, and the bytes of its values.

mod hash;
mod nested;
mod result;
mod size;
#[cfg(test)]
mod tests;

pub use self::result::ResultDigest;
pub use self::size::logical_bytes;
