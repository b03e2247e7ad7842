//! The `relkit` executable: parse, run, exit code.

#![warn(clippy::unwrap_used, clippy::expect_used)]

use std::process::ExitCode;

use relkit::memory::Allocator;
use relkit::smoke::stand_in::StandIn;

/// Where there is no memory left, the run ends with a sentence.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    // A copy of this executable plays the runtime of the demonstration where its package says so.
    if let Some(part) = StandIn::detect() {
        let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
        return part.play(arguments).into();
    }
    relkit::commands::run(relkit::commands::parse()).into()
}
