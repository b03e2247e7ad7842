//! Carrying a plan out: what the index has is skipped by digest, the runtime goes up first, the SDK only once the index
//! lists every runtime file. Running the same command again is the way to resume.

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use url::Url;

use super::answer::{Verdict, advice, verdict};
use super::credentials::{CredentialError, Mask, Source};
use super::form::{Frame, metadata_fields};
use super::http::{self, HttpError};
use super::index::{Index, IndexError, Listing, Presence, presence};
use super::plan::{Phase, Plan, PlanError, PlannedFile, metadata};
use super::receipt::{Outcome, Receipt, State};
use super::upload::{Answer, Patience, Send, SendError, Uploader};
use crate::console::{Progress, human_bytes};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::wheel::name::{DistributionName, NameError};

const ATTEMPTS: u32 = 6;
const REDIRECTS: u32 = 3;

/// How long a publish waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For a silent server.
    pub patience: Patience,
    /// For one file, all attempts together.
    pub deadline: Duration,
    /// For the index to list what is stored.
    pub visible: Duration,
    /// Before the first repeat of anything; later pauses grow.
    pub first_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            patience: Patience::default(),
            deadline: Duration::from_secs(30 * 60),
            visible: Duration::from_secs(10 * 60),
            first_pause: Duration::from_secs(1),
        }
    }
}

/// What is published, and where.
pub struct Request<'a> {
    /// The files in order.
    pub plan: &'a Plan,
    /// The directory that holds them.
    pub dist: &'a Path,
    /// The upload API.
    pub upload_url: &'a Url,
    /// The simple API, where one was given.
    pub index: Option<&'a Index>,
    /// Where the receipt is kept.
    pub receipt: Option<&'a Path>,
    /// How long to wait.
    pub pace: Pace,
}

/// Something that happened; displays as one line.
#[derive(Debug, Clone)]
pub enum Event {
    /// The index has these bytes.
    Skipped(
        /// The file.
        String,
    ),
    /// A file was sent and stored.
    Uploaded {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
        /// How long it took.
        elapsed: Duration,
    },
    /// A try failed and another follows.
    Retrying {
        /// The file.
        file: String,
        /// Why.
        why: String,
        /// After which pause.
        pause: Duration,
    },
    /// The index is asked until it lists the files of a phase.
    Waiting {
        /// The phase.
        phase: String,
        /// How many files it does not list yet.
        missing: usize,
    },
    /// The index lists every file of a phase.
    Visible(
        /// The phase.
        String,
    ),
    /// Something to know.
    Warning(
        /// What.
        String,
    ),
}

impl Event {
    /// The verb of its line.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Skipped(_) => "Skipped",
            Self::Uploaded { .. } => "Uploaded",
            Self::Retrying { .. } => "Retrying",
            Self::Waiting { .. } => "Waiting",
            Self::Visible(_) => "Visible",
            Self::Warning(_) => "Warning",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(file) => write!(formatter, "`{file}`: the index has these bytes"),
            Self::Uploaded { file, bytes, elapsed } => {
                let rate = human_bytes((*bytes as f64 / elapsed.as_secs_f64().max(0.001)) as u64);
                write!(formatter, "`{file}` ({}, {rate}/s)", human_bytes(*bytes))
            }
            Self::Retrying { file, why, pause } => {
                write!(formatter, "`{file}` in {:.1} s: {why}", pause.as_secs_f64())
            }
            Self::Waiting { phase, missing } => {
                write!(formatter, "for the index to list {missing} files of the {phase}")
            }
            Self::Visible(phase) => write!(formatter, "the index lists every file of the {phase}"),
            Self::Warning(text) => formatter.write_str(text),
        }
    }
}

