//! Files that this program writes to paths that a user named. All of them go through [`Output`],
//! which replaces only an earlier file of the same kind, and writes a file completely or not at
//! all.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::exit_class::ExitClass;

/// Reason why a file is not written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// This program does not write to such a path.
    #[error("{}: {reason}", path.display())]
    Refused { path: PathBuf, reason: String },
    #[error("{}: {source}", path.display())]
    Failed { path: PathBuf, source: io::Error },
}

impl OutputError {
    pub fn class(&self) -> ExitClass {
        match self {
            OutputError::Refused { .. } => ExitClass::Usage,
            OutputError::Failed { .. } => ExitClass::Failed,
        }
    }
}

/// Existing file that an output may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// No file: the path must be new.
    Nothing,
    /// An earlier output of the same kind, which begins with `start`; `name` is its name in
    /// messages.
    Kind {
        start: &'static [u8],
        name: &'static str,
    },
    /// Any regular file: the name is this program's own, in a folder of its own.
    Own,
}

/// A path that can be written to.
#[derive(Debug, Clone)]
pub struct Output {
    path: PathBuf,
    replaces: Replaces,
}

impl Output {
    /// Checks a path before hours are spent on its content. Writes nothing.
    ///
    /// # Errors
    ///
    /// `Refused` for a folder, a link, a FIFO, a device, an existing file that `replaces` does not
    /// cover, and a folder that is missing or not writable.
    pub fn claim(path: &Path, replaces: Replaces) -> Result<Output, OutputError> {
        let output = Output {
            path: path.to_owned(),
            replaces,
        };
        output.check()?;
        match tempfile::tempfile_in(folder_of(path)) {
            Ok(_) => Ok(output),
            Err(error) => Err(output.refused(error.to_string())),
        }
    }

    /// Returns an output that this program names, in a folder of its own.
    pub fn own(path: PathBuf) -> Output {
        Output {
            path,
            replaces: Replaces::Own,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if another output goes to the same file, by whatever name.
    pub fn is_at(&self, other: &Output) -> bool {
        let place = |output: &Output| {
            let folder = folder_of(&output.path).canonicalize().ok()?;
            Some(folder.join(output.path.file_name()?))
        };
        self.path == other.path || place(self).is_some_and(|it| place(other) == Some(it))
    }

    /// Writes the file under a temporary name beside its place, syncs it, and renames it.
    ///
    /// # Errors
    ///
    /// The same as those of [`Output::stage`] and [`StagedFile::publish`]. In both cases the path
    /// is unchanged.
    pub fn write(&self, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), OutputError> {
        let mut staged = self.stage()?;
        fill(staged.file()).map_err(|source| self.failed(source))?;
        staged.publish()
    }

    /// Begins to write the file under a temporary name beside its place.
    ///
    /// # Errors
    ///
    /// `Refused` if something else has taken the path meanwhile; `Failed` if no file can be made.
    pub fn stage(&self) -> Result<StagedFile<'_>, OutputError> {
        self.check()?;
        let file = temporary(folder_of(&self.path)).map_err(|source| self.failed(source))?;
        Ok(StagedFile { output: self, file })
    }

    fn failed(&self, source: io::Error) -> OutputError {
        OutputError::Failed {
            path: self.path.clone(),
            source,
        }
    }

    fn refused(&self, reason: String) -> OutputError {
        OutputError::Refused {
            path: self.path.clone(),
            reason,
        }
    }

    fn check(&self) -> Result<(), OutputError> {
        let refused = |reason: &str| Err(self.refused(reason.to_owned()));
        let text = self.path.as_os_str().as_encoded_bytes();
        if self.path.file_name().is_none() || text.ends_with(b"/") {
            return refused("it is a folder; name a file");
        }
        if !folder_of(&self.path).is_dir() {
            return refused("its folder does not exist");
        }
        let found = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.refused(error.to_string())),
            Ok(found) => found,
        };
        if found.is_dir() {
            return refused("it is a folder; name a file");
        }
        if found.is_symlink() {
            return refused("it is a link, and nothing is written through links; name the file");
        }
        if !found.is_file() {
            return Err(self.refused(format!(
                "it is {}, and no regular file; name a new file",
                kind_of(&found.file_type())
            )));
        }
        match self.replaces {
            Replaces::Own => Ok(()),
            Replaces::Nothing => {
                refused("there is such a file, and it is not overwritten; give another name")
            }
            Replaces::Kind { start, .. } if begins_with(&self.path, start) => Ok(()),
            Replaces::Kind { name, .. } => Err(self.refused(format!(
                "there is something else by that name; name a new file, or {name}"
            ))),
        }
    }
}

/// A file that has its content, but not its name yet. It is removed unless it is published.
pub struct StagedFile<'a> {
    output: &'a Output,
    file: tempfile::NamedTempFile,
}

