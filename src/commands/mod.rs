//! One short file per command: arguments, a request, the step, the console. The only floor that sees the whole line.

mod fetch;
mod generate_types;
mod pages;

use crate::cli::{Cli, Command};
use crate::console::{Console, Volume};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Failure};

/// Runs a parsed command line and returns the process's exit code; every failure has been shown.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    let volume = match (cli.voice.quiet, cli.voice.verbose) {
        (true, _) => Volume::Quiet,
        (_, true) => Volume::Verbose,
        _ => Volume::Normal,
    };
    let console = Console::new(volume, cli.voice.color);
    dispatch(cli.command, &console).unwrap_or_else(|failure| console.failure(&failure))
}

fn dispatch(command: Command, console: &Console) -> Result<Exit, Failure> {
    match command {
        Command::GenerateTypes(arguments) => generate_types::run(&arguments, console),
        Command::Fetch(arguments) => fetch::run(&arguments, console),
        Command::Completions(arguments) => pages::completions(&arguments, console),
        Command::Man(arguments) => pages::man(&arguments, console),
        _ => Err(Failure::new(Exit::Failed, "this command joins the line with its own change")),
    }
}

/// Reads a digest that was typed.
fn digest(text: &str) -> Result<Sha256Digest, Failure> {
    text.parse().map_err(|error: crate::digest::DigestError| Failure::new(Exit::Failed, error.to_string()))
}
