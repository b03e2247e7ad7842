//! Reading an index over the network: the simple repository API, JSON first and HTML as the fallback (PEP 503, 691; PEP 833
//! freezes the HTML form). What another origin says through a redirect is not the index's word. Nothing here writes.

mod cut;
mod error;
mod names;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
};
use reqwest::redirect::Policy;
use url::Url;

use super::credentials::{Reading, basic};
use super::page::{Listed, Page, PageKind, is_root};
use crate::digest::Sha256Digest;
use crate::error as causes;
use crate::http::{self, HttpError, Refusal, Secrets, Until};
use crate::wheel::name::DistributionName;

use cut::{Length, is_cut, is_cut_page};
pub(crate) use error::IndexError;
use names::longest_number;
pub(super) use names::{is_of_release, is_same_name};

const ACCEPTED: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
/// A project page of a few thousand files is some megabytes.
const MAX_PAGE: u64 = 64 << 20;
/// How much of an index's root is read: it may list every project that there is.
const MAX_ROOT: u64 = 256 << 10;
const MAX_REDIRECTS: usize = 10;
/// How often a file is asked for of which the index tells no SHA-256.
pub(super) const MAX_TRIES: u32 = 3;
/// How long files may take that are fetched.
pub(super) const MAX_TIME: Duration = Duration::from_secs(60 * 60);
/// How much longer than planned a file may be of which the index tells no SHA-256, in bytes.
const MAX_LONGER: u64 = 16 << 20;
/// What no index has; where it has a page nevertheless, it has that page for everything.
const NO_PROJECT: &str = "relkit-asks-for-a-project-that-cannot-exist";

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
    /// How long a page may take; one that trickles in is never silent.
    page_time: Duration,
    /// Bare of user name and password.
    simple: Url,
    /// The user name of its URL.
    user: String,
    /// What allows to read it; sent to its own origin alone.
    authorization: Option<HeaderValue>,
    /// The digests of files that were fetched because no page told them.
    fetched: RefCell<BTreeMap<Url, Sha256Digest>>,
}

/// Why a file behind a link did not come.
pub(super) enum Setback {
    /// Another try may bring it.
    Passing(String),
    Final(String),
}

