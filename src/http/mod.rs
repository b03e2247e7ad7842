//! The HTTP client: rustls with the platform's roots, no silent downgrade from https, plain http to loopback only
//! where secrets or unverified bytes are at stake.

mod resolver;
pub(crate) mod sentence;

use std::fmt;
use std::io::Read as _;
use std::net::IpAddr;
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use percent_encoding::percent_decode_str;
use relkit_client::process::exhausted;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use secrecy::SecretString;
use url::{Host, Url};

use resolver::Resolver;
use sentence::Body;

use crate::error::{Explain, causes};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of an answer is read for what it says, in bytes.
pub(crate) const MAX_ANSWER: usize = 256 << 10;

const USER_AGENT: &str = concat!("relkit/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The text is without user name and password.
    #[error("`{text}` is not a URL")]
    Url { text: String, source: url::ParseError },
    #[error("`{url}` cannot be used: only https and http are spoken")]
    Scheme { url: String },
    #[error("`{url}` is plain http to another machine")]
    Insecure { url: String },
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

impl Explain for HttpError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Insecure { .. } => Some("use the https URL".into()),
            Self::Url { .. } | Self::Scheme { .. } => Some("give the whole URL, with https://".into()),
            Self::Client(error) => {
                let want = causes(error).find_map(|cause| exhausted(cause.downcast_ref()?));
                Some(want.unwrap_or("check the certificates and the proxy variables of this machine").into())
            }
        }
    }
}

/// Reads a URL that is http or https. A user name or password in it never appears in an error.
pub fn parse_url(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).map_err(|source| HttpError::Url { text: without_userinfo(text), source })?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        // Without a host, a part that looks like a path can be a password.
        _ => Err(HttpError::Scheme { url: format!("{}:…", url.scheme()) }),
    }
}

/// A URL as it may be printed: without query and fragment, which can hold a secret, and with `***` for a user name and
/// password, either of which can be the secret. A user name alone is left out.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let has_password = url.password().is_some();
    // Both fail only on URLs that cannot have a user name at all.
    let _ = url.set_username(if has_password { "***" } else { "" });
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// A URL bare of its user name and password, and these two as they were meant.
pub(crate) fn split_userinfo(url: &Url) -> (Url, String, Option<SecretString>) {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), url.password().map(|password| decoded(password).into()));
    let mut bare = url.clone();
    // Both fail only on URLs that cannot have a user name at all.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    (bare, user, password)
}

/// A word of a command line with `***` in place of what can be secret in the URL that it is, or that follows its `=`.
pub(crate) fn without_secrets(word: &str) -> String {
    let (option, text) = match word.split_once('=') {
        Some((option, text)) if option.starts_with('-') => (Some(option), text),
        _ => (None, word),
    };
    let masked = match parse_url(text) {
        // A parser of URLs forgives slashes that are missing, too many or backward: only what it read tells.
        Ok(url) if url.password().is_some() || !url.username().is_empty() || url.query().is_some() => {
            let query = if url.query().is_some() { "?***" } else { "" };
            let mut bare = split_userinfo(&url).0;
            bare.set_query(None);
            bare.set_fragment(None);
            let has_user = url.password().is_some() || !url.username().is_empty();
            let bare = bare.to_string();
            let user = if has_user { bare.replacen("://", "://***@", 1) } else { bare };
            format!("{user}{query}")
        }
        _ => without_passwords(text),
    };
    match option {
        Some(option) => format!("{option}={masked}"),
        None => masked,
    }
}

/// A text with `***` in place of what stands before the host of every URL in it that has a password.
pub(crate) fn without_passwords(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown += before;
        shown += "://";
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            // A user name alone can be a token as well.
            Some(at) => {
                shown += "***";
                &after[at..]
            }
            // An `@` further on is the end of a password that was not encoded, or is of the path.
            None => match (after[..end].contains(':'), after.rfind('@')) {
                (true, Some(at)) => {
                    shown += "***";
                    &after[at..]
                }
                _ => after,
            },
        };
    }
    shown + rest
}

fn without_userinfo(text: &str) -> String {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest).to_owned()
}

