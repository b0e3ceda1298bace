//! The figures of an execution, each declared once.

use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::non_finite;
use super::percentiles::Percentiles;
use super::wire::WireFigures;

/// A column of figures, for spreadsheets and data frames.
pub struct Column {
    pub name: &'static str,
    pub unit: Unit,
    pub field: for<'a> fn(&'a Figures) -> Field<'a>,
}

/// Unit of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Names of such columns end in `_ns`.
    Nanoseconds,
    /// Names of such columns end in `_bytes`.
    Bytes,
    Count,
    /// Between 0 and 1.
    Share,
    Text,
}

/// Value of a column in one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    Absent,
    Count(u64),
    Share(f64),
    /// Text as a record has it, which may be from somebody else's file.
    Text(&'a str),
}

impl From<u32> for Field<'_> {
    fn from(count: u32) -> Self {
        Field::Count(count.into())
    }
}

impl From<u64> for Field<'_> {
    fn from(count: u64) -> Self {
        Field::Count(count)
    }
}

impl From<f64> for Field<'_> {
    fn from(share: f64) -> Self {
        Field::Share(share)
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Field::Text(text)
    }
}

impl<'a, T: Into<Field<'a>>> From<Option<T>> for Field<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Field::Absent, T::into)
    }
}

/// Makes the columns of one figure: none, one of its own name in a unit, or several of other names.
macro_rules! columns {
    ($figure:ident) => {
        &[]
    };
    ($figure:ident $unit:ident) => {
        columns!($figure $figure: $unit = |it| it.$figure.into())
    };
    ($figure:ident $($column:ident: $unit:ident = $field:expr),+) => {
        &[$(Column {
            name: stringify!($column),
            unit: Unit::$unit,
            field: $field,
        }),+]
    };
}

