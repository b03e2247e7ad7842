//! Why nothing is asked over HTTP at all.

use std::error::Error;
use std::fs::File;

use relkit_client::process::exhausted;

use crate::error::{Explain, causes};

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

/// What to do where it is the machine, and not the network, that has no more of what a connection needs; no other try helps.
pub(crate) fn want(error: &(dyn Error + 'static)) -> Option<&'static str> {
    causes(error).find_map(|cause| exhausted(cause.downcast_ref()?))
}

/// The same where no error says so: whether a few files can be opened at once.
fn want_of_files() -> Option<&'static str> {
    const FEW: usize = 4;
    let opened = (0..FEW).map(|_| File::open(".")).collect::<Result<Vec<_>, _>>();
    opened.err().and_then(|error| exhausted(&error))
}

impl Explain for HttpError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Insecure { .. } => Some("use the https URL".into()),
            Self::Url { .. } | Self::Scheme { .. } => Some("give the whole URL, with https://".into()),
            Self::Client(error) => {
                // What could not open the certificates says that there are none.
                let want = want(error).or_else(want_of_files);
                Some(want.unwrap_or("check the certificates and the proxy variables of this machine").into())
            }
        }
    }
}
