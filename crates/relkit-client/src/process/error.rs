//! Why a child did not start, or did not do what it was started for.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

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
    /// One sentence that says what to do, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Start { source, .. } = self else { return None };
        let hint = match source.kind() {
            io::ErrorKind::NotFound => "check the path, and that the interpreter or loader it names is installed",
            io::ErrorKind::PermissionDenied => "make it executable: `chmod +x`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
