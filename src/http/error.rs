//! Why nothing is asked over HTTP at all.

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
