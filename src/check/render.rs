//! The forms in which a report and the rules' pages are shown, and the Markdown of docs/rules.md.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::{Finding, Report, Severity};
use super::rule::{Reason, Rule};
use super::rules::{Family, rules};
use crate::console::Shown;
use crate::console::annotation::{Annotation, Level};
use crate::console::text::{plural, visible};
use crate::fs::portable;

impl Shown for Report {
    /// First what many files have in common, then per file every other finding, its help once per rule; of all that what to
    /// mend first before the rest. At the end a summary line, and where to read on.
    fn text(&self) -> String {
        let shared = shared(self);
        let mut blocks: Vec<(String, Vec<&Finding>)> = Vec::new();
        for (files, findings) in in_common(&shared) {
            blocks.push((heading(self, files), findings));
        }
        for file in &self.files {
            let findings = file.findings.iter().filter(|found| !shared.contains_key(found)).collect();
            blocks.push((visible(&file.path.display().to_string()), findings));
        }
        blocks.retain(|(_, findings)| !findings.is_empty());
        for (_, findings) in &mut blocks {
            findings.sort_by_key(|found| found.urgency());
        }
        blocks.sort_by_key(|(_, findings)| findings.first().map(|found| found.urgency()));
        let mut text = String::new();
        for (heading, findings) in &blocks {
            let _ = writeln!(text, "{heading}");
            list(findings, &mut text);
        }
        text + &summary(self) + "\n" + &next(self)
    }

    fn json(&self) -> Value {
        let files = self
            .files
            .iter()
            .map(|file| json!({ "path": portable(&file.path), "sha256": file.sha256, "findings": file.findings }));
        json!({
            "schema_version": 1,
            "files": files.collect::<Vec<_>>(),
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
        })
    }

    fn annotations(&self) -> String {
        let mut text = String::new();
        for (file, finding) in
            self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
        {
            let level = match (&finding.accepted, finding.severity) {
                (Some(_), _) => Level::Notice,
                (None, Severity::Error) => Level::Error,
                (None, Severity::Warning) => Level::Warning,
            };
            let path = portable(&file.path);
            let message = format!("{}\n{}", sentence(finding), closing(finding, "accepted"));
            let annotation = Annotation { level, file: Some(&path), title: finding.rule, message: &message };
            let _ = writeln!(text, "{annotation}");
        }
        text + &summary(self) + "\n"
    }
}

/// From how many files on a finding is shown once for all of them.
const MANY: usize = 3;

/// The findings that many files have in the same words: each with its place in the order of all, and those of the files.
type Shared<'a> = HashMap<&'a Finding, (usize, Vec<usize>)>;

fn shared(report: &Report) -> Shared<'_> {
    let mut places = Shared::new();
    for (index, file) in report.files.iter().enumerate() {
        for finding in &file.findings {
            let next = places.len();
            let (_, files) = places.entry(finding).or_insert((next, Vec::new()));
            if files.last() != Some(&index) {
                files.push(index);
            }
        }
    }
    places.retain(|_, (_, files)| files.len() >= MANY);
    places
}

/// The same by files, in the order of the first finding of each.
fn in_common<'a>(shared: &'a Shared<'a>) -> Vec<(&'a [usize], Vec<&'a Finding>)> {
    let mut findings: Vec<_> = shared.iter().collect();
    findings.sort_by_key(|(_, (order, _))| *order);
    let mut sets: Vec<(&[usize], Vec<&Finding>)> = Vec::new();
    let mut known: HashMap<&[usize], usize> = HashMap::new();
    for (finding, (_, files)) in findings {
        let place = *known.entry(files).or_insert(sets.len());
        if place == sets.len() {
            sets.push((files, Vec::new()));
        }
        sets[place].1.push(finding);
    }
    sets
}

