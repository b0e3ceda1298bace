//! JSON files: objects one after the other, on lines or not, and arrays of objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::reader::{Decoder, infer_json_schema_from_iterator};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    BATCH_ROWS, Batches, Look, ReadRows, bad, each_batch, holds_floats, is_exact_as_float, opened,
    rounded,
};
use crate::table::TableError;

/// Objects that are handed over together, and such lots that may wait.
const LOT: usize = 256;
const WAITING_LOTS: usize = 4;

#[derive(Debug)]
struct JsonRows {
    compression: FileCompressionType,
}

impl ReadRows for JsonRows {
    fn batches(&self, path: &Path, schema: &SchemaRef) -> Result<Batches, String> {
        let mut objects = Objects::of(path, self.compression)?;
        // A column that has numbers and texts is of texts.
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
    let rows: Vec<Value> = objects.take(BATCH_ROWS).collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Ok(None);
    }
    let decoded = decoder.serialize(&rows).and_then(|()| decoder.flush());
    decoded.map_err(|error| without_category(&error))
}

fn without_category(error: &ArrowError) -> String {
    let said = error.to_string();
    said.trim_start_matches("Json error: ").to_owned()
}

/// Reads all files for the types of their columns.
pub(super) fn look(
    paths: &[PathBuf],
    compression: FileCompressionType,
) -> Result<Look, TableError> {
    let mut rows = 0;
    let mut numbers = Numbers::default();
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
        numbers.add(&object);
        Ok(object)
    });
    let schema = infer_json_schema_from_iterator(each);
    let schema = schema.map_err(|error| bad(last, &without_category(&error)))?;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let only_unsigned =
                field.data_type() == &DataType::Float64 && numbers.are_unsigned(field.name());
            match only_unsigned {
                true => field.as_ref().clone().with_data_type(DataType::UInt64),
                false => field.as_ref().clone(),
            }
        })
        .collect();
    let is_rounded = |field: &&Field| {
        holds_floats(field.data_type()) && numbers.beyond_floats.contains(field.name())
    };
    let notes = fields.iter().filter(is_rounded);
    let notes = notes.map(|field| rounded(field.name())).collect();
    let (schema, reader) = (Arc::new(Schema::new(fields)), JsonRows { compression });
    // Single values beside lists are taken for lists, but are not read as such.
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

/// What the numbers of each column are, by its name.
#[derive(Debug, Default)]
struct Numbers {
    /// Whether all values are integers of 64 bits without a sign.
    unsigned: BTreeMap<String, bool>,
    /// Columns with integers that floats of 64 bits do not hold.
    beyond_floats: BTreeSet<String>,
}

impl Numbers {
    fn add(&mut self, object: &Value) {
        for (name, value) in object.as_object().into_iter().flatten() {
            if value.is_null() {
                continue;
            }
            match self.unsigned.get_mut(name) {
                Some(unsigned) => *unsigned = *unsigned && value.is_u64(),
                None => {
                    self.unsigned.insert(name.clone(), value.is_u64());
                }
            }
            if is_beyond_floats(value) && !self.beyond_floats.contains(name) {
                self.beyond_floats.insert(name.clone());
            }
        }
    }

    fn are_unsigned(&self, name: &str) -> bool {
        self.unsigned.get(name).copied().unwrap_or(false)
    }
}

/// Whether a value is, or holds, an integer that a float of 64 bits rounds. Integers beyond 64 bits
/// have been rounded by the parser, and look like other floats of that size.
fn is_beyond_floats(value: &Value) -> bool {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), ..) => !is_exact_as_float(integer.into()),
            (_, Some(integer), _) => !is_exact_as_float(integer.into()),
            (.., Some(float)) => float.abs() >= 2_f64.powi(63),
            _ => true,
        },
        Value::Array(items) => items.iter().any(is_beyond_floats),
        Value::Object(fields) => fields.values().any(is_beyond_floats),
        _ => false,
    }
}

/// The objects of a file, parsed by a thread of their own, so that an array is never in memory as a
/// whole.
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
            // The sender is gone when all is said.
            match self.receiver.recv().ok()? {
                Ok(lot) => self.lot = lot.into_iter(),
                Err(reason) => return Some(Err(reason)),
            }
        }
    }
}

/// Sends all objects of a text, and then why there are no more, unless it has ended.
fn send_objects(text: impl std::io::Read, sender: SyncSender<Result<Vec<Value>, String>>) {
    let mut lots = Lots {
        sender,
        lot: Vec::with_capacity(LOT),
    };
    let mut parser = serde_json::Deserializer::from_reader(text);
    while parser.end().is_err() {
        if let Err(error) = Each(&mut lots).deserialize(&mut parser) {
            lots.send();
            // Nobody may listen any more.
            let _ = lots.sender.send(Err(error.to_string()));
            return;
        }
    }
    lots.send();
}

struct Lots {
    sender: SyncSender<Result<Vec<Value>, String>>,
    lot: Vec<Value>,
}

impl Lots {
    /// Whether anybody takes more.
    fn add(&mut self, object: Value) -> bool {
        self.lot.push(object);
        self.lot.len() < LOT || self.send()
    }

    fn send(&mut self) -> bool {
        let lot = std::mem::replace(&mut self.lot, Vec::with_capacity(LOT));
        self.sender.send(Ok(lot)).is_ok()
    }
}

/// Takes an object, or each one of an array.
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
        while let Some(item) = items.next_element::<Object>()? {
            taken(self.0.add(item.0))?;
        }
        Ok(())
    }
}

/// An item of an array.
struct Object(Value);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        parser.deserialize_map(ObjectVisitor).map(Object)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        object(map)
    }
}

/// An object. One that has a key twice is refused, of which the parser would keep one value.
fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Value, A::Error> {
    let mut object = Map::new();
    while let Some((key, value)) = map.next_entry::<String, Value>()? {
        if object.insert(key.clone(), value).is_some() {
            return Err(A::Error::custom(format!("the key `{key}` is there twice")));
        }
    }
    Ok(Value::Object(object))
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
