//! The receipt of a publish: what became of every file, written whole after every change, never with a secret in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::{Plan, PlannedFile};
use crate::console::Shown;
use crate::console::text::plural;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Failure};
use crate::fs::{self, FsError, from_json, write_json};
use crate::version::PublicVersion;

/// The version of the JSON form.
const SCHEMA_VERSION: u32 = 1;

/// What a publish came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishOutcome {
    /// It goes on, or was interrupted.
    Running,
    /// Every file is up.
    Published,
    /// The index has other bytes under a planned name.
    Conflict,
    Unauthorised,
    Refused,
    /// The network or the server failed as often as it was tried.
    Transient,
    /// Files are up, but the index does not list them yet; the SDK was held back.
    NotVisible,
    /// A file is not what was verified.
    Changed,
}

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// Nothing is known of it yet.
    Planned,
    /// The index was asked, and does not list it.
    Absent,
    /// The index lists its name, with other bytes or with nothing that tells.
    Taken,
    /// The index had these bytes already.
    PresentSame,
    Uploaded,
    /// Stored, though the answer was lost.
    Stored,
    /// Refused or given up.
    Failed,
}

/// Who can be asked what is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexToAsk {
    Index,
    /// No index URL is given.
    Nobody,
}

impl IndexToAsk {
    pub(crate) fn of<T>(index: Option<&T>) -> Self {
        if index.is_some() { Self::Index } else { Self::Nobody }
    }
}

impl FileState {
    /// Whether the server has the file.
    pub(crate) fn is_up(self) -> bool {
        matches!(self, Self::PresentSame | Self::Uploaded | Self::Stored)
    }

    /// What is said of a file in this state.
    pub(crate) fn word(self, asked: IndexToAsk) -> &'static str {
        match self {
            Self::PresentSame | Self::Uploaded | Self::Stored => "up",
            Self::Taken => "taken",
            Self::Absent | Self::Failed => "missing",
            Self::Planned if asked == IndexToAsk::Index => "not looked at",
            Self::Planned => "not sent",
        }
    }
}

/// How many of `all` files are up, where it is not known of `unknown` whether they are.
pub(crate) fn standing(up: usize, unknown: usize, all: usize) -> String {
    let known = if unknown > 0 { " known to be" } else { "" };
    let are = if all == 1 { "is" } else { "are" };
    format!("{up} of {} {are}{known} up", plural(all, "file"))
}

/// Said last where there is no index to ask.
pub(crate) const NOT_ASKED: &str =
    "nothing was looked up, because no index URL is given: what the index has is not known";

#[derive(Debug, Clone, Serialize)]
pub struct FileReceipt {
    pub name: String,
    pub(super) sha256: Sha256Digest,
    pub(super) bytes: u64,
    pub state: FileState,
    /// The last status of the server.
    pub(super) status: Option<u16>,
    /// How often it was sent.
    pub attempts: u32,
    /// How many attestations went with it.
    pub(super) attestations: usize,
    /// How long that took.
    pub(super) milliseconds: u64,
    /// Whether the index lists it with these bytes.
    pub(super) visible: bool,
    /// What the server said last.
    pub(super) detail: String,
}

/// What became of a publish.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    pub(super) schema_version: u32,
    pub outcome: PublishOutcome,
    /// The PEP 440 version of the release.
    pub(crate) release_version: PublicVersion,
    pub(crate) upload_url: String,
    pub(crate) index_url: Option<String>,
    pub(super) plan_sha256: Sha256Digest,
    /// In the order of the plan.
    pub files: Vec<FileReceipt>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

impl Receipt {
    /// The receipt of a plan before its first step; kept in `path`, where one is given.
    pub(super) fn new(plan: &Plan, path: Option<&Path>) -> Self {
        let file = |file: &PlannedFile| FileReceipt {
            name: file.name.clone(),
            sha256: file.sha256,
            bytes: file.bytes,
            state: FileState::Planned,
            status: None,
            attempts: 0,
            attestations: 0,
            milliseconds: 0,
            visible: false,
            detail: String::new(),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            outcome: PublishOutcome::Running,
            release_version: plan.release_version.clone(),
            upload_url: plan.upload_url.clone(),
            index_url: plan.index_url.clone(),
            plan_sha256: plan.digest(),
            files: plan.files().map(file).collect(),
            path: path.map(Path::to_owned),
        }
    }

    /// Changes the row of a file.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&mut FileReceipt)) {
        if let Some(file) = self.files.iter_mut().find(|file| file.name == name) {
            change(file);
        }
    }

    /// Whether the server has a file, as far as this publish knows.
    pub(super) fn is_up(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name && file.state.is_up())
    }

    /// Changes the row of a file and writes the receipt.
    pub(super) fn update(&mut self, name: &str, change: impl FnOnce(&mut FileReceipt)) -> Result<(), FsError> {
        self.change(name, change);
        self.write()
    }

    /// Changes the state of a file; whatever is seen at the index is visible.
    pub(super) fn set(&mut self, name: &str, state: FileState) {
        if let Some(row) = self.files.iter_mut().find(|file| file.name == name) {
            row.state = state;
            row.visible |= matches!(state, FileState::PresentSame | FileState::Stored);
        }
    }

    pub(super) fn finish(&mut self, outcome: PublishOutcome) -> Result<(), FsError> {
        self.outcome = outcome;
        self.write()
    }

    /// How many files are in this state.
    pub fn count(&self, state: FileState) -> usize {
        self.files.iter().filter(|file| file.state == state).count()
    }

    /// Writes the receipt where it is kept.
    pub(super) fn write(&self) -> Result<(), FsError> {
        self.path.as_ref().map_or(Ok(()), |path| write_json(path, self))
    }
}

/// The names of the files that a publish sent with attestations, as its receipt tells.
pub(crate) fn sent_with_attestations(path: &Path) -> Result<BTreeSet<String>, Failure> {
    #[derive(Deserialize)]
    struct Sent {
        files: Vec<SentFile>,
    }
    #[derive(Deserialize)]
    struct SentFile {
        name: String,
        attestations: usize,
    }
    let sent: Sent = from_json(&fs::read(path)?, SCHEMA_VERSION).map_err(|error| {
        let mut failure = Failure::new(Exit::Failed, format!("`{}` is not the receipt of a publish", path.display()));
        failure.chain.push(error.to_string());
        failure.with_hint("give what `relkit publish --receipt FILE` wrote")
    })?;
    Ok(sent.files.into_iter().filter(|file| file.attestations > 0).map(|file| file.name).collect())
}

impl Shown for Receipt {
    fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
