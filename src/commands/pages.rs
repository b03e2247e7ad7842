//! `relkit man`: manual pages made from the definition of the command line.

use clap::{Command, CommandFactory as _};

use super::sections::{examples, sections};
use crate::cli::{Cli, Man};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::{FsError, write_all_whole};

/// Prints the main manual page, or writes the page of every command into a directory.
pub(super) fn man(arguments: &Man, console: &Console) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = &arguments.out_dir else {
        console.result(String::from_utf8_lossy(&page(&command, "relkit")?));
        return Ok(Exit::Good);
    };
    let mut pages = vec![(directory.join("relkit.1"), page(&command, "relkit")?)];
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("relkit-{}", subcommand.get_name());
        pages.push((directory.join(format!("{name}.1")), page(subcommand, &name)?));
    }
    write_all_whole(&pages)?;
    console.status("Wrote", format_args!("the manual pages to {}", directory.display()));
    Ok(Exit::Good)
}

fn page(command: &Command, name: &str) -> Result<Vec<u8>, Failure> {
    // The page of a subcommand is found by its file's name.
    // The command that shows help has no page.
    let man = clap_mangen::Man::new(without_help(command).display_name(name.to_owned()))
        .source(concat!("relkit ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    let rendered = (|| {
        man.render_title(&mut text)?;
        man.render_name_section(&mut text)?;
        let usage = command.clone().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
        text.extend(format!(".SH SYNOPSIS\n{}\n", roff(usage)).bytes());
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if command.get_subcommands().next().is_some() {
            man.render_subcommands_section(&mut text)?;
        }
        text.extend(rest(command).bytes());
        // Commands have no version of their own.
        match command.get_version() {
            Some(_) => man.render_version_section(&mut text),
            None => Ok(()),
        }
    })();
    rendered.map_err(FsError::write(name.as_ref()))?;
    Ok(text)
}

fn without_help(command: &Command) -> Command {
    let is_there = command.find_subcommand("help").is_some();
    if is_there { command.clone().mut_subcommand("help", |help| help.hide(true)) } else { command.clone() }
}

/// The sections that clap knows nothing of, as roff.
fn rest(command: &Command) -> String {
    let (examples, notes) = examples(command);
    let mut text = String::new();
    if !notes.is_empty() {
        text += &format!(".SH NOTES\n{}\n", notes.iter().map(|line| roff(line)).collect::<Vec<_>>().join("\n"));
    }
    let lines: Vec<_> = examples.iter().map(|line| roff(line)).collect();
    text += &format!(".SH EXAMPLES\n.nf\n{}\n.fi\n", lines.join("\n"));
    for section in sections(command) {
        text += &format!(".SH {}\n", section.title.to_uppercase());
        for (word, meaning) in &section.rows {
            text += &match word.is_empty() {
                true => format!("{}\n", roff(meaning)),
                false => format!(".TP\n\\fB{}\\fR\n{}\n", roff(word), roff(meaning)),
            };
        }
    }
    text
}

/// A line that roff takes for nothing but text.
fn roff(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}
