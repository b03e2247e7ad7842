//! An answer of the upload API, and what it means, by one table for the servers that are known to differ. What it says is
//! found in `sentence`.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, LOCATION};

use crate::http;
use crate::http::Secrets;
use crate::http::sentence::{Body, Verdict, cut, one_line};

/// How long a server may ask to wait.
const MAX_WAIT: Duration = Duration::from_secs(300);

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
    /// Where it sends the client, as it came: it is followed, and never shown.
    pub(super) location: Option<String>,
    /// The same without what is secret.
    pub(super) shown_location: Option<String>,
    /// What its body says of the file, whatever its status is.
    pub(super) verdict: Verdict,
}

impl Answer {
    /// Reads an answer from its parts; `phrase` is that of the status line, and `secrets` are taken out of what it says.
    pub(super) fn new(status: StatusCode, phrase: &str, headers: &HeaderMap, body: &[u8], secrets: &Secrets) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let Body { mut reason, verdict } = Body::read(body, headers, status, secrets);
        let phrase = cut(&one_line(phrase), secrets);
        // Some servers say why in the status line alone, and send a page that only repeats the status.
        let is_canonical = status.canonical_reason().is_some_and(|canonical| phrase.eq_ignore_ascii_case(canonical));
        if !phrase.is_empty() && !is_canonical && !reason.contains(&phrase) {
            reason = if reason.len() > phrase.len() { format!("{phrase}: {reason}") } else { phrase };
        }
        // The status stands beside the sentence wherever it is shown.
        let code = format!("{} ", status.as_u16());
        let sentence =
            reason.strip_prefix(&code).map_or(reason.as_str(), |rest| rest.trim_start_matches(['-', ':', ' ']));
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
            shown_location: text(LOCATION).map(|location| secrets.redact(location)),
            verdict,
        }
    }

    /// The status, and what the server says with it.
    pub(super) fn sentence(&self) -> String {
        let colon = if self.reason.is_empty() { "" } else { ": " };
        format!("the server answered {}{colon}{}", http::words(self.status), self.reason)
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

/// How servers say that a file of this name exists: words, and where they are from. AWS CodeArtifact is reported with a bare
/// 409 (khora's pull requests 495 and 498); of Cloudsmith no words are on record. Whatever is refused without known words is
/// looked up at the index all the same.
const EXISTS: [(&str, &str); 12] = [
    ("file already exist", "warehouse, forklift/legacy.py"),
    ("contents already exist", "warehouse of 2018, twine's issue 332"),
    (
        "already exists",
        "pypiserver and devpi, as they answer; Google Artifact Registry, twine's issue 816; Pulp in its status line, \
         pulp_python's pypi/views.py; Gemfury deep in its JSON, gemfury's issue 41; newer Gitea",
    ),
    ("does exist already", "Gitea and Forgejo, models/packages of 2022"),
    ("already exist in", "an earlier table of relkit's, its source not recorded"),
    ("already been taken", "older GitLab, as maturin has it"),
    ("updating asset", "Nexus, as maturin has it"),
    ("cannot be updated", "Nexus with a newer store, nexus-public's issue 696"),
    ("overwrite artifact", "Artifactory, as maturin has it; with `delete/` before it, twine's issue 332"),
    ("overwrite all artifacts", "Artifactory of 2025, twine's issue 1251"),
    ("already contains file", "Azure Artifacts, azure-sdk-for-python's issue 9286"),
    ("already contains '", "Azure Artifacts of a whole package, a lab's issue 621 of MicrosoftLearning"),
];

pub(super) fn meaning(answer: &Answer) -> Meaning {
    let reason = answer.reason.to_ascii_lowercase();
    let exists = EXISTS.iter().any(|(words, _)| reason.contains(words));
    match answer.status.as_u16() {
        200..=299 if answer.verdict.is_refusal() => Meaning::Refused,
        200..=299 => Meaning::Stored,
        307 | 308 => answer.location.clone().map_or(Meaning::Refused, Meaning::Elsewhere),
        400 | 403 | 409 | 422 if exists => Meaning::Exists,
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
pub(super) fn advice(status: StatusCode, reason: &str, verdict: Verdict) -> Option<&'static str> {
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
        ("which leads nowhere", "check `--upload-url`, or tell those who run the server"),
        ("too many new projects", "the index limits new projects per user: wait, or create the project first"),
    ];
    let said = rows.iter().find(|(words, _)| reason.contains(words)).map(|(_, advice)| *advice);
    said.or(match status.as_u16() {
        301 | 302 | 303 | 405 => Some(
            "this looks like the URL for reading, or a login stands before the server: `--upload-url` names the upload API, \
             which often ends in `/legacy/`",
        ),
        307 | 308 => Some("the upload API moved to another server: give its new URL"),
        401 | 403 => Some(TOKEN),
        200..=299 if verdict != Verdict::ForPeople => Some(
            "the server took the request, and says itself that it did not take the file: mend what it names",
        ),
        200..=299 => Some(
            "whatever answered is no upload API: check `--upload-url`, and whether a proxy or a login stands before the server",
        ),
        404 => Some("check `--upload-url`; the slash at its end can matter"),
        407 => Some("a proxy stands before the server: give its credentials in the proxy variable, or leave the server out of it"),
        413 => Some("the server, or one in front of it, limits the size of a file"),
        _ => None,
    })
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
            shown_location: None,
            verdict: Verdict::Done,
        }
    }

    #[test]
    fn every_known_answer() {
        let again = Meaning::TryAgain(Duration::ZERO);
        for (status, reason, expected) in [
            (200, "", Meaning::Stored),
            (201, "warning: x", Meaning::Stored),
            (400, "400 File already exists ('a.whl', with blake2_256 hash 'x'). See the help.", Meaning::Exists),
            (409, "Conflict", Meaning::Refused),
            (409, "a file of that kind is not wanted", Meaning::Refused),
            (409, "a-1.whl already exists in non-volatile index", Meaning::Exists),
            (403, "Not permitted to overwrite artifact", Meaning::Exists),
            (400, "Repository does not allow updating asset", Meaning::Exists),
            (400, "foo-pypi/packages/a/1/a-1.whl cannot be updated", Meaning::Exists),
            (403, "Not enough permissions to delete/overwrite artifact 'a'", Meaning::Exists),
            (403, "Not enough permissions to delete/overwrite all artifacts under 'a'", Meaning::Exists),
            (409, "The feed 'a' already contains file 'a-1.whl' in package 'a 1'.", Meaning::Exists),
            (409, "The feed already contains 'a 1'", Meaning::Exists),
            (400, "Requested entity already exists.", Meaning::Exists),
            (400, "Package a-1.whl already exists in index", Meaning::Exists),
            (409, "Package file does exist already", Meaning::Exists),
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
    fn a_redirect_is_followed_as_it_came_and_shown_without_secrets() {
        let url = url::Url::parse("https://index.example/upload?repository=releases").unwrap();
        let location = "https://index.example/upload/?repository=releases";
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        let answer = Answer::new(StatusCode::PERMANENT_REDIRECT, "", &headers, b"", &Secrets::of_url(&url));
        assert_eq!(meaning(&answer), Meaning::Elsewhere(location.to_owned()));
        assert_eq!(answer.shown_location.as_deref(), Some("https://index.example/upload/?repository=…"));
    }

    #[test]
    fn the_status_line_is_heard() {
        let read = |status: u16, phrase: &str, body: &[u8]| {
            Answer::new(StatusCode::from_u16(status).unwrap(), phrase, &HeaderMap::new(), body, &Secrets::default())
                .reason
        };
        assert_eq!(
            read(409, "a.whl already exists in non-volatile index", b""),
            "a.whl already exists in non-volatile index"
        );
        assert_eq!(read(409, "Conflict", b"<title>taken</title>"), "taken");
        assert_eq!(read(400, "File already exists", b"<title>400 File already exists</title>"), "File already exists");
        assert_eq!(read(403, "", b"<title>403 Forbidden</title>"), "");
        assert_eq!(
            read(400, "", b"bad at http://me:secret@127.0.0.1:80/: ask http://127.0.0.1:80/ or ops@example.com"),
            "bad at http://***@127.0.0.1:80/: ask http://127.0.0.1:80/ or ops@example.com"
        );
        assert_eq!(read(409, "Conflict", b"<h1>Conflict</h1>"), "");
        assert_eq!(read(400, "", b"<title>400 - A Manager</title>"), "A Manager");
        assert_eq!(rate_limit_reset(r#""default";r=0;t=30"#), Some(Duration::from_secs(30)));
    }
}
