//! JSON files: objects one after the other, on lines or not, and arrays of objects.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::reader::{Decoder, infer_json_schema_from_iterator};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Map, Number, Value};

use super::rows::{
    BATCH_BYTES, BATCH_ROWS, FileBatches, Look, ReadRows, bad, each_batch, opened, rounded, said,
};
use crate::table::error::TableError;

/// Most objects, and most bytes, that are handed over together, and the number of such lots that
/// may wait.
const LOT: usize = 256;
const LOT_BYTES: u64 = 4 << 20;
const WAITING_LOTS: usize = 4;

#[derive(Debug)]
struct JsonRows {
    compression: FileCompressionType,
}

impl ReadRows for JsonRows {
    fn batches(&self, path: &Path, schema: &SchemaRef) -> Result<FileBatches, String> {
        let mut objects = Objects::of(path, self.compression)?;
        // A column that has both numbers and texts becomes text.
        let mut decoder = ReaderBuilder::new(Arc::clone(schema))
            .with_batch_size(BATCH_ROWS)
            .with_coerce_primitive(true)
            .build_decoder()
            .map_err(|error| error.to_string())?;
        Ok(Box::new(std::iter::from_fn(move || {
            next_batch(&mut objects, &mut decoder).transpose()
        })))
    }
}

fn next_batch(objects: &mut Objects, decoder: &mut Decoder) -> Result<Option<RecordBatch>, String> {
    let (mut rows, mut weight) = (Vec::new(), 0);
    while rows.len() < BATCH_ROWS && weight < BATCH_BYTES {
        let Some(object) = objects.next().transpose()? else {
            break;
        };
        weight += weight_of(&object);
        rows.push(object);
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let decoded = decoder.serialize(&rows).and_then(|()| decoder.flush());
    decoded.map_err(|error| said(&error))
}

/// Returns about how many bytes a value takes as text.
fn weight_of(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(weight_of).sum(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, value)| name.len() as u64 + weight_of(value))
                .sum()
        }
    }
}

