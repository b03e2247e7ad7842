//! Texts of servers: on one line, and what they come to.

use reqwest::StatusCode;

/// What a body says of what was asked for, whatever the status is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was done; whoever says nothing at all says no less.
    Done,
    /// It was not done.
    Refused,
    /// It is a page for people, which asks them for something, or tells of something else.
    ForPeople,
    /// Neither this nor that.
    Open,
}

impl Verdict {
    /// Whether it says that nothing was done.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::ForPeople)
    }
}

/// What plain text says that asks for it: a word alone can be part of a name.
const ASKS: [&str; 7] = [
    "log in to",
    "please log in",
    "sign in to",
    "please sign in",
    "not logged in",
    "authentication required",
    "access denied",
];

/// The words that tell of something done.
const DONE: [&str; 12] = [
    "ok",
    "stored",
    "uploaded",
    "accepted",
    "received",
    "created",
    "saved",
    "added",
    "done",
    "success",
    "successful",
    "successfully",
];
/// What turns one of these into its opposite, up to two words before it.
const NOT: [&str; 6] = ["not", "never", "nothing", "no", "cannot", "without"];

/// Whether a text tells of something done.
pub(super) fn tells_of_deed(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<_> = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_denied = |at: usize| words[at.saturating_sub(2)..at].iter().any(|word| NOT.contains(word));
    words.iter().enumerate().any(|(at, word)| DONE.contains(word) && !is_denied(at))
}

/// Whether a text only repeats the status: `400 Bad Request`, `Error: 409 Conflict`.
pub(super) fn is_status(text: &str, status: StatusCode) -> bool {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(|character: char| !character.is_ascii_alphanumeric());
    let bare = bare.trim_start_matches("http").trim_start_matches("error").trim_start_matches("status");
    let bare = bare.trim_matches(|character: char| !character.is_ascii_alphabetic());
    let canonical = status.canonical_reason().unwrap_or_default().to_ascii_lowercase();
    bare.is_empty() || bare == canonical || bare == "error"
}

/// A text on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether plain text asks for a login.
pub(super) fn asks_for_a_login(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ASKS.iter().any(|words| lower.contains(words))
}

/// Whether a text begins as what tells of failure does: by a word for it, or as the status line of an error.
pub(super) fn tells_of_failure(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["error", "fail", "failed", "failure", "forbidden", "unauthorized", "denied", "refused", "rejected"];
    let lower = text.trim().to_ascii_lowercase();
    let is_break = |character: char| character.is_whitespace() || ":.,!".contains(character);
    if lower.split(is_break).next().is_some_and(|word| WORDS.contains(&word)) {
        return true;
    }
    let bare = lower.strip_prefix("http").unwrap_or(&lower).trim_start();
    let (number, words) = bare.split_once(is_break).unwrap_or((bare, ""));
    let of_number =
        number.parse().ok().filter(|code| (400..600).contains(code)).and_then(|code| StatusCode::from_u16(code).ok());
    match of_number {
        Some(status) => words.trim().is_empty() || is_status(words, status),
        // An error by its name alone.
        None => (400..600).any(|code| {
            let canonical = StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
            canonical.is_some_and(|canonical| canonical.eq_ignore_ascii_case(lower.trim_end_matches(['.', '!'])))
        }),
    }
}
