//! What `release` and `demo` print.

use std::fmt::Write as _;

use serde_json::Value;

use super::markdown;
use super::value::{FindingRow, ProblemRow, ReleaseReport, TargetRow};
use crate::check::listing::{Row, listing};
use crate::console::Shown;
use crate::console::layout::{columns, table};
use crate::console::text::{human_bytes, plural, visible};
use crate::error::Outcome;

/// The columns that a table with words for outcomes needs.
const WIDE: usize = 100;

impl Shown for ReleaseReport {
    fn text(&self) -> String {
        let row = |target: &TargetRow, with_words: bool| {
            let step = |name: &str| match target.step(name) {
                Some(step) if with_words => format!("{} {}", step.outcome.sign(), step.outcome.word()),
                Some(step) => step.outcome.sign().to_owned(),
                None => String::new(),
            };
            let size = if target.wheel_bytes == 0 { String::new() } else { human_bytes(target.wheel_bytes) };
            [target.title(), step("stage"), step("inspect"), step("build"), step("check"), step("smoke"), size]
        };
        let head = ["target", "stage", "inspect", "build", "check", "smoke", "wheel"];
        // A narrow terminal has room for the signs alone.
        let is_narrow = columns().is_some_and(|columns| columns < WIDE);
        let mut text = match self.targets.is_empty() {
            true => String::new(),
            false => table(head, self.targets.iter().map(|target| row(target, !is_narrow))),
        };
        let rows = self.listed();
        if !rows.is_empty() {
            let _ = write!(text, "\n{}", rows.trim_end_matches('\n'));
            text.push('\n');
        }
        if let Some(changes) = &self.changes {
            let _ = writeln!(text, "\nchanged since {}:", visible(&changes.against));
            for row in &changes.distributions {
                let _ = writeln!(text, "  {}: {}", visible(&row.title()), row.words());
            }
        }
        let _ = writeln!(text, "\n{} {} {}: {}", self.distribution, self.version, self.outcome.word(), self.summary());
        let wheels = self.targets.iter().filter(|target| target.wheel.is_some());
        let untested = wheels.clone().filter(|target| !target.is_tested()).count();
        if self.outcome == Outcome::Passed && untested > 0 {
            let all = plural(wheels.count(), "runtime wheel");
            let _ = writeln!(
                text,
                "not smoke-tested here: {untested} of {all}; test each where it runs (`relkit smoke WHEEL --receipt FILE`), \
                 and publish with all receipts (`relkit publish --receipts DIR`): the release workflow does both"
            );
        }
        if let Some(next) = &self.next {
            let _ = writeln!(text, "next: {next}");
        }
        text
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn markdown(&self) -> String {
        markdown::summary(self)
    }
}

impl ReleaseReport {
    /// What keeps it back, what is to be known of it, and what is found in its files and keeps nothing back.
    fn listed(&self) -> String {
        // An error in a file is a problem of the release; what is accepted is shown with its reason.
        let found = || self.findings.iter().filter(|row| row.kind() != "error");
        let words = |row: &FindingRow| {
            let member = row.member.as_ref().map(|member| format!("`{member}`: ")).unwrap_or_default();
            let begun = if member.is_empty() { ": " } else { ", " };
            (format!("`{}`{begun}{member}{}", row.file, row.message), format!("{member}{}", row.message))
        };
        let words: Vec<_> = found().map(words).collect();
        let of_file = found().zip(&words).map(|(row, (message, words))| Row {
            kind: "warning",
            code: &row.rule,
            message,
            of_file: Some((&row.file, words)),
            help: &row.help,
            accepted: row.accepted.as_deref(),
        });
        listing(of_set("problem", &self.problems).chain(of_set("warning", &self.warnings)).chain(of_file))
    }
}

fn of_set<'a>(kind: &'static str, rows: &'a [ProblemRow]) -> impl Iterator<Item = Row<'a>> {
    rows.iter().map(move |row| Row {
        kind,
        code: &row.code,
        message: &row.message,
        of_file: row.of_file.as_ref().map(|(file, words)| (file.as_str(), words.as_str())),
        help: &row.help,
        accepted: row.accepted.as_deref(),
    })
}
