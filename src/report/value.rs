//! A release that went through the line, as one value. How it looks is said elsewhere.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::console::text::{human_bytes, named, plural};
use crate::digest::Sha256Digest;
use crate::error::Outcome;
use crate::target::{PlatformTagSet, TargetTriple};
use crate::version::PublicVersion;
use crate::wheel::filename::{DistributionFileName, WheelFileName};
use crate::wheel::name::DistributionName;

/// A release and everything that was found out about it.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseReport {
    pub schema_version: u32,
    pub outcome: Outcome,
    pub distribution: DistributionName,
    /// Most products have no SDK.
    pub sdk_distribution: Option<DistributionName>,
    pub version: PublicVersion,
    pub release_tag: String,
    /// The day of the release, where `SOURCE_DATE_EPOCH` says one.
    pub date: Option<String>,
    /// One row per target, in the template's order.
    pub targets: Vec<TargetRow>,
    /// Targets of the product that are left out on purpose.
    pub left_out: Vec<TargetTriple>,
    pub files: Vec<FileRow>,
    /// What every well-known platform would install.
    pub coverage: Vec<CoverageRow>,
    pub findings: Vec<FindingRow>,
    pub problems: Vec<ProblemRow>,
    /// What the gate warns of, beyond the findings.
    pub warnings: Vec<ProblemRow>,
    /// What is different from an earlier release, where one was named.
    pub changes: Option<Changes>,
    /// The command to type after this.
    pub next: Option<String>,
}

/// What one target went through.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TargetRow {
    /// The file name of its payload.
    pub payload: String,
    /// None where the payload told none.
    pub target: Option<TargetTriple>,
    /// The platform tags of its wheel, where there is one.
    pub platform_tag: Option<PlatformTagSet>,
    pub steps: Vec<StepRow>,
    pub payload_bytes: u64,
    pub wheel: Option<WheelFileName>,
    pub wheel_bytes: u64,
    /// What is in the wheel: path and uncompressed size in bytes, largest first.
    pub contents: Vec<(String, u64)>,
    /// Why the wheel carries its tags, and what would widen them.
    pub why: Option<String>,
    pub wider: Option<String>,
    /// What its payload was staged with reservations for.
    #[serde(rename = "warnings", skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<String>,
    /// The loader without which this machine cannot start its program.
    #[serde(skip)]
    pub missing_loader: Option<String>,
    /// The steps of the smoke test, as its receipt has them.
    pub smoke: Vec<StepRow>,
    pub sboms: Vec<SbomRow>,
}

#[derive(Debug, Clone, Serialize)]
pub struct StepRow {
    /// `stage`, `inspect`, `build`, `check` or `smoke`.
    pub name: String,
    pub outcome: Outcome,
    pub detail: String,
    pub milliseconds: u64,
    /// What to do where it failed, if that is known; the problem that comes of it says so.
    #[serde(skip)]
    pub help: Option<String>,
}

/// An SBOM in a wheel.
#[derive(Debug, Clone, Serialize)]
pub struct SbomRow {
    pub file: String,
    /// How many components it lists; none where it cannot be read.
    pub components: Option<usize>,
    /// `NAME VERSION` of the first of them.
    #[serde(skip)]
    pub names: Vec<String>,
}

/// What is different from an earlier release.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Changes {
    /// The versions of the earlier release.
    pub against: String,
    /// One row per distribution, those that are gone last.
    pub distributions: Vec<ChangeRow>,
}

/// A distribution, and that of the earlier release which it takes the place of.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChangeRow {
    /// None where it is gone.
    pub name: Option<DistributionFileName>,
    /// None where it is new.
    pub before: Option<DistributionFileName>,
    pub bytes: u64,
    pub bytes_before: u64,
    pub tags: Difference,
    pub files: Difference,
    pub dependencies: Difference,
}

/// What is there and was not, and what was there and is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct FileRow {
    pub name: String,
    pub bytes: u64,
    pub sha256: Sha256Digest,
}

#[derive(Debug, Clone, Serialize)]
pub struct CoverageRow {
    pub name: String,
    /// The label of the candidate: the file name of a wheel.
    pub wheel: Option<String>,
    /// Why it gets none, where that is as it was meant.
    pub by_choice: Option<String>,
}

/// Why a platform gets no wheel whose kind gets one.
pub(crate) const TOO_OLD: &str = "older than its tag asks for";