/// What an address of the index came to.
enum PageAnswer {
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
        let page_time = silence * 10;
        Ok(Self { client, page_time, simple, user, authorization, fetched: RefCell::default() })
    }

    /// Reads it as `reading` allows, unless its URL said how. A user name alone goes without a password: it can be a token.
    #[must_use]
    pub(crate) fn read_with(mut self, reading: &Reading) -> Self {
        let alone = || (!self.user.is_empty()).then(|| basic(&self.user, &String::new().into()));
        self.authorization = self.authorization.or_else(|| reading.for_url(&self.simple, &self.user)).or_else(alone);
        self
    }

    /// Its URL as it may be printed.
    pub(super) fn shown(&self) -> String {
        http::shown(&self.simple)
    }

    /// What the index says of a project: of its files, those of this version, in any spelling.
    pub(super) fn page(&self, project: &DistributionName, version: &str) -> Result<Page, IndexError> {
        let url = self.below(&project.normalized());
        let (at, response) = match self.get(&url)? {
            PageAnswer::Elsewhere(there) => return Ok(Page::elsewhere(http::shown(&there))),
            PageAnswer::Here(at, response) => (at, response),
        };
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Page::default()),
            status if !status.is_success() => return Err(self.refused(&at, response)),
            _ => {}
        }
        let content_type = header(&response, CONTENT_TYPE);
        let length = Length::of(response.headers());
        let body = self.read(response, &at, MAX_PAGE)?;
        if body.len() as u64 > MAX_PAGE {
            return Err(not_a_page(&at, "it is larger than 64 MiB"));
        }
        if is_cut_page(&body, length) {
            return Err(IndexError::Cut { url: http::shown(&at) });
        }
        let digits = longest_number(version);
        // Most names need not be read to know that they are of another release.
        let is_wanted = |name: &str| name.contains(digits) && is_of_release(name, project, version);
        let page =
            Page::parse(&content_type, &body, &at, &self.simple, &is_wanted).map_err(|why| match is_cut(&body) {
                true => IndexError::Cut { url: http::shown(&at) },
                false => not_a_page(&at, why),
            })?;
        match page.kind {
            PageKind::Simple => Ok(page),
            PageKind::ForPeople => Err(not_a_page(&at, "it is a page for people, which lists no file")),
            PageKind::Doubtful if self.answers_everything()? => {
                Err(not_a_page(&at, "it lists no file, and the server has such a page for every name"))
            }
            PageKind::Doubtful => Ok(page),
        }
    }

    /// Whether it has a page even for a project that cannot exist.
    fn answers_everything(&self) -> Result<bool, IndexError> {
        Ok(match self.get(&self.below(NO_PROJECT))? {
            PageAnswer::Elsewhere(_) => false,
            PageAnswer::Here(_, response) => response.status().is_success(),
        })
    }

    /// Refuses an address at which there is no index: asked where no project has a page of its own there.
    pub(super) fn must_exist(&self) -> Result<(), IndexError> {
        let (at, response) = match self.get(&self.simple)? {
            PageAnswer::Elsewhere(there) => {
                let why = format!("it redirects to `{}`, which is another server's", http::shown(&there));
                return Err(not_a_page(&self.simple, why));
            }
            PageAnswer::Here(at, response) => (at, response),
        };
        match response.status() {
            status @ (StatusCode::NOT_FOUND | StatusCode::GONE) => {
                return Err(IndexError::Nothing { url: self.shown(), status });
            }
            // Some do not list all that they have.
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE | StatusCode::NOT_IMPLEMENTED => return Ok(()),
            status if !status.is_success() => return Err(self.refused(&at, response)),
            _ => {}
        }
        let content_type = header(&response, CONTENT_TYPE);
        let start = self.read(response, &at, MAX_ROOT)?;
        match is_root(&content_type, &start, &at) {
            Ok(true) => Ok(()),
            Ok(false) => Err(not_a_page(&at, "it lists no project")),
            Err(why) => Err(not_a_page(&at, why)),
        }
    }

    /// Whether a page has a file with these bytes. Where it tells no SHA-256, the file itself is asked.
    pub(super) fn presence(&self, page: &Page, name: &str, sha256: Sha256Digest, bytes: u64) -> Presence {
        let Some(listed) = page.files.get(name) else {
            // A server may list a file under another spelling of its name; the digest tells that it is this one.
            let is_it = |(other, listed): (&String, &Listed)| {
                listed.sha256 == Some(sha256) && listed.disputed.is_none() && is_same_name(other, name)
            };
            return if page.files.iter().any(is_it) { Presence::Same } else { Presence::Absent };
        };
        match listed.sha256.or_else(|| self.digest(listed, bytes)) {
            Some(digest) if digest == sha256 => listed.disputed.map_or(Presence::Same, Presence::Other),
            Some(digest) => Presence::Other(digest),
            None => Presence::Unhashed,
        }
    }

    /// The digest of a file behind its link, if that can be had without reading much more than `bytes`.
    pub(super) fn digest(&self, listed: &Listed, bytes: u64) -> Option<Sha256Digest> {
        let url = listed.url.as_ref()?;
        if let Some(known) = self.fetched.borrow().get(url) {
            return Some(*known);
        }
        let limit = bytes.saturating_add(MAX_LONGER);
        // A connection that breaks tells nothing of the file.
        let digest = (0..MAX_TRIES).find_map(|_| self.fetch(url, limit)).flatten()?;
        self.fetched.borrow_mut().insert(url.clone(), digest);
        Some(digest)
    }

    /// The digest of at most `limit` bytes, if they tell one; none where another try may.
    fn fetch(&self, url: &Url, limit: u64) -> Option<Option<Sha256Digest>> {
        let until = Instant::now() + MAX_TIME;
        let mut response = match self.open(url) {
            Ok(response) => Until::new(response, until).take(limit + 1),
            Err(Setback::Passing(_)) => return None,
            Err(Setback::Final(_)) => return Some(None),
        };
        let Ok((digest, length)) = Sha256Digest::of_reader(&mut response) else {
            return (Instant::now() > until).then_some(None);
        };
        Some((length <= limit).then_some(digest))
    }

    /// Asks for a file; it may be on any server, but the credentials are for this one.
    pub(super) fn open(&self, url: &Url) -> Result<Response, Setback> {
        let is_safe = |url: &Url| http::must_be_safe(url).map_err(|error| Setback::Final(error.to_string()));
        is_safe(url)?;
        let mut at = http::split_userinfo(url).0;
        for _ in 0..=MAX_REDIRECTS {
            match self.get(&at) {
                Ok(PageAnswer::Elsewhere(there)) => {
                    is_safe(&there)?;
                    at = there;
                }
                Ok(PageAnswer::Here(_, response)) => {
                    return match response.status() {
                        StatusCode::OK => Ok(response),
                        status if http::is_passing(status) => {
                            Err(Setback::Passing(format!("it answered {}", self.refusal(response))))
                        }
                        _ => Err(Setback::Final(format!("it answered {}", self.refusal(response)))),
                    };
                }
                // The file is not to blame for a machine that lacks something.
                Err(error) if error.is_passing() || error.want().is_some() => {
                    return Err(Setback::Passing(causes::sentence(&error)));
                }
                Err(error) => return Err(Setback::Final(causes::sentence(&error))),
            }
        }
        Err(Setback::Final("it redirects in a circle".to_owned()))
    }

    /// Reads at most `limit` bytes and one more, unpacked where a server packed them though it was asked not to.
    fn read(&self, response: Response, url: &Url, limit: u64) -> Result<Vec<u8>, IndexError> {
        let failed = |error: io::Error| match error.kind() {
            // That of a silent connection has a cause.
            io::ErrorKind::TimedOut if error.get_ref().is_none() => {
                IndexError::Slow { url: http::shown(url), after: self.page_time }
            }
            _ => network(url, error),
        };
        let packing = http::packing(response.headers());
        if !["", "identity", "gzip", "x-gzip", "deflate"].contains(&packing.as_str()) {
            return Err(not_a_page(
                url,
                format!("it is packed as `{packing}`, which was not asked for and cannot be read"),
            ));
        }
        let mut response = Until::new(response, Instant::now() + self.page_time);
        let (mut start, mut body) = (Vec::new(), Vec::new());
        (&mut response).take(http::START).read_to_end(&mut start).map_err(failed)?;
        http::unpacked(&start, response, &packing).take(limit + 1).read_to_end(&mut body).map_err(failed)?;
        Ok(body)
    }

    fn below(&self, name: &str) -> Url {
        let mut url = self.simple.clone();
        let path = format!("{}{name}/", url.path());
        url.set_path(&path);
        url
    }

    fn refused(&self, url: &Url, response: Response) -> IndexError {
        let is_known = self.authorization.is_some() && url.origin() == self.simple.origin();
        IndexError::Refused { url: http::shown(url), refusal: self.refusal(response), is_known }
    }

    /// What a refusal says, without the credentials that were sent.
    fn refusal(&self, response: Response) -> Refusal {
        let authorization = self.authorization.as_ref().map(Secrets::of_header).unwrap_or_default();
        Refusal::read(response, &authorization.and(Secrets::of_url(&self.simple)))
    }

    /// Asks for `url`, and follows redirects on its own server.
    fn get(&self, url: &Url) -> Result<PageAnswer, IndexError> {
        let mut at = url.clone();
        let mut seen = Vec::new();
        loop {
            let mut request = self.client.get(at.clone()).header(ACCEPT, ACCEPTED).header(CACHE_CONTROL, "no-cache");
            request = request.header(ACCEPT_ENCODING, "identity");
            if let Some(authorization) = self.authorization.as_ref().filter(|_| at.origin() == self.simple.origin()) {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            let response = request.send().map_err(|error| network(&at, error.without_url()))?;
            let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let location = response.headers().get(LOCATION).filter(|_| is_redirect);
            let Some(location) = location else { return Ok(PageAnswer::Here(at, response)) };
            let to = std::str::from_utf8(location.as_bytes()).ok().and_then(|location| at.join(location).ok());
            let Some(mut to) = to.filter(Url::has_host) else {
                return Err(IndexError::Astray { url: http::shown(&at), why: "it redirects to what is no URL" });
            };
            if to.origin() != at.origin() {
                return Ok(PageAnswer::Elsewhere(to));
            }
            to = http::split_userinfo(&to).0;
            seen.push(at);
            if seen.contains(&to) || seen.len() > MAX_REDIRECTS {
                return Err(IndexError::Astray { url: http::shown(url), why: "it redirects in a circle" });
            }
            at = to;
        }
    }
}

