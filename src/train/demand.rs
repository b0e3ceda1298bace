//! Demand of accelerators on a storage system, by arithmetic alone.

use crate::config::{Column, Dataset, RowGroupSize, Training};

/// Accelerators and hosts that are to be fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    pub accelerators: u64,
    pub hosts: u64,
    /// Memory of each host in bytes.
    pub host_memory_bytes: u64,
}

/// Demand of a fleet, at full utilization unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Absent if a step takes no time.
    pub samples_per_s: Option<f64>,
    /// Mean bytes of a row's values: of all columns, and of those that are read.
    pub row_bytes: f64,
    pub read_row_bytes: f64,
    /// Rows of a row group. Absent if its size is given in bytes.
    pub row_group_rows: Option<u64>,
    pub columns_read: u64,
    /// Least number of files so that the rows of all columns are five times the memory of all
    /// hosts.
    pub files_for_memory: u64,
    /// Least number of files so that an epoch has 500 steps.
    pub files_for_steps: u64,
    /// Utilization that is aimed at, as a share.
    pub target_utilization: f64,
}

/// Number of times that the rows must be the memory of all hosts, so that no page cache can serve
/// them. Source: rules of MLPerf Storage, section 3.1, as that of the steps.
pub const MLPERF_MEMORY_FACTOR: u64 = 5;
const LEAST_STEPS: f64 = 500.0;

impl Demand {
    /// Works out the demand of a fleet for a dataset.
    pub fn of(dataset: &Dataset, training: &Training, fleet: Fleet) -> Self {
        let bytes =
            |columns: &mut dyn Iterator<Item = &Column>| columns.map(Column::row_bytes).sum();
        let row_bytes: f64 = bytes(&mut dataset.columns.iter());
        let read = || dataset.columns.iter().filter(|column| column.read);
        let step_s = training.computation.mean_s();
        let batch_rows = training.loading.batch_rows as f64;
        let rows_per_file = dataset.rows_per_file.max(1) as f64;
        let memory = fleet.hosts as f64 * fleet.host_memory_bytes as f64;
        let files = |rows: f64| (rows / rows_per_file).ceil() as u64;
        Demand {
            samples_per_s: (step_s > 0.0).then(|| fleet.accelerators as f64 * batch_rows / step_s),
            row_bytes,
            read_row_bytes: bytes(&mut read()),
            row_group_rows: match dataset.layout.row_group {
                RowGroupSize::Rows(rows) => Some(rows.min(dataset.rows_per_file.max(1))),
                RowGroupSize::Bytes(_) => None,
            },
            columns_read: read().count() as u64,
            files_for_memory: files(MLPERF_MEMORY_FACTOR as f64 * memory / row_bytes.max(1.0)),
            files_for_steps: files(LEAST_STEPS * fleet.accelerators as f64 * batch_rows),
            target_utilization: training.target_utilization,
        }
    }

    /// Bytes of values per second: of all columns, and of those that are read.
    pub fn bytes_per_s(&self) -> Option<(f64, f64)> {
        let rate = self.samples_per_s?;
        Some((rate * self.row_bytes, rate * self.read_row_bytes))
    }

    /// Row groups per second. Each is as many ranges as columns that are read, which object stores
    /// may be asked for in fewer requests.
    pub fn row_groups_per_s(&self) -> Option<f64> {
        Some(self.samples_per_s? / self.row_group_rows? as f64)
    }

    /// Least number of files by both rules.
    pub fn files(&self) -> u64 {
        self.files_for_memory.max(self.files_for_steps)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Source, load};

    fn demand(text: &str, set: &[&str], fleet: Fleet) -> Demand {
        let source = Source {
            origin: "test".to_owned(),
            text: text.to_owned(),
            folder: None,
        };
        let overrides = Overrides {
            set: set.iter().map(|it| (*it).to_owned()).collect(),
            ..Overrides::default()
        };
        let config = load(&source, &overrides).unwrap();
        let dataset = config.variants[0].dataset.as_ref().unwrap();
        Demand::of(dataset, &config.training, fleet)
    }

    const ONE: Fleet = Fleet {
        accelerators: 1,
        hosts: 1,
        host_memory_bytes: 512 << 30,
    };

    #[test]
    fn the_recommender_asks_for_what_its_rows_and_steps_say() {
        let dlrm = include_str!("../../configs/dlrm.yaml");
        let one = demand(dlrm, &["train.computation_time=0.000375"], ONE);
        let rate = one.samples_per_s.unwrap();
        assert!((rate / 1e6 - 43.69).abs() < 0.01, "{rate}");
        assert_eq!((one.row_bytes, one.read_row_bytes), (761.0, 160.0));
        let (all, read) = one.bytes_per_s().unwrap();
        assert!((all / 1e9 - 33.2).abs() < 0.1 && (read / 1e9 - 7.0).abs() < 0.05);
        let groups = one.row_groups_per_s().unwrap();
        assert!((groups - rate / 6144.0).abs() < 1e-6);
        // 5 times 512 GiB of rows of 761 bytes, 4 718 592 in each file.
        assert_eq!(one.files_for_memory, 766);
        assert_eq!(one.files_for_steps, 2);
    }

    #[test]
    fn the_image_model_asks_for_few_large_rows() {
        let flux = include_str!("../../configs/flux.yaml");
        let one = demand(flux, &["train.computation_time=1.35"], ONE);
        let (all, read) = one.bytes_per_s().unwrap();
        assert!((one.samples_per_s.unwrap() - 35.56).abs() < 0.01);
        assert!((all / 1e6 - 77.0).abs() < 0.1 && all == read, "{all}");
        let many = Fleet {
            accelerators: 64,
            hosts: 8,
            ..ONE
        };
        let many = demand(flux, &["train.computation_time=1.35"], many);
        assert_eq!(many.files_for_steps, 5334);
        assert!(many.files_for_memory > 30_000 && many.files() == many.files_for_memory);
    }

    #[test]
    fn a_step_without_time_has_no_rate() {
        let none = demand("dataset: {}", &[], ONE);
        assert_eq!((none.samples_per_s, none.bytes_per_s()), (None, None));
    }
}
