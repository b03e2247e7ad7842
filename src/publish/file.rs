//! One file of a plan: sent until it is stored, refused, or given up.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::answer::{Answer, Meaning, meaning};
use super::attestation::{self, Attestations};
use super::credentials::Source;
use super::endpoint::same_server;
use super::error::PublishError;
use super::event::{Event, rate};
use super::form::{Frame, metadata_fields};
use super::plan::{PlannedFile, metadata};
use super::receipt::State;
use super::run::Run;
use super::upload::{Approach, Send, SendError, Uploader};
use super::wait::backoff;
use crate::error;
use crate::http;

const MAX_ATTEMPTS: u32 = 6;
const MAX_REDIRECTS: u32 = 3;
/// How often an upload says how far it is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Below this rate, in bytes per second, a front end may end the upload of a large file.
const SLOW: u64 = 600_000;
const LARGE: u64 = 50_000_000;

/// What sends, and what allows it.
pub(super) struct Sender {
    pub(super) uploader: Uploader,
    pub(super) source: Source,
}

/// The tries of one file so far.
struct Tries {
    started: Instant,
    count: u32,
    redirects: u32,
    has_renewed: bool,
    was_garbled: bool,
    approach: Approach,
}

/// What follows a try.
enum Next {
    Stored,
    /// The server has a file of this name; the index must say with which bytes.
    Settle,
    /// The same request at another path of the server.
    Follow(Url),
    /// Another try, after this pause or one of our own.
    Again {
        why: String,
        pause: Option<Duration>,
    },
}

