//! What the gate found, for people, for programs and beside the files of a workflow run.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::release::{Problem, Release};
use crate::check::listing::{Row, listing};
use crate::console::Shown;
use crate::console::annotation::{Annotation, AnnotationLevel};
use crate::console::text::{plural, visible};
use crate::fs::portable;

impl Release {
    /// What keeps it back.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Row<'_>> {
        self.problems.iter().map(|problem| problem.row("problem"))
    }

    /// What is to be known of it.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Row<'_>> {
        self.warnings.iter().map(|warning| warning.row("warning"))
    }
}

impl Problem {
    fn row(&self, kind: &'static str) -> Row<'_> {
        Row {
            kind,
            code: &self.code,
            message: &self.message,
            of_file: self.file.as_deref().zip(self.said.as_deref()),
            help: &self.help,
            accepted: self.accepted.as_deref(),
        }
    }
}

/// A release, and the directory that it stands in.
pub(crate) struct Verdict<'a> {
    pub(crate) release: &'a Release,
    pub(crate) dist: &'a Path,
    /// The command to type after this.
    pub(crate) next: String,
}

impl Shown for Verdict<'_> {
    /// Problems, warnings, and one line that sums up.
    fn text(&self) -> String {
        let text = listing(self.release.problems().chain(self.release.warnings()));
        text + &format!("{}\nnext: {}\n", self.summary(), self.next)
    }

    fn json(&self) -> Value {
        serde_json::to_value(self.release).unwrap_or_default()
    }

    /// Each names its file as the workflow's own directory has it.
    fn annotations(&self) -> String {
        let Release { problems, warnings, files, release_version, .. } = self.release;
        let mut text = String::new();
        for (level, problems) in [(AnnotationLevel::Error, problems), (AnnotationLevel::Warning, warnings)] {
            for Problem { code, file, message, help, accepted, .. } in problems {
                let path = file.as_ref().map(|file| portable(&self.dist.join(file)));
                let (level, closing) = match accepted {
                    Some(reason) => (AnnotationLevel::Notice, format!("accepted: {}", visible(reason))),
                    None => (level, format!("help: {}", visible(help))),
                };
                let message = format!("{}\n{closing}", visible(message));
                let _ =
                    writeln!(text, "{}", Annotation { level, file: path.as_deref(), title: code, message: &message });
            }
        }
        if problems.is_empty() {
            let message = &format!("{} of {release_version}", plural(files.len(), "file"));
            let _ = writeln!(
                text,
                "{}",
                Annotation { level: AnnotationLevel::Notice, file: None, title: "release verified", message }
            );
        }
        text + &self.summary() + "\n"
    }
}

impl Verdict<'_> {
    /// One line that sums up.
    fn summary(&self) -> String {
        let Release { product, release_version, problems, warnings, files, outcome, .. } = self.release;
        let accepted = warnings.iter().filter(|warning| warning.accepted.is_some()).count();
        let (problems, warnings) = (plural(problems.len(), "problem"), plural(warnings.len() - accepted, "warning"));
        let accepted = if accepted > 0 { format!(", {accepted} accepted") } else { String::new() };
        let (files, outcome) = (plural(files.len(), "file"), outcome.word());
        format!("{product} {release_version} {outcome}: {files}, {problems}, {warnings}{accepted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is accepted is shown and counted as that.
    #[test]
    fn what_is_accepted_is_no_warning() {
        let row = |accepted: Option<&str>| {
            let accepted = accepted.map(str::to_owned);
            serde_json::json!({"code": "receipt-failed", "file": "a.whl", "message": "m", "help": "h", "accepted": accepted})
        };
        let release: Release = serde_json::from_value(serde_json::json!({
            "schema_version": 1, "product": "acme-bin", "outcome": "passed", "release_version": "1.2.3", "problems": [],
            "warnings": [row(Some("we know")), row(None)], "files": [],
        }))
        .unwrap();
        let verdict = Verdict { release: &release, dist: Path::new("dist"), next: "relkit publish".into() };
        let text = verdict.text();
        assert!(text.contains("accepted[receipt-failed]: m\n  reason: we know\n"), "{text}");
        assert!(text.contains("0 files, 0 problems, 1 warning, 1 accepted\n"), "{text}");
        let annotations = verdict.annotations();
        assert!(
            annotations.contains("::notice file=dist/a.whl") && annotations.contains("accepted: we know"),
            "{annotations}"
        );
    }
}
