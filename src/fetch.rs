//! Downloading a release artefact: streamed, resumed by range (RFC 9110 section 14), verified, whole or absent.
//!
//! The bytes gather in `.NAME.relkit-part` beside the final name, so that an interrupted download goes on where it
//! stopped. The file gets its final name once its length and digest are right.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE, RETRY_AFTER};
use serde_json::{Value, json};
use url::Url;

use crate::console::{Progress, Shown};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{FsError, portable};
use crate::http::{self, HttpError};

/// What is fetched, where to, and what is right.
#[derive(Debug, Clone)]
pub struct Request {
    /// The artefact.
    pub url: String,
    /// The file to write; a directory, or a path that ends in a separator, takes the name from the URL.
    pub out: PathBuf,
    /// The digest that the bytes must have; `None` takes whatever arrives.
    pub expected: Option<Sha256Digest>,
    /// How long the server may be silent.
    pub silence: Duration,
}

/// A file that was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// How many of its bytes came over the network in this run.
    pub transferred: u64,
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

/// An artefact that could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL cannot be used.
    #[error("cannot fetch")]
    Http(#[from] HttpError),
    /// The URL ends in no file name.
    #[error("`{url}` ends in no file name")]
    NoName {
        /// The URL.
        url: String,
    },
    /// The file cannot be written.
    #[error("cannot fetch to `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: FsError,
    },
    /// The server refused.
    #[error("`{url}` answered {status}")]
    Refused {
        /// The URL.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The connection failed as often as it was tried.
    #[error("cannot fetch `{url}` after {attempts} attempts")]
    Network {
        /// The URL.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bytes are not those that were asked for.
    #[error("`{url}` has SHA-256 {actual}, not {expected}")]
    Digest {
        /// The URL.
        url: String,
        /// What was asked for.
        expected: Sha256Digest,
        /// What arrived.
        actual: Sha256Digest,
    },
}

impl Explain for FetchError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Http(error) => error.hint(),
            Self::NoName { .. } => Some("name the file to write with `--out FILE`".into()),
            Self::File { source, .. } => source.hint(),
            Self::Refused { status, .. } if status.as_u16() == 404 => Some("check the release and the name".into()),
            Self::Refused { .. } => None,
            Self::Network { .. } => Some("run the same command again: it goes on where this one stopped".into()),
            Self::Digest { .. } => {
                Some("compare the digest with the release's own list; nothing was kept of these bytes".into())
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Digest { .. } => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}

const ATTEMPTS: u32 = 6;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Fetches an artefact. A file that is there already with the right digest is not fetched again.
///
/// # Errors
/// When the URL, the network, the disk or the digest is not good; the final name is then as it was before.
pub fn fetch(request: &Request, progress: &Progress) -> Result<Fetched, FetchError> {
    let url = http::parse_url(&request.url)?;
    if request.expected.is_none() && !http::is_safe(&url) {
        return Err(HttpError::Insecure { url: http::shown(&url) }.into());
    }
    let path = destination(&request.out, &url)?;
    if let Some(expected) = request.expected
        && let Ok(mut file) = File::open(&path)
        && let Ok((sha256, bytes)) = Sha256Digest::of_reader(&mut file)
        && sha256 == expected
    {
        return Ok(Fetched { path, bytes, sha256, transferred: 0 });
    }
    let client = http::client(request.silence, http::download_redirects())?;
    let mut download = Download { client, url, part: Part::beside(&path), transferred: 0, progress };
    let outcome = download.run(request.expected);
    match outcome {
        Ok((sha256, bytes)) => {
            download.part.finish(&path).map_err(|source| FetchError::File { path: path.clone(), source })?;
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

/// The gathered bytes, and the entity tag that says which version of the artefact they belong to.
struct Part {
    bytes: PathBuf,
    tag: PathBuf,
}

impl Part {
    fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self {
            bytes: path.with_file_name(format!(".{name}.relkit-part")),
            tag: path.with_file_name(format!(".{name}.relkit-part-etag")),
        }
    }

    fn length(&self) -> u64 {
        fs::metadata(&self.bytes).map_or(0, |metadata| metadata.len())
    }

    fn entity_tag(&self) -> Option<String> {
        fs::read_to_string(&self.tag).ok().filter(|tag| !tag.is_empty())
    }

    fn discard(&self) {
        let _ = fs::remove_file(&self.bytes);
        let _ = fs::remove_file(&self.tag);
    }

    fn open(&self) -> Result<File, FsError> {
        if let Some(parent) = self.bytes.parent() {
            fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        }
        OpenOptions::new().create(true).append(true).open(&self.bytes).map_err(FsError::write(&self.bytes))
    }

    fn finish(&self, path: &Path) -> Result<(), FsError> {
        if path.is_dir() {
            return Err(FsError::write(path)(io::ErrorKind::IsADirectory.into()));
        }
        let file = self.open()?;
        file.sync_all().map_err(FsError::write(&self.bytes))?;
        fs::rename(&self.bytes, path).map_err(FsError::write(path))?;
        let _ = fs::remove_file(&self.tag);
        Ok(())
    }
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
                    let (sha256, bytes) = self.digest()?;
                    match expected {
                        Some(expected) if expected != sha256 => {
                            // Bytes of an earlier run can be to blame once; fresh bytes cannot.
                            if resumed_from > 0 && !restarted {
                                restarted = true;
                                self.part.discard();
                                continue;
                            }
                            return Err(FetchError::Digest { url: http::shown(&self.url), expected, actual: sha256 });
                        }
                        _ => return Ok((sha256, bytes)),
                    }
                }
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Passing(source, pause)) => {
                    // A connection that brings bytes is worth going on with.
                    if self.transferred > before {
                        attempts = 1;
                    }
                    if attempts >= ATTEMPTS {
                        return Err(FetchError::Network { url: http::shown(&self.url), attempts, source });
                    }
                    let backoff = Duration::from_millis(250 << attempts.min(7));
                    thread::sleep(pause.max(backoff).min(LONGEST_PAUSE));
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
        let response = request.send().map_err(|error| self.setback(error))?;
        match response.status() {
            StatusCode::OK => {
                self.part.discard();
                self.keep_tag(response.headers())?;
                self.receive(response, 0)
            }
            StatusCode::PARTIAL_CONTENT if starts_at(response.headers(), have) => self.receive(response, have),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                self.part.discard();
                Err(Setback::Passing("the server cannot resume; starting again".into(), Duration::ZERO))
            }
            status if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) => {
                let pause = retry_after(response.headers());
                Err(Setback::Passing(format!("the server answered {status}").into(), pause))
            }
            status => Err(Setback::Final(FetchError::Refused { url: http::shown(&self.url), status })),
        }
    }

    fn setback(&self, error: reqwest::Error) -> Setback {
        // The URL may hold a secret in its query, and is named by the error around this one.
        Setback::Passing(Box::new(error.without_url()), Duration::ZERO)
    }

    fn keep_tag(&self, headers: &HeaderMap) -> Result<(), Setback> {
        // A weak tag does not promise equal bytes (RFC 9110 section 13.1.5).
        let strong = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/"));
        match strong {
            Some(tag) => {
                self.part.open().map_err(|source| self.file_error(source))?;
                let written = fs::write(&self.part.tag, tag).map_err(FsError::write(&self.part.tag));
                written.map_err(|source| self.file_error(source))
            }
            None => Ok(()),
        }
    }

    fn file_error(&self, source: FsError) -> Setback {
        Setback::Final(FetchError::File { path: self.part.bytes.clone(), source })
    }

    fn receive(&mut self, mut response: Response, have: u64) -> Result<(), Setback> {
        if let Some(rest) = response.content_length() {
            self.progress.set_length(have + rest);
        }
        let mut file = self.part.open().map_err(|source| self.file_error(source))?;
        let mut buffer = vec![0; 1 << 17];
        loop {
            let count = match response.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Setback::Passing(Box::new(error), Duration::ZERO)),
            };
            file.write_all(&buffer[..count])
                .map_err(|source| self.file_error(FsError::write(&self.part.bytes)(source)))?;
            self.transferred += count as u64;
            self.progress.advance(count as u64);
        }
    }

    fn digest(&self) -> Result<(Sha256Digest, u64), FetchError> {
        let path = &self.part.bytes;
        // An empty artefact never opened the file.
        let opened = self.part.open().and_then(|_| File::open(path).map_err(FsError::read(path)));
        opened
            .and_then(|mut file| Sha256Digest::of_reader(&mut file).map_err(FsError::read(path)))
            .map_err(|source| FetchError::File { path: path.clone(), source })
    }
}

fn starts_at(headers: &HeaderMap, offset: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    start == Some(offset)
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST_PAUSE)
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