/// `all 8 files`, or `3 files: a.whl, b.whl, c.whl`.
fn heading(report: &Report, files: &[usize]) -> String {
    if files.len() == report.files.iter().filter(|file| file.sha256.is_some()).count() {
        return format!("all {} files", files.len());
    }
    let name = |index: &usize| {
        let path = &report.files[*index].path;
        visible(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
    };
    let names: Vec<_> = files.iter().map(name).collect();
    format!("{} files: {}", files.len(), names.join(", "))
}

/// Every finding, and after the last of one kind what to do about it.
fn list(findings: &[&Finding], text: &mut String) {
    for (index, finding) in findings.iter().enumerate() {
        let kind = finding.accepted.as_ref().map_or(finding.severity.to_string(), |_| "accepted".to_owned());
        let _ = writeln!(text, "  {kind}[{}]: {}", finding.rule, sentence(finding));
        let next = findings.get(index + 1);
        let goes_on = |next: &&&Finding| (next.rule, &next.help) == (finding.rule, &finding.help);
        let last = next.filter(goes_on).is_none_or(|next| next.accepted.is_some());
        if last || finding.accepted.is_some() {
            let _ = writeln!(text, "    {}", closing(finding, "reason"));
        }
    }
    text.push('\n');
}

/// `8 files checked: 2 errors, 1 warning, 3 accepted`.
fn summary(report: &Report) -> String {
    let files = report.files.iter().filter(|file| file.sha256.is_some()).count();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let (files, errors, warnings) = (plural(files, "file"), plural(errors, "error"), plural(warnings, "warning"));
    let accepted = Some(report.accepted()).filter(|count| *count > 0);
    let accepted = accepted.map(|count| format!(", {count} accepted")).unwrap_or_default();
    format!("{files} checked: {errors}, {warnings}{accepted}")
}

/// The page of the rule that is broken worst.
fn next(report: &Report) -> String {
    let open = report.files.iter().flat_map(|file| &file.findings).filter(|found| found.accepted.is_none());
    let worst = open.min_by_key(|found| found.urgency());
    worst.map(|found| format!("next: relkit rule {}\n", found.rule)).unwrap_or_default()
}

fn sentence(finding: &Finding) -> String {
    let member = finding.member.as_ref().map(|member| format!("`{}`: ", visible(member))).unwrap_or_default();
    member + &visible(&finding.message)
}

/// What follows a finding: the reason why it is accepted, or what to do about it.
fn closing(finding: &Finding, accepted: &str) -> String {
    match &finding.accepted {
        Some(reason) => format!("{accepted}: {}", visible(reason)),
        None => format!("help: {}", visible(&finding.help)),
    }
}

/// `An error, refused by the index: …`, one sentence per reason.
fn reasons(rule: &Rule) -> Vec<String> {
    let sentence = |reason: &Reason| match reason.severity() {
        Severity::Error => format!("An error, {reason}."),
        Severity::Warning => format!("A warning, {reason}."),
    };
    rule.documentation.because.iter().map(sentence).collect()
}

/// The pages of some rules.
pub(crate) struct Pages(pub(crate) Vec<&'static Rule>);

impl Shown for Pages {
    fn text(&self) -> String {
        let page = |rule: &&Rule| {
            let page = &rule.documentation;
            format!(
                "{} ({}, {})\n\n{}\n\nWhy it matters: {}\n\n{}\n\nWhat to do: {}.\n",
                rule.name,
                rule.family(),
                rule.severity,
                page.what,
                page.why,
                reasons(rule).join("\n"),
                page.fix
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
pub(crate) struct Index;

impl Shown for Index {
    fn text(&self) -> String {
        let width = rules().map(|rule| rule.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for family in Family::all() {
            let _ = writeln!(text, "{family}: {}", family.about());
            for rule in family.rules() {
                let (severity, what) = (rule.severity.to_string(), rule.documentation.what);
                let _ = writeln!(text, "  {:width$}  {severity:7}  {what}", rule.name);
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
         names of rules and of families. A `[[tool.relkit.accept]]` row of the runtime template accepts a finding for one\n\
         target: it is still shown, with its reason, and no longer fails. What the rules about a set find of no one target (the\n\
         SDK, a foreign file, the set as a whole) is accepted by a row of any target.\n\n\
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
                "\n### {}\n\n*{}.* {}\n\n**Why it matters.** {}\n\n**What to do.** {}.\n\n**Severity.** {}\n",
                rule.name,
                rule.severity,
                page.what,
                page.why,
                page.fix,
                reasons(rule).join(" ")
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    use crate::check::finding::FileReport;
    use crate::digest::Sha256Digest;

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
            files: vec![FileReport {
                path: PathBuf::from("d/a,b\u{1b}.whl"),
                sha256: Some(Sha256Digest([0; 32])),
                findings,
            }],
        }
    }

    #[test]
    fn what_many_files_have_in_common_is_said_once() {
        let of = |name: &str, rules: &[&'static str]| {
            let mut file = report().files.remove(0);
            let finding = file.findings.remove(0);
            file.path = PathBuf::from(name);
            file.findings = rules.iter().map(|rule| Finding { rule, member: None, ..finding.clone() }).collect();
            file
        };
        let files =
            vec![of("a.whl", &["one", "two"]), of("b.whl", &["one", "two"]), of("c.whl", &["two", "one", "three"])];
        let common = Report { files };
        assert_eq!(
            common.text(),
            "all 3 files\n  error[one]: it is so: 50%\n    help: Do something else\n  error[two]: it is so: 50%\n    \
             help: Do something else\n\nc.whl\n  error[three]: it is so: 50%\n    help: Do something else\n\n\
             3 files checked: 7 errors, 0 warnings\nnext: relkit rule one\n"
        );
        let mut files = common.files;
        files.push(of("d.whl", &[]));
        assert!(Report { files }.text().starts_with("3 files: a.whl, b.whl, c.whl\n  error[one]"));
    }

    #[test]
    fn text_says_help_once_and_ends_in_a_summary() {
        assert_eq!(
            report().text(),
            "d/a,b\\u{1b}.whl\n  error[zip-crc]: `a/b\\u{1b}`: it is so: 50%\n  error[zip-crc]: `a/b\\u{1b}`: it is so: 50%\n    \
             help: Do something else\n  accepted[macho-minos]: `a/b\\u{1b}`: it is so: 50%\n    reason: for a reason\n\n\
             1 file checked: 2 errors, 0 warnings, 1 accepted\nnext: relkit rule zip-crc\n"
        );
    }

    #[test]
    fn json_has_the_shape_of_the_contract() {
        let value = report().json();
        assert_eq!(
            (value["schema_version"].as_u64(), value["errors"].as_u64(), value["warnings"].as_u64()),
            (Some(1), Some(2), Some(0))
        );
        let file = &value["files"][0];
        assert_eq!(file["path"], "d/a,b\u{1b}.whl");
        assert_eq!(file["findings"][0]["severity"], "error");
        assert!(file["findings"][0]["accepted"].is_null());
        assert_eq!(file["findings"][2]["accepted"], "for a reason");
    }

    #[test]
    fn annotations_cannot_be_broken_out_of() {
        let text = report().annotations();
        assert!(text.starts_with(
            "::error file=d/a%2Cb\\u{1b}.whl,title=zip-crc::`a/b\\u{1b}`: it is so: 50%25%0Ahelp: Do something else\n"
        ));
        assert!(text.contains("::notice file="));
    }
}
