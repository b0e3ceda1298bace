//! Finds the line of a YAML text on which a key path is written.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::key_path::{KeyPath, Step};
use super::wrapper::WRAPPER;

/// Returns the line, counted from 1, of the deepest part of `path` that the text contains. None if
/// it contains no part, or is not YAML.
///
/// The YAML reader gives the places of errors only. This function therefore walks down to the key
/// and makes the reader fail there.
pub(super) fn line_of(text: &str, path: &KeyPath) -> Option<usize> {
    (1..=path.steps().len()).rev().find_map(|depth| {
        let steps = path.steps().get(..depth)?;
        let deserializer = serde_yaml::Deserializer::from_str(text);
        let error = PathWalk { steps, top: true }
            .deserialize(deserializer)
            .err()?;
        Some(error.location()?.line())
    })
}

struct PathWalk<'a> {
    steps: &'a [Step],
    top: bool,
}

impl<'de> DeserializeSeed<'de> for PathWalk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.steps.first() {
            None => Err(D::Error::custom("found")),
            Some(_) => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for PathWalk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((Step::Item { index, .. }, rest)) = self.steps.split_first() else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        for _ in 0..*index {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Stop { steps: rest })?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (wanted, rest) = match self.steps.split_first() {
            Some((Step::Key(key), rest)) => (key.as_str(), rest),
            _ => ("", self.steps),
        };
        let last = rest.is_empty();
        while let Some(found) = entries.next_key_seed(WantedKey {
            key: wanted,
            top: self.top,
            last,
        })? {
            if found {
                entries.next_value_seed(PathWalk {
                    steps: rest,
                    top: self.top && wanted == WRAPPER,
                })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// An element of a list. Fails if it is the one looked for, else walks on.
struct Stop<'a> {
    steps: &'a [Step],
}

impl<'de> DeserializeSeed<'de> for Stop<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.steps.is_empty() {
            return deserializer.deserialize_any(Fail);
        }
        PathWalk {
            steps: self.steps,
            top: false,
        }
        .deserialize(deserializer)
    }
}

/// A visitor that accepts no value. Any value becomes an error at its place.
struct Fail;

impl Visitor<'_> for Fail {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

/// A key. Fails if it is the last one of the path, else returns whether it is the next one.
struct WantedKey<'a> {
    key: &'a str,
    top: bool,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for WantedKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for WantedKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        let found = key == self.key || self.top && self.key == "reader" && key == "data_reader";
        if found && self.last {
            return Err(E::custom("found"));
        }
        Ok(found)
    }
}
