//! A table over a known list of files, scanned by DataFusion's own Parquet source.
//!
//! DataFusion's listing table lists and infers anew, finds nothing for `month = 1` in a folder
//! `month=01`, and cannot hold a null partition. This table gets its files, sizes and partition
//! values, and builds the same scan.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics, TableReference};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;

use super::recount::RecountingFactory;

/// One file of the table, and the facts about it.
#[derive(Debug, Clone)]
pub(crate) struct ProviderFile {
    pub(crate) object: ObjectMeta,
    /// One value per partition column, of the column's type.
    pub(crate) partition: Vec<ScalarValue>,
    /// Statistics of the file's columns, without the partition columns.
    pub(crate) statistics: Statistics,
    /// Schema by which the reader must read the file. Absent if it is the footer's own schema.
    pub(crate) schema: Option<SchemaRef>,
}

#[derive(Debug)]
pub(crate) struct FilesTable {
    /// Store of the files, by the session's name for it.
    store: ObjectStoreUrl,
    schema: TableSchema,
    partition_fields: Vec<FieldRef>,
    files: Vec<PartitionedFile>,
    /// True if a footer claims no rows although its row groups have some.
    recounts: bool,
}

/// Returns the same scan with readers that count the rows of footers anew.
fn recounting(plan: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let scan = plan.downcast_ref::<DataSourceExec>()?;
    let (config, source) = scan.downcast_to_file_source::<ParquetSource>()?;
    let inner = Arc::clone(source.parquet_file_reader_factory()?);
    let source = source.clone();
    let source = source.with_parquet_file_reader_factory(Arc::new(RecountingFactory { inner }));
    let config = FileScanConfigBuilder::from(config.clone())
        .with_source(Arc::new(source))
        .build();
    Some(DataSourceExec::from_data_source(config))
}

impl FilesTable {
    pub(crate) fn new(
        name: &str,
        store: ObjectStoreUrl,
        file_schema: SchemaRef,
        partition_fields: Vec<FieldRef>,
        files: Vec<ProviderFile>,
        recounts: bool,
    ) -> Self {
        let files = files
            .into_iter()
            .map(|file| partitioned_file(name, file))
            .collect();
        let schema = TableSchema::builder(file_schema)
            .with_table_partition_cols(partition_fields.clone())
            .build();
        FilesTable {
            store,
            schema,
            partition_fields,
            files,
            recounts,
        }
    }

    fn partition_names(&self) -> Vec<&str> {
        self.partition_fields
            .iter()
            .map(|field| field.name().as_str())
            .collect()
    }

    /// Returns the files whose partition values satisfy all filters. A comparison with a null is
    /// not satisfied.
    fn kept_files(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(self.files.clone());
        };
        let schema = DFSchema::from_unqualified_fields(
            self.partition_fields.clone().into(),
            Default::default(),
        )?;
        let columns = (0..self.partition_fields.len())
            .map(|column| {
                ScalarValue::iter_to_array(
                    self.files
                        .iter()
                        .map(|file| file.partition_values[column].clone()),
                )
            })
            .collect::<Result<Vec<_>>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(self.files.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema.inner()), columns, &rows)?;
        let filter = state.create_physical_expr(unqualified(filter)?, &schema)?;
        let kept = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        // A bare NULL has the null type.
        let kept = cast(&kept, &DataType::Boolean)?;
        let kept = kept.as_boolean();
        let is_kept = |index: usize| kept.is_valid(index) && kept.value(index);
        Ok(self
            .files
            .iter()
            .enumerate()
            .filter(|(index, _)| is_kept(*index))
            .map(|(_, file)| file.clone())
            .collect())
    }
}

/// Removes the table's name from the columns of a filter.
fn unqualified(filter: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    filter
        .transform(|expr| {
            Ok(match expr {
                Expr::Column(column) => Transformed::yes(Expr::Column(
                    datafusion::common::Column::new_unqualified(column.name),
                )),
                other => Transformed::no(other),
            })
        })
        .map(|transformed| transformed.data)
}

fn partitioned_file(table: &str, file: ProviderFile) -> PartitionedFile {
    let ProviderFile {
        object,
        partition,
        mut statistics,
        schema,
    } = file;
    // PartitionedFile::with_statistics claims that a partition value is never null.
    for value in &partition {
        let null = value.is_null();
        let bound = || {
            if null {
                Precision::Absent
            } else {
                Precision::Exact(value.clone())
            }
        };
        statistics.column_statistics.push(ColumnStatistics {
            null_count: if null {
                statistics.num_rows
            } else {
                Precision::Exact(0)
            },
            min_value: bound(),
            max_value: bound(),
            distinct_count: Precision::Exact(usize::from(!null)),
            ..ColumnStatistics::new_unknown()
        });
    }
    let mut partitioned = PartitionedFile::new_from_meta(object)
        .with_partition_values(partition)
        .with_table_reference(Some(TableReference::bare(table)));
    partitioned.statistics = Some(Arc::new(statistics));
    partitioned.arrow_schema = schema;
    partitioned
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = self.partition_names();
        // A filter that partition values decide may have lost its columns by simplification, such
        // as the NULL of `NOT IN (1, NULL)`. It counts all the same.
        let filters: Vec<Expr> = filters
            .iter()
            .filter(|filter| expr_applicable_for_cols(&partitions, filter))
            .cloned()
            .collect();
        let mut files = self.kept_files(state, &filters)?;
        if files.is_empty() {
            let schema = self.schema();
            let schema = match projection {
                Some(projection) => Arc::new(schema.project(projection)?),
                None => schema,
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let options = state.config_options();
        let collect = options.execution.collect_statistics;
        if !collect {
            files.iter_mut().for_each(|file| file.statistics = None);
        }
        let groups = FileGroup::new(files).split_files(state.config().target_partitions().max(1));
        let (groups, statistics) = datafusion_datasource::compute_all_files_statistics(
            groups,
            self.schema(),
            collect,
            !collect,
        )?;
        let parquet = TableParquetOptions {
            global: options.execution.parquet.clone(),
            ..Default::default()
        };
        let format = ParquetFormat::default().with_options(parquet);
        let source = format.file_source(self.schema.clone());
        let scan = FileScanConfigBuilder::new(self.store.clone(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        let plan = format.create_physical_plan(state, scan).await?;
        Ok(match self.recounts {
            true => recounting(&plan).unwrap_or(plan),
            false => plan,
        })
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let partitions = self.partition_names();
        Ok(filters
            .iter()
            .map(|filter| {
                if prunes(&partitions, filter) {
                    TableProviderFilterPushDown::Exact
                } else {
                    TableProviderFilterPushDown::Inexact
                }
            })
            .collect())
    }
}

/// True if partition values alone decide a filter.
fn prunes(partitions: &[&str], filter: &Expr) -> bool {
    !partitions.is_empty()
        && expr_applicable_for_cols(partitions, filter)
        && !filter.column_refs().is_empty()
}
