//! Why a step failed, as one sentence that tells the cause from its likenesses, and the runtime's last words.

use std::io;
use std::path::Path;

use relkit_client::process::{Ending, ProcessError, Want, has_memory_limit, memory_ran_out};
use relkit_client::{ClientError, ClosedBy};

use super::error::SmokeError;
use super::header::Header;
use super::runner::Runner;
use crate::binary::{self, missing_loader};
use crate::console::text::{human_bytes, shortened};
use crate::fs::refuses_execution;

/// Why a step failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) sentence: String,
    pub(super) stderr_tail: String,
    /// What to do about this machine, where the fault is its own and nothing is known of the runtime.
    pub(super) machine: Option<String>,
}

impl Fault {
    /// A fault with the runtime's last words. Where those say what this machine had no more of, the fault is the machine's.
    pub(super) fn with_tail(sentence: String, stderr_tail: String) -> Self {
        match Want::said_in(&stderr_tail) {
            Some(Want { line, hint }) => {
                let sentence = format!("{sentence}; it says `{}`", shortened(line.trim()));
                Self { sentence, stderr_tail, machine: Some(hint.to_owned()) }
            }
            None => Self { sentence, stderr_tail, machine: None },
        }
    }

    /// A fault of this machine, with what to do about it.
    pub(super) fn of_machine(sentence: String, hint: impl Into<String>) -> Self {
        Self { machine: Some(hint.into()), ..sentence.into() }
    }

    /// What kept the step `step` from being carried out, where that is a fault of this machine.
    pub(super) fn obstacle(&self, step: &str) -> Option<SmokeError> {
        let hint = self.machine.clone()?;
        Some(SmokeError::Machine { step: step.to_owned(), why: self.sentence.clone(), hint })
    }

    /// The fault of a process of relkit's own that did not start for want of something on this machine.
    pub(super) fn want(error: &ProcessError) -> Option<Self> {
        let source = error.machine()?;
        Some(Self::of_machine(format!("this machine can start no process now: {source}"), error.hint()?))
    }
}

impl From<String> for Fault {
    fn from(sentence: String) -> Self {
        Self::with_tail(sentence, String::new())
    }
}

impl From<&str> for Fault {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

/// The loader that a program asks for and this machine does not have.
fn loader(path: &Path) -> Option<String> {
    missing_loader(&binary::read_file(path).ok()?.ok()?).map(str::to_owned)
}

/// An executable under test, as faults speak of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) path: &'a Path,
    /// Its name in the wheel, or as it was given.
    pub(super) name: &'a str,
    /// The program that runs it, if one was given.
    pub(super) runner: Option<&'a Runner>,
}