/// Reads all files to find the types of their columns.
pub(super) fn look(
    paths: &[PathBuf],
    compression: FileCompressionType,
) -> Result<Look, TableError> {
    let mut rows = 0;
    let mut seen = ValueKinds::default();
    let mut last = Path::new("");
    let each = paths.iter().flat_map(|path| {
        let (objects, failed) = match Objects::of(path, compression) {
            Ok(objects) => (Some(objects), None),
            Err(reason) => (None, Some(Err(reason))),
        };
        let objects = objects.into_iter().flatten().chain(failed);
        objects.map(move |object| (path, object))
    });
    let each = each.map(|(path, object)| {
        last = path;
        let object = object.map_err(ArrowError::JsonError)?;
        rows += 1;
        seen.add(&object);
        Ok(object)
    });
    let schema = infer_json_schema_from_iterator(each);
    let schema = schema.map_err(|error| bad(last, &said(&error)))?;
    let mut notes = Vec::new();
    let fields = schema.fields().iter().map(|field| {
        let (name, found) = (field.name(), field.data_type());
        let seen = seen.fields.get(name);
        let own = seen.map_or_else(|| found.clone(), |it| it.own_type(name, found, &mut notes));
        field.as_ref().clone().with_data_type(own)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
    let reader = JsonRows { compression };
    // If single values stand beside lists, arrow-rs infers lists, but cannot read the single values
    // as such.
    if schema
        .fields()
        .iter()
        .any(|field| holds_lists(field.data_type()))
    {
        for path in paths {
            each_batch(&reader, path, &schema, &mut |_| true)?;
        }
    }
    Ok(Look {
        schema,
        rows,
        notes,
        reader: Arc::new(reader),
    })
}

fn holds_lists(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(_) => true,
        DataType::Struct(fields) => fields.iter().any(|field| holds_lists(field.data_type())),
        _ => false,
    }
}

/// Kinds of the values at one place of all objects.
#[derive(Debug, Default)]
struct ValueKinds {
    texts: bool,
    /// True if there are numbers or booleans.
    others: bool,
    /// True if there are numbers other than unsigned integers of 64 bits.
    not_unsigned: bool,
    /// True if there are numbers with more digits than floats of 64 bits have. The parser has
    /// rounded integers beyond 64 bits already.
    rounded: bool,
    fields: BTreeMap<String, ValueKinds>,
    items: Option<Box<ValueKinds>>,
}

impl ValueKinds {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(_) => self.others = true,
            Value::String(_) => self.texts = true,
            Value::Number(number) => {
                self.others = true;
                self.not_unsigned |= !number.is_u64();
                self.rounded |= is_rounded(number);
            }
            Value::Array(items) => {
                let seen = self.items.get_or_insert_default();
                items.iter().for_each(|item| seen.add(item));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    match self.fields.get_mut(name) {
                        Some(seen) => seen.add(value),
                        None => self.fields.entry(name.clone()).or_default().add(value),
                    }
                }
            }
        }
    }

    /// Returns the type of the values at `path`, for which arrow-rs infers `found`. Adds notes on
    /// details of the values that the type does not keep.
    fn own_type(&self, path: &str, found: &DataType, notes: &mut Vec<String>) -> DataType {
        match (found, &self.items) {
            (DataType::Float64, _) if !self.not_unsigned => return DataType::UInt64,
            (DataType::Float64, _) if self.rounded => notes.push(rounded(path)),
            (DataType::Utf8, _) if self.texts && self.others => notes.push(format!(
                "the source's column `{path}` has numbers or booleans beside texts, which are written as texts of \
                 their values"
            )),
            (DataType::List(item), Some(items)) => {
                let of_item = items.own_type(path, item.data_type(), notes);
                return DataType::List(Arc::new(item.as_ref().clone().with_data_type(of_item)));
            }
            (DataType::Struct(fields), _) => {
                let fields = fields.iter().map(|field| -> FieldRef {
                    let below = format!("{path}.{}", field.name());
                    let seen = self.fields.get(field.name());
                    let own = field.data_type();
                    let own = seen.map_or_else(|| own.clone(), |it| it.own_type(&below, own, notes));
                    Arc::new(field.as_ref().clone().with_data_type(own))
                });
                return DataType::Struct(fields.collect());
            }
            _ => {}
        }
        found.clone()
    }
}

/// True if a float of 64 bits rounds a number, or the parser has rounded it so. Numbers that exceed
/// a decimal of 38 digits count as floats.
fn is_rounded(number: &Number) -> bool {
    const LARGEST_INTEGER: f64 = 1e38;
    let integer = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    match (integer, number.as_f64()) {
        (Some(integer), _) => integer as f64 as i128 != integer,
        (None, Some(float)) => {
            let size = float.abs();
            (2_f64.powi(63)..LARGEST_INTEGER).contains(&size) && size.fract() == 0.0
        }
        (None, None) => false,
    }
}

/// The objects of a file. A thread of their own parses them, so that an array is never in memory as
/// a whole.
struct Objects {
    receiver: Receiver<Result<Vec<Value>, String>>,
    lot: std::vec::IntoIter<Value>,
}

impl Objects {
    fn of(path: &Path, compression: FileCompressionType) -> Result<Self, String> {
        let text = BufReader::new(opened(path, compression)?);
        let (sender, receiver) = sync_channel(WAITING_LOTS);
        std::thread::Builder::new()
            .name("json".to_owned())
            .spawn(move || send_objects(text, sender))
            .map_err(|error| format!("no thread to read it: {error}"))?;
        Ok(Objects {
            receiver,
            lot: Vec::new().into_iter(),
        })
    }
}

impl Iterator for Objects {
    type Item = Result<Value, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(object) = self.lot.next() {
                return Some(Ok(object));
            }
            // The sender is gone when all objects are sent.
            match self.receiver.recv().ok()? {
                Ok(lot) => self.lot = lot.into_iter(),
                Err(reason) => return Some(Err(reason)),
            }
        }
    }
}

