//! The runtime distribution of a product: its names, targets, tags, runners and accepted findings.

use serde::Deserialize;

use super::error::ProjectError;
use super::table::Origin;
use crate::target::{PlatformTag, TargetTriple};
use crate::wheel::name::DistributionName;

#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeProject {
    pub distribution: DistributionName,
    /// The import package that carries the payload.
    pub module: String,
    /// The file name of the entry executable, without `.exe`.
    pub executable: String,
    /// The platform families that a release promises to serve.
    pub supports: Vec<PlatformFamily>,
    /// One row per wheel of a release, in the template's order.
    pub targets: Vec<Target>,
    pub accepted: Vec<Accepted>,
}

/// A family of platforms that a wheel set serves or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformFamily {
    LinuxGlibc,
    LinuxMusl,
    Macos,
    Windows,
}

/// A platform that a release has a wheel for.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub triple: TargetTriple,
    pub platform_tag: PlatformTag,
    /// Further tags that its wheel carries where they are honest.
    pub also: Vec<PlatformTag>,
    /// The label of the GitHub runner that can run the binary.
    pub runner: String,
}

/// A finding that a release accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    pub rule: String,
    pub target: TargetTriple,
    /// Shown with the finding.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    distribution: String,
    module: String,
    executable: String,
    #[serde(default)]
    supports: Vec<PlatformFamily>,
    target: Vec<TargetRow>,
    #[serde(default)]
    accept: Vec<AcceptRow>,
    /// Written into a staged tree; of no concern to a template.
    #[serde(default, rename = "stage")]
    _stage: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TargetRow {
    triple: String,
    platform_tag: String,
    #[serde(default)]
    also: Vec<String>,
    runner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AcceptRow {
    rule: String,
    target: String,
    reason: String,
}

impl RuntimeProject {
    /// Reads the table from the text of a `pyproject.toml`; `origin` names the file in errors.
    ///
    /// # Errors
    /// When the table is missing or a key or value in it is wrong.
    pub fn from_pyproject(text: &str, origin: &str) -> Result<Self, ProjectError> {
        let origin = Origin(origin);
        let table: Table = origin.table(text)?;
        let distribution = origin.parse("distribution", &table.distribution)?;
        let module = origin.module("module", table.module)?;
        let executable = origin.file_name("executable", table.executable)?;
        let rows = table.target.into_iter().enumerate();
        let targets: Vec<_> = rows.map(|(index, row)| row.read(index, origin)).collect::<Result<_, _>>()?;
        let rows = table.accept.into_iter().enumerate();
        let accepted = rows.map(|(index, row)| row.read(index, &targets, origin)).collect::<Result<_, _>>()?;
        Ok(Self { distribution, module, executable, supports: table.supports, targets, accepted })
    }

    /// The row whose wheel carries `tag`, as its tag or as one of its further tags.
    pub(crate) fn target_of_tag(&self, tag: &PlatformTag) -> Option<&Target> {
        let exact = self.targets.iter().find(|target| target.tags().any(|own| own.canonical() == tag.canonical()));
        // A nearby floor (macosx_10_12 for macosx_10_9) still names the same build.
        exact.or_else(|| self.targets.iter().find(|target| target.triple.matches(tag)))
    }
}

impl TargetRow {
    fn read(self, index: usize, origin: Origin<'_>) -> Result<Target, ProjectError> {
        let key = |name: &str| format!("target[{index}].{name}");
        let target = Target {
            triple: origin.parse(&key("triple"), &self.triple)?,
            platform_tag: origin.parse(&key("platform-tag"), &self.platform_tag)?,
            also: self.also.iter().map(|tag| origin.parse(&key("also"), tag)).collect::<Result<_, _>>()?,
            runner: self.runner,
        };
        if let Some(tag) = target.tags().find(|tag| !target.triple.matches(tag)) {
            return Err(origin.refused(&key("platform-tag"), format!("`{tag}` is no tag of `{}`", target.triple)));
        }
        Ok(target)
    }
}

impl AcceptRow {
    fn read(self, index: usize, targets: &[Target], origin: Origin<'_>) -> Result<Accepted, ProjectError> {
        let key = |name: &str| format!("accept[{index}].{name}");
        let target: TargetTriple = origin.parse(&key("target"), &self.target)?;
        if !targets.iter().any(|row| row.triple == target) {
            return Err(origin.refused(&key("target"), format!("`{target}` is not a target of this template")));
        }
        if self.reason.trim().is_empty() {
            return Err(origin.refused(&key("reason"), "a finding is accepted for a reason, and this one is empty"));
        }
        Ok(Accepted { rule: self.rule, target, reason: self.reason })
    }
}

impl Target {
    /// The tag of the wheel, then its further tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &PlatformTag> {
        std::iter::once(&self.platform_tag).chain(&self.also)
    }
}
