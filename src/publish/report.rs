//! What a publish shows where it did not come to its end.

use serde_json::{Value, json};

use super::error::PublishError;
use super::receipt::Receipt;
use crate::console::Shown;
use crate::error::{Explain as _, Failure};
use crate::gate::Release;

/// A release that the gate kept back; the failure says why to people.
pub(crate) struct KeptBack<'a>(pub &'a Release);

impl Shown for KeptBack<'_> {
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "outcome": "checks-failed",
            "codex_version": self.0.codex_version,
            "problems": self.0.problems,
            "files": self.0.files,
        })
    }
}

impl Receipt {
    /// The failure with what is up, what is missing, and the command that goes on from there.
    pub(crate) fn failure(&self, error: PublishError, command: &str) -> Failure {
        let (up, missing): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| file.state.is_up());
        let mut hint = error.hint().map(|hint| hint + "\n").unwrap_or_default();
        hint += &format!("{} of {} files are up", up.len(), self.files.len());
        for file in missing {
            hint += &format!("\n  missing: {}", file.name);
        }
        hint += &format!("\nto go on: {command}");
        Failure::from(error).with_hint(hint)
    }
}
