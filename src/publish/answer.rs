//! An answer of the upload API: where its sentence stands, and what it means, by one table for the servers that are known
//! to differ.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, LOCATION};

use crate::http;

/// How long a server may ask to wait.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// How much of a server's sentence is repeated, in characters.
const MAX_REASON: usize = 600;

/// What a front end says that lost its client, as it thinks.
const LOST_CLIENT: u16 = 499;

/// An answer of the upload API.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The sentence that says why, found in JSON, HTML, plain text or the status line; empty where there is none.
    pub(super) reason: String,
    /// How long the server asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// Where it sends the client.
    pub(super) location: Option<String>,
}

impl Answer {
    /// Reads an answer from its parts; `phrase` is that of the status line.
    pub(super) fn new(status: StatusCode, phrase: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let mut reason = reason(body);
        let phrase = one_line(phrase);
        // Some servers say why in the status line alone, and send a page that only repeats the status.
        let is_canonical = status.canonical_reason().is_some_and(|canonical| phrase.eq_ignore_ascii_case(canonical));
        if !phrase.is_empty() && !is_canonical && !reason.contains(&phrase) {
            reason = if reason.len() > phrase.len() { format!("{phrase}: {reason}") } else { phrase };
        }
        // The status stands beside the sentence wherever it is shown.
        let code = format!("{} ", status.as_u16());
        let sentence = reason.strip_prefix(&code).unwrap_or(&reason);
        let says_nothing = status.canonical_reason().is_some_and(|words| sentence.eq_ignore_ascii_case(words));
        let reason = if says_nothing { String::new() } else { sentence.to_owned() };
        let reset = (status == StatusCode::TOO_MANY_REQUESTS)
            .then(|| text(HeaderName::from_static("ratelimit")).and_then(rate_limit_reset))
            .flatten();
        Self {
            status,
            reason,
            retry_after: http::retry_after(headers, SystemTime::now()).max(reset),
            location: text(LOCATION).map(str::to_owned),
        }
    }

    /// The status, and what the server says with it.
    pub(super) fn sentence(&self) -> String {
        let colon = if self.reason.is_empty() { "" } else { ": " };
        format!("the server answered {}{colon}{}", self.status, self.reason)
    }
}

/// The parameter `t` of a RateLimit field: the seconds until the quota is whole again.
fn rate_limit_reset(value: &str) -> Option<Duration> {
    let seconds = value.split([';', ',']).find_map(|part| part.trim().strip_prefix("t="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// What an answer means for the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Stored,
    /// A file of this name is there; only its digest says whether all is well.
    Exists,
    /// The minted token is too old; another may do.
    Expired,
    /// The bytes did not arrive as they were sent.
    Garbled,
    /// Another try can help, after this pause at the least.
    TryAgain(Duration),
    /// The same request belongs to another path of the same server.
    Elsewhere(String),
    Unauthorised,
    Refused,
}

/// How indexes say that a file of this name exists.
const EXISTS: [&str; 6] = [
    "already exists",
    "already exist in",
    "already been taken",
    "updating asset",
    "overwrite artifact",
    "file already exist",
];

pub(super) fn meaning(answer: &Answer) -> Meaning {
    let reason = answer.reason.to_ascii_lowercase();
    let exists = EXISTS.iter().any(|words| reason.contains(words));
    match answer.status.as_u16() {
        200..=299 => Meaning::Stored,
        307 | 308 => answer.location.clone().map_or(Meaning::Refused, Meaning::Elsewhere),
        409 => Meaning::Exists,
        400 | 403 if exists => Meaning::Exists,
        400 if reason.contains("digest supplied does not match") => Meaning::Garbled,
        403 if reason.contains("expired") => Meaning::Expired,
        403 if reason.contains("read-only mode") || reason.contains("temporarily disabled") => Meaning::Refused,
        401 | 403 => Meaning::Unauthorised,
        code if code == LOST_CLIENT || http::is_passing(answer.status) => {
            Meaning::TryAgain(answer.retry_after.unwrap_or_default().min(MAX_WAIT))
        }
        _ => Meaning::Refused,
    }
}

/// What a person can do about a refusal.
pub(super) fn advice(status: StatusCode, reason: &str) -> Option<&'static str> {
    const LATER: &str = "the index takes no uploads at the moment: run the same command later";
    const TOKEN: &str = "check the token, and that it is one of this index";
    let reason = reason.to_ascii_lowercase();
    let rows = [
        ("previously used by a file", "a deleted file's name cannot be used again: release another version"),
        ("older than 14 days", "the index takes no new files for an old release: release another version"),
        ("only one sdist", "the release has an sdist already"),
        ("file too large", "ask the index to raise the project's file size limit"),
        ("project size too large", "remove old releases, or ask the index to raise the project's quota"),
        (
            "non-user identities cannot create new projects",
            "register a pending publisher for this project, or create it first",
        ),
        (
            "isn't allowed to upload to project",
            "the token belongs to another project: use one of this project, or of the whole account",
        ),
        ("read-only mode", LATER),
        ("temporarily disabled", LATER),
        ("invalid or non-existent authentication", TOKEN),
        ("too many new projects", "the index limits new projects per user: wait, or create the project first"),
    ];
    let said = rows.iter().find(|(words, _)| reason.contains(words)).map(|(_, advice)| *advice);
    said.or(match status.as_u16() {
        301 | 302 | 303 | 405 => Some(
            "this looks like the URL for reading: `--upload-url` names the upload API, which often ends in `/legacy/`",
        ),
        307 | 308 => Some("the upload API moved to another server: give its new URL"),
        401 | 403 => Some(TOKEN),
        404 => Some("check `--upload-url`; the slash at its end can matter"),
        413 => Some("the server, or one in front of it, limits the size of a file"),
        _ => None,
    })
}

/// The sentence that says why: `code` or `message` of a JSON body, a page's title, or the first line of a plain text.
pub(super) fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) {
        let said = |key| object.get(key).and_then(|value| value.as_str()).filter(|text| !text.trim().is_empty());
        return ["code", "message", "detail", "error", "title"]
            .into_iter()
            .find_map(said)
            .map_or_else(String::new, one_line);
    }
    for (open, close) in [("<title>", "</title>"), ("<pre>", "</pre>"), ("<h1>", "</h1>")] {
        let lower = text.to_ascii_lowercase();
        if let Some(start) = lower.find(open).map(|at| at + open.len())
            && let Some(end) = lower[start..].find(close)
            && let Some(found) = text.get(start..start + end)
            && !found.trim().is_empty()
        {
            return one_line(found);
        }
    }
    if text.trim_start().starts_with('<') { String::new() } else { one_line(&text) }
}