impl StagedFile<'_> {
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    ///
    /// `Refused` if something else has taken the path meanwhile; `Failed` if the file cannot be
    /// written completely. The path is unchanged.
    pub fn publish(self) -> Result<(), OutputError> {
        let StagedFile { output, file } = self;
        let failed = |source| output.failed(source);
        file.as_file().sync_all().map_err(failed)?;
        output.check()?;
        // A file that was not checked must not be replaced.
        let is_new = fs::symlink_metadata(&output.path).is_err();
        let persisted = match output.replaces {
            Replaces::Own => file.persist(&output.path),
            Replaces::Kind { .. } if !is_new => file.persist(&output.path),
            Replaces::Nothing | Replaces::Kind { .. } => file.persist_noclobber(&output.path),
        };
        if let Err(error) = persisted {
            if error.error.kind() == io::ErrorKind::AlreadyExists {
                output.check()?;
            }
            return Err(failed(error.error));
        }
        // The file has its name by now. Not every file system can sync a folder.
        let _ = File::open(folder_of(&output.path)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Names the kind of a file that is neither regular nor a folder.
pub fn kind_of(kind: &fs::FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_block_device() || kind.is_char_device() => "a device",
        kind if kind.is_symlink() => "a link",
        kind if kind.is_dir() => "a folder",
        _ => "a file",
    }
}

fn begins_with(file: &Path, start: &[u8]) -> bool {
    let mut found = vec![0; start.len()];
    File::open(file)
        .and_then(|mut file| file.read_exact(&mut found))
        .is_ok_and(|()| found == start)
}

/// Beginning of the names of files that have no lasting name yet.
pub const STAGED: &str = "._bench-";

/// Makes a file that has no lasting name yet. Others may read it as far as the umask permits.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .prefix(STAGED)
        .tempfile_in(folder)
}

/// Returns the folder of a file.
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    const PAGE: Replaces = Replaces::Kind {
        start: b"<page>",
        name: "a page",
    };

    fn reason(result: Result<impl Sized, OutputError>) -> String {
        match result {
            Err(OutputError::Refused { reason, .. }) => reason,
            Err(error) => format!("failed: {error}"),
            Ok(_) => "written".to_owned(),
        }
    }

    #[test]
    fn an_output_replaces_nothing_but_its_own_kind() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("page"), "<page>old").unwrap();
        fs::write(at("data"), "PAR1").unwrap();
        fs::write(at("empty"), "").unwrap();
        symlink(at("page"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let cases = [
            ("page", "written", "not overwritten"),
            ("new", "written", "written"),
            ("data", "something else", "not overwritten"),
            ("empty", "something else", "not overwritten"),
            ("link", "a link", "a link"),
            ("dangling", "a link", "a link"),
            ("fifo", "a FIFO", "a FIFO"),
            ("folder", "a folder", "a folder"),
            ("new/", "a folder", "a folder"),
            ("no/such", "folder does not exist", "folder does not exist"),
        ];
        for (name, as_page, as_new) in cases {
            let found = reason(Output::claim(&at(name), PAGE));
            assert!(found.contains(as_page), "{name}: {found}");
            let found = reason(Output::claim(&at(name), Replaces::Nothing));
            assert!(found.contains(as_new), "{name}: {found}");
        }
        let device = reason(Output::claim(Path::new("/dev/null"), PAGE));
        assert!(device.contains("a device"), "{device}");
    }

    #[test]
    fn two_outputs_are_at_one_place_by_whichever_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        symlink("a", folder.path().join("link")).unwrap();
        let at = |name: &str| Output::claim(&folder.path().join(name), Replaces::Nothing).unwrap();
        for (one, other) in [
            ("a/x", "a/x"),
            ("a/x", "a/b/../x"),
            ("link/x", "a/x"),
            ("x", "./x"),
        ] {
            assert!(at(one).is_at(&at(other)), "{one} {other}");
        }
        for (one, other) in [("a/x", "x"), ("a/x", "a/y"), ("link/x", "a/b/x")] {
            assert!(!at(one).is_at(&at(other)), "{one} {other}");
        }
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page");
        fs::write(&file, "<page>old").unwrap();
        let output = Output::claim(&file, PAGE).unwrap();
        let full = |file: &mut File| {
            file.write_all(b"<page>ne")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        assert!(matches!(
            output.write(full),
            Err(OutputError::Failed { .. })
        ));
        assert_eq!(fs::read(&file).unwrap(), b"<page>old");
        output.write(|file| file.write_all(b"<page>new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"<page>new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_takes_the_name_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new");
        let output = Output::claim(&file, Replaces::Nothing).unwrap();
        let found = reason(output.write(|written| {
            fs::write(&file, "theirs")?;
            written.write_all(b"ours")
        }));
        assert!(found.contains("not overwritten"), "{found}");
        assert_eq!(fs::read(&file).unwrap(), b"theirs");
    }
}
