//! What `release` and `demo` print.

use std::fmt::Write as _;

use serde_json::Value;

use super::groups::groups;
use super::markdown;
use super::value::{ProblemRow, ReleaseReport, TargetRow};
use crate::console::Shown;
use crate::console::text::{columns, human_bytes, plural, table, visible};
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
        for (kind, rows) in [("problem", &self.problems), ("warning", &self.warnings)] {
            for ProblemRow { code, message, help, accepted } in rows {
                let kind = accepted.as_ref().map_or(kind, |_| "accepted");
                let help =
                    accepted.as_ref().map_or_else(|| visible(help), |reason| format!("reason: {}", visible(reason)));
                let _ = writeln!(text, "\n{kind}: {} ({code})\n  {help}", visible(message));
            }
        }
        for (warning, files) in self.finding_warnings() {
            let _ = writeln!(text, "\nwarning: {warning}");
            match &files[..] {
                [file] => _ = writeln!(text, "  in `{}`", visible(file)),
                files => {
                    let _ = writeln!(text, "  in {}:", plural(files.len(), "file"));
                    files.iter().for_each(|file| _ = writeln!(text, "    {}", visible(file)));
                }
            }
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
    /// Every warning about files, with the files that it is true of. Of several members the first is named.
    fn finding_warnings(&self) -> Vec<(String, Vec<&str>)> {
        let mut warnings = Vec::new();
        for group in groups(self) {
            for sentence in group.sentences.iter().filter(|sentence| sentence.kind == "warning") {
                let member = sentence.first.member.as_ref();
                let member = member.map(|member| format!("`{}`: ", visible(member))).unwrap_or_default();
                let text = format!("{member}{} ({})", visible(&sentence.first.message), group.rule);
                warnings.push((text, sentence.files.iter().map(|(file, _)| *file).collect()));
            }
        }
        warnings
    }
}
