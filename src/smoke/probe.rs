//! What a program says that nobody knows yet, asked in a home of its own as a smoke test would.

use std::io;
use std::path::Path;
use std::time::Duration;

use relkit_client::process::ProcessError;

use super::home::{Guest, Home};

/// How much of its answer is read, in bytes.
const MAX_ANSWER: usize = 256 << 10;

/// What a program printed, where it ended well.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub stdout: String,
    pub stderr: String,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Asked {
    Answered(Answer),
    /// It cannot be run, or did not end well.
    Refused,
    /// It was still running when its time was over, and was ended.
    Hanging,
}

/// Runs a program with these arguments and no input, for so long at most.
///
/// # Errors
/// Where no home can be made for it.
pub(crate) fn ask(program: &Path, arguments: &[&str], time: Duration) -> io::Result<Asked> {
    let home = Home::create(Guest::Program)?;
    let program = std::path::absolute(program)?;
    let finished = home.invocation(&program, None).arguments(arguments.iter().copied()).run(time, MAX_ANSWER);
    Ok(match finished {
        Ok(finished) if finished.ending.is_success() => Asked::Answered(Answer {
            stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
            stderr: finished.stderr_tail,
        }),
        Err(ProcessError::TimedOut { .. }) => Asked::Hanging,
        _ => Asked::Refused,
    })
}
