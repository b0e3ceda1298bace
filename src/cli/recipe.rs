//! `bench recipe`.

use std::process::ExitCode;

use super::arguments::RecipeArguments;
use super::exit::CommandError;
use super::load;
use super::print::line;
use super::stdout::show;
use crate::recipe::{Recipe, dataset_of, in_words, recipes};
use crate::record::{ConclusionKind, Preference, RunRecord};
use crate::report::visible;

const INDENT: &str = "    ";

pub(super) fn recipe(arguments: &RecipeArguments) -> Result<ExitCode, CommandError> {
    let record = load::measured(&arguments.record, None)?;
    let variant = match &arguments.variant {
        Some(variant) => known(&record, variant)?,
        None => concluded(&record, arguments.prefer)?,
    };
    let Some(dataset) = dataset_of(&record, &variant) else {
        return Err(CommandError::Usage(format!(
            "{}: the layout of `{variant}` is not in it: its files were there before, or the record is of an older \
             program; `bench inspect` shows how files are laid out",
            arguments.record.display()
        )));
    };
    let wanted = |recipe: &Recipe| match &arguments.tool {
        Some(tool) => recipe.tool.eq_ignore_ascii_case(tool),
        None => true,
    };
    let mut text = String::new();
    if arguments.tool.is_none() {
        let words = in_words(dataset).unwrap_or_default();
        text.push_str(&format!("{}: {}\n", visible(&variant), visible(&words)));
    }
    for recipe in recipes(dataset).into_iter().filter(wanted) {
        match arguments.tool {
            // A pipe gets nothing but code.
            Some(_) => {
                text.push_str(&code(&recipe, ""));
                let limits = recipe.limits.iter();
                limits.for_each(|limit| line(&format!("note: {}", visible(limit))));
            }
            None => text.push_str(&shown(&recipe)),
        }
    }
    show(&text)
}

/// A recipe below the name of its tool.
fn shown(recipe: &Recipe) -> String {
    let limits = recipe.limits.iter();
    let limits: String = limits
        .map(|limit| format!("{INDENT}- {}\n", visible(limit)))
        .collect();
    let limits = match limits.is_empty() {
        true => limits,
        false => format!("  What differs:\n{limits}"),
    };
    format!("\n{}\n{}{limits}", recipe.tool, code(recipe, INDENT))
}

fn code(recipe: &Recipe, indent: &str) -> String {
    let lines = recipe.code.lines();
    let lines = lines.map(|line| format!("{indent}{}", visible(line)));
    let lines = lines.map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// Returns the variant if the record has it, or else an error.
fn known(record: &RunRecord, variant: &str) -> Result<String, CommandError> {
    match load::variants(record).contains(&variant) {
        true => Ok(variant.to_owned()),
        false => Err(load::no_variant(record, variant)),
    }
}

/// The variant that the record recommends, or its only one.
fn concluded(record: &RunRecord, prefer: Preference) -> Result<String, CommandError> {
    let conclusion = record.conclusions.iter().find(|it| it.prefer == prefer);
    let recommended = conclusion.filter(|it| it.kind == ConclusionKind::Recommended);
    if let Some(variant) = recommended.and_then(|it| it.variant.clone()) {
        return Ok(variant);
    }
    match load::variants(record).as_slice() {
        // A lone variant needs no choice.
        [only] => Ok((*only).to_owned()),
        all => Err(CommandError::Usage(format!(
            "the record recommends no variant; name one after the record: {}",
            all.join(", ")
        ))),
    }
}