/// Refuses a URL that is neither https nor http to this machine.
pub(crate) fn must_be_safe(url: &Url) -> Result<(), HttpError> {
    if url.scheme() == "https" || is_loopback(url) { Ok(()) } else { Err(HttpError::Insecure { url: shown(url) }) }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A client whose reads and writes may each be silent for `silence`; follows redirects as `redirects` says.
pub(crate) fn client(silence: Duration, redirects: Policy) -> Result<Client, HttpError> {
    install_provider();
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .dns_resolver(Arc::new(Resolver))
        .timeout(silence)
        .http1_only()
        .redirect(redirects);
    builder.build().map_err(HttpError::Client)
}

/// A client for uploads: no redirect is followed by itself, and no deadline but that of the uploader.
pub(crate) fn upload_client() -> Result<reqwest::Client, HttpError> {
    install_provider();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .dns_resolver(Arc::new(Resolver))
        .pool_max_idle_per_host(0)
        .http1_only()
        .redirect(Policy::none());
    // Else the kernel gives up a server that takes no bytes after 30 s, whatever patience the uploader has.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let builder = builder.tcp_user_timeout(None);
    builder.build().map_err(HttpError::Client)
}

fn install_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Follows up to ten redirects, but none from https to http.
pub(crate) fn download_redirects() -> Policy {
    Policy::custom(|attempt| {
        let downgraded = attempt.url().scheme() != "https"
            && attempt.previous().last().is_some_and(|previous| previous.scheme() == "https");
        if downgraded {
            attempt.error("redirected from https to plain http")
        } else if attempt.previous().contains(attempt.url()) {
            attempt.error("redirected in a circle")
        } else if attempt.previous().len() > 10 {
            attempt.error("more than ten redirects")
        } else {
            attempt.follow()
        }
    })
}

/// Whether a server that answers so may answer otherwise soon.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// An answer that is not what was asked for: its status and, where its body has one, the server's own sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) status: StatusCode,
    reason: String,
}

impl Refusal {
    /// Reads as much of the body as a sentence can take.
    pub(crate) fn read(response: Response) -> Self {
        let status = response.status();
        let mut body = Vec::new();
        // What came before a connection broke can tell why as well.
        let _ = response.take(MAX_ANSWER as u64).read_to_end(&mut body);
        Self { status, reason: Body::read(&body, status).reason }
    }

    pub(crate) fn with_reason(self, change: impl FnOnce(&str) -> String) -> Self {
        Self { reason: change(&self.reason), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, reason } = self;
        if reason.is_empty() { write!(formatter, "{status}") } else { write!(formatter, "{status}: {reason}") }
    }
}

/// How long a server asks to wait: seconds or an HTTP date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(value).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        let url = parse_url("https://user:secret@example.com/a?token=secret#secret").unwrap();
        assert_eq!(shown(&url), "https://***@example.com/a");
        assert_eq!(shown(&parse_url("https://user@example.com/a").unwrap()), "https://example.com/a");
        for (typed, shown) in [
            ("https://user:secret@example.com/a", "https://***@example.com/a"),
            ("--index-url=https://secret@example.com/a@b", "--index-url=https://***@example.com/a@b"),
            ("https://user:sec/ret@example.com/a", "https://***@example.com/a"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("dist", "dist"),
        ] {
            assert_eq!(without_passwords(typed), shown);
            assert_eq!(without_secrets(typed), shown);
        }
        for (typed, shown) in [
            ("https://example.com/a?token=secret", "https://example.com/a?***"),
            (
                "--index-url=https://me:secret@example.com/a?token=secret#secret",
                "--index-url=https://***@example.com/a?***",
            ),
            ("http:/me:secret@example.com/a", "http://***@example.com/a"),
            ("HTTPS:me:secret@example.com/a", "https://***@example.com/a"),
            ("https:\\\\me:secret@example.com\\a", "https://***@example.com/a"),
            ("https://me:s%65cret%40@example.com/a", "https://***@example.com/a"),
            ("--only=sdk", "--only=sdk"),
            ("dist?", "dist?"),
        ] {
            assert_eq!(without_secrets(typed), shown);
        }
        let error = parse_url("user:secret@example.com:x").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for (text, safe) in [
            ("https://example.com", true),
            ("http://127.0.0.1:8000/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://127.0.0.1.example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(must_be_safe(&parse_url(text).unwrap()).is_ok(), safe, "{text}");
        }
    }

    #[test]
    fn both_forms_of_retry_after() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let asked = |value| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]), now);
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(asked("soon"), None);
    }
}
