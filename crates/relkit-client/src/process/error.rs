//! Why a child did not start, or did not do what it was started for.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::exhausted::Exhausted;
use super::platform;

/// A child that could not be started, or did not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The operating system refused to start it.
    #[error("cannot start `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// It was still running at its deadline and was ended.
    #[error("`{}` did not end within {:.1} s", program.display(), after.as_secs_f64())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// The time it was given.
        after: Duration,
        /// The last of its standard error.
        stderr_tail: String,
    },
    /// It wrote more to standard output than was asked for, and was ended.
    #[error("`{}` wrote more than {limit} bytes to standard output", program.display())]
    TooMuchOutput {
        /// The program.
        program: PathBuf,
        /// The number of bytes allowed.
        limit: usize,
    },
}

impl ProcessError {
    /// Why this machine can start nothing now, whatever the program is: it is at a limit of processes, threads, open files or
    /// memory. `None` where the error may be the program's.
    #[must_use]
    pub fn machine(&self) -> Option<&io::Error> {
        match self {
            Self::Start { source, .. } if exhausted(source).is_some() => Some(source),
            _ => None,
        }
    }

    /// One sentence that says what to do, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Start { source, .. } = self else { return None };
        let hint = match source.kind() {
            io::ErrorKind::NotFound => "check the path, and that the interpreter or loader it names is installed",
            io::ErrorKind::PermissionDenied => "make it executable: `chmod +x`",
            _ => exhausted(source)?,
        };
        Some(hint.to_owned())
    }
}

/// What to do where the system has no more of something that every process needs; `None` for any other error.
#[must_use]
pub fn exhausted(error: &io::Error) -> Option<&'static str> {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return Some(Exhausted::Memory.hint());
    }
    platform::exhausted(error).map(Exhausted::hint)
}
