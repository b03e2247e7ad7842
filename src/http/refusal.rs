//! An answer that is not what was asked for.

use std::fmt;
use std::io::Read as _;
use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::blocking::Response;

use super::answer::{MAX_ANSWER, retry_after, words};
use super::secrets::Secrets;
use super::sentence::Body;
use super::until::Until;

/// How long a server may take to say why it refuses.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Its status and, where its body has one, the server's own sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) status: StatusCode,
    reason: String,
    /// How long the server asks to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads as much of the body as a sentence can take; `secrets` are taken out of it.
    pub(crate) fn read(response: Response, secrets: &Secrets) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let retry_after = retry_after(&headers, SystemTime::now());
        let mut body = Vec::new();
        // What came before a connection broke can tell why as well.
        let _ = Until::new(response, Instant::now() + MAX_TIME).take(MAX_ANSWER as u64).read_to_end(&mut body);
        Self { status, reason: Body::read(&body, &headers, status, secrets).reason, retry_after }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, reason) = (words(self.status), &self.reason);
        if reason.is_empty() { write!(formatter, "{status}") } else { write!(formatter, "{status}: {reason}") }
    }
}
