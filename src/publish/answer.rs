//! An answer of the upload API: where its sentence stands, and what it means, by one table for the servers that are known
//! to differ.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, LOCATION, RETRY_AFTER};

/// The longest that a server's wish to wait is honoured.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// An answer of the upload API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The sentence that says why, found in JSON, HTML, plain text or the status line; empty where there is none.
    pub reason: String,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// Where it sends the client.
    pub location: Option<String>,
}

impl Answer {
    /// Reads an answer from its parts; `phrase` is that of the status line.
    #[must_use]
    pub fn new(status: StatusCode, phrase: &str, headers: &HeaderMap, body: &[u8]) -> Self {
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
            retry_after: text(RETRY_AFTER).and_then(|value| retry_after(value, SystemTime::now())).max(reset),
            location: text(LOCATION).map(str::to_owned),
        }
    }
}

/// Seconds or an HTTP date (RFC 9110 section 10.2.3).
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(value).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

/// The parameter `t` of a RateLimit field: the seconds until the quota is whole again.
fn rate_limit_reset(value: &str) -> Option<Duration> {
    let seconds = value.split([';', ',']).find_map(|part| part.trim().strip_prefix("t="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// What to do after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The file is stored.
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
    /// Nothing allows the upload.
    Unauthorised,
    /// No.
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

/// Reads an answer.
#[must_use]
pub fn verdict(answer: &Answer) -> Verdict {
    let reason = answer.reason.to_ascii_lowercase();
    let exists = EXISTS.iter().any(|words| reason.contains(words));
    match answer.status.as_u16() {
        200..=299 => Verdict::Stored,
        307 | 308 => answer.location.clone().map_or(Verdict::Refused, Verdict::Elsewhere),
        409 => Verdict::Exists,
        400 | 403 if exists => Verdict::Exists,
        400 if reason.contains("digest supplied does not match") => Verdict::Garbled,
        403 if reason.contains("expired") => Verdict::Expired,
        403 if reason.contains("read-only mode") || reason.contains("temporarily disabled") => Verdict::Refused,
        401 | 403 => Verdict::Unauthorised,
        408 | 425 | 429 | 499 | 500..=599 => {
            Verdict::TryAgain(answer.retry_after.unwrap_or_default().min(LONGEST_WAIT))
        }
        _ => Verdict::Refused,
    }
}

/// What a person can do about a refusal.
#[must_use]
pub fn advice(status: StatusCode, reason: &str) -> Option<String> {
    let reason = reason.to_ascii_lowercase();
    let rows: [(&str, &str); 11] = [
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
        ("read-only mode", "the index takes no uploads at the moment: run the same command later"),
        ("temporarily disabled", "the index takes no uploads at the moment: run the same command later"),
        ("invalid or non-existent authentication", "check the token, and that it is one of this index"),
        ("too many new projects", "the index limits new projects per user: wait, or create the project first"),
    ];
    if let Some((_, advice)) = rows.iter().find(|(words, _)| reason.contains(words)) {
        return Some((*advice).to_owned());
    }
    match status.as_u16() {
        301 | 302 | 303 | 405 => Some(
            "this looks like the URL for reading: `--upload-url` names the upload API, which often ends in `/legacy/`"
                .into(),
        ),
        307 | 308 => Some("the upload API moved to another server: give its new URL".into()),
        401 | 403 => Some("check the token, and that it is one of this index".into()),
        404 => Some("check `--upload-url`; the slash at its end can matter".into()),
        413 => Some("the server, or one in front of it, limits the size of a file".into()),
        _ => None,
    }
}

/// The sentence that says why: `code` or `message` of a JSON body, a page's title, or the first line of a plain text.
#[must_use]
pub fn reason(body: &[u8]) -> String {
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
    joined.chars().filter(|character| !character.is_control()).take(600).collect()
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
        let again = Verdict::TryAgain(Duration::ZERO);
        for (status, reason, expected) in [
            (200, "", Verdict::Stored),
            (201, "warning: x", Verdict::Stored),
            (400, "400 File already exists ('a.whl', with blake2_256 hash 'x'). See the help.", Verdict::Exists),
            (409, "Conflict", Verdict::Exists),
            (409, "a-1.whl already exists in non-volatile index", Verdict::Exists),
            (403, "Not permitted to overwrite artifact", Verdict::Exists),
            (400, "Repository does not allow updating asset", Verdict::Exists),
            (400, "Validation failed: File name has already been taken", Verdict::Exists),
            (400, "This filename was previously used by a file that has since been deleted.", Verdict::Refused),
            (400, "Uploading new files to releases older than 14 days is not allowed.", Verdict::Refused),
            (400, "The digest supplied does not match a digest calculated from the uploaded file.", Verdict::Garbled),
            (400, "File too large. Limit for project 'a' is 100 MB.", Verdict::Refused),
            (400, "Invalid distribution file. ZIP archive not accepted: Trailing data", Verdict::Refused),
            (403, "Invalid API Token: token is expired", Verdict::Expired),
            (403, "Invalid or non-existent authentication information.", Verdict::Unauthorised),
            (403, "The given token isn't allowed to upload to project 'a'.", Verdict::Unauthorised),
            (403, "Read-only mode: the index is read-only", Verdict::Refused),
            (401, "", Verdict::Unauthorised),
            (413, "", Verdict::Refused),
            (422, "", Verdict::Refused),
            (429, "", again.clone()),
            (500, "", again.clone()),
            (503, "", again.clone()),
            (499, "", again),
            (302, "", Verdict::Refused),
            (405, "", Verdict::Refused),
            (308, "", Verdict::Refused),
        ] {
            assert_eq!(verdict(&answer(status, reason)), expected, "{status} {reason}");
        }
    }

    #[test]
    fn long_waits_are_capped() {
        let patient = Answer { retry_after: Some(Duration::from_secs(9999)), ..answer(503, "") };
        assert_eq!(verdict(&patient), Verdict::TryAgain(LONGEST_WAIT));
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
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(reason(body), sentence);
        }
    }

    #[test]
    fn both_forms_of_retry_after() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("soon", now), None);
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