impl Subject<'_> {
    /// The fault of a process: it did not start, hung, or wrote too much. `doing` says what it was asked for.
    pub(super) fn process_fault(&self, error: &ProcessError, doing: &str) -> Fault {
        match error {
            ProcessError::Start { source, .. } => Fault::want(error).unwrap_or_else(|| match self.runner {
                Some(runner) => format!("the runner `{}` cannot be started: {source}", runner.name()).into(),
                None => self.start_fault(source),
            }),
            ProcessError::TimedOut { after, stderr_tail, .. } => Fault::with_tail(
                format!(
                    "`{}` hangs: {doing} did not end within {:.1} s, and it was killed",
                    self.name,
                    after.as_secs_f64()
                ),
                stderr_tail.clone(),
            ),
            ProcessError::TooMuchOutput { limit, .. } => {
                format!("`{}` wrote more than {limit} bytes to standard output for {doing}", self.name).into()
            }
        }
    }

    /// The fault of a conversation. `doing` says what the runtime was asked for last.
    pub(super) fn client_fault(&self, error: &ClientError, doing: &str) -> Fault {
        let name = self.name;
        let tail = || error.stderr_tail().unwrap_or_default().to_owned();
        let sentence = match error {
            ClientError::Start(error) => return self.process_fault(error, doing),
            ClientError::Closed(closed) => match (&closed.by, closed.ending) {
                (ClosedBy::Garbage(line), _) => garbage(name, line),
                (ClosedBy::LongLine(limit), _) => {
                    format!("`{name}` wrote a line of more than {limit} bytes to standard output")
                }
                (ClosedBy::ManyValues(limit), _) => {
                    format!("`{name}` wrote a line of more than {limit} values to standard output")
                }
                (ClosedBy::Flood { messages, bytes }, _) => format!(
                    "`{name}` wrote more than {messages} messages, or {} of them, that nobody waited for, before it \
                     answered {doing}",
                    human_bytes(*bytes as u64)
                ),
                (ClosedBy::Unread(limit), _) => format!(
                    "`{name}` does not read what it is sent: {} of answers to its requests wait for it",
                    human_bytes(*limit as u64)
                ),
                (ClosedBy::LargeTurn(limit), _) => {
                    format!("`{name}` fills {doing} with items of more than {}", human_bytes(*limit as u64))
                }
                (ClosedBy::EndOfOutput, Some(ending)) => {
                    return self.early_end(ending, doing, "", tail());
                }
                (ClosedBy::EndOfOutput, None) => {
                    format!("`{name}` closed its standard output before it answered {doing}, and went on running")
                }
            },
            ClientError::TimedOut { garbage: Some(line), .. } => garbage(name, line),
            ClientError::TimedOut { after, .. } => {
                format!("`{name}` hangs: it did not answer {doing} within {:.1} s", after.as_secs_f64())
            }
            ClientError::TurnTimedOut { .. } | ClientError::TurnFailed { .. } => error.to_string(),
            ClientError::Refused { .. } | ClientError::Shape { .. } => format!("`{name}`: {error}"),
        };
        Fault::with_tail(sentence, tail())
    }

    /// The fault of a process that ended before it had done what it was asked for. `more` is what else is to be said of it.
    pub(super) fn early_end(&self, ending: Ending, doing: &str, more: &str, stderr_tail: String) -> Fault {
        let name = self.name;
        let (cause, hint) = match ending {
            Ending::Signal(11 | 7 | 10) if has_memory_limit() => (
                ": the file is cut short or damaged, or the limit of memory here (`ulimit -v`) is too low for it",
                None,
            ),
            Ending::Signal(11 | 7 | 10) => (": the file is cut short or damaged", None),
            Ending::Signal(4 | 5) => (": the code in it is damaged, or this processor cannot run it", None),
            Ending::Signal(9) => killed(memory_ran_out()),
            Ending::Signal(24) => (
                ": the limit of processor time here is too low for it",
                Some("raise the limit of processor time (`ulimit -t`) and run the command again"),
            ),
            Ending::Signal(25) => (
                ": the limit of the size of files here is too low for it",
                Some("raise the limit of the size of files (`ulimit -f`) and run the command again"),
            ),
            Ending::Signal(31 | 12) => (": the system forbids a call that it makes", None),
            _ => {
                let machine = self.machine_hint();
                // What has not begun was asked nothing.
                let more = if self.runner.is_some() && self.lacks_loader().is_some() { "" } else { more };
                let sentence = format!("`{name}` ended early with {ending}, before it answered {doing}{machine}{more}");
                return Fault::with_tail(sentence, stderr_tail);
            }
        };
        let sentence = format!("`{name}` crashed with {ending} before it answered {doing}{cause}{more}");
        match hint {
            Some(hint) => Fault { sentence, stderr_tail, machine: Some(hint.to_owned()) },
            None => Fault::with_tail(sentence, stderr_tail),
        }
    }

    /// A runner reports a file that it cannot run in its own words; the header says more.
    fn machine_hint(&self) -> String {
        match (self.runner, Header::read(self.path)) {
            (Some(runner), Ok(header)) => {
                let name = runner.name();
                let libraries = match self.lacks_loader() {
                    Some(loader) => format!(
                        ", and starts by `{loader}` of that machine, which is not here: install {} for it, and tell an emulator \
                         like QEMU the directory that then has `{loader}` below it, `--runner \"{name} -L DIR\"`",
                        if loader.contains("/ld-musl-") {
                            "musl, as Alpine's package `musl` has it,"
                        } else {
                            "glibc (Debian's `libc6-ARCH-cross` puts it into `/usr/ARCH-linux-gnu`)"
                        },
                    ),
                    None => String::new(),
                };
                format!("; it is {header}, run by `{name}`{libraries}")
            }
            _ => String::new(),
        }
    }

    /// The loader that the program starts by and that is neither here nor where the runner looks.
    fn lacks_loader(&self) -> Option<String> {
        loader(self.path).filter(|loader| !self.runner.is_some_and(|runner| runner.has(loader)))
    }

    fn start_fault(&self, error: &io::Error) -> Fault {
        if error.kind() == io::ErrorKind::PermissionDenied && refuses_execution(self.path) {
            let sentence = format!(
                "the file system that `{}` lies on, at `{}`, runs no programs: it is mounted noexec",
                self.name,
                self.path.display()
            );
            let hint = "give a copy on another file system; of a wheel, set TMPDIR to a directory on another one";
            return Fault::of_machine(sentence, hint);
        }
        if is_forbidden(error) {
            let sentence = format!("this machine forbids what starting `{}` takes: {error}", self.name);
            let hint =
                "run the command outside of the sandbox, or allow in its rules (seccomp) that programs are started";
            return Fault::of_machine(sentence, hint);
        }
        self.start_sentence(error).into()
    }

    fn start_sentence(&self, error: &io::Error) -> String {
        let name = self.name;
        let header = Header::read(self.path);
        let here = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        match (error.kind(), header) {
            (io::ErrorKind::NotFound, Err(_)) => format!("`{name}` does not exist"),
            (io::ErrorKind::NotFound, Ok(Header::Script(line))) => {
                format!("`{name}` is a script whose interpreter `{line}` is not on this machine")
            }
            (io::ErrorKind::NotFound, Ok(header)) => match loader(self.path) {
                Some(loader) => format!(
                    "`{name}` is {header} whose loader is not on this machine: it is linked dynamically, and the package \
                     of the C library that has `{loader}` is to be installed"
                ),
                None => format!("`{name}` is {header} whose loader is not on this machine: it is linked dynamically"),
            },
            (io::ErrorKind::PermissionDenied, _) if self.path.is_dir() => format!("`{name}` is a directory"),
            (io::ErrorKind::PermissionDenied, _) => {
                format!("`{name}` is not executable{}", mode_of(self.path))
            }
            (_, Ok(header)) if is_format_error(error) => match header {
                Header::Empty => format!("`{name}` is empty"),
                Header::Other(_) => format!("`{name}` is {header}"),
                header if header.is_native() => {
                    format!(
                        "`{name}` is {header} that this machine ({here}) refuses: its header is damaged or cut short"
                    )
                }
                header => format!(
                    "`{name}` is for another machine: it is {header}, and this is {here}; `--runner` names an emulator"
                ),
            },
            (_, header) => {
                let what = header.map_or_else(|_| String::new(), |header| format!(" ({header})"));
                format!("`{name}`{what} cannot be started: {error}")
            }
        }
    }
}

