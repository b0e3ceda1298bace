//! Scans that read chosen row groups in a chosen order, for training.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, FileSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;

use super::EngineError;
use super::small_files::SmallFilesSource;

/// Row groups of one file that are read one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPiece<'a> {
    pub file: &'a Path,
    /// Number of row groups of the file.
    pub row_groups: usize,
    /// Those that are read, ascending.
    pub read: Vec<u32>,
}

/// Plan of a scan of whole columns, from which scans in other orders are made.
#[derive(Debug)]
pub struct OrderedScan {
    plan: Arc<dyn ExecutionPlan>,
    files: HashMap<Path, PartitionedFile>,
    /// Source in place of the engine's own.
    small_files: Option<SmallFilesSource>,
}

impl OrderedScan {
    /// Takes the plan of a query that does nothing but read columns of one table.
    ///
    /// # Errors
    ///
    /// The plan does anything else.
    pub fn of(plan: &Arc<dyn ExecutionPlan>) -> Result<Self, EngineError> {
        let Some((config, _)) = scan_of(plan) else {
            return Err(EngineError::Planning {
                reason: format!(
                    "training needs a scan of columns and nothing else, and the plan is a {}",
                    plan.name()
                ),
            });
        };
        let files = config.file_groups.iter().flat_map(FileGroup::iter);
        let files = files.map(|file| {
            let mut file = file.clone();
            // It may be a part of the file.
            file.range = None;
            (file.object_meta.location.clone(), file)
        });
        Ok(OrderedScan {
            files: files.collect(),
            plan: Arc::clone(plan),
            small_files: None,
        })
    }

    /// Reads the files by a source for many small ones, which must have the columns of the table
    /// and no others.
    ///
    /// # Errors
    ///
    /// The scan itself, if it does more than to read columns of the files.
    pub fn of_small_files(mut self, batch_rows: usize) -> Result<Self, Box<Self>> {
        let small = scan_of(&self.plan).and_then(|(config, source)| {
            let schema = config.file_source().table_schema();
            let projection = source.projection().filter(|_| source.filter().is_none())?;
            SmallFilesSource::new(schema, projection, batch_rows)
        });
        if small.is_none() {
            return Err(Box::new(self));
        }
        self.small_files = small;
        for file in self.files.values_mut() {
            // Nothing is pruned.
            file.statistics = None;
        }
        Ok(self)
    }

    /// Bytes of a file. 0 if the scan does not read it.
    pub fn bytes_of(&self, file: &Path) -> u64 {
        self.files.get(file).map_or(0, |file| file.object_meta.size)
    }

    /// Returns a plan with a partition for each lane, which reads the lane's pieces in their order.
    ///
    /// # Errors
    ///
    /// A piece is of a file that the scan does not read.
    pub fn in_order(
        &self,
        lanes: &[Vec<ScanPiece<'_>>],
    ) -> Result<Arc<dyn ExecutionPlan>, EngineError> {
        let failed = || EngineError::Planning {
            reason: "a row group is of no file of the scan".to_owned(),
        };
        let (config, _) = scan_of(&self.plan).ok_or_else(failed)?;
        let groups = lanes.iter().map(|pieces| {
            let files = pieces.iter().map(|piece| {
                let file = self.files.get(piece.file).ok_or_else(failed)?.clone();
                if piece.read.len() == piece.row_groups {
                    return Ok(file);
                }
                let mut access = ParquetAccessPlan::new_none(piece.row_groups);
                for row_group in &piece.read {
                    access.set(*row_group as usize, RowGroupAccess::Scan);
                }
                Ok(file.with_extension(access))
            });
            files.collect::<Result<Vec<_>, _>>().map(FileGroup::new)
        });
        let groups = groups.collect::<Result<Vec<_>, EngineError>>()?;
        let mut builder = FileScanConfigBuilder::from(config.clone())
            .with_file_groups(groups)
            // Partitions must not take each other's files.
            .with_preserve_order(true);
        if let Some(source) = &self.small_files {
            builder = builder.with_source(Arc::new(source.clone()));
        }
        Ok(DataSourceExec::from_data_source(builder.build()))
    }
}

fn scan_of(
    plan: &Arc<dyn ExecutionPlan>,
) -> Option<(
    &datafusion::datasource::physical_plan::FileScanConfig,
    &ParquetSource,
)> {
    let scan = plan.downcast_ref::<DataSourceExec>()?;
    scan.downcast_to_file_source::<ParquetSource>()
}
