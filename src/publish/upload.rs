//! Sending one file to the upload API: streamed with its exact length and bounded memory, hashed on the way, with an ear
//! for an answer that comes early.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame, SizeHint};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::credentials::Token;
use super::form::Frame;
use super::http::{self, HttpError};
use crate::console::Progress;
use crate::digest::Sha256Digest;

const CHUNK: usize = 256 * 1024;
/// How much of an answer is read; the useful sentence is in the first lines.
const MOST_ANSWER: usize = 256 * 1024;

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

/// An answer of the upload API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The sentence that says why, found in JSON, HTML or plain text; empty where there is none.
    pub reason: String,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// Where it sends the client.
    pub location: Option<String>,
}

/// A file that could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The file is not what was planned; nothing of it was stored, because the form was not finished.
    #[error("`{}` changed after it was verified", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
    /// The server took nothing, or said nothing, for too long.
    #[error("the server was silent for {} s while {what}", after.as_secs())]
    Silent {
        /// `sending` or `waiting for its answer`.
        what: &'static str,
        /// How long.
        after: Duration,
    },
}

/// Sends files.
#[derive(Debug)]
pub struct Uploader {
    runtime: tokio::runtime::Runtime,
    client: Client,
    patience: Patience,
}

impl Uploader {
    /// An uploader.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(patience: Patience) -> Result<Self, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(HttpError::Runtime)?;
        Ok(Self { runtime, client: http::upload_client()?, patience })
    }

    /// Sends `path` in its form. The answer may come before the last byte went out; the rest is then not sent.
    ///
    /// # Errors
    /// When the file cannot be read or changed, or the connection fails; whether the server stored the file is then open.
    pub fn send(&self, request: &Send<'_>, progress: &Progress) -> Result<Answer, SendError> {
        let read = |source| SendError::Read { path: request.path.to_owned(), source };
        let file = File::open(request.path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        if length != request.bytes {
            return Err(SendError::Changed { path: request.path.to_owned() });
        }
        let sent = Arc::new(AtomicU64::new(0));
        let body = Form {
            parts: vec![Bytes::copy_from_slice(&request.frame.head)],
            file: Some(file),
            remaining: length,
            hasher: Sha256::new(),
            expected: request.sha256,
            tail: Bytes::copy_from_slice(&request.frame.tail),
            total_left: request.frame.head.len() as u64 + length + request.frame.tail.len() as u64,
            sent: Arc::clone(&sent),
            progress: progress.clone(),
        };
        let total = body.total_left;
        let call = self
            .client
            .post(request.url.clone())
            .header(AUTHORIZATION, request.token.basic())
            .header(CONTENT_TYPE, &request.frame.content_type)
            .header(ACCEPT, "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7")
            .body(reqwest::Body::wrap(body));
        self.runtime.block_on(async {
            let answer = async {
                let response = call.send().await?;
                let (status, headers) = (response.status(), response.headers().clone());
                Ok((status, headers, read_start(response).await))
            };
            tokio::select! {
                answer = answer => match answer {
                    Ok((status, headers, body)) => Ok(Answer::new(status, &headers, &body)),
                    Err(error) => Err(self.classify(error, request.path)),
                },
                silence = self.watch(&sent, total) => Err(silence),
            }
        })
    }

    fn classify(&self, error: reqwest::Error, path: &Path) -> SendError {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if let Some(body) = inner.downcast_ref::<BodyError>() {
                let path = path.to_owned();
                return match body {
                    BodyError::Changed => SendError::Changed { path },
                    BodyError::Read(source) => {
                        SendError::Read { path, source: io::Error::new(source.kind(), source.to_string()) }
                    }
                };
            }
            cause = inner.source();
        }
        SendError::Connection(error.without_url())
    }

    /// Ends when nothing moved for too long.
    async fn watch(&self, sent: &AtomicU64, total: u64) -> SendError {
        const TICK: Duration = Duration::from_millis(100);
        let (mut before, mut still) = (0, Duration::ZERO);
        loop {
            tokio::time::sleep(TICK).await;
            let now = sent.load(Ordering::Relaxed);
            still = if now == before { still + TICK } else { Duration::ZERO };
            before = now;
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
pub struct Send<'a> {
    /// The upload API.
    pub url: &'a Url,
    /// The file.
    pub path: &'a Path,
    /// Its planned size in bytes.
    pub bytes: u64,
    /// Its planned digest.
    pub sha256: Sha256Digest,
    /// The form around it.
    pub frame: &'a Frame,
    /// What allows it.
    pub token: &'a Token,
}

async fn read_start(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    // The status decides; a body that breaks off only loses words.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MOST_ANSWER {
            break;
        }
    }
    body
}

