//! Reading an index over the network: the simple repository API, JSON first and HTML as the fallback (PEP 503, 691; PEP 833
//! freezes the HTML form). What another origin says through a redirect is not the index's word. Nothing here writes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use url::Url;

use super::credentials::{Reading, basic};
use super::page::{Kind, Listed, Page, is_root};
use crate::digest::Sha256Digest;
use crate::error::Explain;
use crate::http::{self, HttpError};
use crate::wheel::name::DistributionName;

const ACCEPTED: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
/// A project page of a few thousand files is some megabytes.
const MAX_PAGE: u64 = 64 << 20;
/// How much of an index's root is read: it may list every project that there is.
const MAX_ROOT: u64 = 256 << 10;
const MAX_REDIRECTS: usize = 10;
/// How often a file is asked for of which the index tells no SHA-256.
const MAX_TRIES: u32 = 3;
/// How much longer than planned a file may be of which the index tells no SHA-256, in bytes.
const MAX_LONGER: u64 = 16 << 20;
/// What no index has; where it has a page nevertheless, it has that page for everything.
const NO_PROJECT: &str = "relkit-asks-for-a-project-that-cannot-exist";

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("cannot read `{url}`")]
    Network { url: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{url}` answered {status}")]
    Refused { url: String, status: StatusCode },
    #[error("`{url}` is not a page of the simple API: {why}")]
    Page { url: String, why: String },
    /// Neither its root nor any project is there.
    #[error("no index is at `{url}`: it answered {status}, and has no page for any project of the release")]
    Nothing { url: String, status: StatusCode },
}

impl IndexError {
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Network { .. } => true,
            Self::Refused { status, .. } => http::is_passing(*status),
            Self::Page { .. } | Self::Nothing { .. } => false,
        }
    }
}

impl Explain for IndexError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Network { .. } => "check the network and the URL, then run the same command again",
            Self::Refused { status, .. } if matches!(status.as_u16(), 401 | 403 | 407) => {
                "to read this index, set RELKIT_INDEX_TOKEN, or name its host in `.netrc` (or the file that NETRC names), \
                 or write `https://USER:PASSWORD@…` as its URL"
            }
            Self::Refused { .. } | Self::Page { .. } | Self::Nothing { .. } => {
                "`--index-url` names the simple API, the page under which every project has its own; check it for typing \
                 errors"
            }
        };
        Some(hint.to_owned())
    }
}

/// Whether an index has a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It does not list the file; a page can lag behind, so this proves nothing.
    Absent,
    /// It lists these very bytes.
    Same,
    /// It lists other bytes under this name.
    Other(Sha256Digest),
    /// It lists the file, and nothing tells with which bytes.
    Unhashed,
}

impl Presence {
    pub(crate) fn is_same(self) -> bool {
        self == Self::Same
    }
}

/// The simple API of an index.
#[derive(Debug)]
pub struct Index {
    client: Client,
    /// Bare of user name and password.
    simple: Url,
    /// The user name of its URL.
    user: String,
    /// What allows to read it; sent to its own origin alone.
    authorization: Option<HeaderValue>,
    /// The digests of files that were fetched because no page told them.
    fetched: RefCell<BTreeMap<Url, Sha256Digest>>,
}

/// No number of tries tells the bytes of a file.
struct Untold;

/// What an address of the index came to.
enum Answer {
    Here(Url, Response),
    /// A redirect to another origin, which is not followed.
    Elsewhere(Url),
}

impl Index {
    /// An index by the URL of its simple API, whose user name and password are used to read it.
    pub fn new(simple: &Url, silence: Duration) -> Result<Self, HttpError> {
        http::must_be_safe(simple)?;
        let (mut simple, user, password) = http::split_userinfo(simple);
        let authorization = password.map(|password| basic(&user, &password));
        simple.set_fragment(None);
        if !simple.path().ends_with('/') {
            let path = format!("{}/", simple.path());
            simple.set_path(&path);
        }
        let client = http::client(silence, Policy::none())?;
        Ok(Self { client, simple, user, authorization, fetched: RefCell::default() })
    }