/// Sends all objects of a text. If it fails, it then sends the reason.
fn send_objects(text: impl std::io::Read, sender: SyncSender<Result<Vec<Value>, String>>) {
    let mut lots = Lots {
        sender,
        lot: Vec::with_capacity(LOT),
        weight: 0,
    };
    let mut parser = serde_json::Deserializer::from_reader(text);
    while parser.end().is_err() {
        if let Err(error) = Each(&mut lots).deserialize(&mut parser) {
            lots.send();
            // The receiver may be gone.
            let _ = lots.sender.send(Err(error.to_string()));
            return;
        }
    }
    lots.send();
}

struct Lots {
    sender: SyncSender<Result<Vec<Value>, String>>,
    lot: Vec<Value>,
    weight: u64,
}

impl Lots {
    /// Adds an object. Returns false if nobody receives any more.
    fn add(&mut self, object: Value) -> bool {
        self.weight += weight_of(&object);
        self.lot.push(object);
        (self.lot.len() < LOT && self.weight < LOT_BYTES) || self.send()
    }

    fn send(&mut self) -> bool {
        self.weight = 0;
        let lot = std::mem::replace(&mut self.lot, Vec::with_capacity(LOT));
        self.sender.send(Ok(lot)).is_ok()
    }
}

/// Takes an object, or each object of an array.
struct Each<'a>(&'a mut Lots);

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        taken(self.0.add(object(map)?))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(Strict(item)) = items.next_element()? {
            if !item.is_object() {
                let found = Unexpected::Other("an item that is no object");
                return Err(A::Error::invalid_type(found, &"an array of objects"));
            }
            taken(self.0.add(item))?;
        }
        Ok(())
    }
}

/// Parses an object. An object that repeats a key is refused, as only one of the values could be
/// kept.
fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Value, A::Error> {
    let mut object = Map::new();
    while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
        if object.insert(key.clone(), value).is_some() {
            return Err(A::Error::custom(format!("the key `{key}` is there twice")));
        }
    }
    Ok(Value::Object(object))
}

/// A value in which no object repeats a key.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        parser.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        object(map)
    }
}

fn taken<E: Error>(taken: bool) -> Result<(), E> {
    match taken {
        true => Ok(()),
        false => Err(E::custom("nobody reads on")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn objects(text: &str) -> Result<Vec<Value>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Objects::of(file.path(), FileCompressionType::UNCOMPRESSED)?.collect()
    }

    #[rstest]
    #[case("{\"a\":1}\n{\"a\":2}\n")]
    #[case("[{\"a\":1},{\"a\":2}]")]
    #[case("[{\"a\":1}]\n[{\"a\":2}]")]
    #[case("{\"a\":1} [{\"a\":2}]")]
    #[case("\u{feff}[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n")]
    fn objects_are_found_on_lines_and_in_arrays(#[case] text: &str) {
        assert_eq!(objects(text), Ok(vec![json!({"a": 1}), json!({"a": 2})]));
    }

    #[rstest]
    #[case("[{\"a\":1},{\"a\":2}", "EOF")]
    #[case("{\"a\":1}\n{\"a\":", "EOF")]
    #[case("[{\"a\":1}] rubbish", "expected value")]
    #[case("{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}", "`c` is there twice")]
    #[case("[{\"a\":1}, 2]", "an array of objects")]
    #[case("{\"a\":1,\"a\":2}", "`a` is there twice")]
    #[case("1", "an object, or an array of objects")]
    #[case("[[{\"a\":1}]]", "an array of objects")]
    fn a_text_that_is_cut_or_holds_something_else_is_refused(
        #[case] text: &str,
        #[case] reason: &str,
    ) {
        let found = objects(text).unwrap_err();
        assert!(found.contains(reason), "{found}");
    }

    #[test]
    fn more_objects_than_wait_at_once_come_in_their_order() {
        let text: String = (0..5000).map(|a| format!("{{\"a\":{a}}}\n")).collect();
        let found = objects(&text).unwrap();
        let numbers: Vec<u64> = found.iter().filter_map(|it| it["a"].as_u64()).collect();
        assert_eq!(numbers, (0..5000).collect::<Vec<_>>());
    }
}
