//! What a smoke test is asked to do.

use std::path::Path;
use std::time::Duration;

use super::runner::Runner;
use crate::product::{Level, RuntimeProject};
use crate::version::PublicVersion;

/// The version that every part of the runtime must report.
#[derive(Debug, Clone)]
pub struct ExpectedVersion {
    pub version: PublicVersion,
    /// Who asks for it, as a message names it.
    pub source: &'static str,
}

#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// A wheel or an executable.
    pub subject: &'a Path,
    pub project: &'a RuntimeProject,
    pub level: Level,
    pub expected: Option<ExpectedVersion>,
    pub runner: Option<Runner>,
    /// How long all steps after unpacking may take together; `None` is 30 seconds for each of them, or 120 with a runner.
    pub timeout: Option<Duration>,
}
