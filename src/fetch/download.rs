//! One download, from the first request to the final name. An interrupted one goes on where it stopped; the file gets its
//! name once its length and digest are right.

use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use serde_json::{Value, json};
use url::Url;

use super::error::FetchError;
use super::expected::{Actual, Expected};
use super::part::PartialDownload;
use crate::console::text::visible;
use crate::console::{Progress, Shown};
use crate::digest::Sha256Digest;
use crate::fs::{FsError, open_regular, portable, say_on_interrupt};
use crate::http::{self, Refusal, Secrets};

const MAX_ATTEMPTS: u32 = 6;
/// Who sends less in the time that a server may be silent is as good as silent.
const LEAST_PER_SECOND: u64 = 1 << 10;
const MAX_SLOW: u32 = 2;
const MAX_PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Options {
    pub(crate) url: Url,
    /// The file to write.
    pub(crate) path: PathBuf,
    /// The digests that the bytes must have; `None` takes whatever arrives.
    pub(crate) expected: Option<Expected>,
    /// How long the server may be silent.
    pub(crate) silence: Duration,
    /// The longest that is taken, in bytes.
    pub(crate) limit: Option<u64>,
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

/// Fetches an artefact. A file that is there already with the right digest is not fetched again; after an error the final
/// name is as it was before.
pub(crate) fn fetch(options: &Options, progress: &Progress) -> Result<Fetched, FetchError> {
    progress.file(&options.path);
    let Options { url, path, expected, .. } = options;
    if expected.is_none() {
        http::must_be_safe(url)?;
    }
    if let Some(there) = there(options) {
        return Ok(there);
    }
    let client = http::client(options.silence, http::download_redirects())?;
    let part = PartialDownload::beside(path).map_err(|source| FetchError::File { path: path.clone(), source })?;
    let furthest = part.length();
    let mut download = Download { client, options, part, transferred: 0, furthest, progress };
    say_on_interrupt(Some(format!(
        "interrupted: what has come of `{}` is kept beside it; run the same command to go on",
        visible(&path.display().to_string())
    )));
    let ran = download.run();
    say_on_interrupt(None);
    match ran {
        Ok(Actual { sha256, bytes, .. }) => {
            download.part.finish().map_err(|source| download.file_error(source))?;
            Ok(Fetched { path: path.clone(), bytes, sha256, transferred: download.transferred })
        }
        Err(error) => {
            // A partial download is worth keeping only if the same command can go on with it.
            if !matches!(error, FetchError::Network { .. } | FetchError::Machine { .. }) || download.part.length() == 0
            {
                download.part.discard();
            }
            Err(error)
        }
    }
}

/// The file, where it is there already with the right digest.
fn there(options: &Options) -> Option<Fetched> {
    let expected = options.expected.as_ref()?;
    let mut file = open_regular(&options.path).ok()?;
    let actual = Expected::read(Some(expected), &mut file).ok()?;
    let is_right = expected.difference(&actual).is_none();
    let path = options.path.clone();
    is_right.then_some(Fetched { path, bytes: actual.bytes, sha256: actual.sha256, transferred: 0 })
}

/// Whether the server says that there is no such file; of any other answer nothing is concluded.
pub(crate) fn is_absent(url: &Url, silence: Duration) -> Result<bool, FetchError> {
    let client = http::client(silence, http::download_redirects())?;
    let answer = client.get(url.clone()).header(ACCEPT_ENCODING, "identity").header(RANGE, "bytes=0-0").send();
    Ok(answer.is_ok_and(|answer| matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::GONE)))
}

struct Download<'a> {
    client: Client,
    options: &'a Options,
    part: PartialDownload,
    transferred: u64,
    /// The most of the artefact that any attempt had.
    furthest: u64,
    progress: &'a Progress,
}

/// How one attempt ended short of success.
enum Setback {
    /// Trying again can help, after this pause at the least.
    Passing(Box<dyn std::error::Error + Send + Sync>, Duration),
    /// The same after a connection that brought hardly anything, which is no progress.
    Slow(Box<dyn std::error::Error + Send + Sync>),
    Final(FetchError),
}

