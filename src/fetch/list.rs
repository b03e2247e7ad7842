//! Where a list of checksums is, and reading it: from the network once in a run, or from a file.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checksums::{Checksums, MAX_BYTES, TooLong, Unlisted};
use super::download::{Options, fetch};
use super::error::FetchError;
use super::expected::Expected;
use crate::console::Progress;
use crate::error::Explain;
use crate::fs::{FsError, Scratch, open_regular};
use crate::http::{self, HttpError};

/// Where a list is: a URL, or a file of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ListPlace {
    Url(String),
    File(PathBuf),
}

impl From<&str> for ListPlace {
    fn from(text: &str) -> Self {
        if text.contains("://") { Self::Url(text.to_owned()) } else { Self::File(text.into()) }
    }
}

impl fmt::Display for ListPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Without what may be secret in it.
            Self::Url(text) => match http::parse_url(text) {
                Ok(url) => formatter.write_str(&http::shown(&url)),
                Err(error) => error.fmt(formatter),
            },
            Self::File(path) => path.display().fmt(formatter),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error("cannot fetch the checksums")]
    Fetch(#[source] FetchError),
    #[error("cannot use the URL of the checksums")]
    Url(#[source] HttpError),
    #[error("cannot read the checksums")]
    File(#[source] FsError),
    #[error("`{place}` is no list of checksums")]
    TooLong { place: ListPlace, source: TooLong },
    #[error("`{place}` says nothing to hold the artefact against")]
    Unlisted { place: ListPlace, source: Unlisted },
}

impl ListError {
    /// Whether it can follow from the artefact's absence: there is no list, or it does not name the artefact.
    pub(crate) fn may_be_absence(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_absence(),
            Self::Unlisted { source, .. } => matches!(source, Unlisted::Missing { .. } | Unlisted::Empty),
            _ => false,
        }
    }
}

impl Explain for ListError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Fetch(error) if !error.is_absence() => error.hint(),
            Self::Url(error) => error.hint(),
            Self::File(error) => error.hint(),
            _ => Some(
                "name the right list with `--checksums URL_OR_FILE`; `--no-digest` takes whatever bytes arrive".into(),
            ),
        }
    }
}

/// The lists of a run, each read once.
pub(crate) struct Lists {
    silence: Duration,
    read: BTreeMap<ListPlace, Checksums>,
}

impl Lists {
    /// Lists from servers that may be silent for that long.
    pub(crate) fn new(silence: Duration) -> Self {
        Self { silence, read: BTreeMap::new() }
    }

    /// What a list says of the artefact with this path.
    pub(crate) fn expected(&mut self, place: &ListPlace, path: &str) -> Result<Expected, ListError> {
        let unlisted = |source| ListError::Unlisted { place: place.clone(), source };
        if let Some(list) = self.read.get(place) {
            return list.of(path).map_err(unlisted);
        }
        let bytes = match place {
            ListPlace::Url(text) => self.fetched(text)?,
            ListPlace::File(path) => bytes_of(path).map_err(ListError::File)?,
        };
        let too_long = |source| ListError::TooLong { place: place.clone(), source };
        let list = Checksums::parse(&bytes).map_err(too_long)?;
        let expected = list.of(path).map_err(unlisted);
        self.read.insert(place.clone(), list);
        expected
    }

    fn fetched(&self, url: &str) -> Result<Vec<u8>, ListError> {
        let url = http::parse_url(url).map_err(ListError::Url)?;
        let scratch = Scratch::create("relkit-fetch-").map_err(ListError::File)?;
        let options = Options {
            url,
            path: scratch.path().join("checksums"),
            expected: None,
            silence: self.silence,
            limit: Some(MAX_BYTES as u64),
        };
        let fetched = fetch(&options, &Progress::hidden()).map_err(ListError::Fetch)?;
        bytes_of(&fetched.path).map_err(ListError::File)
    }
}

/// The bytes of a file, of which no more are read than show that it is too long.
fn bytes_of(path: &Path) -> Result<Vec<u8>, FsError> {
    let mut bytes = Vec::new();
    let file = open_regular(path).map_err(FsError::read(path))?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(FsError::read(path))?;
    Ok(bytes)
}
