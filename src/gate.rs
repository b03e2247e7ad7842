//! Step 7, the gate before a publish.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

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
    /// The distribution that it is of, as its METADATA spells it.
    pub distribution: String,
    /// The version in its METADATA.
    pub version: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
}
