//! The receipt of a publish: what became of every file, written whole after every change, never with a secret in it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::plan::Plan;
use crate::digest::Sha256Digest;
use crate::fs::{FsError, write_whole};

/// What a publish came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It goes on, or was interrupted.
    Running,
    /// Every file is up.
    Published,
    /// The index has other bytes under a planned name.
    Conflict,
    /// Nothing allows the upload.
    Unauthorised,
    /// The index refused a file.
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
pub enum State {
    /// Not sent yet.
    Planned,
    /// The index had these bytes already.
    PresentSame,
    /// Sent and stored.
    Uploaded,
    /// Stored, though the answer was lost.
    Stored,
    /// Refused or given up.
    Failed,
}

impl State {
    /// Whether the server has the file.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::PresentSame | Self::Uploaded | Self::Stored)
    }
}

/// One file of a receipt.
#[derive(Debug, Clone, Serialize)]
pub struct FileReceipt {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its size.
    pub bytes: u64,
    /// What became of it.
    pub state: State,
    /// The last status of the server.
    pub status: Option<u16>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long that took, in milliseconds.
    pub milliseconds: u64,
    /// Whether the index lists it with these bytes.
    pub visible: bool,
    /// What the server said last.
    pub detail: String,
}

/// What became of a publish.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// The version of this form.
    pub schema_version: u32,
    /// What it came to.
    pub outcome: Outcome,
    /// The PEP 440 version of the release.
    pub codex_version: String,
    /// The upload API.
    pub upload_url: String,
    /// The simple API.
    pub index_url: Option<String>,
    /// The digest of the plan.
    pub plan_sha256: Sha256Digest,
    /// Every file, in the order of the plan.
    pub files: Vec<FileReceipt>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

impl Receipt {
    /// The receipt of a plan before its first step; kept in `path`, where one is given.
    #[must_use]
    pub fn new(plan: &Plan, path: Option<&Path>) -> Self {
        let file = |file: &super::plan::PlannedFile| FileReceipt {
            name: file.name.clone(),
            sha256: file.sha256,
            bytes: file.bytes,
            state: State::Planned,
            status: None,
            attempts: 0,
            milliseconds: 0,
            visible: false,
            detail: String::new(),
        };
        Self {
            schema_version: 1,
            outcome: Outcome::Running,
            codex_version: plan.codex_version.clone(),
            upload_url: plan.upload_url.clone(),
            index_url: plan.index_url.clone(),
            plan_sha256: plan.digest(),
            files: plan.files().map(file).collect(),
            path: path.map(Path::to_owned),
        }
    }

    /// Changes the row of a file and writes the receipt.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn update(&mut self, name: &str, change: impl FnOnce(&mut FileReceipt)) -> Result<(), FsError> {
        if let Some(file) = self.files.iter_mut().find(|file| file.name == name) {
            change(file);
        }
        self.write()
    }

    /// Sets the outcome and writes the receipt.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(&mut self, outcome: Outcome) -> Result<(), FsError> {
        self.outcome = outcome;
        self.write()
    }

    /// How many files are in this state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.files.iter().filter(|file| file.state == state).count()
    }

    /// Writes the receipt where it is kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<(), FsError> {
        let Some(path) = &self.path else { return Ok(()) };
        // Serialising plain data cannot fail.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        write_whole(path, &text)
    }
}