/// Who is told.
pub struct Listener<'a> {
    /// Called with every event.
    pub event: &'a dyn Fn(&Event),
    /// Makes the bar of one file: its name, its size.
    pub progress: &'a dyn Fn(&str, u64) -> Progress,
    /// Masks a secret in the job's log.
    pub mask: Mask<'a>,
}

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
    /// The server refused a file.
    #[error("`{file}` was refused with {status}: {reason}")]
    Refused {
        /// The file.
        file: String,
        /// The status.
        status: StatusCode,
        /// The server's sentence.
        reason: String,
    },
    /// The server does not take the token.
    #[error("`{file}` may not be uploaded ({status}): {reason}")]
    Unauthorised {
        /// The file.
        file: String,
        /// The status.
        status: StatusCode,
        /// The server's sentence.
        reason: String,
    },
    /// Every try failed.
    #[error("`{file}` could not be uploaded in {attempts} attempts: {why}")]
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
            Self::Refused { .. } => Outcome::Refused,
            Self::Unauthorised { .. } | Self::Credential(_) => Outcome::Unauthorised,
            Self::NotVisible { .. } => Outcome::NotVisible,
            Self::Http(_) | Self::Index(_) | Self::Receipt(_) | Self::Name(_) | Self::Transient { .. } => {
                Outcome::Transient
            }
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
            Self::Receipt(error) => error.hint(),
            Self::Name(error) => error.hint(),
            Self::Conflict { .. } => Some(
                "a published file cannot be changed: publish the very same bytes, or release another version".into(),
            ),
            Self::Refused { status, reason, .. } | Self::Unauthorised { status, reason, .. } => advice(*status, reason),
            Self::Unknown { .. } => {
                Some("give the simple API with `--index-url`, so that digests can be compared".into())
            }
            Self::Transient { .. } | Self::NotVisible { .. } => {
                Some("run the same command again: what is up already is skipped by its digest".into())
            }
            Self::File { .. } => Some("verify again, and let nothing write to the directory meanwhile".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Plan(error) => error.exit(),
            Self::Credential(error) => error.exit(),
            Self::Conflict { .. } | Self::Refused { .. } | Self::Unauthorised { .. } | Self::Unknown { .. } => {
                Exit::NotGood
            }
            Self::File { source: SendError::Changed { .. }, .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}

/// What the index has of a plan, file by file in its order. Sends nothing.
///
/// # Errors
/// When the index cannot be read, or has other bytes under a planned name: all such names at once.
pub fn survey(plan: &Plan, index: &Index) -> Result<Vec<(String, Presence)>, PublishError> {
    let mut found = Vec::new();
    for phase in &plan.phases {
        found.extend(phase_presence(phase, index)?);
    }
    conflicts(plan, &found)?;
    Ok(found)
}

fn phase_presence(phase: &Phase, index: &Index) -> Result<Vec<(String, Presence)>, PublishError> {
    let mut found = Vec::new();
    let mut project: Option<(&str, Listing)> = None;
    for file in &phase.files {
        let listing = match &project {
            Some((name, listing)) if *name == file.project => listing,
            _ => {
                let name: DistributionName = file.project.parse()?;
                &project.insert((&file.project, index.listing(&name)?)).1
            }
        };
        found.push((file.name.clone(), presence(listing, &file.name, file.sha256)));
    }
    Ok(found)
}

fn conflicts(plan: &Plan, found: &[(String, Presence)]) -> Result<(), PublishError> {
    let conflict = |(name, presence): &(String, Presence)| {
        let planned = plan.files().find(|file| file.name == *name)?.sha256;
        match presence {
            Presence::Other(listed) => Some((name.clone(), planned, Some(*listed))),
            Presence::Unhashed => Some((name.clone(), planned, None)),
            Presence::Absent | Presence::Same => None,
        }
    };
    let conflicts: Vec<_> = found.iter().filter_map(conflict).collect();
    if conflicts.is_empty() { Ok(()) } else { Err(PublishError::Conflict { conflicts }) }
}

/// Carries a plan out. The receipt says how far it came; the second value is the first thing that kept it from going on.
pub fn publish(
    request: &Request<'_>,
    source: impl FnOnce() -> Result<Source, CredentialError>,
    listener: &Listener<'_>,
) -> (Receipt, Result<(), PublishError>) {
    let mut receipt = Receipt::new(request.plan, request.receipt);
    let outcome = Run { request, listener, receipt: &mut receipt }.all(source);
    let word = outcome.as_ref().map_or_else(PublishError::outcome, |()| Outcome::Published);
    let kept = receipt.finish(word).map_err(PublishError::from);
    // The error that ended the run is worth more than one about its receipt.
    let outcome = outcome.and(kept);
    (receipt, outcome)
}

struct Run<'a> {
    request: &'a Request<'a>,
    listener: &'a Listener<'a>,
    receipt: &'a mut Receipt,
}

