//! The only place that writes to the terminal: stdout is data, stderr is everything else.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use crate::config::without_secrets_of_urls;
use crate::record::Preference;
use crate::report::{Format, View, visible};
use crate::secret::without_secrets;

/// Writes data to stdout. It is no error if its reader has gone away, as `head` does, or if the
/// terminal has.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let text = without_secrets(text);
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EIO) && is_device(&stdout) => Ok(()),
        result => result,
    }
}

/// Returns true if a file is a terminal or a device like it. That includes a terminal that has been
/// closed, which `is_terminal` does not take for one.
fn is_device(file: &impl AsFd) -> bool {
    nix::sys::stat::fstat(file).is_ok_and(|found| found.st_mode & libc::S_IFMT == libc::S_IFCHR)
}

/// Writes a line to stderr. If that fails, there is nobody to tell.
pub(crate) fn line(text: &str) {
    let text = without_secrets_of_urls(&without_secrets(text));
    let _ = writeln!(io::stderr().lock(), "{}", visible(&text));
}

/// Shows an error. Line breaks within its lines and hints are parts of names, and are shown as
/// codes.
pub(crate) fn error(lines: &[String], hints: &[String]) {
    for (index, part) in lines.iter().enumerate() {
        line(&if index == 0 {
            format!("error: {part}")
        } else {
            format!("       {part}")
        });
    }
    for hint in hints {
        line(&format!("hint: {hint}"));
    }
}

/// Returns true if stdout takes colours: it is a terminal that does, and nobody has asked for none
/// (<https://no-color.org>).
fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && !set("NO_COLOR") && !dumb
}

/// The view that a command's arguments ask for.
pub(crate) fn view(format: Format, details: bool, prefer: Preference) -> View {
    View {
        format,
        details,
        prefer,
        width: width(),
        colour: colour(),
    }
}

/// Width of stdout in characters. `None` if it is no terminal.
pub(crate) fn width() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(io::stdout()).map(|(terminal_size::Width(width), _)| width)
}
