//! Lists the files of this host that a path, a folder or a pattern names. A file that a user named
//! and that cannot be opened is an error; no file is left out silently.

use std::borrow::Cow;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use walkdir::{DirEntry, WalkDir};

use super::listing_error::ListingError;
use super::paths::local_path;
use crate::output::{folder_of, kind_of};

pub(super) const GLOB_CHARACTERS: [char; 3] = ['*', '?', '['];

/// Patterns match as in a shell: `*` stays within a name, and finds hidden names only if the
/// pattern begins with their dot.
const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Most other files of a folder whose names are kept for messages.
const MOST_OTHERS: usize = 100;

/// The files that a location on this host names.
#[derive(Debug, Default)]
pub(super) struct LocalListing {
    /// Folder below which the folders of a file's path count: the location, or the start of a
    /// pattern.
    pub(super) base: PathBuf,
    /// Files in the order of their paths, each with the file system's metadata.
    pub(super) files: Vec<(PathBuf, Metadata)>,
    /// Some of the other visible files below a folder that was named.
    pub(super) others: Vec<PathBuf>,
}

/// Lists a location as a user wrote it. A file stands for itself. A folder stands for the wanted
/// files at any depth, except below names that begin with `.` or `_`. A pattern stands for the
/// files that it matches, and for the wanted files of the folders that it matches. `is_wanted`
/// looks at a file's name.
pub(super) fn list_local(
    location: &str,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<LocalListing, ListingError> {
    let path = local_path(location)?;
    let mut listing = match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => {
            let mut listing = LocalListing {
                base: path.clone(),
                ..LocalListing::default()
            };
            listing.walk(&path, is_wanted)?;
            listing
        }
        Ok(found) => {
            let mut listing = LocalListing {
                base: path.clone(),
                ..LocalListing::default()
            };
            listing.add(path, found)?;
            listing
        }
        Err(_) if location.contains(GLOB_CHARACTERS) => {
            let mut listing = LocalListing {
                base: literal_base(&path),
                ..LocalListing::default()
            };
            if !listing.base.is_dir() {
                return Err(ListingError::NotFound);
            }
            for found in matches(&path, is_wanted)? {
                match std::fs::metadata(&found) {
                    Ok(metadata) if metadata.is_dir() => listing.walk(&found, is_wanted)?,
                    Ok(metadata) => listing.add(found, metadata)?,
                    Err(error) => return Err(unreadable(found, &error)),
                }
            }
            listing
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return Err(ListingError::NotFound);
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    // `**` matches a folder and the folders below it.
    listing.files.sort_by(|left, right| left.0.cmp(&right.0));
    listing.files.dedup_by(|left, right| left.0 == right.0);
    listing.others.sort();
    listing.others.dedup();
    Ok(listing)
}

/// True if a location would name a file that does not exist yet. Links on the way to either are
/// followed, but not links within a named folder.
pub fn would_list(location: &str, file: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> bool {
    // A location that is not local or does not exist is reported elsewhere.
    let Ok(path) = local_path(location) else {
        return false;
    };
    let base = match path.is_dir() {
        true => path.clone(),
        false => literal_base(&path),
    };
    let (Ok(real), Ok(folder)) = (base.canonicalize(), folder_of(file).canonicalize()) else {
        return false;
    };
    let placed = folder.join(file.file_name().unwrap_or_default());
    let (Ok(below), Ok(pattern)) = (placed.strip_prefix(real), path.strip_prefix(base)) else {
        return false;
    };
    let (parts, pattern) = (parts_of(below), parts_of(pattern));
    let matches_file = pattern.last().is_some_and(|last| *last != "**");
    let in_folder = |passed: usize| {
        let mut below = parts[passed..].iter();
        matches_parts(&pattern, &parts[..passed]) && below.all(|part| is_visible_name(part))
    };
    matches_file && matches_parts(&pattern, &parts)
        || is_wanted(&placed) && (0..parts.len()).any(in_folder)
}

pub(super) fn parts_of(path: &Path) -> Vec<Cow<'_, str>> {
    let parts = path.components();
    parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect()
}

/// True if the parts of a path match those of a pattern, by the rules of `matches`.
pub(super) fn matches_parts(pattern: &[Cow<'_, str>], parts: &[Cow<'_, str>]) -> bool {
    let Some((first, pattern)) = pattern.split_first() else {
        return parts.is_empty();
    };
    if *first == "**" {
        let visible = parts.iter().take_while(|part| is_visible_name(part));
        return (0..=visible.count()).any(|passed| matches_parts(pattern, &parts[passed..]));
    }
    parts.split_first().is_some_and(|(part, parts)| {
        let name = Pattern::new(first);
        name.is_ok_and(|name| name.matches_with(part, MATCHING)) && matches_parts(pattern, parts)
    })
}

impl LocalListing {
    fn add(&mut self, path: PathBuf, found: Metadata) -> Result<(), ListingError> {
        let bad = |path, reason: String| Err(ListingError::Bad { path, reason });
        if !found.is_file() {
            let kind = kind_of(&found.file_type());
            return bad(path, format!("it is {kind}, neither a file nor a folder"));
        }
        if path.to_str().is_none() {
            return bad(
                path,
                "its name is not UTF-8, so that it cannot be opened as an object; rename it"
                    .to_owned(),
            );
        }
        self.files.push((path, found));
        Ok(())
    }

    fn walk(
        &mut self,
        folder: &Path,
        is_wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<(), ListingError> {
        let below = WalkDir::new(folder).follow_links(true).into_iter();
        for entry in below.filter_entry(|entry| entry.depth() == 0 || is_visible(entry)) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => match that_matters(error, folder, is_wanted) {
                    Some(error) => return Err(error),
                    None => continue,
                },
            };
            if entry.file_type().is_dir() {
                continue;
            }
            if !is_wanted(Path::new(entry.file_name())) {
                if self.others.len() < MOST_OTHERS {
                    self.others.push(entry.into_path());
                }
                continue;
            }
            let found = entry.metadata().map_err(|error| ListingError::Bad {
                path: entry.path().to_owned(),
                reason: error.to_string(),
            })?;
            self.add(entry.into_path(), found)?;
        }
        Ok(())
    }
}

fn unreadable(path: PathBuf, error: &io::Error) -> ListingError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => "it is a link to nothing".to_owned(),
        _ => error.to_string(),
    };
    ListingError::Bad { path, reason }
}

