//! The HTTP client: rustls with the platform's roots, no silent downgrade from https, plain http to loopback only
//! where secrets or unverified bytes are at stake.

use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::error::Explain;

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const USER_AGENT: &str = concat!("relkit/", env!("CARGO_PKG_VERSION"));

/// A URL or client that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not a URL.
    #[error("`{text}` is not a URL")]
    Url {
        /// What was given, without user name and password.
        text: String,
        /// What the parser says.
        #[source]
        source: url::ParseError,
    },
    /// Neither http nor https.
    #[error("`{url}` cannot be used: only https and http are spoken")]
    Scheme {
        /// The URL.
        url: String,
    },
    /// Plain http to a host other than this machine.
    #[error("`{url}` is plain http to another machine")]
    Insecure {
        /// The URL.
        url: String,
    },
    /// The client could not be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    /// The input and output loop could not be made.
    #[error("the HTTP client cannot be made")]
    Runtime(#[source] std::io::Error),
}

impl Explain for HttpError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Insecure { .. } => Some("use the https URL".into()),
            Self::Url { .. } | Self::Scheme { .. } => Some("give the whole URL, with https://".into()),
            Self::Client(_) | Self::Runtime(_) => None,
        }
    }
}

/// Reads a URL that is http or https. A user name or password in it never appears in an error.
///
/// # Errors
/// When it is no URL, or has another scheme.
pub fn parse_url(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).map_err(|source| HttpError::Url { text: without_userinfo(text), source })?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        // Without a host, a part that looks like a path can be a password.
        _ => Err(HttpError::Scheme { url: format!("{}:…", url.scheme()) }),
    }
}

/// A URL as it may be printed: without user name, password, query and fragment, any of which can hold a secret.
#[must_use]
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only on URLs that cannot have a user name at all.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn without_userinfo(text: &str) -> String {
    match text.rfind('@') {
        Some(at) => text.split_at(at).1.trim_start_matches('@').to_owned(),
        None => text.to_owned(),
    }
}

/// Whether a URL is https, or http to this machine.
#[must_use]
pub fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
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
///
/// # Errors
/// When TLS cannot be set up.
pub fn client(silence: Duration, redirects: Policy) -> Result<Client, HttpError> {
    install_provider();
    let builder: ClientBuilder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(silence)
        .http1_only()
        .redirect(redirects);
    builder.build().map_err(HttpError::Client)
}

/// A client for uploads: no redirect is followed by itself, and no deadline but that of the uploader.
///
/// # Errors
/// When TLS cannot be set up.
pub fn upload_client() -> Result<reqwest::Client, HttpError> {
    install_provider();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
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
#[must_use]
pub fn download_redirects() -> Policy {
    Policy::custom(|attempt| {
        let downgraded = attempt.url().scheme() != "https"
            && attempt.previous().last().is_some_and(|previous| previous.scheme() == "https");
        if downgraded {
            attempt.error("redirected from https to plain http")
        } else if attempt.previous().len() > 10 {
            attempt.error("more than ten redirects")
        } else {
            attempt.follow()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        let url = parse_url("https://user:secret@example.com/a?token=secret#secret").unwrap();
        assert_eq!(shown(&url), "https://example.com/a");
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
            assert_eq!(is_safe(&parse_url(text).unwrap()), safe, "{text}");
        }
    }
}
