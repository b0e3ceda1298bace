//! CSV files: the separator of their fields, and the types that hold all values of a column.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format as CsvFormat;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema, SchemaRef, TimeUnit};
use chrono::Utc;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::rows::{
    BATCH_BYTES, BATCH_ROWS, FileBatches, Look, ReadRows, bad, check_names, each_batch, of_strings,
    opened, rounded, said,
};
use crate::table::error::TableError;

/// Bytes at the beginning of a file by which its separator is found.
const BEGINNING_BYTES: u64 = 64 << 10;

/// Separators of fields, the most usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

#[derive(Debug)]
struct CsvRows {
    separator: u8,
    compression: FileCompressionType,
    batch_rows: usize,
}

impl ReadRows for CsvRows {
    fn batches(&self, path: &Path, schema: &SchemaRef) -> Result<FileBatches, String> {
        let reader = ReaderBuilder::new(Arc::clone(schema))
            .with_header(true)
            .with_delimiter(self.separator)
            .with_batch_size(self.batch_rows)
            .build(opened(path, self.compression)?)
            .map_err(|error| said(&error))?;
        Ok(Box::new(
            reader.map(|batch| batch.map_err(|error| said(&error))),
        ))
    }
}

/// Reads all files to find the types of their columns. `usual` is the separator that their names
/// promise.
pub(super) fn look(
    location: &str,
    paths: &[PathBuf],
    compression: FileCompressionType,
    usual: u8,
) -> Result<Look, TableError> {
    let mut notes = Vec::new();
    let separator = match paths.first() {
        None => usual,
        Some(first) => {
            let beginning = beginning(first, compression).map_err(|reason| bad(first, &reason))?;
            let separator = separator(&beginning, usual);
            notes.extend(separator.note(location, usual));
            separator.found
        }
    };
    let names = same_headers(paths, compression, separator)?;
    let mut longest = 1;
    for path in paths {
        let text = opened(path, compression).map_err(|reason| bad(path, &reason))?;
        let marks =
            Marks::of(BufReader::new(text), separator).map_err(|error| bad(path, &error))?;
        longest = longest.max(marks.longest);
        notes.extend(marks.notes(path, names.len()));
    }
    let reader = CsvRows {
        separator,
        compression,
        batch_rows: usize::try_from(BATCH_BYTES / longest)
            .unwrap_or(BATCH_ROWS)
            .clamp(1, BATCH_ROWS),
    };
    let strings = of_strings(&names);
    let mut columns = vec![FieldKinds::default(); names.len()];
    let mut rows = 0;
    for path in paths {
        each_batch(&reader, path, &strings, &mut |batch| {
            rows += batch.num_rows() as u64;
            for (values, array) in columns.iter_mut().zip(batch.columns()) {
                array
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .for_each(|text| values.add(text));
            }
            true
        })?;
    }
    let named = names.iter().zip(&columns);
    notes.extend(named.clone().flat_map(|(name, values)| values.notes(name)));
    let fields = named.map(|(name, values)| Field::new(name, values.data_type(), true));
    Ok(Look {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        rows,
        notes,
        reader: Arc::new(reader),
    })
}