fn is_link_to_nothing(error: &walkdir::Error) -> bool {
    let missing = error
        .io_error()
        .is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
    missing && error.path().is_some_and(Path::is_symlink)
}

/// True if a broken link could have led to wanted files: by its name it is a wanted file, a
/// partition, or a folder.
fn may_matter(path: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> bool {
    let name = Path::new(path.file_name().unwrap_or_default());
    let text = name.to_string_lossy();
    is_wanted(name) || text.contains('=') || name.extension().is_none()
}

fn is_visible(entry: &DirEntry) -> bool {
    is_visible_name(&entry.file_name().to_string_lossy())
}

pub(super) fn is_visible_name(name: &str) -> bool {
    // The name of a partition column may begin with an underscore.
    !(name.starts_with('.') || name.starts_with('_')) || name.contains('=')
}

/// Returns the part of a pattern before its first special character, up to a folder.
fn literal_base(pattern: &Path) -> PathBuf {
    pattern
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(GLOB_CHARACTERS))
        .collect()
}

/// Returns the paths that a pattern matches. Looks only into folders on the pattern's way. Names
/// that are not UTF-8 are matched in their readable form; the `glob` crate's own walk leaves them
/// out.
fn matches(
    pattern: &Path,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, ListingError> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        let mut next = Vec::new();
        if !text.contains(GLOB_CHARACTERS) {
            for folder in found {
                let path = folder.join(part);
                if is_there(&path)? {
                    next.push(path);
                } else {
                    leads_somewhere(&folder, is_wanted)?;
                }
            }
        } else if text == "**" {
            for folder in found {
                next.extend(folders_below(&folder, is_wanted)?);
            }
        } else {
            let name = Pattern::new(&text).map_err(|error| ListingError::BadPattern {
                reason: error.to_string(),
            })?;
            for folder in found {
                if !folder.is_dir() {
                    leads_somewhere(&folder, is_wanted)?;
                    continue;
                }
                next.extend(entries(&folder)?.into_iter().filter_map(|entry| {
                    let shown = entry.file_name();
                    let shown = shown.to_string_lossy();
                    name.matches_with(&shown, MATCHING).then(|| entry.path())
                }));
            }
        }
        found = next;
    }
    Ok(found)
}