impl CoverageRow {
    pub(super) fn is_too_old(&self) -> bool {
        self.by_choice.as_deref() == Some(TOO_OLD)
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct FindingRow {
    pub file: String,
    pub error: bool,
    pub rule: String,
    pub member: Option<String>,
    pub message: String,
    pub help: String,
    pub accepted: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ProblemRow {
    pub code: String,
    pub message: String,
    /// The file that the message begins with, and the message without it.
    #[serde(skip)]
    pub of_file: Option<(String, String)>,
    pub help: String,
    /// Why it is accepted, where it is: shown with the warnings, and none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

impl ProblemRow {
    /// Whether one sentence on what to do is for both.
    pub(super) fn is_mended_like(&self, next: &Self) -> bool {
        (&self.code, &self.help, &self.accepted) == (&next.code, &next.help, &next.accepted)
    }
}

impl TargetRow {
    /// What tables call it: the target, else its payload.
    pub(crate) fn title(&self) -> String {
        self.target.as_ref().map_or_else(|| self.payload.clone(), TargetTriple::to_string)
    }

    pub(crate) fn step(&self, name: &str) -> Option<&StepRow> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Whether its wheel was smoke-tested, which leaves a receipt.
    pub(crate) fn is_tested(&self) -> bool {
        self.step("smoke").is_some_and(|step| step.outcome != Outcome::Skipped)
    }
}

impl ChangeRow {
    /// The file that it is about.
    pub(super) fn title(&self) -> String {
        self.name.as_ref().or(self.before.as_ref()).map_or_else(String::new, ToString::to_string)
    }

    /// `+1.2 MB (+10%)`; of less than half a percent the bytes alone.
    pub(super) fn growth(&self) -> String {
        let (before, now) = (self.bytes_before, self.bytes);
        if before == now {
            return "the same size".to_owned();
        }
        let (sign, difference) = if now > before { ('+', now - before) } else { ('−', before - now) };
        let percent = difference as f64 * 100.0 / before.max(1) as f64;
        let part = if percent < 0.5 { String::new() } else { format!(" ({sign}{percent:.0}%)") };
        format!("{sign}{}{part}", human_bytes(difference))
    }

    /// What is different, in one line.
    pub(super) fn words(&self) -> String {
        let mut words = match (&self.name, &self.before) {
            (None, _) => format!("gone; it had {}", human_bytes(self.bytes_before)),
            (_, None) => format!("new, {}", human_bytes(self.bytes)),
            _ => format!("{}, {}", human_bytes(self.bytes), self.growth()),
        };
        for (what, difference) in self.differences() {
            words += &format!("; {what}: {}", difference.words());
        }
        words
    }

    /// What is different beside the size, each with its name.
    pub(super) fn differences(&self) -> impl Iterator<Item = (&'static str, &Difference)> {
        let all = [("tags", &self.tags), ("files", &self.files), ("dependencies", &self.dependencies)];
        all.into_iter().filter(|(_, difference)| !difference.is_none())
    }
}

impl Difference {
    /// Between two sets of names.
    pub(crate) fn between(before: &BTreeSet<String>, now: &BTreeSet<String>) -> Self {
        Self { added: now.difference(before).cloned().collect(), removed: before.difference(now).cloned().collect() }
    }

    /// `2 added, 1 removed`.
    pub(super) fn words(&self) -> String {
        let counts = [(self.added.len(), "added"), (self.removed.len(), "removed")];
        let words = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        words.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
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

/// What payloads were staged with reservations for: each sentence once, with the payloads that it is said of.
pub(crate) fn reservations(targets: &[TargetRow]) -> Vec<String> {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for (target, sentence) in targets.iter().flat_map(|row| row.reservations.iter().map(move |one| (row, one))) {
        match told.iter_mut().find(|(known, _)| known == sentence) {
            Some((_, payloads)) => payloads.push(&target.payload),
            None => told.push((sentence, vec![&target.payload])),
        }
    }
    let sentence = |(sentence, payloads): &(&str, Vec<&str>)| match &payloads[..] {
        [_] if targets.len() == 1 => (*sentence).to_owned(),
        [payload] => format!("`{payload}`: {sentence}"),
        all if all.len() == targets.len() => format!("{sentence}, in all {} payloads", all.len()),
        some => format!("{sentence}, in {} payloads: {}", some.len(), named(some)),
    };
    told.iter().map(sentence).collect()
}

impl ReleaseReport {
    /// One sentence of numbers.
    pub(crate) fn summary(&self) -> String {
        let of_kind = |kind| self.findings.iter().filter(|finding| finding.kind() == kind).count();
        let wheels = self.targets.iter().filter(|target| target.wheel.is_some()).count();
        let covered = match self.coverage.len() {
            // Nothing is known of the runtime that the SDK alone pins.
            0 => String::new(),
            all => format!(", {} of {all} platforms covered", self.covered()),
        };
        // What is missing from a release is no finding about a file: a failure is never said to have no errors.
        let wrong = match self.outcome {
            Outcome::Failed => plural(self.problems.len(), "problem"),
            _ => plural(of_kind("error"), "error"),
        };
        let accepted = self.warnings.iter().filter(|warning| warning.accepted.is_some()).count();
        format!(
            "{}, {wrong}, {}, {} accepted{covered}",
            plural(wheels, "runtime wheel"),
            plural(of_kind("warning") + self.warnings.len() - accepted, "warning"),
            of_kind("accepted") + accepted,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grew_is_said_in_bytes_and_in_percent_where_that_is_some() {
        let of = |bytes_before, bytes| ChangeRow { bytes_before, bytes, ..ChangeRow::default() }.growth();
        assert_eq!(of(9_600_000, 9_600_010), "+10 B");
        assert_eq!(of(1_000_000, 1_100_000), "+100.0 kB (+10%)");
        assert_eq!(of(1_000_000, 994_000), "−6.0 kB (−1%)");
        assert_eq!(of(7, 7), "the same size");
        assert_eq!(of(0, 5), "+5 B (+500%)");
    }

    #[test]
    fn what_payloads_share_is_said_once() {
        let row = |payload: &str, said: &[&str]| TargetRow {
            payload: payload.into(),
            reservations: said.iter().map(|&one| one.to_owned()).collect(),
            ..TargetRow::default()
        };
        let three = [row("a", &["x", "y"]), row("b", &["x", "z"]), row("c", &["x", "y"])];
        assert_eq!(reservations(&three), ["x, in all 3 payloads", "y, in 2 payloads: `a`, `c`", "`b`: z"]);
        assert_eq!(reservations(&three[..1]), ["x", "y"]);
    }
}
