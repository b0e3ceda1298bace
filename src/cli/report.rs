//! `bench report`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use super::arguments::ReportArguments;
use super::exit::CommandError;
use super::{print, show};
use crate::analysis::{history, summarise};
use crate::record::{RunRecord, read_record};
use crate::report::{HTML_START, html, html_history, render, render_history};

pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    let mut records: Vec<RunRecord> = Vec::new();
    if let Some(file) = &arguments.html {
        if arguments.records.len() > 1 && !arguments.history {
            return Err(CommandError::Usage(
                "--html shows one record; name one, or add --history".to_owned(),
            ));
        }
        check_page(file)?;
    }
    for file in &arguments.records {
        let mut record = read_record(file)?;
        summarise(&mut record);
        records.push(record);
    }
    let view = print::view(
        arguments.format.into(),
        arguments.details,
        arguments.prefer.into(),
    );
    if let Some(file) = &arguments.html {
        let page = match arguments.history {
            true => html_history(&history(&records)),
            false => records.iter().map(|record| html(record, &view)).collect(),
        };
        write_page(file, &page)?;
        print::line(&format!("wrote {}", file.display()));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.history {
        return show(&render_history(&history(&records), &view)?);
    }
    let shown = records.iter().map(|record| render(record, &view));
    show(&shown.collect::<Result<String, _>>()?)
}

/// Refuses a file that would replace anything but such a page, or cannot be made.
fn check_page(file: &Path) -> Result<(), CommandError> {
    let refused = |reason: String| {
        let file = file.display();
        Err(CommandError::Usage(format!("--html {file}: {reason}")))
    };
    let mut start = vec![0; HTML_START.len()];
    let may_be_replaced = match std::fs::symlink_metadata(file) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        Ok(found) => {
            found.is_file()
                && std::fs::File::open(file)
                    .and_then(|mut file| file.read_exact(&mut start))
                    .is_ok_and(|()| start == HTML_START.as_bytes())
        }
    };
    if !may_be_replaced {
        return refused("there is something else by that name; name a new file".to_owned());
    }
    match tempfile::tempfile_in(folder(file)) {
        Ok(_) => Ok(()),
        Err(error) => refused(error.to_string()),
    }
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes the file, complete or not at all.
fn write_page(file: &Path, page: &str) -> Result<(), CommandError> {
    let write = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        // Less the umask, as any file.
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let written = builder.prefix(".report-").tempfile_in(folder(file))?;
        std::fs::write(written.path(), page)?;
        written.persist(file)?;
        Ok(())
    };
    write().map_err(|error| CommandError::Failed(format!("{}: {error}", file.display())))
}
