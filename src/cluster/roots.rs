//! Places below which a worker reads, and writes if it may.

use std::path::{Path, PathBuf};

use super::error::ClusterError;
use crate::storage::{Location, Stores};

/// Places below which a worker reads, and writes if it may.
#[derive(Debug, Clone)]
pub struct Roots(Vec<Location>);

impl Roots {
    /// Resolves folders and URLs.
    ///
    /// # Errors
    ///
    /// One that is none, or a folder that does not exist.
    pub fn of(texts: &[String]) -> Result<Self, ClusterError> {
        let stores = Stores::default();
        let roots = texts.iter().map(|text| {
            let bad = |reason: String| ClusterError::Security {
                what: format!("--allow {text}"),
                reason,
            };
            let root = stores
                .location(text)
                .map_err(|error| bad(error.to_string()))?;
            match root.local().map(Path::canonicalize) {
                None => Ok(root),
                Some(Ok(path)) => Ok(Location::of_file(path)),
                Some(Err(error)) => Err(bad(error.to_string())),
            }
        });
        roots.collect::<Result<_, _>>().map(Roots)
    }

    /// Checks that a place lies below a root, whatever links lead there. What does not exist lies
    /// where it would be made.
    ///
    /// # Errors
    ///
    /// Why it does not, for the user.
    pub fn check(&self, place: &Location) -> Result<(), String> {
        let real = place.with_links_resolved();
        match self.0.iter().any(|root| real.is_below(root)) {
            true => Ok(()),
            false => Err(format!(
                "{place} lies outside of {}; `bench worker --allow` names more",
                self.shown()
            )),
        }
    }

    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let folders = self.0.iter().filter_map(Location::local);
        folders.map(Path::to_owned).collect()
    }

    fn shown(&self) -> String {
        match self.0.is_empty() {
            true => "nothing, which is all that it may read".to_owned(),
            false => format!("what it may read ({})", self.texts().join(", ")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_roots() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("in/below")).unwrap();
        std::fs::create_dir_all(path("inner")).unwrap();
        std::os::unix::fs::symlink(path("inner"), path("in/link")).unwrap();
        let roots = Roots::of(&[path("in").display().to_string()]).unwrap();
        let allowed = |name: &str| roots.check(&Location::of_file(path(name))).is_ok();
        for (name, expected) in [
            ("in", true),
            ("in/below", true),
            ("in/new/folder/file", true),
            ("inner", false),
            ("in/link", false),
            ("in/link/new", false),
            ("in/../inner", false),
            ("in/new/../../inner", false),
            ("out/new", false),
        ] {
            assert_eq!(allowed(name), expected, "{name}");
        }
        let stores = Stores::default();
        let bucket = Roots::of(&["s3://bucket/some".to_owned()]).unwrap();
        for (name, expected) in [
            ("s3://bucket/some", true),
            ("s3://bucket/some/file", true),
            ("s3://bucket/something", false),
            ("s3://bucket", false),
            ("s3://other/some/file", false),
            ("/some", false),
        ] {
            let place = stores.location(name).unwrap();
            assert_eq!(bucket.check(&place).is_ok(), expected, "{name}");
        }
        assert!(Roots::of(&["/gone/folder".to_owned()]).is_err());
    }
}
