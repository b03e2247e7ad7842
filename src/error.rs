//! How an error reaches the person who must act on it: the chain of causes, a hint, and one of the three exit codes.

use std::error::Error;
use std::fmt::Write as _;

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
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The sign that says it without colour.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Warned => "!",
            Self::Failed => "✗",
            Self::Skipped => "–",
        }
    }

    /// The exit code of a run that came out like this.
    #[must_use]
    pub fn exit(self) -> Exit {
        if self == Self::Failed { Exit::NotGood } else { Exit::Good }
    }
}

/// An error and its causes, outermost first.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The messages of an error and its causes, outermost first; a wrapper that repeats its source counts once.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut messages: Vec<_> = causes(error).map(ToString::to_string).collect();
    messages.dedup();
    messages
}

/// An error and its causes as one sentence.
#[must_use]
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    chain(error).join(": ")
}

/// What an error of a step knows beyond its message.
pub trait Explain: Error + Send + Sync + 'static {
    /// One sentence that says what to do, where that is known.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The exit code that this error calls for.
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
    pub chain: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The exit code.
    pub exit: Exit,
}

impl Failure {
    /// A failure with one message and no cause.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { chain: vec![message.into()], hint: None, exit }
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure below a message that says what was being done.
    #[must_use]
    pub fn while_doing(mut self, message: impl Into<String>) -> Self {
        self.chain.insert(0, message.into());
        self
    }

    /// The text shown on standard error: `error:`, one `caused by:` line per cause, and the hint after a blank line.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (depth, message) in self.chain.iter().enumerate() {
            let lead = if depth == 0 { "error" } else { "  caused by" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{lead}: {message}");
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "\nhint: {hint}");
        }
        text
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
    #[error("cannot read `a.whl`")]
    struct Unreadable(#[source] std::io::Error);

    impl Explain for Unreadable {
        fn hint(&self) -> Option<String> {
            Some("check the file's permissions".into())
        }
    }

    #[test]
    fn shows_the_chain_and_the_hint() {
        let failure = Failure::from(Unreadable(std::io::Error::other("permission denied")));
        assert_eq!(
            failure.render(),
            "error: cannot read `a.whl`\n  caused by: permission denied\n\nhint: check the file's permissions\n"
        );
        assert_eq!(failure.exit, Exit::Failed);
    }
}
