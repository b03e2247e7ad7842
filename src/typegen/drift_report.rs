//! What changed between two runtimes, for people, for release notes and for programs.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::drift::{Change, Drift};

/// The report for programs.
#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    from: &'a str,
    to: &'a str,
    breaking: usize,
    changes: &'a [Change],
}

impl Drift {
    fn breaking(&self) -> usize {
        self.changes.iter().filter(|change| change.breaking).count()
    }

    pub(crate) fn json(&self) -> impl Serialize {
        Report { schema_version: 1, from: &self.from, to: &self.to, breaking: self.breaking(), changes: &self.changes }
    }

    /// The report for release notes, without a title of its own.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("### Protocol changes from {} to {}\n", self.from, self.to);
        if self.changes.is_empty() {
            text.push_str("\nNone.\n");
        }
        for (title, breaking) in [("Breaking", true), ("Not breaking", false)] {
            let changes: Vec<&Change> = self.changes.iter().filter(|change| change.breaking == breaking).collect();
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
                    Some((name, value)) => format!("`{name}`: {value}"),
                    None => format!("`{}`", change.subject),
                };
                let detail =
                    change.detail.as_ref().map(|detail| format!(" ({})", code_names(detail))).unwrap_or_default();
                let _ = writeln!(text, "- {subject}{detail}");
            }
        }
        text
    }
}

/// Brackets and bars mean something in Markdown; types are code.
fn code_names(detail: &str) -> String {
    let is_type = |word: &str| !matches!(word, "is" | "now" | "required" | "optional" | "an" | "a" | "of" | "type");
    let mut parts: Vec<String> = Vec::new();
    let mut code: Vec<&str> = Vec::new();
    for word in detail.split(' ').chain(["is"]) {
        if is_type(word) {
            code.push(word);
            continue;
        }
        if !code.is_empty() {
            parts.push(format!("`{}`", code.join(" ")));
            code.clear();
        }
        parts.push(word.to_owned());
    }
    parts.pop();
    parts.join(" ")
}

impl fmt::Display for Drift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breaking = self.breaking();
        let others = self.changes.len() - breaking;
        writeln!(formatter, "{} to {}: {breaking} breaking, {others} not breaking", self.from, self.to)?;
        for (title, wanted) in [("breaking", true), ("not breaking", false)] {
            let changes = self.changes.iter().filter(|change| change.breaking == wanted);
            for (place, change) in changes.enumerate() {
                if place == 0 {
                    writeln!(formatter, "\n{title}")?;
                }
                write!(formatter, "  {:<22} {}", change.kind.words(), change.subject)?;
                if let Some(detail) = &change.detail {
                    write!(formatter, " ({detail})")?;
                }
                writeln!(formatter)?;
            }
        }
        Ok(())
    }
}
