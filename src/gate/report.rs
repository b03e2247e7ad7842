//! What the gate found, for people, for programs and beside the files of a workflow run.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::release::{Problem, Release};
use crate::console::Shown;
use crate::console::annotation::{Annotation, Level};
use crate::console::text::{plural, visible};
use crate::fs::portable;

/// A release, and the directory that it stands in.
pub(crate) struct Verdict<'a> {
    pub release: &'a Release,
    pub dist: &'a Path,
}

impl Shown for Verdict<'_> {
    /// Problems, warnings, and one line that sums up.
    fn text(&self) -> String {
        let Release { problems, warnings, files, .. } = self.release;
        let mut text = String::new();
        for (kind, problems) in [("problem", problems), ("warning", warnings)] {
            for Problem { code, message, help, .. } in problems {
                let _ = writeln!(text, "{kind}[{}]: {}\n  help: {}\n", code, visible(message), visible(help));
            }
        }
        let (files, outcome) = (plural(files.len(), "file"), self.release.outcome.word());
        let (problems, warnings) = (plural(problems.len(), "problem"), plural(warnings.len(), "warning"));
        text + &format!("{} {outcome}: {files}, {problems}, {warnings}\n", self.release.release_version)
    }

    fn json(&self) -> Value {
        serde_json::to_value(self.release).unwrap_or_default()
    }

    /// Each names its file as the workflow's own directory has it.
    fn annotations(&self) -> String {
        let Release { problems, warnings, files, release_version, .. } = self.release;
        let mut text = String::new();
        for (level, problems) in [(Level::Error, problems), (Level::Warning, warnings)] {
            for Problem { code, file, message, help } in problems {
                let path = file.as_ref().map(|file| portable(&self.dist.join(file)));
                let message = format!("{}\n{}", visible(message), visible(help));
                let _ =
                    writeln!(text, "{}", Annotation { level, file: path.as_deref(), title: code, message: &message });
            }
        }
        if problems.is_empty() {
            let message = &format!("{} files of {release_version}", files.len());
            let _ = writeln!(
                text,
                "{}",
                Annotation { level: Level::Notice, file: None, title: "release verified", message }
            );
        }
        text
    }
}
