//! `bench learn` with values that take much more memory than their files.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::ParquetMetaDataWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::files::{self, footer};
use crate::harness::{Place, at};
use crate::learning::{CITIES, ROWS, batch, hash, learn, rows, write, write_plain};

#[test]
fn values_that_are_many_times_the_file_are_learned_from_some_of_them() {
    let place = Place::new();
    let long: Vec<String> = (0..3).map(|value| CITIES[value].repeat(8_000)).collect();
    let texts = rows().map(|row| long[hash(row) % 3].as_str());
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    let batch = RecordBatch::try_from_iter([("text", texts)]).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let file = File::create(place.path("mine.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let learned = learn(&place, "mine.parquet", &[]);
    let looked_at = at(&learned, "columns.0.values").as_u64().unwrap();
    assert!((1..ROWS as u64).contains(&looked_at), "{looked_at}");
}

#[test]
fn a_long_text_that_a_dictionary_repeats_is_learned_from_a_few_rows() {
    const TEXT_BYTES: usize = 1 << 20;
    const TEXT_ROWS: usize = 200;
    let place = Place::new();
    let long = |city: &str| city.repeat(TEXT_BYTES.div_ceil(city.len()))[..TEXT_BYTES].to_owned();
    let texts = StringArray::from_iter_values(CITIES[..3].iter().map(|city| long(city)));
    let keys = Int32Array::from_iter_values((0..TEXT_ROWS).map(|row| (hash(row) % 3) as i32));
    let coded: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::new(texts)));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(16 * TEXT_BYTES)
        .build();
    let path = place.path("mine.parquet");
    write_plain(&path, coded, properties);
    // A few thousand bytes represent 200 MiB.
    assert!(fs::metadata(&path).unwrap().len() < TEXT_BYTES as u64 / 10);
    let learned = learn(&place, "mine.parquet", &[]);
    let looked_at = at(&learned, "columns.0.values").as_u64().unwrap();
    assert!((1..32).contains(&looked_at), "{looked_at} MiB");
    assert_eq!(at(&learned, "sampled_rows"), looked_at);
    let notes = at(&learned, "notes").to_string();
    let words = format!("of 200 rows it has {looked_at} of `column`");
    assert!(notes.contains("the sample is cut by bytes"), "{notes}");
    assert!(notes.contains(&words), "{notes}");
}

/// Replaces the pages of a column by one that claims to unfold to `bytes` bytes.
fn claim_page(path: &Path, column: usize, bytes: u64) {
    let metadata = footer(path);
    let varint = |mut number: u64| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let rows = u64::try_from(metadata.row_group(0).num_rows()).unwrap();
    // Thrift's compact protocol: a data page of version 1, 3 bytes long, which claims all of the
    // rows as PLAIN values.
    let page = [
        vec![0x15, 0, 0x15],
        varint(bytes * 2),
        vec![0x15, 6, 0x2c, 0x15],
        varint(rows * 2),
        vec![0x15, 0, 0x15, 6, 0x15, 6, 0, 0],
        vec![1, 2, 3],
    ]
    .concat();
    files::edit(path, |file| {
        let length_at = file.len() - 8;
        let length = u32::from_le_bytes(file[length_at..length_at + 4].try_into().unwrap());
        file.truncate(length_at - length as usize);
        let mut columns = metadata.row_group(0).columns().to_vec();
        columns[column] = columns[column]
            .clone()
            .into_builder()
            .set_data_page_offset(file.len() as i64)
            .set_dictionary_page_offset(None)
            .set_total_compressed_size(page.len() as i64)
            .set_total_uncompressed_size(page.len() as i64)
            .build()
            .unwrap();
        file.extend(&page);
        let group = metadata.row_group(0).clone().into_builder();
        let group = group.set_column_metadata(columns).build().unwrap();
        let metadata = metadata.clone().into_builder();
        let metadata = metadata.set_row_groups(vec![group]).build();
        ParquetMetaDataWriter::new(&mut *file, &metadata)
            .finish()
            .unwrap();
    });
}

#[test]
fn a_page_that_unfolds_without_bound_is_left_out_and_the_rest_is_learned() {
    let place = Place::new();
    let path = place.path("mine.parquet");
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build();
    let file = File::create(&path).unwrap();
    let batch = batch().project(&[0, 5]).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    claim_page(&path, 1, 1 << 30);
    let learned = learn(&place, "mine.parquet", &[]);
    assert_eq!(at(&learned, "columns").as_array().unwrap().len(), 1);
    assert_eq!(at(&learned, "columns.0.column"), "id");
    let note = at(&learned, "notes").to_string();
    let words = "`comment` is left out: a page of it unfolds to 1.07 GB";
    assert!(note.contains(words), "{note}");
    assert!(note.contains("row group 0 of"), "{note}");
}

#[test]
fn lists_of_very_many_elements_are_left_out_before_they_are_read() {
    const ELEMENTS: i32 = 2_200_000;
    let place = Place::new();
    let offsets = OffsetBuffer::new(vec![0, ELEMENTS, 2 * ELEMENTS].into());
    let sevens = Int32Array::from_value(7, 2 * ELEMENTS as usize);
    let item = Arc::new(Field::new("element", DataType::Int32, false));
    let many: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::new(sevens), None));
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("many", many), ("id", id)]).unwrap();
    write(&place.path("mine.parquet"), &batch);
    let learned = learn(&place, "mine.parquet", &[]);
    assert_eq!(at(&learned, "columns").as_array().unwrap().len(), 1);
    let note = at(&learned, "notes").to_string();
    assert!(
        note.contains("`many` is left out: a row of it takes 70.4 MB"),
        "{note}"
    );
}
