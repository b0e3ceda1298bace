//! The reference page and the manual page of the command line, made from the definitions of the
//! arguments.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Arguments;

/// All commands with their help, in markdown.
pub fn reference() -> String {
    // Help is wrapped to the width of the terminal, on which the page must not depend.
    let mut command = Arguments::command().term_width(100);
    command.build();
    let mut page = format!(
        "# Command line\n\nMade from the program's own help; `BENCH_UPDATE_DOCS=1 cargo test` writes it anew.\n\n\
         ```text\n{}\n```\n",
        command.render_long_help().to_string().trim_end()
    );
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| command.get_name().to_owned())
        .collect();
    for name in names.iter().filter(|name| *name != "help") {
        let Some(subcommand) = command.find_subcommand_mut(name) else {
            continue;
        };
        let help = subcommand.render_long_help().to_string();
        page.push_str(&format!(
            "\n## bench {name}\n\n```text\n{}\n```\n",
            help.trim_end()
        ));
    }
    page
}

/// Completions for a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown_commands(), "bench", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The commands that completion offers, which would offer hidden ones, too.
fn shown_commands() -> clap::Command {
    let command = Arguments::command();
    let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
    clap::Command::new("bench")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommands(shown.cloned())
}

/// The manual page, with a section per command, as troff(1) takes it.
pub fn manual() -> std::io::Result<String> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands() {
        if subcommand.get_name() == "help" || subcommand.is_hide_set() {
            continue;
        }
        let name = format!("bench-{}", subcommand.get_name());
        let man = clap_mangen::Man::new(subcommand.clone());
        // One page has one title, so that each command is a section of it.
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        man.render_extra_section(&mut page)?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_command_is_in_no_page_and_no_completion() {
        let hidden = Arguments::command();
        let hidden = hidden.get_subcommands().find(|it| it.is_hide_set());
        let name = hidden.unwrap().get_name().to_owned();
        let mut script = Vec::new();
        let shell = clap_complete::Shell::Bash;
        clap_complete::generate(shell, &mut shown_commands(), "bench", &mut script);
        let script = String::from_utf8(script).unwrap();
        let help = Arguments::command().render_long_help().to_string();
        for text in [reference(), manual().unwrap(), script, help] {
            let text = text.replace('\\', "").to_lowercase();
            assert!(text.contains("generate") && !text.contains(&name), "{text}");
        }
    }
}
