//! What a program says that nobody knows yet, asked in a home of its own as a smoke test would.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::home::{Guest, Home};

/// How long a program may take to answer.
const TIME: Duration = Duration::from_secs(20);
/// How much of its answer is read, in bytes.
const MAX_ANSWER: usize = 256 << 10;

/// What a program printed, where it ended well.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program with these arguments and no input. `None` where it cannot be run, or does not end well.
///
/// # Errors
/// Where no home can be made for it.
pub(crate) fn ask(program: &Path, arguments: &[&str]) -> io::Result<Option<Answer>> {
    let home = Home::create(Guest::Program)?;
    let program = std::path::absolute(program)?;
    let finished = home.invocation(&program, None).arguments(arguments.iter().copied()).run(TIME, MAX_ANSWER);
    Ok(finished.ok().filter(|finished| finished.ending.is_success()).map(|finished| Answer {
        stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
        stderr: finished.stderr_tail,
    }))
}
