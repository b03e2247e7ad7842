//! The command that comes after a gate that was passed, as it is typed.

use std::fmt;
use std::path::Path;

use clap::ValueEnum as _;

use crate::check::Half;
use crate::console::text::{shell_path, shell_word};
use crate::product::RuntimeProject;

/// `relkit publish` of what was verified.
pub(crate) struct UploadCommand<'a> {
    pub(crate) dist: &'a Path,
    /// As it is typed: a version, or a tag of the product.
    pub(crate) release_version: &'a str,
    pub(crate) revision: Option<String>,
    pub(crate) product: Option<&'a Path>,
    pub(crate) template: Option<&'a Path>,
    pub(crate) sdk_template: Option<&'a Path>,
    pub(crate) receipts: Option<&'a Path>,
    pub(crate) allow_missing: Vec<String>,
    pub(crate) only: Option<Half>,
    /// What the upload is held against.
    pub(crate) manifest: Option<&'a Path>,
    /// Where the runtime of an SDK alone is looked up, where no index is named.
    pub(crate) index_url: Option<String>,
    /// Whose first index is meant, where it names one.
    pub(crate) runtime: &'a RuntimeProject,
}

impl UploadCommand<'_> {
    /// `relkit verify` of the same, which tells what keeps it back.
    pub(crate) fn verify(&self) -> String {
        self.of("verify")
    }

    fn of(&self, command: &str) -> String {
        let version = shell_word(self.release_version);
        let mut text = format!("relkit {command} {} --release-version {version}", shell_path(self.dist));
        let only = self.only.and_then(|half| Some(half.to_possible_value()?.get_name().to_owned()));
        let missing = Some(&self.allow_missing).filter(|missing| !missing.is_empty());
        for (option, value) in [
            ("revision", self.revision.clone()),
            ("product", self.product.map(shell_path)),
            ("template", self.template.map(shell_path)),
            ("sdk-template", self.sdk_template.map(shell_path)),
            ("receipts", self.receipts.map(shell_path)),
            ("allow-missing", missing.map(|missing| shell_word(&missing.join(",")))),
            ("only", only),
        ] {
            if let Some(value) = value {
                text += &format!(" --{option} {value}");
            }
        }
        text
    }
}

impl fmt::Display for UploadCommand<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.of("publish"))?;
        if let Some(manifest) = self.manifest {
            write!(formatter, " --manifest {}", shell_path(manifest))?;
        }
        match (self.runtime.indexes.first(), &self.index_url) {
            (_, Some(url)) => write!(formatter, " --upload-url URL --index-url {}", shell_word(url)),
            (Some(index), None) => write!(formatter, " --index {}", shell_word(&index.name)),
            (None, None) => formatter.write_str(" --upload-url URL"),
        }
    }
}
