//! Reading an index: the simple repository API, JSON first and HTML as the fallback (PEP 503, 691; PEP 833 freezes the
//! HTML form). Nothing here writes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use html5gum::{Token, Tokenizer};
use reqwest::StatusCode;
use reqwest::blocking::Client;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;
use url::Url;

use crate::digest::Sha256Digest;
use crate::error::Explain;
use crate::fs::from_object;
use crate::http::{self, HttpError};
use crate::wheel::name::DistributionName;

const JSON_TYPE: &str = "application/vnd.pypi.simple.v1+json";
const ACCEPTED: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
/// A project page of a few thousand files is some megabytes.
const MAX_PAGE: u64 = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("cannot read `{url}`")]
    Network { url: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{url}` answered {status}")]
    Refused { url: String, status: StatusCode },
    #[error("`{url}` is not a page of the simple API: {why}")]
    Page { url: String, why: String },
}

impl IndexError {
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Network { .. } => true,
            Self::Refused { status, .. } => http::is_passing(*status),
            Self::Page { .. } => false,
        }
    }
}

impl Explain for IndexError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Network { .. } => "check the network and the URL, then run the same command again",
            Self::Refused { .. } | Self::Page { .. } => {
                "`--index-url` names the simple API, the page under which every project has its own"
            }
        };
        Some(hint.to_owned())
    }
}

/// What an index says of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) sha256: Option<Sha256Digest>,
    /// When it was uploaded, as the index writes it.
    pub(super) upload_time: Option<String>,
}

/// The files of a project, by name.
pub(super) type Listing = BTreeMap<String, Listed>;

/// Whether an index has a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It does not list the file; a page can lag behind, so this proves nothing.
    Absent,
    /// It lists these very bytes.
    Same,
    /// It lists other bytes under this name.
    Other(Sha256Digest),
    /// It lists the file without a SHA-256.
    Unhashed,
}

impl Presence {
    pub(crate) fn is_same(self) -> bool {
        self == Self::Same
    }
}

pub(super) fn presence(listing: &Listing, name: &str, sha256: Sha256Digest) -> Presence {
    match listing.get(name).map(|listed| listed.sha256) {
        None => Presence::Absent,
        Some(None) => Presence::Unhashed,
        Some(Some(listed)) if listed == sha256 => Presence::Same,
        Some(Some(listed)) => Presence::Other(listed),
    }
}

/// The simple API of an index.
#[derive(Debug)]
pub struct Index {
    client: Client,
    simple: Url,
}

impl Index {
    /// An index by the URL of its simple API.
    pub fn new(simple: &Url, silence: Duration) -> Result<Self, HttpError> {
        http::must_be_safe(simple)?;
        let mut simple = simple.clone();
        if !simple.path().ends_with('/') {
            let path = format!("{}/", simple.path());
            simple.set_path(&path);
        }
        Ok(Self { client: http::client(silence, http::download_redirects())?, simple })
    }

    /// The files of a project; none where the index does not know the project.
    pub(super) fn listing(&self, project: &DistributionName) -> Result<Listing, IndexError> {
        let mut url = self.simple.clone();
        let path = format!("{}{}/", url.path(), project.normalized());
        url.set_path(&path);
        let shown = http::shown(&url);
        let network =
            |source: Box<dyn std::error::Error + Send + Sync>| IndexError::Network { url: shown.clone(), source };
        let request = self.client.get(url.clone()).header(ACCEPT, ACCEPTED).header(CACHE_CONTROL, "no-cache");
        let response = request.send().map_err(|error| network(Box::new(error.without_url())))?;
        match response.status() {
            StatusCode::NOT_FOUND => return Ok(Listing::new()),
            status if !status.is_success() => return Err(IndexError::Refused { url: shown, status }),
            _ => {}
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json =
            content_type.is_some_and(|kind| kind.starts_with(JSON_TYPE) || kind.starts_with("application/json"));
        let mut body = Vec::new();
        response.take(MAX_PAGE + 1).read_to_end(&mut body).map_err(|error| network(error.into()))?;
        if body.len() as u64 > MAX_PAGE {
            return Err(IndexError::Page { url: shown, why: "it is larger than 64 MiB".into() });
        }
        let listing = if is_json { parse_json(&body) } else { parse_html(&body) };
        listing.map_err(|why| IndexError::Page { url: shown, why })
    }
}

#[derive(Deserialize)]
struct Page {
    files: Vec<PageFile>,
}

#[derive(Deserialize)]
struct PageFile {
    filename: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default, rename = "upload-time")]
    upload_time: Option<String>,
}

fn parse_json(body: &[u8]) -> Result<Listing, String> {
    let page: Page = from_object(body).map_err(|error| error.to_string())?;
    let files = page.files.into_iter().map(|file| {
        let sha256 = file.hashes.get("sha256").and_then(|hash| hash.parse().ok());
        (file.filename, Listed { sha256, upload_time: file.upload_time })
    });
    Ok(files.collect())
}

/// In the HTML form every anchor's text is a file name, its fragment a digest.
fn parse_html(body: &[u8]) -> Result<Listing, String> {
    let mut listing = Listing::new();
    let mut anchor: Option<(Option<Sha256Digest>, Vec<u8>)> = None;
    let mut has_elements = false;
    for Ok(token) in Tokenizer::new(body) {
        match token {
            Token::StartTag(tag) => {
                has_elements = true;
                if tag.name.as_slice() == b"a" {
                    let href =
                        tag.attributes.get(b"href".as_slice()).map(|href| String::from_utf8_lossy(href).into_owned());
                    let hash = href.as_deref().and_then(|href| href.rsplit_once("#sha256=")).map(|(_, hash)| hash);
                    anchor = Some((hash.and_then(|hash| hash.parse().ok()), Vec::new()));
                }
            }
            Token::String(text) => {
                if let Some((_, name)) = &mut anchor {
                    name.extend_from_slice(&text);
                }
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"a" => {
                if let Some((sha256, name)) = anchor.take() {
                    let name = String::from_utf8_lossy(&name).trim().to_owned();
                    listing.insert(name, Listed { sha256, upload_time: None });
                }
            }
            _ => {}
        }
    }
    if !has_elements {
        return Err("it is neither JSON nor HTML".into());
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_list_the_same() {
        let digest = Sha256Digest::of(b"x");
        let json = format!(
            r#"{{"meta":{{"api-version":"1.0"}},"name":"a","files":[
            {{"filename":"a-1.tar.gz","url":"x","hashes":{{"sha256":"{digest}"}}}},{{"filename":"b.whl","url":"y","hashes":{{}}}}]}}"#
        );
        let html = format!(
            "<!DOCTYPE html><html><body><a href=\"../../a-1.tar.gz#sha256={digest}\" data-x>a-1.tar.gz</a><br>\n\
             <a href='b.whl'> b.whl </a></body></html>"
        );
        let (json, html) = (parse_json(json.as_bytes()).unwrap(), parse_html(html.as_bytes()).unwrap());
        assert_eq!(json, html);
        assert_eq!(presence(&json, "a-1.tar.gz", digest), Presence::Same);
        assert_eq!(presence(&json, "a-1.tar.gz", Sha256Digest::of(b"y")), Presence::Other(digest));
        assert_eq!(presence(&json, "b.whl", digest), Presence::Unhashed);
        assert_eq!(presence(&json, "c.whl", digest), Presence::Absent);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        assert!(parse_json(b"[]").is_err() && parse_json(b"[[]]").is_err());
        assert!(parse_html(b"just text").is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>, markup in "(<a href=\"#sha256=[0-9a-f]{0,64}\">|</a>|[a-z.]{0,9}|<!--|&amp;){0,12}") {
            let _ = parse_json(&body);
            let _ = parse_html(&body);
            let _ = parse_html(markup.as_bytes());
        }
    }
}
