//! The HTML form of a page (PEP 503, 592, 708, 740, 792).

use html5gum::{StartTag, Token, Tokenizer};
use percent_encoding::percent_decode_str;
use url::Url;

use super::listing::{Kept, Listed, Page, PageKind, other_digests, stem};
use super::version::accept_version;
use crate::digest::Sha256Digest;

/// The elements in which a tag is text, as the parsers of installers have it.
const OPAQUE: [&[u8]; 8] = [b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"];

/// An anchor that was begun.
struct Anchor {
    href: String,
    yanked: Option<String>,
    provenance: Option<String>,
    text: Vec<u8>,
}

/// What the answer says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeclaredType {
    /// A page of the simple API (PEP 691).
    Simple,
    Other,
}

impl DeclaredType {
    /// By a content type in small letters.
    pub(super) fn of(content_type: &str) -> Self {
        if content_type.contains("vnd.pypi.simple") { Self::Simple } else { Self::Other }
    }
}

/// In the HTML form every anchor leads to a file; its fragment may hold a digest.
pub(super) fn parse_html(body: &[u8], url: &Url, declared: DeclaredType, kept: &mut Kept<'_>) -> Result<Page, String> {
    let mut page = Page::default();
    let mut base = url.clone();
    let mut anchor: Option<Anchor> = None;
    let mut title = Vec::new();
    // The opaque element that is open.
    let mut opaque: Option<Vec<u8>> = None;
    let (mut has_elements, mut anchors) = (false, 0);
    let mut is_simple = declared == DeclaredType::Simple;
    for Ok(token) in Tokenizer::new(body) {
        match token {
            Token::EndTag(tag) if opaque.as_deref() == Some(tag.name.as_slice()) => opaque = None,
            Token::String(text) if opaque.as_deref() == Some(b"title") => title.extend_from_slice(&text),
            _ if opaque.is_some() => {}
            Token::StartTag(tag) => {
                has_elements = true;
                opaque = (OPAQUE.contains(&tag.name.as_slice()) && !tag.self_closing).then(|| tag.name.to_vec());
                match tag.name.as_slice() {
                    b"a" => {
                        anchors += 1;
                        finish(&mut page, anchor.take(), &base, url, kept);
                        let href = attribute(&tag, "href").unwrap_or_default();
                        page.lists_projects = page.lists_projects || is_below(url, &base, &href);
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
                            "pypi:tracks" => page.track(&content),
                            "pypi:project-status" => {
                                is_simple = true;
                                page.status.get_or_insert_default().word = content.trim().to_ascii_lowercase();
                            }
                            "pypi:project-status-reason" => page.status.get_or_insert_default().reason = content,
                            _ => {}
                        }
                    }
                    b"form" | b"input" | b"button" | b"iframe" | b"script" => page.has_fields = true,
                    _ => {}
                }
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"a" => finish(&mut page, anchor.take(), &base, url, kept),
            Token::String(string) => {
                if let Some(anchor) = &mut anchor {
                    anchor.text.extend_from_slice(&string);
                }
            }
            _ => {}
        }
    }
    finish(&mut page, anchor.take(), &base, url, kept);
    if !has_elements {
        return Err("it is neither JSON nor HTML".into());
    }
    if page.status.as_ref().is_some_and(|status| status.word.is_empty()) {
        page.status = None;
    }
    let title = String::from_utf8_lossy(&title).trim().to_ascii_lowercase();
    let is_called_so = ["links for", "simple index", "simple list", "index of", "directory listing"]
        .iter()
        .any(|words| title.contains(words));
    page.kind = match () {
        () if is_simple || !page.files.is_empty() || (is_called_so && anchors == 0) => PageKind::Simple,
        // It can be the page that lists projects, handed out for each of them.
        () if is_called_so => PageKind::Doubtful,
        // A page for people has something to fill in, or something to go to.
        () if page.has_fields || anchors > 0 => PageKind::ForPeople,
        () => PageKind::Doubtful,
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
fn finish(page: &mut Page, anchor: Option<Anchor>, base: &Url, url: &Url, kept: &mut Kept<'_>) {
    let Some(anchor) = anchor else { return };
    // Most links end in the name as it is; no other needs to be looked at where that one is not wanted.
    let path = anchor.href.trim().split(['#', '?']).next().unwrap_or_default();
    let plain = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_plain = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+!".contains(&byte));
    if is_plain && stem(plain).is_some() && !kept.keeps(plain, path) {
        return;
    }
    let link = base.join(anchor.href.trim()).ok().filter(|_| !anchor.href.trim().is_empty());
    let last = link.as_ref().and_then(|link| link.path().rsplit('/').next()).unwrap_or_default();
    let of_link = percent_decode_str(last).decode_utf8_lossy().into_owned();
    let of_text = String::from_utf8_lossy(&anchor.text).trim().to_owned();
    let Some(name) = [of_link, of_text].into_iter().find(|name| stem(name).is_some()) else { return };
    if !is_plain && !kept.keeps(&name, &anchor.href) {
        return;
    }
    let sha256 = link.as_ref().and_then(|link| digest_of_fragment(link.fragment()?));
    let provenance = anchor.provenance.and_then(|link| base.join(link.trim()).ok());
    let fragment = link.as_ref().and_then(Url::fragment).unwrap_or_default().to_owned();
    let others: Vec<_> = url::form_urlencoded::parse(fragment.as_bytes()).collect();
    let others = other_digests(others.iter().map(|(name, hash)| (&**name, &**hash)));
    let listed = Listed { sha256, others, url: link, yanked: anchor.yanked, provenance, ..Listed::default() };
    page.add(name, listed, url);
}

/// A fragment is a form (`egg=x&sha256=…`), in which the digest may stand anywhere.
fn digest_of_fragment(fragment: &str) -> Option<Sha256Digest> {
    let pairs = url::form_urlencoded::parse(fragment.as_bytes());
    let mut hashes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("sha256"));
    hashes.find_map(|(_, hash)| hash.trim().to_ascii_lowercase().parse().ok())
}
