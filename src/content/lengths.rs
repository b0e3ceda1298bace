//! Lengths of values.

use super::error::ContentError;
use super::normal::Ziggurat;
use super::ranks::Zipf;
use crate::config::{Column, Length, LengthDistribution};
use crate::random::{Key, scale};

/// Bytes of a column's values.
pub(super) struct Lengths {
    pub(super) longest: u64,
    pub(super) mean: f64,
}

/// Drawn lengths.
pub(super) struct DrawnLengths {
    key: Key,
    min: u64,
    max: u64,
    zipf: Option<Zipf>,
    normal: bool,
}

impl DrawnLengths {
    pub(super) fn new(key: Key, length: Length) -> Result<Self, ContentError> {
        const LENGTH: u64 = u64::from_le_bytes(*b"a length");
        let span = length
            .max
            .checked_sub(length.min)
            .ok_or(ContentError::Empty)?;
        Ok(DrawnLengths {
            key: key.derive(LENGTH),
            min: length.min,
            max: length.max,
            zipf: match length.distribution {
                LengthDistribution::Zipf => Some(Zipf::new(1.0, span.saturating_add(1))?),
                _ => None,
            },
            normal: length.distribution == LengthDistribution::Normal,
        })
    }

    pub(super) fn longest(&self) -> u64 {
        self.max
    }

    pub(super) fn at(&self, number: u64) -> u64 {
        let word = self.key.word(number);
        let span = self.max - self.min;
        if let Some(zipf) = &self.zipf {
            self.min + zipf.draw(word)
        } else if self.normal {
            let middle = self.min as f64 + span as f64 / 2.0;
            let length = middle + Ziggurat::shared().draw(word) * span as f64 / 6.0;
            (length.round() as u64).clamp(self.min, self.max)
        } else {
            self.min + scale(word, span.saturating_add(1))
        }
    }

    /// Estimates the mean length from a sample.
    pub(super) fn mean(&self) -> f64 {
        const SAMPLES: u64 = 1024;
        (0..SAMPLES)
            .map(|number| self.at(number) as f64)
            .sum::<f64>()
            / SAMPLES as f64
    }
}

/// Bytes of a made-up value.
pub(super) enum Sizes {
    Fixed(usize),
    /// Drawn by the value's number, or by its row.
    Drawn(DrawnLengths),
}

impl Sizes {
    pub(super) fn of(column: &Column, key: Key) -> Result<Self, ContentError> {
        Ok(match column.length {
            Some(length) => Sizes::Drawn(DrawnLengths::new(key, length)?),
            // At most `i32::MAX`, which has been checked before.
            None => Sizes::Fixed(column.size as usize),
        })
    }

    pub(super) fn at(&self, number: u64) -> usize {
        match self {
            Sizes::Fixed(size) => *size,
            Sizes::Drawn(lengths) => lengths.at(number) as usize,
        }
    }

    pub(super) fn longest(&self) -> u64 {
        match self {
            Sizes::Fixed(size) => *size as u64,
            Sizes::Drawn(lengths) => lengths.longest(),
        }
    }

    pub(super) fn lengths(&self) -> Lengths {
        Lengths {
            longest: self.longest(),
            mean: match self {
                Sizes::Fixed(size) => *size as f64,
                Sizes::Drawn(lengths) => lengths.mean(),
            },
        }
    }
}
