//! How a child ended, in the words that people look for.

use std::fmt;
use std::process::ExitStatus;

use super::platform;

/// How a child ended. Displays as `exit code 1` or `signal 11 (SIGSEGV)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It ended by itself, with this code.
    Code(i32),
    /// A signal ended it (Unix).
    Signal(i32),
}

impl Ending {
    /// Whether it ended by itself with code 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Signal(platform::signal(status)), Self::Code)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            // Windows reports a crash as an NTSTATUS, which people know in hexadecimal.
            Self::Code(code) if code < 0 => {
                let name = match code.cast_unsigned() {
                    0xc000_0005 => " (access violation)",
                    0xc000_001d => " (illegal instruction)",
                    0xc000_007b => " (invalid image format)",
                    0xc000_0135 => " (a library was not found)",
                    _ => "",
                };
                write!(formatter, "exit code {code:#010x}{name}")
            }
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(number) => match signal_name(number) {
                Some(name) => write!(formatter, "signal {number} ({name})"),
                None => write!(formatter, "signal {number}"),
            },
        }
    }
}

/// The names of the signals whose numbers are the same on every Unix, and of two that are not.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        7 if cfg!(target_os = "linux") => "SIGBUS",
        10 if cfg!(target_os = "macos") => "SIGBUS",
        31 if cfg!(target_os = "linux") => "SIGSYS",
        12 if cfg!(target_os = "macos") => "SIGSYS",
        _ => return None,
    })
}

/// How a child's end came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It ended by itself.
    Ended(Ending),
    /// It had to be killed at the deadline.
    Killed,
}
