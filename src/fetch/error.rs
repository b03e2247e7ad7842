//! What goes wrong with a download.

use std::path::PathBuf;

use reqwest::StatusCode;

use super::expected::Difference;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::http::{HttpError, Refusal};

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("cannot fetch")]
    Http(#[from] HttpError),
    #[error("`{url}` ends in no file name")]
    NoName { url: String },
    #[error("`{name}` cannot be the name of a file on every system: {why}")]
    Name { name: String, why: String },
    #[error("cannot fetch to `{}`", path.display())]
    File { path: PathBuf, source: FsError },
    #[error("`{url}` answered {refusal}")]
    Refused { url: String, refusal: Refusal },
    #[error("cannot fetch `{url}` after {attempts} attempts")]
    Network { url: String, attempts: u32, source: Box<dyn std::error::Error + Send + Sync> },
    /// The machine has no more of something; no other attempt helps.
    #[error("cannot fetch `{url}`")]
    Machine { url: String, source: Box<dyn std::error::Error + Send + Sync>, want: &'static str },
    #[error("`{url}` redirects to where it cannot be followed")]
    Redirects { url: String, source: reqwest::Error },
    #[error("`{url}` has {} {}, not {}", found.algorithm, found.actual, found.expected)]
    Digest { url: String, found: Box<Difference> },
    #[error("`{url}` is longer than {limit} bytes")]
    TooLong { url: String, limit: u64 },
}

impl FetchError {
    /// Whether the server says that there is no such file.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if matches!(refusal.status, StatusCode::NOT_FOUND | StatusCode::GONE))
    }
}

impl Explain for FetchError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Http(error) => return error.hint(),
            Self::NoName { .. } | Self::Name { .. } => "name the file to write with `--out FILE`",
            Self::File { source, .. } => return source.hint(),
            Self::Refused { .. } if self.is_absence() => "check the release and the name, or the URL",
            Self::Refused { refusal, .. } if matches!(refusal.status.as_u16(), 401 | 403) => {
                "fetch it from where everybody may, or by another tool that signs in"
            }
            Self::Refused { .. } | Self::Redirects { .. } => "check the URL with whoever runs the server",
            Self::TooLong { .. } => "check that the URL is that of the file, and not of a page",
            Self::Machine { want, .. } => want,
            Self::Network { .. } => {
                "check the network and the URL, then run the same command again: it goes on where this one stopped"
            }
            Self::Digest { .. } => "compare the digest with the release's own list; nothing was kept of these bytes",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Digest { .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}
