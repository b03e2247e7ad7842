//! A release that went through the line, as one value. How it looks is said elsewhere.

use serde::Serialize;

use crate::console::text::plural;
use crate::error::Outcome;

/// A release and everything that was found out about it.
#[derive(Debug, Clone, Serialize)]
pub struct Release {
    /// The version of this form.
    pub schema_version: u32,
    /// How it ended, all in all.
    pub outcome: Outcome,
    /// The runtime's distribution.
    pub distribution: String,
    /// The SDK's distribution.
    pub sdk_distribution: String,
    /// The PEP 440 version.
    pub version: String,
    /// The release tag.
    pub release_tag: String,
    /// One row per target, in the template's order.
    pub targets: Vec<TargetRow>,
    /// Every file of the release.
    pub files: Vec<FileRow>,
    /// What every well-known platform would install.
    pub coverage: Vec<CoverageRow>,
    /// Every finding of `check`.
    pub findings: Vec<FindingRow>,
    /// Every problem of the gate.
    pub problems: Vec<ProblemRow>,
    /// What the gate warns of, beyond the findings.
    pub warnings: Vec<ProblemRow>,
}

/// What one target went through.
#[derive(Debug, Clone, Serialize)]
pub struct TargetRow {
    /// The target triple.
    pub target: String,
    /// The platform tags of its wheel, where there is one.
    pub platform_tag: String,
    /// The steps in order.
    pub steps: Vec<StepRow>,
    /// The size of the payload in bytes.
    pub payload_bytes: u64,
    /// The wheel's file name.
    pub wheel: Option<String>,
    /// The size of the wheel in bytes.
    pub wheel_bytes: u64,
    /// What is in the wheel: path and uncompressed size in bytes, largest first.
    pub contents: Vec<(String, u64)>,
}

/// One step of a target.
#[derive(Debug, Clone, Serialize)]
pub struct StepRow {
    /// `stage`, `inspect`, `build`, `check` or `smoke`.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What there is to know.
    pub detail: String,
    /// How long it took.
    pub milliseconds: u64,
}

/// One file of the release.
#[derive(Debug, Clone, Serialize)]
pub struct FileRow {
    /// The file name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// What one platform would install.
#[derive(Debug, Clone, Serialize)]
pub struct CoverageRow {
    /// The platform.
    pub name: String,
    /// The wheel's file name, or nothing.
    pub wheel: Option<String>,
}

/// A finding of `check`.
#[derive(Debug, Clone, Serialize)]
pub struct FindingRow {
    /// The file.
    pub file: String,
    /// Whether it is an error; else a warning.
    pub error: bool,
    /// The rule.
    pub rule: String,
    /// The member of the archive, where there is one.
    pub member: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Why it is accepted, where it is.
    pub accepted: Option<String>,
}

/// A problem of the gate.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemRow {
    /// Its stable name.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl TargetRow {
    pub(crate) fn step(&self, name: &str) -> Option<&StepRow> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl FindingRow {
    /// `error`, `warning`, or `accepted` whatever it was.
    pub(crate) fn kind(&self) -> &'static str {
        match (&self.accepted, self.error) {
            (Some(_), _) => "accepted",
            (None, true) => "error",
            (None, false) => "warning",
        }
    }
}

impl Release {
    /// One sentence of numbers.
    pub(crate) fn summary(&self) -> String {
        let of_kind = |kind| self.findings.iter().filter(|finding| finding.kind() == kind).count();
        let wheels = self.targets.iter().filter(|target| target.wheel.is_some()).count();
        format!(
            "{}, {}, {}, {} accepted, {} of {} platforms covered",
            plural(wheels, "runtime wheel"),
            plural(of_kind("error"), "error"),
            plural(of_kind("warning") + self.warnings.len(), "warning"),
            of_kind("accepted"),
            self.covered(),
            self.coverage.len()
        )
    }

    pub(super) fn covered(&self) -> usize {
        self.coverage.iter().filter(|row| row.wheel.is_some()).count()
    }

    /// The steps that any target went through, in order.
    pub(super) fn steps(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for step in self.targets.iter().flat_map(|target| &target.steps) {
            if !names.contains(&step.name.as_str()) {
                names.push(&step.name);
            }
        }
        names
    }
}
