//! Collects problems and notes during validation.

use super::error::Problem;
use super::key_path::KeyPath;
use super::leaf::{Leaf, Positive};
use super::model::Connection;
use super::origins::Origins;
use super::redact::{self, SCHEMES};
use crate::suggest::did_you_mean;

/// Problems and notes found so far.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) origins: &'a Origins,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
    /// Key paths of DLIO's keys that have no effect here.
    pub(super) without_effect: Vec<String>,
}

impl Findings<'_> {
    pub(super) fn problem(&mut self, path: &KeyPath, message: impl Into<String>) {
        self.problems.push(Problem::new(path.clone(), message));
    }

    /// Returns the value of a leaf. A value that could not be read becomes a problem and counts as
    /// left out.
    pub(super) fn take<T>(&mut self, path: &KeyPath, leaf: Option<Leaf<T>>) -> Option<T> {
        match leaf?.0 {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(path, message);
                None
            }
        }
    }

    pub(super) fn take_count(
        &mut self,
        path: &KeyPath,
        leaf: Option<Leaf<Positive>>,
    ) -> Option<u64> {
        self.take(path, leaf).map(|count| count.0)
    }

    /// Returns a count. One above `most` becomes a problem and counts as left out.
    pub(super) fn at_most(&mut self, path: &KeyPath, count: Option<u64>, most: u64) -> Option<u64> {
        let count = count?;
        if count > most {
            self.problem(
                path,
                format!("{count} is more than {most}, the most that it takes"),
            );
            return None;
        }
        Some(count)
    }

    /// Returns a text. An empty one becomes a problem and counts as left out.
    pub(super) fn take_text(
        &mut self,
        path: &KeyPath,
        leaf: Option<Leaf<String>>,
    ) -> Option<String> {
        let text = self.take(path, leaf)?;
        if text.trim().is_empty() {
            self.problem(path, "must not be empty");
            return None;
        }
        Some(text)
    }

    /// Returns a path or URL. A URL with an unknown scheme becomes a problem and counts as left
    /// out.
    pub(super) fn take_location(
        &mut self,
        path: &KeyPath,
        leaf: Option<Leaf<String>>,
    ) -> Option<String> {
        let location = self.take_text(path, leaf)?;
        let start = location
            .split_once(':')
            .map(|(scheme, rest)| (scheme, rest.starts_with("//")));
        if let Some((scheme, false)) = start
            && SCHEMES.contains(&scheme)
        {
            self.problem(
                path,
                format!("begins with `{scheme}:`; a URL begins with `{scheme}://`"),
            );
            return None;
        }
        match location.split_once("://") {
            Some((scheme, _)) if !SCHEMES.contains(&scheme) => {
                let near = did_you_mean(scheme, SCHEMES);
                self.problem(
                    path,
                    format!(
                        "`{}` is of no known store; known: a path, or a URL of {}{near}",
                        redact::url(&location),
                        SCHEMES.join(", ")
                    ),
                );
                None
            }
            _ => Some(location),
        }
    }

    /// Returns the URL of a server. Anything else becomes a problem and counts as left out.
    pub(super) fn take_endpoint(
        &mut self,
        path: &KeyPath,
        leaf: Option<Leaf<String>>,
    ) -> Option<String> {
        let written = self.take_text(path, leaf)?;
        if !Connection::is_endpoint(&written) {
            self.problem(
                path,
                format!(
                    "`{}` is not the URL of a server; write `https://HOST` or `http://HOST:PORT`",
                    redact::url(&written)
                ),
            );
            return None;
        }
        Some(written)
    }
}
