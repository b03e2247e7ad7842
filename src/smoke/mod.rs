//! Whether a runtime works: its wheel is unpacked as an installer would, its executable is started in an isolated home
//! without a network and carries out the product's commands; an app server is talked to by the embedded client, up to a
//! whole turn against a model server inside relkit.
//!
//! Nothing is written outside a temporary directory, which is removed in the end, and no process outlives the test.

mod capture;
mod command;
mod conversation;
mod entry_point;
mod error;
mod fault;
mod header;
mod home;
mod levels;
mod model_server;
mod options;
pub(crate) mod probe;
mod report;
mod runner;
pub mod stand_in;
mod steps;
mod tools;
mod trial;
mod unpack;
mod version;

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use crate::binary::Magic;
use crate::console::Progress;
use crate::error::{Exit, Explain as _, sentence};
use crate::fs::digest_of;
use crate::product::{Level, RuntimeProject};
use crate::wheel::filename::Claim;
use crate::wheel::reader::{Wheel, WheelError};
use fault::Fault;
use home::{Guest, Home};
use steps::{Done, Steps};
use trial::Trial;
use unpack::{EntryPoint, Runtime};

pub(crate) use command::command_step;
pub use error::SmokeError;
pub use options::{ExpectedVersion, Options};
pub use report::Report;
pub(crate) use report::{COMMAND, ENTRY_POINT, SANDBOX_HELPER, SCHEMA_VERSION, SEARCH_TOOL, Step, Tested, TestedWheel};
pub(crate) use runner::Runner;

/// Tests a wheel or an executable.
pub fn smoke(options: &Options<'_>, progress: &Progress) -> Result<Report, SmokeError> {
    let path = options.subject;
    let unreadable = |source| SmokeError::Read { path: path.to_owned(), source };
    let is_wheel = is_wheel(path).map_err(unreadable)?;
    let project = options.project;
    if options.level >= Level::Handshake && !project.is_app_server() {
        return Err(SmokeError::NoAppServer { level: options.level, distribution: project.distribution.clone() });
    }
    let guest = if project.is_app_server() { Guest::AppServer } else { Guest::Program };
    let home = Home::create(guest)?;
    let mut steps = Steps::new(progress);
    let wheel = if is_wheel { Some(tested_wheel(path).map_err(unreadable)?) } else { None };
    let mut release = None;
    let runtime = if is_wheel {
        let mut obstacle = None;
        let runtime = steps.run("unpack", || match install(options, &home) {
            Ok((runtime, version, files)) => {
                release = Some(version);
                Ok(Done::passed(format!("{files} files, as RECORD lists them")).with(runtime))
            }
            Err(Refusal::Wheel(error)) if error.exit() == Exit::NotGood => Err(sentence(&error).into()),
            Err(Refusal::Wheel(source)) => {
                obstacle = Some(SmokeError::Unpack { path: path.to_owned(), source });
                Err("not carried out".into())
            }
            Err(Refusal::Runtime(fault)) => Err(fault),
        });
        obstacle.map_or(Ok(runtime), Err)?
    } else {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Runtime::bare(&absolute, project).map_or_else(|fault| steps.run("version", || Err(fault)), Some)
    };
    let version = match runtime {
        Some(runtime) => {
            let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
            let reported = OnceLock::new();
            Trial { options, home: &home, runtime: &runtime, release, deadline, reported }.run(&mut steps)?
        }
        None => None,
    };
    steps.carried_out()?;
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        product: options.project.distribution.to_string(),
        outcome: steps.outcome(),
        level: options.level,
        wheel,
        version,
        platform: report::platform(options.runner.as_ref().map(|runner| runner.name()).as_deref()),
        steps: steps.done,
        stderr_tail: steps.stderr_tail,
    })
}

enum Refusal {
    Wheel(WheelError),
    Runtime(Fault),
}

/// The runtime in the unpacked wheel, the version in the wheel's name, and how many files were unpacked.
fn install(options: &Options<'_>, home: &Home) -> Result<(Runtime, String, usize), Refusal> {
    let wheel = Wheel::open(options.subject).map_err(Refusal::Wheel)?;
    let files = wheel.unpack(&home.site()).map_err(Refusal::Wheel)?;
    let project = options.project;
    let mut runtime = Runtime::in_wheel(&home.site(), &files, project).map_err(|fault| {
        let sentence = fault.sentence + &other_product(&wheel, project);
        Refusal::Runtime(Fault { sentence, ..fault })
    })?;
    runtime.entry_point = EntryPoint::of(&wheel, project).map_err(Refusal::Wheel)?;
    Ok((runtime, wheel.name().version.clone(), files.len()))
}

/// Says which product a wheel of another distribution was tested as.
fn other_product(wheel: &Wheel, project: &RuntimeProject) -> String {
    let (own, assumed) = (&wheel.name().distribution, &project.distribution);
    if own.is_same(assumed) {
        return String::new();
    }
    let own = own.normalized();
    format!("; it is a wheel of `{own}`, tested as one of `{assumed}`, and `--product DIR` names another product")
}

fn is_wheel(path: &Path) -> io::Result<bool> {
    // Windows refuses to open a directory and says something else.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let magic = Magic::of_file(path)?;
    Ok(magic == Magic::Zip || Claim::of_path(path) == Some(Claim::Wheel))
}

fn tested_wheel(path: &Path) -> io::Result<TestedWheel> {
    let sha256 = digest_of(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(TestedWheel { name, sha256 })
}
