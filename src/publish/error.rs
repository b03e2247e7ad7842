//! Why a publish ended early, what a person can do about it, and the stable word for it.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;

use super::answer::advice;
use super::credentials::CredentialError;
use super::index::IndexError;
use super::plan::PlanError;
use super::receipt::Outcome;
use super::upload::SendError;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::http::HttpError;
use crate::wheel::name::NameError;

const AGAIN: &str = "run the same command again: what is up already is skipped by its digest";

/// Why a publish ended early.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The plan, or what it reads, is not good.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No client can be made.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Nothing allows the upload.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// An attestation cannot be read.
    #[error("cannot read an attestation")]
    Read(#[source] FsError),
    /// The receipt cannot be written.
    #[error("cannot keep the receipt")]
    Receipt(#[from] FsError),
    /// A planned name is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The index has other bytes.
    #[error("the index has other bytes under {} of the planned names: {}", conflicts.len(), list(conflicts))]
    Conflict {
        /// Name, planned digest, digest at the index where it tells one.
        conflicts: Vec<(String, Sha256Digest, Option<Sha256Digest>)>,
    },
    /// The index has had the release for so long that it takes no more of its files.
    #[error(
        "the index has `{project}` {version} since {since}, and takes no new file for a release older than 14 days: {} \
         cannot be added",
        files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ")
    )]
    Late {
        /// The distribution.
        project: String,
        /// Its version.
        version: String,
        /// When its first file was uploaded, as the index writes it.
        since: String,
        /// The files that are missing.
        files: Vec<String>,
    },
    /// The server refused a file.
    #[error("`{file}` was refused with {status}{}", after_colon(reason))]
    Refused {
        /// The file.
        file: String,
        /// The status.
        status: StatusCode,
        /// The server's sentence.
        reason: String,
    },
    /// The server does not take the token.
    #[error("`{file}` may not be uploaded ({status}){}", after_colon(reason))]
    Unauthorised {
        /// The file.
        file: String,
        /// The status.
        status: StatusCode,
        /// The server's sentence.
        reason: String,
    },
    /// The upload URL names a password.
    #[error("the upload URL holds a password")]
    Password,
    /// Every try failed.
    #[error("`{file}` could not be uploaded in {attempts} attempt{}: {why}", if *attempts == 1 { "" } else { "s" })]
    Transient {
        /// The file.
        file: String,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        why: String,
    },
    /// A file changed, or cannot be read.
    #[error("`{}` cannot be sent", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: SendError,
    },
    /// The server says that a file exists, and no index tells with which bytes.
    #[error("`{file}` exists at the server, and nothing tells whether with the same bytes")]
    Unknown {
        /// The file.
        file: String,
    },
    /// The index did not list what is stored.
    #[error("the index did not list {} within {} s", files.join(", "), after.as_secs())]
    NotVisible {
        /// The files.
        files: Vec<String>,
        /// How long was waited.
        after: Duration,
    },
}

/// A server need not say why.
fn after_colon(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn list(conflicts: &[(String, Sha256Digest, Option<Sha256Digest>)]) -> String {
    let row = |(name, planned, listed): &(String, Sha256Digest, Option<Sha256Digest>)| match listed {
        Some(listed) => format!("`{name}` (here {planned}, there {listed})"),
        None => format!("`{name}` (here {planned}, there without a digest)"),
    };
    conflicts.iter().map(row).collect::<Vec<_>>().join(", ")
}

impl PublishError {
    /// The stable word for what happened.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Plan(_) | Self::File { .. } => Outcome::Changed,
            Self::Conflict { .. } | Self::Unknown { .. } => Outcome::Conflict,
            Self::Refused { .. } | Self::Late { .. } => Outcome::Refused,
            Self::Unauthorised { .. } | Self::Credential(_) => Outcome::Unauthorised,
            Self::NotVisible { .. } => Outcome::NotVisible,
            Self::Http(_)
            | Self::Password
            | Self::Index(_)
            | Self::Read(_)
            | Self::Receipt(_)
            | Self::Name(_)
            | Self::Transient { .. } => Outcome::Transient,
        }
    }
}

impl Explain for PublishError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Plan(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Index(error) => error.hint(),
            Self::Credential(error) => error.hint(),
            Self::Receipt(error) | Self::Read(error) => error.hint(),
            Self::Name(error) => error.hint(),
            Self::Conflict { .. } => Some(
                "a published file cannot be changed: publish the very same bytes, or release another version".into(),
            ),
            Self::Late { .. } => Some(
                "release another version; where the index has no such rule, leave the index URL out: nothing is looked \
                 up then, and every file is sent"
                    .into(),
            ),
            Self::Refused { status, reason, .. } | Self::Unauthorised { status, reason, .. } => advice(*status, reason),
            Self::Password => {
                Some("leave it out: the token or password comes from RELKIT_TOKEN or `--token-stdin`".into())
            }
            Self::Unknown { .. } => {
                Some("give the simple API with `--index-url`, so that digests can be compared".into())
            }
            // A server that is busy can say with what, and then another try soon may not be enough.
            Self::Transient { why, .. } => advice(StatusCode::OK, why).or_else(|| Some(AGAIN.into())),
            Self::NotVisible { .. } => Some(AGAIN.into()),
            Self::File { .. } => Some("verify again, and let nothing write to the directory meanwhile".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Plan(error) => error.exit(),
            Self::Credential(error) => error.exit(),
            Self::Conflict { .. }
            | Self::Late { .. }
            | Self::Refused { .. }
            | Self::Unauthorised { .. }
            | Self::Unknown { .. } => Exit::NotGood,
            Self::File { source: SendError::Changed { .. } | SendError::Attestation, .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}
