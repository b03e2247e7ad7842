//! The `relkit` executable: parse, run, exit code.

#![warn(clippy::unwrap_used, clippy::expect_used)]

use std::process::ExitCode;

use clap::Parser as _;
use relkit::cli::Cli;

fn main() -> ExitCode {
    ExitCode::from(relkit::commands::run(Cli::parse()) as u8)
}
