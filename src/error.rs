//! How an error reaches the person who must act on it: the chain of causes, a hint, and one of the three exit codes.

use std::cmp::Reverse;
use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// How a run ended; the value is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done and good.
    Good = 0,
    /// The distribution, binary or release is not good.
    NotGood = 1,
    /// The command could not be carried out: usage, unreadable input, no disk, no network.
    Failed = 2,
}

/// The exit code of an interrupted run, which is that of shells for SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// How a step, a test or a release came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done and good.
    Passed,
    /// Done, with something to know.
    Warned,
    /// Not good.
    Failed,
    /// Not done; a detail says why.
    Skipped,
}

impl Outcome {
    /// The word for it, as JSON has it.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The sign that says it without colour.
    #[must_use]
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Warned => "!",
            Self::Failed => "✗",
            Self::Skipped => "–",
        }
    }

    #[must_use]
    pub(crate) fn exit(self) -> Exit {
        if self == Self::Failed { Exit::NotGood } else { Exit::Good }
    }
}

/// An error and its causes, outermost first.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The messages of an error and its causes, outermost first; a wrapper that repeats its source counts once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut messages: Vec<_> = causes(error).map(ToString::to_string).collect();
    messages.dedup();
    messages
}

/// An error and its causes as one sentence.
pub(crate) fn sentence(error: &(dyn Error + 'static)) -> String {
    joined(&chain(error))
}

fn joined(chain: &[String]) -> String {
    chain.join(": ")
}

/// The name among those known that a wrong one is nearest to, where it is near one: has every word of it, is its beginning or
/// leaves letters out, or has a slip for every three letters.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Below that many letters anything is the beginning of something.
    const MIN_START: usize = 3;
    let wrong = wrong.to_lowercase();
    let length = wrong.chars().count();
    let near = |name: &str| {
        let name = name.to_lowercase();
        // What is much longer is another thing, and may be as long as its input wants it.
        if length > name.chars().count() * 2 {
            return None;
        }
        let words = |name| str::split(name, ['-', '_', '.', ' ']);
        // One that has every word reads like it, whatever else it has: `aarch64-linux` of `aarch64-unknown-linux-musl`.
        let has_words = words(wrong.as_str()).all(|word| words(name.as_str()).any(|known| known == word));
        let is_start = length >= MIN_START && name.starts_with(&wrong);
        let is_short = length * 2 >= name.chars().count() && leaves_out(&wrong, &name);
        let slips = strsim::osa_distance(&wrong, &name);
        let is_slip = slips <= (length / 3).max(1) && slips < length;
        let likeness = strsim::jaro_winkler(&wrong, &name);
        (has_words || is_start || is_short || is_slip).then_some(((has_words, is_start, Reverse(slips)), likeness))
    };
    let scored = known.into_iter().filter_map(|name| Some((near(name)?, name)));
    // Of several that are as near the first.
    let best =
        scored.min_by(|((one, likeness), _), ((other, rival), _)| other.cmp(one).then(rival.total_cmp(likeness)));
    best.map(|(_, name)| name)
}

/// Whether a text is another one without some of its letters behind the first: `win64` of `win_amd64`.
fn leaves_out(text: &str, whole: &str) -> bool {
    let mut letters = whole.chars();
    text.chars().next() == whole.chars().next() && text.chars().all(|letter| letters.any(|other| other == letter))
}

/// The line of a byte of a text, counted from one.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The end of a sentence that says what was meant, where that is known.
pub(crate) fn meant(name: Option<impl fmt::Display>) -> String {
    name.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// What an error of a step knows beyond its message.
pub trait Explain: Error + Send + Sync + 'static {
    /// One sentence that says what to do, where that is known.
    fn hint(&self) -> Option<String> {
        None
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Explain for relkit_client::process::ProcessError {
    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

impl Explain for relkit_client::ClientError {
    fn hint(&self) -> Option<String> {
        self.hint()
    }

    fn exit(&self) -> Exit {
        Exit::NotGood
    }
}

/// An error on its way to the terminal: its cause chain as lines, a hint and an exit code.
#[derive(Debug)]
pub struct Failure {
    /// The outermost message first, then each cause.
    pub(crate) chain: Vec<String>,
    pub(crate) hint: Option<String>,
    pub exit: Exit,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { chain: vec![message.into()], hint: None, exit }
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The failure as one sentence, without its hint.
    pub(crate) fn sentence(&self) -> String {
        joined(&self.chain)
    }

    /// The same failure below a message that says what was being done.
    #[must_use]
    pub(crate) fn while_doing(mut self, message: impl Into<String>) -> Self {
        self.chain.insert(0, message.into());
        self
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { chain: chain(&error), hint: error.hint(), exit: error.exit() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `a`")]
    struct Outer(#[source] std::io::Error);

    impl Explain for Outer {}

    #[test]
    fn only_a_name_that_is_near_is_suggested() {
        let names = ["aarch64-apple-darwin", "aarch64-unknown-linux-musl", "windows-x86_64", "names", "set", "sbom"];
        let names = names.into_iter().chain(["init", "publish", "win32", "win_amd64", "zip-crc", "inspect", "elf-pie"]);
        assert_eq!(nearest(&"set".repeat(10_000_000), names.clone()), None);
        for (wrong, meant) in [
            ("aarch64-linux", Some("aarch64-unknown-linux-musl")),
            ("Windows", Some("windows-x86_64")),
            ("aarch64-aple-darwin", Some("aarch64-apple-darwin")),
            ("win64", Some("win_amd64")),
            ("publsh", Some("publish")),
            ("pub", Some("publish")),
            ("zipcrc", Some("zip-crc")),
            ("ZIP_CRC", Some("zip-crc")),
            ("int", Some("init")),
            ("pie", Some("elf-pie")),
            ("inti", Some("init")),
            ("", None),
            ("nope", None),
            ("foo", None),
            ("sha", None),
            ("xyz", None),
            ("s", None),
            ("pyodide", None),
            ("uploads", None),
            ("instal", None),
        ] {
            assert_eq!(nearest(wrong, names.clone()), meant, "{wrong}");
        }
    }

    #[test]
    fn an_error_and_its_failure_are_one_sentence() {
        let error = Outer(std::io::Error::other("no such disk"));
        assert_eq!(sentence(&error), "cannot read `a`: no such disk");
        let failure = Failure::from(error).while_doing("cannot stage `b`");
        assert_eq!(failure.sentence(), "cannot stage `b`: cannot read `a`: no such disk");
    }
}