/// Makes [`Figures`] and its columns from one table: doc, attributes for serde, name, type, and in
/// brackets the input of [`columns!`].
macro_rules! figures {
    ($($(#[$attribute:meta])* $figure:ident: $type:ty [$($columns:tt)*];)+) => {
        /// Cost and requests of one execution. If there were several, they are means, unless a
        /// figure states otherwise. The order is that of records and of columns.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub struct Figures {
            $($(#[$attribute])* pub $figure: $type,)+
        }

        /// The columns of each figure.
        const COLUMNS: &[&[Column]] = &[$(columns!($figure $($columns)*)),+];
    };
}

figures! {
    /// Time from the start of the execution to the last batch of every partition, without planning.
    elapsed_ns: u64 [Nanoseconds];
    /// Time to plan the query.
    planning_ns: u64 [Nanoseconds];
    /// Time from the start of the execution to the first batch with rows. Absent if there was none.
    first_batch_ns: Option<u64> [Nanoseconds];
    /// Number of executions of the query.
    executions: u32 [Count];
    /// CPU time outside the kernel, of the whole process and of all streams.
    cpu_user_ns: u64 [Nanoseconds];
    /// CPU time in the kernel, of the whole process and of all streams.
    cpu_system_ns: u64 [Nanoseconds];
    /// Page faults that were served without reading a device, of the whole process, by
    /// getrusage(2).
    #[serde(default)]
    minor_faults: u64 [Count];
    /// Page faults that were served by reading a device, of the whole process, by getrusage(2).
    #[serde(default)]
    major_faults: u64 [Count];
    /// Context switches that the process asked for, by getrusage(2).
    #[serde(default)]
    voluntary_switches: u64 [Count];
    /// Context switches that the process did not ask for, by getrusage(2).
    #[serde(default)]
    involuntary_switches: u64 [Count];
    /// Most bytes that DataFusion's operators held in their memory pool at once. Memory of scans is
    /// not included.
    #[serde(default)]
    memory_pool_peak_bytes: Option<u64> [Bytes];
    /// Copies of the query that ran at once. Times are those of all copies together; rows, Arrow
    /// bytes and bytes of chunks are those of one; other bytes and CPU time are those of all.
    #[serde(default = "one")]
    streams: u32 [Count];
    /// Time of each copy, in each execution. Empty if there is one copy.
    #[serde(default)]
    stream_elapsed_ns: Vec<u64> [];
    /// Rows of one copy.
    rows: u64 [Count];
    /// Logical bytes of the result's values, counted in the checksummed execution, whose rows are
    /// the same.
    arrow_bytes: u64 [Bytes];
    /// Order-independent checksum of the result, if one was taken (in warm-ups, outside the timed
    /// region).
    checksum: Option<Checksum> [
        checksum: Text = |it| it.checksum.as_ref().map(|it| it.exact.as_str()).into()
    ];
    /// Byte ranges that the engine asked for.
    engine_ranges: u64 [Count];
    /// Bytes of column chunks that the engine asked for.
    engine_data_bytes: u64 [Bytes];
    /// Bytes of footers, page indexes and bloom filters that the engine asked for.
    engine_metadata_bytes: u64 [Bytes];
    /// Bytes, before compression, of the column chunks that were read in whole or in part.
    #[serde(default)]
    chunk_encoded_bytes: u64 [Bytes];
    /// Bytes, as stored, of the column chunks that were read in whole or in part.
    #[serde(default)]
    chunk_compressed_bytes: u64 [Bytes];
    /// Requests that reached the store. In the lane `compute`, memory answers them, and those count
    /// that would have reached the store.
    requests: u64 [Count];
    /// Those of them for footers, page indexes and bloom filters, whatever they touch besides.
    #[serde(default)]
    metadata_requests: u64 [Count];
    /// Bytes of these requests.
    requested_bytes: u64 [Bytes];
    /// Times and sizes of the calls of the store, over all executions. Absent if there were none.
    #[serde(default)]
    store_calls: Option<StoreCalls> [
        store_calls: Count = |it| it.store_calls.as_ref().map(|it| it.calls).into(),
        call_p50_ns: Nanoseconds = |it| it.store_calls.as_ref().map(|it| it.latency_ns.p50).into(),
        call_p90_ns: Nanoseconds = |it| it.store_calls.as_ref().map(|it| it.latency_ns.p90).into(),
        call_p99_ns: Nanoseconds = |it| it.store_calls.as_ref().map(|it| it.latency_ns.p99).into(),
        range_p50_bytes: Bytes = |it| it.store_calls.as_ref().map(|it| it.range_bytes.p50).into()
    ];
    /// The same requests on the network, over all executions. Absent for files of this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wire: Option<WireFigures> [
        attempts: Count = |it| it.wire.as_ref().map(|it| it.attempts).into(),
        retries: Count = |it| it.wire.as_ref().map(|it| it.retries.total()).into(),
        retries_slow_down: Count = |it| it.wire.as_ref().map(|it| it.retries.slow_down).into(),
        backoff_ns: Nanoseconds = |it| it.wire.as_ref().map(|it| it.backoff_ns).into(),
        received_bytes: Bytes = |it| it.wire.as_ref().map(|it| it.received_bytes).into(),
        first_byte_p50_ns: Nanoseconds = |it| it.wire.as_ref().and_then(|it| Some(it.first_byte_ns?.p50)).into(),
        first_byte_p99_ns: Nanoseconds = |it| it.wire.as_ref().and_then(|it| Some(it.first_byte_ns?.p99)).into(),
        attempt_p50_ns: Nanoseconds = |it| it.wire.as_ref().and_then(|it| Some(it.attempt_ns?.p50)).into(),
        attempt_p99_ns: Nanoseconds = |it| it.wire.as_ref().and_then(|it| Some(it.attempt_ns?.p99)).into(),
        most_in_flight: Count = |it| it.wire.as_ref().map(|it| it.most_in_flight).into()
    ];
    /// Bytes of results that processes received from workers, over all executions. Absent if there
    /// were no workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exchanged_bytes: Option<u64> [Bytes];
    /// Bytes that block devices delivered to this process meanwhile. Absent if the system does not
    /// count them.
    device_read_bytes: Option<u64> [Bytes];
    /// State of the caches, and the evidence for it.
    cache: Cache [
        cache_state: Text = |it| it.cache.state.name().into(),
        resident_ratio_before: Share = |it| it.cache.resident_ratio_before.into(),
        cold_evidence: Text = |it| it.cache.cold_evidence.map(|it| it.name()).into(),
        engine_cache: Text = |it| it.cache.engine.name().into()
    ];
}

impl Figures {
    /// Adds what a worker did for the same executions. Times of calls and attempts are not added
    /// up: they stay with the worker.
    pub fn add_worker(&mut self, worker: &Figures) {
        self.cpu_user_ns += worker.cpu_user_ns;
        self.cpu_system_ns += worker.cpu_system_ns;
        self.minor_faults += worker.minor_faults;
        self.major_faults += worker.major_faults;
        self.voluntary_switches += worker.voluntary_switches;
        self.involuntary_switches += worker.involuntary_switches;
        self.engine_ranges += worker.engine_ranges;
        self.engine_data_bytes += worker.engine_data_bytes;
        self.engine_metadata_bytes += worker.engine_metadata_bytes;
        self.chunk_encoded_bytes += worker.chunk_encoded_bytes;
        self.chunk_compressed_bytes += worker.chunk_compressed_bytes;
        self.requests += worker.requests;
        self.metadata_requests += worker.metadata_requests;
        self.requested_bytes += worker.requested_bytes;
        self.exchanged_bytes = added(self.exchanged_bytes, worker.exchanged_bytes);
        self.device_read_bytes = added(self.device_read_bytes, worker.device_read_bytes);
        self.memory_pool_peak_bytes =
            added(self.memory_pool_peak_bytes, worker.memory_pool_peak_bytes);
        if let Some(wire) = &worker.wire {
            self.wire.get_or_insert_default().add_counts(wire);
        }
    }

    /// Returns the columns of all figures, in their order.
    pub fn columns() -> impl Iterator<Item = &'static Column> {
        COLUMNS.iter().copied().flatten()
    }
}

fn added(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (sum, more) {
        (None, None) => None,
        (sum, more) => Some(sum.unwrap_or(0) + more.unwrap_or(0)),
    }
}

fn one() -> u32 {
    1
}

/// Order-independent checksum: equal for equal multisets of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checksum {
    /// Checksum, in hexadecimal, of all values that must be equal to the bit.
    pub exact: String,
    /// Sums of floating-point values that an aggregation produced; equal within 1e-9 relative.
    /// Numbers that JSON lacks are kept as "NaN", "inf" and "-inf".
    #[serde(with = "non_finite")]
    pub approximate: Vec<f64>,
}

