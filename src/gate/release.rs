//! A release as the gate saw it: the report of `verify`, and the release manifest that `publish` reads back.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::error::{Exit, Outcome};

/// Something that keeps a release back, or that its maintainer should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Its stable name; the rule's name where it is a finding of `check`.
    pub code: String,
    /// The file that it is about, where it is about one.
    pub file: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What a file of a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A wheel of the runtime.
    RuntimeWheel,
    /// The wheel of the SDK.
    SdkWheel,
    /// The source distribution of the SDK.
    SdkSdist,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// The distribution that it is of, as its metadata spells it.
    pub distribution: String,
    /// The version in its metadata.
    pub version: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// The target triple that a runtime wheel is for.
    #[serde(default)]
    pub target: Option<String>,
    /// The platform tags of a wheel.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What `check` found.
    #[serde(default)]
    pub findings: Vec<FindingRecord>,
    /// The smoke receipts of exactly these bytes.
    #[serde(default)]
    pub receipts: Vec<ReceiptRecord>,
}

/// A finding, as the manifest keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The rule.
    pub rule: String,
    /// `error` or `warning`.
    pub severity: String,
    /// The member of the archive.
    pub member: Option<String>,
    /// What was found.
    pub message: String,
    /// Why it is accepted.
    pub accepted: Option<String>,
}

/// A smoke receipt, as the manifest keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRecord {
    /// The receipt's file name.
    pub file: String,
    /// `passed` or `failed`.
    pub outcome: String,
    /// How far the test went.
    pub level: String,
    /// Where it ran.
    pub platform: String,
}

/// A release as the gate saw it. Its JSON form is the report of `verify` and the release manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The version of this form.
    pub schema_version: u32,
    /// Whether it may be published.
    pub outcome: Outcome,
    /// The PEP 440 version.
    pub codex_version: String,
    /// What keeps it back.
    pub problems: Vec<Problem>,
    /// What does not keep it back, but should be known.
    pub warnings: Vec<Problem>,
    /// Its files, sorted by name.
    pub files: Vec<ReleaseFile>,
}

impl Release {
    /// The exit code that it calls for.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.outcome.exit()
    }
}