fn one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, reason: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            reason: reason.into(),
            retry_after: None,
            location: None,
        }
    }

    #[test]
    fn every_known_answer() {
        let again = Meaning::TryAgain(Duration::ZERO);
        for (status, reason, expected) in [
            (200, "", Meaning::Stored),
            (201, "warning: x", Meaning::Stored),
            (400, "400 File already exists ('a.whl', with blake2_256 hash 'x'). See the help.", Meaning::Exists),
            (409, "Conflict", Meaning::Exists),
            (409, "a-1.whl already exists in non-volatile index", Meaning::Exists),
            (403, "Not permitted to overwrite artifact", Meaning::Exists),
            (400, "Repository does not allow updating asset", Meaning::Exists),
            (400, "Validation failed: File name has already been taken", Meaning::Exists),
            (400, "This filename was previously used by a file that has since been deleted.", Meaning::Refused),
            (400, "Uploading new files to releases older than 14 days is not allowed.", Meaning::Refused),
            (400, "The digest supplied does not match a digest calculated from the uploaded file.", Meaning::Garbled),
            (400, "File too large. Limit for project 'a' is 100 MB.", Meaning::Refused),
            (400, "Invalid distribution file. ZIP archive not accepted: Trailing data", Meaning::Refused),
            (403, "Invalid API Token: token is expired", Meaning::Expired),
            (403, "Invalid or non-existent authentication information.", Meaning::Unauthorised),
            (403, "The given token isn't allowed to upload to project 'a'.", Meaning::Unauthorised),
            (403, "Read-only mode: the index is read-only", Meaning::Refused),
            (401, "", Meaning::Unauthorised),
            (413, "", Meaning::Refused),
            (422, "", Meaning::Refused),
            (429, "", again.clone()),
            (500, "", again.clone()),
            (503, "", again.clone()),
            (499, "", again),
            (302, "", Meaning::Refused),
            (405, "", Meaning::Refused),
            (308, "", Meaning::Refused),
        ] {
            assert_eq!(meaning(&answer(status, reason)), expected, "{status} {reason}");
        }
    }

    #[test]
    fn long_waits_are_capped() {
        let patient = Answer { retry_after: Some(Duration::from_secs(9999)), ..answer(503, "") };
        assert_eq!(meaning(&patient), Meaning::TryAgain(MAX_WAIT));
    }

    #[test]
    fn the_sentence_is_found_in_every_form() {
        for (body, sentence) in [
            (
                &br#"{"message": "x", "code": "400 File already exists", "title": "Bad Request"}"#[..],
                "400 File already exists",
            ),
            (b"<html><head><title>403 Invalid\n API Token</title></head></html>", "403 Invalid API Token"),
            (b"<html><body><h1>Conflict</h1></body></html>", "Conflict"),
            (b"plain\nwords", "plain words"),
            (b"", ""),
            (b"{}", ""),
            // What cannot be seen is shown by whoever prints it; a receipt keeps it.
            (b"File \x1b[31m", "File \u{1b}[31m"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(reason(body), sentence);
        }
    }

    proptest::proptest! {
        #[test]
        fn reasons_never_panic(body: Vec<u8>, markup in "(<title>|</title>|İ|<pre>|[a-z]|</pre>){0,9}") {
            let _ = reason(&body);
            let _ = reason(markup.as_bytes());
        }
    }

    #[test]
    fn the_status_line_is_heard() {
        let read = |status: u16, phrase: &str, body: &[u8]| {
            Answer::new(StatusCode::from_u16(status).unwrap(), phrase, &HeaderMap::new(), body).reason
        };
        assert_eq!(
            read(409, "a.whl already exists in non-volatile index", b""),
            "a.whl already exists in non-volatile index"
        );
        assert_eq!(read(409, "Conflict", b"<title>taken</title>"), "taken");
        assert_eq!(read(400, "File already exists", b"<title>400 File already exists</title>"), "File already exists");
        assert_eq!(read(403, "", b"<title>403 Forbidden</title>"), "");
        assert_eq!(read(409, "Conflict", b"<h1>Conflict</h1>"), "");
        assert_eq!(rate_limit_reset(r#""default";r=0;t=30"#), Some(Duration::from_secs(30)));
    }
}
