//! Downloading a release artefact: streamed, resumed by range (RFC 9110 section 14), verified, whole or absent.
//!
//! An interrupted download goes on where it stopped. The file gets its final name once its length and digest are right.

mod part;

use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use serde_json::{Value, json};
use url::Url;

use crate::console::{Progress, Shown};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{FsError, must_be_replaceable, open_regular, portable};
use crate::http::{self, HttpError};
use part::Part;

const MAX_ATTEMPTS: u32 = 6;
const MAX_PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Options {
    pub(crate) url: String,
    /// The file to write; a directory, or a path that ends in a separator, takes the name from the URL.
    pub(crate) out: PathBuf,
    /// The digest that the bytes must have; `None` takes whatever arrives.
    pub(crate) expected: Option<Sha256Digest>,
    /// How long the server may be silent.
    pub(crate) silence: Duration,
}

pub(crate) struct Fetched {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sha256: Sha256Digest,
    /// How many of its bytes came over the network in this run.
    pub(crate) transferred: u64,
}

impl Shown for Fetched {
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "path": portable(&self.path),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "transferred": self.transferred,
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("cannot fetch")]
    Http(#[from] HttpError),
    #[error("`{url}` ends in no file name")]
    NoName { url: String },
    #[error("cannot fetch to `{}`", path.display())]
    File { path: PathBuf, source: FsError },
    #[error("`{url}` answered {status}")]
    Refused { url: String, status: StatusCode },
    #[error("cannot fetch `{url}` after {attempts} attempts")]
    Network { url: String, attempts: u32, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{url}` has SHA-256 {actual}, not {expected}")]
    Digest { url: String, expected: Sha256Digest, actual: Sha256Digest },
}

impl Explain for FetchError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Http(error) => return error.hint(),
            Self::NoName { .. } => "name the file to write with `--out FILE`",
            Self::File { source, .. } => return source.hint(),
            Self::Refused { status, .. } if status.as_u16() == 404 => "check the release and the name",
            Self::Refused { status, .. } if matches!(status.as_u16(), 401 | 403) => {
                "fetch it from where everybody may, or by another tool that signs in"
            }
            Self::Refused { .. } => "check the URL with whoever runs the server",
            Self::Network { .. } => "run the same command again: it goes on where this one stopped",
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

/// Fetches an artefact. A file that is there already with the right digest is not fetched again; after an error the final
/// name is as it was before.
pub(crate) fn fetch(options: &Options, progress: &Progress) -> Result<Fetched, FetchError> {
    let url = http::parse_url(&options.url)?;
    if options.expected.is_none() {
        http::must_be_safe(&url)?;
    }
    let path = destination(&options.out, &url)?;
    if let Some(expected) = options.expected
        && let Ok(mut file) = open_regular(&path)
        && let Ok((sha256, bytes)) = Sha256Digest::of_reader(&mut file)
        && sha256 == expected
    {
        return Ok(Fetched { path, bytes, sha256, transferred: 0 });
    }
    let client = http::client(options.silence, http::download_redirects())?;
    let mut download = Download { client, url, part: Part::beside(&path), transferred: 0, progress };
    must_be_replaceable(&download.part.target).map_err(|source| download.file_error(source))?;
    match download.run(options.expected) {
        Ok((sha256, bytes)) => {
            download.part.finish().map_err(|source| download.file_error(source))?;
            Ok(Fetched { path, bytes, sha256, transferred: download.transferred })
        }
        Err(error) => {
            // A partial download is worth keeping only if the same command can go on with it.
            if !matches!(error, FetchError::Network { .. }) {
                download.part.discard();
            }
            Err(error)
        }
    }
}

fn destination(out: &Path, url: &Url) -> Result<PathBuf, FetchError> {
    let ends_in_separator = out.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    if !out.is_dir() && !ends_in_separator {
        return Ok(out.to_owned());
    }
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    // Whatever could mean another place, or a hidden file, is not a name; an encoded name stays encoded.
    let plain = last.chars().all(|character| character.is_ascii_alphanumeric() || "-_.+%~".contains(character));
    if last.is_empty() || last.starts_with('.') || !plain {
        return Err(FetchError::NoName { url: http::shown(url) });
    }
    Ok(out.join(last))
}

struct Download<'a> {
    client: Client,
    url: Url,
    part: Part,
    transferred: u64,
    progress: &'a Progress,
}

/// How one attempt ended short of success.
enum Setback {
    /// Trying again can help, after this pause at the least.
    Passing(Box<dyn std::error::Error + Send + Sync>, Duration),
    Final(FetchError),
}

impl Download<'_> {
    fn run(&mut self, expected: Option<Sha256Digest>) -> Result<(Sha256Digest, u64), FetchError> {
        let mut attempts = 0;
        let mut restarted = false;
        loop {
            attempts += 1;
            let resumed_from = self.part.length();
            let before = self.transferred;
            match self.attempt() {
                Ok(()) => {
                    let (actual, bytes) = self.part.digest().map_err(|source| self.file_error(source))?;
                    match expected.filter(|expected| *expected != actual) {
                        None => return Ok((actual, bytes)),
                        // Bytes of an earlier run can be to blame once; fresh bytes cannot.
                        Some(_) if resumed_from > 0 && !restarted => {
                            restarted = true;
                            self.part.discard();
                        }
                        Some(expected) => {
                            return Err(FetchError::Digest { url: http::shown(&self.url), expected, actual });
                        }
                    }
                }
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Passing(source, pause)) => {
                    // A connection that brings bytes is worth going on with.
                    if self.transferred > before {
                        attempts = 1;
                    }
                    if attempts >= MAX_ATTEMPTS {
                        return Err(FetchError::Network { url: http::shown(&self.url), attempts, source });
                    }
                    let backoff = Duration::from_millis(250 << attempts.min(7));
                    thread::sleep(pause.max(backoff).min(MAX_PAUSE));
                }
            }
        }
    }

    fn attempt(&mut self) -> Result<(), Setback> {
        let mut have = self.part.length();
        let tag = self.part.entity_tag();
        if have > 0 && tag.is_none() {
            // Without an entity tag nothing says that the rest belongs to the same bytes.
            self.part.discard();
            have = 0;
        }
        let mut request = self.client.get(self.url.clone()).header(ACCEPT_ENCODING, "identity");
        if let (true, Some(tag)) = (have > 0, &tag) {
            request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, tag);
        }
        // The URL may hold a secret in its query, and is named by the error around this one.
        let passing = |error: reqwest::Error| Setback::Passing(Box::new(error.without_url()), Duration::ZERO);
        let response = request.send().map_err(passing)?;
        match response.status() {
            StatusCode::OK => {
                self.part.discard();
                if let Some(tag) = strong_tag(response.headers()) {
                    self.part.keep_tag(tag).map_err(|source| self.setback(source))?;
                }
                self.receive(response, 0)
            }
            StatusCode::PARTIAL_CONTENT if starts_at(response.headers(), have) => self.receive(response, have),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                self.part.discard();
                Err(Setback::Passing("the server cannot resume; starting again".into(), Duration::ZERO))
            }
            status if http::is_passing(status) => {
                let pause = http::retry_after(response.headers(), SystemTime::now()).unwrap_or_default();
                Err(Setback::Passing(format!("the server answered {status}").into(), pause))
            }
            status => Err(Setback::Final(FetchError::Refused { url: http::shown(&self.url), status })),
        }
    }

    fn file_error(&self, source: FsError) -> FetchError {
        FetchError::File { path: self.part.target.clone(), source }
    }

    fn setback(&self, source: FsError) -> Setback {
        Setback::Final(self.file_error(source))
    }

    fn receive(&mut self, mut response: Response, have: u64) -> Result<(), Setback> {
        if let Some(rest) = response.content_length() {
            self.progress.set_length(have + rest);
        }
        let mut file = self.part.open().map_err(|source| self.setback(source))?;
        let mut buffer = vec![0; 1 << 17];
        loop {
            let count = match response.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Setback::Passing(Box::new(error), Duration::ZERO)),
            };
            let written = file.write_all(&buffer[..count]).map_err(FsError::write(&self.part.target));
            written.map_err(|source| self.setback(source))?;
            self.transferred += count as u64;
            self.progress.advance(count as u64);
        }
    }
}

/// A weak tag does not promise equal bytes (RFC 9110 section 13.1.5).
fn strong_tag(headers: &HeaderMap) -> Option<&str> {
    headers.get(ETAG)?.to_str().ok().filter(|tag| !tag.starts_with("W/"))
}

fn starts_at(headers: &HeaderMap, offset: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    start == Some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_takes_the_name_from_the_url() {
        let directory = tempfile::tempdir().unwrap();
        let named = |url: &str| destination(directory.path(), &Url::parse(url).unwrap());
        assert_eq!(named("https://example.com/a/codex.tar.gz?x=1").unwrap(), directory.path().join("codex.tar.gz"));
        for url in ["https://example.com/", "https://example.com/a/", "https://example.com/.hidden"] {
            assert!(named(url).is_err(), "{url}");
        }
        let file = directory.path().join("named");
        assert_eq!(destination(&file, &Url::parse("https://example.com/x").unwrap()).unwrap(), file);
    }
}
