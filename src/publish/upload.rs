//! Sending one file to the upload API: streamed with its exact length and bounded memory, hashed on the way, with an ear
//! for an answer that comes early.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::ext::ReasonPhrase;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use url::Url;

use super::answer::Answer;
use super::body::{BodyError, FormBody, Rhythm};
use super::credentials::Token;
use super::form::Frame;
use crate::console::Progress;
use crate::error::causes;
use crate::fs::open_regular;
use crate::http::{self, HttpError, MAX_ANSWER, Secrets};

/// As fast as the connection is.
const DIRECT: Rhythm = Rhythm { chunk: 128 * 1024, after_head: Duration::ZERO, after_chunk: Duration::ZERO };
/// About 10 MB a second, and every chunk in one write, so that hardly a moment is left in which an answer can be missed.
const CAREFUL: Rhythm =
    Rhythm { chunk: 16 * 1024, after_head: Duration::from_secs(1), after_chunk: Duration::from_millis(1) };

/// How long a server may be silent.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// While the bytes go out, none of which it takes.
    pub sending: Duration,
    /// After the last byte: it hashes and inspects the file.
    pub answering: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { sending: Duration::from_secs(60), answering: Duration::from_secs(300) }
    }
}

/// A file that could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// Nothing of the file was stored, because the form was not finished.
    #[error("`{}` changed after it was verified", path.display())]
    Changed { path: PathBuf },
    #[error("an attestation beside it changed after it was checked")]
    Attestation,
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
    /// The server refused early, and the connection broke before it had said why.
    #[error("the server answered {}, and the connection broke before it said why", http::words(*.0))]
    HalfHeard(StatusCode),
    /// The server said yes before it had the file.
    #[error("the server accepted the file before it was sent")]
    Early,
    /// What reads the file, or moves input and output, could not be started.
    #[error("the HTTP client cannot be made")]
    Loop(#[source] io::Error),
    /// It took nothing, or said nothing, for too long.
    #[error("the server was silent for {} s while {what}", after.as_secs())]
    Silent { what: &'static str, after: Duration },
    #[error("it took longer than the deadline of {} s (`--deadline`), and was broken off", after.as_secs())]
    Late { after: Duration },
}

impl SendError {
    /// Whether the file is to blame, or this machine, so that another try cannot help.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Changed { .. } | Self::Attestation | Self::Loop(_) => true,
            Self::Connection(_) => http::want(self).is_some(),
            Self::HalfHeard(_) | Self::Early | Self::Silent { .. } | Self::Late { .. } => false,
        }
    }
}

/// How an attempt treats a server that may refuse before it has read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Approach {
    /// Sends everything at once.
    Direct,
    /// Listens after the form's head and between any two chunks: a server that answers and closes the connection at once
    /// is then heard.
    Careful,
}

pub(super) struct Uploader {
    client: Client,
    patience: Patience,
}

impl Uploader {
    pub(super) fn new(patience: Patience) -> Result<Self, HttpError> {
        Ok(Self { client: http::upload_client()?, patience })
    }

