//! The forms of a report and of the rules: text for people, JSON for programs, GitHub workflow commands, and the Markdown
//! of docs/rules.md. All of them are values; printing is the console's.

use std::fmt::Write as _;

use serde::Serialize;

use super::finding::{FileReport, Finding, Report};
use super::rule::{Family, Rule, Severity, rules};
use crate::console::annotation::{Annotation, Level};
use crate::console::text::{plural, visible};
use crate::digest::Sha256Digest;
use crate::fs::portable;

/// A report as JSON.
#[derive(Debug, Serialize)]
pub struct JsonReport<'a> {
    schema_version: u32,
    files: Vec<JsonFile<'a>>,
    errors: usize,
    warnings: usize,
}

#[derive(Debug, Serialize)]
struct JsonFile<'a> {
    path: String,
    sha256: Option<Sha256Digest>,
    findings: &'a [Finding],
}

/// The report as a value for JSON.
#[must_use]
pub fn json(report: &Report) -> JsonReport<'_> {
    let file = |file: &'_ FileReport| portable(&file.path);
    JsonReport {
        schema_version: 1,
        files: report
            .files
            .iter()
            .map(|entry| JsonFile { path: file(entry), sha256: entry.sha256, findings: &entry.findings })
            .collect(),
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
    }
}

/// The report for people: per file every finding, its help once per rule, and a summary line at the end.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for file in report.files.iter().filter(|file| !file.findings.is_empty()) {
        let _ = writeln!(text, "{}", file.path.display());
        for (index, finding) in file.findings.iter().enumerate() {
            let kind = if finding.accepted.is_some() { "accepted".to_owned() } else { finding.severity.to_string() };
            let _ = writeln!(text, "  {kind}[{}]: {}", finding.rule, shown(finding));
            let next = file.findings.get(index + 1);
            if let Some(reason) = &finding.accepted {
                let _ = writeln!(text, "    reason: {reason}");
            } else if next
                .is_none_or(|next| next.rule != finding.rule || next.help != finding.help || next.accepted.is_some())
            {
                let _ = writeln!(text, "    help: {}", finding.help);
            }
        }
        text.push('\n');
    }
    text + &summary(report) + "\n"
}

/// The report as GitHub workflow commands, one annotation per finding.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        for finding in &file.findings {
            let level = match (finding.accepted.is_some(), finding.severity) {
                (true, _) => Level::Notice,
                (false, Severity::Error) => Level::Error,
                (false, Severity::Warning) => Level::Warning,
            };
            let closing = match &finding.accepted {
                Some(reason) => format!("accepted: {reason}"),
                None => format!("help: {}", finding.help),
            };
            let (path, message) = (portable(&file.path), format!("{}\n{closing}", shown(finding)));
            let annotation = Annotation { level, file: Some(&path), title: finding.rule, message: &message };
            let _ = writeln!(text, "{annotation}");
        }
    }
    text + &summary(report) + "\n"
}

/// `8 files checked: 2 errors, 1 warning, 3 accepted`.
#[must_use]
pub fn summary(report: &Report) -> String {
    let files = report.files.iter().filter(|file| file.sha256.is_some()).count();
    let mut text = format!(
        "{} checked: {}, {}",
        plural(files, "file"),
        plural(report.count(Severity::Error), "error"),
        plural(report.count(Severity::Warning), "warning")
    );
    if report.accepted() > 0 {
        let _ = write!(text, ", {} accepted", report.accepted());
    }
    text
}

fn shown(finding: &Finding) -> String {
    match &finding.member {
        Some(member) => format!("`{}`: {}", visible(member), visible(&finding.message)),
        None => visible(&finding.message),
    }
}

/// One rule for people.
#[must_use]
pub fn rule_text(rule: &Rule) -> String {
    let page = &rule.documentation;
    format!(
        "{} ({}, {})\n\n{}\n\nWhy it matters: {}\n\nWhat to do: {}.\n",
        rule.name, rule.family, rule.severity, page.what, page.why, page.fix
    )
}

/// Every rule for people, one line each, by family.
#[must_use]
pub fn rules_text() -> String {
    let width = rules().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for family in Family::ALL {
        let _ = writeln!(text, "{family}: {}", family.about());
        for rule in rules().filter(|rule| rule.family == family) {
            let _ =
                writeln!(text, "  {:width$}  {:7}  {}", rule.name, rule.severity.to_string(), rule.documentation.what);
        }
        text.push('\n');
    }
    text
}

