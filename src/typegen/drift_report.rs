//! What changed between two runtimes, for people, for release notes and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::drift::{Drift, SchemaChange};
use crate::console::Shown;
use crate::console::markdown::{code, escaped};
use crate::console::text::visible;

impl Shown for Drift {
    fn text(&self) -> String {
        let breaking = self.breaking();
        let (from, to, others) = (visible(&self.from), visible(&self.to), self.changes.len() - breaking);
        let mut text = format!("{from} to {to}: {breaking} breaking, {others} not breaking\n");
        for (title, wanted) in [("breaking", true), ("not breaking", false)] {
            let changes = self.changes.iter().filter(|change| change.breaking == wanted);
            for (place, change) in changes.enumerate() {
                if place == 0 {
                    let _ = writeln!(text, "\n{title}");
                }
                let detail = change.detail.as_ref().map(|detail| format!(" ({})", visible(&detail.to_string())));
                let (subject, detail) = (visible(&change.subject), detail.unwrap_or_default());
                let _ = writeln!(text, "  {:<22} {subject}{detail}", change.kind.words());
            }
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "from": self.from,
            "to": self.to,
            "breaking": self.breaking(),
            "changes": self.changes,
        })
    }

    /// The report for release notes, without a title of its own.
    fn markdown(&self) -> String {
        let mut text = format!("### Protocol changes from {} to {}\n", escaped(&self.from), escaped(&self.to));
        if self.changes.is_empty() {
            text.push_str("\nNone.\n");
        }
        for (title, breaking) in [("Breaking", true), ("Not breaking", false)] {
            let changes: Vec<&SchemaChange> =
                self.changes.iter().filter(|change| change.breaking == breaking).collect();
            if changes.is_empty() {
                continue;
            }
            let _ = write!(text, "\n#### {title} ({})\n", changes.len());
            let mut kind = None;
            for change in changes {
                if kind != Some(change.kind) {
                    kind = Some(change.kind);
                    let mut words = change.kind.words();
                    if let Some(first) = words.get_mut(..1) {
                        first.make_ascii_uppercase();
                    }
                    let _ = write!(text, "\n{words}:\n\n");
                }
                let subject = match change.subject.split_once(' ') {
                    Some((name, value)) => format!("{}: {}", code(name), escaped(value)),
                    None => code(&change.subject),
                };
                // Brackets and bars mean something in Markdown.
                let detail = change.detail.as_ref().map(|detail| format!(" ({})", detail.with(code)));
                let detail = detail.unwrap_or_default();
                let _ = writeln!(text, "- {subject}{detail}");
            }
        }
        text
    }
}

impl Drift {
    fn breaking(&self) -> usize {
        self.changes.iter().filter(|change| change.breaking).count()
    }
}
