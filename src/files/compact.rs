//! Thrift's compact protocol, in which footers and page headers are stored. Only numbers are read
//! here.

/// Deepest nesting of structs that is skipped, the same as in the `parquet` crate.
const MOST_NESTED: u8 = 64;

/// Head of a struct's field, which precedes its value.
pub(super) struct FieldHead {
    pub(super) id: i16,
    pub(super) kind: u8,
}

/// Reader of Thrift's compact protocol. Each method returns none if the bytes end too early.
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Compact { bytes, at: 0 }
    }

    /// Returns the number of bytes that have been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn pass(&mut self, count: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        if end > self.bytes.len() {
            return None;
        }
        self.at = end;
        Some(())
    }

    /// Reads a number of seven bits per byte, the lowest first. Accepts numbers that are longer
    /// than necessary, as the `parquet` crate does.
    fn varint(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift = shift.wrapping_add(7);
        }
    }

    /// Reads a signed number in zigzag encoding: 0, -1, 1, -2 and so on.
    pub(super) fn number(&mut self) -> Option<i32> {
        let word = self.varint()?;
        let number = (word >> 1) as i64 ^ -((word & 1) as i64);
        Some(number as i32)
    }

    /// Reads the head of the next field after the one with the number `last`. The inner value is
    /// none at the end of the struct.
    pub(super) fn field(&mut self, last: i16) -> Option<Option<FieldHead>> {
        let byte = self.byte()?;
        let (step, kind) = (i16::from(byte >> 4), byte & 0x0f);
        if kind == 0 {
            return Some(None);
        }
        let id = match step {
            0 => self.number()? as i16,
            step => last.checked_add(step)?,
        };
        Some(Some(FieldHead { id, kind }))
    }

    /// Reads the number in a struct's field 1, and skips the rest of the struct. 0 if there is no
    /// such field.
    pub(super) fn first_number(&mut self) -> Option<i32> {
        let (mut last, mut first) = (0, 0);
        while let Some(field) = self.field(last)? {
            last = field.id;
            match field.id {
                1 => first = self.number()?,
                _ => self.skip(field.kind)?,
            }
        }
        Some(first)
    }

    /// Skips a value.
    pub(super) fn skip(&mut self, kind: u8) -> Option<()> {
        self.skip_nested(kind, MOST_NESTED)
    }

    fn skip_nested(&mut self, kind: u8, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            // The value of a bool is in the head of its field.
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            // A list or a set.
            9 | 10 => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    count => u64::from(count),
                };
                (0..count).try_for_each(|_| self.skip_element(head & 0x0f, depth))
            }
            // A map.
            11 => match self.varint()? {
                0 => Some(()),
                count => {
                    let kinds = self.byte()?;
                    (0..count).try_for_each(|_| {
                        self.skip_element(kinds >> 4, depth)?;
                        self.skip_element(kinds & 0x0f, depth)
                    })
                }
            },
            12 => {
                while let Some(field) = self.field(0)? {
                    self.skip_nested(field.kind, depth)?;
                }
                Some(())
            }
            13 => self.pass(16),
            _ => None,
        }
    }

    fn skip_element(&mut self, kind: u8, depth: u8) -> Option<()> {
        match kind {
            // Elements have no head, so a bool takes a byte.
            1 | 2 => self.pass(1),
            kind => self.skip_nested(kind, depth),
        }
    }
}
