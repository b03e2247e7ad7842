//! What a server says in the body of an answer: the first sentence for people in JSON of any shape, in a page, in XML, or
//! in plain text; and whether it says so that nothing was done. Nothing here knows what the sentence means.

mod json;
mod page;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::io::Read as _;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::packed::{is_packed, packing, unpacked};
use super::secrets::Secrets;
use text::{asks_for_a_login, is_status, tells_of_deed, tells_of_failure};

pub use text::Verdict;
pub(crate) use text::one_line;

/// How much of a server's sentence is repeated, in characters.
const MAX_REASON: usize = 600;
/// How much a packed body may unpack to.
const MAX_BODY: u64 = 1 << 20;

/// The body of an answer.
pub(crate) struct Body {
    /// On one line, cut, without a secret; empty where it says nothing.
    pub(crate) reason: String,
    pub(crate) verdict: Verdict,
}

impl Body {
    /// Reads the body of an answer with these headers; `secrets` are taken out of what it says.
    pub(crate) fn read(bytes: &[u8], headers: &HeaderMap, status: StatusCode, secrets: &Secrets) -> Self {
        let (reason, verdict) = said(bytes, headers, status);
        Self { reason: cut(&reason, secrets), verdict }
    }
}

/// What is repeated of a server's text, without secrets: these go first, or the cut could leave a part of one.
pub(crate) fn cut(text: &str, secrets: &Secrets) -> String {
    secrets.hide(text).chars().take(MAX_REASON).collect()
}

/// What a body says, on one line, and what of what was asked for.
fn said(bytes: &[u8], headers: &HeaderMap, status: StatusCode) -> (String, Verdict) {
    let unpacked = unpack(bytes, &packing(headers));
    let text = decoded(unpacked.as_deref().unwrap_or(bytes), charset(headers).as_deref());
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        let verdict = match () {
            () if json::denies(&value) => Verdict::Refused,
            () if json::affirms(&value) => Verdict::Done,
            () => Verdict::Open,
        };
        return (best(&json::texts(&value, status), status), verdict);
    }
    match text.trim_start().chars().next() {
        Some('<') => page::said(text.as_bytes(), status),
        Some('{' | '[') => {
            let found = json::texts_of_broken(&text, status);
            let reason = if found.is_empty() { one_line(&text) } else { best(&found, status) };
            (reason, if json::denies_broken(&text) { Verdict::Refused } else { Verdict::Open })
        }
        _ => {
            let reason = one_line(&text);
            let verdict = match () {
                () if asks_for_a_login(&reason) => Verdict::ForPeople,
                () if tells_of_failure(&reason) => Verdict::Refused,
                () if reason.is_empty() || tells_of_deed(&reason) => Verdict::Done,
                () => Verdict::Open,
            };
            (reason, verdict)
        }
    }
}

/// A body that a server packed without being asked to; what is cut off still has its start.
fn unpack(bytes: &[u8], packing: &str) -> Option<Vec<u8>> {
    if !is_packed(bytes, packing) {
        return None;
    }
    let mut body = Vec::new();
    _ = unpacked(bytes, std::io::empty(), packing).take(MAX_BODY).read_to_end(&mut body);
    // Text can begin as what is packed does.
    Some(body).filter(|body| !body.is_empty())
}

/// The text of UTF-16, which a mark at its start tells; none of any other.
pub(crate) fn utf16(bytes: &[u8]) -> Option<String> {
    let (number, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    let units = rest.chunks_exact(2).map(|pair| number([pair[0], pair[1]]));
    (rest.len() > 1)
        .then(|| char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// What the headers call the encoding of a text, in lower case.
fn charset(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let (_, name) = kind.split(';').find_map(|part| part.trim().split_once("charset="))?;
    Some(name.trim().trim_matches(['"', '\'']).to_owned())
}

/// The encodings that are read as what Windows made of Latin-1, as browsers read them.
const LATIN: [&str; 8] = ["", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"];
/// What Windows has where Latin-1 has control characters, from 0x80 on.
const OF_WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The character of a byte of Windows-1252.
fn of_windows(byte: u8) -> char {
    let odd = byte.checked_sub(0x80).and_then(|at| OF_WINDOWS.get(usize::from(at)));
    odd.copied().unwrap_or_else(|| char::from(byte))
}

/// The text of bytes that are not UTF-8: what older servers write, as far as it is known what their bytes stand for.
fn older(bytes: &[u8], charset: Option<&str>) -> String {
    let is_latin = LATIN.contains(&charset.unwrap_or_default());
    let character = |byte: &u8| match byte.is_ascii() || is_latin {
        true => of_windows(*byte),
        false => char::REPLACEMENT_CHARACTER,
    };
    bytes.iter().map(character).collect()
}

/// The text of a body: UTF-8, else what older servers write; nothing where it is none.
fn decoded<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    if let Some(text) = utf16(bytes) {
        return text.into();
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // Cut off within a character.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(&bytes[..error.valid_up_to()]),
        Err(_) if bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) => "".into(),
        Err(_) if !bytes.iter().any(u8::is_ascii_alphanumeric) => String::from_utf8_lossy(bytes),
        Err(_) => older(bytes, charset).into(),
    }
}

/// What only announces the sentence that stands beside it.
const ANNOUNCING: [&str; 6] = [
    "validation failed",
    "validation error",
    "invalid input",
    "invalid request",
    "an error occurred",
    "request failed",
];

/// The first sentence, else one that announces it, else the first word, else what only repeats the status.
fn best(found: &[String], status: StatusCode) -> String {
    let telling = || found.iter().filter(|text| !text.is_empty() && !is_status(text, status));
    let sentences = || telling().filter(|text| text.contains(' '));
    let announces =
        |text: &str| ANNOUNCING.iter().any(|words| text.trim_end_matches(['.', ':']).eq_ignore_ascii_case(words));
    let sentence =
        sentences().find(|text| !announces(text)).or_else(|| sentences().next()).or_else(|| telling().next());
    sentence.or_else(|| found.iter().find(|text| !text.is_empty())).cloned().unwrap_or_default()
}
