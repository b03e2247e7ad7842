//! What was retagged, and what was refused: data for programs, and the reasons for people.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::error::RetagError;
use crate::build::output::portable_path;
use crate::console::{Shown, text::visible};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain as _, sentence};
use crate::target::PlatformTag;

/// The wheels that were written, or the problems for which none was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub(crate) schema_version: u32,
    pub wheels: Vec<Retagged>,
    pub problems: Vec<RetagProblem>,
}

impl Default for Report {
    fn default() -> Self {
        Self { schema_version: 1, wheels: Vec::new(), problems: Vec::new() }
    }
}

/// A wheel that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retagged {
    #[serde(serialize_with = "portable_path")]
    pub(crate) source: PathBuf,
    pub(crate) source_sha256: Sha256Digest,
    #[serde(serialize_with = "portable_path")]
    pub path: PathBuf,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256Digest,
    /// The platform tags of the file name that was given, as they stand there.
    pub(crate) tags_before: Vec<String>,
    pub(crate) tags: Vec<PlatformTag>,
    /// Whether the tags are others than before.
    pub(crate) changed: bool,
    /// Why it carries no better tags.
    pub(crate) reasons: Vec<Reason>,
    pub(crate) warnings: Vec<String>,
}

/// What keeps a tag from being honest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    pub(crate) tag: PlatformTag,
    pub(crate) member: String,
    pub(crate) because: String,
}

/// Why a wheel was not retagged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetagProblem {
    #[serde(serialize_with = "portable_path")]
    pub(crate) path: PathBuf,
    pub message: String,
    pub help: Option<String>,
}

impl RetagProblem {
    pub(super) fn of(path: &Path, error: &RetagError) -> Self {
        Self { path: path.to_owned(), message: sentence(error), help: error.hint() }
    }
}

impl Report {
    /// Not good where a wheel was refused.
    pub(crate) fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Good } else { Exit::NotGood }
    }
}

impl Shown for Report {
    /// Per wheel the tags that it does not carry, and why; the rest is said by status lines.
    fn text(&self) -> String {
        let explained = self.wheels.iter().filter(|wheel| !wheel.reasons.is_empty());
        let block = |wheel: &Retagged| {
            let name = wheel.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let line = |reason: &Reason| {
                format!("  not `{}`: `{}`: {}\n", reason.tag, visible(&reason.member), visible(&reason.because))
            };
            format!("{}\n", visible(&name)) + &wheel.reasons.iter().map(line).collect::<String>()
        };
        explained.map(block).collect::<Vec<_>>().join("\n")
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
