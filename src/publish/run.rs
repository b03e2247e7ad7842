//! Carrying a plan out: what the index has is skipped by digest, the runtime goes up first, the SDK only once the index
//! lists every runtime file. Running the same command again is the way to resume.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::answer::{Answer, Verdict, verdict};
use super::attestation::{self, Attestations};
use super::credentials::{CredentialError, Source, TOKEN_USER};
use super::error::PublishError;
use super::event::{Event, Listener, rate};
use super::form::{Frame, metadata_fields};
use super::index::{Index, Presence};
use super::plan::{Plan, PlannedFile, metadata};
use super::receipt::{Outcome, Receipt, State};
use super::survey::survey;
use super::upload::{Approach, Send, SendError, Uploader};
use super::wait::{Pace, backoff};
use crate::error;
use crate::http::{self, HttpError};

const ATTEMPTS: u32 = 6;
const REDIRECTS: u32 = 3;
/// How often an upload says how far it is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Below this rate, in bytes per second, a front end may end the upload of a large file.
const SLOW: u64 = 600_000;
const LARGE: u64 = 50_000_000;

/// What is published, and where.
pub struct Request<'a> {
    /// The files in order.
    pub plan: &'a Plan,
    /// The directory that holds them.
    pub dist: &'a Path,
    /// The upload API. A user name in it stands in for `__token__`.
    pub upload_url: &'a Url,
    /// The simple API, where one was given.
    pub index: Option<&'a Index>,
    /// Whether the plan's attestations are sent.
    pub attestations: Attestations,
    /// Where the receipt is kept.
    pub receipt: Option<&'a Path>,
    /// How long to wait.
    pub pace: Pace,
}

/// Carries a plan out. The receipt says how far it came; the second value is the first thing that kept it from going on.
pub fn publish(
    request: &Request<'_>,
    source: impl FnOnce() -> Result<Source, CredentialError>,
    listener: &Listener<'_>,
) -> (Receipt, Result<(), PublishError>) {
    let mut receipt = Receipt::new(request.plan, request.receipt);
    let outcome = match receipt.write() {
        Ok(()) => Run { request, listener, receipt: &mut receipt }.all(source),
        Err(error) => Err(error.into()),
    };
    let word = outcome.as_ref().map_or_else(PublishError::outcome, |()| Outcome::Published);
    let kept = receipt.finish(word).map_err(PublishError::from);
    // The error that ended the run is worth more than one about its receipt.
    let outcome = outcome.and(kept);
    (receipt, outcome)
}

/// The user name and the bare URL of an upload URL.
///
/// # Errors
/// When the URL is plain http to another machine, or holds a password.
pub fn endpoint(upload_url: &Url) -> Result<(String, Url), PublishError> {
    if !http::is_safe(upload_url) {
        return Err(HttpError::Insecure { url: http::shown(upload_url) }.into());
    }
    if upload_url.password().is_some() {
        return Err(PublishError::Password);
    }
    let user = match upload_url.username() {
        "" => TOKEN_USER.to_owned(),
        user => percent_decoded(user),
    };
    let mut url = upload_url.clone();
    // Fails only on URLs that cannot have a user name at all.
    let _ = url.set_username("");
    url.set_fragment(None);
    Ok((user, url))
}

fn percent_decoded(text: &str) -> String {
    // The parser of forms decodes as user names are encoded, but for `+`.
    let form = format!("user={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

pub(super) struct Run<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) listener: &'a Listener<'a>,
    pub(super) receipt: &'a mut Receipt,
}

/// What sends, where to, and who allows it.
struct Means {
    uploader: Uploader,
    source: Source,
    user: String,
    url: Url,
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
    /// The file is stored.
    Stored,
    /// The server has a file of this name; the index must say with which bytes.
    Settle,
    /// The same request at another path of the server.
    Follow(Url),
    /// Another try, after this pause or one of our own.
    Again { why: String, pause: Option<Duration> },
}

