//! A published release as an index lists it, held against the bytes that came from there.

use std::collections::BTreeSet;

use crate::console::text::because;
use crate::digest::Sha256Digest;

/// What an index has of a release, beside the files themselves.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// The index, as it may be printed.
    pub(crate) index: String,
    pub(crate) files: Vec<AuditedFile>,
    /// What was to be published, where it is known.
    pub(crate) manifest: Option<Vec<(String, Sha256Digest)>>,
    pub(crate) attested: Attested,
    /// What is wrong with the project there, a sentence each.
    pub(crate) objections: Vec<String>,
}

/// Which files must have an attestation at the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Attested {
    /// Those that are there must be of the file.
    #[default]
    WhereThere,
    /// These files, by name: they were sent with one.
    AsSent(BTreeSet<String>),
    Always,
}

impl Attested {
    pub(crate) fn is_asked_of(&self, file: &str) -> bool {
        match self {
            Self::WhereThere => false,
            Self::AsSent(files) => files.contains(file),
            Self::Always => true,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct AuditedFile {
    pub(crate) name: String,
    /// The SHA-256 that the index's page tells.
    pub(crate) listed: Option<Sha256Digest>,
    /// That of the bytes; otherwise why they did not come.
    pub(crate) fetched: Result<Sha256Digest, String>,
    /// Why it is yanked, if it is; the reason may be empty.
    pub(crate) yanked: Option<String>,
    pub(crate) provenance: Provenance,
}

impl AuditedFile {
    /// The reason of a yank in brackets, empty where none is given; none where the file is not yanked.
    pub(crate) fn yanked_because(&self) -> Option<String> {
        self.yanked.as_deref().map(because)
    }
}

/// The attestations of a file that an index has (PEP 740).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Provenance {
    #[default]
    Absent,
    /// Each is about this file; signatures are left to the index and to installers.
    Good,
    Bad(String),
}
