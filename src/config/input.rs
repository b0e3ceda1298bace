//! The text of a config, and the changes that the command line makes.

use std::path::PathBuf;

/// The text of a config and its origin.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name in messages: a path, "the built-in quickstart" or "the command line".
    pub origin: String,
    /// Text in YAML. An empty text is a config without keys.
    pub text: String,
    /// Folder of the file. Relative query paths may start there.
    pub folder: Option<PathBuf>,
}

/// Changes that the command line makes to a config.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Settings `key.path=value`, with the value in YAML's flow style.
    pub set: Vec<String>,
    /// Sweeps `key.path=a,b,c`, with each value in YAML's flow style.
    pub sweep: Vec<String>,
    /// Tables to add or replace: name, and path or URL.
    pub tables: Vec<(String, String)>,
    /// True if the files of the source are to be read as they are, too, by a variant
    /// [`ORIGINAL`](super::ORIGINAL) that comes first.
    pub with_original: bool,
}