    /// Sends `path` in its form. The answer may come before the last byte went out; the rest is then not sent.
    /// `heartbeat` is called some times a second with the bytes of the form that went out, and with those that there are.
    /// After an error it is open whether the server stored the file.
    pub(super) fn send(
        &self,
        request: &Send<'_>,
        progress: &Progress,
        heartbeat: &dyn Fn(u64, u64),
    ) -> Result<Answer, SendError> {
        let read = |source| SendError::Read { path: request.path.to_owned(), source };
        let file = open_regular(request.path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        if length != request.bytes {
            return Err(SendError::Changed { path: request.path.to_owned() });
        }
        let rhythm = match request.approach {
            Approach::Direct => DIRECT,
            Approach::Careful => CAREFUL,
        };
        let body =
            FormBody::new(request.frame, file, length, request.blake3, rhythm, progress).map_err(SendError::Loop)?;
        let (sent, answered, total) = (body.counter(), body.answered(), body.total());
        let authorization = request.token.basic(request.user);
        let secrets = Secrets::of_header(&authorization).and(Secrets::of_url(request.url));
        let call = self
            .client
            .post(request.url.clone())
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, &request.frame.content_type)
            .header(ACCEPT, "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7")
            .body(reqwest::Body::wrap(body));
        // A loop of its own: dropping it ends whatever the connection still does after an early answer. It looks at the
        // network between any two turns, or an early answer would wait for as many chunks.
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().event_interval(1).build().map_err(SendError::Loop)?;
        let answer = runtime.block_on(async {
            let answer = async {
                let response = call.send().await?;
                answered.store(true, Ordering::Relaxed);
                let (status, headers) = (response.status(), response.headers().clone());
                let phrase = response.extensions().get::<ReasonPhrase>();
                let phrase = phrase.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
                let is_early = sent.load(Ordering::Relaxed) < total;
                let (body, is_whole) = read_start(response).await;
                let answer = Answer::new(status, &phrase.unwrap_or_default(), &headers, &body, &secrets);
                Ok((is_early, is_whole, answer))
            };
            tokio::select! {
                answer = answer => answer.map_err(|error| Self::classify(error, request.path)),
                silence = self.watch(&sent, total, request.until, heartbeat) => Err(silence),
            }
        });
        runtime.shutdown_background();
        let (is_early, is_whole, answer) = answer?;
        // A page for people may come at once, whatever is sent: that is an answer.
        if is_early && answer.status.is_success() && !answer.verdict.is_refusal() {
            return Err(SendError::Early);
        }
        if is_early && !is_whole && request.approach == Approach::Direct {
            return Err(SendError::HalfHeard(answer.status));
        }
        Ok(answer)
    }

    fn classify(error: reqwest::Error, path: &Path) -> SendError {
        let path = path.to_owned();
        let of_the_body = causes(&error).find_map(|cause| match cause.downcast_ref()? {
            BodyError::Changed => Some(SendError::Changed { path: path.clone() }),
            BodyError::Read(source) => {
                let source = io::Error::new(source.kind(), source.to_string());
                Some(SendError::Read { path: path.clone(), source })
            }
        });
        of_the_body.unwrap_or_else(|| SendError::Connection(error.without_url()))
    }

    /// Ends when nothing moved for too long, or the file's time is over.
    async fn watch(
        &self,
        sent: &AtomicU64,
        total: u64,
        (until, deadline): (Instant, Duration),
        heartbeat: &dyn Fn(u64, u64),
    ) -> SendError {
        const TICK: Duration = Duration::from_millis(100);
        let (mut before, mut still) = (0, Duration::ZERO);
        loop {
            tokio::time::sleep(TICK).await;
            let now = sent.load(Ordering::Relaxed);
            still = if now == before { still + TICK } else { Duration::ZERO };
            before = now;
            heartbeat(now, total);
            if Instant::now() >= until {
                return SendError::Late { after: deadline };
            }
            let (limit, what) = if now < total {
                (self.patience.sending, "sending")
            } else {
                (self.patience.answering, "waiting for its answer")
            };
            if still >= limit {
                return SendError::Silent { what, after: limit };
            }
        }
    }
}

/// One file on its way.
pub(super) struct Send<'a> {
    pub(super) url: &'a Url,
    pub(super) path: &'a Path,
    /// As planned.
    pub(super) bytes: u64,
    /// As planned, in hexadecimal.
    pub(super) blake3: &'a str,
    pub(super) frame: &'a Frame,
    pub(super) token: &'a Token,
    /// The user name beside the token.
    pub(super) user: &'a str,
    pub(super) approach: Approach,
    /// When it must have gone, and how long that is for the whole file.
    pub(super) until: (Instant, Duration),
}

/// The start of an answer's body, and whether it did not break off.
async fn read_start(mut response: reqwest::Response) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, true),
            Err(_) => return (body, false),
        }
        if body.len() >= MAX_ANSWER {
            return (body, true);
        }
    }
}