/// Returns the header that all files share. A header that repeats a name is refused, and so are
/// headers that differ, as fields are read by position.
fn same_headers(
    paths: &[PathBuf],
    compression: FileCompressionType,
    separator: u8,
) -> Result<Vec<String>, TableError> {
    let mut first: Option<(&Path, Vec<String>)> = None;
    for path in paths {
        let names = header_of(path, compression, separator).map_err(|reason| bad(path, &reason))?;
        if names.is_empty() {
            return Err(bad(path, &"it has no header"));
        }
        check_names(path, names.iter().map(String::as_str))?;
        match &first {
            None => first = Some((path, names)),
            Some((other, known)) if *known != names => {
                return Err(bad(
                    path,
                    &format!(
                        "its header is {}, that of {} is {}; fields are read by their place, so that headers must be \
                         the same",
                        names.join(", "),
                        other.display(),
                        known.join(", ")
                    ),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(first.map(|(_, names)| names).unwrap_or_default())
}

fn header_of(
    path: &Path,
    compression: FileCompressionType,
    separator: u8,
) -> Result<Vec<String>, String> {
    let (schema, _) = CsvFormat::default()
        .with_header(true)
        .with_delimiter(separator)
        .infer_schema(opened(path, compression)?, Some(0))
        .map_err(|error| said(&error))?;
    let names = schema.fields().iter().map(|field| field.name().clone());
    Ok(names.collect())
}

/// Reads the first bytes of a file.
fn beginning(path: &Path, compression: FileCompressionType) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    opened(path, compression)?
        .take(BEGINNING_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Peculiarities of a text that its parser silently accepts, and the size of its records.
#[derive(Debug, Default, PartialEq, Eq)]
struct Marks {
    /// True if a quote is not closed.
    is_open: bool,
    /// Number of fields that go on behind their closing quote.
    behind_quotes: u64,
    blank_lines: u64,
    /// Bytes of the longest record.
    longest: u64,
}

/// Position within a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that either closes the field or is the first of two that stand for one.
    Closing,
}

impl Marks {
    fn of(mut text: impl BufRead, separator: u8) -> io::Result<Self> {
        let mut marks = Marks::default();
        let (mut at, mut record_bytes, mut last) = (At::Start, 0, 0);
        loop {
            let bytes = text.fill_buf()?;
            if bytes.is_empty() {
                marks.is_open = at == At::Quoted;
                marks.longest = marks.longest.max(record_bytes);
                return Ok(marks);
            }
            for byte in bytes.iter().copied() {
                at = match (at, byte) {
                    (At::Quoted, b'"') => At::Closing,
                    (At::Quoted, _) | (At::Start | At::Closing, b'"') => At::Quoted,
                    (_, b'\n' | b'\r') => {
                        let is_half = byte == b'\n' && last == b'\r';
                        marks.blank_lines += u64::from(record_bytes == 0 && !is_half);
                        marks.longest = marks.longest.max(record_bytes);
                        record_bytes = 0;
                        last = byte;
                        at = At::Start;
                        continue;
                    }
                    (_, byte) if byte == separator => At::Start,
                    (At::Closing, _) => {
                        marks.behind_quotes += 1;
                        At::Plain
                    }
                    (At::Start | At::Plain, _) => At::Plain,
                };
                last = byte;
                record_bytes += 1;
            }
            let read = bytes.len();
            text.consume(read);
        }
    }

    fn notes(&self, path: &Path, columns: usize) -> Vec<String> {
        let shown = path.display();
        let mut notes = Vec::new();
        if self.is_open {
            notes.push(format!(
                "{shown}: a quote is not closed, and makes a single field of all that follows"
            ));
        }
        if self.behind_quotes > 0 {
            notes.push(format!(
                "{shown}: {} fields go on behind a closing quote, as where a backslash stands before a quote; a quote \
                 within quotes is written twice",
                self.behind_quotes
            ));
        }
        // If there are several columns, no row is a blank line.
        if columns == 1 && self.blank_lines > 0 {
            notes.push(format!(
                "{shown}: blank lines, {} of them, are no rows",
                self.blank_lines
            ));
        }
        notes
    }
}

/// The separator of the fields of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Separator {
    found: u8,
    /// Another separator that the header contains, and that may be the right one.
    doubted: Option<u8>,
}

impl Separator {
    fn note(self, location: &str, usual: u8) -> Option<String> {
        let Separator { found, doubted } = self;
        let shown = char::from;
        match doubted {
            Some(other) => Some(format!(
                "fields of {location} are taken to be separated by {:?}; its header has {:?} too",
                shown(found),
                shown(other)
            )),
            None => (found != usual)
                .then(|| format!("fields of {location} are separated by {:?}", shown(found))),
        }
    }
}

/// Returns the separator that cuts the header and all of the first records into equally many
/// fields. The usual one is tried first, and is taken if none does.
fn separator(beginning: &[u8], usual: u8) -> Separator {
    let complete = (beginning.len() as u64) < BEGINNING_BYTES;
    let mut records = records(beginning);
    // The last record may be cut.
    if !complete && records.len() > 1 {
        records.pop();
    }
    let fields = |record: &[u8], separator: u8| {
        let mut quoted = false;
        let separators = record.iter().filter(|byte| {
            quoted ^= **byte == b'"';
            !quoted && **byte == separator
        });
        1 + separators.count()
    };
    let others = SEPARATORS.into_iter().filter(|it| *it != usual);
    let candidates: Vec<u8> = [usual].into_iter().chain(others).collect();
    let in_header = |separator: &u8| {
        let header = records.first();
        header.is_some_and(|header| fields(header, *separator) > 1)
    };
    let cuts_alike = |separator: &u8| {
        let mut counts = records.iter().map(|record| fields(record, *separator));
        let of_header = counts.next();
        counts.all(|count| Some(count) == of_header)
    };
    let present = candidates.iter().copied().filter(in_header);
    let alike: Vec<u8> = present.clone().filter(cuts_alike).collect();
    let found = alike.first().copied().unwrap_or(usual);
    Separator {
        found,
        // Another one that cuts all records equally is in doubt. If none cuts them, any other in
        // the header is.
        doubted: match alike.as_slice() {
            [] => present.clone().find(|it| *it != found),
            [_, others @ ..] => others.first().copied(),
        },
    }
}

/// Returns the records of a CSV text that are not blank. A line end within quotes ends no record.
fn records(text: &[u8]) -> Vec<&[u8]> {
    let mut quoted = false;
    let lines = text.split(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == b'\n'
    });
    lines
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .collect()
}

/// Kinds of the values of a column so far, empty ones left out.
#[derive(Debug, Clone)]
struct FieldKinds {
    any: bool,
    /// True while all values are booleans. Each field below stands for another kind.
    bools: bool,
    signed: bool,
    unsigned: bool,
    floats: bool,
    dates: bool,
    /// True if all values are dates, or times without a zone.
    times: bool,
    zoned: bool,
    /// Most digits below a second. `fits_nanoseconds` is true if nanoseconds in 64 bits hold all
    /// times.
    digits: usize,
    fits_nanoseconds: bool,
    rounded: bool,
    leading_zeros: bool,
}

impl Default for FieldKinds {
    fn default() -> Self {
        FieldKinds {
            any: false,
            bools: true,
            signed: true,
            unsigned: true,
            floats: true,
            dates: true,
            times: true,
            zoned: true,
            digits: 0,
            fits_nanoseconds: true,
            rounded: false,
            leading_zeros: false,
        }
    }
}

impl FieldKinds {
    fn add(&mut self, text: &str) {
        self.any = true;
        self.bools =
            self.bools && (text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"));
        if self.signed || self.unsigned || self.floats {
            self.add_number(text);
        }
        self.dates = self.dates && is_date(text);
        if self.times || self.zoned {
            self.add_time(text);
        }
    }

    fn add_number(&mut self, text: &str) {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            (self.signed, self.unsigned) = (false, false);
            self.floats = self.floats && is_float(text);
            self.rounded |= self.floats && !is_kept_by_float(text);
            return;
        }
        self.signed = self.signed && text.parse::<i64>().is_ok();
        self.unsigned = self.unsigned && text.parse::<u64>().is_ok();
        self.floats = self.floats && is_float(text);
        self.rounded |= !is_kept_by_float(text);
        self.leading_zeros |= digits.len() > 1 && digits.starts_with('0');
    }

    fn add_time(&mut self, text: &str) {
        match time(text) {
            None => (self.times, self.zoned) = (false, false),
            Some(time) => {
                self.times = self.times && !time.is_zoned;
                self.zoned = self.zoned && time.is_zoned;
                self.digits = self.digits.max(time.digits);
                self.fits_nanoseconds = self.fits_nanoseconds && time.fits_nanoseconds;
            }
        }
    }

    fn is_float(&self) -> bool {
        self.any && self.floats && !self.signed && !self.unsigned
    }

    fn data_type(&self) -> DataType {
        let unit = match self.digits {
            0..=3 => Some(TimeUnit::Millisecond),
            4..=6 => Some(TimeUnit::Microsecond),
            _ => self.fits_nanoseconds.then_some(TimeUnit::Nanosecond),
        };
        match unit {
            _ if !self.any => DataType::Null,
            _ if self.bools => DataType::Boolean,
            _ if self.signed => DataType::Int64,
            _ if self.unsigned => DataType::UInt64,
            _ if self.floats => DataType::Float64,
            _ if self.dates => DataType::Date32,
            Some(unit) if self.times => DataType::Timestamp(unit, None),
            Some(unit) if self.zoned => DataType::Timestamp(unit, Some("UTC".into())),
            _ => DataType::Utf8,
        }
    }

    /// Returns notes on details of the column's texts that its type does not keep.
    fn notes(&self, name: &str) -> Vec<String> {
        let data_type = self.data_type();
        let mut notes = Vec::new();
        if self.is_float() && self.rounded {
            notes.push(rounded(name));
        }
        if data_type.is_numeric() && self.leading_zeros {
            notes.push(format!(
                "the source's column `{name}` has numbers that begin with zeros, which are not kept"
            ));
        }
        if matches!(data_type, DataType::Timestamp(_, Some(_))) {
            notes.push(format!(
                "the source's column `{name}` has times of zones, which are kept in UTC"
            ));
        }
        notes
    }
}

/// True if a text is a number in the range of floats.
fn is_float(text: &str) -> bool {
    if ["NaN", "nan", "inf", "-inf"].contains(&text) {
        return true;
    }
    let plain = text.starts_with(|first: char| matches!(first, '-' | '.' | '0'..='9'))
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let is_zero = !digits_of(text).any(|digit| digit != b'0');
    plain && Float64Type::parse(text).is_some_and(|it| it.is_finite() && (it != 0.0 || is_zero))
}

/// Returns the digits of a number in front of its exponent.
fn digits_of(text: &str) -> impl Iterator<Item = u8> {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().filter(u8::is_ascii_digit)
}

/// True if a float keeps all digits of a text. This holds for any text that a program made of a
/// float.
fn is_kept_by_float(text: &str) -> bool {
    const ALWAYS_KEPT: usize = 15;
    let digits: Vec<u8> = digits_of(text).skip_while(|digit| *digit == b'0').collect();
    if digits.len() <= ALWAYS_KEPT {
        return true;
    }
    let Some(float) = Float64Type::parse(text) else {
        return false;
    };
    let again = format!("{float:.*e}", digits.len() - 1);
    digits_of(&again).eq(digits)
}

/// True if a text has the pattern's characters at their places. `0` stands for any digit, and `T`
/// for a `T` or a space.
fn is_like(text: &str, pattern: &str) -> bool {
    let alike = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'T' => byte == b'T' || byte == b' ',
        other => byte == other,
    };
    text.len() >= pattern.len() && text.bytes().zip(pattern.bytes()).all(alike)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && is_like(text, "0000-00-00") && Date32Type::parse(text).is_some()
}

/// A point in time.
struct Time {
    digits: usize,
    is_zoned: bool,
    fits_nanoseconds: bool,
}

/// Parses a text as a time. `None` if it is no time, or one that no type holds exactly.
fn time(text: &str) -> Option<Time> {
    let with_time = is_like(text, "0000-00-00T00:00:00");
    if !with_time && !is_date(text) {
        return None;
    }
    // A leap second would become the next second.
    if text.get(17..19) == Some("60") {
        return None;
    }
    let parsed = string_to_datetime(&Utc, text).ok()?;
    let below = text.get(19..).unwrap_or_default();
    let (digits, zone) = match below.strip_prefix('.') {
        None => (0, below),
        Some(fraction) => {
            let end = fraction
                .find(|found: char| !found.is_ascii_digit())
                .unwrap_or(fraction.len());
            (end, fraction.get(end..).unwrap_or_default())
        }
    };
    (digits <= 9).then(|| Time {
        digits,
        is_zoned: !zone.is_empty(),
        fits_nanoseconds: parsed.timestamp_nanos_opt().is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a,b\n1,2\n", b',', None)]
    #[case("a;b\n1,5;2,5\n", b';', None)]
    #[case("a\tb\n1\t2", b'\t', None)]
    #[case("a|b\n\"x|y\"|2\n", b'|', None)]
    #[case("a;b\n\"two\nlines\";2\n", b';', None)]
    #[case("text\nsome; more\nwithout\n", b',', None)]
    #[case("a;b\n1;2\n3\n", b',', Some(b';'))]
    #[case("a;b,c\n1;2,3\n", b',', Some(b';'))]
    #[case("surname, name;age\nx;1\n", b';', None)]
    #[case("one\n1\n", b',', None)]
    #[case("", b',', None)]
    fn separators_are_found_by_the_header_and_the_first_records(
        #[case] text: &str,
        #[case] found: u8,
        #[case] doubted: Option<u8>,
    ) {
        assert_eq!(
            separator(text.as_bytes(), b','),
            Separator { found, doubted }
        );
    }

    #[rstest]
    #[case("a\n1\n\n2\n", false, 0, 1, 1)]
    #[case("a\r\n1\r\n\r\n2\r\n", false, 0, 1, 1)]
    #[case("a\n\"1\n\n2\"\n", false, 0, 0, 6)]
    #[case("a,b\n1,\"2\n", true, 0, 0, 5)]
    #[case("a,b\n5\",x\n", false, 0, 0, 4)]
    #[case("a,b\n1,\"say \\\"hi\\\"\"\n", false, 1, 0, 14)]
    #[case("a,b\n1,\"say \"\"hi\"\"\"\n", false, 0, 0, 14)]
    fn quotes_and_blank_lines_are_told_as_the_parser_takes_them(
        #[case] text: &str,
        #[case] is_open: bool,
        #[case] behind_quotes: u64,
        #[case] blank_lines: u64,
        #[case] longest: u64,
    ) {
        let expected = Marks {
            is_open,
            behind_quotes,
            blank_lines,
            longest,
        };
        assert_eq!(Marks::of(text.as_bytes(), b',').ok(), Some(expected));
    }

    #[test]
    fn another_separator_than_the_name_promises_is_found_too() {
        assert_eq!(separator(b"a,b\n1,2\n", b'\t').found, b',');
        assert_eq!(separator(b"a,b\tc\n1\t2,3,4\n", b'\t').found, b'\t');
    }

    #[rstest]
    #[case(&["1", "-2"], DataType::Int64)]
    #[case(&["1", "18446744073709551615"], DataType::UInt64)]
    #[case(&["-1", "18446744073709551615"], DataType::Float64)]
    #[case(&["1", "2.5", "1e9", "NaN"], DataType::Float64)]
    #[case(&["1", "+2"], DataType::Utf8)]
    #[case(&["0.5", "1e400"], DataType::Utf8)]
    #[case(&["0.5", "1e-400"], DataType::Utf8)]
    #[case(&["0.5", "0e-400"], DataType::Float64)]
    #[case(&["2016-12-31T23:59:60"], DataType::Utf8)]
    #[case(&["True", "false"], DataType::Boolean)]
    #[case(&["true", "1"], DataType::Utf8)]
    #[case(&["2020-02-29"], DataType::Date32)]
    #[case(&["2020-02-29", "2020-02-30"], DataType::Utf8)]
    #[case(&["0000-00-00"], DataType::Utf8)]
    #[case(&["2020-01-01", "2020-01-01 10:00:00"], DataType::Timestamp(TimeUnit::Millisecond, None))]
    #[case(&["2020-01-01T10:00:00.1234"], DataType::Timestamp(TimeUnit::Microsecond, None))]
    #[case(&["2020-01-01T10:00:00.123456789"], DataType::Timestamp(TimeUnit::Nanosecond, None))]
    #[case(&["2500-01-01T10:00:00.123456789"], DataType::Utf8)]
    #[case(&["2020-01-01T10:00:00.1234567891"], DataType::Utf8)]
    #[case(&["2020-01-01T25:00:00"], DataType::Utf8)]
    #[case(&["2020-01-01T10:00:00Z", "2020-01-01T10:00:00+02:00"], DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))]
    #[case(&["2020-01-01T10:00:00Z", "2020-01-01T10:00:00"], DataType::Utf8)]
    #[case(&[], DataType::Null)]
    fn a_column_is_of_the_narrowest_type_that_holds_all_of_its_values(
        #[case] texts: &[&str],
        #[case] expected: DataType,
    ) {
        let mut values = FieldKinds::default();
        texts.iter().for_each(|text| values.add(text));
        assert_eq!(values.data_type(), expected);
    }

    #[test]
    fn what_a_type_does_not_keep_is_said() {
        let notes = |texts: &[&str]| {
            let mut values = FieldKinds::default();
            texts.iter().for_each(|text| values.add(text));
            values.notes("c").join("; ")
        };
        for rounded in [
            "9007199254740993",
            "12345678901234567.89",
            "9007199254740993.0",
            "0.10000000000000000001",
        ] {
            assert!(notes(&[rounded, "0.5"]).contains("rounded"), "{rounded}");
        }
        for kept in [
            "0.1",
            "0.10000000000000001",
            "1.7976931348623157e308",
            "-0.25e-3",
        ] {
            assert!(notes(&[kept, "0.5"]).is_empty(), "{kept}");
        }
        assert!(notes(&["9007199254740992", "0.5"]).is_empty());
        assert!(notes(&["9007199254740993"]).is_empty());
        assert!(notes(&["007"]).contains("begin with zeros"));
        assert!(notes(&["007", "x"]).is_empty());
        assert!(notes(&["2020-01-01T10:00:00+02:00"]).contains("in UTC"));
    }
}