impl Run<'_> {
    pub(super) fn upload(&mut self, file: &PlannedFile, sender: &mut Sender) -> Result<(), PublishError> {
        let outcome = self.upload_by_tries(file, sender);
        // Without a token nothing was sent: the file is as planned as before.
        if matches!(&outcome, Err(error) if !matches!(error, PublishError::Credential(_))) {
            self.record(file, State::Failed)?;
        }
        outcome
    }

    fn upload_by_tries(&mut self, file: &PlannedFile, sender: &mut Sender) -> Result<(), PublishError> {
        let frame = self.frame(file, &sender.source)?;
        let mut tries = Tries {
            started: Instant::now(),
            count: 0,
            redirects: 0,
            has_renewed: false,
            was_garbled: false,
            approach: Approach::Direct,
        };
        let mut url = self.options.endpoint.url.clone();
        loop {
            tries.count += 1;
            let sent = self.attempt(file, sender, &url, &frame, &tries)?;
            let (why, asked) = match self.next(file, sender, &url, &mut tries, sent)? {
                Next::Stored => return self.uploaded(file, tries.started.elapsed()),
                Next::Settle => return self.settle_existing(file),
                Next::Follow(elsewhere) => {
                    tries.count -= 1;
                    url = elsewhere;
                    continue;
                }
                Next::Again { why, pause } => (why, pause),
            };
            let pause = asked.unwrap_or_else(|| backoff(self.options.pace.first_pause, tries.count));
            if tries.count >= MAX_ATTEMPTS || tries.started.elapsed() + pause > self.options.pace.deadline {
                // The last answer may have been lost on its way: only the index knows.
                if self.is_stored(file)? {
                    return Ok(());
                }
                let why = match tries.count {
                    MAX_ATTEMPTS.. => why,
                    _ => format!("{why}; the next try, {} s later, would be after the deadline", pause.as_secs()),
                };
                return Err(PublishError::Transient { file: file.name.clone(), attempts: tries.count, why });
            }
            self.tell(&Event::Retrying { file: file.name.clone(), why, pause });
            thread::sleep(pause);
            if self.is_stored(file)? {
                return Ok(());
            }
        }
    }

    fn frame(&self, file: &PlannedFile, source: &Source) -> Result<Frame, PublishError> {
        let path = self.options.dist.join(&file.name);
        let mut fields = file.control_fields();
        fields.extend(metadata_fields(&metadata(&path)?));
        let are_sent = match self.options.attestations {
            Attestations::Auto => source.is_trusted(),
            Attestations::Require => true,
            Attestations::Off => false,
        };
        if are_sent && !file.attestations.is_empty() {
            let field = attestation::field(self.options.dist, &file.attestations).map_err(PublishError::Read)?;
            let changed = || PublishError::File { path, source: SendError::Attestation };
            fields.push(("attestations".to_owned(), field.ok_or_else(changed)?));
        }
        Ok(Frame::new(&fields, &file.name, &file.sha256.to_string()))
    }

    /// Sends the file once, and keeps in the receipt what came of it.
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
        self.receipt.update(&file.name, |row| {
            row.attempts = tries.count;
            row.milliseconds = u64::try_from(tries.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            row.status = status;
            row.detail = detail;
        })?;
        Ok(sent)
    }

    /// Decides what follows a try; an error ends the publish.
    fn next(
        &mut self,
        file: &PlannedFile,
        sender: &mut Sender,
        url: &Url,
        tries: &mut Tries,
        sent: Result<Answer, SendError>,
    ) -> Result<Next, PublishError> {
        let answer = match sent {
            Ok(answer) => answer,
            Err(source) if source.is_of_the_file() => {
                return Err(PublishError::File { path: self.options.dist.join(&file.name), source });
            }
            Err(error) => {
                // The server may have refused, and closed the connection behind an answer that was lost.
                tries.approach = Approach::Careful;
                return Ok(Next::Again { why: error::sentence(&error), pause: None });
            }
        };
        let name = || file.name.clone();
        Ok(match meaning(&answer) {
            Meaning::Stored => {
                if !answer.reason.is_empty() {
                    self.tell(&Event::Warning(format!("`{}`: {}", file.name, answer.reason)));
                }
                Next::Stored
            }
            Meaning::Exists => Next::Settle,
            Meaning::Expired if !tries.has_renewed && sender.source.forget(&file.project) => {
                tries.has_renewed = true;
                Next::Again { why: "the token expired; minting another".to_owned(), pause: Some(Duration::ZERO) }
            }
            Meaning::Garbled if !tries.was_garbled => {
                tries.was_garbled = true;
                Next::Again { why: answer.reason, pause: None }
            }
            Meaning::Elsewhere(location) => match same_server(url, &location) {
                Some(elsewhere) if tries.redirects < MAX_REDIRECTS => {
                    tries.redirects += 1;
                    Next::Follow(elsewhere)
                }
                _ => {
                    let there = url.join(&location).map_or_else(|_| "nowhere".to_owned(), |url| http::shown(&url));
                    let reason = format!("it redirects to `{there}`");
                    return Err(PublishError::Refused { file: name(), status: answer.status, reason });
                }
            },
            Meaning::TryAgain(pause) => {
                Next::Again { why: answer.sentence(), pause: Some(pause).filter(|pause| !pause.is_zero()) }
            }
            Meaning::Unauthorised | Meaning::Expired => {
                return Err(PublishError::Unauthorised { file: name(), status: answer.status, reason: answer.reason });
            }
            Meaning::Refused | Meaning::Garbled => {
                return Err(PublishError::Refused { file: name(), status: answer.status, reason: answer.reason });
            }
        })
    }

    fn uploaded(&mut self, file: &PlannedFile, elapsed: Duration) -> Result<(), PublishError> {
        self.tell(&Event::Uploaded { file: file.name.clone(), bytes: file.bytes, elapsed });
        let rate = rate(file.bytes, elapsed);
        if file.bytes > LARGE && rate < SLOW {
            let (name, rate) = (&file.name, rate / 1000);
            let text = format!("`{name}` went up at {rate} kB/s; some servers end an upload after four minutes");
            self.tell(&Event::Warning(text));
        }
        Ok(self.record(file, State::Uploaded)?)
    }
}