/// A rule as JSON.
#[derive(Debug, Serialize)]
pub struct JsonRule {
    name: &'static str,
    family: Family,
    severity: Severity,
    what: &'static str,
    why: &'static str,
    fix: &'static str,
}

/// Rules as JSON.
#[derive(Debug, Serialize)]
pub struct JsonRules {
    schema_version: u32,
    rules: Vec<JsonRule>,
}

/// These rules as a value for JSON.
pub fn rules_json<'a>(chosen: impl IntoIterator<Item = &'a Rule>) -> JsonRules {
    let rule = |rule: &Rule| JsonRule {
        name: rule.name,
        family: rule.family,
        severity: rule.severity,
        what: rule.documentation.what,
        why: rule.documentation.why,
        fix: rule.documentation.fix,
    };
    JsonRules { schema_version: 1, rules: chosen.into_iter().map(rule).collect() }
}

/// The text of docs/rules.md.
#[must_use]
pub fn rules_markdown() -> String {
    let mut text = String::from(
        "# The rules of `relkit check`\n\n\
         This page is written from the rules themselves; `relkit rule NAME` shows one of them. `--select` and `--ignore` take\n\
         names of rules and of families. A `[[tool.relkit.accept]]` row of the runtime template accepts a finding for one\n\
         target: it is still shown, with its reason, and no longer fails. What the rules about a set find of no one target (the\n\
         SDK, a foreign file, the set as a whole) is accepted by a row of any target.\n\n\
         The severity is that of most findings of a rule; where one weighs more or less, the rule says so.\n",
    );
    for family in Family::ALL {
        let _ = write!(text, "\n## {family}\n\n{}\n", family.about());
        for rule in rules().filter(|rule| rule.family == family) {
            let page = &rule.documentation;
            let _ = write!(
                text,
                "\n### {}\n\n*{}.* {}\n\n**Why it matters.** {}\n\n**What to do.** {}.\n",
                rule.name, rule.severity, page.what, page.why, page.fix
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn report() -> Report {
        let finding = |rule, severity, accepted: Option<&str>| Finding {
            rule,
            severity,
            member: Some("a/b\u{1b}".into()),
            message: "it is so: 50%".into(),
            help: "Do something else".into(),
            accepted: accepted.map(str::to_owned),
        };
        let findings = vec![
            finding("zip-crc", Severity::Error, None),
            finding("zip-crc", Severity::Error, None),
            finding("macho-minos", Severity::Error, Some("for a reason")),
        ];
        Report {
            files: vec![FileReport { path: PathBuf::from("d/a,b.whl"), sha256: Some(Sha256Digest([0; 32])), findings }],
        }
    }

    #[test]
    fn text_says_help_once_and_ends_in_a_summary() {
        assert_eq!(
            text(&report()),
            "d/a,b.whl\n  error[zip-crc]: `a/b\\u{1b}`: it is so: 50%\n  error[zip-crc]: `a/b\\u{1b}`: it is so: 50%\n    \
             help: Do something else\n  accepted[macho-minos]: `a/b\\u{1b}`: it is so: 50%\n    reason: for a reason\n\n\
             1 file checked: 2 errors, 0 warnings, 1 accepted\n"
        );
    }

    #[test]
    fn json_has_the_shape_of_the_contract() {
        let value = serde_json::to_value(json(&report())).unwrap();
        assert_eq!(
            (value["schema_version"].as_u64(), value["errors"].as_u64(), value["warnings"].as_u64()),
            (Some(1), Some(2), Some(0))
        );
        let file = &value["files"][0];
        assert_eq!(file["path"], "d/a,b.whl");
        assert_eq!(file["findings"][0]["severity"], "error");
        assert!(file["findings"][0]["accepted"].is_null());
        assert_eq!(file["findings"][2]["accepted"], "for a reason");
    }

    #[test]
    fn annotations_cannot_be_broken_out_of() {
        let text = github(&report());
        assert!(text.starts_with(
            "::error file=d/a%2Cb.whl,title=zip-crc::`a/b\\u{1b}`: it is so: 50%25%0Ahelp: Do something else\n"
        ));
        assert!(text.contains("::notice file="));
    }
}
