//! A release as the gate saw it: the report of `verify`, and the release manifest that `publish` reads back.

use serde::{Deserialize, Serialize};

use crate::check::{Finding, Half, PublishedFile, Role, Severity};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Outcome};
use crate::product::Level;
use crate::smoke;
use crate::target::{PlatformTag, TargetTriple};
use crate::version::PublicVersion;
use crate::wheel::name::DistributionName;

/// The version of the JSON form.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Something that keeps a release back, or that its maintainer should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The name of the rule.
    pub code: String,
    /// The file that it is about, where it is about one.
    pub file: Option<String>,
    pub message: String,
    /// The message without the file that it begins with; none where the file stands inside it, or it is of a manifest.
    #[serde(skip)]
    pub(super) said: Option<String>,
    pub help: String,
    /// Why it is accepted, where it is: shown with the warnings, and none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFile {
    pub name: String,
    pub role: Role,
    /// The distribution that it is of, as its metadata spells it: a release that failed keeps what is no name too.
    pub distribution: String,
    /// The version in its metadata, as text for the same reason.
    pub version: String,
    pub bytes: u64,
    pub sha256: Sha256Digest,
    /// What a runtime wheel is for.
    #[serde(default)]
    pub target: Option<TargetTriple>,
    #[serde(default)]
    pub tags: Vec<PlatformTag>,
    #[serde(default)]
    pub findings: Vec<FindingRecord>,
    /// The smoke receipts of exactly these bytes.
    #[serde(default)]
    pub receipts: Vec<ReceiptRecord>,
}

/// A finding, as the manifest keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) member: Option<String>,
    pub(crate) message: String,
    /// Why it is accepted.
    pub(crate) accepted: Option<String>,
}

/// A smoke receipt, as the manifest keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRecord {
    pub(crate) file: String,
    pub(crate) outcome: Outcome,
    pub(crate) level: Level,
    pub(crate) platform: String,
}

impl From<&Finding> for FindingRecord {
    fn from(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.to_owned(),
            severity: finding.severity,
            member: finding.member.clone(),
            message: finding.message.clone(),
            accepted: finding.accepted.clone(),
        }
    }
}

impl From<&(String, smoke::Report)> for ReceiptRecord {
    fn from((file, report): &(String, smoke::Report)) -> Self {
        Self {
            file: file.clone(),
            outcome: if report.passed() { Outcome::Passed } else { Outcome::Failed },
            level: report.level,
            platform: report.platform.clone(),
        }
    }
}

/// A release as the gate saw it. Its JSON form is the report of `verify` and the release manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub schema_version: u32,
    /// The runtime distribution of the product.
    pub(crate) product: DistributionName,
    pub outcome: Outcome,
    pub(crate) release_version: PublicVersion,
    /// The same, where the product is Codex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) codex_version: Option<PublicVersion>,
    /// The half that it is, where it is not whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<Half>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub files: Vec<ReleaseFile>,
    /// Where it is the SDK alone, the runtime that the index had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) published: Vec<PublishedFile>,
}

impl Problem {
    /// The file that the message begins with, and the message without it.
    pub(crate) fn of_file(&self) -> Option<(String, String)> {
        self.file.clone().zip(self.said.clone())
    }
}

impl Release {
    /// Whether a file of that role is asked for.
    pub(super) fn has(&self, role: Role) -> bool {
        self.only.is_none_or(|half| (half == Half::Runtime) == (role == Role::RuntimeWheel))
    }

    pub(crate) fn exit(&self) -> Exit {
        self.outcome.exit()
    }
}
