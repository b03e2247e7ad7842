//! `relkit completions` and `relkit man`: pages made from the definition of the command line.

use clap::CommandFactory as _;

use crate::cli::{Cli, Completions, Man};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::{FsError, write_whole};

pub(super) fn completions(arguments: &Completions, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "relkit", &mut script);
    console.result(String::from_utf8_lossy(&script));
    Ok(Exit::Good)
}

/// Prints the main manual page, or writes the page of every command into a directory.
pub(super) fn man(arguments: &Man, console: &Console) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = &arguments.out_dir else {
        console.result(String::from_utf8_lossy(&page(&command, "relkit")?));
        return Ok(Exit::Good);
    };
    write_whole(&directory.join("relkit.1"), &page(&command, "relkit")?)?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("relkit-{}", subcommand.get_name());
        write_whole(&directory.join(format!("{name}.1")), &page(subcommand, &name)?)?;
    }
    console.status("Wrote", format_args!("the manual pages to {}", directory.display()));
    Ok(Exit::Good)
}

fn page(command: &clap::Command, name: &str) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    // The page of a subcommand is found by its file's name.
    let command = command.clone().display_name(name.to_owned());
    clap_mangen::Man::new(command).render(&mut text).map_err(FsError::write(name.as_ref()))?;
    Ok(text)
}
