//! The one place that writes to the terminal: stdout is data, stderr is everything else.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use crate::record::Preference;
use crate::report::{Format, View, visible};

/// Writes data to stdout. A reader that has gone away, as `head` does, or the terminal that has, is
/// no error.
pub(crate) fn data(text: &str) -> io::Result<()> {
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

/// Whether a file is a terminal or a device like it, also where the terminal has been closed, which
/// then is no terminal to `is_terminal`.
fn is_device(file: &impl AsFd) -> bool {
    nix::sys::stat::fstat(file).is_ok_and(|found| found.st_mode & libc::S_IFMT == libc::S_IFCHR)
}

/// Writes a line to stderr. Where stderr cannot be written to, there is nobody to tell.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(text));
}

/// Shows an error. Line breaks within its lines and hints are of names, and made visible.
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

/// Whether stdout takes colours: a terminal that does, where nobody has asked for none
/// (<https://no-color.org>).
fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && !set("NO_COLOR") && !dumb
}

/// How a command's arguments ask for something to be shown.
pub(crate) fn view(format: Format, details: bool, prefer: Preference) -> View {
    View {
        format,
        details,
        prefer,
        width: width(),
        colour: colour(),
    }
}

/// Width of stdout in characters, where it is a terminal.
pub(crate) fn width() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(io::stdout()).map(|(terminal_size::Width(width), _)| width)
}
