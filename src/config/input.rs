//! The text that a config is read from, and the changes that the command line makes.

use std::path::PathBuf;

/// The text of a config and where it came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// As messages name it: a path, "the built-in quickstart" or "the command line".
    pub origin: String,
    /// YAML; empty is a config without keys.
    pub text: String,
    /// Folder of the file, which relative query paths may start from.
    pub folder: Option<PathBuf>,
}

/// Changes that the command line makes to a config.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `key.path=value`, the value in YAML's flow style.
    pub set: Vec<String>,
    /// `key.path=a,b,c`, each value in YAML's flow style.
    pub sweep: Vec<String>,
    /// Tables to add or replace: name, and path or URL.
    pub tables: Vec<(String, String)>,
}
