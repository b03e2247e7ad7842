//! The digests that an artefact must have, one at the least.

use std::fs::File;
use std::io;

use crate::digest::{Sha256Digest, Sha512Digest, both_of_reader};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    pub(super) sha256: Option<Sha256Digest>,
    pub(super) sha512: Option<Sha512Digest>,
}

/// What the bytes of an artefact are.
pub(super) struct Actual {
    pub(super) sha256: Sha256Digest,
    /// Known where it was asked for.
    sha512: Option<Sha512Digest>,
    pub(super) bytes: u64,
}

/// A digest that is not the one expected, both as they are shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(super) algorithm: &'static str,
    pub(super) expected: String,
    pub(super) actual: String,
}

impl From<Sha256Digest> for Expected {
    fn from(digest: Sha256Digest) -> Self {
        Self { sha256: Some(digest), sha512: None }
    }
}

impl Expected {
    /// Reads a file to its end.
    pub(super) fn read(expected: Option<&Self>, file: &mut File) -> io::Result<Actual> {
        if expected.is_some_and(|expected| expected.sha512.is_some()) {
            let (sha256, sha512, bytes) = both_of_reader(file)?;
            return Ok(Actual { sha256, sha512: Some(sha512), bytes });
        }
        let (sha256, bytes) = Sha256Digest::of_reader(file)?;
        Ok(Actual { sha256, sha512: None, bytes })
    }

    /// How the bytes differ from what is expected of them.
    pub(super) fn difference(&self, actual: &Actual) -> Option<Difference> {
        if let Some(expected) = self.sha256.filter(|expected| *expected != actual.sha256) {
            let (expected, actual) = (expected.to_string(), actual.sha256.to_string());
            return Some(Difference { algorithm: "SHA-256", expected, actual });
        }
        let expected = self.sha512.filter(|expected| Some(*expected) != actual.sha512)?;
        let actual = actual.sha512.map(|digest| digest.to_string()).unwrap_or_default();
        Some(Difference { algorithm: "SHA-512", expected: expected.to_string(), actual })
    }
}
