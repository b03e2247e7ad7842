//! The HTTP client: rustls with the platform's roots, no silent downgrade from https, plain http to loopback only
//! where secrets or unverified bytes are at stake.

mod address;
mod answer;
mod error;
mod packed;
mod refusal;
mod resolver;
mod secrets;
pub(crate) mod sentence;
mod until;

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use resolver::Resolver;

pub use address::parse_url;
pub(crate) use address::{must_be_safe, shown, split_userinfo, without_secrets};
pub(crate) use answer::{MAX_ANSWER, MAX_ASKED, is_passing, retry_after, words};
pub use error::HttpError;
pub(crate) use error::want;
pub(crate) use packed::{START, packing, unpacked};
pub(crate) use refusal::Refusal;
pub(crate) use secrets::Secrets;
pub(crate) use until::Until;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const USER_AGENT: &str = concat!("relkit/", env!("CARGO_PKG_VERSION"));

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