/// Relative difference up to which sums of floating-point values count as equal, as their order of
/// addition is free.
const APPROXIMATE_TOLERANCE: f64 = 1e-9;

impl Checksum {
    /// True if two results have the same rows, up to the order in which sums were added up.
    pub fn agrees_with(&self, other: &Checksum) -> bool {
        self.exact == other.exact
            && self.approximate.len() == other.approximate.len()
            && self
                .approximate
                .iter()
                .zip(&other.approximate)
                .all(|(first, second)| nearly_equal(*first, *second))
    }
}

fn nearly_equal(first: f64, second: f64) -> bool {
    if first.is_finite() && second.is_finite() {
        (first - second).abs() <= APPROXIMATE_TOLERANCE * first.abs().max(second.abs())
    } else {
        first == second || (first.is_nan() && second.is_nan())
    }
}

/// Figures of the calls of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCalls {
    /// Number of calls. A call asks for one or several ranges of one file.
    pub calls: u64,
    /// Time from the call to its last byte, within 1 %.
    pub latency_ns: Percentiles,
    /// Bytes of single ranges, within 1 %.
    pub range_bytes: Percentiles,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_its_unit_in_its_name() {
        for Column { name, unit, .. } in Figures::columns() {
            assert_eq!(name.ends_with("_ns"), *unit == Unit::Nanoseconds, "{name}");
            assert_eq!(name.ends_with("_bytes"), *unit == Unit::Bytes, "{name}");
        }
    }
}
