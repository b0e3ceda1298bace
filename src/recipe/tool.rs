//! Recipes, and the tools that have one.

/// Code of one tool that writes a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    pub tool: &'static str,
    /// Lines of code, which end with a line end.
    pub code: String,
    /// Parts of the layout that the tool cannot write, and differences of its files, each as a
    /// clause without a full stop.
    pub limits: Vec<String>,
}

/// Tools in the order in which [`recipes`](super::recipes) has them.
pub const TOOLS: [&str; 7] = [
    "PyArrow",
    "pandas",
    "Polars",
    "DuckDB",
    "Spark",
    "DataFusion",
    "arrow-rs",
];
