//! Whether a runtime works: its wheel is unpacked as an installer would, its executable is started in an isolated home
//! without a network, and the embedded client talks to it, up to a whole turn against a model server inside relkit.
//!
//! Nothing is written outside a temporary directory, which is removed in the end, and no process outlives the test.

pub mod fault;
pub mod header;
pub mod home;
mod levels;
pub mod model_server;
pub mod receipt;
mod runner;
pub mod stand_in;
mod tested;
mod tools;
pub mod unpack;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::console::Progress;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain, Failure, Outcome};
use crate::product::RuntimeProject;
use crate::version::CodexVersion;
use crate::wheel::reader::{Wheel, WheelError};

use fault::Fault;
use home::Home;
use model_server::ModelServer;
pub use receipt::{Report, SCHEMA_VERSION, Step, TestedWheel};
pub use runner::{Runner, RunnerError};
pub(crate) use tested::Tested;
use unpack::Runtime;

/// How far a smoke test goes. Each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The executable runs and says its version.
    Version,
    /// It also answers `initialize`.
    Handshake,
    /// It also runs a whole turn against an embedded model server.
    #[default]
    Turn,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Version => "version",
            Self::Handshake => "handshake",
            Self::Turn => "turn",
        })
    }
}

/// What to test and how.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// A wheel or an executable.
    pub subject: &'a Path,
    /// The names of the product.
    pub project: &'a RuntimeProject,
    /// How far to go.
    pub level: Level,
    /// The version that every part of the runtime must report.
    pub expect_version: Option<CodexVersion>,
    /// The program that runs the executable.
    pub runner: Option<Runner>,
    /// How long all steps after unpacking may take together; `None` is 30 seconds for each of them, or 120 with a runner.
    pub timeout: Option<Duration>,
}

/// Why a smoke test could not be carried out. A runtime that does not work is no error but a failed [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    /// The wheel or executable cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The wheel cannot be unpacked for a reason that is not its own.
    #[error("cannot unpack `{}`", path.display())]
    Unpack {
        /// The wheel.
        path: PathBuf,
        /// What is in the way.
        #[source]
        source: WheelError,
    },
    /// There is no room for the isolated home.
    #[error("cannot make a temporary directory in `{}`", directory.display())]
    Home {
        /// The system's temporary directory.
        directory: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The model server cannot be started.
    #[error("cannot open a port on 127.0.0.1 for the model server")]
    ModelServer(#[source] io::Error),
}

impl Explain for SmokeError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                Some("give a wheel or an executable file".into())
            }
            Self::Read { .. } => Some("check the path and its permissions".into()),
            Self::Unpack { source, .. } => source.hint(),
            Self::Home { .. } => Some("free space there, or set TMPDIR to another directory".into()),
            Self::ModelServer(_) => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// Tests a wheel or an executable.
