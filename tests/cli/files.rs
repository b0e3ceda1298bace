//! Parquet files that `bench` did not write, good and damaged.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataWriter};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::harness::{Output, Place};

/// 100 rows of `id` and `name`, in row groups of 40.
pub fn write_small(path: &Path) {
    let ids = Int64Array::from_iter_values(0..100);
    let names = StringArray::from_iter_values((0..100).map(|id| format!("name {id}")));
    write(path, &[("id", Arc::new(ids)), ("name", Arc::new(names))]);
}

pub fn write(path: &Path, columns: &[(&str, ArrayRef)]) {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(40))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

pub fn footer(path: &Path) -> ParquetMetaData {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    reader.metadata().clone()
}

/// Footers of all Parquet files below a folder.
pub fn footers(root: &Path) -> Vec<(PathBuf, ParquetMetaData)> {
    let files = crate::harness::files_below(root);
    files
        .into_keys()
        .filter(|name| name.ends_with(".parquet"))
        .map(|name| (root.join(&name), footer(&root.join(&name))))
        .collect()
}

/// Changes a file's bytes.
pub fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Puts another footer behind a file's pages.
pub fn replace_footer(path: &Path, change: impl FnOnce(ParquetMetaData) -> ParquetMetaData) {
    let metadata = change(footer(path));
    edit(path, |bytes| {
        let length_at = bytes.len() - 8;
        let length = u32::from_le_bytes(bytes[length_at..length_at + 4].try_into().unwrap());
        bytes.truncate(length_at - length as usize);
        ParquetMetaDataWriter::new(&mut *bytes, &metadata)
            .finish()
            .unwrap();
    });
}

/// Writes a source in a layout, into the folder `out`.
pub fn rewrite(place: &Place, source: &str, set: &[&str]) -> Output {
    let set = set.iter().flat_map(|set| ["--set", *set]);
    let folder = ["--set", "dataset.data_folder=out"];
    let bench = place.bench().args(["generate", "--source", source]);
    bench.args(folder).args(set).run()
}

/// The rows of a file, in their order.
pub fn read(path: &Path) -> Vec<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    builder.build().unwrap().map(Result::unwrap).collect()
}

/// A column of the only file that was written.
pub fn written(place: &Place, column: &str) -> ArrayRef {
    let files = place.parquet_paths("out");
    assert_eq!(files.len(), 1, "{files:?}");
    let batches = read(&files[0]);
    let columns: Vec<&dyn Array> = batches
        .iter()
        .map(|batch| batch.column_by_name(column).unwrap().as_ref())
        .collect();
    arrow::compute::concat(&columns).unwrap()
}

/// Changes the statistics of every column chunk of a file.
pub fn change_statistics(path: &Path, change: impl Fn(&ColumnChunkMetaData) -> Option<Statistics>) {
    replace_footer(path, |metadata| {
        let groups = metadata.row_groups().iter().map(|group| {
            let columns = group.columns().iter().map(|chunk| {
                let builder = chunk.clone().into_builder();
                match change(chunk) {
                    Some(statistics) => builder.set_statistics(statistics),
                    None => builder,
                }
                .build()
                .unwrap()
            });
            let builder = group.clone().into_builder();
            builder
                .set_column_metadata(columns.collect())
                .build()
                .unwrap()
        });
        let groups = groups.collect();
        metadata.into_builder().set_row_groups(groups).build()
    });
}

/// The same statistics with another count of nulls.
pub fn with_nulls(statistics: &Statistics, nulls: Option<u64>) -> Statistics {
    match statistics {
        Statistics::Int64(it) => Statistics::int64(
            it.min_opt().copied(),
            it.max_opt().copied(),
            None,
            nulls,
            false,
        ),
        Statistics::Int32(it) => Statistics::int32(
            it.min_opt().copied(),
            it.max_opt().copied(),
            None,
            nulls,
            false,
        ),
        Statistics::Double(it) => Statistics::double(
            it.min_opt().copied(),
            it.max_opt().copied(),
            None,
            nulls,
            false,
        ),
        Statistics::ByteArray(it) => Statistics::byte_array(
            it.min_opt().cloned(),
            it.max_opt().cloned(),
            None,
            nulls,
            false,
        ),
        other => other.clone(),
    }
}

pub fn lists(values: impl Iterator<Item = Option<Vec<Option<i32>>>>) -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values))
}
