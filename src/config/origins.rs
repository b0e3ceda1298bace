//! Origins of values: the file, the command line that overrides it, a variant that overrides both.

use super::error::{PlacedProblem, Problem};
use super::input::Source;
use super::key_path::KeyPath;
use super::{line, redact};

/// Layer that a value comes from. Later layers override earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    File,
    CommandLine,
    Variant,
}

/// Place where the user typed something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TypedPlace {
    File(KeyPath),
    CommandLine,
}

/// A value that replaced the file's value at the same key path.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    pub(super) place: KeyPath,
    pub(super) layer: Layer,
    pub(super) typed: TypedPlace,
}

/// All overlays, in the order in which they were applied.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(pub(super) Vec<Overlay>);

impl Origins {
    fn last_over(&self, path: &KeyPath) -> Option<&Overlay> {
        self.0
            .iter()
            .rev()
            .find(|overlay| overlay.place.holds(path))
    }

    pub(super) fn layer_of(&self, path: &KeyPath) -> Layer {
        self.last_over(path)
            .map_or(Layer::File, |overlay| overlay.layer)
    }

    /// Returns the place where the value at `path` was typed. A value that nobody typed counts as
    /// the file's.
    pub(super) fn typed(&self, path: &KeyPath) -> TypedPlace {
        self.last_over(path).map_or_else(
            || TypedPlace::File(path.clone()),
            |overlay| overlay.typed.clone(),
        )
    }
}

/// Name, in messages, of the origin of values that are not from a file.
pub(super) const COMMAND_LINE: &str = "the command line";

/// Limit on the bytes read to find the lines of problems. Each search reads the text again, so in a
/// very long text with very many problems only the first ones get their lines.
const MOST_READ_FOR_LINES_BYTES: usize = 8 << 20;

/// Adds the file and the line where a problem was typed, or the command line as its origin.
/// `earlier` is the number of problems that were placed before.
pub(super) fn place(
    problem: Problem,
    typed: &TypedPlace,
    source: &Source,
    earlier: usize,
) -> PlacedProblem {
    let Problem {
        path,
        message,
        hint,
    } = problem;
    let (origin, line) = match typed {
        TypedPlace::CommandLine => (COMMAND_LINE.to_owned(), None),
        TypedPlace::File(place) => {
            let read = earlier.saturating_mul(source.text.len());
            let line =
                (read < MOST_READ_FOR_LINES_BYTES).then(|| line::line_of(&source.text, place));
            (redact::url(&source.origin), line.flatten())
        }
    };
    PlacedProblem {
        origin,
        line,
        path: path.to_string(),
        message,
        hint,
    }
}
