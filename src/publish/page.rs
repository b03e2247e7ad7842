//! A project's page of the simple API as data: PEP 503 and PEP 691 in every form that they allow, with yanked files
//! (PEP 592, 700) and the project's status (PEP 792). Knows nothing of the network.

use std::collections::BTreeMap;

use html5gum::{StartTag, Token, Tokenizer};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::hashes::Algorithm;
use crate::digest::Sha256Digest;
use crate::fs::from_object;

/// The major version of the API that is read.
const MAJOR: &str = "1";
/// What the names of distributions end in, those that only old releases have included.
const ENDINGS: [&str; 9] = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tar.Z", ".tgz", ".tar", ".egg"];

/// What an index says of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) sha256: Option<Sha256Digest>,
    /// The other digests that the index tells, by the names of those algorithms that installers know.
    pub(super) others: Vec<(Algorithm, String)>,
    /// Where its bytes are.
    pub(super) url: Option<Url>,
    /// When it was uploaded, as the index writes it.
    pub(super) upload_time: Option<String>,
    /// Why it is yanked, if it is; the reason may be empty.
    pub(super) yanked: Option<String>,
    /// How long it is, in bytes (PEP 700).
    pub(super) size: Option<u64>,
    /// Where its attestations are (PEP 740).
    pub(super) provenance: Option<Url>,
}

/// What a project is, beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// `active`, `archived`, `quarantined`, `deprecated`, or what a later specification adds; in lower case.
    pub(super) word: String,
    pub(super) reason: String,
}

/// How certain it is that a page is one of the simple API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Simple,
    /// It lists nothing, and nothing on it says what it is.
    Doubtful,
    /// It has text, links or fields for people, and lists nothing.
    ForPeople,
}

/// The page of a project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// By name.
    pub(super) files: BTreeMap<String, Listed>,
    pub(super) status: Option<Status>,
    pub(super) kind: Kind,
    /// Whether a link on it leads to a page right below it, as one of a project does.
    lists_projects: bool,
    /// Whether it holds something to fill in, or to run.
    has_fields: bool,
    /// Whether this index has a page for the project.
    pub(super) found: bool,
    /// The other index that it is from, or that some of its files are from: none of those is in `files`.
    pub(super) elsewhere: Option<String>,
}

impl Page {
    /// The page of a project that is not of this index, but of the one at `there`.
    pub(super) fn elsewhere(there: String) -> Self {
        Self { elsewhere: Some(there), ..Self::default() }
    }

    /// Reads the page that was found at `url`, after redirects perhaps, of the index whose simple API is at `simple`.
    pub(super) fn parse(content_type: &str, body: &[u8], url: &Url, simple: &Url) -> Result<Self, String> {
        let content_type = content_type.to_ascii_lowercase();
        accept_type(&content_type)?;
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_json = content_type.contains("json") || matches!(first, Some(b'{' | b'['));
        let mut page = if is_json && first != Some(&b'<') {
            parse_json(body, url)?
        } else {
            parse_html(body, url, content_type.contains("vnd.pypi.simple"))?
        };
        page.found = true;
        page.leave_out_inherited(simple);
        Ok(page)
    }

    /// devpi lists the files of an index and those of its bases; a link tells whose a file is.
    fn leave_out_inherited(&mut self, simple: &Url) {
        let Some((own, _)) = simple.path().split_once("/+simple") else { return };
        let mut elsewhere = None;
        self.files.retain(|_, listed| {
            let Some(url) = &listed.url else { return true };
            let from = ["/+f/", "/+e/"].iter().find_map(|mark| Some(url.path().split_once(mark)?.0));
            let is_inherited = from.is_some_and(|from| from != own);
            if let Some(from) = from.filter(|_| is_inherited) {
                let mut base = url.clone();
                base.set_path(from);
                elsewhere = Some(crate::http::shown(&base));
            }
            !is_inherited
        });
        self.elsewhere = elsewhere;
    }

    fn add(&mut self, name: String, listed: Listed, page: &Url) {
        // Where one name stands twice, a file of this index goes before one that it inherits.
        let of = |listed: &Listed| listed.url.as_ref().map(|url| common(url.path(), page.path()));
        match self.files.get(&name) {
            Some(known) if of(known) >= of(&listed) => {}
            _ => _ = self.files.insert(name, listed),
        }
    }
}

/// How much of two paths is the same.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

/// Whether a file name is one of a distribution.
pub(super) fn is_distribution(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(&ending.to_ascii_lowercase()))
}

/// A type of another major version is refused whatever the page holds; `content_type` is in lower case.
fn accept_type(content_type: &str) -> Result<(), String> {
    match content_type.split_once("application/vnd.pypi.simple.v") {
        Some((_, version)) => accept_version(version.split(['+', ';']).next().unwrap_or_default()),
        None => Ok(()),
    }
}

