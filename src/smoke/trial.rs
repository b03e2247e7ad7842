//! A runtime on trial: what every step needs to start its programs, and how long it may take.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use relkit_client::process::Invocation;

use super::fault::Subject;
use super::home::Home;
use super::options::Options;
use super::unpack::Runtime;
use crate::product::RuntimeProject;

/// How long a step may take by itself, and with a runner.
const STEP_TIME: Duration = Duration::from_secs(30);
const STEP_TIME_WITH_RUNNER: Duration = Duration::from_secs(120);

pub(super) struct Trial<'a> {
    pub(super) options: &'a Options<'a>,
    pub(super) home: &'a Home,
    pub(super) runtime: &'a Runtime,
    /// The version in the wheel's name, as written.
    pub(super) release: Option<String>,
    /// When all steps must be over.
    pub(super) deadline: Option<Instant>,
    /// The version that the program reports, once it has; it may be another than the one expected.
    pub(super) reported: OnceLock<String>,
}

impl Trial<'_> {
    pub(super) fn project(&self) -> &RuntimeProject {
        self.options.project
    }

    /// The program, as faults speak of it.
    pub(super) fn subject(&self) -> Subject<'_> {
        let runtime = self.runtime;
        Subject { path: &runtime.executable, name: &runtime.name, runner: self.options.runner.as_ref() }
    }

    pub(super) fn invocation(&self, program: &Path) -> Invocation {
        self.home.invocation(program, self.options.runner.as_ref())
    }

    /// How long the next step may take.
    pub(super) fn step_time(&self) -> Duration {
        let usual = if self.options.runner.is_some() { STEP_TIME_WITH_RUNNER } else { STEP_TIME };
        self.time_left().unwrap_or(usual)
    }

    /// How long all steps that are left may take together, where that is said.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}