impl Answer {
    fn new(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name| headers.get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok());
        Self {
            status,
            reason: reason(body),
            retry_after: text(RETRY_AFTER).and_then(|value| retry_after(value, SystemTime::now())),
            location: text(LOCATION).map(str::to_owned),
        }
    }
}

/// Seconds or an HTTP date (RFC 9110 section 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(value).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

/// The sentence that says why: `code` or `message` of a JSON body, a page's title, or the first line of a plain text.
#[must_use]
pub fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) {
        for key in ["code", "message", "detail", "error", "title"] {
            if let Some(text) = object.get(key).and_then(|value| value.as_str()).filter(|text| !text.trim().is_empty())
            {
                return one_line(text);
            }
        }
        return String::new();
    }
    for (open, close) in [("<title>", "</title>"), ("<pre>", "</pre>"), ("<h1>", "</h1>")] {
        let lower = text.to_ascii_lowercase();
        if let Some(start) = lower.find(open).map(|at| at + open.len())
            && let Some(end) = lower[start..].find(close)
            && let Some(found) = text.get(start..start + end)
            && !found.trim().is_empty()
        {
            return one_line(found);
        }
    }
    if text.trim_start().starts_with('<') { String::new() } else { one_line(&text) }
}

fn one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().filter(|character| !character.is_control()).take(600).collect()
}

/// Why the body could not be made.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("the file changed")]
    Changed,
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// The form as a body: the head, the file in chunks, and the tail only if the bytes were those that were planned.
struct Form {
    parts: Vec<Bytes>,
    file: Option<File>,
    remaining: u64,
    hasher: Sha256,
    expected: Sha256Digest,
    tail: Bytes,
    total_left: u64,
    sent: Arc<AtomicU64>,
    progress: Progress,
}

impl Form {
    fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        if let Some(head) = self.parts.pop() {
            return Some(Ok(head));
        }
        let file = self.file.as_mut()?;
        if self.remaining == 0 {
            self.file = None;
            let digest = Sha256Digest(std::mem::take(&mut self.hasher).finalize().into());
            let tail = std::mem::take(&mut self.tail);
            return Some(if digest == self.expected { Ok(tail) } else { Err(BodyError::Changed) });
        }
        let mut chunk = vec![0; CHUNK.min(usize::try_from(self.remaining).unwrap_or(CHUNK))];
        if let Err(error) = file.read_exact(&mut chunk) {
            let short = error.kind() == io::ErrorKind::UnexpectedEof;
            return Some(Err(if short { BodyError::Changed } else { error.into() }));
        }
        self.hasher.update(&chunk);
        self.remaining -= chunk.len() as u64;
        self.progress.advance(chunk.len() as u64);
        Some(Ok(chunk.into()))
    }
}

impl Body for Form {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<BodyFrame<Bytes>, BodyError>>> {
        Poll::Ready(self.next().map(|part| {
            let part = part?;
            self.total_left -= part.len() as u64;
            self.sent.fetch_add(part.len() as u64, Ordering::Relaxed);
            Ok(BodyFrame::data(part))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty() && self.file.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total_left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_found_in_every_form() {
        for (body, sentence) in [
            (
                &br#"{"message": "x", "code": "400 File already exists", "title": "Bad Request"}"#[..],
                "400 File already exists",
            ),
            (b"<html><head><title>403 Invalid\n API Token</title></head></html>", "403 Invalid API Token"),
            (b"<html><body><h1>Conflict</h1></body></html>", "Conflict"),
            (b"plain\nwords", "plain words"),
            (b"", ""),
            (b"{}", ""),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(reason(body), sentence);
        }
    }

    #[test]
    fn both_forms_of_retry_after() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("soon", now), None);
    }

    proptest::proptest! {
        #[test]
        fn reasons_never_panic(body: Vec<u8>, markup in "(<title>|</title>|İ|<pre>|[a-z]|</pre>){0,9}") {
            let _ = reason(&body);
            let _ = reason(markup.as_bytes());
        }
    }
}