impl Run<'_> {
    fn all(&mut self, source: impl FnOnce() -> Result<Source, CredentialError>) -> Result<(), PublishError> {
        if !http::is_safe(self.request.upload_url) {
            return Err(HttpError::Insecure { url: http::shown(self.request.upload_url) }.into());
        }
        let present = match self.request.index {
            Some(index) => survey(self.request.plan, index)?,
            None => {
                let text =
                    "no index URL is given: files that are up already cannot be told, nor when they become visible";
                (self.listener.event)(&Event::Warning(text.into()));
                Vec::new()
            }
        };
        let is_present = |file: &PlannedFile| present.contains(&(file.name.clone(), Presence::Same));
        if self.request.plan.files().all(is_present) {
            // Nothing is left to send, so nothing needs to allow it.
            return self.request.plan.files().try_for_each(|file| self.skip(file));
        }
        let mut source = source()?;
        let uploader = Uploader::new(self.request.pace.patience)?;
        let plan = self.request.plan;
        for phase in &plan.phases {
            for file in &phase.files {
                if is_present(file) {
                    self.skip(file)?;
                } else {
                    self.upload(file, &uploader, &mut source)?;
                }
            }
            self.wait_until_visible(phase)?;
        }
        Ok(())
    }

    fn skip(&mut self, file: &PlannedFile) -> Result<(), PublishError> {
        (self.listener.event)(&Event::Skipped(file.name.clone()));
        Ok(self.receipt.update(&file.name, |row| {
            row.state = State::PresentSame;
            row.visible = true;
        })?)
    }

    fn upload(&mut self, file: &PlannedFile, uploader: &Uploader, source: &mut Source) -> Result<(), PublishError> {
        let path = self.request.dist.join(&file.name);
        let mut fields = file.control_fields();
        fields.extend(metadata_fields(&metadata(&path)?));
        let frame = Frame::new(&fields, &file.name, &file.sha256.to_string());
        let started = Instant::now();
        let mut url = self.request.upload_url.clone();
        let (mut attempts, mut redirects, mut renewed, mut garbled) = (0, 0, false, false);
        loop {
            attempts += 1;
            let token = source.token(&file.project, self.listener.mask)?;
            let progress = (self.listener.progress)(&file.name, file.bytes);
            let send = Send { url: &url, path: &path, bytes: file.bytes, sha256: file.sha256, frame: &frame, token };
            let sent = uploader.send(&send, &progress);
            progress.finish();
            let elapsed = started.elapsed();
            let (status, detail) = match &sent {
                Ok(answer) => (Some(answer.status.as_u16()), answer.reason.clone()),
                Err(error) => (None, chain(error)),
            };
            self.receipt.update(&file.name, |row| {
                row.attempts = attempts;
                row.milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
                row.status = status;
                row.detail = detail.clone();
            })?;
            let (why, wish) = match sent {
                Ok(answer) => match verdict(&answer) {
                    Verdict::Stored => {
                        if !answer.reason.is_empty() {
                            (self.listener.event)(&Event::Warning(format!("`{}`: {}", file.name, answer.reason)));
                        }
                        let name = file.name.clone();
                        (self.listener.event)(&Event::Uploaded { file: name, bytes: file.bytes, elapsed });
                        return Ok(self.receipt.update(&file.name, |row| row.state = State::Uploaded)?);
                    }
                    Verdict::Exists => return self.settle_existing(file),
                    Verdict::Expired if !renewed && source.forget(&file.project) => {
                        renewed = true;
                        ("the token expired; minting another".to_owned(), Some(Duration::ZERO))
                    }
                    Verdict::Garbled if !garbled => {
                        garbled = true;
                        (answer.reason, None)
                    }
                    Verdict::Elsewhere(location) if redirects < REDIRECTS && same_server(&url, &location).is_some() => {
                        redirects += 1;
                        attempts -= 1;
                        url = same_server(&url, &location).unwrap_or(url);
                        continue;
                    }
                    Verdict::TryAgain(wish) => (sentence(&answer), Some(wish).filter(|wish| !wish.is_zero())),
                    Verdict::Unauthorised | Verdict::Expired => {
                        self.receipt.update(&file.name, |row| row.state = State::Failed)?;
                        return Err(PublishError::Unauthorised {
                            file: file.name.clone(),
                            status: answer.status,
                            reason: answer.reason,
                        });
                    }
                    Verdict::Refused | Verdict::Garbled | Verdict::Elsewhere(_) => {
                        self.receipt.update(&file.name, |row| row.state = State::Failed)?;
                        return Err(PublishError::Refused {
                            file: file.name.clone(),
                            status: answer.status,
                            reason: answer.reason,
                        });
                    }
                },
                Err(source @ (SendError::Read { .. } | SendError::Changed { .. })) => {
                    self.receipt.update(&file.name, |row| row.state = State::Failed)?;
                    return Err(PublishError::File { path, source });
                }
                Err(error) => (chain(&error), None),
            };
            let pause = wish.unwrap_or_else(|| backoff(self.request.pace.first_pause, attempts));
            if attempts >= ATTEMPTS || started.elapsed() + pause > self.request.pace.deadline {
                // The last answer may have been lost on its way: only the index knows.
                if self.is_stored(file)? {
                    return Ok(());
                }
                self.receipt.update(&file.name, |row| row.state = State::Failed)?;
                return Err(PublishError::Transient { file: file.name.clone(), attempts, why });
            }
            (self.listener.event)(&Event::Retrying { file: file.name.clone(), why, pause });
            thread::sleep(pause);
            if self.is_stored(file)? {
                return Ok(());
            }
        }
    }

    /// Whether the index lists the file after a lost answer; a conflict is an error.
    fn is_stored(&mut self, file: &PlannedFile) -> Result<bool, PublishError> {
        let Some(index) = self.request.index else { return Ok(false) };
        // An index that cannot be read right now proves nothing; the upload is tried again.
        let Ok(listing) = index.listing(&file.project.parse()?) else { return Ok(false) };
        let found = [(file.name.clone(), presence(&listing, &file.name, file.sha256))];
        conflicts(self.request.plan, &found)?;
        if found[0].1 != Presence::Same {
            return Ok(false);
        }
        (self.listener.event)(&Event::Skipped(file.name.clone()));
        self.receipt.update(&file.name, |row| {
            row.state = State::Stored;
            row.visible = true;
        })?;
        Ok(true)
    }

    /// The server says that the name is taken: the index must tell by whom.
    fn settle_existing(&mut self, file: &PlannedFile) -> Result<(), PublishError> {
        let unknown = || PublishError::Unknown { file: file.name.clone() };
        if self.request.index.is_none() {
            self.receipt.update(&file.name, |row| row.state = State::Failed)?;
            return Err(unknown());
        }
        let started = Instant::now();
        let mut attempt = 0;
        while !self.is_stored(file)? {
            attempt += 1;
            if started.elapsed() >= self.request.pace.visible {
                self.receipt.update(&file.name, |row| row.state = State::Failed)?;
                return Err(unknown());
            }
            thread::sleep(poll_pause(self.request.pace.first_pause, attempt));
        }
        Ok(())
    }

    /// Asks the index until it lists every file of the phase twice in a row: its servers can differ for a while.
    fn wait_until_visible(&mut self, phase: &Phase) -> Result<(), PublishError> {
        let Some(index) = self.request.index else { return Ok(()) };
        if phase.files.iter().all(|file| self.receipt.files.iter().any(|row| row.name == file.name && row.visible)) {
            return Ok(());
        }
        let started = Instant::now();
        let (mut hits, mut attempt) = (0, 0);
        loop {
            let (missing, failure): (Vec<String>, _) = match phase_presence(phase, index) {
                Ok(found) => {
                    conflicts(self.request.plan, &found)?;
                    let absent = found.into_iter().filter(|(_, presence)| *presence != Presence::Same);
                    (absent.map(|(name, _)| name).collect(), None)
                }
                Err(error) => (phase.files.iter().map(|file| file.name.clone()).collect(), Some(error)),
            };
            hits = if missing.is_empty() { hits + 1 } else { 0 };
            if hits == 2 {
                (self.listener.event)(&Event::Visible(phase.name.clone()));
                for file in &phase.files {
                    self.receipt.update(&file.name, |row| row.visible = true)?;
                }
                return Ok(());
            }
            if started.elapsed() >= self.request.pace.visible {
                return Err(
                    failure.unwrap_or(PublishError::NotVisible { files: missing, after: self.request.pace.visible })
                );
            }
            if attempt == 1 {
                (self.listener.event)(&Event::Waiting { phase: phase.name.clone(), missing: missing.len() });
            }
            attempt += 1;
            thread::sleep(poll_pause(self.request.pace.first_pause, attempt));
        }
    }
}

