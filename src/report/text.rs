//! What `release` and `demo` print.

use std::fmt::Write as _;

use serde_json::Value;

use super::markdown;
use super::value::{ProblemRow, Release, TargetRow};
use crate::console::Shown;
use crate::console::text::{human_bytes, table, visible};

impl Shown for Release {
    fn text(&self) -> String {
        let row = |target: &TargetRow| {
            let step = |name: &str| {
                let step = target.step(name);
                step.map_or_else(String::new, |step| format!("{} {}", step.outcome.sign(), step.outcome.word()))
            };
            let size = if target.wheel_bytes == 0 { String::new() } else { human_bytes(target.wheel_bytes) };
            let name = target.target.clone();
            [name, step("stage"), step("inspect"), step("build"), step("check"), step("smoke"), size]
        };
        let head = ["target", "stage", "inspect", "build", "check", "smoke", "wheel"];
        let mut text = match self.targets.is_empty() {
            true => String::new(),
            false => table(head, self.targets.iter().map(row)),
        };
        for (kind, rows) in [("problem", &self.problems), ("warning", &self.warnings)] {
            for ProblemRow { code, message, help } in rows {
                let _ = writeln!(text, "\n{kind}: {} ({code})\n  {}", visible(message), visible(help));
            }
        }
        for (warning, count) in self.finding_warnings() {
            let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
            let _ = writeln!(text, "\nwarning: {warning}{times}");
        }
        let _ = writeln!(text, "\n{} {} {}: {}", self.distribution, self.version, self.outcome.word(), self.summary());
        text
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn markdown(&self) -> String {
        markdown::summary(self)
    }
}

impl Release {
    /// Every rule that warns, with the first of its findings and how many there are.
    fn finding_warnings(&self) -> Vec<(String, usize)> {
        let mut rules: Vec<(&str, String, usize)> = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.kind() == "warning") {
            match rules.iter_mut().find(|(rule, ..)| *rule == finding.rule) {
                Some((.., count)) => *count += 1,
                None => {
                    let member = finding.member.as_ref().map(|member| format!("`{}`: ", visible(member)));
                    let (member, message) = (member.unwrap_or_default(), visible(&finding.message));
                    let text = format!("{member}{message} ({})\n  in `{}`", finding.rule, visible(&finding.file));
                    rules.push((&finding.rule, text, 1));
                }
            }
        }
        rules.into_iter().map(|(_, text, count)| (text, count)).collect()
    }
}
