//! Who wrote which value: the file, the command line over it, a variant over both.

use super::error::{Placed, Problem};
use super::input::Source;
use super::key_path::KeyPath;
use super::{line, redact};

/// Later layers win over earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    File,
    CommandLine,
    Variant,
}

/// Where the user typed something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    File(KeyPath),
    CommandLine,
}

/// A value that was laid over what the file has at that key path.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    pub(super) place: KeyPath,
    pub(super) layer: Layer,
    pub(super) typed: Typed,
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

    /// Where the value at `path` was typed. The file, for what nobody typed.
    pub(super) fn typed(&self, path: &KeyPath) -> Typed {
        self.last_over(path).map_or_else(
            || Typed::File(path.clone()),
            |overlay| overlay.typed.clone(),
        )
    }
}

/// The name of what was not in a file, as messages call it.
pub(super) const COMMAND_LINE: &str = "the command line";

/// Finding a line takes as long as reading the text. Of a very long text with very many problems,
/// only the first get theirs: until this many bytes were read for it.
const MOST_READ_FOR_LINES_BYTES: usize = 8 << 20;

/// Puts a problem into the file and onto the line where it was typed, or onto the command line.
/// `earlier` is how many problems were placed before.
pub(super) fn place(problem: Problem, typed: &Typed, source: &Source, earlier: usize) -> Placed {
    let Problem {
        path,
        message,
        hint,
    } = problem;
    let (origin, line) = match typed {
        Typed::CommandLine => (COMMAND_LINE.to_owned(), None),
        Typed::File(place) => {
            let read = earlier.saturating_mul(source.text.len());
            let line =
                (read < MOST_READ_FOR_LINES_BYTES).then(|| line::line_of(&source.text, place));
            (redact::url(&source.origin), line.flatten())
        }
    };
    Placed {
        origin,
        line,
        path: path.to_string(),
        message,
        hint,
    }
}