/// What SIGKILL comes from, given whether the system has ended something for want of memory meanwhile; and what to do, where that
/// is known.
fn killed(memory_ran_out: Option<bool>) -> (&'static str, Option<&'static str>) {
    match memory_ran_out {
        Some(true) => (
            ": the system killed it for want of memory",
            Some("free memory, or raise the container's limit of memory, and run the command again"),
        ),
        Some(false) => (": it or another process killed it, and not the system for want of memory", None),
        None if cfg!(target_os = "macos") => {
            (": the system killed it, for want of memory or of a valid signature", None)
        }
        None => (": another process killed it, or the system for want of memory", None),
    }
}

/// The sentence for a line that is no message.
pub(super) fn garbage(name: &str, line: &str) -> String {
    format!("`{name}` wrote to standard output what is no message of the protocol: `{line}`")
}

/// EPERM and ENOSYS, with which the rules of a sandbox on Linux refuse a call; a file that may not be run gives EACCES.
fn is_forbidden(error: &io::Error) -> bool {
    cfg!(target_os = "linux") && matches!(error.raw_os_error(), Some(1 | 38))
}

/// ENOEXEC, and its likes on macOS and Windows.
fn is_format_error(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    if cfg!(windows) {
        // ERROR_BAD_EXE_FORMAT, ERROR_EXE_MACHINE_TYPE_MISMATCH.
        matches!(code, Some(193 | 216))
    } else if cfg!(target_os = "macos") {
        // ENOEXEC, EBADARCH, EBADEXEC, EBADMACHO.
        matches!(code, Some(8 | 85 | 86 | 88))
    } else {
        code == Some(8)
    }
}

#[cfg(unix)]
fn mode_of(path: &Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    match path.metadata().map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o111 == 0 => format!(": its mode is {mode:04o}"),
        Ok(_) => ": its mode allows it, so look at the mount options of its file system, at the permissions of the \
                   directories above it, and at the rules of a sandbox"
            .to_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> String {
    String::new()
}