fn sentence(answer: &Answer) -> String {
    if answer.reason.is_empty() {
        format!("the server answered {}", answer.status)
    } else {
        format!("the server answered {}: {}", answer.status, answer.reason)
    }
}

fn chain(error: &SendError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

/// A redirect that credentials may follow: the same scheme, host and port.
fn same_server(from: &Url, location: &str) -> Option<Url> {
    let to = from.join(location).ok()?;
    (to.origin() == from.origin()).then_some(to)
}

/// Full jitter over a doubling pause, so that publishers that failed together do not return together.
fn backoff(first: Duration, attempt: u32) -> Duration {
    let ceiling = first.saturating_mul(1 << attempt.min(6)).min(Duration::from_secs(60));
    first / 2 + ceiling.mul_f64(fastrand::f64())
}

fn poll_pause(first: Duration, attempt: u32) -> Duration {
    let grown = first.mul_f64(1.5_f64.powi(i32::try_from(attempt.min(12)).unwrap_or(12)));
    grown.min(Duration::from_secs(15)).mul_f64(0.8 + 0.4 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_with_their_server() {
        let from = Url::parse("https://upload.example/legacy").unwrap();
        assert_eq!(same_server(&from, "/legacy/").unwrap().as_str(), "https://upload.example/legacy/");
        assert_eq!(same_server(&from, "https://upload.example/x").unwrap().as_str(), "https://upload.example/x");
        for elsewhere in
            ["https://other.example/", "http://upload.example/", "https://upload.example:8443/", "//other/"]
        {
            assert!(same_server(&from, elsewhere).is_none(), "{elsewhere}");
        }
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let first = Duration::from_secs(1);
        for attempt in 1..40 {
            let pause = backoff(first, attempt);
            assert!(pause >= first / 2 && pause <= Duration::from_secs(61));
            assert!(poll_pause(first, attempt) <= Duration::from_secs(18));
        }
    }
}