///
/// # Errors
/// When the test could not be carried out; see [`SmokeError`].
pub fn smoke(request: &Request<'_>, progress: &Progress) -> Result<Report, SmokeError> {
    let path = request.subject;
    let is_wheel = is_wheel(path).map_err(|source| SmokeError::Read { path: path.to_owned(), source })?;
    let home = Home::create().map_err(|source| SmokeError::Home { directory: std::env::temp_dir(), source })?;
    let model = ModelServer::start().map_err(SmokeError::ModelServer)?;
    let mut steps = Steps { progress, done: Vec::new(), stderr_tail: String::new(), failed: false };
    let mut wheel = None;
    let mut release = None;
    let runtime = if is_wheel {
        wheel = Some(tested_wheel(path)?);
        let mut obstacle = None;
        let runtime = steps.run("unpack", || match install(path, &home, request.project) {
            Ok((runtime, version, files)) => {
                release = Some(version);
                Ok((Verdict::Passed(format!("{files} files, as RECORD lists them")), runtime))
            }
            Err(Refused::Wheel(error)) if error.exit() == Exit::NotGood => {
                Err(Failure::from(error).chain.join(": ").into())
            }
            Err(Refused::Wheel(source)) => {
                obstacle = Some(source);
                Err("not carried out".into())
            }
            Err(Refused::Runtime(fault)) => Err(fault),
        });
        if let Some(source) = obstacle {
            return Err(SmokeError::Unpack { path: path.to_owned(), source });
        }
        runtime
    } else {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match Runtime::bare(&absolute) {
            Ok(runtime) => Some(runtime),
            Err(fault) => steps.run("version", || Err(fault)),
        }
    };
    let mut version = None;
    if let Some(runtime) = runtime {
        let deadline = request.timeout.map(|timeout| Instant::now() + timeout);
        let trial = levels::Trial { request, home: &home, model: &model, runtime: &runtime, release, deadline };
        version = trial.run(&mut steps);
    }
    let runner = request.runner.as_ref().map(|runner| format!(" via {}", runner.name())).unwrap_or_default();
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        outcome: if steps.failed { Outcome::Failed } else { Outcome::Passed },
        level: request.level,
        wheel,
        version,
        platform: format!("{}-{}{runner}", std::env::consts::OS, std::env::consts::ARCH),
        steps: steps.done,
        stderr_tail: steps.stderr_tail,
    })
}

enum Refused {
    Wheel(WheelError),
    Runtime(Fault),
}

fn install(path: &Path, home: &Home, project: &RuntimeProject) -> Result<(Runtime, String, usize), Refused> {
    let wheel = Wheel::open(path).map_err(Refused::Wheel)?;
    let files = wheel.unpack(&home.site()).map_err(Refused::Wheel)?;
    let runtime = Runtime::in_wheel(&home.site(), &files, project).map_err(Refused::Runtime)?;
    Ok((runtime, wheel.name().version.clone(), files.len()))
}

fn is_wheel(path: &Path) -> io::Result<bool> {
    // Windows refuses to open a directory and says something else.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut file = File::open(path)?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("whl")) {
        return Ok(true);
    }
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic)?;
    Ok(magic == *b"PK\x03\x04")
}

fn tested_wheel(path: &Path) -> Result<TestedWheel, SmokeError> {
    let unreadable = |source| SmokeError::Read { path: path.to_owned(), source };
    let (sha256, _) = Sha256Digest::of_reader(&mut File::open(path).map_err(unreadable)?).map_err(unreadable)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(TestedWheel { name, sha256 })
}

/// A text that nobody has said before.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    // Seeded by the system for every process, and again for every call.
    format!("{:016x}", RandomState::new().hash_one(Instant::now()))
}

/// How a step that did not fail went.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Passed(String),
    Skipped(String),
}

/// The steps so far. After one has failed no other is run.
struct Steps<'a> {
    progress: &'a Progress,
    done: Vec<Step>,
    stderr_tail: String,
    failed: bool,
}

impl Steps<'_> {
    fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<(Verdict, T), Fault>) -> Option<T> {
        if self.failed {
            return None;
        }
        self.progress.message(name);
        let started = Instant::now();
        let result = step();
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut record = |outcome, detail| {
            self.done.push(Step { name: name.to_owned(), outcome, milliseconds, detail });
        };
        match result {
            Ok((Verdict::Passed(detail), value)) => {
                record(Outcome::Passed, detail);
                Some(value)
            }
            Ok((Verdict::Skipped(why), value)) => {
                record(Outcome::Skipped, why);
                Some(value)
            }
            Err(fault) => {
                record(Outcome::Failed, fault.sentence);
                self.failed = true;
                self.keep_stderr(fault.stderr_tail);
                None
            }
        }
    }

    /// Keeps the runtime's last words; those of the step that failed come first.
    fn keep_stderr(&mut self, tail: String) {
        if self.stderr_tail.is_empty() {
            self.stderr_tail = tail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_nonces_are_alike() {
        assert_ne!(nonce(), nonce());
    }
}