    /// Reads it as `reading` allows, unless its URL said how.
    #[must_use]
    pub fn read_with(mut self, reading: &Reading) -> Self {
        self.authorization = self.authorization.or_else(|| reading.for_url(&self.simple, &self.user));
        self
    }

    /// Its URL as it may be printed.
    pub(super) fn shown(&self) -> String {
        http::shown(&self.simple)
    }

    /// What the index says of a project.
    pub(super) fn page(&self, project: &DistributionName) -> Result<Page, IndexError> {
        let url = self.below(&project.normalized());
        let (at, response) = match self.get(&url)? {
            Answer::Elsewhere(there) => return Ok(Page::elsewhere(http::shown(&there))),
            Answer::Here(at, response) => (at, response),
        };
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Page::default()),
            status if !status.is_success() => return Err(IndexError::Refused { url: http::shown(&at), status }),
            _ => {}
        }
        let content_type = content_type(&response);
        let body = read(response, &at, MAX_PAGE)?;
        if body.len() as u64 > MAX_PAGE {
            return Err(not_a_page(&at, "it is larger than 64 MiB"));
        }
        let page = Page::parse(&content_type, &body, &at, &self.simple).map_err(|why| not_a_page(&at, why))?;
        match page.kind {
            Kind::Simple => Ok(page),
            Kind::ForPeople => Err(not_a_page(&at, "it is a page for people, which lists no file")),
            Kind::Doubtful if self.answers_everything()? => {
                Err(not_a_page(&at, "it lists no file, and the server has such a page for every name"))
            }
            Kind::Doubtful => Ok(page),
        }
    }

    /// Whether it has a page even for a project that cannot exist.
    fn answers_everything(&self) -> Result<bool, IndexError> {
        Ok(match self.get(&self.below(NO_PROJECT))? {
            Answer::Elsewhere(_) => false,
            Answer::Here(_, response) => response.status().is_success(),
        })
    }

    /// Refuses an address at which there is no index: asked where no project has a page of its own there.
    pub(super) fn must_exist(&self) -> Result<(), IndexError> {
        let (at, response) = match self.get(&self.simple)? {
            Answer::Elsewhere(there) => {
                let why = format!("it redirects to `{}`, which is another server's", http::shown(&there));
                return Err(not_a_page(&self.simple, why));
            }
            Answer::Here(at, response) => (at, response),
        };
        match response.status() {
            status @ (StatusCode::NOT_FOUND | StatusCode::GONE) => {
                return Err(IndexError::Nothing { url: self.shown(), status });
            }
            // Some do not list all that they have.
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE | StatusCode::NOT_IMPLEMENTED => return Ok(()),
            status if !status.is_success() => return Err(IndexError::Refused { url: http::shown(&at), status }),
            _ => {}
        }
        let content_type = content_type(&response);
        let start = read(response, &at, MAX_ROOT)?;
        match is_root(&content_type, &start, &at) {
            Ok(true) => Ok(()),
            Ok(false) => Err(not_a_page(&at, "it lists no project")),
            Err(why) => Err(not_a_page(&at, why)),
        }
    }

    /// Whether a page has a file with these bytes. Where it tells no SHA-256, the file itself is asked.
    pub(super) fn presence(&self, page: &Page, name: &str, sha256: Sha256Digest, bytes: u64) -> Presence {
        let Some(listed) = page.files.get(name) else { return Presence::Absent };
        match listed.sha256.or_else(|| self.digest(listed, bytes)) {
            Some(digest) if digest == sha256 => Presence::Same,
            Some(digest) => Presence::Other(digest),
            None => Presence::Unhashed,
        }
    }

    /// The digest of a file behind its link, if that can be had without reading much more than `bytes`.
    fn digest(&self, listed: &Listed, bytes: u64) -> Option<Sha256Digest> {
        let url = listed.url.as_ref()?;
        if let Some(known) = self.fetched.borrow().get(url) {
            return Some(*known);
        }
        http::must_be_safe(url).ok()?;
        let limit = bytes.saturating_add(MAX_LONGER);
        // A connection that breaks tells nothing of the file.
        let digest = (0..MAX_TRIES).find_map(|_| self.fetch(url, limit).transpose())?.ok()?;
        self.fetched.borrow_mut().insert(url.clone(), digest);
        Some(digest)
    }

    /// The digest of at most `limit` bytes; none where the connection failed.
    fn fetch(&self, url: &Url, limit: u64) -> Result<Option<Sha256Digest>, Untold> {
        let mut at = http::split_userinfo(url).0;
        for _ in 0..=MAX_REDIRECTS {
            let mut response = match self.get(&at) {
                // Files may be anywhere; only the credentials stay.
                Ok(Answer::Elsewhere(there)) => {
                    http::must_be_safe(&there).map_err(|_| Untold)?;
                    at = there;
                    continue;
                }
                Ok(Answer::Here(_, response)) => response,
                Err(error) if error.is_passing() => return Ok(None),
                Err(_) => return Err(Untold),
            };
            match response.status() {
                StatusCode::OK => {}
                status if http::is_passing(status) => return Ok(None),
                _ => return Err(Untold),
            }
            let Ok((digest, length)) = Sha256Digest::of_reader(&mut (&mut response).take(limit + 1)) else {
                return Ok(None);
            };
            return if length > limit { Err(Untold) } else { Ok(Some(digest)) };
        }
        Err(Untold)
    }

    fn below(&self, name: &str) -> Url {
        let mut url = self.simple.clone();
        let path = format!("{}{name}/", url.path());
        url.set_path(&path);
        url
    }

    /// Asks for `url`, and follows redirects on its own server.
    fn get(&self, url: &Url) -> Result<Answer, IndexError> {
        let mut at = url.clone();
        let mut seen = Vec::new();
        loop {
            let mut request = self.client.get(at.clone()).header(ACCEPT, ACCEPTED).header(CACHE_CONTROL, "no-cache");
            if let Some(authorization) = self.authorization.as_ref().filter(|_| at.origin() == self.simple.origin()) {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            let response = request.send().map_err(|error| network(&at, error.without_url()))?;
            let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let location = response.headers().get(LOCATION).filter(|_| is_redirect);
            let Some(location) = location else { return Ok(Answer::Here(at, response)) };
            let to = std::str::from_utf8(location.as_bytes()).ok().and_then(|location| at.join(location).ok());
            let Some(mut to) = to.filter(Url::has_host) else {
                return Err(not_a_page(&at, "it redirects to what is no URL"));
            };
            if to.origin() != at.origin() {
                return Ok(Answer::Elsewhere(to));
            }
            to = http::split_userinfo(&to).0;
            seen.push(at);
            if seen.contains(&to) || seen.len() > MAX_REDIRECTS {
                return Err(not_a_page(url, "it redirects in a circle"));
            }
            at = to;
        }
    }
}

fn content_type(response: &Response) -> String {
    let text = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

/// Reads at most `limit` bytes and one more, unpacked where a server packed them without being asked to.
fn read(mut response: Response, url: &Url, limit: u64) -> Result<Vec<u8>, IndexError> {
    let mut start = Vec::new();
    (&mut response).take(2).read_to_end(&mut start).map_err(|error| network(url, error))?;
    let is_packed = start == [0x1f, 0x8b];
    let whole = start.as_slice().chain(response);
    let mut body = Vec::new();
    let read = match is_packed {
        true => MultiGzDecoder::new(whole).take(limit + 1).read_to_end(&mut body),
        false => whole.take(limit + 1).read_to_end(&mut body),
    };
    read.map_err(|error| network(url, error))?;
    Ok(body)
}

fn network(url: &Url, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> IndexError {
    IndexError::Network { url: http::shown(url), source: source.into() }
}

fn not_a_page(url: &Url, why: impl Into<String>) -> IndexError {
    IndexError::Page { url: http::shown(url), why: why.into() }
}
