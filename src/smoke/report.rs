//! The result of a smoke test, as a person reads it and as a receipt: JSON that binds it to the SHA-256 of the wheel.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::console::Shown;
use crate::console::annotation::{self, Annotation};
use crate::console::layout::labelled;
use crate::console::text::visible;
use crate::digest::Sha256Digest;
use crate::error::Outcome;
use crate::fs::{self, FsError};
use crate::product::Level;

/// The version of the JSON form.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The names of the steps that a machine or a payload may do without.
pub(crate) const ENTRY_POINT: &str = "entry-point";
pub(crate) const SEARCH_TOOL: &str = "search-tool";
pub(crate) const SANDBOX_HELPER: &str = "sandbox-helper";

/// The name of the step of a command; of several, each has its number behind it.
pub(crate) const COMMAND: &str = "command";

/// Between a machine and the runner that stood in for it.
const VIA: &str = " via ";

/// Where a test runs: this machine, and the runner where one is used.
pub(super) fn platform(runner: Option<&str>) -> String {
    let runner = runner.map(|runner| format!("{VIA}{runner}")).unwrap_or_default();
    format!("{}-{}{runner}", std::env::consts::OS, std::env::consts::ARCH)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `unpack`, `version`, `entry-point`, `command` (or `command 1` and so on), `handshake`, `turn`, `search-tool`,
    /// `sandbox-helper`, `exit`.
    pub name: String,
    pub outcome: Outcome,
    pub(crate) milliseconds: u64,
    /// What it found, what went wrong, or why it was skipped.
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedWheel {
    /// Its file name.
    pub name: String,
    pub sha256: Sha256Digest,
}

/// The result of a smoke test. Displays as one line per step, one for the whole, and the runtime's last words after a
/// failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub(crate) schema_version: u32,
    /// The distribution of the product by whose table it was tested; older receipts do not tell it.
    #[serde(default)]
    pub(crate) product: String,
    pub(crate) outcome: Outcome,
    pub(crate) level: Level,
    /// `null` for a bare executable.
    pub wheel: Option<TestedWheel>,
    /// The version that the runtime reports, in PEP 440 form where it has one.
    pub version: Option<String>,
    /// Where it ran: `linux-x86_64`, and the runner where one was used.
    pub platform: String,
    /// The steps that were tried, in order.
    pub steps: Vec<Step>,
    pub stderr_tail: String,
}

impl Report {
    /// The machine that it is from, and the runner where one was used.
    pub(crate) fn ran_on(&self) -> (&str, Option<&str>) {
        let parts = self.platform.split_once(VIA);
        parts.map_or((&self.platform, None), |(machine, runner)| (machine, Some(runner)))
    }

    /// One line that sums up.
    fn summary(&self) -> String {
        let version = visible(self.version.as_deref().unwrap_or("unknown version"));
        let outcome = if self.passed() { "passed" } else { "FAILED" };
        let product = if self.product.is_empty() { String::new() } else { format!(", of {}", self.product) };
        format!("smoke {outcome}: {version} on {}, level {}{}", visible(&self.platform), self.level, visible(&product))
    }

    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }

    pub fn failed_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.outcome == Outcome::Failed)
    }

    /// Writes the receipt, whole or not at all.
    pub fn write_receipt(&self, path: &Path) -> Result<(), FsError> {
        fs::write_json(path, self)
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
            let label = format!("{:<14} {outcome:<8} {:>7} ms  ", step.name, step.milliseconds);
            formatter.write_str(&labelled(&label, label.chars().count(), &step.detail))?;
        }
        writeln!(formatter, "{}", self.summary())?;
        if !self.passed() && !self.stderr_tail.is_empty() {
            writeln!(formatter, "\nstandard error of the runtime ends with:")?;
            for line in self.stderr_tail.lines() {
                writeln!(formatter, "  {}", visible(line))?;
            }
        }
        Ok(())
    }
}

/// A report beside the file that it is about, which annotations name.
#[derive(Debug)]
pub(crate) struct Tested<'a> {
    pub(crate) subject: &'a Path,
    pub(crate) report: &'a Report,
}

impl Shown for Tested<'_> {
    fn text(&self) -> String {
        self.report.to_string()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::to_value(self.report).unwrap_or_default()
    }

    fn annotations(&self) -> String {
        let report = self.report;
        let (level, title) = if report.passed() {
            (annotation::AnnotationLevel::Notice, "smoke test passed")
        } else {
            (annotation::AnnotationLevel::Error, "smoke test failed")
        };
        let message = match report.failed_step() {
            Some(step) => format!("{}: {}\n{}", step.name, visible(&step.detail), report.stderr_tail),
            None => format!("level {} passed on {}", report.level, report.platform),
        };
        let lines: Vec<_> = message.trim_end().lines().map(visible).collect();
        let file = fs::portable(self.subject);
        let annotation = Annotation { level, file: Some(&file), title, message: &lines.join("\n") };
        format!("{annotation}\n{}\n", report.summary())
    }
}
