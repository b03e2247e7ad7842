//! Why an index cannot be read, and what to do about it.

use std::time::Duration;

use reqwest::StatusCode;

use crate::error::Explain;
use crate::http::{self, Refusal};

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("cannot read `{url}`")]
    Network { url: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{url}` answered {refusal}")]
    Refused {
        url: String,
        refusal: Refusal,
        /// Whether it was asked with credentials.
        is_known: bool,
    },
    #[error("`{url}` is not a page of the simple API: {why}")]
    Page { url: String, why: String },
    #[error("`{url}` sent a page that is cut short")]
    Cut { url: String },
    #[error("`{url}` did not come within {} s", after.as_secs())]
    Slow { url: String, after: Duration },
    /// Nothing is at the end of its redirects.
    #[error("`{url}` leads nowhere: {why}")]
    Astray { url: String, why: &'static str },
    /// Neither its root nor any project is there.
    #[error("no index is at `{url}`: it answered {}, and has no page for any project of the release", http::words(*status))]
    Nothing { url: String, status: StatusCode },
}

impl IndexError {
    pub(in crate::publish) fn is_passing(&self) -> bool {
        match self {
            Self::Network { .. } => self.want().is_none(),
            Self::Cut { .. } => true,
            Self::Refused { refusal, .. } => http::is_passing(refusal.status),
            Self::Page { .. } | Self::Astray { .. } | Self::Nothing { .. } | Self::Slow { .. } => false,
        }
    }

    /// What to do where this machine, and not the network, lacks something.
    pub(super) fn want(&self) -> Option<&'static str> {
        match self {
            Self::Network { source, .. } => http::want(source.as_ref()),
            _ => None,
        }
    }

    /// How long the index asks to wait.
    pub(in crate::publish) fn asked(&self) -> Duration {
        match self {
            Self::Refused { refusal, .. } => refusal.retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }
}

impl Explain for IndexError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Network { .. } if self.want().is_some() => return self.want().map(str::to_owned),
            Self::Network { .. } | Self::Cut { .. } | Self::Slow { .. } => {
                "check the network and the URL, then run the same command again"
            }
            Self::Refused { refusal, .. } if http::is_passing(refusal.status) => {
                let asked = refusal.retry_after.map(|asked| format!(" (it asks to wait {} s)", asked.as_secs()));
                return Some(format!(
                    "the index is busy: run the same command again later{}",
                    asked.unwrap_or_default()
                ));
            }
            Self::Refused { refusal, is_known: true, .. } if matches!(refusal.status.as_u16(), 401 | 403) => {
                "correct the credentials that were sent: those of the URL, else RELKIT_INDEX_TOKEN, else those of its host in \
                 `.netrc` (or the file that NETRC names)"
            }
            Self::Refused { refusal, .. } if matches!(refusal.status.as_u16(), 401 | 403 | 407) => {
                "to read this index, set RELKIT_INDEX_TOKEN, or name its host in `.netrc` (or the file that NETRC names), \
                 or write `https://USER:PASSWORD@…` as its URL"
            }
            Self::Nothing { .. } => {
                "check `--index-url` for typing errors; where it is right, and the index answers nothing until it has a project, \
                 `relkit publish` of the first release needs none: it looks nothing up then"
            }
            Self::Refused { .. } | Self::Page { .. } | Self::Astray { .. } => {
                "`--index-url` names the simple API, the page under which every project has its own; check it for typing \
                 errors"
            }
        };
        Some(hint.to_owned())
    }
}
