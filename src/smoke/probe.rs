//! What a program says that nobody knows yet, asked in a home of its own as a smoke test would.

use std::path::Path;
use std::time::Duration;

use super::error::SmokeError;
use super::fault::Subject;
use super::home::{Guest, Home};
use crate::fs::FsError;

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

/// Runs a program with this argument and no input. `None` where it cannot be run, or does not end well.
///
/// # Errors
/// Where no home can be made for it, or this machine runs no program now.
pub(crate) fn ask(program: &Path, argument: &str) -> Result<Option<Answer>, SmokeError> {
    let home = Home::create(Guest::Program)?;
    let path = std::path::absolute(program).map_err(FsError::read(program))?;
    let finished = match home.invocation(&path, None).argument(argument).run(TIME, MAX_ANSWER) {
        Ok(finished) if finished.ending.is_success() => finished,
        Ok(_) => return Ok(None),
        Err(error) => {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            let fault = Subject { path: &path, name: &name, runner: None }.process_fault(&error, argument);
            return fault.obstacle(&format!("{name} {argument}")).map_or(Ok(None), Err);
        }
    };
    Ok(Some(Answer { stdout: String::from_utf8_lossy(&finished.stdout).into_owned(), stderr: finished.stderr_tail }))
}
