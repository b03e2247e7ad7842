//! One file of a plan: sent until it is stored, refused, or given up.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use url::Url;

use super::answer::{Answer, Meaning, meaning};
use super::attestation::{self, Attestations};
use super::credentials::CredentialSource;
use super::endpoint::same_server;
use super::error::PublishError;
use super::event::{Event, rate};
use super::form::{Frame, metadata_fields};
use super::plan::{PlannedFile, metadata};
use super::receipt::FileState;
use super::run::Run;
use super::upload::{Approach, Send, SendError, Uploader};
use super::wait::backoff;
use crate::error;
use crate::http;
use crate::http::sentence::Verdict;

const MAX_ATTEMPTS: u32 = 6;
const MAX_REDIRECTS: usize = 3;
/// How often an upload says how far it is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Below this rate, in bytes per second, a front end may end the upload of a large file.
const SLOW: u64 = 600_000;
const LARGE: u64 = 50_000_000;

/// Where an answer leads, as it may be printed.
fn leads_to(from: &Url, answer: &Answer) -> String {
    let to = answer.shown_location.as_deref().and_then(|location| from.join(location).ok());
    to.map_or_else(|| "nowhere".into(), |url| http::shown(&url))
}

fn refused(file: &PlannedFile, answer: &Answer, reason: String) -> PublishError {
    PublishError::Refused { file: file.name.clone(), status: answer.status, reason, verdict: answer.verdict }
}

/// Why no other try follows though there was time left.
fn too_late(why: &str, pause: Duration, deadline: Duration) -> String {
    let (pause, deadline) = (pause.as_secs(), deadline.as_secs());
    format!("{why}; the next try, {pause} s later, would be after the deadline of {deadline} s (`--deadline`)")
}

/// What sends, and what allows it.
pub(super) struct Sender {
    pub(super) uploader: Uploader,
    pub(super) source: CredentialSource,
}

/// The tries of one file so far.
struct Tries {
    started: Instant,
    count: u32,
    /// The URLs that it was sent to before it was sent on.
    seen: Vec<Url>,
    has_renewed: bool,
    was_garbled: bool,
    approach: Approach,
}

impl Tries {
    /// Whether a redirect leads on: the whole file is sent once more for each.
    fn may_go_to(&self, from: &Url, to: &Url) -> bool {
        to != from && !self.seen.contains(to) && self.seen.len() < MAX_REDIRECTS
    }
}

