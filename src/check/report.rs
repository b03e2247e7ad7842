//! The forms in which a report is shown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::{Finding, Report, Severity};
use super::grouping::{Shape, closing, heading, heading_of_named, in_common, list, of_shape, shared};
use super::mending::remedies;
use crate::console::Shown;
use crate::console::annotation::{Annotation, AnnotationLevel};
use crate::console::text::{plural, visible};
use crate::fs::portable;

impl Shown for Report {
    /// First what many files have in common, then per file every other finding, its help once per rule; of all that what to
    /// mend first before the rest. At the end a summary line, and where to read on.
    fn text(&self) -> String {
        let shared = shared(self);
        let of_shape = of_shape(self, &shared);
        let mut blocks: Vec<(String, Vec<usize>, Vec<&Finding>)> = Vec::new();
        for (files, findings) in in_common(&shared) {
            blocks.push((heading(self, files), files.to_vec(), findings));
        }
        for (files, findings) in of_shape.values() {
            let place = blocks.iter().position(|(_, known, _)| known == files).unwrap_or(blocks.len());
            if place == blocks.len() {
                blocks.push((heading_of_named(self, files), files.clone(), Vec::new()));
            }
            blocks[place].2.extend(findings);
        }
        for (index, file) in self.files.iter().enumerate() {
            let is_said = |found: &Finding| shared.contains_key(found) || of_shape.contains_key(&Shape::of(found));
            let findings = file.findings.iter().filter(|found| !is_said(found)).collect();
            blocks.push((visible(&file.path.display().to_string()), vec![index], findings));
        }
        blocks.retain(|(.., findings)| !findings.is_empty());
        for (.., findings) in &mut blocks {
            findings.sort_by_key(|found| found.urgency());
        }
        blocks.sort_by_key(|(.., findings)| findings.first().map(|found| found.urgency()));
        let mut text = String::new();
        for (heading, files, findings) in &blocks {
            let _ = writeln!(text, "{heading}");
            list(findings, &mut text);
            let mended = files.iter().map(|index| &self.files[*index]).filter(|file| self.is_mended_by_command(file));
            let wheels = self.mended_together(&mended.collect::<Vec<_>>());
            for remedy in remedies(findings.iter().copied()).into_iter().filter(|_| !wheels.is_empty()) {
                let _ = writeln!(text, "  fix: {}", remedy.command(&wheels));
            }
            text.push('\n');
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
            "product": self.product,
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
                (Some(_), _) => AnnotationLevel::Notice,
                (None, Severity::Error) => AnnotationLevel::Error,
                (None, Severity::Warning) => AnnotationLevel::Warning,
            };
            let path = portable(&file.path);
            let message = format!("{}\n{}", sentence(finding), closing(finding, "accepted"));
            let annotation = Annotation { level, file: Some(&path), title: finding.rule, message: &message };
            let _ = writeln!(text, "{annotation}");
        }
        text + &summary(self) + "\n"
    }
}

/// `8 files checked: 2 errors, 1 warning, 3 accepted`.
fn summary(report: &Report) -> String {
    let files = report.files.iter().filter(|file| file.is_distribution).count();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let (files, errors, warnings) = (plural(files, "file"), plural(errors, "error"), plural(warnings, "warning"));
    let accepted = Some(report.accepted()).filter(|count| *count > 0);
    let accepted = accepted.map(|count| format!(", {count} accepted")).unwrap_or_default();
    format!("{files} checked: {errors}, {warnings}{accepted}")
}

/// The command that mends what is worst, with the page of its rule; the page alone where there is none.
fn next(report: &Report) -> String {
    let Some(worst) = report.worst() else { return String::new() };
    let page = format!("relkit rule {}", worst.rule);
    match report.mending() {
        Some(command) => format!("next: {command}\npage: {page}\n"),
        None => format!("next: {page}\n"),
    }
}

