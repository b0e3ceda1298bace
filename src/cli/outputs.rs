//! Files that flags name to be written.

use std::path::Path;

use super::exit::CommandError;
use crate::output::{Output, Replaces};

/// A file that a flag names to be written, as `example` would be, checked before any work is done.
pub(super) fn output(
    flag: &str,
    example: &str,
    file: &Path,
    replaces: Replaces,
) -> Result<Output, CommandError> {
    if file.as_os_str() == "-" {
        return Err(CommandError::Usage(format!(
            "{flag} -: this goes to a file, and not to stdout; name one, such as {example}"
        )));
    }
    Output::claim(file, replaces).map_err(|error| CommandError::Usage(format!("{flag} {error}")))
}

/// The error of an output that lies where it would be read by later calls, as data or as a query.
pub(super) fn would_be_read(flag: &str, output: &Output, reader: &str) -> CommandError {
    CommandError::Usage(format!(
        "{flag} {}: {reader} would have this file, too, from then on; name one in another folder, or \
         one that ends in another way",
        output.path().display()
    ))
}