/// Whether the start of a page can be that of an index's root, which lists projects.
pub(super) fn is_root(content_type: &str, start: &[u8], url: &Url) -> Result<bool, String> {
    let content_type = content_type.to_ascii_lowercase();
    accept_type(&content_type)?;
    if content_type.contains("vnd.pypi.simple.") {
        return Ok(true);
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let text = String::from_utf8_lossy(start);
        return Ok(["\"projects\"", "\"api-version\""].iter().any(|key| text.contains(key)));
    }
    let Ok(page) = parse_html(start, url, false) else { return Ok(false) };
    Ok(page.kind != Kind::ForPeople || (!page.has_fields && page.lists_projects))
}

fn accept_version(version: &str) -> Result<(), String> {
    match version.trim().split('.').next().unwrap_or_default() {
        // `latest` is what a client may ask for; what it gets says in itself which version it is.
        MAJOR | "" => Ok(()),
        _ => Err(format!("it is of version {} of the simple API, and this relkit reads version 1", version.trim())),
    }
}

#[derive(Deserialize)]
struct JsonPage {
    #[serde(default, deserialize_with = "tolerant")]
    meta: Meta,
    files: Vec<Told>,
    #[serde(default, rename = "project-status")]
    status: Value,
}

#[derive(Deserialize, Default)]
struct Meta {
    #[serde(default, rename = "api-version")]
    api_version: Value,
}

#[derive(Deserialize)]
struct JsonFile {
    filename: String,
    #[serde(default, deserialize_with = "tolerant")]
    url: String,
    #[serde(default, deserialize_with = "tolerant")]
    hashes: BTreeMap<String, Value>,
    #[serde(default, rename = "upload-time", deserialize_with = "tolerant")]
    upload_time: Option<String>,
    #[serde(default)]
    yanked: Value,
    #[serde(default, deserialize_with = "tolerant")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "tolerant")]
    provenance: Option<String>,
}

/// What a page tells of a file, as far as it is read: a page may have very many.
#[derive(Deserialize)]
#[serde(from = "JsonFile")]
struct Told {
    name: String,
    link: String,
    provenance: Option<String>,
    /// Without what depends on where the page is.
    listed: Listed,
}

impl From<JsonFile> for Told {
    fn from(file: JsonFile) -> Self {
        let sha256 = file.hashes.iter().find(|(name, _)| name.eq_ignore_ascii_case("sha256"));
        let sha256 = sha256.and_then(|(_, hash)| hash.as_str()?.trim().to_ascii_lowercase().parse().ok());
        let hashes = file.hashes.iter().filter_map(|(name, hash)| Some((name.as_str(), hash.as_str()?)));
        let others = other_digests(hashes);
        let yanked = match file.yanked {
            Value::String(reason) => Some(reason),
            Value::Bool(true) => Some(String::new()),
            _ => None,
        };
        let listed =
            Listed { sha256, others, upload_time: file.upload_time, yanked, size: file.size, ..Listed::default() };
        Self { name: file.filename, link: file.url, provenance: file.provenance, listed }
    }
}

/// Where an index writes null, or what no specification names, nothing is known.
fn tolerant<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(source: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(source)?).unwrap_or_default())
}

fn parse_json(body: &[u8], url: &Url) -> Result<Page, String> {
    // The version goes first: what another version says of files cannot be judged.
    #[derive(Deserialize)]
    struct Version {
        #[serde(default, deserialize_with = "tolerant")]
        meta: Meta,
    }
    if let Ok(Version { meta }) = serde_json::from_slice(body) {
        accept_api_version(&meta)?;
    }
    let json: JsonPage = from_object(body).map_err(|error| error.to_string())?;
    accept_api_version(&json.meta)?;
    let mut page = Page::default();
    for Told { name, link, provenance, mut listed } in json.files {
        listed.url = url.join(&link).ok().filter(|_| !link.is_empty());
        listed.provenance = provenance.and_then(|link| url.join(&link).ok());
        page.add(name, listed, url);
    }
    page.status = match json.status {
        Value::String(word) => Some(Status { word: word.to_ascii_lowercase(), reason: String::new() }),
        Value::Object(status) => {
            let text = |key| status.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            Some(Status { word: text("status").to_ascii_lowercase(), reason: text("reason") })
        }
        _ => None,
    };
    Ok(page)
}

fn accept_api_version(meta: &Meta) -> Result<(), String> {
    match &meta.api_version {
        Value::String(version) => accept_version(version),
        Value::Number(version) => accept_version(&version.to_string()),
        _ => Ok(()),
    }
}

/// An anchor that was begun.
struct Anchor {
    href: String,
    yanked: Option<String>,
    provenance: Option<String>,
    text: Vec<u8>,
}

