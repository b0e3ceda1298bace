//! Files that flags name for output.

use std::path::Path;

use super::exit::CommandError;
use crate::output::{Output, Replaces};
use crate::report::Format;

/// Claims a file that a flag names for output, before any work is done. Errors name `example` as a
/// file that would do.
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

/// Error about an output that lies where later calls would read it, as data or as a query.
pub(super) fn would_be_read(flag: &str, output: &Output, reader: &str) -> CommandError {
    CommandError::Usage(format!(
        "{flag} {}: {reader} would have this file, too, from then on; name one in another folder, or \
         one that ends in another way",
        output.path().display()
    ))
}

/// Refuses an extent of tables that a form without tables cannot have.
pub(crate) fn refuse_details_without_tables(
    format: Format,
    details: bool,
) -> Result<(), CommandError> {
    match details && !format.is_for_readers() {
        true => Err(CommandError::Usage(
            "--details is for tables; --format csv and json hold everything anyway".to_owned(),
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stdout_is_no_file_and_one_is_named_that_would_do() {
        let error = output("--html", "report.html", Path::new("-"), Replaces::Nothing);
        let error = error.map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--html -: this goes to a file, and not to stdout; name one, such as report.html"
        );
        assert!(matches!(error, CommandError::Usage(_)));
    }

    #[test]
    fn a_file_that_is_there_is_refused_by_its_flag_before_any_work() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let claimed = output("--record", "record.json", file.path(), Replaces::Nothing);
        let said = claimed.map(|_| ()).unwrap_err().to_string();
        let name = file.path().display().to_string();
        assert!(
            said.starts_with("--record ") && said.contains(&name),
            "{said}"
        );
    }

    #[test]
    fn an_output_that_would_be_read_says_by_what() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new.parquet");
        let output = output("--trace", "my.trace", &file, Replaces::Nothing).unwrap();
        let said = would_be_read("--trace", &output, "table `t`").to_string();
        assert!(
            said.contains("new.parquet: table `t` would have this file"),
            "{said}"
        );
    }
}
