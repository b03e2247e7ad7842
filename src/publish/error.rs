//! Why a publish ended early, what a person can do about it, and the stable word for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;

use super::answer::advice;
use super::credentials::CredentialError;
use super::index::IndexError;
use super::plan::PlanError;
use super::receipt::PublishOutcome;
use super::upload::SendError;
use crate::console::text::{because, plural, quoted};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{FsError, io_hint};
use crate::http::sentence::Verdict;
use crate::http::{self, HttpError, words};
use crate::wheel::name::DistributionName;

const AGAIN: &str = "run the same command again: what is up already is skipped by its digest";

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("cannot read an attestation")]
    Read(#[source] FsError),
    #[error("cannot keep the receipt")]
    Receipt(#[from] FsError),
    #[error("{}", conflict(conflicts))]
    Conflict {
        /// Name, planned digest, digest at the index where it tells one.
        conflicts: Vec<(String, Sha256Digest, Option<Sha256Digest>)>,
    },
    /// The index has had the release for so long that it takes no more of its files.
    #[error(
        "the index has `{project}` {version} since {since}, and takes no new file for a release older than 14 days: {} \
         cannot be added",
        quoted(files)
    )]
    Late {
        project: DistributionName,
        version: String,
        /// When its first file was uploaded, as the index writes it.
        since: String,
        files: Vec<String>,
    },
    /// An installer that finds no wheel for its machine would build it.
    #[error("the index has an sdist of the runtime `{project}`: {}", quoted(files))]
    RuntimeSdist { project: DistributionName, files: Vec<String> },
    /// The status of PEP 792.
    #[error("the index calls `{project}` {status}{}, and takes no file of it", because(reason))]
    Closed { project: DistributionName, status: String, reason: String },
    #[error("`{file}` was refused with {}{}", words(*status), after_colon(reason))]
    Refused { file: String, status: StatusCode, reason: String, verdict: Verdict },
    #[error("`{file}` may not be uploaded ({}){}", words(*status), after_colon(reason))]
    Unauthorised { file: String, status: StatusCode, reason: String },
    #[error("the upload URL holds a password")]
    Password,
    /// Every try failed; `why` is of the last.
    #[error("`{file}` could not be uploaded in {}: {why}", plural(*attempts as usize, "attempt"))]
    Transient { file: String, attempts: u32, why: String },
    #[error("`{}` cannot be sent", path.display())]
    File { path: PathBuf, source: SendError },
    /// No index tells with which bytes the file exists.
    #[error(
        "`{file}` exists at the server ({}{}), and nothing tells whether with the same bytes{}",
        words(*status), after_colon(reason), waited(*asked)
    )]
    Unknown { file: String, status: StatusCode, reason: String, asked: Asked },
    #[error("the index did not list {} within {after}{}", files.join(", "), not_its_own(elsewhere))]
    NotVisible {
        files: Vec<String>,
        after: Waited,
        /// The other indexes that its pages are from.
        elsewhere: Vec<String>,
    },
}

/// Whether there was an index to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Index,
    /// For as long as `--visible-timeout` says.
    IndexFor(Duration),
    Nobody,
}

/// How long the index was given to list files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// As long as `--visible-timeout` says.
    AsAsked(Duration),
    /// Less, because it leads to another index all that while.
    WhileLed(Duration),
}

impl Waited {
    pub(super) fn time(self) -> Duration {
        match self {
            Self::AsAsked(time) | Self::WhileLed(time) => time,
        }
    }
}

impl fmt::Display for Waited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = if matches!(self, Self::AsAsked(_)) { " (`--visible-timeout`)" } else { "" };
        write!(formatter, "{} s{option}", self.time().as_secs())
    }
}

fn waited(asked: Asked) -> String {
    match asked {
        Asked::IndexFor(after) => {
            format!(": the index did not list it within {} s (`--visible-timeout`)", after.as_secs())
        }
        Asked::Index | Asked::Nobody => String::new(),
    }
}

fn not_its_own(elsewhere: &[String]) -> String {
    if elsewhere.is_empty() {
        return String::new();
    }
    format!(": it leads to {}, and what another index lists is not its own", quoted(elsewhere))
}