impl Run<'_> {
    fn all(&mut self, source: impl FnOnce() -> Result<Source, CredentialError>) -> Result<(), PublishError> {
        let (user, url) = endpoint(self.request.upload_url)?;
        let present = match self.request.index {
            Some(index) => survey(self.request.plan, index, self.request.pace.first_pause)?,
            None => {
                let text =
                    "no index URL is given: files that are up already cannot be told, nor when they become visible";
                self.tell(&Event::Warning(text.into()));
                Vec::new()
            }
        };
        let is_present = |file: &PlannedFile| present.contains(&(file.name.clone(), Presence::Same));
        if self.request.plan.files().all(is_present) {
            // Nothing is left to send, so nothing needs to allow it.
            return self.request.plan.files().try_for_each(|file| self.skip(file));
        }
        let uploader = Uploader::new(self.request.pace.patience)?;
        let mut means = Means { uploader, source: source()?, user, url };
        let plan = self.request.plan;
        for phase in &plan.phases {
            for file in &phase.files {
                if is_present(file) {
                    self.skip(file)?;
                } else {
                    self.upload(file, &mut means)?;
                }
            }
            self.wait_until_visible(phase)?;
        }
        Ok(())
    }

    pub(super) fn tell(&self, event: &Event) {
        (self.listener.event)(event);
    }

    fn skip(&mut self, file: &PlannedFile) -> Result<(), PublishError> {
        self.tell(&Event::Skipped(file.name.clone()));
        Ok(self.receipt.update(&file.name, |row| {
            row.state = State::PresentSame;
            row.visible = true;
        })?)
    }

    fn upload(&mut self, file: &PlannedFile, means: &mut Means) -> Result<(), PublishError> {
        let outcome = self.upload_by_tries(file, means);
        // Without a token nothing was sent: the file is as planned as before.
        if matches!(&outcome, Err(error) if !matches!(error, PublishError::Credential(_))) {
            self.receipt.update(&file.name, |row| row.state = State::Failed)?;
        }
        outcome
    }

    fn upload_by_tries(&mut self, file: &PlannedFile, means: &mut Means) -> Result<(), PublishError> {
        let frame = self.frame(file, means.source.is_trusted())?;
        let mut tries = Tries {
            started: Instant::now(),
            count: 0,
            redirects: 0,
            has_renewed: false,
            was_garbled: false,
            approach: Approach::Direct,
        };
        let mut url = means.url.clone();
        loop {
            tries.count += 1;
            let sent = self.attempt(file, means, &url, &frame, &tries)?;
            let (why, wish) = match self.next(file, means, &url, &mut tries, sent)? {
                Next::Stored => return self.uploaded(file, tries.started.elapsed()),
                Next::Settle => return self.settle_existing(file),
                Next::Follow(elsewhere) => {
                    tries.count -= 1;
                    url = elsewhere;
                    continue;
                }
                Next::Again { why, pause } => (why, pause),
            };
            let pause = wish.unwrap_or_else(|| backoff(self.request.pace.first_pause, tries.count));
            if tries.count >= ATTEMPTS || tries.started.elapsed() + pause > self.request.pace.deadline {
                // The last answer may have been lost on its way: only the index knows.
                if self.is_stored(file)? {
                    return Ok(());
                }
                let why = match tries.count {
                    ATTEMPTS.. => why,
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

    fn frame(&self, file: &PlannedFile, is_trusted: bool) -> Result<Frame, PublishError> {
        let path = self.request.dist.join(&file.name);
        let mut fields = file.control_fields();
        fields.extend(metadata_fields(&metadata(&path)?));
        let is_wanted = match self.request.attestations {
            Attestations::Auto => is_trusted,
            Attestations::Require => true,
            Attestations::Off => false,
        };
        if is_wanted && !file.attestations.is_empty() {
            let changed = || PublishError::File { path, source: SendError::Attestation };
            let field = attestation::field(self.request.dist, &file.attestations).map_err(PublishError::Read)?;
            fields.push(("attestations", field.ok_or_else(changed)?));
        }
        Ok(Frame::new(&fields, &file.name, &file.sha256.to_string()))
    }

    /// Sends the file once, and keeps in the receipt what came of it.
    fn attempt(
        &mut self,
        file: &PlannedFile,
        means: &mut Means,
        url: &Url,
        frame: &Frame,
        tries: &Tries,
    ) -> Result<Result<Answer, SendError>, PublishError> {
        let path = self.request.dist.join(&file.name);
        let token = means.source.token(&file.project, self.listener.mask)?;
        let progress = (self.listener.progress)(&file.name, file.bytes);
        let (bytes, blake3) = (file.bytes, file.blake3.as_str());
        let (user, approach) = (means.user.as_str(), tries.approach);
        let send = Send { url, path: &path, bytes, blake3, frame, token, user, approach };
        let started = Instant::now();
        let next = Cell::new(HEARTBEAT);
        let heartbeat = |sent, total| {
            let elapsed = started.elapsed();
            if elapsed >= next.get() && sent < total {
                next.set(elapsed + HEARTBEAT);
                self.tell(&Event::Sending { file: file.name.clone(), sent, total, elapsed });
            }
        };
        let sent = means.uploader.send(&send, &progress, &heartbeat);
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
        means: &mut Means,
        url: &Url,
        tries: &mut Tries,
        sent: Result<Answer, SendError>,
    ) -> Result<Next, PublishError> {
        let answer = match sent {
            Ok(answer) => answer,
            Err(source) if source.is_of_the_file() => {
                return Err(PublishError::File { path: self.request.dist.join(&file.name), source });
            }
            Err(error) => {
                // The server may have refused, and closed the connection behind an answer that was lost.
                tries.approach = Approach::Careful;
                return Ok(Next::Again { why: error::sentence(&error), pause: None });
            }
        };
        Ok(match verdict(&answer) {
            Verdict::Stored => {
                if !answer.reason.is_empty() {
                    self.tell(&Event::Warning(format!("`{}`: {}", file.name, answer.reason)));
                }
                Next::Stored
            }
            Verdict::Exists => Next::Settle,
            Verdict::Expired if !tries.has_renewed && means.source.forget(&file.project) => {
                tries.has_renewed = true;
                Next::Again { why: "the token expired; minting another".to_owned(), pause: Some(Duration::ZERO) }
            }
            Verdict::Garbled if !tries.was_garbled => {
                tries.was_garbled = true;
                Next::Again { why: answer.reason, pause: None }
            }
            Verdict::Elsewhere(location) => match same_server(url, &location) {
                Some(elsewhere) if tries.redirects < REDIRECTS => {
                    tries.redirects += 1;
                    Next::Follow(elsewhere)
                }
                _ => {
                    let there = url.join(&location).map_or_else(|_| "nowhere".to_owned(), |url| http::shown(&url));
                    let reason = format!("it redirects to `{there}`");
                    return Err(PublishError::Refused { file: file.name.clone(), status: answer.status, reason });
                }
            },
            Verdict::TryAgain(wish) => {
                Next::Again { why: sentence(&answer), pause: Some(wish).filter(|wish| !wish.is_zero()) }
            }
            Verdict::Unauthorised | Verdict::Expired => {
                let (status, reason) = (answer.status, answer.reason);
                return Err(PublishError::Unauthorised { file: file.name.clone(), status, reason });
            }
            Verdict::Refused | Verdict::Garbled => {
                let (status, reason) = (answer.status, answer.reason);
                return Err(PublishError::Refused { file: file.name.clone(), status, reason });
            }
        })
    }

    fn uploaded(&mut self, file: &PlannedFile, elapsed: Duration) -> Result<(), PublishError> {
        self.tell(&Event::Uploaded { file: file.name.clone(), bytes: file.bytes, elapsed });
        let rate = rate(file.bytes, elapsed);
        if file.bytes > LARGE && rate < SLOW {
            let text = format!(
                "`{}` went up at {} kB/s; some servers end an upload after four minutes",
                file.name,
                rate / 1000
            );
            self.tell(&Event::Warning(text));
        }
        Ok(self.receipt.update(&file.name, |row| row.state = State::Uploaded)?)
    }
}

fn sentence(answer: &Answer) -> String {
    if answer.reason.is_empty() {
        format!("the server answered {}", answer.status)
    } else {
        format!("the server answered {}: {}", answer.status, answer.reason)
    }
}

/// A redirect that credentials may follow: the same scheme, host and port.
fn same_server(from: &Url, location: &str) -> Option<Url> {
    let to = from.join(location).ok()?;
    (to.origin() == from.origin()).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_in_the_url_is_used_and_a_password_refused() {
        let of = |text: &str| endpoint(&Url::parse(text).unwrap());
        let (user, url) = of("https://some%2Bone@index.example/legacy/").unwrap();
        assert_eq!((user.as_str(), url.as_str()), ("some+one", "https://index.example/legacy/"));
        assert_eq!(of("https://index.example/").unwrap().0, "__token__");
        for refused in ["https://user:secret@index.example/", "http://index.example/"] {
            assert!(!of(refused).unwrap_err().to_string().contains("secret"));
        }
    }

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
}
