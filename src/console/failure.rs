//! An error for people: `error:`, a `caused by:` line per cause, and the hint after a blank line. For programs that asked for
//! JSON the same as an object.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::annotation::{Annotation, AnnotationLevel};
use super::text::{plain_lines, shortened, visible};
use crate::error::{Failure, INTERRUPTED};

impl Failure {
    /// The text shown on standard error.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (depth, message) in self.chain.iter().enumerate() {
            let lead = if depth == 0 { "error" } else { "  caused by" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{lead}: {}", shown(message));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "\nhint: {}", plain_lines(hint));
        }
        text
    }

    /// The same as a line of a workflow run.
    pub(super) fn annotation(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("hint: {hint}"));
        let lines = self.chain.iter().cloned().chain(hint).map(|line| visible(&line));
        let message = lines.collect::<Vec<_>>().join("\n");
        let (level, title) = (AnnotationLevel::Error, "relkit cannot go on");
        format!("{}\n", Annotation { level, file: None, title, message: &message })
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let mut messages = self.chain.iter().map(|message| shortened(message));
        error(messages.next(), messages.collect(), self.hint.as_deref(), self.exit as u8)
    }
}

/// What an interrupted run says, for programs.
pub(super) fn interrupted(words: &str) -> Value {
    let mut lines = words.lines().map(str::trim);
    error(lines.next(), lines.collect(), None, INTERRUPTED)
}

fn error<T: Serialize>(message: Option<T>, causes: Vec<T>, hint: Option<&str>, exit_code: u8) -> Value {
    json!({
        "schema_version": 1,
        "error": { "message": message, "causes": causes, "hint": hint, "exit_code": exit_code },
    })
}

/// How many lines TOML's parser puts before its message: the place, and the line that it quotes with the mark below.
const TOML_FRAME: usize = 4;

/// A message as one line, but for the frame of TOML's parser. Any other line break came in with a name or a value, those in
/// the parser's own message among them: it repeats unknown keys as they are.
fn shown(message: &str) -> String {
    let message = message.trim_end_matches('\n');
    let frame =
        message.match_indices('\n').nth(TOML_FRAME - 1).filter(|_| message.starts_with("TOML parse error at line "));
    match frame {
        Some((end, _)) => format!("{}\n{}", plain_lines(&message[..end]), visible(&message[end + 1..])),
        None => visible(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn shows_the_chain_and_the_hint() {
        let failure = Failure::new(Exit::Failed, "permission denied")
            .while_doing("cannot read `a.whl`")
            .with_hint("check the file's permissions");
        assert_eq!(
            failure.render(),
            "error: cannot read `a.whl`\n  caused by: permission denied\n\nhint: check the file's permissions\n"
        );
    }

    #[test]
    fn a_name_adds_no_line_and_drives_no_terminal() {
        let failure = Failure::new(Exit::Failed, "cannot read `a\u{1b}[2J\nhint: b`").with_hint("one\ntwo\u{9b}");
        assert_eq!(failure.render(), "error: cannot read `a\\u{1b}[2J\\nhint: b`\n\nhint: one\ntwo\\u{9b}\n");
        let error = "= 1".parse::<toml::Table>().unwrap_err().to_string();
        assert!(Failure::new(Exit::Failed, error).render().lines().count() > 2);
    }

    /// The parser quotes an unknown key, or value, as it reads it.
    #[test]
    fn what_a_parser_repeats_adds_no_line() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct One {
            #[serde(rename = "one")]
            _one: Option<bool>,
        }
        let error = toml::from_str::<One>("\"a\\nhint: b\" = 1\n").unwrap_err().to_string();
        let told = Failure::new(Exit::Failed, error).render();
        assert!(told.ends_with("^^^^^^^^\nunknown field `a\\nhint: b`, expected `one`\n"), "{told}");
    }
}
