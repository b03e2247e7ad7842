//! What `generate-types` shows: what is stale, or was written.

use std::path::Path;

use serde_json::{Value, json};

use super::disk::{FileChange, FileDifference};
use super::exposed::Unexposed;
use super::generate::Generated;
use crate::console::Shown;
use crate::console::text::visible;
use crate::fs::portable;

/// How many differing files are shown in full.
const MAX_SHOWN: usize = 20;

/// What became of the generated package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageState {
    Written,
    Fresh,
    Stale,
}

/// The generated package beside what is on disk.
pub(crate) struct Report<'a> {
    pub(crate) generated: &'a Generated,
    pub(crate) directory: &'a Path,
    pub(crate) differences: &'a [FileDifference],
    pub(crate) state: PackageState,
}

impl Report<'_> {
    /// The line that says what was done, as its verb and the rest.
    pub(crate) fn status(&self) -> Option<(&'static str, String)> {
        let Generated { files, runtime_version: version, .. } = self.generated;
        let (files, changed, directory) = (files.len(), self.differences.len(), self.directory.display());
        match self.state {
            PackageState::Written => {
                Some(("Generated", format!("{files} files for runtime {version} in {directory} ({changed} changed)")))
            }
            PackageState::Fresh => Some(("Fresh", format!("{files} files are those of runtime {version}"))),
            PackageState::Stale => None,
        }
    }
}

impl Shown for Report<'_> {
    /// What is stale; status lines say the rest.
    fn text(&self) -> String {
        if self.state != PackageState::Stale {
            return String::new();
        }
        let mut text: String = self.differences.iter().take(MAX_SHOWN).map(described).collect();
        if self.differences.len() > MAX_SHOWN {
            text += &format!("... and {} more files\n", self.differences.len() - MAX_SHOWN);
        }
        text
    }

    fn json(&self) -> Value {
        let outcome = match self.state {
            PackageState::Written => "written",
            PackageState::Fresh => "fresh",
            PackageState::Stale => "stale",
        };
        let difference = |difference: &FileDifference| {
            let (change, line) = match &difference.change {
                FileChange::Missing => ("missing", None),
                FileChange::Extra => ("extra", None),
                FileChange::Line { number, .. } => ("changed", Some(*number)),
            };
            json!({"path": portable(&difference.path), "change": change, "line": line})
        };
        let unexposed = |one: &Unexposed| json!({"method": one.method, "field": one.field});
        json!({
            "schema_version": 1,
            "outcome": outcome,
            "runtime_version": self.generated.runtime_version,
            "schema_sha256": self.generated.schema_sha256,
            "schema_mode": self.generated.mode.word(),
            "files": self.generated.files.keys().collect::<Vec<_>>(),
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
            "not_exposed": self.generated.unexposed.iter().map(unexposed).collect::<Vec<_>>(),
        })
    }
}

/// A difference as a short diff.
fn described(difference: &FileDifference) -> String {
    let path = visible(&difference.path.display().to_string());
    match &difference.change {
        FileChange::Missing => format!("{path}: missing\n"),
        FileChange::Extra => format!("{path}: not generated any more\n"),
        FileChange::Line { number, found, expected, lines } => {
            let mut text = format!("{path}:{number}: {lines} lines differ\n");
            for (sign, line) in [("-", found), ("+", expected)] {
                text += &line.as_ref().map(|line| format!("  {sign} {}\n", visible(line))).unwrap_or_default();
            }
            text
        }
    }
}
