//! Files that a command is to write.

use std::path::Path;

use super::exit::CommandError;
use crate::record::{folder_of, may_be_replaced};

/// Refuses a file that cannot be written because of where it is, before hours are spent on what goes into it.
pub(super) fn check_target(flag: &str, file: &Path) -> Result<(), CommandError> {
    let refused = |reason: &str| {
        Err(CommandError::Usage(format!(
            "{flag} {}: {reason}",
            file.display()
        )))
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        return refused("its folder does not exist");
    }
    if file.is_dir() {
        return refused("it is a folder");
    }
    Ok(())
}

/// Refuses a file that would replace anything but one of its kind, which begins with `start`, or cannot be made. `kind` is what may be named
/// besides a new file.
pub(super) fn check_replaceable(
    flag: &str,
    file: &Path,
    start: &[u8],
    kind: &str,
) -> Result<(), CommandError> {
    let refused = |reason: String| {
        let file = file.display();
        Err(CommandError::Usage(format!("{flag} {file}: {reason}")))
    };
    if !may_be_replaced(file, start) {
        return refused(format!(
            "there is something else by that name; name a new file, or {kind}"
        ));
    }
    match tempfile::tempfile_in(folder_of(file)) {
        Ok(_) => Ok(()),
        Err(error) => refused(error.to_string()),
    }
}