impl Run<'_> {
    pub(super) fn upload(&mut self, file: &PlannedFile, sender: &mut Sender) -> Result<(), PublishError> {
        let outcome = self.upload_by_tries(file, sender);
        // Without a token nothing was sent: the file is as planned as before. What was stored is up, though no receipt of it
        // could be kept.
        let is_sent = matches!(&outcome, Err(error) if !matches!(error, PublishError::Credential(_)));
        if is_sent && !self.receipt.is_up(&file.name) {
            // Why it failed is worth more than why that could not be kept.
            let kept = self.record(file, FileState::Failed);
            return outcome.and(kept.map_err(PublishError::from));
        }
        outcome
    }

    fn upload_by_tries(&mut self, file: &PlannedFile, sender: &mut Sender) -> Result<(), PublishError> {
        let name = || file.name.clone();
        let (frame, attestations) = self.frame(file, &sender.source)?;
        self.receipt.update(&file.name, |row| row.attestations = attestations)?;
        let mut url = self.options.endpoint.url.clone();
        let mut tries = Tries {
            started: Instant::now(),
            count: 0,
            seen: Vec::new(),
            has_renewed: false,
            was_garbled: false,
            approach: Approach::Direct,
        };
        loop {
            tries.count += 1;
            // Why another try may follow, and the pause that the server asks for.
            let (why, asked) = match self.attempt(file, sender, &url, &frame, &tries)? {
                Err(source) if source.is_final() => {
                    return Err(PublishError::File { path: self.options.dist.join(&file.name), source });
                }
                Err(error) => {
                    // The server may have refused, and closed the connection behind an answer that was lost.
                    tries.approach = Approach::Careful;
                    (error::sentence(&error), None)
                }
                Ok(answer) => match meaning(&answer) {
                    Meaning::Stored => return self.uploaded(file, &answer, tries.started.elapsed()),
                    Meaning::Exists => return self.settle_existing(file, answer, tries.count > 1),
                    Meaning::Elsewhere(location) => match same_server(&url, &location) {
                        Some(elsewhere) if tries.may_go_to(&url, &elsewhere) => {
                            tries.count -= 1;
                            tries.seen.push(std::mem::replace(&mut url, elsewhere));
                            continue;
                        }
                        elsewhere => {
                            let circle = if elsewhere.is_some() { ", which leads nowhere" } else { "" };
                            let reason = format!("it redirects to `{}`{circle}", leads_to(&url, &answer));
                            return self.unless_stored(file, refused(file, &answer, reason));
                        }
                    },
                    Meaning::Expired if !tries.has_renewed && sender.source.forget(&file.project) => {
                        tries.has_renewed = true;
                        ("the token expired; minting another".to_owned(), Some(Duration::ZERO))
                    }
                    Meaning::Garbled if !tries.was_garbled => {
                        tries.was_garbled = true;
                        (answer.reason, None)
                    }
                    Meaning::TryAgain(pause) => (answer.sentence(), Some(pause).filter(|pause| !pause.is_zero())),
                    Meaning::Unauthorised | Meaning::Expired => {
                        let Answer { status, reason, .. } = answer;
                        let refusal = PublishError::Unauthorised { file: name(), status, reason };
                        // Whoever is not known is not told what there is; anybody else may have it already.
                        return match status {
                            StatusCode::UNAUTHORIZED => Err(refusal),
                            _ => self.unless_stored(file, refusal),
                        };
                    }
                    Meaning::Refused | Meaning::Garbled => {
                        let mut reason = answer.reason.clone();
                        if answer.location.is_some() && answer.status.is_redirection() {
                            let colon = if reason.is_empty() { "" } else { ": " };
                            reason = format!("it redirects to `{}`{colon}{reason}", leads_to(&url, &answer));
                        }
                        return self.unless_stored(file, refused(file, &answer, reason));
                    }
                },
            };
            let pause = asked.unwrap_or_else(|| backoff(self.options.pace.first_pause, tries.count));
            let is_late = tries.started.elapsed() + pause > self.options.pace.deadline;
            let is_last = tries.count >= MAX_ATTEMPTS || is_late;
            if !is_last {
                self.receipt.write()?;
                self.tell(&Event::Retrying { file: name(), why: why.clone(), pause });
                thread::sleep(pause);
            }
            // The last answer may have been lost on its way: only the index knows.
            if self.is_stored(file)? {
                return Ok(());
            }
            if is_last {
                let deadline = self.options.pace.deadline;
                let was_patient = tries.count >= MAX_ATTEMPTS || tries.started.elapsed() >= deadline;
                let why = if was_patient { why } else { too_late(&why, pause, deadline) };
                return Err(PublishError::Transient { file: name(), attempts: tries.count, why });
            }
        }
    }

    /// The refusal, unless the index has these very bytes.
    fn unless_stored(&mut self, file: &PlannedFile, refusal: PublishError) -> Result<(), PublishError> {
        if self.is_stored(file)? { Ok(()) } else { Err(refusal) }
    }

    /// The form around the file, and how many attestations are in it.
    fn frame(&self, file: &PlannedFile, source: &CredentialSource) -> Result<(Frame, usize), PublishError> {
        let path = self.options.dist.join(&file.name);
        let mut fields = file.control_fields();
        fields.extend(metadata_fields(&metadata(&path)?));
        let are_sent = match self.options.attestations {
            Attestations::Auto => source.is_trusted(),
            Attestations::Require => true,
            Attestations::Off => false,
        };
        let count = if are_sent { file.attestations.len() } else { 0 };
        if count > 0 {
            let field = attestation::field(self.options.dist, &file.attestations).map_err(PublishError::Read)?;
            let changed = || PublishError::File { path, source: SendError::Attestation };
            fields.push(("attestations".to_owned(), field.ok_or_else(changed)?));
        }
        Ok((Frame::new(&fields, &file.name, &file.sha256.to_string()), count))
    }

    /// Sends the file once, and notes what came of it: what it means is known before the receipt is kept.
    fn attempt(
        &mut self,
        file: &PlannedFile,
        sender: &mut Sender,
        url: &Url,
        frame: &Frame,
        tries: &Tries,
    ) -> Result<Result<Answer, SendError>, PublishError> {
        let path = self.options.dist.join(&file.name);
        let token = sender.source.token(&file.project, self.listener.mask)?;
        let progress = (self.listener.progress)(&file.name, file.bytes);
        let send = Send {
            url,
            path: &path,
            bytes: file.bytes,
            blake3: &file.blake3,
            frame,
            token,
            user: &self.options.endpoint.user,
            approach: tries.approach,
            until: (tries.started + self.options.pace.deadline, self.options.pace.deadline),
        };
        let started = Instant::now();
        let next = Cell::new(HEARTBEAT);
        let heartbeat = |sent, total| {
            let elapsed = started.elapsed();
            if elapsed >= next.get() && sent < total {
                next.set(elapsed + HEARTBEAT);
                self.tell(&Event::Sending { file: file.name.clone(), sent, total, elapsed });
            }
        };
        let sent = sender.uploader.send(&send, &progress, &heartbeat);
        progress.finish();
        let (status, detail) = match &sent {
            Ok(answer) => (Some(answer.status.as_u16()), answer.reason.clone()),
            Err(error) => (None, error::sentence(error)),
        };
        self.receipt.change(&file.name, |row| {
            row.attempts = tries.count;
            row.milliseconds = u64::try_from(tries.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            row.status = status;
            row.detail = detail;
        });
        Ok(sent)
    }

    fn uploaded(&mut self, file: &PlannedFile, answer: &Answer, elapsed: Duration) -> Result<(), PublishError> {
        // Without an index nothing but these words tells what became of the file.
        if self.options.index.is_none() && answer.verdict == Verdict::Open {
            let colon = if answer.reason.is_empty() { "" } else { ": " };
            let (name, status, reason) = (&file.name, http::words(answer.status), &answer.reason);
            let text =
                format!("`{name}`: the server answered {status}, and does not say that it has the file{colon}{reason}");
            self.tell(&Event::Warning(text));
        } else if answer.reason.contains(' ') {
            self.tell(&Event::Warning(format!("`{}`: {}", file.name, answer.reason)));
        }
        self.tell(&Event::Uploaded { file: file.name.clone(), bytes: file.bytes, elapsed });
        let rate = rate(file.bytes, elapsed);
        if file.bytes > LARGE && rate < SLOW {
            let (name, rate) = (&file.name, rate / 1000);
            let text = format!("`{name}` went up at {rate} kB/s; some servers end an upload after four minutes");
            self.tell(&Event::Warning(text));
        }
        Ok(self.record(file, FileState::Uploaded)?)
    }
}