impl Download<'_> {
    fn run(&mut self) -> Result<Actual, FetchError> {
        let expected = self.options.expected.as_ref();
        let (mut attempts, mut slow) = (0, 0);
        let mut restarted = false;
        loop {
            attempts += 1;
            let resumed_from = self.part.length();
            match self.attempt() {
                Ok(()) => {
                    let actual = self.part.digest(expected).map_err(|source| self.file_error(source))?;
                    match expected.and_then(|expected| expected.difference(&actual)) {
                        None => return Ok(actual),
                        // Bytes of an earlier run can be to blame once; fresh bytes cannot.
                        Some(_) if resumed_from > 0 && !restarted => {
                            restarted = true;
                            self.part.restart().map_err(|source| self.file_error(source))?;
                        }
                        Some(found) => return Err(FetchError::Digest { url: self.shown(), found: found.into() }),
                    }
                }
                Err(setback) => {
                    let (source, pause) = match setback {
                        Setback::Final(error) => return Err(error),
                        Setback::Passing(source, pause) => (source, pause),
                        Setback::Slow(source) => {
                            slow += 1;
                            (source, Duration::ZERO)
                        }
                    };
                    // A connection that brings what none before it did is worth going on with.
                    if self.part.length() > self.furthest && slow == 0 {
                        self.furthest = self.part.length();
                        attempts = 1;
                    }
                    if attempts >= MAX_ATTEMPTS || slow >= MAX_SLOW {
                        return Err(FetchError::Network { url: self.shown(), attempts, source });
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
            self.part.restart().map_err(|source| self.setback(source))?;
            have = 0;
        }
        let mut request = self.client.get(self.options.url.clone()).header(ACCEPT_ENCODING, "identity");
        if let (true, Some(tag)) = (have > 0, &tag) {
            request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, tag);
        }
        // The URL may hold a secret in its query, and is named by the error around this one.
        let response = request.send().map_err(|error| match error.is_redirect() {
            // The next attempt would be led the same way.
            true => Setback::Final(FetchError::Redirects { url: self.shown(), source: error.without_url() }),
            false => self.broken(error.without_url()),
        })?;
        match response.status() {
            StatusCode::OK => {
                self.part.restart().map_err(|source| self.setback(source))?;
                if let Some(tag) = strong_tag(response.headers()) {
                    self.part.keep_tag(tag).map_err(|source| self.setback(source))?;
                }
                self.receive(response, 0)
            }
            StatusCode::PARTIAL_CONTENT if goes_on(response.headers(), have, tag.as_deref()) => {
                self.receive(response, have)
            }
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                self.part.restart().map_err(|source| self.setback(source))?;
                Err(Setback::Passing("the server cannot resume; starting again".into(), Duration::ZERO))
            }
            status if http::is_passing(status) => {
                let pause = http::retry_after(response.headers(), SystemTime::now()).unwrap_or_default();
                Err(Setback::Passing(
                    format!("the server answered {}", Refusal::read(response, &Secrets::of_url(&self.options.url)))
                        .into(),
                    pause,
                ))
            }
            _ => Err(Setback::Final(FetchError::Refused {
                url: self.shown(),
                refusal: Refusal::read(response, &Secrets::of_url(&self.options.url)),
            })),
        }
    }

    fn shown(&self) -> String {
        http::shown(&self.options.url)
    }

    fn file_error(&self, source: FsError) -> FetchError {
        FetchError::File { path: self.part.target.clone(), source }
    }

    /// What a connection that failed comes to.
    fn broken(&self, error: impl std::error::Error + Send + Sync + 'static) -> Setback {
        match http::want(&error) {
            Some(want) => Setback::Final(FetchError::Machine { url: self.shown(), source: Box::new(error), want }),
            None => Setback::Passing(Box::new(error), Duration::ZERO),
        }
    }

    fn setback(&self, source: FsError) -> Setback {
        Setback::Final(self.file_error(source))
    }

    fn receive(&mut self, mut response: Response, have: u64) -> Result<(), Setback> {
        if let Some(rest) = response.content_length() {
            self.progress.set_length(have + rest);
        }
        self.progress.reach(have);
        let limit = self.options.limit.unwrap_or(u64::MAX);
        let mut length = have;
        let mut file = self.part.open().map_err(|source| self.setback(source))?;
        let mut buffer = vec![0; 1 << 17];
        let (mut waited, mut arrived) = (Duration::ZERO, 0);
        let silence = self.options.silence;
        loop {
            let began = Instant::now();
            let read = response.read(&mut buffer);
            waited += began.elapsed();
            let count = match read {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(error)),
            };
            length = length.saturating_add(count as u64);
            if length > limit {
                return Err(Setback::Final(FetchError::TooLong { url: self.shown(), limit }));
            }
            let written = file.write_all(&buffer[..count]).map_err(FsError::write(&self.part.target));
            written.map_err(|source| self.setback(source))?;
            self.transferred += count as u64;
            self.progress.reach(length);
            arrived += count as u64;
            if waited >= silence {
                if arrived < LEAST_PER_SECOND.saturating_mul(silence.as_secs()) {
                    let seconds = waited.as_secs();
                    return Err(Setback::Slow(format!("no more than {arrived} bytes came in {seconds} s").into()));
                }
                (waited, arrived) = (Duration::ZERO, 0);
            }
        }
    }
}

/// A weak tag does not promise equal bytes (RFC 9110 section 13.1.5).
fn strong_tag(headers: &HeaderMap) -> Option<&str> {
    headers.get(ETAG)?.to_str().ok().filter(|tag| !tag.starts_with("W/"))
}

/// Whether a part begins at `offset`, is of the bytes that `tag` names, and brings all the rest of them.
fn goes_on(headers: &HeaderMap, offset: u64, tag: Option<&str>) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // `bytes FIRST-LAST/LENGTH`, where the length may be `*`.
    let range = text(CONTENT_RANGE).and_then(|range| range.trim().strip_prefix("bytes ")?.split_once('/'));
    let Some((ends, length)) = range else { return false };
    let Some((first, last)) = ends.split_once('-') else { return false };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let is_rest = match (number(last), number(length)) {
        (Some(last), Some(length)) => last.checked_add(1) == Some(length),
        _ => length.trim() == "*",
    };
    let is_same = text(ETAG).is_none_or(|now| tag.is_none_or(|then| now == then));
    number(first) == Some(offset) && is_rest && is_same
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn only_the_rest_of_the_same_bytes_goes_on() {
        for (range, tag, expected) in [
            ("bytes 10-99/100", None, true),
            ("bytes 10-99/100", Some("\"a\""), true),
            ("bytes 10-99/*", None, true),
            ("bytes 10-99/100", Some("\"b\""), false),
            ("bytes 10-49/100", None, false),
            ("bytes 0-99/100", None, false),
            ("bytes 10-99", None, false),
            ("bytes */100", None, false),
            ("lines 10-99/100", None, false),
            ("bytes 10-18446744073709551615/0", None, false),
        ] {
            let mut headers = HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_static(range))]);
            headers.extend(tag.map(|tag| (ETAG, HeaderValue::from_static(tag))));
            assert_eq!(goes_on(&headers, 10, Some("\"a\"")), expected, "{range} {tag:?}");
        }
        assert!(!goes_on(&HeaderMap::new(), 10, None));
    }
}
