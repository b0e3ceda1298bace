//! `bench report`.

use std::process::ExitCode;

use super::arguments::ReportArguments;
use super::exit::CommandError;
use super::{print, show};
use crate::analysis::summarise;
use crate::record::read_record;
use crate::report::render;

pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    let mut text = String::new();
    for file in &arguments.records {
        let mut record = read_record(file)?;
        summarise(&mut record);
        text.push_str(&render(
            &record,
            arguments.format.into(),
            arguments.details,
            print::width(),
        )?);
    }
    show(&text)
}
