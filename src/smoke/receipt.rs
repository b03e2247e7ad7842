//! The result of a smoke test, as a person reads it and as a receipt: JSON that binds it to the SHA-256 of the wheel.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Level;
use crate::digest::Sha256Digest;
use crate::error::Outcome;
use crate::fs::{self, FsError};

/// The version of the JSON form.
pub const SCHEMA_VERSION: u32 = 1;

/// One step of a smoke test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name: `unpack`, `version`, `handshake`, `turn`, `search-tool`, `sandbox-helper`, `command`, `exit`.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
    /// How long it took.
    pub milliseconds: u64,
    /// What it found, what went wrong, or why it was skipped.
    pub detail: String,
}

/// The wheel that was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedWheel {
    /// Its file name.
    pub name: String,
    /// Its digest.
    pub sha256: Sha256Digest,
}

/// The result of a smoke test. Displays as one line per step, one for the whole, and the runtime's last words after a
/// failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Whether it passed.
    pub outcome: Outcome,
    /// How far it went.
    pub level: Level,
    /// The wheel; `null` for a bare executable.
    pub wheel: Option<TestedWheel>,
    /// The version that the runtime reports, in PEP 440 form where it has one.
    pub version: Option<String>,
    /// Where it ran: `linux-x86_64`, and the runner where one was used.
    pub platform: String,
    /// The steps that were tried, in order.
    pub steps: Vec<Step>,
    /// The last of the runtime's standard error.
    pub stderr_tail: String,
}

impl Report {
    /// Whether it passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }

    /// The step that failed.
    #[must_use]
    pub fn failed_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.outcome == Outcome::Failed)
    }

    /// Writes the receipt, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_receipt(&self, path: &Path) -> Result<(), FsError> {
        let json = serde_json::to_string_pretty(self).map_err(|error| FsError::write(path)(error.into()))?;
        fs::write_whole(path, (json + "\n").as_bytes())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let outcome = match step.outcome {
                Outcome::Passed | Outcome::Warned => "ok",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            writeln!(formatter, "{:<14} {outcome:<8} {:>7} ms  {}", step.name, step.milliseconds, step.detail)?;
        }
        let version = self.version.as_deref().unwrap_or("unknown version");
        let outcome = if self.passed() { "passed" } else { "FAILED" };
        writeln!(formatter, "smoke {outcome}: {version} on {}, level {}", self.platform, self.level)?;
        if !self.passed() && !self.stderr_tail.is_empty() {
            writeln!(formatter, "\nstandard error of the runtime ends with:")?;
            for line in self.stderr_tail.lines() {
                writeln!(formatter, "  {line}")?;
            }
        }
        Ok(())
    }
}