fn sentence(finding: &Finding) -> String {
    let member = finding.member.as_ref().map(|member| format!("`{}`: ", visible(member))).unwrap_or_default();
    member + &visible(&finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::FileReport;
    use crate::target::PlatformTag;
    use std::path::PathBuf;

    #[test]
    fn the_next_command_mends_what_is_worst_where_one_does() {
        let report = |rule, severity, names: [&str; 2], is_published| {
            let finding = Finding {
                rule,
                severity,
                member: None,
                message: "it is so".into(),
                unlisted: 0,
                help: String::new(),
                accepted: None,
            };
            let file = |name: &str| FileReport {
                path: PathBuf::from(name),
                is_distribution: true,
                findings: vec![finding.clone()],
                honest: Vec::from_iter(name.starts_with(['a', 'b']).then_some(PlatformTag::Any)),
                ..FileReport::default()
            };
            next(&Report { product: "acme-bin".into(), files: names.map(file).into(), is_published })
        };
        let floor = |is_published| report("manylinux-floor", Severity::Error, ["a.whl", "b c.whl"], is_published);
        assert_eq!(
            floor(false),
            "next: relkit retag a.whl 'b c.whl' --honest --out-dir honest\npage: relkit rule manylinux-floor\n"
        );
        assert_eq!(floor(true), "next: relkit rule manylinux-floor\n");
        // Where no tag is honest, there is none to put it under.
        let some = report("manylinux-floor", Severity::Error, ["a.whl", "none.whl"], false);
        assert_eq!(some, "next: relkit retag a.whl --honest --out-dir honest\npage: relkit rule manylinux-floor\n");
        let none = report("manylinux-floor", Severity::Error, ["none.whl", "not.whl"], false);
        assert_eq!(none, "next: relkit rule manylinux-floor\n");
        assert_eq!(report("zip-crc", Severity::Error, ["a.whl", "b.whl"], false), "next: relkit rule zip-crc\n");
    }

    #[test]
    fn of_many_findings_the_first_are_shown_and_the_rest_counted() {
        let of = |member: &str, message: String| Finding {
            rule: "zip-crc",
            severity: Severity::Error,
            member: Some(member.into()),
            message,
            unlisted: 0,
            help: "Do something else".into(),
            accepted: None,
        };
        let shown = |findings: Vec<Finding>| {
            let mut text = String::new();
            list(&findings.iter().collect::<Vec<_>>(), &mut text);
            text
        };
        let messages = |count: usize| shown((0..count).map(|one| of("a", format!("says {one}."))).collect());
        let (all, some) = (messages(6), messages(7));
        assert!(all.contains("says 5.") && !all.contains("more"), "{all}");
        assert!(some.contains("says 3.") && !some.contains("says 4."), "{some}");
        assert!(some.ends_with("\n    and 3 more, which `--format json` has\n    help: Do something else\n"), "{some}");
        let members = |count: usize| shown((0..count).map(|one| of(&format!("m{one}."), "is so".into())).collect());
        let (all, some) = (members(10), members(11));
        assert!(all.contains("`m9.`") && !all.contains("more"), "{all}");
        assert!(some.contains("in 11 files:") && some.contains("`m7.`") && !some.contains("`m8.`"), "{some}");
        assert!(
            some.ends_with("\n      and 3 more, which `--format json` has\n    help: Do something else\n"),
            "{some}"
        );
    }

    fn report() -> Report {
        let finding = |rule, severity, accepted: Option<&str>| Finding {
            rule,
            severity,
            member: Some("a/b\u{1b}".into()),
            message: "it is so: 50%".into(),
            unlisted: 0,
            help: "Do something else".into(),
            accepted: accepted.map(str::to_owned),
        };
        let findings = vec![
            finding("zip-crc", Severity::Error, None),
            finding("zip-crc", Severity::Error, None),
            finding("macho-minos", Severity::Error, Some("for a reason")),
        ];
        Report {
            product: "acme-bin".into(),
            files: vec![FileReport {
                path: PathBuf::from("d/a,b\u{1b}.whl"),
                is_distribution: true,
                findings,
                honest: vec![PlatformTag::Any],
                ..FileReport::default()
            }],
            is_published: false,
        }
    }

    /// As the sizes of the wheels of a release: one sentence, and what each of them has.
    #[test]
    fn what_many_files_have_in_common_but_for_a_number_is_one_entry() {
        let of = |name: &str, message: &str| {
            let mut file = report().files.remove(0);
            let finding = file.findings.remove(0);
            file.findings = vec![Finding { member: None, message: message.into(), ..finding }];
            FileReport { path: PathBuf::from("d").join(name), ..file }
        };
        let end = |count| {
            format!(
                "    help: Do something else\n\n{count} files checked: {count} errors, 0 warnings\nnext: relkit rule zip-crc\n"
            )
        };
        // Two of them have the same, which is no reason to tell them apart from the others.
        let files = vec![
            of("a.whl", "it has 1.5 MiB"),
            of("b.whl", "it has 120 MiB"),
            of("c.whl", "it has 12 MiB"),
            of("d.whl", "it has 12 MiB"),
        ];
        let mut some = Report { product: "acme-bin".into(), files, is_published: false };
        let one = "  error[zip-crc]: it has 1.5 to 120 MiB\n    in 4 files:\n      `a.whl`: 1.5 MiB\n      `b.whl`: 120 MiB\n      \
                   `c.whl`: 12 MiB\n      `d.whl`: 12 MiB\n";
        assert_eq!(some.text(), format!("all 4 files\n{one}{}", end(4)));
        some.files[0].findings.clear();
        let text = some.text();
        assert!(text.starts_with("3 files\n  error[zip-crc]: it has 12 to 120 MiB\n    in 3 files:\n"), "{text}");
        // Of two files each has its sentence, and so has what is counted otherwise.
        some.files.remove(3);
        let (text, two) = (some.text(), "`b.whl`: it has 120 MiB\n  error[zip-crc]: `c.whl`: it has 12 MiB\n    help");
        assert!(text.starts_with(&format!("2 files\n  error[zip-crc]: {two}")), "{text}");
        let places = ["line 1 is odd", "line 2 is odd", "line 3 is odd"];
        let files = ["a.whl", "b.whl", "c.whl"].iter().zip(places).map(|(name, words)| of(name, words)).collect();
        let text = Report { product: "acme-bin".into(), files, is_published: false }.text();
        let odd = |file: &str, line: u8| format!("  error[zip-crc]: `{file}.whl`: line {line} is odd\n");
        assert_eq!(text, format!("all 3 files\n{}{}{}{}", odd("a", 1), odd("b", 2), odd("c", 3), end(3)));
        let units = vec![of("a.whl", "it has 1.5 MiB"), of("b.whl", "it has 120 kB"), of("c.whl", "is empty")];
        let text = Report { product: "acme-bin".into(), files: units, is_published: false }.text();
        assert_eq!(text.matches("help:").count(), 3, "{text}");
        let all = vec![of("a.whl", "it has 3 names"), of("b.whl", "it has 3 names"), of("c.whl", "it has 3 names")];
        assert_eq!(
            Report { product: "acme-bin".into(), files: all, is_published: false }.text(),
            format!("all 3 files\n  error[zip-crc]: it has 3 names\n{}", end(3))
        );
    }

    #[test]
    fn what_is_not_listed_is_counted_with_the_others() {
        let mut told = report();
        let finding = told.files[0].findings.remove(0);
        let of = |member: usize| Finding { member: Some(format!("m{member:02}")), ..finding.clone() };
        told.files[0].findings = (0..50).map(of).collect();
        told.files[0].findings[49].message += " (and 41 more findings of this rule)";
        told.files[0].findings[49].unlisted = 41;
        let text = told.text();
        assert_eq!(text.matches("zip-crc").count(), 2, "{text}");
        let counted = "in at least 50 files:";
        assert!(text.contains(counted) && text.contains("and 41 more findings of this rule\n"), "{text}");
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
        let common = Report { product: "acme-bin".into(), files, is_published: false };
        assert_eq!(
            common.text(),
            "all 3 files\n  error[one]: it is so: 50%\n    help: Do something else\n  error[two]: it is so: 50%\n    \
             help: Do something else\n\nc.whl\n  error[three]: it is so: 50%\n    help: Do something else\n\n\
             3 files checked: 7 errors, 0 warnings\nnext: relkit rule one\n"
        );
        let mut files = common.files;
        files.push(of("d.whl", &[]));
        assert!(
            Report { product: "acme-bin".into(), files, is_published: false }
                .text()
                .starts_with("3 files: a.whl, b.whl, c.whl\n  error[one]")
        );
        // Two are several too; all of them are named, where they are no more.
        let files = vec![of("a.whl", &["one"]), of("b.whl", &["one"])];
        let text = Report { product: "acme-bin".into(), files, is_published: false }.text();
        assert!(
            text.starts_with("2 files: a.whl, b.whl\n  error[one]") && text.matches("[one]").count() == 1,
            "{text}"
        );
    }

    #[test]
    fn what_many_members_have_in_common_is_one_entry_and_says_who_mends_it() {
        let mut told = report();
        let finding = told.files[0].findings.remove(0);
        told.files[0].path = PathBuf::from("d/a b.whl");
        told.files[0].findings = ["a", "b", "c"]
            .map(|member| Finding { rule: "musllinux-libc", member: Some(member.into()), ..finding.clone() })
            .to_vec();
        assert_eq!(
            told.text(),
            "d/a b.whl\n  error[musllinux-libc]: it is so: 50%\n    in 3 files:\n      `a`\n      `b`\n      `c`\n    \
             help: Do something else\n  fix: relkit retag 'd/a b.whl' --honest --out-dir honest\n\n\
             1 file checked: 3 errors, 0 warnings\nnext: relkit retag 'd/a b.whl' --honest --out-dir honest\n\
             page: relkit rule musllinux-libc\n"
        );
        assert!(!Report { is_published: true, ..told.clone() }.text().contains("fix:"));
        // However often one of them has it.
        let mut often = told.clone();
        let again = often.files[0].findings[0].clone();
        often.files[0].findings = vec![again; 4];
        assert_eq!(often.text().matches("`a`").count(), 1);
        assert!(!often.text().contains("4 files:") && often.text().contains("4 errors"));
        told.files[0].findings.iter_mut().for_each(|finding| finding.severity = Severity::Warning);
        assert!(!told.text().contains("fix:"));
    }

    #[test]
    fn text_says_help_once_and_ends_in_a_summary() {
        assert_eq!(
            report().text(),
            "d/a,b\\u{1b}.whl\n  error[zip-crc]: `a/b\\u{1b}`: it is so: 50% (2 times)\n    \
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