/// True if a path exists. Fails if this user may not look.
fn is_there(path: &Path) -> Result<bool, ListingError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(false),
            _ => Err(unreadable(path.to_owned(), &error)),
        },
    }
}

/// Refuses a broken link that could have led to a folder of wanted files.
fn leads_somewhere(folder: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> Result<(), ListingError> {
    match folder.metadata() {
        Err(error) if folder.is_symlink() && may_matter(folder, is_wanted) => {
            Err(unreadable(folder.to_owned(), &error))
        }
        _ => Ok(()),
    }
}

/// Returns a folder and all visible folders below it.
fn folders_below(
    folder: &Path,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, ListingError> {
    let below = WalkDir::new(folder).follow_links(true).into_iter();
    let mut folders = Vec::new();
    for entry in below.filter_entry(|entry| entry.depth() == 0 || is_visible(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => folders.push(entry.into_path()),
            Ok(_) => {}
            Err(error) => {
                if let Some(error) = that_matters(error, folder, is_wanted) {
                    return Err(error);
                }
            }
        }
    }
    Ok(folders)
}

/// Returns the error of a folder's entry. `None` for a broken link that cannot have led to wanted
/// files.
fn that_matters(
    error: walkdir::Error,
    folder: &Path,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Option<ListingError> {
    let path = error.path().unwrap_or(folder).to_owned();
    if is_link_to_nothing(&error) && !may_matter(&path, is_wanted) {
        return None;
    }
    Some(match error.io_error() {
        Some(error) => unreadable(path, error),
        None => ListingError::Bad {
            path,
            reason: "it is a link to a folder that it lies in".to_owned(),
        },
    })
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>, ListingError> {
    std::fs::read_dir(folder)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(folder.to_owned(), &error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    fn is_data(path: &Path) -> bool {
        path.extension().is_some_and(|found| found == "data")
    }

    /// Paths below `folder` that a location there names, or the error.
    fn listed(folder: &Path, location: &str) -> Result<Vec<String>, String> {
        let location = folder.join(location).display().to_string();
        let listing = list_local(&location, &is_data).map_err(|error| error.to_string())?;
        let below = |path: &PathBuf| {
            let below = path.strip_prefix(folder).unwrap();
            below.display().to_string()
        };
        Ok(listing.files.iter().map(|(path, _)| below(path)).collect())
    }

    fn some_files() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "a.data",
            "b.data",
            "c.txt",
            ".hidden.data",
            "x=1/d.data",
            "x=2/deep/e.data",
            "_log/f.data",
            ".meta/g.data",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn folders_and_patterns_name_the_visible_files() {
        let folder = some_files();
        let folder = folder.path();
        let all = ["a.data", "b.data", "x=1/d.data", "x=2/deep/e.data"];
        assert_eq!(listed(folder, "").unwrap(), all);
        assert_eq!(listed(folder, "*.data").unwrap(), ["a.data", "b.data"]);
        assert_eq!(listed(folder, "x=*/*.data").unwrap(), ["x=1/d.data"]);
        assert_eq!(
            listed(folder, "x=*").unwrap(),
            ["x=1/d.data", "x=2/deep/e.data"]
        );
        assert_eq!(listed(folder, "**/*.data").unwrap(), all);
        assert_eq!(listed(folder, "c.txt").unwrap(), ["c.txt"]);
        // A pattern that matches both files and folders includes all of them.
        let mixed = listed(folder, "[ax]*").unwrap();
        assert_eq!(mixed, ["a.data", "x=1/d.data", "x=2/deep/e.data"]);
        assert_eq!(listed(folder, "*.none").unwrap(), [""; 0]);
        assert!(listed(folder, "no*/x.data").unwrap_or_default().is_empty());
        assert!(listed(folder, "absent").unwrap_err().contains("no such"));
        assert!(listed(folder, "[").unwrap_err().contains("pattern"));
    }

    #[test]
    fn a_file_that_is_to_come_would_be_listed_where_it_is_listed_then() {
        let locations = [
            "",
            ".",
            "x=1",
            "x=1/..",
            "*",
            "*.data",
            "*.txt",
            "x=*",
            "x=*/*.data",
            "**",
            "**/new*",
            "**/deep",
            "x=2/**/new.data",
            "?=2/d*",
            "_log",
            "_log/*",
            ".meta",
            "link",
            "link/*",
            "new.data",
            "a.data",
            "x=1/new.txt",
            "absent/*",
            "s3://bucket/*",
        ];
        let files = [
            "new.data",
            "new.txt",
            ".new.data",
            "_new.data",
            "x=1/new.data",
            "x=1/new.txt",
            "x=2/deep/new.data",
            "_log/new.data",
            ".meta/new.data",
            "link/new.data",
            "link/new.txt",
        ];
        for file in files {
            let folder = some_files();
            let folder = folder.path();
            symlink("x=2/deep", folder.join("link")).unwrap();
            let file = folder.join(file);
            let would: Vec<bool> = locations
                .iter()
                .map(|location| would_list(&at(folder, location), &file, &is_data))
                .collect();
            fs::write(&file, "").unwrap();
            let real = file.canonicalize().unwrap();
            for (location, would) in locations.iter().zip(would) {
                let listing = list_local(&at(folder, location), &is_data).unwrap_or_default();
                let mut paths = listing.files.iter().map(|(path, _)| path);
                let does = paths.any(|path| path.canonicalize().unwrap() == real);
                // A location that names the file itself did not exist.
                let named = folder.join(location) == file;
                assert!(would == does || named, "{location} {file:?}: {would}");
            }
        }
    }

    /// A location below a folder.
    fn at(folder: &Path, location: &str) -> String {
        match location.contains("://") {
            true => location.to_owned(),
            false => folder.join(location).display().to_string(),
        }
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_an_error_where_it_is_wanted() {
        let folder = some_files();
        let folder = folder.path();
        fs::write(folder.join(OsStr::from_bytes(b"odd\xff.txt")), "").unwrap();
        assert!(listed(folder, "").is_ok());
        fs::write(folder.join(OsStr::from_bytes(b"odd\xff.data")), "").unwrap();
        for location in ["", "*.data", "o*", "**/*.data"] {
            let error = listed(folder, location).unwrap_err();
            assert!(error.contains("not UTF-8"), "{location}: {error}");
        }
        assert!(listed(folder, "a*").is_ok());
    }

    #[test]
    fn links_to_nothing_and_pipes_are_errors_where_they_are_wanted() {
        for (name, wanted) in [
            ("link.data", true),
            ("x=3", true),
            ("more", true),
            ("notes.txt", false),
        ] {
            let folder = some_files();
            symlink("/no/such", folder.path().join(name)).unwrap();
            let found = listed(folder.path(), "");
            assert_eq!(found.is_err(), wanted, "{name}: {found:?}");
            if let Err(error) = found {
                assert!(error.contains(name) && error.contains("link to nothing"));
            }
        }
        let folder = some_files();
        let mode = nix::sys::stat::Mode::S_IRWXU;
        nix::unistd::mkfifo(&folder.path().join("pipe.txt"), mode).unwrap();
        assert!(listed(folder.path(), "").is_ok());
        nix::unistd::mkfifo(&folder.path().join("pipe.data"), mode).unwrap();
        for location in ["", "*.data", "pipe.data"] {
            let error = listed(folder.path(), location).unwrap_err();
            assert!(error.contains("pipe.data: it is a FIFO"), "{error}");
        }
    }

    #[test]
    fn patterns_pass_over_no_link_to_nothing_on_their_way() {
        let folder = some_files();
        symlink("/no/such", folder.path().join("x=3")).unwrap();
        for location in ["x=*/*.data", "*/*.data", "**/*.data", "x=*/d.data", "x=*"] {
            let error = listed(folder.path(), location).unwrap_err();
            assert!(
                error.contains("x=3: it is a link to nothing"),
                "{location}: {error}"
            );
        }
        assert!(listed(folder.path(), "x=1/*.data").is_ok());
    }

    #[test]
    fn a_link_that_leads_back_is_an_error() {
        let folder = some_files();
        symlink(folder.path(), folder.path().join("x=1/again")).unwrap();
        let error = listed(folder.path(), "").unwrap_err();
        assert!(error.contains("again"), "{error}");
    }
}
