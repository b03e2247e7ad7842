//! What a smoke test is asked to do.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::runner::Runner;
use crate::product::RuntimeProject;
use crate::version::CodexVersion;

/// How far a smoke test goes. Each level includes the ones before it; the sentences are the help of `--level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The executable runs and says its version.
    Version,
    /// It also answers `initialize`.
    Handshake,
    /// It also runs a whole turn against an embedded model server.
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

#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// A wheel or an executable.
    pub subject: &'a Path,
    pub project: &'a RuntimeProject,
    pub level: Level,
    /// The version that every part of the runtime must report.
    pub expect_version: Option<CodexVersion>,
    pub runner: Option<Runner>,
    /// How long all steps after unpacking may take together; `None` is 30 seconds for each of them, or 120 with a runner.
    pub timeout: Option<Duration>,
}
