//! What a program says that nobody knows yet, asked in a home of its own as a smoke test would.

use std::path::Path;
use std::time::Duration;

use relkit_client::process::{Ending, ProcessError, Want};

use super::capture;
use super::error::SmokeError;
use super::fault::Subject;
use super::home::{Guest, Home};
use crate::console::text::shortened;
use crate::fs::FsError;

/// How much of its answer is read, in bytes.
const MAX_ANSWER: usize = 256 << 10;

/// What a program printed, as the steps of a test look at it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Asked {
    Answered(Answer),
    /// It ended by itself, with another exit code than 0.
    Failed(Answer, i32),
    /// It cannot be run, or something ended it.
    Refused,
    /// It was still running when its time was over, and was ended.
    Hanging,
}

/// Runs a program with this argument and no input, for so long at most.
///
/// # Errors
/// Where no home can be made for it, or this machine runs no program now.
pub(crate) fn ask(program: &Path, argument: &str, time: Duration) -> Result<Asked, SmokeError> {
    let home = Home::create(Guest::Program)?;
    let path = std::path::absolute(program).map_err(FsError::read(program))?;
    let answer = |stdout: &[u8], stderr| Answer { stdout: capture::text(stdout), stderr };
    match home.invocation(&path, None).argument(argument).run(time, MAX_ANSWER) {
        Ok(finished) if finished.ending.is_success() => {
            Ok(Asked::Answered(answer(&finished.stdout, finished.stderr_tail)))
        }
        Ok(finished) => match Want::said_in(&finished.stderr_tail) {
            Some(Want { line, hint }) => {
                let step = format!("{} {argument}", program.file_name().unwrap_or_default().display());
                let why = format!("the program says `{}`", shortened(line.trim()));
                Err(SmokeError::Machine { step, why, hint: hint.to_owned() })
            }
            None => Ok(match finished.ending {
                Ending::Code(code) => Asked::Failed(answer(&finished.stdout, finished.stderr_tail), code),
                Ending::Signal(_) => Asked::Refused,
            }),
        },
        Err(ProcessError::TimedOut { .. }) => Ok(Asked::Hanging),
        Err(error) => {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            let fault = Subject { path: &path, name: &name, runner: None }.process_fault(&error, argument);
            fault.obstacle(&format!("{name} {argument}")).map_or(Ok(Asked::Refused), Err)
        }
    }
}