/// A server need not say why.
fn after_colon(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

type Row = (String, Sha256Digest, Option<Sha256Digest>);

/// What is known of the planned names that are taken: "other bytes" is said of those alone of which that is known.
fn conflict(conflicts: &[Row]) -> String {
    let (other, unknown): (Vec<&Row>, Vec<&Row>) = conflicts.iter().partition(|(_, _, listed)| listed.is_some());
    let rows = |rows: &[&Row]| rows.iter().map(|row| list(row)).collect::<Vec<_>>().join(", ");
    let known = format!("the index has other bytes under {} of the planned names: {}", other.len(), rows(&other));
    let untold = format!(
        "the index lists {} of the planned names without a SHA-256, and its files cannot be compared, so that nothing tells \
         with which bytes it has them: {}",
        unknown.len(),
        rows(&unknown)
    );
    match (other.is_empty(), unknown.is_empty()) {
        (_, true) => known,
        (true, false) => untold,
        (false, false) => format!("{known}; {untold}"),
    }
}

fn list((name, planned, listed): &Row) -> String {
    match listed {
        Some(listed) => format!("`{name}` (here {planned}, there {listed})"),
        None => format!("`{name}` (here {planned}, there without a digest)"),
    }
}

impl PublishError {
    /// The stable word for what happened.
    pub(super) fn outcome(&self) -> PublishOutcome {
        match self {
            Self::Plan(_) | Self::File { source: SendError::Changed { .. } | SendError::Attestation, .. } => {
                PublishOutcome::Changed
            }
            Self::Conflict { .. } | Self::Unknown { .. } => PublishOutcome::Conflict,
            Self::Refused { .. } | Self::Late { .. } | Self::RuntimeSdist { .. } | Self::Closed { .. } => {
                PublishOutcome::Refused
            }
            Self::Unauthorised { .. } | Self::Credential(_) => PublishOutcome::Unauthorised,
            Self::NotVisible { .. } => PublishOutcome::NotVisible,
            Self::Http(_)
            | Self::Password
            | Self::Index(_)
            | Self::Read(_)
            | Self::Receipt(_)
            | Self::File { .. }
            | Self::Transient { .. } => PublishOutcome::Transient,
        }
    }
}

impl Explain for PublishError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Plan(error) => return error.hint(),
            Self::Http(error) => return error.hint(),
            Self::Index(error) => return error.hint(),
            Self::Credential(error) => return error.hint(),
            Self::Receipt(error) | Self::Read(error) => return error.hint(),
            Self::Refused { status, reason, verdict, .. } => advice(*status, reason, *verdict)?,
            Self::Unauthorised { status, reason, .. } => advice(*status, reason, Verdict::Refused)?,
            // A server that is busy can say with what, and then another try soon may not be enough.
            Self::Transient { why, .. } => {
                advice(StatusCode::INTERNAL_SERVER_ERROR, why, Verdict::Refused).unwrap_or(AGAIN)
            }
            Self::NotVisible { elsewhere, .. } if !elsewhere.is_empty() => {
                "check that `--index-url` is of the index that the files were sent to, and let its server hand out its own pages \
                 (pypiserver: `--disable-fallback`; devpi: an index without bases); then run the same command again"
            }
            Self::NotVisible { .. } => AGAIN,
            Self::Conflict { conflicts } if conflicts.iter().all(|(_, _, listed)| listed.is_none()) => {
                "leave the index URL out: nothing is looked up then, and the server itself compares; or use an index that tells \
                 SHA-256 digests"
            }
            Self::RuntimeSdist { .. } => "delete it there, or release another version: installers would build it",
            Self::Closed { status, .. } if status == "quarantined" => {
                "ask those who run the index: nobody can install the project meanwhile"
            }
            Self::Closed { .. } => "unarchive the project at the index, then run the same command again",
            Self::Conflict { .. } => {
                "a published file cannot be changed: publish the very same bytes, or release another version"
            }
            Self::Late { .. } => {
                "release another version; where the index has no such rule, leave the index URL out: nothing is looked up \
                 then, and every file is sent"
            }
            Self::Password => "leave it out: the token or password comes from RELKIT_TOKEN or `--token-stdin`",
            Self::Unknown { asked: Asked::Index | Asked::IndexFor(_), .. } => {
                "the index does not list it (yet): run the same command again once it does, or release another version"
            }
            Self::Unknown { .. } => "give the simple API with `--index-url`, so that digests can be compared",
            Self::File { source: SendError::Loop(source) | SendError::Read { source, .. }, .. } => io_hint(source),
            Self::File { source: source @ SendError::Connection(_), .. } => http::want(source).unwrap_or(AGAIN),
            Self::File { .. } => "verify again, and let nothing write to the directory meanwhile",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Plan(error) => error.exit(),
            Self::Credential(error) => error.exit(),
            Self::Conflict { .. }
            | Self::Late { .. }
            | Self::RuntimeSdist { .. }
            | Self::Closed { .. }
            | Self::Refused { .. }
            | Self::Unauthorised { .. }
            | Self::Unknown { .. } => Exit::NotGood,
            Self::File { source: SendError::Changed { .. } | SendError::Attestation, .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}
