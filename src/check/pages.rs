//! The forms in which the rules' pages are shown, and the Markdown of docs/rules.md.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::Severity;
use super::rule::{Reason, Remedy, Rule};
use super::rules::{Family, rules};
use crate::console::Shown;
use crate::console::layout::labelled;

/// `An error: it is refused by the index (…).`, one sentence per reason.
fn reasons(rule: &Rule) -> Vec<String> {
    let sentence = |reason: &Reason| match reason.severity() {
        Severity::Error => format!("An error: it {reason}."),
        Severity::Warning => format!("A warning: it {reason}."),
    };
    rule.documentation.because.iter().map(sentence).collect()
}

/// The sentences about the commands that mend a wheel.
fn commands(rule: &Rule) -> String {
    let sentence = |remedy: &Remedy| {
        format!(" `{}` writes it under the tags that its binaries keep.", remedy.command(&["WHEEL".to_owned()]))
    };
    rule.documentation.remedies.iter().map(sentence).collect()
}

/// The pages of some rules.
pub(crate) struct Pages(pub(crate) Vec<&'static Rule>);

impl Shown for Pages {
    fn text(&self) -> String {
        let page = |rule: &&Rule| {
            let page = &rule.documentation;
            format!(
                "{} ({}, {})\n\n{}\n\nWhy it matters: {}\n\n{}\n\nWhat to do: {}.{}\n",
                rule.name,
                rule.family(),
                rule.severity,
                page.what,
                page.why,
                reasons(rule).join("\n"),
                page.fix,
                commands(rule)
            )
        };
        self.0.iter().map(page).collect::<Vec<_>>().join("\n")
    }

    fn json(&self) -> Value {
        let page = |rule: &&Rule| {
            let (page, family) = (&rule.documentation, rule.family().name());
            json!({
                "name": rule.name, "family": family, "severity": rule.severity,
                "what": page.what, "why": page.why, "fix": page.fix,
                "because": page.because.iter().map(|reason| json!({
                    "severity": reason.severity(), "kind": reason.kind(), "text": reason.to_string(),
                })).collect::<Vec<_>>(),
            })
        };
        json!({ "schema_version": 1, "rules": self.0.iter().map(page).collect::<Vec<_>>() })
    }
}

/// The list of all rules, one line each, by family.
pub(crate) struct RuleIndex;

impl Shown for RuleIndex {
    fn text(&self) -> String {
        let width = rules().map(|rule| rule.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for family in Family::all() {
            let _ = writeln!(text, "{family}: {}", family.about());
            for rule in family.rules() {
                let label = format!("  {:width$}  {:7}  ", rule.name, rule.severity.to_string());
                text += &labelled(&label, label.len(), rule.documentation.what);
            }
            text.push('\n');
        }
        text
    }

    fn json(&self) -> Value {
        Pages(rules().collect()).json()
    }
}

/// The text of docs/rules.md.
pub fn rules_markdown() -> String {
    let mut text = String::from(
        "# The rules of `relkit check`\n\n\
         This page is written from the rules themselves; `relkit rule NAME` shows one of them. `--select` and `--ignore` take\n\
         names of rules and of families. A `[[tool.relkit.accept]]` row of the runtime template accepts what a rule\n\
         finds of one target, and of no other: it is still shown, with its reason, and no longer fails. `target = \"sdk\"` accepts\n\
         it of the SDK, and `target = \"release\"` of the release as a whole and of what lies beside its files.\n\n\
         A finding is an error where an index refuses the file, an installer or loader fails on it, or a promise of tag,\n\
         metadata or program is broken; all else is a warning. The severity is that of most findings of a rule; where one\n\
         weighs more or less, the rule says so.\n",
    );
    for family in Family::all() {
        let _ = write!(text, "\n## {family}\n\n{}\n", family.about());
        for rule in family.rules() {
            let page = &rule.documentation;
            let _ = write!(
                text,
                "\n### {}\n\n*{}.* {}\n\n**Why it matters.** {}\n\n**What to do.** {}.{}\n\n**Severity.** {}\n",
                rule.name,
                rule.severity,
                page.what,
                page.why,
                page.fix,
                commands(rule),
                reasons(rule).join(" ")
            );
        }
    }
    text
}
