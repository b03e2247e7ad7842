//! The `relkit` executable: parse, run, exit code.

#![warn(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use relkit::cli::Cli;
use relkit::error::Exit;
use relkit::smoke::stand_in::StandIn;

fn main() -> ExitCode {
    // A copy of this executable plays the runtime of the demonstration where its package says so.
    if let Some(part) = StandIn::detect() {
        let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
        return ExitCode::from(part.play(arguments));
    }
    relkit::fs::clean_on_interrupt();
    match Cli::try_parse() {
        Ok(cli) => ExitCode::from(relkit::commands::run(cli) as u8),
        // Help and the version are asked for; anything else is a slip.
        Err(words) => match words.print().and_then(|()| io::stdout().flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(Exit::Failed as u8),
            _ => ExitCode::from(u8::try_from(words.exit_code()).unwrap_or(Exit::Failed as u8)),
        },
    }
}