/// In the HTML form every anchor leads to a file; its fragment may hold a digest.
fn parse_html(body: &[u8], url: &Url, is_simple_type: bool) -> Result<Page, String> {
    let mut page = Page::default();
    let mut base = url.clone();
    let mut anchor: Option<Anchor> = None;
    let (mut title, mut in_title) = (Vec::new(), false);
    let (mut has_elements, mut anchors) = (false, 0);
    let mut is_simple = is_simple_type;
    for Ok(token) in Tokenizer::new(body) {
        match token {
            Token::StartTag(tag) => {
                has_elements = true;
                match tag.name.as_slice() {
                    b"a" => {
                        anchors += 1;
                        finish(&mut page, anchor.take(), &base, url);
                        let href = attribute(&tag, "href").unwrap_or_default();
                        page.lists_projects |= is_below(url, &base, &href);
                        let (yanked, provenance) = (attribute(&tag, "data-yanked"), attribute(&tag, "data-provenance"));
                        anchor = Some(Anchor { href, yanked, provenance, text: Vec::new() });
                    }
                    b"base" => {
                        if let Some(href) = attribute(&tag, "href").and_then(|href| url.join(href.trim()).ok()) {
                            base = href;
                        }
                    }
                    b"meta" => {
                        let content = attribute(&tag, "content").unwrap_or_default();
                        let name = attribute(&tag, "name").unwrap_or_default().to_ascii_lowercase();
                        match name.as_str() {
                            "pypi:repository-version" => {
                                accept_version(&content)?;
                                is_simple = true;
                            }
                            "pypi:project-status" => {
                                page.status.get_or_insert_default().word = content.trim().to_ascii_lowercase();
                            }
                            "pypi:project-status-reason" => page.status.get_or_insert_default().reason = content,
                            _ => {}
                        }
                    }
                    b"title" => in_title = true,
                    b"form" | b"input" | b"button" | b"iframe" | b"script" => page.has_fields = true,
                    _ => {}
                }
            }
            Token::EndTag(tag) => match tag.name.as_slice() {
                b"a" => finish(&mut page, anchor.take(), &base, url),
                b"title" => in_title = false,
                _ => {}
            },
            Token::String(string) => match &mut anchor {
                Some(anchor) => anchor.text.extend_from_slice(&string),
                None if in_title => title.extend_from_slice(&string),
                None => {}
            },
            _ => {}
        }
    }
    finish(&mut page, anchor.take(), &base, url);
    if !has_elements {
        return Err("it is neither JSON nor HTML".into());
    }
    if page.status.as_ref().is_some_and(|status| status.word.is_empty()) {
        page.status = None;
    }
    let title = String::from_utf8_lossy(&title).trim().to_ascii_lowercase();
    is_simple |= ["links for", "simple index", "simple list", "index of", "directory listing"]
        .iter()
        .any(|words| title.contains(words));
    is_simple |= !page.files.is_empty();
    page.kind = match () {
        () if is_simple => Kind::Simple,
        // A page for people has something to fill in, or something to go to.
        () if page.has_fields || anchors > 0 => Kind::ForPeople,
        () => Kind::Doubtful,
    };
    Ok(page)
}

/// Whether a link leads to a page right below `root`.
fn is_below(root: &Url, base: &Url, href: &str) -> bool {
    let Ok(link) = base.join(href.trim()) else { return false };
    let rest = link.path().strip_prefix(root.path().trim_end_matches('/')).map(|rest| rest.trim_matches('/'));
    link.origin() == root.origin() && rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Adds the file that an anchor leads to. Its name is the end of the link's path, as installers take it; the text is asked
/// where a link does not end in one.
fn finish(page: &mut Page, anchor: Option<Anchor>, base: &Url, url: &Url) {
    let Some(anchor) = anchor else { return };
    let link = base.join(anchor.href.trim()).ok().filter(|_| !anchor.href.trim().is_empty());
    let last = link.as_ref().and_then(|link| link.path().rsplit('/').next()).unwrap_or_default();
    let of_link = percent_decode_str(last).decode_utf8_lossy().into_owned();
    let of_text = String::from_utf8_lossy(&anchor.text).trim().to_owned();
    let Some(name) = [of_link, of_text].into_iter().find(|name| is_distribution(name)) else { return };
    let sha256 = link.as_ref().and_then(|link| digest_of_fragment(link.fragment()?));
    let provenance = anchor.provenance.and_then(|link| base.join(link.trim()).ok());
    let fragment = link.as_ref().and_then(Url::fragment).unwrap_or_default().to_owned();
    let others: Vec<_> = url::form_urlencoded::parse(fragment.as_bytes()).collect();
    let others = other_digests(others.iter().map(|(name, hash)| (&**name, &**hash)));
    let listed = Listed { sha256, others, url: link, upload_time: None, yanked: anchor.yanked, size: None, provenance };
    page.add(name, listed, url);
}

/// The digests of known algorithms, in lower case; one that is no hexadecimal number tells nothing.
fn other_digests<'a>(hashes: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(Algorithm, String)> {
    let known = hashes.filter_map(|(name, hash)| Some((Algorithm::named(name)?, hash.trim().to_ascii_lowercase())));
    known.filter(|(algorithm, hash)| algorithm.is_digest(hash)).collect()
}

/// A fragment is a form (`egg=x&sha256=…`), in which the digest may stand anywhere.
fn digest_of_fragment(fragment: &str) -> Option<Sha256Digest> {
    let pairs = url::form_urlencoded::parse(fragment.as_bytes());
    let mut hashes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("sha256"));
    hashes.find_map(|(_, hash)| hash.trim().to_ascii_lowercase().parse().ok())
}

#[cfg(test)]
mod tests;
