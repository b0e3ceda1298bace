//! A scan of many small files. Each is read as a whole by one request and decoded at once, without
//! what the engine's own scan keeps of each file: metrics, predicates, an adapted schema.

use std::fmt;
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{
    FileOpenFuture, FileOpener, FileScanConfig, FileSource,
};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::projection::ProjectionExprs;
use futures::StreamExt;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetMetaDataReader;

/// Source of the rows of small files whose columns are those of the table.
#[derive(Debug, Clone)]
pub(super) struct SmallFilesSource {
    schema: TableSchema,
    projection: ProjectionExprs,
    /// Columns of the file that are read.
    columns: Arc<[usize]>,
    /// Places of the output's columns among those that are read.
    order: Arc<[usize]>,
    batch_rows: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl SmallFilesSource {
    /// Makes a source of whole columns, by their places among those of the files. `None` if the
    /// projection computes anything, or reads the names of folders.
    pub(super) fn new(
        schema: &TableSchema,
        projection: &ProjectionExprs,
        batch_rows: usize,
    ) -> Option<Self> {
        let stored = schema.file_schema().fields().len();
        let output = projection.project_schema(schema.table_schema()).ok()?;
        // A projection of expressions has fewer or more columns than it names.
        let wanted: Option<Vec<usize>> = output
            .fields()
            .iter()
            .map(|field| {
                let index = schema.table_schema().index_of(field.name()).ok()?;
                (index < stored && schema.table_schema().field(index) == field.as_ref())
                    .then_some(index)
            })
            .collect();
        let wanted = wanted?;
        let columns = projection.column_indices();
        if columns.len() != wanted.len() {
            return None;
        }
        let order: Option<Vec<usize>> = wanted
            .iter()
            .map(|index| columns.binary_search(index).ok())
            .collect();
        Some(SmallFilesSource {
            schema: schema.clone(),
            projection: projection.clone(),
            columns: columns.into(),
            order: order?.into(),
            batch_rows,
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl FileSource for SmallFilesSource {
    fn create_file_opener(
        &self,
        objects: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        _: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        Ok(Arc::new(SmallFileOpener {
            objects,
            options: ArrowReaderOptions::new().with_schema(Arc::clone(self.schema.file_schema())),
            columns: Arc::clone(&self.columns),
            order: Arc::clone(&self.order),
            batch_rows: config.batch_size.unwrap_or(self.batch_rows),
            output: self
                .projection
                .project_schema(self.schema.table_schema())?
                .into(),
        }))
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, batch_rows: usize) -> Arc<dyn FileSource> {
        Arc::new(SmallFilesSource {
            batch_rows,
            ..self.clone()
        })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection)
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut visited = TreeNodeRecursion::Continue;
        for projected in self.projection.as_ref() {
            visited = visited.visit_sibling(|| visit(&projected.expr))?;
        }
        Ok(visited)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        "small parquet"
    }

    fn fmt_extra(&self, _: DisplayFormatType, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Opens small files, one by one.
struct SmallFileOpener {
    objects: Arc<dyn ObjectStore>,
    options: ArrowReaderOptions,
    columns: Arc<[usize]>,
    order: Arc<[usize]>,
    batch_rows: usize,
    output: SchemaRef,
}

impl FileOpener for SmallFileOpener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let (objects, options) = (Arc::clone(&self.objects), self.options.clone());
        let (columns, order) = (Arc::clone(&self.columns), Arc::clone(&self.order));
        let (batch_rows, output) = (self.batch_rows, Arc::clone(&self.output));
        Ok(Box::pin(async move {
            let place = &file.object_meta;
            let bytes = objects.get_range(&place.location, 0..place.size).await?;
            let failed = |error: parquet::errors::ParquetError| {
                DataFusionError::from(error).context(format!("in {}", place.location))
            };
            let mut footer = ParquetMetaDataReader::new();
            footer.try_parse(&bytes).map_err(failed)?;
            let footer = Arc::new(footer.finish().map_err(failed)?);
            // A file may differ from the others in what may be null, or in how its types are told.
            let known = ArrowReaderMetadata::try_new(Arc::clone(&footer), options)
                .or_else(|_| ArrowReaderMetadata::try_new(footer, ArrowReaderOptions::new()))
                .map_err(failed)?;
            let mask = ProjectionMask::roots(known.parquet_schema(), columns.iter().copied());
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, known)
                .with_projection(mask)
                .with_batch_size(batch_rows);
            if let Some(access) = file.extensions.get::<ParquetAccessPlan>() {
                let row_groups = access.inner().iter().enumerate();
                let read = row_groups.filter(|(_, it)| !matches!(it, RowGroupAccess::Skip));
                builder = builder.with_row_groups(read.map(|(index, _)| index).collect());
            }
            let reader = builder.build().map_err(failed)?;
            let batches = reader.map(move |batch| {
                let batch = batch?;
                let columns = order.iter().zip(output.fields()).map(|(index, field)| {
                    let column = batch.column(*index);
                    match column.data_type() == field.data_type() {
                        true => Ok(Arc::clone(column)),
                        false => cast(column, field.data_type()),
                    }
                });
                let columns = columns.collect::<std::result::Result<_, ArrowError>>()?;
                Ok(RecordBatch::try_new(Arc::clone(&output), columns)?)
            });
            Ok(futures::stream::iter(batches).boxed())
        }))
    }
}
