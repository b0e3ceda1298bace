//! Files that are read as a whole, such as configs, SQL, manifests and records. All reads have a
//! limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Most bytes that are read of a text that people write: a config, a scenario.
pub const MOST_WRITTEN_BYTES: u64 = 64 << 20;

/// Reads a file, or a pipe, of at most `most` bytes.
///
/// # Errors
///
/// `InvalidInput` for a device, which may have no end, and `FileTooLarge` for more bytes than that.
/// Otherwise the error of the system.
pub fn read_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // This looks before it opens, as opening a device may already have an effect.
    let found = fs::metadata(path)?;
    if found.file_type().is_char_device() || found.file_type().is_block_device() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a device; name a file or a pipe",
        ));
    }
    if found.is_file() && found.len() > most {
        return Err(too_large(most));
    }
    bytes_of(File::open(path)?, most)
}

/// Reads a file, or a pipe, of at most `most` bytes as text.
///
/// # Errors
///
/// The same as those of [`read_bytes`], and `InvalidData` if it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(read_bytes(path, most)?)
}

/// Reads the rest of a reader as text.
///
/// # Errors
///
/// The same as those of [`read_text`].
pub fn text_of(reader: impl Read, most: u64) -> io::Result<String> {
    text(bytes_of(reader, most)?)
}

/// Reads the rest of a reader. A pipe, or a file that grows, has no length that could be checked
/// before.
fn bytes_of(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(too_large(most)),
        false => Ok(bytes),
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("it has more than {most} bytes, and no more are read of such a file"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use nix::sys::stat::Mode;

    use super::*;

    #[test]
    fn a_file_of_just_as_many_bytes_as_may_be_is_read_and_one_more_is_too_many() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"12345").unwrap();
        assert_eq!(read_text(file.path(), 5).unwrap(), "12345");
        let error = read_text(file.path(), 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("more than 4 bytes"), "{error}");
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let error = text_of(io::repeat(b'x'), 1000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_device_is_refused_before_it_is_opened() {
        for device in ["/dev/zero", "/dev/null"] {
            let error = read_bytes(Path::new(device), 1000).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{device}");
        }
    }

    #[test]
    fn a_pipe_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(pipe.as_path(), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let writes = pipe.clone();
        let writer = std::thread::spawn(move || fs::write(writes, "a: 1").unwrap());
        assert_eq!(read_text(&pipe, 1000).unwrap(), "a: 1");
        writer.join().unwrap();
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        let error = text_of(&b"a\xff"[..], 1000).unwrap_err();
        assert_eq!(error.to_string(), "it is not UTF-8 text");
    }

    #[test]
    fn a_folder_and_what_is_not_there_are_told_by_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_bytes(folder.path(), 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        let error = read_bytes(&folder.path().join("absent"), 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
