//! What an answer of the upload API means: one table for the servers that are known to differ.

use std::time::Duration;

use reqwest::StatusCode;

use super::upload::Answer;

/// The longest that a server's wish to wait is honoured.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

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
}