fn header(response: &Response, name: HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn network(url: &Url, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> IndexError {
    IndexError::Network { url: http::shown(url), source: source.into() }
}

fn not_a_page(url: &Url, why: impl Into<String>) -> IndexError {
    IndexError::Page { url: http::shown(url), why: why.into() }
}

/// The names of the files on a project's page, which was found at `url` below the simple API at `simple`.
///
/// # Errors
/// Why it is no such page.
pub fn names_on(content_type: &str, body: &[u8], url: &Url, simple: &Url) -> Result<Vec<String>, String> {
    Page::parse(content_type, body, url, simple, &|_| true).map(|page| page.files.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_page_that_trickles_in_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let simple = Url::parse(&format!("http://{}/simple/", listener.local_addr().unwrap())).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // What is answered before it is asked is no answer.
            let mut request = [0; 4096];
            let mut asked = 0;
            while !request[..asked].ends_with(b"\r\n\r\n") {
                match stream.read(&mut request[asked..]).unwrap() {
                    0 => return,
                    more => asked += more,
                }
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
            // It ends when nobody listens any more.
            _ = stream.write_all(head.as_bytes());
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let index =
            Index { page_time: Duration::from_secs(1), ..Index::new(&simple, Duration::from_secs(20)).unwrap() };
        let error = index.page(&"acme".parse().unwrap(), "1").unwrap_err();
        assert!(matches!(error, IndexError::Slow { .. }) && !error.is_passing(), "{error:?}");
        assert!(error.to_string().contains("did not come within 1 s"), "{error}");
    }
}
