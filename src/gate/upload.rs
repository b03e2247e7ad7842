//! The command that comes after a gate that was passed, as it is typed.

use std::fmt;
use std::path::Path;

use clap::ValueEnum as _;

use crate::check::Half;
use crate::console::text::shell_word;
use crate::product::RuntimeProject;

/// `relkit publish` of what was verified.
pub(crate) struct UploadCommand<'a> {
    pub dist: &'a Path,
    pub release_version: &'a str,
    pub revision: Option<String>,
    pub product: Option<&'a Path>,
    pub template: Option<&'a Path>,
    pub sdk_template: Option<&'a Path>,
    pub receipts: Option<&'a Path>,
    pub allow_missing: Vec<String>,
    pub only: Option<Half>,
    /// Whose first index is meant, where it names one.
    pub runtime: &'a RuntimeProject,
}

impl fmt::Display for UploadCommand<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |path: &Path| shell_word(&path.display().to_string());
        let version = shell_word(self.release_version);
        write!(formatter, "relkit publish {} --release-version {version}", path(self.dist))?;
        let only = self.only.and_then(|half| Some(half.to_possible_value()?.get_name().to_owned()));
        let missing = Some(&self.allow_missing).filter(|missing| !missing.is_empty());
        for (option, value) in [
            ("revision", self.revision.clone()),
            ("product", self.product.map(path)),
            ("template", self.template.map(path)),
            ("sdk-template", self.sdk_template.map(path)),
            ("receipts", self.receipts.map(path)),
            ("allow-missing", missing.map(|missing| shell_word(&missing.join(",")))),
            ("only", only),
        ] {
            if let Some(value) = value {
                write!(formatter, " --{option} {value}")?;
            }
        }
        match self.runtime.indexes.first() {
            Some(index) => write!(formatter, " --index {}", shell_word(&index.name)),
            None => formatter.write_str(" --upload-url URL"),
        }
    }
}
